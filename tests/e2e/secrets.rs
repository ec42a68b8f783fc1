//! No part of a key shows anywhere: in no log at any level, event, status,
//! metric, audit log or output of the command line. The same search, for a word
//! that may show, finds it in each of these places.
//!
//! The access key id counts as a part too. A cloud takes it for a name and not
//! for a secret, but it says which key to attack, and nobody needs it there: a
//! connection and its Secret are named instead.

use std::fs;

use errand_simulator::{
    Account, Fault, FaultKind, Rewrite, RewrittenValue, Seed, WorkspaceDesktop,
};
use errand_testbed::{ACCESS_KEY, Bed, CLUSTER, DCS_PROJECT, DOMAIN, SECRET_KEY, shared_plane};

use serde_json::json;

use crate::command::errand;
use crate::support::{CANCEL, bed, ending, orders, resize, seconds, seed_desktop, until_order};

/// The token of the temporary credentials that these tests use.
const TOKEN: &str = "canary-security-token-4712";

/// What every signed request has in its header Authorization.
const SIGNATURE: [&str; 2] = ["SDK-HMAC-SHA256", "Signature="];

const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

/// Everything that must not show: each part of the key, as it is and as a Secret
/// holds it, what a signature looks like, and the operator's own token.
fn canaries(bed: &Bed) -> Vec<String> {
    let dir = shared_plane().control_plane().dir();
    let kubeconfig = dir.join(format!("{}.kubeconfig", bed.namespace));
    let kubeconfig = fs::read_to_string(kubeconfig).expect("the operator's kubeconfig");
    let token = kubeconfig
        .lines()
        .find_map(|line| line.trim().strip_prefix("token:"))
        .map(|token| token.trim().trim_matches('"').to_owned())
        .expect("it has a token");
    assert!(token.len() > 100, "{token}");
    let secret = bed.get("secret", "huawei-key");
    let stored = secret["data"].as_object().expect("data").values();
    let stored = stored.map(|value| value.as_str().expect("base64").to_owned());
    // An empty value is found everywhere.
    let stored = stored.filter(|value| !value.is_empty());
    let parts = [SECRET_KEY, ACCESS_KEY, TOKEN].map(str::to_owned);
    let mut all: Vec<String> = parts.into_iter().chain(stored).collect();
    all.extend(SIGNATURE.map(str::to_owned));
    all.push(token);
    all
}

/// Where something could show, and what is there.
fn places(bed: &Bed) -> Vec<(&'static str, String)> {
    let log = bed.operator_log();
    // The operator's audit log is the JSON on its standard output.
    let is_audit = |line: &&str| line.starts_with(r#"{"time":"#) && line.contains(r#""stepId":"#);
    let (audit, log): (Vec<&str>, Vec<&str>) = log.lines().partition(is_audit);
    let api = shared_plane().control_plane().audit_log();
    let api = fs::read_to_string(api.expect("auditing is on")).expect("the audit log");
    let of_bed = api.lines().filter(|line| line.contains(&bed.namespace));
    let said = |arguments: &[&str]| {
        let said = errand(bed, arguments);
        format!("{}{}", said.out, said.err)
    };
    let get = |what: &str| bed.kubectl(&["get", what, "-o", "yaml"]);
    let command_line = [
        said(&["why", &format!("rsc/{PLANTED}")]),
        said(&["why", "rsc/stop"]),
        said(&["why", "dor/order"]),
        said(&["wait", "dor/order", "--timeout", "0s"]),
        said(&["wait", "rsc/stop", "--timeout", "0s"]),
        said(&["resolve", "rsc/stop", "--decision", "GiveUp"]),
    ];
    vec![
        ("the log", log.join("\n")),
        ("the operator's audit log", audit.join("\n")),
        (
            "the API server's audit log",
            of_bed.collect::<Vec<_>>().join("\n"),
        ),
        ("events", get("events")),
        ("cancellations", get("rsc")),
        ("orders", get("dor")),
        ("ledgers", get("operationledgers")),
        ("connections", get("cc")),
        ("the lease", get("lease")),
        ("the command line", command_line.join("\n")),
    ]
}

/// The places in which `wanted` is found.
fn found(places: &[(&'static str, String)], wanted: &str) -> Vec<&'static str> {
    let hits = places.iter().filter(|(_, text)| text.contains(wanted));
    hits.map(|(place, _)| *place).collect()
}

fn assert_hidden(bed: &Bed) {
    let mut places = places(bed);
    places.push(("metrics", metrics(bed)));
    for canary in canaries(bed) {
        let found = found(&places, &canary);
        let context = |(_, text): &(&str, String)| {
            let lines = text.lines().filter(|line| line.contains(&canary));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let lines: Vec<String> = places.iter().flat_map(context).collect();
        assert!(found.is_empty(), "{canary} shows in {found:?}: {lines:#?}");
    }
}

/// What the running operator serves; nothing below the level at which its log
/// tells the address.
fn metrics(bed: &Bed) -> String {
    let paths = ["/metrics", "/readyz", "/livez"];
    paths.map(|path| bed.http(path)).join("\n")
}

/// A word that may show, as the name of everything that has one.
const PLANTED: &str = "planted-4713";

/// A key of temporary credentials, in the cloud and in the Secret.
fn put_temporary_key(bed: &Bed) {
    let account = Account::new(ACCESS_KEY, SECRET_KEY)
        .project(DCS_PROJECT)
        .domain(DOMAIN);
    bed.simulator
        .seed(Seed::new().account(account.security_token(TOKEN)));
    put(bed, ACCESS_KEY, SECRET_KEY);
}

fn put(bed: &Bed, id: &str, secret: &str) {
    bed.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: huawei-key, labels: {{errand.cloud/credentials: \"true\"}}}}\nstringData: {{accessKey: {id:?}, secretKey: {secret:?}, securityToken: {TOKEN}}}\n"
    ));
}

fn until(bed: &Bed, name: &str, reason: &str) {
    bed.wait_until(&format!("{name} is {reason}"), || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", name)).reason == reason
    });
}

#[test]
fn no_part_of_a_key_shows_anywhere_at_any_log_level() {
    let mut bed = bed("canary");
    put_temporary_key(&bed);
    bed.apply(&bed.paying_connection("huawei-prod", "AutomaticPayment", CLUSTER));
    let mut runs = LEVELS.map(|level| (level, "text")).to_vec();
    runs.push(("trace", "json"));
    for (n, (level, format)) in runs.iter().enumerate() {
        let (name, instance, task) = match n {
            0 => ("stop".to_owned(), "dcs-0".to_owned(), "task-0".to_owned()),
            _ => (format!("stop-{n}"), format!("dcs-{n}"), format!("task-{n}")),
        };
        bed.seed_pending_change(&instance, &task, 48 * 3600);
        bed.start_operator_with(&["--log", level, "--log-format", format], &[]);
        bed.apply(&bed.cancellation(&name, &instance, &task, ""));
        until(&bed, &name, "Cancelled");
        let (name, desktop) = match n {
            0 => ("order".to_owned(), "desk-0".to_owned()),
            _ => (format!("order-{n}"), format!("desk-{n}")),
        };
        seed_desktop(&bed, WorkspaceDesktop::new(&desktop));
        bed.apply(&resize(&bed, &name, &desktop, "Automatic"));
        until_order(&bed, &name, "Delivered");
        assert_hidden(&bed);
        bed.stop_operator();
    }
    let log = bed.operator_log();
    assert!(log.contains("TRACE"), "the loudest level was on");
    assert_eq!(bed.simulator.journal().effects("dcs.cancel"), runs.len());
    assert_eq!(orders(&bed), runs.len());
}

#[test]
fn what_may_show_is_found_in_each_place_by_the_same_search() {
    let mut bed = bed("planted");
    bed.seed_pending_change(PLANTED, "task-1", 48 * 3600);
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    seed_desktop(&bed, WorkspaceDesktop::new(PLANTED));
    let other = bed.paying_connection(PLANTED, "AutomaticPayment", CLUSTER);
    bed.apply(&other.replace("huawei-key", PLANTED));
    bed.apply(&other.replace(PLANTED, "ordering"));
    bed.start_operator_with(&["--log", "trace"], &[]);
    bed.apply(&bed.cancellation(PLANTED, PLANTED, "task-1", ""));
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    until(&bed, PLANTED, "Cancelled");
    let order = resize(&bed, PLANTED, PLANTED, "Automatic");
    bed.apply(&order.replace("huawei-prod", "ordering"));
    until_order(&bed, PLANTED, "Delivered");
    bed.wait_until("the connection tells its Secret", || {
        bed.get("cc", PLANTED)["status"]
            .to_string()
            .contains(PLANTED)
    });
    bed.wait_until("the event is there", || {
        bed.kubectl(&["get", "events", "-o", "yaml"])
            .contains(PLANTED)
    });
    let places = places(&bed);
    let all: Vec<&str> = places.iter().map(|(place, _)| *place).collect();
    let but_the_lease: Vec<&str> = all.iter().copied().filter(|p| *p != "the lease").collect();
    assert_eq!(found(&places, PLANTED), but_the_lease);
    // Neither of these holds anything of a user's, so another word is looked for.
    assert!(found(&places, "holderIdentity").contains(&"the lease"));
    let metrics = [("metrics", metrics(&bed))];
    assert_eq!(found(&metrics, "errand_cloud_calls_total"), ["metrics"]);
    assert!(found(&metrics, PLANTED).is_empty(), "nor is a name a label");
}

#[test]
fn no_part_of_a_malformed_secret_shows() {
    let mut bed = bed("canary-malformed");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    put_temporary_key(&bed);
    let (two_lines, blanks) = (
        format!("{SECRET_KEY}\n{TOKEN}\n"),
        format!("{SECRET_KEY} {ACCESS_KEY}"),
    );
    let not_text = r#"{"data":{"secretKey":"RXJyYW5kVGVzdFNlY3JldEtleS1jYW5hcnktNDcxMf8="}}"#;
    bed.start_operator_with(&["--log", "trace"], &[]);
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    for (case, reason) in [
        // The halves are mixed up, or both are in one.
        ((SECRET_KEY, ACCESS_KEY), "CredentialsRejected"),
        ((ACCESS_KEY, two_lines.as_str()), "CredentialsMissing"),
        ((blanks.as_str(), SECRET_KEY), "CredentialsMissing"),
        ((ACCESS_KEY, ""), "CredentialsMissing"),
    ] {
        put(&bed, case.0, case.1);
        bed.advance(seconds(60));
        bed.apply(&manifest);
        until(&bed, "stop", reason);
        bed.wait_until("the connection says it too", || {
            bed.advance(seconds(30));
            bed.get("cc", "huawei-prod")["status"]["conditions"][0]["status"] == "False"
        });
        assert_hidden(&bed);
    }
    bed.kubectl(&["patch", "secret", "huawei-key", "-p", not_text]);
    bed.wait_until("it is no text", || {
        bed.advance(seconds(30));
        bed.get("rsc", "stop")["status"]["summary"]
            .as_str()
            .is_some_and(|summary| summary.contains("is not text"))
    });
    assert_hidden(&bed);
}

#[test]
fn no_part_of_a_key_shows_when_a_request_fails_or_a_cloud_repeats_it() {
    let mut bed = bed("canary-failing");
    put_temporary_key(&bed);
    for n in 1..=6 {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
    }
    bed.seed_pending_change("dcs-0", "task-0", 48 * 3600);
    bed.start_operator_with(&["--log", "trace"], &[]);
    let echo = format!(
        "Authorization: SDK-HMAC-SHA256 Access={ACCESS_KEY}, Signature=0, {SECRET_KEY} {TOKEN}"
    );
    let refused = |status, code: &str, message: &str| FaultKind::Error {
        status,
        code: code.into(),
        message: message.into(),
    };
    let words = format!("{ACCESS_KEY} may not; {SECRET_KEY}; {TOKEN}");
    for (n, (kind, reason)) in [
        (FaultKind::DropBefore, "Cancelled"),
        (FaultKind::DropAfter, "Cancelled"),
        (FaultKind::BadBody, "Cancelled"),
        (FaultKind::Truncate, "Cancelled"),
        (refused(403, "DCS.2003", &words), "PermissionDenied"),
        // The gateway's 401 repeats what was signed. It comes last: the key then
        // counts as rejected.
        (refused(401, "APIGW.0301", &echo), "CredentialsRejected"),
    ]
    .into_iter()
    .enumerate()
    {
        let n = n + 1;
        bed.simulator.fault(Fault::new(CANCEL, kind));
        let name = match n {
            5 => "stop".to_owned(),
            _ => format!("stop-{n}"),
        };
        let manifest = bed.cancellation(&name, &format!("dcs-{n}"), &format!("task-{n}"), "");
        bed.apply(&manifest);
        until(&bed, &name, reason);
        assert_hidden(&bed);
    }
    // A cloud that is not there at all.
    let port = bed.simulator.address().port().to_string();
    let elsewhere = bed.connection("huawei-prod").replace(&port, "1");
    bed.apply(&elsewhere.replace("name: huawei-prod", "name: elsewhere"));
    let manifest = bed.cancellation("unreached", "dcs-0", "task-0", "");
    bed.apply(&manifest.replace("huawei-prod", "elsewhere"));
    put(&bed, ACCESS_KEY, &format!("{SECRET_KEY}\n"));
    until(&bed, "unreached", "CloudUnavailable");
    assert_hidden(&bed);
}

#[test]
fn no_part_of_a_key_shows_when_an_answer_of_success_repeats_it_or_its_secret_is_hostile() {
    let mut bed = bed("canary-echo");
    put_temporary_key(&bed);
    crate::watches::make_hostile(&bed, "secret", "huawei-key");
    let echo = format!("Access={ACCESS_KEY}, {SECRET_KEY} {TOKEN}");
    let cases = [
        // Words that are shown as the cloud wrote them.
        ("dcs.ShowInstance", "/status", json!(echo)),
        ("dcs.ShowInstance", "/spec_code", json!(echo)),
        ("dcs.ListBackgroundTask", "/tasks/0/status", json!(echo)),
        // A list that is a text: a parser quotes what it finds instead.
        ("dcs.ListBackgroundTask", "/tasks", json!(echo)),
        ("dcs.ShowInstance", "/status", json!({ (echo.as_str()): 1 })),
    ];
    for (n, (api, pointer, value)) in cases.iter().enumerate() {
        bed.seed_pending_change(&format!("dcs-{n}"), &format!("task-{n}"), 48 * 3600);
        let changes = vec![Rewrite::new(*pointer, RewrittenValue::Is(value.clone()))];
        let fault = Fault::new(*api, FaultKind::Rewrite { changes });
        bed.simulator
            .fault(fault.path_contains(format!("dcs-{n}")).always());
    }
    bed.start_operator_with(&["--log", "trace"], &[]);
    let name = |n: usize| match n {
        0 => "stop".to_owned(),
        n => format!("stop-{n}"),
    };
    for n in 0..cases.len() {
        bed.apply(&bed.cancellation(&name(n), &format!("dcs-{n}"), &format!("task-{n}"), ""));
    }
    for n in 0..cases.len() {
        bed.wait_until("its answer was read", || {
            bed.advance(seconds(5));
            let status = &bed.get("rsc", &name(n))["status"];
            let read = ending(&json!({ "status": status })).state;
            !matches!(&*read, "" | "Pending")
        });
    }
    assert_hidden(&bed);
    let all = bed.kubectl(&["get", "rsc", "-o", "yaml"]);
    assert!(
        all.contains("(secret)"),
        "what was repeated is seen to be left out: {all}"
    );
}
