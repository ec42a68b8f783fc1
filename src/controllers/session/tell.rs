//! Telling people: events, the log, metrics.

use errand_engine::{Report, Span, Tick, Trouble};
use kube::ResourceExt as _;
use kube::runtime::events::{Event as KubeEvent, EventType};

use super::Session;
use crate::api::{Reason, State, Status, StepStatus};
use crate::controllers::audit::Answered;
use crate::controllers::connections::Unusable;
use crate::controllers::context::Context;
use crate::controllers::expiry::{Expiry, expiry};
use crate::controllers::metrics::{CloudCall, Ended};
use crate::controllers::status::{Said, reason, words};
use crate::operations::{Kind, Object as _, reason_of_code};

/// Publishes an event about the object.
pub(in crate::controllers) async fn publish<R>(context: &Context, object: &R, event: &KubeEvent)
where
    R: kube::Resource<DynamicType = ()>,
{
    context.events.publish(event, &object.object_ref(&())).await;
}

/// How long a connection that does not fit may be on its way.
const GRACE: Span = Span(60_000);

/// What a status says: state and reason.
pub(super) fn shown<O>(status: Option<&Status<O>>) -> Option<(State, Reason)> {
    status.and_then(|status| Some((status.state?, reason(status)?)))
}

/// How often it is told that a status is refused.
const AGAIN: Span = Span(3_600_000);

/// The API server refuses a status of the object, because of these fields. Told once an
/// hour, and when the fields change.
pub(in crate::controllers) async fn tell_refused<R>(
    context: &Context,
    object: &R,
    known: &mut Option<(String, Tick)>,
    fields: &str,
    shown: &str,
) where
    R: kube::Resource<DynamicType = ()>,
{
    let now = context.clock.now().mono;
    let told = known.as_ref();
    if told.is_some_and(|(of, at)| of == fields && now.0 - at.0 < AGAIN.0) {
        return;
    }
    *known = Some((fields.to_owned(), now));
    let (kind, name) = (R::kind(&()), object.name_any());
    let namespace = object.namespace().unwrap_or_default();
    tracing::warn!(%kind, %namespace, %name, %fields, %shown, "status refused");
    let reason = Reason::STATUS_REFUSED;
    let event = KubeEvent {
        type_: EventType::Warning,
        reason: reason.to_string(),
        note: Some(format!("{} Refused: {fields}. {shown}", reason.meaning())),
        action: State::Blocked.word().to_owned(),
        secondary: None,
    };
    publish(context, object, &event).await;
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

    /// A user has to fix something: told once for each reason, in an event and the log.
    /// What stood there before an attempt to go on counts.
    pub(super) async fn note_blocked(&mut self, before: Option<(State, Reason)>) {
        let Some((state, reason)) = shown(self.object.status()) else {
            return;
        };
        match state {
            State::Blocked if self.memory.blocked == Some(reason) => {}
            State::Blocked => {
                self.memory.blocked = Some(reason);
                let known = Some((state, reason));
                if before == known || self.stood == known {
                    // Another process has told it.
                    return;
                }
                let summary = self.object.status().and_then(|s| s.summary.clone());
                let text = summary.as_deref().unwrap_or_default();
                tracing::warn!(operation = %self.object.target(), %reason, %text, "blocked");
                let action = state.word().to_owned();
                let reason = reason.to_string();
                self.publish(EventType::Warning, reason, summary, action)
                    .await;
            }
            State::Pending | State::Executing => {}
            _ => self.memory.blocked = None,
        }
    }

    /// The API server refuses a status, because of these fields; `shown`: a minimal one
    /// says so.
    pub(super) async fn tell_refused(&mut self, fields: &str, shown: bool) {
        let shown = match shown {
            true => "Its status shows only what is needed to go on.",
            false => "Not even a minimal status is taken, so its status does not change.",
        };
        let known = &mut self.memory.status_refused;
        tell_refused(self.ctx, &self.object, known, fields, shown).await;
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
        (self.trouble, self.failed) = (Some(unusable.text), unusable.said);
        self.after_grace(unusable.trouble)
    }

    /// A connection that is missing, or that cannot be used as it is, may be on its way:
    /// objects are applied in any order. After that it is for the user to fix.
    fn after_grace(&mut self, trouble: Trouble) -> Trouble {
        let of_the_connection = [Reason::CONNECTION_NOT_FOUND, Reason::CONNECTION_NOT_READY];
        let reason = reason_of_code(trouble.code);
        let reason = reason.filter(|reason| of_the_connection.contains(reason));
        let Some(reason) = reason.filter(|_| trouble.quiet == 0) else {
            self.memory.unfit = None;
            return trouble;
        };
        let now = self.now().mono;
        let since = match self.memory.unfit {
            Some((code, since)) if code == trouble.code => since,
            _ => now,
        };
        self.memory.unfit = Some((trouble.code, since));
        let left = Span(GRACE.0 - (now.0 - since.0));
        let stands = shown(self.object.status()) == Some((State::Blocked, reason));
        match stands || left.0 <= 0 {
            true => Trouble {
                blocked: true,
                ..trouble
            },
            false => Trouble {
                pause: Some(left),
                ..trouble
            },
        }
    }

    pub(super) fn count_call(&self, call: &'static str, result: &'static str) {
        let service = K::SERVICES[0].name;
        let label = CloudCall {
            service,
            call,
            result,
        };
        self.ctx.metrics.cloud_calls.get_or_create(&label).inc();
    }
}
