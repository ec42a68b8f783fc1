//! Telling people: events, the log, metrics.

use errand_engine::{Report, Trouble};
use kube::runtime::events::{Event as KubeEvent, EventType};
use tokio::time::timeout;

use super::Session;
use crate::api::{State, StepStatus};
use crate::controllers::audit::Answered;
use crate::controllers::connections::Unusable;
use crate::controllers::context::{API_TIMEOUT, Context};
use crate::controllers::expiry::{Expiry, expiry};
use crate::controllers::metrics::{CloudCall, Ended};
use crate::controllers::status::{Said, words};
use crate::operations::{Kind, Object as _};

/// Publishes an event about the object.
pub(in crate::controllers) async fn publish<R>(context: &Context, object: &R, event: &KubeEvent)
where
    R: kube::Resource<DynamicType = ()>,
{
    let reference = object.object_ref(&());
    let published = timeout(API_TIMEOUT, context.events.publish(event, &reference)).await;
    if let Ok(Err(e)) = published {
        tracing::warn!(error = %e, "event not published");
    }
}

impl<K: Kind> Session<'_, K> {
    pub(super) async fn announce(&self, report: Report) {
        let (state, reason) = words::<K>(&self.object, report);
        let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
        let (reason, note) = match report {
            Report::Orphaned => (
                "DeletedInFlight".to_owned(),
                self.orphaned().map(|(_, note)| note),
            ),
            Report::Withdrawn(_) => (
                "QuestionWithdrawn".to_owned(),
                Some(format!(
                    "The question {reason} was withdrawn: what it was about is no longer so. {}",
                    self.object
                        .status()
                        .and_then(|s| s.summary.as_deref())
                        .unwrap_or_default()
                )),
            ),
            _ => {
                let summary = self.object.status().and_then(|s| s.summary.clone());
                (reason.to_string(), summary)
            }
        };
        if let Report::Ended(_) = report {
            let outcome = reason.clone();
            let stands = self.object.status().and_then(|s| s.outcome.as_ref());
            if stands != Some(&outcome) {
                // Another process has ended it otherwise, and tells that.
                return;
            }
            self.ctx
                .metrics
                .ended
                .get_or_create(&Ended { kind, outcome })
                .inc();
        }
        if let (Report::Orphaned, Some((step, _))) = (report, self.orphaned())
            && let Some((_, Said { refusal: said, .. })) = &self.memory.said
        {
            self.audit(
                "orphaned",
                step,
                Some(Answered::new("recorded_here_only", said)),
            );
        }
        tracing::info!(operation = %self.object.target(), ?state, %reason, "reported");
        let type_ = match state {
            State::Succeeded => EventType::Normal,
            _ if matches!(report, Report::Withdrawn(_)) => EventType::Normal,
            _ => EventType::Warning,
        };
        self.publish(type_, reason, note, state.word().to_owned())
            .await;
        if let Expiry::TrackedBy(tool) = expiry(&self.object) {
            let note = format!(
                "ttlAfterSuccess is not applied: {tool} tracks this object and would make it anew. Remove it there."
            );
            let reason = "TtlNotApplied".to_owned();
            self.publish(EventType::Normal, reason, Some(note), "Expire".to_owned())
                .await;
        }
    }

    async fn publish(
        &self,
        type_: EventType,
        reason: String,
        note: Option<String>,
        action: String,
    ) {
        let event = KubeEvent {
            type_,
            reason,
            note,
            action,
            secondary: None,
        };
        publish(self.ctx, &self.object, &event).await;
    }

    /// The step whose answer has no object any more, and a sentence about it.
    fn orphaned(&self) -> Option<(&StepStatus, String)> {
        let step = self.object.status()?.steps.last()?;
        let note = format!(
            "The object was deleted while {} was under way. What came of the call is in Errand's audit log, id {}; look at {} in the cloud.",
            step.name,
            step.id,
            self.object.target()
        );
        Some((step, note))
    }

    pub(super) fn tell(&mut self, unusable: Unusable) -> Trouble {
        self.trouble = Some(unusable.text);
        unusable.trouble
    }

    pub(super) fn count_call(&self, call: &'static str, result: &'static str) {
        let service = K::SERVICES[0].label();
        let label = CloudCall {
            service,
            call,
            result,
        };
        self.ctx.metrics.cloud_calls.get_or_create(&label).inc();
    }
}
