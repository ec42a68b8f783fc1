//! Sending a step: once, with a line in the audit log before and after.

use std::sync::Arc;

use errand_engine::{Answer, Event, Step, may_send};
use kube::ResourceExt as _;

use super::Session;
use crate::api::{Reason, StepStatus, Timestamp};
use crate::cloud::{Draft, Gate, OddId, Reading, Refusal, Sent};
use crate::controllers::audit::{Answered, Line};
use crate::controllers::connections::suspends;
use crate::controllers::money::Charge;
use crate::controllers::shown::ObjectKey;
use crate::controllers::status::{Said, verdict, wish};
use crate::controllers::troubles::{blocked, denied, passing, refused_for_now};
use crate::mistakes::Mistake;
use crate::operations::{Call, Kind, Object as _, Place};

const NOT_AS_RECORDED: &str = "The recorded call is not the one that Errand was about to send, so nothing is sent. Check who else writes the status of this object.";

/// The call of a recorded intent, if the request that it leads to is the recorded one.
fn recorded_call<K: Kind>(record: &StepStatus, step: &Step, place: &Place) -> Option<Call> {
    let call = Call::recorded(K::CALLS, record)?;
    let digest = call.digest(place).ok();
    let same = record.number == step.number && call.rules.key == step.key;
    (same && digest == record.request_digest).then_some(call)
}

/// The request of a recorded call, with its token.
fn request(call: &Call, record: &StepStatus, place: &Place) -> Result<Draft, OddId> {
    let token = record.token.as_deref().unwrap_or_default();
    call.draft(place)?.with_token(call.rules.mutation, token)
}

impl<K: Kind> Session<'_, K> {
    pub(super) async fn send(&mut self) -> Event {
        let (Some(step), Some(connection)) = (self.memory.engine.intent(), &self.connection) else {
            return Event::Unsent(self.now(), passing(Reason::CONNECTION_NOT_READY));
        };
        let (step, clients) = (*step, connection.clients.clone());
        if !self.intended && !connection.is_newest(&self.ctx.client).await {
            let name = &self.object.asked().connection.name;
            self.failed = None;
            self.trouble = Some(format!(
                "CloudConnection {name} has changed, or cannot be read now, so nothing is sent through it until the watch has shown it."
            ));
            return Event::Unsent(self.now(), passing(Reason::CONNECTION_NOT_READY));
        }
        let stored = self.object.status().and_then(|s| s.steps.last());
        let intent = self.memory.intent.clone();
        let intent =
            intent.filter(|intent| stored == Some(intent) || Mistake::Unrecorded.is_made());
        let place = connection.place.clone();
        let Some((info, call)) = intent.and_then(|info| {
            let call = recorded_call::<K>(&info, &step, &place)?;
            Some((info, call))
        }) else {
            let unusable = blocked(Reason::INTENT_NOT_STORED, NOT_AS_RECORDED.to_owned());
            return Event::Unsent(self.now(), self.tell(unusable));
        };
        self.audit("sending", &info, None);
        self.memory.no_effect.forget(&info.id);
        let sent = match request(&call, &info, &place) {
            Ok(draft) => {
                let mutation = call.rules.mutation;
                let client = clients.of(mutation.service);
                client.send(mutation, draft, self.gate(step)).await
            }
            Err(odd) => Sent::NotSent(odd.refusal()),
        };
        if let Sent::Accepted { ids, .. } = &sent {
            K::accepted(&clients, &self.object, ids);
        }
        let (result, refusal) = match &sent {
            Sent::Accepted { request_id, ids } => {
                let said = Refusal {
                    request_id: request_id.clone(),
                    ids: ids.clone(),
                    ..Refusal::default()
                };
                ("accepted", said)
            }
            Sent::Refused(_, refusal) => ("refused", refusal.clone()),
            Sent::NotSent(refusal) => ("not_sent", refusal.clone()),
            Sent::Unknown(refusal) => ("unknown", refusal.clone()),
        };
        self.audit("answered", &info, Some(Answered::new(result, &refusal)));
        let name = call.rules.name;
        self.count_call(name, result);
        if matches!(sent, Sent::Refused(..) | Sent::NotSent(_)) {
            self.memory.no_effect.note(&info.id);
        }
        let now = self.now();
        let reading = match &sent {
            Sent::Refused(reading, _) => Some(*reading),
            _ => None,
        };
        let answer = match sent {
            Sent::Accepted { .. } => Answer::Accepted,
            Sent::Unknown(_) if refusal.says_no() => Answer::Unlisted,
            Sent::Unknown(_) => Answer::Unknown,
            Sent::NotSent(_) => {
                // It is nothing that the cloud said.
                self.failed = None;
                self.trouble = Some(format!(
                    "{} could not be sent: {}.",
                    info.name, refusal.message
                ));
                return Event::Unsent(now, passing(Reason::CLOUD_UNAVAILABLE));
            }
            Sent::Refused(Reading::Retry(reason), _) => {
                self.trouble = Some(refusal.sentence(name));
                self.failed = Some(Box::new(refusal.of(name)));
                return Event::Unsent(now, refused_for_now(reason));
            }
            Sent::Refused(reading, _) => {
                if let Reading::Blocked(Reason::CREDENTIALS_REJECTED) = reading
                    && let Some(connection) = &mut self.connection
                {
                    self.trouble = Some(connection.rejected(&refusal).text);
                } else {
                    let text = refusal.sentence(name);
                    self.trouble = Some(match reading {
                        Reading::Blocked(Reason::PERMISSION_DENIED) => {
                            denied(text, name, &refusal.clone().of(name))
                        }
                        _ => text,
                    });
                }
                self.failed = Some(Box::new(refusal.clone().of(name)));
                Answer::Refused(verdict(reading))
            }
        };
        self.memory.said = Some((step.number, Said { refusal, reading }));
        Event::Answered(now, answer)
    }

    pub(super) fn audit(
        &self,
        event: &'static str,
        step: &StepStatus,
        answer: Option<Answered<'_>>,
    ) {
        Line {
            time: Timestamp::from_millis(self.now().wall.0),
            event,
            kind: &<K::Object as kube::Resource>::kind(&()),
            namespace: &self.namespace(),
            name: &self.object.name_any(),
            uid: &self.object.uid().unwrap_or_default(),
            target: &self.object.target(),
            step: &step.name,
            step_id: &step.id,
            call: step.call.as_ref(),
            request_digest: step.request_digest.as_deref(),
            answer,
        }
        .write();
    }

    /// The last check before the bytes leave, with what is known then.
    fn gate(&self, step: Step) -> Gate {
        let me = self.ctx.writer;
        let clock = self.ctx.clock.clone();
        let leadership = self.ctx.leadership.clone();
        let cache = self.cache.clone();
        let key = ObjectKey::of(&self.object);
        let uid = self.object.uid();
        let wanted = self.object.desired_state();
        let connections = self.ctx.connections.store.clone();
        let (charge, ceiling) = (self.charge.clone(), self.ctx.ceiling.clone());
        let cluster = self.ctx.cluster_id.clone();
        let used = ObjectKey::new(&self.namespace(), &self.object.asked().connection.name);
        Arc::new(move || {
            if Mistake::NoLastCheck.is_made() {
                return true;
            }
            let used = connections.get(&used);
            let policy = used.and_then(|used| used.spec.policy.clone());
            let policy = policy.unwrap_or_default();
            let refused = |charge: &Charge| charge.refused(&ceiling, &policy, cluster.as_deref());
            if charge.as_ref().is_none_or(|c| refused(c).is_some()) {
                return false;
            }
            let newest = cache.get(&key).filter(|object| object.uid() == uid);
            newest.is_some_and(|object| {
                let suspended = suspends(&connections, object.as_ref());
                let wish = wish::<K>(&object, suspended);
                object.desired_state() == wanted
                    && may_send(&step, me, clock.now(), leadership.holds(), &wish)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use errand_engine::{Class, Now, Span, StepKey, Tick, Writer};
    use serde_json::json;

    use super::*;
    use crate::cloud::arguments;
    use crate::operations::resize_cancellation::CancelResize;

    fn place(region: &str, project: &str) -> Place {
        Place {
            scope: project.to_owned(),
            region: region.to_owned(),
            account: "a".to_owned(),
            namespace: "ns".to_owned(),
            hosts: Vec::new(),
        }
    }

    #[test]
    fn a_record_that_leads_to_another_request_is_not_sent() {
        let here = place("r1", "p1");
        let ids = arguments([("instance_id", "i1"), ("task_id", "t1")]);
        let call = Call::new(CancelResize::CALLS[0], ids);
        let recorded = json!({
            "number": 1, "id": "w-1", "name": call.rules.name, "writer": "w",
            "intendedAt": "2026-12-01T02:30:00Z", "sendBefore": "2026-12-01T03:00:00Z",
            "call": call.status(), "requestDigest": call.digest(&here).expect("valid ids"),
        });
        let step = Step {
            number: 1,
            key: StepKey(0),
            class: Class::Natural,
            writer: Writer(1),
            intended: Now {
                wall: Tick(0),
                mono: Tick(0),
            },
            window: Span(0),
            answer: None,
            answered: None,
        };
        let read = |record: &serde_json::Value, place: &Place| {
            let record: StepStatus = serde_json::from_value(record.clone()).expect("a step");
            recorded_call::<CancelResize>(&record, &step, place)
        };
        assert_eq!(read(&recorded, &here), Some(call));
        for (field, value) in [
            ("/call/arguments/task_id", json!("t2")),
            ("/call/arguments", json!({})),
            ("/call/name", json!("StopInstanceRefresh")),
            ("/call", json!(null)),
            ("/requestDigest", json!(null)),
            ("/requestDigest", json!("0".repeat(64))),
            ("/name", json!("CreateChangeOrder")),
            ("/number", json!(2)),
        ] {
            let mut other = recorded.clone();
            *other.pointer_mut(field).expect("a field") = value;
            assert_eq!(read(&other, &here), None, "{field}");
        }
        for there in [place("r2", "p1"), place("r1", "p2")] {
            assert_eq!(read(&recorded, &there), None, "{there:?}");
        }
    }
}
