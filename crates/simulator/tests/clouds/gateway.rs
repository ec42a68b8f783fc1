//! What the gateway refuses before a service sees the request.

use crate::support::*;
use errand_simulator::{Account, Seed};

#[test]
fn a_signed_request_is_answered_with_date_and_request_id() {
    let (simulator, clock) = simulator();
    clock.advance(seconds(86_400));
    let (before, answer) = (simulator.now(), get(&simulator, instance_path()));
    assert_eq!(answer.status, 200);
    let mut dates = (0..=simulator.now().as_second() - before.as_second())
        .map(|after| before + jiff::SignedDuration::from_secs(after))
        .map(|date| date.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    assert!(
        dates.any(|date| date == answer.header("date")),
        "{answer:?}"
    );
    let journal = simulator.journal();
    let call = &journal.all_calls()[0];
    assert_eq!(call.request_id, answer.header("x-request-id"));
    assert_eq!(call.access_key.as_deref(), Some(ACCESS));
    assert!(call.sdk_date.is_some());
}

#[test]
fn a_wrong_secret_an_unknown_key_and_no_signature_are_refused() {
    let (simulator, _) = simulator();
    let wrong = Signed::new(&simulator, "POST", cancel_path(TASK)).secret("sk");
    let answer = wrong.send(&simulator).answer();
    answer.assert_error(401, "APIGW.0301");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    let mut unknown = Signed::new(&simulator, "POST", cancel_path(TASK));
    unknown.access = "AKNOBODY".into();
    unknown
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
    let bare = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        cancel_path(TASK)
    );
    exchange(&simulator, bare.as_bytes(), seconds(20))
        .answer()
        .assert_error(401, "APIGW.0301");
    let journal = simulator.journal();
    assert_eq!(journal.calls(CANCEL), 3, "refused calls are recorded");
    assert_eq!(journal.effects("dcs.cancel"), 0);
    assert_eq!(journal.all_calls()[1].access_key, None);
}

#[test]
fn no_answer_state_or_journal_shows_a_secret_or_a_header_value() {
    let (simulator, _) = simulator();
    let token = "token-canary-77aa";
    simulator.seed(Seed::new().account(Account::new("AKTEMP", SECRET).security_token(token)));
    let mut request = Signed::new(&simulator, "GET", instance_path()).secret("sk");
    request
        .headers
        .push(("x-canary", "header-canary-31".into()));
    let texts = [
        request.send(&simulator).answer().text,
        admin(&simulator, "GET", "/-/state", "").text,
        admin(&simulator, "GET", "/-/journal", "").text,
        admin(&simulator, "GET", "/-/journal?format=text", "").text,
        format!("{:?}", Account::new("AK", SECRET).security_token(token)),
    ];
    for text in texts {
        for canary in [SECRET, token, "header-canary-31"] {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
    }
}

#[test]
fn a_date_inside_the_window_is_accepted_and_one_outside_is_told_both_times() {
    let (simulator, _) = simulator();
    for shift in [-14 * 60, 14 * 60] {
        let request = Signed::new(&simulator, "GET", instance_path()).shifted(shift);
        assert_eq!(request.send(&simulator).answer().status, 200, "{shift}");
    }
    for shift in [-16 * 60, 16 * 60] {
        let request = Signed::new(&simulator, "POST", cancel_path(TASK)).shifted(shift);
        let answer = request.send(&simulator).answer();
        answer.assert_error(401, "APIGW.0301");
        let signed = request
            .date
            .strftime("signature time:%Y%m%dT%H%M%SZ")
            .to_string();
        assert!(answer.text.contains(&signed), "{}", answer.text);
        assert!(answer.text.contains("server time:"), "{}", answer.text);
    }
    assert_eq!(simulator.journal().effects("dcs.cancel"), 0);
}

#[test]
fn an_old_request_is_refused_when_it_is_sent_again_after_the_window() {
    let (simulator, clock) = simulator();
    let request = Signed::new(&simulator, "POST", cancel_path(TASK));
    clock.advance(seconds(15 * 60 + 2));
    request
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
}

#[test]
fn a_date_offset_moves_the_date_header_and_the_window() {
    let offset = 20 * 60;
    let (simulator, clock) = started(|config| config.date_offset = offset, seed());
    let ours = jiff::Timestamp::try_from(clock.now()).unwrap();
    let ahead = simulator.now().duration_since(ours).as_secs();
    assert!((offset..offset + 60).contains(&ahead), "{ahead}");
    let honest = Signed::new(&simulator, "GET", instance_path()).shifted(-offset);
    honest
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
    let corrected = Signed::new(&simulator, "GET", instance_path());
    assert_eq!(corrected.send(&simulator).answer().status, 200);
}

#[test]
fn more_than_five_failures_in_a_row_lock_the_key_for_five_minutes() {
    let (simulator, clock) = simulator();
    let show = || Signed::new(&simulator, "GET", instance_path());
    for _ in 0..2 {
        for _ in 0..5 {
            assert_eq!(show().secret("sk").send(&simulator).answer().status, 401);
        }
        let forgiven = show().send(&simulator).answer();
        assert_eq!(forgiven.status, 200, "five are forgiven, and forgotten");
    }
    for _ in 0..6 {
        assert_eq!(show().secret("sk").send(&simulator).answer().status, 401);
    }
    let locked = show().send(&simulator).answer();
    locked.assert_error(401, "APIGW.0301");
    let limit = "AK access failed to reach the limit,forbidden";
    assert!(locked.text.contains(limit), "{}", locked.text);
    assert!(simulator.state().accounts[0].locked_until.is_some());
    clock.advance(seconds(240));
    assert_eq!(show().send(&simulator).answer().status, 401);
    clock.advance(seconds(61));
    assert_eq!(show().send(&simulator).answer().status, 200);
}

#[test]
fn a_temporary_key_needs_its_token_signed() {
    let (simulator, _) = started(
        |_| {},
        seed().account(
            Account::new("AKTEMP", "sk2")
                .project(PROJECT)
                .security_token("tok"),
        ),
    );
    let request = || {
        let mut request = Signed::new(&simulator, "GET", instance_path()).secret("sk2");
        request.access = "AKTEMP".into();
        request
    };
    let token = |token: &str| ("x-security-token", token.to_owned());
    let mut signed = request();
    signed.headers.push(token("tok"));
    assert_eq!(signed.send(&simulator).answer().status, 200);
    let mut unsigned = request();
    unsigned.unsigned.push(token("tok"));
    unsigned
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
    let mut other = request();
    other.headers.push(token("toc"));
    other
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
    request()
        .send(&simulator)
        .answer()
        .assert_error(401, "APIGW.0301");
}

#[test]
fn a_project_of_somebody_else_and_a_mismatched_header_are_forbidden() {
    let (simulator, _) = simulator();
    let foreign = "/v2/ffffffffffffffffffffffffffffffff/instances/x".to_owned();
    let mut request = Signed::new(&simulator, "GET", foreign);
    request.headers.clear();
    request
        .send(&simulator)
        .answer()
        .assert_error(403, "APIGW.0302");
    let mut request = Signed::new(&simulator, "GET", instance_path());
    request.headers = vec![("x-project-id", "other".into())];
    request
        .send(&simulator)
        .answer()
        .assert_error(403, "APIGW.0302");
    let mut request = Signed::new(&simulator, "GET", instance_path());
    request.headers.clear();
    assert_eq!(
        request.send(&simulator).answer().status,
        200,
        "it need not be sent"
    );
}

#[test]
fn a_denied_api_is_forbidden_and_its_neighbours_are_not() {
    let account = Account::new(ACCESS, SECRET).project(PROJECT).deny(CANCEL);
    let (simulator, _) = started(|_| {}, seed().account(account));
    cancel(&simulator).answer().assert_error(403, "DCS.2003");
    assert_eq!(get(&simulator, instance_path()).status, 200);
    assert_eq!(simulator.journal().effects("dcs.cancel"), 0);
}

#[test]
fn an_unknown_path_or_method_is_no_such_api() {
    let (simulator, _) = simulator();
    get(&simulator, "/v2/nothing".into()).assert_error(404, "APIGW.0101");
    get(&simulator, cancel_path(TASK)).assert_error(404, "APIGW.0101");
    get(&simulator, instance_path() + "/").assert_error(404, "APIGW.0101");
    assert_eq!(simulator.journal().calls("unknown"), 3);
}

#[test]
fn a_rate_limit_answers_429_until_its_second_is_over() {
    let (simulator, clock) = started(|_| {}, seed().rate_limit("dcs.ShowInstance", 2));
    // The clock runs on, so a slow machine may need a second go.
    let passed = (0..100).take_while(|_| get(&simulator, instance_path()).status == 200);
    assert!((2..100).contains(&passed.count()));
    assert_eq!(get(&simulator, tasks_path("")).status, 200, "another API");
    clock.advance(seconds(1));
    assert_eq!(get(&simulator, instance_path()).status, 200);
    let (simulator, _) = started(|_| {}, seed().rate_limit(CANCEL, 0));
    let answer = cancel(&simulator).answer();
    answer.assert_error(429, "APIGW.0308");
    assert!(
        answer.text.contains("limit:0,time:1 second"),
        "{}",
        answer.text
    );
    assert_eq!(simulator.journal().effects("dcs.cancel"), 0);
}
