//! What the demo says about a refresh, an observation and a reservation, checked.
//! Pure, so that each claim can be seen to fail.

use errand_simulator::{Journal, RefreshStatus};
use serde_json::Value;

use crate::claims::{Claim, ends, equal};
use crate::kinds::{ACTIVITY, BUILT, RESERVED, SERVER, Seen};
use crate::progress::{condition, standing, text};

const STOP: &str = "as.StopInstanceRefresh";
const CANCEL: &str = "as.CancelInstanceRefresh";
const DELETE: &str = "ecs.DeleteScheduledInstance";
const DELETED: &str = "ecs.delete";

/// Each claim, and what was seen instead if it is untrue.
pub fn claims(seen: &Seen, journal: &Journal) -> Vec<Claim> {
    let refresh = last(&seen.refresh);
    let observation = last(&seen.observation);
    vec![
        (
            "the refresh was stopped, its batch ran to its end, it was cancelled then",
            equal(
                &of_the_refresh(journal),
                &vec!["as.stop", "as.batch-ended", "as.cancel"],
            ),
        ),
        (
            "by one Stop and one Cancel",
            equal(&(journal.calls(STOP), journal.calls(CANCEL)), &(1, 1)),
        ),
        (
            "meanwhile its group was said to be blocked, and now to be free",
            waited_blocked(&seen.refresh).and_then(|()| equal(&text(blocked(refresh)), &"False")),
        ),
        (
            "the refresh is Succeeded/Cancelled, the cloud's too, its group released",
            ends(refresh, "Succeeded", "Cancelled").and_then(|()| {
                equal(
                    &(seen.activity.status, seen.blocked),
                    &(RefreshStatus::Cancelled, false),
                )
            }),
        ),
        (
            "the observation is Succeeded/Reached: the server runs and is installed",
            ends(observation, "Succeeded", "Reached").and_then(|()| {
                let read = &observation["status"]["observed"];
                let read = (text(&read["instanceState"]), text(&read["operationState"]));
                equal(&read, &("running", "install-succeed"))
            }),
        ),
        (
            "it did not end before the server was so",
            not_before(seen, observation),
        ),
        (
            "and it only read the server's status, more than once",
            only_read(journal),
        ),
        (
            "the reservation is Succeeded/Cancelled, and the cloud has it so",
            ends(last(&seen.reservation), "Succeeded", "Cancelled")
                .and_then(|()| equal(&seen.reserved.cancelled, &true)),
        ),
        (
            "by one call that had one effect",
            equal(
                &(journal.calls(DELETE), journal.effects_on(DELETED, RESERVED)),
                &(1, 1),
            ),
        ),
        (
            "within the 30 minutes in which it can be",
            in_its_time(seen, journal),
        ),
    ]
}

fn last(states: &[Value]) -> &Value {
    states.last().unwrap_or(&Value::Null)
}

fn blocked(refresh: &Value) -> &Value {
    &condition(refresh, "GroupBlocked")["status"]
}

/// What happened to the refresh, by calls and by itself.
fn of_the_refresh(journal: &Journal) -> Vec<&str> {
    let effects = journal.all_effects().iter();
    effects
        .filter(|effect| effect.resources.values().any(|id| id == ACTIVITY))
        .map(|effect| effect.kind.as_str())
        .collect()
}

fn waited_blocked(states: &[Value]) -> Result<(), String> {
    let waiting = states
        .iter()
        .find(|object| standing(object).1 == "TargetBusy");
    let waiting = waiting.ok_or("it never was TargetBusy")?;
    equal(&text(blocked(waiting)), &"True")
}

fn not_before(seen: &Seen, observation: &Value) -> Result<(), String> {
    let finished = text(&observation["status"]["finishedAt"]);
    let finished: jiff::Timestamp = finished.parse().map_err(|e| format!("{e}"))?;
    let after = finished.duration_since(seen.began).as_secs();
    match after >= BUILT {
        true => Ok(()),
        false => Err(format!("after {after} s")),
    }
}

fn in_its_time(seen: &Seen, journal: &Journal) -> Result<(), String> {
    let effects = journal.all_effects();
    let deleted = effects.iter().find(|effect| effect.kind == DELETED);
    let deleted = deleted.map(|effect| effect.time);
    match (deleted, seen.reserved.cancellable_until) {
        (Some(at), Some(until)) if at <= until => Ok(()),
        times => Err(format!("{times:?}")),
    }
}

fn only_read(journal: &Journal) -> Result<(), String> {
    let looks = journal.calls_on("clouddc.ShowInstanceStatus", SERVER);
    equal(
        &(journal.calls("clouddc."), journal.effects("clouddc.")),
        &(looks, 0),
    )?;
    match looks > 1 {
        true => Ok(()),
        false => Err(format!("{looks} calls")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A call or nothing, an effect or nothing, and what of.
    type Happened = (&'static str, &'static str, &'static str);

    /// What happens in a demo that goes well.
    const HAPPENED: [Happened; 6] = [
        (STOP, "as.stop", ACTIVITY),
        ("", "as.batch-ended", ACTIVITY),
        (CANCEL, "as.cancel", ACTIVITY),
        ("clouddc.ShowInstanceStatus", "", SERVER),
        ("clouddc.ShowInstanceStatus", "", SERVER),
        (DELETE, DELETED, RESERVED),
    ];

    fn journal(happened: &[Happened]) -> Journal {
        let time = "2026-11-22T12:00:00Z";
        let (mut calls, mut effects) = (Vec::new(), Vec::new());
        for ((api, effect, about), number) in happened.iter().zip(1..) {
            if !api.is_empty() {
                calls.push(json!({
                    "sequence": number, "time": time, "api": api, "method": "POST",
                    "path": format!("/{about}"), "request_id": "r", "dropped": false,
                }));
            }
            if !effect.is_empty() {
                effects.push(json!({
                    "sequence": number, "time": time, "kind": effect,
                    "call": if api.is_empty() { 0 } else { number },
                    "resources": {"about": about},
                }));
            }
        }
        serde_json::from_value(json!({"calls": calls, "effects": effects})).expect("a journal")
    }

    fn object(state: &str, reason: &str, more: Value) -> Value {
        let mut status = json!({
            "state": state,
            "conditions": [{"type": "Ready", "reason": reason}],
        });
        if let Some(blocked) = more["blocked"].as_str() {
            let conditions = status["conditions"].as_array_mut().expect("it is one");
            conditions.push(json!({"type": "GroupBlocked", "status": blocked}));
        }
        status["observed"] = more["observed"].clone();
        status["finishedAt"] = more["finishedAt"].clone();
        json!({"status": status})
    }

    fn seen() -> Seen {
        let read = json!({"instanceState": "running", "operationState": "install-succeed"});
        let activity = json!({
            "id": ACTIVITY, "group": "g", "region": "r", "status": "CANCELLED",
            "current_batch": 1, "batches": [], "cancelling": false, "scaling_in": false,
            "created_at": "2026-11-22T12:00:00Z", "started_at": null, "ended_at": null,
        });
        let reserved = json!({
            "id": RESERVED, "region": "r", "kind": "esi", "status": "s", "count": 1,
            "delivered": 0, "cancelled": true, "visible": false,
            "created_at": "2026-11-22T11:30:00Z", "start_delivery_at": null,
            "invalid_at": "2026-11-22T12:00:00Z",
            "cancellable_until": "2026-11-22T12:00:00Z",
        });
        Seen {
            began: "2026-11-22T12:00:00Z".parse().expect("a time"),
            refresh: vec![
                object("Waiting", "TargetBusy", json!({"blocked": "True"})),
                object("Succeeded", "Cancelled", json!({"blocked": "False"})),
            ],
            activity: serde_json::from_value(activity).expect("an activity"),
            blocked: false,
            observation: vec![object(
                "Succeeded",
                "Reached",
                json!({"observed": read, "finishedAt": "2026-11-22T12:08:00Z"}),
            )],
            reservation: vec![object("Succeeded", "Cancelled", json!({}))],
            reserved: serde_json::from_value(reserved).expect("a reservation"),
        }
    }

    fn red(seen: &Seen, happened: &[Happened]) -> Vec<usize> {
        let claims = claims(seen, &journal(happened));
        let numbered = claims.iter().enumerate();
        numbered
            .filter(|(_, (_, seen))| seen.is_err())
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn every_claim_is_true_of_a_demo_that_goes_well() {
        assert_eq!(red(&seen(), &HAPPENED), [0; 0]);
    }

    #[test]
    fn each_claim_turns_red_by_itself() {
        // What goes wrong in the clouds.
        let with = |change: &dyn Fn(&mut Vec<Happened>)| {
            let mut happened = HAPPENED.to_vec();
            change(&mut happened);
            red(&seen(), &happened)
        };
        assert_eq!(with(&|happened| happened.swap(1, 2)), [0]);
        assert_eq!(
            with(&|happened| happened.push(("", "as.paused", ACTIVITY))),
            [0]
        );
        assert_eq!(with(&|happened| happened.push((CANCEL, "", ACTIVITY))), [1]);
        assert_eq!(with(&|happened| happened.push((STOP, "", ACTIVITY))), [1]);
        assert_eq!(with(&|happened| happened[4].2 = "another"), [6]);
        assert_eq!(with(&|happened| happened.push((DELETE, "", RESERVED))), [8]);
        assert_eq!(with(&|happened| happened[5].2 = "another"), [8]);
        let listed = ("clouddc.ListInstances", "", "");
        assert_eq!(with(&|happened| happened.push(listed)), [6]);
        // What goes wrong with the objects.
        let with = |change: &dyn Fn(&mut Seen)| {
            let mut seen = seen();
            change(&mut seen);
            red(&seen, &HAPPENED)
        };
        assert_eq!(with(&|seen| drop(seen.refresh.remove(0))), [2]);
        let unblocked = |seen: &mut Seen| {
            seen.refresh[0]["status"]["conditions"][1]["status"] = "Unknown".into();
        };
        assert_eq!(with(&unblocked), [2]);
        let still =
            |seen: &mut Seen| seen.refresh[1]["status"]["conditions"][1]["status"] = "True".into();
        assert_eq!(with(&still), [2]);
        let failed = |seen: &mut Seen| seen.refresh[1]["status"]["state"] = "Failed".into();
        assert_eq!(with(&failed), [3]);
        let paused = |seen: &mut Seen| seen.activity.status = RefreshStatus::ManualPause;
        assert_eq!(with(&paused), [3]);
        assert_eq!(with(&|seen| seen.blocked = true), [3]);
        let other = |seen: &mut Seen| {
            seen.observation[0]["status"]["observed"]["operationState"] = "x".into();
        };
        assert_eq!(with(&other), [4]);
        let early = |seen: &mut Seen| {
            seen.observation[0]["status"]["finishedAt"] = "2026-11-22T12:07:59Z".into();
        };
        assert_eq!(with(&early), [5]);
        let late = |seen: &mut Seen| seen.reservation[0]["status"]["state"] = "Failed".into();
        assert_eq!(with(&late), [7]);
        assert_eq!(with(&|seen| seen.reserved.cancelled = false), [7]);
        let over = |seen: &mut Seen| {
            seen.reserved.cancellable_until = "2026-11-22T11:59:59Z".parse().ok();
        };
        assert_eq!(with(&over), [9]);
    }
}
