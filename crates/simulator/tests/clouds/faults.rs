//! Each fault, seen from the socket and from the journal.

use std::time::{Duration, Instant};

use crate::support::*;
use errand_simulator::{Fault, FaultKind, Simulator};

fn effects(simulator: &Simulator) -> usize {
    simulator.journal().effects("dcs.cancel")
}

/// The client has gone already; the cloud may still be at it.
#[track_caller]
fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + seconds(20);
    while !condition() {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::yield_now();
    }
}

fn inject(simulator: &Simulator, kind: FaultKind) {
    simulator.fault(Fault::new(CANCEL, kind));
}

/// The journal's word on the first call: status, dropped, fault.
fn first(simulator: &Simulator) -> (Option<u16>, bool, Option<String>) {
    let call = simulator.journal().all_calls()[0].clone();
    (call.status, call.dropped, call.fault)
}

#[test]
fn an_injected_error_is_answered_without_an_effect() {
    let (simulator, _) = simulator();
    let kind = |status, code: &str| FaultKind::Error {
        status,
        code: code.into(),
        message: "later".into(),
    };
    inject(&simulator, kind(500, "DCS.5000"));
    inject(&simulator, kind(503, "APIGW.0613"));
    let service = cancel(&simulator).answer();
    service.assert_error(500, "DCS.5000");
    assert!(
        service.json().get("error_ext_msg").is_some(),
        "the service's form"
    );
    let gateway = cancel(&simulator).answer();
    gateway.assert_error(503, "APIGW.0613");
    assert!(
        gateway.json().get("request_id").is_some(),
        "the gateway's form"
    );
    assert_eq!(effects(&simulator), 0);
    assert_eq!(first(&simulator), (Some(500), false, Some("error".into())));
    assert_eq!(cancel(&simulator).answer().status, 200, "used up");
}

#[test]
fn a_throttle_fault_is_the_gateways_429() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::Throttle);
    cancel(&simulator).answer().assert_error(429, "APIGW.0308");
    assert_eq!(effects(&simulator), 0);
}

#[test]
fn drop_before_closes_without_a_byte_and_without_an_effect() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::DropBefore);
    cancel(&simulator).assert_closed_without_a_byte();
    assert_eq!(effects(&simulator), 0);
    assert_eq!(first(&simulator), (None, true, Some("drop_before".into())));
    assert_eq!(cancel(&simulator).answer().status, 200);
}

#[test]
fn drop_after_closes_without_a_byte_and_with_the_effect() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::DropAfter);
    cancel(&simulator).assert_closed_without_a_byte();
    assert_eq!(effects(&simulator), 1);
    assert_eq!(first(&simulator), (None, true, Some("drop_after".into())));
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
}

#[test]
fn a_delayed_request_is_answered_after_its_delay() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::Delay { ms: 60 });
    let start = Instant::now();
    assert_eq!(cancel(&simulator).answer().status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[test]
fn the_cloud_finishes_a_delayed_request_that_the_client_gave_up() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::Delay { ms: 150 });
    let seen = Signed::new(&simulator, "POST", cancel_path(TASK))
        .patience(Duration::from_millis(20))
        .send(&simulator);
    assert!(matches!(seen, Seen::Nothing), "{seen:?}");
    eventually(|| effects(&simulator) == 1);
}

#[test]
fn a_configured_delay_holds_every_call() {
    let delay = Duration::from_millis(40);
    let (simulator, _) = started(|config| config.delay = delay, seed());
    let start = Instant::now();
    get(&simulator, instance_path());
    get(&simulator, "/nothing".into());
    assert!(start.elapsed() >= 2 * delay);
}

#[test]
fn a_late_request_takes_effect_when_its_time_has_come() {
    let (simulator, clock) = simulator();
    inject(&simulator, FaultKind::Late { seconds: 600 });
    cancel(&simulator).assert_closed_without_a_byte();
    assert_eq!(simulator.state().late, 1);
    clock.advance(seconds(590));
    assert_eq!(effects(&simulator), 0);
    clock.advance(seconds(11));
    // Whoever looks first finds it done, also through the cloud's own API.
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    let journal = simulator.journal();
    assert_eq!(
        (journal.calls(CANCEL), journal.effects("dcs.cancel")),
        (2, 1)
    );
    let call = &journal.all_calls()[0];
    let late = call.late.as_ref().expect("it arrived");
    assert_eq!(late.time.duration_since(call.time).as_secs(), 600);
    assert_eq!((late.status, call.status, call.dropped), (200, None, true));
    assert_eq!(journal.all_effects()[0].time, late.time);
    assert_eq!(journal.all_effects()[0].call, 1);
    assert_eq!(simulator.state().late, 0);
}

#[test]
fn a_late_request_whose_signature_is_too_old_by_then_is_refused() {
    let (simulator, clock) = simulator();
    inject(&simulator, FaultKind::Late { seconds: 16 * 60 });
    cancel(&simulator).assert_closed_without_a_byte();
    clock.advance(seconds(3000));
    assert_eq!(effects(&simulator), 0);
    let journal = simulator.journal();
    let late = journal.all_calls()[0].late.clone().expect("it arrived");
    assert_eq!(
        (late.status, late.code.as_deref()),
        (401, Some("APIGW.0301"))
    );
}

#[test]
fn a_late_request_meets_the_state_of_its_own_time() {
    // The change starts in an hour; by then the late cancel has come, although the
    // next look is hours after both.
    let (simulator, clock) = simulator();
    inject(&simulator, FaultKind::Late { seconds: 800 });
    cancel(&simulator).assert_closed_without_a_byte();
    clock.advance(seconds(10 * 3600));
    let instance = simulator.dcs_instance(PROJECT, INSTANCE).unwrap();
    assert_eq!((effects(&simulator), &*instance.spec_code), (1, OLD));
}

#[test]
fn a_bad_body_and_a_truncated_answer_come_after_the_effect() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::BadBody);
    let answer = cancel(&simulator).answer();
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err());
    assert_eq!(effects(&simulator), 1);
    let (simulator, _) = crate::support::simulator();
    inject(&simulator, FaultKind::Truncate);
    let Seen::Closed(bytes) = cancel(&simulator) else {
        panic!("it came whole");
    };
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.ends_with("\r\n\r\n{\"result\":"), "{text}");
    assert_eq!(effects(&simulator), 1);
}

#[test]
fn a_hanging_request_is_never_answered_with_or_without_effect() {
    for (kind, expected) in [(FaultKind::Hang, 0), (FaultKind::HangAfter, 1)] {
        let (simulator, _) = simulator();
        inject(&simulator, kind);
        let seen = Signed::new(&simulator, "POST", cancel_path(TASK))
            .patience(Duration::from_millis(150))
            .send(&simulator);
        assert!(matches!(seen, Seen::Nothing), "{seen:?}");
        eventually(|| first(&simulator).1);
        assert_eq!(first(&simulator).0, None);
        assert_eq!(effects(&simulator), expected);
    }
}

#[test]
fn a_fault_meets_the_calls_that_it_names() {
    let (simulator, _) = simulator();
    let throttle = |api: &str| Fault::new(api, FaultKind::Throttle);
    let statuses = |n: usize| -> Vec<u16> {
        (0..n)
            .map(|_| get(&simulator, instance_path()).status)
            .collect()
    };
    simulator.fault(throttle("dcs.Show").times(9));
    simulator.fault(throttle(CANCEL).times(9));
    simulator.fault(throttle("dcs.").path_contains("elsewhere").times(9));
    assert_eq!(statuses(1), [200], "a prefix needs its dot");
    simulator.fault(throttle("dcs.").skip(1).times(2));
    assert_eq!(statuses(4), [200, 429, 429, 200]);
    simulator.fault(
        throttle("dcs.ShowInstance")
            .path_contains(INSTANCE)
            .always(),
    );
    assert_eq!(statuses(3), [429, 429, 429]);
    simulator.clear_faults();
    assert_eq!(statuses(1), [200]);
    assert_eq!(cancel(&simulator).answer().status, 200);
}

#[test]
fn a_refused_signature_uses_up_no_fault() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::DropAfter);
    let forged = Signed::new(&simulator, "POST", cancel_path(TASK)).secret("sk");
    assert_eq!(forged.send(&simulator).answer().status, 401);
    assert_eq!(effects(&simulator), 0);
    cancel(&simulator).assert_closed_without_a_byte();
}

#[test]
fn a_queued_request_is_carried_out_however_old_its_signature_is() {
    let (simulator, clock) = simulator();
    inject(&simulator, FaultKind::Queued { seconds: 16 * 60 });
    cancel(&simulator).assert_closed_without_a_byte();
    clock.advance(seconds(15 * 60));
    assert_eq!(effects(&simulator), 0);
    clock.advance(seconds(61));
    assert_eq!(effects(&simulator), 1);
    let late = simulator.journal().all_calls()[0].late.clone();
    assert_eq!(late.map(|late| late.status), Some(200));
}

#[test]
fn a_request_that_is_carried_out_twice_is_one_call() {
    let (simulator, _) = simulator();
    inject(&simulator, FaultKind::Twice);
    // The second finds that there is nothing to cancel any more.
    cancel(&simulator).answer().assert_error(400, "DCS.4239");
    assert_eq!(simulator.journal().calls(CANCEL), 1);
    assert_eq!(effects(&simulator), 1);
}

#[test]
fn an_error_after_the_effect_is_answered_and_the_effect_is_there() {
    let (simulator, _) = simulator();
    let kind = FaultKind::ErrorAfter {
        status: 429,
        code: "APIGW.0308".into(),
        message: "later".into(),
    };
    inject(&simulator, kind);
    cancel(&simulator).answer().assert_error(429, "APIGW.0308");
    assert_eq!(effects(&simulator), 1);
}

#[test]
fn a_stale_read_shows_what_there_was_before_the_last_effect() {
    let (simulator, _) = simulator();
    let tasks = || get(&simulator, tasks_path("")).json();
    let before = tasks();
    let read = Fault::new("dcs.ListBackgroundTask", FaultKind::Stale);
    simulator.fault(read);
    assert_eq!(cancel(&simulator).answer().status, 200);
    assert_eq!(tasks(), before);
    assert_ne!(tasks(), before, "used up");
    assert_eq!(effects(&simulator), 1);
}
