//! `errand why`: everything that a person wants to know about an operation. The
//! cause, what happens next and what can be done come first; then what it was
//! found from.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use errand::api::Reason;
use errand::cloud::{SERVICES, Service};
use kube::api::DynamicObject;
use serde_json::Value;

use super::Place;
use super::advice::{Advice, Asker, Line};
use super::view::{View, text};

/// How wide the labels are.
const LABEL: usize = 12;

/// Narrower than this, text is not broken.
const NARROW: usize = 40;

/// How wide a line may be: a terminal's width, or without a limit, so that what
/// is piped can be searched by line.
pub fn width() -> Option<usize> {
    let terminal = std::io::stdout().is_terminal();
    terminal.then(textwrap::termwidth)
}

/// The page about this object; `connection` is the one that it uses, if that is
/// there and may be read.
pub fn page(
    place: &Place,
    object: &DynamicObject,
    connection: Option<&DynamicObject>,
    width: Option<usize>,
) -> String {
    let view = View::new(object);
    let mut page = Page::new(width);
    let kind = &place.named.type_.resource.kind;
    let (name, namespace) = (&place.named.name, &place.namespace);
    page.line("Object", &format!("{kind} {namespace}/{name}"));
    page.line("State", &view.standing());
    page.gap();
    page.list("Cause", cause(&view));
    page.line("Overdue", &view.overdue());
    let asker = Asker {
        place,
        view: &view,
        connection: connection.map(|connection| &connection.data),
    };
    page.advice(&asker.advice());
    page.gap();
    page.line("Target", &view.text("/status/target"));
    page.line("Connection", &used(&view, connection));
    page.line("Started", &view.text("/status/startedAt"));
    page.line("Finished", &view.text("/status/finishedAt"));
    page.list("Seen", seen(view.at("/status/observed")));
    page.list("Plan", plan(&view));
    page.list(heading(&view), cloud_said(&view));
    page.list("Steps", steps(&view));
    page.line("Hold", &hold(&view));
    page.text
}

pub(super) struct Page {
    text: String,
    width: Option<usize>,
}

impl Page {
    /// Empty.
    pub(super) fn new(width: Option<usize>) -> Self {
        Self {
            text: String::new(),
            width: width.filter(|width| *width >= NARROW),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// A labelled line; none without content.
    pub(super) fn line(&mut self, label: &str, content: &str) {
        if !content.is_empty() {
            let label = format!("{label}:");
            self.prose(&format!("{label:LABEL$}"), content);
        }
    }

    /// Labelled lines.
    pub(super) fn list(&mut self, label: &str, lines: Vec<String>) {
        for (number, line) in lines.iter().enumerate() {
            match number {
                0 => self.line(label, line),
                _ => self.prose(&" ".repeat(LABEL), line),
            }
        }
    }

    pub(super) fn advice(&mut self, advice: &Advice) {
        self.line("Next", &advice.next);
        for (number, line) in advice.can.iter().enumerate() {
            match line {
                Line::Prose(prose) if number == 0 => self.line("You can", prose),
                Line::Prose(prose) => self.prose(&" ".repeat(LABEL), prose),
                Line::Command(command) => {
                    let _ = writeln!(self.text, "{:LABEL$}  {command}", "");
                }
            }
        }
    }

    /// Text that may be broken at blanks.
    fn prose(&mut self, first: &str, content: &str) {
        let indent = " ".repeat(LABEL);
        let text = match self.width {
            Some(width) => {
                let options = textwrap::Options::new(width)
                    .initial_indent(first)
                    .subsequent_indent(&indent)
                    .word_splitter(textwrap::WordSplitter::NoHyphenation)
                    .break_words(false);
                textwrap::fill(content, options)
            }
            None => format!("{first}{content}"),
        };
        let _ = writeln!(self.text, "{text}");
    }

    pub(super) fn gap(&mut self) {
        self.text.push('\n');
    }
}

/// What Errand says about this very case, the cloud's words first; and what the reason
/// means, where the summary is the cloud's words alone.
pub(super) fn cause(view: &View) -> Vec<String> {
    let summary = view.text("/status/summary");
    let Some(reason) = view.known_reason() else {
        return vec![summary];
    };
    let meaning = reason.meaning().to_owned();
    let quoted = matches!(
        reason,
        Reason::THROTTLED
            | Reason::CLOUD_UNAVAILABLE
            | Reason::PERMISSION_DENIED
            | Reason::TARGET_BLOCKED
            | Reason::TARGET_BUSY
            | Reason::CLOUD_REFUSES
    );
    match summary.as_str() {
        "" => vec![meaning],
        said if quoted && !said.contains(&meaning) => vec![summary, meaning],
        _ => vec![summary],
    }
}

fn used(view: &View, connection: Option<&DynamicObject>) -> String {
    let part = |key: &str| view.text(&format!("/spec/connectionRef/{key}"));
    let name = format!("{} {}", part("kind"), part("name"));
    match connection.map(|connection| View::new(connection).reason()) {
        Some(reason) if !reason.is_empty() => format!("{name} ({reason})"),
        _ => name.trim().to_owned(),
    }
}

fn seen(observed: &Value) -> Vec<String> {
    let fields = observed.as_object().into_iter().flatten();
    let mut lines: Vec<_> = fields
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| format!("{}: {}", text(&key.as_str().into()), text(value)))
        .collect();
    lines.sort();
    lines
}

fn plan(view: &View) -> Vec<String> {
    let calls = view.at("/status/plan/steps").as_array();
    let mut lines: Vec<_> = calls.into_iter().flatten().map(text).collect();
    if view.at("/status/plan/paid") == &Value::Bool(true) {
        lines.push("(costs money)".to_owned());
    }
    lines
}

/// Whose words these are: without a code and an HTTP status the cloud gave no answer.
fn heading(view: &View) -> &'static str {
    let error = view.at("/status/lastCloudError");
    match error["code"].is_null() && error["httpStatus"].is_null() {
        true => "Last error",
        false => "Cloud said",
    }
}

/// What the cloud said last, in its words.
fn cloud_said(view: &View) -> Vec<String> {
    let error = view.at("/status/lastCloudError");
    let part = |label: &str, key: &str| match text(&error[key]) {
        value if value.is_empty() => None,
        value => Some(format!(
            "{label}: {value}{}",
            match key {
                "code" => meant(error),
                _ => String::new(),
            }
        )),
    };
    let parts = [
        part("to", "call"),
        part("HTTP status", "httpStatus"),
        part("code", "code"),
        part("message", "message"),
        part("request id", "requestId"),
        part("detail", "detail"),
        part(
            "encoded authorization message",
            "encodedAuthorizationMessage",
        ),
    ];
    parts.into_iter().flatten().collect()
}

fn steps(view: &View) -> Vec<String> {
    let steps = view.at("/status/steps").as_array();
    let mut lines = Vec::new();
    for step in steps.into_iter().flatten() {
        let part = |label: &str, key: &str| match text(&step[key]) {
            value if value.is_empty() => String::new(),
            value => format!(", {label}{value}"),
        };
        let answer = match text(&step["answer"]) {
            answer if answer.is_empty() => "no final answer yet".to_owned(),
            answer => answer,
        };
        let or = |key: &str, other: &str| match text(&step[key]) {
            value if value.is_empty() => other.to_owned(),
            value => value,
        };
        let mut line = format!("#{} {}", or("number", "?"), or("name", "(no name)"));
        line += &part("intended at ", "intendedAt");
        line += &format!(": {answer}");
        line += &part("code ", "code");
        line += &meant(step);
        line += &part("request id ", "requestId");
        line += &part("message: ", "message");
        lines.push(line);
    }
    let count = view.at("/status/stepCount").as_u64().unwrap_or(0);
    if count > lines.len() as u64 {
        lines.push(format!("({count} in all; the first and the last are kept)"));
    }
    lines
}

/// What the table of the service says about the answer's code.
fn meant(answer: &Value) -> String {
    let code = text(&answer["code"]);
    let status = answer["httpStatus"]
        .as_u64()
        .and_then(|s| u16::try_from(s).ok());
    // A recorded step has its call in `call`, too, with what it is about.
    let call = [&answer["call"], &answer["name"]];
    let call = call.into_iter().find_map(Value::as_str).unwrap_or_default();
    let call = call.split(' ').next().unwrap_or_default();
    let makes = |service: &&&Service| service.needs.iter().any(|needs| needs.call == call);
    let service = SERVICES.iter().find(makes).filter(|_| !code.is_empty());
    let row = service.and_then(|service| service.row(status.unwrap_or(400), &code));
    row.map_or_else(String::new, |row| format!(" ({})", row.meaning))
}

fn hold(view: &View) -> String {
    let Some(hold) = view.hold() else {
        return String::new();
    };
    let id = match hold.id.as_str() {
        "" => "(no id)",
        id => id,
    };
    match hold.since.as_str() {
        "" => id.to_owned(),
        since => format!("{id}, since {since}"),
    }
}

#[cfg(test)]
mod tests {
    use errand::operations::reasons;

    use super::*;
    use crate::cli::types::named;

    #[test]
    fn a_code_means_what_the_table_of_the_called_service_says() {
        let means = |call: &str, status: u16, code: &str| {
            meant(&serde_json::json!({"call": call, "httpStatus": status, "code": code}))
        };
        let of_dcs = |status, code| means("ListBackgroundTask", status, code);
        assert_eq!(of_dcs(403, "DCS.2003"), " (the key lacks a permission)");
        assert_eq!(of_dcs(403, "DCS.2999"), " (the key lacks a permission)");
        // Of a proxy, or of another service.
        for (status, code) in [
            (404, "nope"),
            (401, "unauthorized"),
            (403, "policy_denied"),
            (429, "slow_down"),
            (404, ""),
            (200, "AuthFailure.TokenFailure"),
        ] {
            assert_eq!(of_dcs(status, code), "", "{status} {code}");
        }
        let step = serde_json::json!({"name": "ResumeInstanceRefresh RETRY", "httpStatus": 200,
            "code": "UnauthorizedOperation"});
        assert!(meant(&step).starts_with(" ("));
        assert_eq!(means("NoSuchCall", 403, "DCS.2003"), "");
    }

    fn shown(data: Value) -> String {
        let place = Place {
            named: named("rsc/stop"),
            namespace: "team".to_owned(),
            program: "errand",
            everywhere: false,
        };
        let mut object = DynamicObject::new("stop", &place.named.type_.resource);
        object.metadata.generation = Some(1);
        object.data = data;
        page(&place, &object, None, None)
    }

    #[test]
    fn a_status_with_missing_or_malformed_fields_is_shown_as_far_as_it_can_be_read() {
        let odd = [
            serde_json::json!(null),
            serde_json::json!({"status": 7}),
            serde_json::json!({"status": {"conditions": {"type": "Ready"}, "steps": "x", "hold": []}}),
            serde_json::json!({"status": {
                "state": 3, "outcome": {}, "observed": [1], "conditions": [null, {"type": "Ready"}],
                "steps": [null, 4, {"number": "one", "name": null, "code": "a\u{1b}[2Jb\nc"}],
                "stepCount": -1, "plan": {"steps": {}}, "hold": {"choices": [null, 2, "Maybe"]},
            }}),
        ];
        for data in odd {
            let page = shown(data);
            assert!(page.starts_with("Object:     ResizeCancellation team/stop\n"));
            assert!(page.contains("\nNext:"), "{page}");
            assert!(!page.contains('\u{1b}'), "{page}");
        }
    }

    #[test]
    fn every_reason_says_what_to_do_now() {
        for reason in reasons() {
            let page = shown(serde_json::json!({"status": {
                "observedGeneration": 1,
                "conditions": [{"type": "Ready", "reason": reason.to_string()}],
            }}));
            assert!(page.contains(reason.meaning()), "{page}");
            let next = page.lines().find(|line| line.starts_with("Next:"));
            assert!(next.is_some_and(|line| line.len() > 20), "{page}");
            assert!(page.contains("\nNext:"), "{page}");
        }
    }

    /// Whatever the sentence in the summary is: what holds the target is stored.
    #[test]
    fn the_holder_of_a_target_is_read_from_its_own_field() {
        let locked = |locked_by: Value| {
            shown(serde_json::json!({"status": {
                "state": "Waiting", "observedGeneration": 1,
                "summary": "DesktopOrder elsewhere/other: another sentence.",
                "lockedBy": locked_by,
                "conditions": [{"type": "Ready", "reason": "TargetLocked"}],
            }}))
        };
        let here = locked(
            serde_json::json!({"kind": "DesktopOrder", "name": "bigger", "ledger": "ledger-1"}),
        );
        assert!(
            here.contains("errand why desktoporder/bigger -n team"),
            "{here}"
        );
        let elsewhere = locked(serde_json::json!({"kind": "DesktopOrder", "ledger": "ledger-1"}));
        assert!(
            elsewhere.contains("OperationLedger ledger-1"),
            "{elsewhere}"
        );
        assert!(!elsewhere.contains("errand why"), "{elsewhere}");
    }

    #[test]
    fn a_plan_that_would_fail_is_not_advised_to_be_executed() {
        for (reason, ready, executes) in [
            ("PlanReady", "True", true),
            ("TargetBusy", "True", true),
            ("InvalidForTarget", "False", false),
            ("TargetNotFound", "False", false),
            ("PermissionDenied", "False", false),
            ("NoRecord", "False", false),
        ] {
            let page = shown(serde_json::json!({"status": {
                "state": "Planned", "observedGeneration": 1,
                "conditions": [{"type": "Ready", "reason": reason, "status": ready}],
            }}));
            assert_eq!(page.contains(r#""mode":"Execute""#), executes, "{page}");
        }
    }

    /// A reason may have several causes, and each is fixed elsewhere.
    #[test]
    fn the_advice_is_about_the_cause() {
        const EDIT: &str = "kubectl edit cloudconnection";
        let ceiling =
            "--paid-operations of the operator (chart value operator.paidOperations) is Forbid";
        let labels = "--paid-namespace-selector of the operator is pays=yes, which the labels of namespace team do not match";
        let policy = "policy.paidOperations of the connection is Forbid";
        let both = format!("{ceiling}; {policy}; this operation needs ManualPayment.");
        let host = "CloudConnection c: the host x.example is not one of the vendor's. Have an administrator add the flag --allow-endpoint=x.example.";
        for (reason, cause, says, not) in [
            ("PaidOperationsForbidden", ceiling, "administrators", EDIT),
            ("PaidOperationsForbidden", labels, "administrators", EDIT),
            ("PaidOperationsForbidden", policy, EDIT, "administrators"),
            ("PaidOperationsForbidden", &both, EDIT, "-"),
            ("PaidOperationsForbidden", &both, "administrators", "-"),
            (
                "ConnectionMismatch",
                "CloudConnection c is not of Volcengine. Correct connectionRef.",
                "kubectl get cloudconnections",
                EDIT,
            ),
            (
                "ConnectionMismatch",
                "The operator was not told which cluster this is (--cluster-id), so it sends nothing that costs money.",
                "administrators",
                EDIT,
            ),
            (
                "ConnectionMismatch",
                "policy.clusterId of the connection is other, and this cluster is here.",
                "set policy.clusterId",
                "administrators",
            ),
            ("ConnectionNotReady", host, "administrators", "-"),
            (
                "IntentNotStored",
                "The recorded call is not the one that Errand was about to send, so nothing is sent. Check who else writes the status of this object.",
                "--show-managed-fields",
                "errand crds",
            ),
            (
                "IntentNotStored",
                "The API server did not keep the record of the call.",
                "errand crds",
                "--show-managed-fields",
            ),
            (
                "ConnectionNotReady",
                "The connection's spec is invalid.",
                EDIT,
                "administrators",
            ),
        ] {
            let page = shown(serde_json::json!({
                "spec": {"connectionRef": {"kind": "CloudConnection", "name": "c"}},
                "status": {
                    "state": "Blocked", "observedGeneration": 1, "summary": cause,
                    "conditions": [{"type": "Ready", "reason": reason, "status": "False"}],
                },
            }));
            let can = page.split("You can:").nth(1).unwrap_or_default();
            assert!(can.contains(says), "{says}: {page}");
            assert!(not == "-" || !can.contains(not), "{not}: {page}");
        }
    }

    /// It is about the cluster, whatever else the reason is given for.
    #[test]
    fn another_cluster_is_not_reported_as_another_cloud() {
        for cause in [
            "The operator was not told which cluster this is (--cluster-id), so it sends nothing that costs money.",
            "policy.clusterId of the connection is other, and this cluster is here.",
            "CloudConnection c is not of Volcengine. Correct connectionRef.",
        ] {
            let page = shown(serde_json::json!({"status": {
                "state": "Blocked", "observedGeneration": 1, "summary": cause,
                "conditions": [{"type": "Ready", "reason": "ConnectionMismatch", "status": "False"}],
            }}));
            let words: Vec<&str> = page.split_whitespace().collect();
            let page = words.join(" ");
            assert!(page.contains(cause), "{page}");
            assert!(!page.contains("of another cloud"), "{page}");
        }
    }

    #[test]
    fn a_pause_after_a_401_is_named_with_its_reason_near_a_deadline_too() {
        for (state, reason) in [
            ("Waiting", "CloudRefuses"),
            ("Blocked", "CredentialsRejected"),
        ] {
            let page = shown(serde_json::json!({"status": {
                "state": state, "observedGeneration": 1,
                "lastCloudError": {"call": "ShowInstance", "httpStatus": 401},
                "conditions": [{"type": "Ready", "reason": reason, "status": "False"}],
            }}));
            let next = page.lines().find(|line| line.starts_with("Next:"));
            let next = next.unwrap_or_default();
            for words in ["every 5 min", "bad signatures lock a key"] {
                assert!(next.contains(words), "{next}");
            }
            assert!(!next.contains("every 30 s"), "{next}");
        }
    }

    #[test]
    fn a_missing_service_role_is_not_asked_of_the_owner_of_the_key() {
        let page = shown(serde_json::json!({"status": {
            "state": "Blocked", "observedGeneration": 1, "lastCloudError": {
                "call": "CancelInstanceRefresh", "httpStatus": 200,
                "code": "UnauthorizedOperation.AutoScalingRoleUnauthorized",
            },
            "conditions": [{"type": "Ready", "reason": "PermissionDenied", "status": "False"}],
        }}));
        let can = page.split("You can:").nth(1).unwrap_or_default();
        assert!(
            can.contains("AS_QCSRole") && !can.contains("access key"),
            "{page}"
        );
    }

    #[test]
    fn the_missing_permission_and_what_decodes_the_denial_are_named() {
        let denied = |error: Value| {
            let page = shown(serde_json::json!({"status": {
                "state": "Blocked", "observedGeneration": 1, "lastCloudError": error,
                "conditions": [{"type": "Ready", "reason": "PermissionDenied", "status": "False"}],
            }}));
            page.split_once("You can:").expect("advice").1.to_owned()
        };
        let of_call = denied(serde_json::json!({"call": "ShowInstance", "code": "APIGW.0302"}));
        assert!(of_call.contains("dcs:instance:get"), "{of_call}");
        assert!(!of_call.contains("decode"), "{of_call}");
        let named = denied(serde_json::json!({
            "call": "CreateChangeOrder", "code": "WKS.1", "message": "no",
            "detail": "Policy doesn't allow ims:images:list to be performed.",
            "encodedAuthorizationMessage": "ENCODED", "requestId": "r-1",
        }));
        for word in [
            "permission ims:images:list.",
            "decode",
            "ENCODED",
            "request id: r-1",
            "detail: Policy",
        ] {
            assert!(named.contains(word), "{word}: {named}");
        }
        let address = denied(serde_json::json!({"call": "ShowInstance", "code": "APIG.0401"}));
        assert!(address.contains("allow list"), "{address}");
        assert!(!address.contains("grant"), "{address}");
        for code in [
            "APIGW.0310",
            "APIG.0304",
            "APIGW.0402",
            "APIGW.0802",
            "ServiceShouldCallSelfApi",
        ] {
            let place = denied(serde_json::json!({"call": "ShowInstance", "code": code}));
            assert!(
                place.contains("projectId") && !place.contains("grant"),
                "{place}"
            );
        }
        assert!(
            address.contains("errand.cloud/reconcile-requested-at"),
            "{address}"
        );
    }

    #[test]
    fn a_held_operation_lists_its_choices_with_the_commands() {
        let page = shown(serde_json::json!({"status": {
            "state": "Held", "observedGeneration": 1,
            "steps": [{"number": 1, "name": "CancelInstanceResize",
                "intendedAt": "2026-01-01T00:00:00.000Z", "answer": "Unknown"}],
            "hold": {"id": "1-Answer", "since": "2026-01-01T01:00:00.000Z", "choices": ["GiveUp"]},
        }}));
        for wanted in [
            "
Steps:      #1 CancelInstanceResize, intended at 2026-01-01T00:00:00.000Z: Unknown
Hold:       1-Answer, since 2026-01-01T01:00:00.000Z
",
            "
            GiveUp: It is not wanted any more, or done by hand: end as Failed/GivenUp.
              errand resolve resizecancellation/stop -n team --decision GiveUp
",
        ] {
            assert!(page.contains(wanted), "{page}");
        }
    }

    #[test]
    fn the_time_at_which_a_person_will_be_asked_is_told() {
        let next = |step: Value, spec: Value| {
            let page = shown(serde_json::json!({"spec": spec, "status": {
                "observedGeneration": 1, "steps": [step],
                "conditions": [{"type": "Ready", "reason": "Verifying"}],
            }}));
            let next = page.lines().find(|line| line.starts_with("Next:"));
            next.unwrap_or_default().to_owned()
        };
        let answered = serde_json::json!({"answeredAt": "2026-01-01T01:00:00.123Z"});
        let ten_minutes = serde_json::json!({"verifyTimeout": "10m"});
        let told = next(answered.clone(), ten_minutes.clone());
        assert!(told.contains("by 2026-01-01T01:10:00Z"), "{told}");
        let told = next(answered, Value::Null);
        assert!(told.contains("by 2026-01-01T02:00:00Z"), "{told}");
        let again = serde_json::json!({
            "answeredAt": "2026-01-01T01:00:00Z", "lookedAgainAt": "2026-01-01T03:00:00Z"
        });
        let told = next(again, ten_minutes);
        assert!(told.contains("by 2026-01-01T03:10:00Z"), "{told}");
        let told = next(serde_json::json!({"answeredAt": "soon"}), Value::Null);
        assert!(told.contains("the end of verifyTimeout"), "{told}");
    }

    #[test]
    fn prose_is_broken_at_the_width_of_a_terminal_and_commands_never() {
        let place = Place {
            named: named("rsc/stop"),
            namespace: "team".to_owned(),
            program: "errand",
            everywhere: false,
        };
        let mut object = DynamicObject::new("stop", &place.named.type_.resource);
        object.metadata.generation = Some(1);
        object.data = serde_json::json!({"status": {
            "observedGeneration": 1,
            "conditions": [{"type": "Ready", "reason": "CredentialsRejected"}],
        }});
        let wide = page(&place, &object, None, None);
        for width in [40, 60, 80, 120] {
            let page = page(&place, &object, None, Some(width));
            for line in page.lines() {
                let command = line.trim_start().starts_with("kubectl ");
                assert!(command || line.len() <= width, "{width}: {line}");
            }
            let words = |page: &str| -> Vec<String> {
                page.split_whitespace().map(str::to_owned).collect()
            };
            assert_eq!(words(&page), words(&wide));
        }
        let command = |page: &str| page.lines().any(|line| line.ends_with("-f -"));
        assert!(command(&wide) && command(&page(&place, &object, None, Some(40))));
    }
}
