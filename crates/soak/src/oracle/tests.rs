//! The oracle notices each violation, and nothing else.

use serde_json::{Value, json};

use super::*;

fn operation(task: Task) -> Operation {
    Operation {
        task,
        name: "one".into(),
        twist: Twist::None,
        replaced: 0,
    }
}

/// A journal with these effects on the operation's target.
fn journal(kinds: &[&str]) -> Journal {
    let effects: Vec<Value> = kinds
        .iter()
        .enumerate()
        .map(|(n, kind)| {
            json!({
                "sequence": n + 1,
                "time": "2026-11-26T12:00:00Z",
                "call": 1,
                "kind": kind,
                "resources": {"target": "one"},
            })
        })
        .collect();
    serde_json::from_value(json!({"calls": [], "effects": effects})).expect("a journal")
}

fn claim(state: &str, outcome: &str) -> Claim {
    Claim {
        state: state.into(),
        outcome: outcome.into(),
        ..Claim::default()
    }
}

/// People who have decided this.
fn people(decisions: &[Decision]) -> People {
    People {
        decisions: decisions.to_vec(),
        ..People::default()
    }
}

fn asked(reason: &str, decision: &str) -> Decision {
    Decision {
        name: "one".into(),
        hold: "h-1".into(),
        reason: reason.into(),
        decision: decision.into(),
    }
}

fn found(task: Task, claim: &Claim, kinds: &[&str], decisions: &[Decision]) -> Vec<Violation> {
    judge(
        &operation(task),
        claim,
        &journal(kinds),
        &people(decisions),
        false,
    )
}

#[test]
fn one_effect_and_its_success_are_right() {
    let cancelled = claim("Succeeded", "Cancelled");
    let delivered = claim("Succeeded", "Delivered");
    let completed = claim("Succeeded", "Completed");
    for (task, claim, kinds) in [
        (Task::CancelResize, &cancelled, &["dcs.cancel"][..]),
        (Task::CancelReservation, &cancelled, &["ecs.delete"]),
        (Task::CancelRefresh, &cancelled, &["as.stop", "as.cancel"]),
        (Task::Order, &delivered, &["workspace.order"]),
    ] {
        assert_eq!(found(task, claim, kinds, &[]), [], "{task}");
    }
    let decisions = [asked("RefreshPausedAtBatch", "Continue")];
    let kinds = ["as.resume", "as.ended"];
    let task = Task::CompleteRefresh;
    assert_eq!(found(task, &completed, &kinds, &decisions), []);
}

#[test]
fn a_second_effect_is_a_duplicate_whoever_agreed() {
    let delivered = claim("Succeeded", "Delivered");
    let twice = ["workspace.order", "workspace.order"];
    let again = [asked("AnswerUnknown", "SendAgain")];
    for decisions in [&[][..], &again] {
        let found = found(Task::Order, &delivered, &twice, decisions);
        assert_eq!(found, [Violation::Duplicate]);
    }
    let cancelled = claim("Succeeded", "Cancelled");
    let stopped = ["as.stop", "as.stop", "as.cancel"];
    let found = found(Task::CancelRefresh, &cancelled, &stopped, &[]);
    assert_eq!(found, [Violation::Duplicate]);
}

#[test]
fn a_resume_without_a_decision_is_a_duplicate() {
    let completed = claim("Succeeded", "Completed");
    let kinds = ["as.resume", "as.resume", "as.ended"];
    let decisions = [asked("RefreshPausedAtBatch", "Continue")];
    let found = found(Task::CompleteRefresh, &completed, &kinds, &decisions);
    assert_eq!(found, [Violation::Duplicate]);
}

#[test]
fn a_success_without_its_effect_is_false_unless_somebody_vouched() {
    for (task, outcome) in [
        (Task::CancelResize, "Cancelled"),
        (Task::Order, "Delivered"),
        (Task::CompleteRefresh, "Completed"),
        (Task::Observe, "Reached"),
    ] {
        let found = found(task, &claim("Succeeded", outcome), &[], &[]);
        assert_eq!(found, [Violation::FalseSuccess], "{task}");
    }
    let assumed = claim("Succeeded", "AssumedDone");
    let vouched = [asked("AnswerUnknown", "AssumeDone")];
    assert_eq!(found(Task::Order, &assumed, &[], &vouched), []);
    let unvouched = found(Task::Order, &assumed, &[], &[]);
    assert_eq!(unvouched, [Violation::FalseSuccess, Violation::Lost]);
}

#[test]
fn an_observation_is_as_true_as_the_cloud() {
    let reached = claim("Succeeded", "Reached");
    let operation = operation(Task::Observe);
    assert_eq!(
        judge(&operation, &reached, &journal(&[]), &people(&[]), true),
        []
    );
}

#[test]
fn an_end_that_does_not_know_of_the_effect_has_lost_it() {
    let kinds = ["dcs.cancel"];
    for (state, outcome) in [("Failed", "Refused"), ("Succeeded", "AlreadySatisfied")] {
        let found = found(Task::CancelResize, &claim(state, outcome), &kinds, &[]);
        assert_eq!(found, [Violation::Lost], "{outcome}");
    }
}

#[test]
fn what_was_applied_again_may_find_the_work_of_the_one_before() {
    let again = Operation {
        replaced: 1,
        ..operation(Task::Order)
    };
    let satisfied = claim("Succeeded", "AlreadySatisfied");
    let journal = journal(&["workspace.order"]);
    assert_eq!(judge(&again, &satisfied, &journal, &people(&[]), false), []);
}

#[test]
fn what_has_no_end_is_stuck_and_so_is_what_is_gone() {
    let waiting = claim("Waiting", "");
    assert_eq!(
        found(Task::CancelResize, &waiting, &[], &[]),
        [Violation::Stuck]
    );
    let gone = Claim::of(&Value::Null);
    assert_eq!(
        found(Task::CancelResize, &gone, &[], &[]),
        [Violation::Stuck]
    );
}

#[test]
fn a_refresh_that_was_over_before_may_be_too_late() {
    let late = claim("Failed", "TooLate");
    assert_eq!(found(Task::CancelRefresh, &late, &["as.ended"], &[]), []);
    let found = found(Task::CancelRefresh, &late, &["as.cancel", "as.ended"], &[]);
    assert_eq!(found, [Violation::Lost]);
}

#[test]
fn a_question_about_a_natural_or_provable_step_is_needless() {
    let cancelled = claim("Succeeded", "Cancelled");
    let questions = [asked("ProofTimeout", "LookAgain")];
    let found_natural = found(Task::CancelResize, &cancelled, &["dcs.cancel"], &questions);
    assert_eq!(found_natural, [Violation::NeedlessHold]);
    let delivered = claim("Succeeded", "Delivered");
    let asked_of_order = [asked("AnswerUnknown", "SendAgain")];
    let found_order = found(
        Task::Order,
        &delivered,
        &["workspace.order"],
        &asked_of_order,
    );
    assert_eq!(found_order, []);
}

#[test]
fn a_decision_that_is_still_open_in_the_end_was_ignored_unless_its_obstacle_is_named() {
    let held = Claim {
        state: "Held".into(),
        hold: "h-1".into(),
        ..Claim::default()
    };
    let given = [asked("AnswerUnknown", "GiveUp")];
    let found_held = found(Task::Order, &held, &[], &given);
    assert_eq!(found_held, [Violation::Ignored, Violation::Stuck]);
    let named = Claim {
        summary: "The decision GiveUp is kept and not taken yet. In the way: x.".into(),
        ..held.clone()
    };
    assert_eq!(found(Task::Order, &named, &[], &given), [Violation::Stuck]);
    let another = Claim {
        hold: "h-2".into(),
        ..held
    };
    assert_eq!(
        found(Task::Order, &another, &[], &given),
        [Violation::Stuck]
    );
}

fn with(twist: Twist, claim: &Claim, kinds: &[&str], people: &People) -> Vec<Violation> {
    let task = match twist {
        Twist::RunsUnrecorded | Twist::RecordDeleted => Task::CancelResize,
        _ => Task::Order,
    };
    let operation = Operation {
        twist,
        ..operation(task)
    };
    judge(&operation, claim, &journal(kinds), people, false)
}

#[test]
fn an_order_beside_a_colleagues_is_a_second_one() {
    let delivered = claim("Succeeded", "Delivered");
    let order = ["workspace.order"];
    let mut people = people(&[]);
    let found = with(Twist::ColleagueWaits, &delivered, &order, &people);
    assert_eq!(found, [Violation::Duplicate]);
    for (settled, violations) in [
        ("2026-11-26T11:59:59Z", &[][..]),
        ("2026-11-26T12:00:01Z", &[Violation::Duplicate]),
    ] {
        let settled = settled.parse().expect("a time");
        people.settled.insert("one".into(), settled);
        let found = with(Twist::ColleagueBusy, &delivered, &order, &people);
        assert_eq!(found, violations, "{settled}");
    }
}

#[test]
fn a_job_that_failed_is_no_delivery() {
    let order = ["workspace.order"];
    let nobody = people(&[]);
    let delivered = claim("Succeeded", "Delivered");
    let found = with(Twist::JobFails, &delivered, &order, &nobody);
    assert_eq!(found, [Violation::FalseSuccess]);
    let failed = claim("Failed", "OrderFailed");
    assert_eq!(with(Twist::JobFails, &failed, &order, &nobody), []);
    let cancelled = Claim {
        knows_job: true,
        ..claim("Failed", "OrderCancelled")
    };
    let found = with(Twist::JobFails, &cancelled, &order, &nobody);
    assert_eq!(found, [Violation::Lost]);
    // Without the job's id, the cloud shows no more than that.
    let cancelled = claim("Failed", "OrderCancelled");
    assert_eq!(with(Twist::JobFails, &cancelled, &order, &nobody), []);
}

#[test]
fn what_nothing_can_tell_may_be_waited_for_and_is_no_success() {
    let unclear = Claim {
        reason: "ObservationUnclear".into(),
        ..claim("Waiting", "")
    };
    let nobody = people(&[]);
    for twist in [Twist::RecordDeleted, Twist::RunsUnrecorded] {
        assert_eq!(with(twist, &unclear, &[], &nobody), []);
        let found = with(twist, &unclear, &["dcs.cancel"], &nobody);
        assert_eq!(found, [Violation::Stuck]);
        let cancelled = claim("Succeeded", "Cancelled");
        assert_eq!(
            with(twist, &cancelled, &[], &nobody),
            [Violation::FalseSuccess]
        );
    }
    assert_eq!(
        with(Twist::None, &unclear, &[], &nobody),
        [Violation::Stuck]
    );
    let late = claim("Failed", "TooLate");
    assert_eq!(with(Twist::RunsUnrecorded, &late, &[], &nobody), []);
}

#[test]
fn a_call_for_the_target_of_before_an_edit_goes_astray() {
    let kinds = json!({"calls": [], "effects": [{
        "sequence": 1,
        "time": "2026-11-26T12:00:00Z",
        "call": 1,
        "kind": "workspace.order",
        "resources": {"target": "decoy-one"},
    }]});
    let journal: Journal = serde_json::from_value(kinds).expect("a journal");
    let given_up = claim("Failed", "GivenUp");
    let operation = operation(Task::Order);
    let people = people(&[asked("AnswerUnknown", "GiveUp")]);
    let found = judge(&operation, &given_up, &journal, &people, false);
    assert_eq!(found, [Violation::Astray]);
}
