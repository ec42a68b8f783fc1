//! What the demo says about orders, checked. Pure, so that each claim can be seen
//! to fail.

use errand_simulator::Journal;
use serde_json::Value;

use crate::claims::{Claim, ends, equal};
use crate::manifest::DESKTOP;
use crate::orders::{CALL, EFFECT, KILLED, LOOPED, Seen, UNKNOWN};
use crate::progress::text;

/// Each claim, and what was seen instead if it is untrue.
pub fn claims(seen: &Seen, journal: &Journal) -> Vec<Claim> {
    let orders = |desktop| journal.effects_on(EFFECT, desktop);
    let calls = |desktop| journal.calls_on(CALL, desktop);
    vec![
        (
            "the retry loop and Errand met the same: order placed, answer lost",
            equal(
                &[LOOPED, DESKTOP].map(|desktop| fault(journal, desktop)),
                &["drop_after", "drop_after"],
            ),
        ),
        (
            "the retry loop got its answer, and ordered twice",
            equal(&(seen.attempts, orders(LOOPED)), &(2, 2)),
        ),
        (
            "Errand ordered once, called once, and saw the order delivered",
            equal(&(orders(DESKTOP), calls(DESKTOP)), &(1, 1))
                .and_then(|()| ends(&seen.ordered, "Succeeded", "Delivered")),
        ),
        (
            "the operator was killed between the order and the record of its answer",
            open_step(&seen.at_death),
        ),
        (
            "deleted and applied again, it is another object and still one order",
            another(&seen.at_death, &seen.reapplied)
                .and_then(|()| equal(&(orders(KILLED), calls(KILLED)), &(1, 1))),
        ),
        (
            "which ends Succeeded",
            equal(&text(&seen.reapplied["status"]["state"]), &"Succeeded"),
        ),
        (
            "what nobody can know is held: AnswerUnknown, and nothing is sent again",
            equal(&(orders(UNKNOWN), calls(UNKNOWN)), &(0, 1))
                .and_then(|()| ends(&seen.held, "Held", "AnswerUnknown")),
        ),
        (
            "and `errand why` lists the choices: SendAgain, AssumeDone, GiveUp",
            lists_choices(&seen.why),
        ),
    ]
}

fn fault<'a>(journal: &'a Journal, desktop: &str) -> &'a str {
    let mut calls = journal.all_calls().iter();
    let first = calls.find(|call| call.api == CALL && call.path.contains(desktop));
    first
        .and_then(|call| call.fault.as_deref())
        .unwrap_or("none")
}

/// One intent, and nothing about what came of it.
fn open_step(object: &Value) -> Result<(), String> {
    let steps = object["status"]["steps"].as_array();
    match steps.map(Vec::as_slice) {
        Some([step]) if step["id"].is_string() && step["answer"].is_null() => Ok(()),
        steps => Err(format!("steps: {steps:?}")),
    }
}

fn another(one: &Value, other: &Value) -> Result<(), String> {
    let uid = |object: &Value| text(&object["metadata"]["uid"]).to_owned();
    match (uid(one), uid(other)) {
        (one, other) if one != other && !other.is_empty() => Ok(()),
        uids => Err(format!("uids {uids:?}")),
    }
}

fn lists_choices(why: &str) -> Result<(), String> {
    let missing = ["SendAgain", "AssumeDone", "GiveUp"]
        .into_iter()
        .find(|choice| !why.contains(&format!("--decision {choice}")));
    missing.map_or(Ok(()), |choice| Err(format!("no {choice} in:\n{why}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A call: its desktop, its fault and whether it ordered.
    type Sent = (&'static str, &'static str, bool);

    /// What a demo that goes well sees.
    const CALLS: [Sent; 5] = [
        (LOOPED, "drop_after", true),
        (LOOPED, "", true),
        (DESKTOP, "drop_after", true),
        (KILLED, "hang_after", true),
        (UNKNOWN, "drop_before", false),
    ];

    fn journal(calls: &[Sent]) -> Journal {
        let time = "2026-11-22T12:00:00Z";
        let numbered = calls.iter().zip(1..);
        let (mut made, mut effects) = (Vec::new(), Vec::new());
        for ((desktop, fault, ordered), number) in numbered {
            made.push(json!({
                "sequence": number, "time": time, "api": CALL, "method": "POST",
                "path": format!("/periodic/{desktop}/change/order"), "request_id": "r",
                "dropped": false, "fault": (!fault.is_empty()).then_some(fault),
            }));
            if *ordered {
                effects.push(json!({
                    "sequence": number, "time": time, "call": number, "kind": EFFECT,
                    "resources": {"desktop": desktop},
                }));
            }
        }
        serde_json::from_value(json!({"calls": made, "effects": effects})).expect("a journal")
    }

    fn object(uid: &str, state: &str, reason: &str) -> Value {
        json!({
            "metadata": {"uid": uid},
            "status": {
                "state": state,
                "conditions": [{"type": "Ready", "reason": reason}],
                "steps": [{"id": "w-1"}],
            },
        })
    }

    fn seen() -> Seen {
        Seen {
            attempts: 2,
            ordered: object("a", "Succeeded", "Delivered"),
            at_death: object("b", "Executing", "Executing"),
            reapplied: object("c", "Succeeded", "Delivered"),
            held: object("d", "Held", "AnswerUnknown"),
            why: "--decision SendAgain --decision AssumeDone --decision GiveUp".to_owned(),
        }
    }

    fn red(seen: &Seen, calls: &[Sent]) -> Vec<usize> {
        let claims = claims(seen, &journal(calls));
        let numbered = claims.iter().enumerate();
        numbered
            .filter(|(_, (_, seen))| seen.is_err())
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn every_claim_is_true_of_a_demo_that_goes_well() {
        assert_eq!(red(&seen(), &CALLS), [0; 0]);
    }

    #[test]
    fn each_claim_turns_red_by_itself() {
        // What goes wrong with the calls.
        let with = |change: &dyn Fn(&mut Vec<Sent>)| {
            let mut calls = CALLS.to_vec();
            change(&mut calls);
            red(&seen(), &calls)
        };
        assert_eq!(with(&|calls| calls[2].1 = "drop_before"), [0]);
        assert_eq!(with(&|calls| calls[1].2 = false), [1]);
        assert_eq!(with(&|calls| calls.push((DESKTOP, "", true))), [2]);
        assert_eq!(with(&|calls| calls.push((DESKTOP, "", false))), [2]);
        assert_eq!(with(&|calls| calls.push((KILLED, "", true))), [4]);
        assert_eq!(with(&|calls| calls.push((UNKNOWN, "", true))), [6]);
        assert_eq!(with(&|calls| calls[4].2 = true), [6]);
        // What goes wrong with the objects.
        let with = |change: &dyn Fn(&mut Seen)| {
            let mut seen = seen();
            change(&mut seen);
            red(&seen, &CALLS)
        };
        assert_eq!(with(&|seen| seen.attempts = 1), [1]);
        assert_eq!(with(&|seen| seen.ordered = seen.held.clone()), [2]);
        let recorded = |seen: &mut Seen| seen.at_death["status"]["steps"][0]["answer"] = "x".into();
        assert_eq!(with(&recorded), [3]);
        let unsent = |seen: &mut Seen| seen.at_death["status"]["steps"] = json!([]);
        assert_eq!(with(&unsent), [3]);
        let same = |seen: &mut Seen| seen.reapplied["metadata"]["uid"] = "b".into();
        assert_eq!(with(&same), [4]);
        let failed = |seen: &mut Seen| seen.reapplied["status"]["state"] = "Held".into();
        assert_eq!(with(&failed), [5]);
        let done = |seen: &mut Seen| seen.held = seen.ordered.clone();
        assert_eq!(with(&done), [6]);
        let two = |seen: &mut Seen| seen.why = seen.why.replace("GiveUp", "");
        assert_eq!(with(&two), [7]);
    }
}
