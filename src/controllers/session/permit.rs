//! What has to be had before a step: permission, a place among those at work, the
//! claim in the ledger, and its closing.

use errand_engine::{Closing, Event, Plan, Step};
use kube::ResourceExt as _;

use super::Session;
use crate::api::{PaidOperations, Reason, Timestamp};
use crate::controllers::admission::connection_id;
use crate::controllers::ledger::{End, Look, NotWritten, Recalled};
use crate::controllers::money::Charge;
use crate::controllers::status::{approved, step_status};
use crate::controllers::troubles::{concurrency_limit, not_leading, passing, target_locked};
use crate::mistakes::Mistake;
use crate::operations::{Call, Kind, Object as _};

impl<K: Kind> Session<'_, K> {
    pub(super) async fn permit(&mut self, plan: Plan) -> Event {
        let now = self.now();
        if !self.ctx.leadership.holds() {
            return Event::Forbidden(now, not_leading());
        }
        let Some(connection) = &self.connection else {
            return Event::Forbidden(now, passing(Reason::CONNECTION_NOT_READY));
        };
        if connection.clients.skewed(self.ctx.rules.margin.0) {
            let trouble = passing(Reason::CLOCK_SKEW);
            (self.trouble, self.failed) = (Some(Reason::CLOCK_SKEW.meaning().to_owned()), None);
            return Event::Forbidden(now, trouble);
        }
        let policy = connection.policy.clone();
        let charge = Charge::of(
            &self.ctx.client,
            &self.ctx.ceiling,
            &self.namespace(),
            plan.paid,
            self.call(plan.key)
                .map_or(PaidOperations::AutomaticPayment, Call::payment),
        )
        .await;
        let cluster = self.ctx.cluster_id.as_deref();
        let refused = charge.refused(&self.ctx.ceiling, &policy, cluster);
        self.charge = Some(charge);
        let now = self.now();
        if let Some(unusable) = refused {
            return Event::Forbidden(now, self.tell(unusable));
        }
        if let Some(look) = &self.look
            && let Some(holder) = look.holder()
        {
            let unusable = target_locked(holder, &self.namespace(), &look.claimant.ledger());
            self.locked_by = Some(unusable.1);
            return Event::Forbidden(now, self.tell(unusable.0));
        }
        if let Some(full) = self
            .look
            .as_ref()
            .filter(|_| plan.ledger)
            .and_then(Look::full)
        {
            return Event::Forbidden(now, self.tell(full));
        }
        match self.admitted().await {
            true => Event::Permitted(now),
            false => {
                let trouble = self.tell(concurrency_limit(self.ctx.rules.poll));
                Event::Forbidden(now, trouble)
            }
        }
    }

    /// policy.maxConcurrent of the connection lets it start, or it has started.
    async fn admitted(&self) -> bool {
        let steps = self.object.status().map_or(0, |status| status.steps.len());
        let limit = self
            .connection
            .as_ref()
            .and_then(|connection| connection.limit);
        let (0, Some(limit)) = (steps, limit) else {
            return true;
        };
        let uid = self.object.uid().unwrap_or_default();
        let connection = connection_id(&self.object);
        self.ctx.started.admit(&connection, &uid, limit).await
    }

    pub(super) fn release_if_not_under_way(&self) {
        let status = self.object.status();
        if status.is_none_or(|s| s.steps.is_empty()) || self.object.is_finished() {
            let uid = self.object.uid().unwrap_or_default();
            let connection = connection_id(&self.object);
            self.ctx.started.release(&connection, &uid);
        }
    }

    pub(super) async fn claim(&mut self, step: Step) -> Event {
        let now = self.now();
        if Mistake::Unrecorded.is_made() {
            return Event::Permitted(now);
        }
        let approved = approved(&self.object);
        let Some(look) = &mut self.look else {
            return Event::NoReply(now);
        };
        // Also if it is not known whether it was claimed.
        self.memory.ledger = Some(look.claimant.ledger());
        let uid = self.object.uid().unwrap_or_default();
        let no_effect = &mut self.memory.no_effect;
        no_effect.note(&step_status::<K>(&uid, &step).id);
        let claimed = self
            .ctx
            .ledgers
            .claim::<K>(look, &step, approved, no_effect);
        match claimed.await {
            Ok(()) => Event::Permitted(self.now()),
            Err(NotWritten::Conflict) => Event::Conflict,
            Err(NotWritten::NoReply) => Event::NoReply(self.now()),
            Err(NotWritten::Forbidden(unusable)) => {
                let now = self.now();
                Event::Forbidden(now, self.tell(unusable))
            }
        }
    }

    pub(super) async fn close(&mut self, step: Step, closing: Closing) -> Event {
        let now = self.now();
        if Mistake::Unrecorded.is_made() {
            return Event::Written(now, true);
        }
        let mut ids = self
            .assessment
            .as_ref()
            .map(|a| a.ids.clone())
            .unwrap_or_default();
        let id = self.intent(&step).id;
        let of_the_claim = self.recalled.as_ref().map_or(&*id, Recalled::step_id);
        let steps = self.object.status().map_or(&[][..], |status| &status.steps);
        let recorded = steps.iter().find(|step| step.id == of_the_claim);
        ids.extend(recorded.map(|step| step.ids.clone()).unwrap_or_default());
        if let Some((number, said)) = &self.memory.said
            && *number == step.number
        {
            ids.extend(said.refusal.ids.clone());
        }
        let end = End {
            closing,
            ids,
            now: Timestamp::from_millis(now.wall.0),
            no_effect: &self.memory.no_effect,
        };
        let ledgers = &self.ctx.ledgers;
        let closed = match (&mut self.look, &self.recalled, &self.memory.ledger) {
            (Some(look), ..) => ledgers.close::<K>(&self.object, look, end).await,
            (None, Some(recalled), _) => {
                let closed = ledgers.close_recalled::<K>(&self.object, recalled, end);
                closed.await
            }
            // This session is about an object that is gone, and has not looked.
            (None, None, Some(name)) => {
                let closed = ledgers.close_own::<K>(&self.object, name, &id, end);
                closed.await
            }
            (None, None, None) => Err(NotWritten::NoReply),
        };
        match closed {
            Ok(()) => Event::Written(self.now(), true),
            Err(NotWritten::Conflict) => Event::Conflict,
            Err(NotWritten::NoReply) => Event::NoReply(self.now()),
            Err(NotWritten::Forbidden(unusable)) => {
                let now = self.now();
                Event::Forbidden(now, self.tell(unusable))
            }
        }
    }
}
