//! `errand why` for what goes wrong: each case end to end, its whole output
//! compared with `tests/snapshots/why/NAME.txt`.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test -p errand --test e2e why` writes the files
//! anew. Somebody then has to read them as the person who is woken at night:
//! the cause, what happens next and when, and what can be done.

use std::path::{Path, PathBuf};

use errand_simulator::{Config, DcsInstance, Fault, FaultKind, FinishedTask, Seed};
use errand_testbed::{
    ACCESS_KEY, Bed, BedOptions, DCS_PROJECT, SECRET_KEY, repository, shared_plane,
};

use crate::command::{errand, shell};
use crate::support::{
    CANCEL, bed_with, ending, first_reading, held, reread, seconds, until_reason,
};

fn file(name: &str) -> PathBuf {
    repository().join(format!("tests/snapshots/why/{name}.txt"))
}

/// Everything that is another one each time is replaced by what it is.
fn normalised(bed: &Bed, text: &str) -> String {
    let text = text.replace(&bed.namespace, "NAMESPACE");
    let text = text.replace(&bed.simulator.address().to_string(), "ENDPOINT");
    let ends = |c: char| c.is_whitespace() || ",;()\"".contains(c);
    let words = text.split_inclusive(ends).map(|word| {
        let bare = word.trim_end_matches(|c| ends(c) || ".:".contains(c));
        let rest = &word[bare.len()..];
        let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
        let id = |digits: &str, length| digits.len() == length && hex(digits);
        if bare.parse::<jiff::Timestamp>().is_ok() {
            format!("TIME{rest}")
        } else if bare.strip_prefix("h-").is_some_and(|digits| id(digits, 8)) {
            format!("h-HOLD{rest}")
        } else if bare.strip_prefix("CS").is_some_and(|digits| id(digits, 15)) {
            format!("ORDER{rest}")
        } else if id(bare, 32) && bare != DCS_PROJECT {
            format!("REQUEST{rest}")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

/// Compares, or writes anew.
fn assert_snapshot(file: &Path, got: &str) {
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder for it");
        std::fs::write(file, got).expect("it can be written");
    }
    let wanted = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        got == wanted,
        "{} differs (UPDATE_SNAPSHOTS=1 writes it anew). It is:\n{got}\nIt was:\n{wanted}",
        file.display()
    );
}

/// What `errand why` says of the operation is what the snapshot says.
fn assert_why(bed: &Bed, name: &str) {
    assert_why_of(bed, "rsc/stop", name);
}

/// The same of any operation.
pub fn assert_why_of(bed: &Bed, object: &str, name: &str) {
    // The connection's own status is written apart from the operation's.
    let wanted = std::fs::read_to_string(file(name)).unwrap_or_default();
    if wanted.contains("(CredentialsAccepted)") {
        bed.wait_until("the connection is ready", || {
            let connection = bed.get("cc", "huawei-prod");
            connection["status"]["conditions"][0]["reason"] == "CredentialsAccepted"
        });
    }
    let why = errand(bed, &["why", object]);
    assert_eq!(why.code, 0, "{}", why.err);
    assert_eq!(why.err, "");
    assert_snapshot(&file(name), &normalised(bed, &why.out));
}

/// Does what `errand why` says: runs its line that begins like this, with what
/// a person fills in.
fn follow(bed: &Bed, command: &str, filled: &[(&str, &str)]) {
    let why = errand(bed, &["why", "rsc/stop"]);
    let mut lines = why.out.lines().map(str::trim);
    let line = lines.find(|line| line.starts_with(command));
    let mut line = line
        .unwrap_or_else(|| panic!("no {command} in {}", why.out))
        .to_owned();
    for (from, to) in filled {
        line = line.replace(from, to);
    }
    let said = shell(&line);
    assert_eq!(said.code, 0, "{line}: {}", said.err);
}

/// Puts the account's own key into files, and these into the Secret.
fn follow_to_the_key(bed: &Bed) {
    let folder = shared_plane().control_plane().dir().to_owned();
    let write = |name: &str, text: &str| {
        let file = folder.join(format!("{}-{name}", bed.namespace));
        // As an editor leaves it.
        std::fs::write(&file, format!("{text}\n")).expect("it can be written");
        file.display().to_string()
    };
    let (id, key) = (write("id", ACCESS_KEY), write("key", SECRET_KEY));
    let filled = [("ID-FILE", id.as_str()), ("KEY-FILE", key.as_str())];
    follow(bed, "kubectl create secret", &filled);
    until(bed, "Cancelled");
}

/// Waits, in steps of the test's clock, until the operation has that reason.
fn until(bed: &Bed, reason: &str) {
    bed.wait_until(&format!("it is {reason}"), || {
        bed.advance(seconds(2));
        ending(&bed.get("rsc", "stop")).reason == reason
    });
}

/// The operation waits, or has ended, for that reason.
fn applied(bed: &mut Bed, more: &str, reason: &str) {
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", more));
    until(bed, reason);
}

fn bed(name: &str) -> Bed {
    first_reading(bed_with(name, BedOptions::default()))
}

fn pending(name: &str) -> Bed {
    let bed = bed(name);
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed
}

/// The connection's own condition, which the page names, has that reason.
fn until_connection(bed: &Bed, name: &str, reason: &str) {
    bed.wait_until("the connection says so", || {
        let object = bed.get("cc", name);
        let ready = &object["status"]["conditions"][0];
        // NotProbed is also what the API server says before anybody has looked.
        ready["reason"] == reason && ready["observedGeneration"].is_i64()
    });
}

fn refuse(bed: &Bed, status: u16, code: &str, message: &str) {
    let kind = FaultKind::Error {
        status,
        code: code.into(),
        message: message.into(),
    };
    bed.simulator.fault(Fault::new(CANCEL, kind).always());
}

#[test]
fn why_names_a_connection_that_is_not_there() {
    let mut bed = pending("why-cc");
    bed.start_operator();
    let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
    bed.apply(&manifest.replace("huawei-prod", "huawei-test"));
    until(&bed, "ConnectionNotFound");
    assert_why(&bed, "connection-not-found");
}

#[test]
fn why_names_an_endpoint_that_is_not_allowed() {
    let mut bed = pending("why-endpoint");
    let connection = bed.connection("huawei-prod");
    bed.apply(&connection.replace("127.0.0.1", "localhost"));
    applied(&mut bed, "", "ConnectionNotReady");
    until_connection(&bed, "huawei-prod", "EndpointNotAllowed");
    let why = errand(&bed, &["why", "rsc/stop"]).out;
    let port = bed.simulator.address().port().to_string();
    assert_snapshot(
        &file("endpoint-not-allowed"),
        &normalised(&bed, &why.replace(&port, "PORT")),
    );
}

#[test]
fn why_names_a_secret_that_is_not_there() {
    let mut bed = pending("why-secret");
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    applied(&mut bed, "", "CredentialsMissing");
    until_connection(&bed, "huawei-prod", "SecretNotFound");
    assert_why(&bed, "secret-not-found");
    follow_to_the_key(&bed);
}

#[test]
fn why_names_the_key_that_a_secret_lacks() {
    let mut bed = pending("why-key");
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    bed.kubectl(&[
        "create",
        "secret",
        "generic",
        "huawei-key",
        "--from-literal=access_key=AK",
        "--from-literal=secretKey=SK",
    ]);
    let label = "errand.cloud/credentials=true";
    bed.kubectl(&["label", "secret", "huawei-key", label]);
    applied(&mut bed, "", "CredentialsMissing");
    until_connection(&bed, "huawei-prod", "SecretKeyMissing");
    assert_why(&bed, "secret-lacks-a-key");
    follow_to_the_key(&bed);
}

#[test]
fn why_names_a_key_that_the_cloud_rejects() {
    let mut bed = pending("why-rejected");
    bed.put_secret("not-the-right-one");
    applied(&mut bed, "", "CredentialsRejected");
    until_connection(&bed, "huawei-prod", "CredentialsRejected");
    assert_why(&bed, "key-rejected");
    follow_to_the_key(&bed);
}

#[test]
fn why_names_the_permission_that_is_denied() {
    let mut bed = pending("why-denied");
    refuse(
        &bed,
        403,
        "DCS.2003",
        "no permission dcs:instance:cancelResizeTask",
    );
    applied(&mut bed, "", "PermissionDenied");
    until_connection(&bed, "huawei-prod", "CredentialsAccepted");
    assert_why(&bed, "permission-denied");
}

#[test]
fn why_names_the_clock_that_is_off() {
    let options = BedOptions {
        simulator: Config {
            date_offset: 1200,
            ..Config::default()
        },
        ..BedOptions::default()
    };
    let mut bed = first_reading(bed_with("why-clock", options));
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    applied(&mut bed, "", "ClockSkew");
    until_connection(&bed, "huawei-prod", "ClockSkew");
    assert_why(&bed, "clock-skew");
}

#[test]
fn why_names_a_cloud_that_is_down() {
    let mut bed = pending("why-down");
    let down = FaultKind::Error {
        status: 503,
        code: "APIGW.0201".into(),
        message: "Backend unavailable".into(),
    };
    bed.simulator.fault(Fault::new("dcs.", down).always());
    applied(&mut bed, "", "CloudUnavailable");
    until_connection(&bed, "huawei-prod", "NotProbed");
    assert_why(&bed, "cloud-down");
}

#[test]
fn why_names_a_cloud_that_throttles() {
    let mut bed = pending("why-throttled");
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::Throttle).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it says so", || {
        // In small steps: the intent may be sent for half an hour.
        bed.advance(seconds(2));
        ending(&bed.get("rsc", "stop")).reason == "Throttled"
    });
    assert_why(&bed, "throttled");
}

#[test]
fn why_names_the_maintenance_window() {
    let mut bed = bed("why-window");
    let instance = DcsInstance::new("dcs-1")
        .window("00:00:00", "23:59:59")
        .pending_change("task-1", "redis.ha.xu1.large.r2.8", 1800);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    applied(&mut bed, "", "MaintenanceWindow");
    assert_why(&bed, "maintenance-window");
}

#[test]
fn why_names_an_unpaid_order() {
    let mut bed = pending("why-unpaid");
    refuse(&bed, 400, "DCS.4107", "An unpaid order exists.");
    applied(&mut bed, "", "TargetBlocked");
    assert_why(&bed, "unpaid-order");
}

#[test]
fn why_names_what_the_target_is_busy_with() {
    let mut bed = pending("why-busy");
    refuse(&bed, 400, "DCS.4096", "The instance is being backed up.");
    applied(&mut bed, "", "TargetBusy");
    assert_why(&bed, "target-busy");
}

#[test]
fn why_asks_what_to_do_when_the_effect_does_not_show() {
    let mut bed = bed("why-held");
    held(&mut bed);
    assert_why(&bed, "held-proof-timeout");
    follow(&bed, "errand resolve", &[]);
    until(&bed, "Verifying");
    // The answered question is no question any more.
    until_reason(&bed, "stop", "ProofTimeout", seconds(60));
}

#[test]
fn why_says_until_when_an_effect_is_looked_for() {
    let mut bed = pending("why-verifying");
    reread(&bed, serde_json::json!({"cancel_visible_after": 24 * 3600}));
    applied(&mut bed, "", "Verifying");
    assert_why(&bed, "verifying");
}

#[test]
fn why_says_that_the_change_has_run() {
    let mut bed = bed("why-late");
    let instance = DcsInstance::new("dcs-1").finished(FinishedTask::new("task-1", "SUCCESS", 600));
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    applied(&mut bed, "", "TooLate");
    assert_why(&bed, "too-late");
}

#[test]
fn why_says_that_there_is_no_such_target() {
    let mut bed = bed("why-target");
    applied(&mut bed, "", "TargetNotFound");
    assert_why(&bed, "target-not-found");
}

#[test]
fn why_says_what_the_cloud_refused() {
    let mut bed = pending("why-refused");
    refuse(&bed, 400, "DCS.4070", "task id invalid");
    applied(&mut bed, "", "Refused");
    assert_why(&bed, "refused");
}

#[test]
fn why_says_that_the_schedule_was_missed() {
    let mut bed = pending("why-missed");
    let schedule = "  schedule: {notAfter: \"2020-01-01T00:00:00Z\"}\n";
    applied(&mut bed, schedule, "WindowMissed");
    assert_why(&bed, "window-missed");
}

#[test]
fn why_says_who_suspended_it_and_how_to_resume_it() {
    let mut bed = pending("why-suspended");
    applied(&mut bed, "  suspend: true\n", "SuspendedBySpec");
    assert_why(&bed, "suspended");
    follow(&bed, "kubectl patch", &[]);
    until(&bed, "Cancelled");
}

#[test]
fn why_tells_the_plan_and_how_to_have_it_carried_out() {
    let mut bed = pending("why-planned");
    applied(&mut bed, "  mode: Plan\n", "PlanReady");
    assert_why(&bed, "planned");
    follow(&bed, "kubectl patch", &[]);
    until(&bed, "Cancelled");
}

#[test]
fn why_says_when_the_call_will_be_sent() {
    let mut bed = pending("why-before");
    let schedule = "  schedule: {notBefore: \"2100-01-01T00:00:00Z\"}\n";
    applied(&mut bed, schedule, "BeforeWindow");
    assert_why(&bed, "before-schedule");
}

#[test]
fn why_says_when_nobody_has_looked_at_the_object() {
    let bed = pending("why-nobody");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    assert_why(&bed, "operator-not-running");
}

#[test]
fn why_of_an_object_that_was_deleted_says_where_to_look() {
    let mut bed = pending("why-deleted");
    applied(&mut bed, "", "Cancelled");
    bed.kubectl(&["delete", "rsc", "stop"]);
    let why = errand(&bed, &["why", "rsc/stop"]);
    assert_eq!((why.code, why.out.as_str()), (1, ""));
    assert_snapshot(&file("no-such-object"), &normalised(&bed, &why.err));
    // The advice is true.
    let selector = "involvedObject.name=stop";
    let events = bed.kubectl(&["get", "events", "--field-selector", selector]);
    assert!(events.contains("Cancelled"), "{events}");
}
