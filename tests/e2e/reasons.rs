//! Every reason and outcome that an operation or a connection can have is
//! shown end to end: the table at the end names the test, and does not compile,
//! or fails, when it and the closed list differ.

use std::fs;
use std::path::{Path, PathBuf};

use errand::api::{ConnectionReason, Reason};
use errand::operations::reasons;
use errand_simulator::{Config, DcsInstance, Fault, FaultKind, FinishedTask, Seed};
use errand_testbed::{Bed, BedOptions, DCS_PROJECT};

use crate::support::{CANCEL, assert_ending, bed, bed_with, ending, seconds};

fn error(status: u16, code: &str, message: &str) -> FaultKind {
    FaultKind::Error {
        status,
        code: code.into(),
        message: message.into(),
    }
}

fn wait_for_reason(bed: &Bed, reason: &str) {
    bed.wait_until(reason, || {
        bed.advance(seconds(5));
        ending(&bed.get("rsc", "stop")).reason == reason
    });
}

/// Of the bed's connection.
fn wait_for_connection_reason(bed: &Bed, reason: &str) {
    bed.wait_until(reason, || {
        bed.advance(seconds(5));
        let connection = bed.get("cc", "huawei-prod");
        let ready = &connection["status"]["conditions"][0];
        // NotProbed is also what the API server says before anybody has looked.
        ready["reason"] == reason && ready["observedGeneration"].is_i64()
    });
}

#[test]
pub fn a_new_object_is_pending_and_not_done_while_the_operator_is_away() {
    let bed = bed("pending");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.get("rsc", "stop");
    assert_eq!(ending(&object).state, "Pending", "{object:#}");
    assert_eq!(ending(&object).reason, "Pending");
    let waited = [
        "wait",
        "--for=condition=Reconciling=false",
        "rsc/stop",
        "--timeout=0s",
    ];
    assert!(
        bed.try_kubectl(&waited).is_err(),
        "it does not count as done"
    );
}

#[test]
pub fn long_throttling_is_told_and_passes() {
    let mut bed = bed("told-throttled");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    bed.simulator
        .fault(Fault::new("dcs.", FaultKind::Throttle).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    bed.wait_until("it says so", || {
        bed.advance(seconds(30));
        ending(&bed.get("rsc", "stop")).reason == "Throttled"
    });
    bed.simulator.clear_faults();
    wait_for_reason(&bed, "Cancelled");
}

#[test]
pub fn a_refusal_after_a_lost_answer_ends_only_when_nothing_can_be_in_flight() {
    let mut bed = bed("resolving");
    // The lease of a test is twelve hours long, and settling takes longer; the
    // maintenance window is not to open meanwhile.
    let instance = DcsInstance::new("dcs-1")
        .window("10:00:00", "11:00:00")
        .pending_change("task-1", "redis.big", 48 * 3600);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.simulator
        .fault(Fault::new(CANCEL, FaultKind::DropBefore));
    bed.simulator
        .fault(Fault::new(CANCEL, error(400, "DCS.4070", "task id invalid")).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    // The first call may yet arrive and take effect.
    wait_for_reason(&bed, "ResolvingAnswer");
    assert_eq!(ending(&bed.get("rsc", "stop")).state, "Verifying");
    bed.wait_until("its time is over", || {
        bed.advance(seconds(300));
        ending(&bed.get("rsc", "stop")).state == "Failed"
    });
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "Refused");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 2);
}

#[test]
pub fn suspend_and_plan_are_named_as_reasons() {
    let mut bed = bed("named");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  suspend: true\n"));
    wait_for_reason(&bed, "SuspendedBySpec");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", "  mode: Plan\n"));
    wait_for_reason(&bed, "PlanReady");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

#[test]
pub fn an_endpoint_without_this_api_is_a_mismatch_and_not_a_missing_target() {
    let mut bed = bed("mismatch");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    let no_api = error(404, "APIGW.0101", "The API does not exist");
    bed.simulator.fault(Fault::new("dcs.", no_api).always());
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).state, "Blocked", "{object:#}");
    assert_eq!(ending(&object).reason, "ConnectionMismatch");
    bed.simulator.clear_faults();
    wait_for_reason(&bed, "Cancelled");
}

#[test]
pub fn a_task_that_is_no_specification_change_is_invalid_for_the_target() {
    let mut bed = bed("invalid");
    let mut task = FinishedTask::new("task-1", "SUCCESS", 600);
    task.name = Some("RestartInstance".into());
    let instance = DcsInstance::new("dcs-1").finished(task);
    bed.simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_ending(&bed, &object, "Failed", "InvalidForTarget");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

#[test]
pub fn a_connection_says_what_its_secret_lacks_and_when_its_key_was_accepted() {
    let mut bed = bed("cc-secret");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    bed.start_operator();
    wait_for_connection_reason(&bed, "NotProbed");
    bed.kubectl(&["delete", "secret", "huawei-key"]);
    let half = "--from-literal=secretKey=only-half";
    bed.kubectl(&["create", "secret", "generic", "huawei-key", half]);
    wait_for_connection_reason(&bed, "SecretNotLabelled");
    let label = "errand.cloud/credentials=true";
    bed.kubectl(&["label", "secret", "huawei-key", label]);
    wait_for_connection_reason(&bed, "SecretKeyMissing");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    wait_for_reason(&bed, "CredentialsMissing");
    bed.put_right_secret();
    wait_for_reason(&bed, "Cancelled");
    wait_for_connection_reason(&bed, "CredentialsAccepted");
}

#[test]
pub fn a_key_that_the_cloud_has_locked_is_told_apart_from_a_wrong_one() {
    let mut bed = bed("locked");
    bed.seed_pending_change("dcs-1", "task-1", 24 * 3600);
    let locked = "AK access failed to reach the limit,forbidden.";
    bed.simulator
        .fault(Fault::new("dcs.", error(401, "APIGW.0301", locked)));
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let object = bed.wait_at_rest("rsc", "stop");
    assert_eq!(ending(&object).reason, "CredentialsRejected", "{object:#}");
    let summary = object["status"]["summary"].as_str().unwrap_or_default();
    assert!(summary.contains("locked"), "{summary}");
    // Time does not pass meanwhile: soon the key is tried again.
    bed.wait_until("the connection says it too", || {
        bed.get("cc", "huawei-prod")["status"]["conditions"][0]["reason"] == "KeyLocked"
    });
    // The lock passes by itself, and the Secret need not change.
    wait_for_reason(&bed, "Cancelled");
}

#[test]
pub fn a_connection_says_that_its_clouds_clock_is_far_off() {
    let options = BedOptions {
        simulator: Config {
            date_offset: 1200,
            ..Config::default()
        },
        ..BedOptions::default()
    };
    let mut bed = bed_with("cc-skewed", options);
    bed.seed_pending_change("dcs-1", "task-1", 7200);
    bed.start_operator();
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    wait_for_connection_reason(&bed, "ClockSkew");
    assert_eq!(bed.simulator.journal().calls(CANCEL), 0);
}

#[test]
pub fn a_suspended_connection_says_so() {
    let mut bed = bed("cc-says-suspended");
    let connection = bed.connection("huawei-prod");
    bed.apply(&format!("{connection}  policy: {{suspend: true}}\n"));
    bed.start_operator();
    wait_for_connection_reason(&bed, "SuspendedBySpec");
}

/// What shows a reason: the text of a test's module, and the test's name.
struct Shown(&'static str, &'static str);

macro_rules! by {
    ($module:ident::$test:ident) => {{
        let _there: fn() = crate::$module::$test;
        Shown(
            include_str!(concat!(stringify!($module), ".rs")),
            stringify!($test),
        )
    }};
}

/// What shows the reasons that kinds share, and those of the kinds of f7ba42e: a test less
/// makes this fail to compile. What is not listed is searched for.
fn table() -> Vec<(&'static str, Shown)> {
    vec![
        ("Pending", by!(reasons::a_new_object_is_pending_and_not_done_while_the_operator_is_away)),
        ("BeforeWindow", by!(decisions::nothing_is_sent_before_the_schedule_and_then_it_is)),
        ("ConnectionNotFound", by!(operator::without_its_connection_an_operation_waits_and_goes_on_when_it_comes)),
        ("ConnectionNotReady", by!(endings::an_endpoint_that_no_flag_allows_is_not_called)),
        ("TargetBusy", by!(endings::a_change_that_is_running_is_waited_for_and_then_too_late)),
        ("ConcurrencyLimit", by!(decisions::no_more_operations_are_under_way_than_the_connection_allows)),
        ("Throttled", by!(reasons::long_throttling_is_told_and_passes)),
        ("CloudUnavailable", by!(weather::a_cloud_that_is_down_is_told_after_a_while_and_waited_for)),
        ("ClockSkew", by!(weather::a_clock_that_is_twenty_minutes_off_sends_nothing_and_says_clock_skew)),
        ("ObservationUnclear", by!(resize_truth::a_change_whose_time_is_not_understood_is_waited_for_and_never_none)),
        ("MaintenanceWindow", by!(endings::a_change_that_runs_while_errand_waits_for_the_window_to_close_is_too_late)),
        ("Executing", by!(decisions::deleted_in_flight_leaves_an_event_and_an_audit_line)),
        ("Verifying", by!(decisions::no_more_operations_are_under_way_than_the_connection_allows)),
        ("ResolvingAnswer", by!(reasons::a_refusal_after_a_lost_answer_ends_only_when_nothing_can_be_in_flight)),
        ("SuspendedBySpec", by!(reasons::suspend_and_plan_are_named_as_reasons)),
        ("SuspendedByConnection", by!(decisions::a_suspended_connection_stops_its_operations_until_it_is_resumed)),
        ("PlanReady", by!(reasons::suspend_and_plan_are_named_as_reasons)),
        ("CredentialsRejected", by!(endings::a_wrong_key_is_blocked_and_goes_on_when_the_secret_is_mended)),
        ("CredentialsMissing", by!(robust::a_missing_secret_blocks_and_the_operation_goes_on_when_it_comes)),
        ("PermissionDenied", by!(robust::a_forbidden_call_is_blocked_with_the_permission_named_as_reason)),
        ("TargetBlocked", by!(endings::an_unpaid_order_blocks_until_somebody_has_dealt_with_it)),
        ("ConnectionMismatch", by!(reasons::an_endpoint_without_this_api_is_a_mismatch_and_not_a_missing_target)),
        ("IntentNotStored", by!(older_and_newer::an_older_crd_that_drops_the_intent_blocks_and_nothing_is_sent_until_it_is_replaced)),
        ("ObjectUnreadable", by!(older_and_newer::an_object_that_cannot_be_read_is_named_and_counted_and_stops_no_other)),
        ("CloudRefuses", by!(cloud_words::what_the_cloud_said_is_shown_and_what_blocks_leaves_an_event)),
        ("StatusRefused", by!(hostile_text::a_refused_status_is_told_and_nothing_is_forgotten)),
        ("WaitingForPayment", by!(ordering::an_unpaid_order_waits_without_a_write_however_long_and_is_delivered_after_payment)),
        ("OrderInReview", by!(ordering::an_order_under_review_is_waited_for)),
        ("OrderProcessing", by!(ordering::an_order_that_is_carried_out_is_processing_and_paid)),
        ("Delivered", by!(ordering::an_order_that_is_carried_out_is_processing_and_paid)),
        ("PaidOperationsForbidden", by!(order_refusals::an_order_through_a_connection_that_forbids_it_is_blocked_until_it_is_allowed)),
        ("OrderCancelled", by!(ordering::an_order_that_nobody_pays_in_time_ends_as_order_cancelled)),
        ("OrderFailed", by!(ordering::an_accepted_order_whose_job_fails_is_order_failed)),
        ("AlreadyPrepaid", by!(ordering::a_term_for_a_desktop_that_was_prepaid_before_is_already_prepaid)),
        ("AnswerUnknown", by!(order_holds::send_again_places_exactly_one_further_order)),
        ("TargetLocked", by!(replays::a_second_object_for_a_desktop_waits_for_the_first_whatever_its_connection)),
        ("LedgerFull", by!(ledgers::a_full_ledger_blocks_and_nothing_is_sent_or_dropped)),
        ("NoRecord", by!(replays::a_restored_object_without_a_record_is_asked_about_before_it_orders)),
        ("LedgerConflict", by!(ledgers::a_ledger_that_is_deleted_by_hand_in_flight_is_a_conflict_that_a_person_decides)),
        ("AlreadyExecuted", by!(replays::applied_again_after_the_desktop_was_changed_back_is_already_executed_until_a_new_key_is_given)),
        ("OperationKeyReused", by!(replays::the_same_operation_key_with_another_body_is_refused)),
        ("ProofTimeout", by!(decisions::an_effect_that_does_not_show_in_time_is_held_with_the_choices_and_ended_by_proof)),
        ("AlreadySatisfied", by!(endings::a_change_that_is_cancelled_already_sends_nothing)),
        ("AssumedDone", by!(decisions::assume_done_ends_as_assumed_and_says_that_it_was_not_seen)),
        ("Cancelled", by!(endings::a_pending_change_is_cancelled_by_its_task_id_and_proven)),
        ("Refused", by!(robust::a_terminal_refusal_is_failed_refused_and_not_repeated)),
        ("RefusedHalfway", by!(refreshes::a_cancel_that_is_refused_for_good_after_the_stop_is_refused_halfway)),
        ("TargetNotFound", by!(endings::an_instance_that_is_not_there_is_target_not_found)),
        ("WindowMissed", by!(decisions::a_missed_schedule_ends_as_window_missed_and_sends_nothing)),
        ("InvalidForTarget", by!(reasons::a_task_that_is_no_specification_change_is_invalid_for_the_target)),
        ("GivenUp", by!(decisions::give_up_ends_as_given_up)),
        ("RefreshRunning", by!(refreshes::a_refresh_that_is_to_complete_is_watched_to_its_end_and_nothing_is_sent)),
        ("DesiredStateUnreachable", by!(refreshes::a_refresh_that_is_to_pause_is_stopped_and_says_that_its_group_is_blocked)),
        ("Paused", by!(refreshes::a_refresh_that_is_to_pause_is_stopped_and_says_that_its_group_is_blocked)),
        ("RefreshPausedOnFailure", by!(refreshes::a_failed_batch_is_asked_about_and_retried_as_decided)),
        ("RefreshPausedAtBatch", by!(refreshes::each_pause_between_batches_is_a_question_of_its_own)),
        ("Completed", by!(refreshes::a_refresh_that_is_to_complete_is_watched_to_its_end_and_nothing_is_sent)),
        ("RefreshFailed", by!(refreshes::a_refresh_that_has_failed_or_completed_is_no_success_of_another_wish)),
        ("CancelledElsewhere", by!(refreshes::what_somebody_else_or_the_cloud_did_is_named)),
        ("AwaitingDelivery", by!(reservations::an_order_is_delivered_once_all_of_it_is_also_in_two_parts)),
        ("Reserved", by!(reservations::an_order_that_is_there_is_reserved_and_until_when_it_can_be_cancelled_is_told)),
        ("NotDelivered", by!(reservations::an_order_that_ends_undelivered_is_not_delivered_whether_it_stays_or_vanishes)),
        ("AwaitingState", by!(observations::a_state_is_waited_for_and_reached)),
        ("Reached", by!(observations::a_state_is_waited_for_and_reached)),
        ("Observed", by!(observations::a_single_reading_is_taken_with_the_status_call)),
        ("StateUnreachable", by!(observations::a_state_that_cannot_be_reached_any_more_ends_it)),
        ("TooLate", by!(endings::a_change_that_has_run_is_too_late)),
        ("ChangeFailed", by!(endings::a_change_that_ran_and_failed_is_change_failed)),
    ]
}

fn shown_by_a_connection(reason: ConnectionReason) -> Shown {
    match reason {
        ConnectionReason::CredentialsAccepted
        | ConnectionReason::NotProbed
        | ConnectionReason::SecretKeyMissing
        | ConnectionReason::SecretNotLabelled => {
            by!(reasons::a_connection_says_what_its_secret_lacks_and_when_its_key_was_accepted)
        }
        ConnectionReason::SecretNotFound => {
            by!(robust::a_missing_secret_blocks_and_the_operation_goes_on_when_it_comes)
        }
        ConnectionReason::CredentialsRejected => {
            by!(robust::a_wrong_key_costs_one_failing_call_however_many_operations_wait)
        }
        ConnectionReason::KeyLocked => {
            by!(reasons::a_key_that_the_cloud_has_locked_is_told_apart_from_a_wrong_one)
        }
        ConnectionReason::EndpointNotAllowed => {
            by!(endings::an_endpoint_that_no_flag_allows_is_not_called)
        }
        ConnectionReason::ClockSkew => {
            by!(reasons::a_connection_says_that_its_clouds_clock_is_far_off)
        }
        ConnectionReason::ObjectUnreadable => {
            by!(older_and_newer::a_connection_that_cannot_be_read_reports_the_field)
        }
        ConnectionReason::SuspendedBySpec => by!(reasons::a_suspended_connection_says_so),
    }
}

/// The body of that function, without comments, if it is a test that runs.
fn body(module: &str, test: &str) -> Option<String> {
    let (before, from) = module.split_once(&format!("fn {test}("))?;
    let attributes = before.rsplit("\n}\n").next().unwrap_or_default();
    let is_test = attributes.lines().any(|line| line.trim() == "#[test]");
    if !is_test || attributes.contains("#[ignore") {
        return None;
    }
    let body = from.split("\n}\n").next().unwrap_or_default();
    let code = body
        .lines()
        .map(|line| line.split("// ").next().unwrap_or_default());
    Some(code.collect::<Vec<_>>().join("\n"))
}

/// Whether a statement there says that a reason is this word: not one that says
/// what it is not, nor of a state, which some words are too, nor what is waited
/// for in words.
fn asserts(body: &str, word: &str) -> bool {
    let quoted = format!("\"{word}\"");
    let positive = |statement: &&str| {
        !["!=", "assert_ne!", "assert!(!"]
            .iter()
            .any(|no| statement.contains(no))
    };
    let of_a_reason = |statement: &str| {
        statement.match_indices(&quoted).any(|(at, _)| {
            let before = statement[..at].trim_end();
            ![".state ==", ".state,", "wait_until("]
                .iter()
                .any(|other| before.ends_with(other))
        })
    };
    body.split(';').filter(positive).any(of_a_reason)
}

/// The Rust files below that folder of the repository, with their text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                sources.push((path, text));
            }
        }
    }
    sources
}

/// A test that runs asserts it end to end, or its kind's scenario names it.
fn is_shown_somewhere(word: &str) -> bool {
    let end_to_end = sources("tests/e2e").into_iter().any(|(_, text)| {
        let functions = text.split("\nfn ").chain(text.split("\npub fn ")).skip(1);
        let names = functions.filter_map(|rest| rest.split('(').next());
        let mut bodies = names.filter_map(|name| body(&text, name));
        bodies.any(|body| asserts(&body, word))
    });
    let quoted = format!("\"{word}\"");
    let mut of_kinds = sources("src/operations").into_iter();
    let declares = |path: &Path| {
        ["words.rs", "resource.rs"]
            .iter()
            .any(|f| path.ends_with(f))
    };
    end_to_end || of_kinds.any(|(path, text)| !declares(&path) && text.contains(&quoted))
}

#[test]
fn every_reason_of_the_closed_list_is_shown_by_a_test_that_asserts_it() {
    let table = table();
    for reason in Reason::SHARED {
        let listed = table.iter().any(|(word, _)| *word == reason.word());
        assert!(listed, "the table does not have {reason}");
    }
    for reason in reasons() {
        let listed = table.iter().any(|(word, _)| *word == reason.word());
        let shown = listed || is_shown_somewhere(reason.word());
        assert!(shown, "no test asserts {reason}");
    }
    let of_connections = ConnectionReason::ALL
        .iter()
        .map(|r| (r.word(), shown_by_a_connection(*r)));
    for (word, Shown(module, test)) in table.into_iter().chain(of_connections) {
        let body = body(module, test).unwrap_or_else(|| panic!("{test} is no test that runs"));
        assert!(asserts(&body, word), "{test} does not assert {word}");
    }
}

#[test]
fn a_reason_that_no_test_asserts_is_noticed() {
    assert!(is_shown_somewhere("RefreshFailed"));
    let nowhere = ["Nowhere", "Shown"].concat();
    assert!(!is_shown_somewhere(&nowhere));
}

#[test]
fn a_comment_a_negation_a_state_and_a_test_that_does_not_run_show_no_reason() {
    let shows = |attributes: &str, line: &str| {
        let module = format!("fn other() {{\n}}\n\n{attributes}\npub fn it() {{\n    {line}\n}}\n");
        body(&module, "it").is_some_and(|body| asserts(&body, "Executing"))
    };
    let right = "assert_eq!(ending(&object).reason, \"Executing\");";
    assert!(shows("#[test]", right));
    for attributes in [
        "",
        "// #[test]",
        "#[test]\n#[ignore]",
        "#[ignore = \"slow\"]\n#[test]",
    ] {
        assert!(!shows(attributes, right), "{attributes}");
    }
    for line in [
        "// \"Executing\"",
        "bed.stop(); // not \"Executing\"",
        "assert_ne!(ending(&object).reason, \"Executing\");",
        "assert!(ending(&object).reason != \"Executing\");",
        "assert_eq!(ending(&object).state, \"Executing\");",
        "bed.wait_until(\"Executing\", || ending(&object).state == \"Executing\");",
    ] {
        assert!(!shows("#[test]", line), "{line}");
    }
}
