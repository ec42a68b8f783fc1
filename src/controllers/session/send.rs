//! Sending a step: once, with a line in the audit log before and after.

use std::sync::Arc;

use errand_engine::{Answer, Event, Step, may_send};
use kube::ResourceExt as _;

use super::Session;
use crate::api::{Reason, StepStatus, Timestamp};
use crate::cloud::{Gate, Reading, Refusal, Sent};
use crate::controllers::audit::{Answered, Line};
use crate::controllers::connections::suspends;
use crate::controllers::money::Charge;
use crate::controllers::shown::ObjectKey;
use crate::controllers::status::{Said, verdict, wish};
use crate::controllers::troubles::{denied, passing, refused_for_now};
use crate::mistakes::Mistake;
use crate::operations::{Kind, Object as _};

impl<K: Kind> Session<'_, K> {
    pub(super) async fn send(&mut self) -> Event {
        let (Some(step), Some(connection)) = (self.memory.engine.intent(), &self.connection) else {
            return Event::Unsent(self.now(), passing(Reason::ConnectionNotReady));
        };
        let (step, clients) = (*step, connection.clients.clone());
        if !self.intended && !connection.is_newest(&self.ctx.client).await {
            let name = &self.object.asked().connection.name;
            self.failed = None;
            self.trouble = Some(format!(
                "CloudConnection {name} has changed, or cannot be read now, so nothing is sent through it until the watch has shown it."
            ));
            return Event::Unsent(self.now(), passing(Reason::ConnectionNotReady));
        }
        let info = self.intent(&step);
        self.audit("sending", &info, None);
        self.memory.no_effect.forget(&info.id);
        let sent = K::perform(&clients, &self.object, step.key, self.gate(step)).await;
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
        self.count_call(K::STEPS[usize::from(step.key.0)].name, result);
        if matches!(sent, Sent::Refused(..) | Sent::NotSent(_)) {
            self.memory.no_effect.note(&info.id);
        }
        let now = self.now();
        let name = K::STEPS[usize::from(step.key.0)].name;
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
                return Event::Unsent(now, passing(Reason::CloudUnavailable));
            }
            Sent::Refused(Reading::Retry(reason), _) => {
                self.trouble = Some(refusal.sentence(name));
                self.failed = Some(Box::new(refusal.of(name)));
                return Event::Unsent(now, refused_for_now(reason));
            }
            Sent::Refused(reading, _) => {
                if let Reading::Blocked(Reason::CredentialsRejected) = reading
                    && let Some(connection) = &mut self.connection
                {
                    self.trouble = Some(connection.rejected(&refusal).text);
                } else {
                    let text = refusal.sentence(name);
                    self.trouble = Some(match reading {
                        Reading::Blocked(Reason::PermissionDenied) => {
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
