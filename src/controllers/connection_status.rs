//! The Ready condition of a CloudConnection.

use std::sync::Arc;

use errand_engine::Span;
use kube::runtime::events::{Event, EventType};
use kube::{Resource as _, ResourceExt};
use tokio::sync::mpsc::UnboundedSender;

use super::connections::{accepts_the_key, blocked_by_key};
use super::context::Context;
use super::dispatch::{Next, Told, Work};
use super::fit::fitted;
use super::put::{NotWritten, put_status};
use super::queue::{Owner, Urgency};
use super::session::publish;
use super::shown::{Kept, ObjectKey, Shown};
use super::surroundings::Change;
use super::unreadable::Unreadable;
use super::watches::Reports;
use crate::api::{
    CloudConnection, CloudConnectionStatus, Condition, ConditionStatus, ConnectionReason, Reason,
    Timestamp,
};

/// How often a Secret is looked at that no operation uses just now.
const LOOK: Span = Span(60_000);

/// The same while operations wait for another key in it: Errand may get a Secret by its
/// name, and not watch one.
const LOOK_FOR_A_KEY: Span = Span(5_000);

/// How soon a status that was not written is tried again: after a change of the object
/// that the watch has not shown yet, and else.
const AFTER_A_CONFLICT: Span = Span(1_000);
const AFTER_A_FAILURE: Span = LOOK_FOR_A_KEY;

/// So many of those looks are made in a second at most, of all connections.
const LOOKS_IN_A_SECOND: i64 = 20;

/// What the passes of connections share.
pub(super) struct Statuses {
    pub(super) context: Arc<Context>,
    pub(super) shown: Shown<CloudConnection>,
    /// The kinds of operations, which are told of a connection that has changed.
    pub(super) kinds: Vec<UnboundedSender<Change>>,
    pub(super) reports: Reports,
}

impl Statuses {
    fn pause(&self, reason: ConnectionReason) -> Span {
        if !reason.is_about_the_key() {
            return LOOK;
        }
        let blocked = |kept: &Kept<CloudConnection>| match kept {
            Kept::Whole(connection) => blocked_by_key(connection),
            Kept::Ended(_) => false,
        };
        let blocked = self.shown.map(blocked).into_iter().filter(|b| *b).count();
        let blocked = i64::try_from(blocked).unwrap_or(i64::MAX);
        let each = blocked.saturating_mul(1_000 / LOOKS_IN_A_SECOND);
        Span(each.clamp(LOOK_FOR_A_KEY.0, LOOK.0))
    }

    /// The API server refuses the status: one without the message replaces it, and an
    /// event tells it.
    async fn tell_refused(
        &self,
        connection: &CloudConnection,
        reason: ConnectionReason,
        fields: &str,
        now: Timestamp,
    ) {
        let message = format!("The API server refuses the whole status (refused: {fields}).");
        let status = status(connection, reason, message.clone(), now);
        let shown = connection.status.as_ref() == Some(&status)
            || put_status(
                &self.context,
                connection,
                connection.status.as_ref(),
                &status,
            )
            .await
            .is_ok();
        let name = connection.name_any();
        tracing::warn!(%name, %fields, minimal = shown, "status of a connection refused");
        let event = Event {
            type_: EventType::Warning,
            reason: Reason::STATUS_REFUSED.to_string(),
            note: Some(message),
            action: "Write".to_owned(),
            secondary: None,
        };
        publish(&self.context, connection, &event).await;
    }

    fn tell_kinds(&self, key: &ObjectKey) {
        for kind in &self.kinds {
            // Fails only while the process shuts down.
            let _ = kind.send(Change::Connection(key.clone()));
        }
    }
}

fn owner(key: &ObjectKey) -> Owner {
    Owner {
        namespace: key.namespace.clone(),
        connection: key.name.clone(),
    }
}

impl Work for Statuses {
    type Object = CloudConnection;

    fn shown(&self, connection: CloudConnection) -> (ObjectKey, Told) {
        let key = ObjectKey::of(&connection);
        let of = |connection: &CloudConnection| (connection.uid(), connection.meta().generation);
        let now = of(&connection);
        let accepted = accepts_the_key(&connection);
        let secret = connection.spec.credentials.secret_ref.clone();
        let before = self
            .shown
            .put(key.clone(), Kept::Whole(Arc::new(connection)));
        // Operations wait for a change of its spec. Its status is written by this
        // process, and must not make a refused call be tried again.
        let told = match before {
            Some(Kept::Whole(before)) if of(&before) == now => Told::Nothing,
            before => {
                if before.is_none() && accepted {
                    let keys = &self.context.connections.keys;
                    keys.vouch(&key.namespace, &secret);
                }
                self.tell_kinds(&key);
                Told::Wake(owner(&key), Urgency::Routine)
            }
        };
        (key, told)
    }

    fn unreadable(&self, unreadable: &Unreadable) {
        self.reports.tell(unreadable);
    }

    /// What it said of its operations is not so any more.
    fn gone(&self, key: &ObjectKey, _: Option<CloudConnection>) {
        self.reports.gone(key);
        self.shown.remove(key);
        self.tell_kinds(key);
    }

    fn keys(&self) -> Vec<ObjectKey> {
        self.shown.keys()
    }

    fn listed(&self) {
        self.shown.set_listed();
    }

    fn uid(&self, key: &ObjectKey) -> Option<String> {
        self.shown.get(key)?.uid()
    }

    fn owner(&self, key: &ObjectKey) -> Option<(Owner, Urgency)> {
        self.shown.get(key)?;
        Some((owner(key), Urgency::Routine))
    }

    /// Writes the condition if it has changed.
    async fn pass(&self, key: ObjectKey, _: bool) -> Next {
        let context = &self.context;
        let Some(connection) = self.shown.get(&key) else {
            return Next::default();
        };
        let Some((reason, message)) = context.connections.readiness(&connection).await else {
            return Next::at(context.clock.after(LOOK), Urgency::Routine);
        };
        let next = Next::at(context.clock.after(self.pause(reason)), Urgency::Routine);
        if blocked_by_key(&connection) && !reason.is_about_the_key() {
            // There is another key, or the Secret that was missing.
            self.tell_kinds(&key);
        }
        let now = Timestamp::from_millis(context.clock.now().wall.0);
        let status = status(&connection, reason, message, now);
        let kind = CloudConnection::kind(&());
        let status = fitted(&kind, status, connection.status.as_ref());
        if connection.status.as_ref() == Some(&status) {
            return next;
        }
        let pause = match put_status(
            context,
            connection.as_ref(),
            connection.status.as_ref(),
            &status,
        )
        .await
        {
            Ok(_) => return next,
            Err(NotWritten::Refused(fields)) => {
                self.tell_refused(&connection, reason, &fields, now).await;
                return next;
            }
            // A newer version is on its way. It wakes nothing if only its status is newer.
            Err(NotWritten::Conflict) => AFTER_A_CONFLICT,
            Err(NotWritten::NoReply | NotWritten::Unreadable(_)) => AFTER_A_FAILURE,
        };
        next.or(Next::at(context.clock.after(pause), Urgency::Routine))
    }
}

fn status(
    connection: &CloudConnection,
    reason: ConnectionReason,
    message: String,
    now: Timestamp,
) -> CloudConnectionStatus {
    let ready = match reason {
        ConnectionReason::CredentialsAccepted => ConditionStatus::True,
        ConnectionReason::NotProbed => ConditionStatus::Unknown,
        _ => ConditionStatus::False,
    };
    let before = connection.status.as_ref();
    let same = before
        .and_then(|status| status.conditions.iter().find(|c| c.type_ == "Ready"))
        .filter(|condition| condition.status == ready);
    CloudConnectionStatus {
        observed_generation: connection.meta().generation,
        conditions: vec![Condition {
            type_: "Ready".to_owned(),
            status: ready,
            observed_generation: connection.meta().generation,
            last_transition_time: same.and_then(Condition::since).or(Some(now)),
            reason: reason.word().to_owned(),
            message,
        }],
    }
}
