//! ECS's scheduled instances: the calls (contracts sections b.1, b.2 and b.4). What an
//! order goes through is in [`state`], what a ClientToken means in [`tokens`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::query::Query;
use crate::journal::NewEffect;
use crate::message::Refusal;
use crate::seed::BadSeed;
use seed::{EcsReadings, EmptyResult, Reservation, ReservationAction};
use state::{Order, ReservationState};
use tokens::{Tokens, Turn};

pub(crate) mod seed;
pub(crate) mod state;
mod tokens;
mod view;

/// An action of ECS.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Delete,
    Describe,
}

/// The actions, their names in the journal, and the calls.
pub(crate) const APIS: [(&str, &str, Call); 2] = [
    (
        "DeleteScheduledInstance",
        "ecs.DeleteScheduledInstance",
        Call::Delete,
    ),
    (
        "DescribeScheduledInstances",
        "ecs.DescribeScheduledInstances",
        Call::Describe,
    ),
];

/// What happened, and when.
type Events = Vec<(Timestamp, NewEffect)>;

/// The orders of every region.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ecs {
    pub(crate) readings: EcsReadings,
    orders: BTreeMap<String, Order>,
    tokens: Tokens,
    /// When the next order goes on by itself.
    next: Option<Timestamp>,
}

impl Ecs {
    pub(crate) fn put(
        &mut self,
        reservations: Vec<Reservation>,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let mut seen = BTreeSet::new();
        for reservation in reservations {
            if !seen.insert(reservation.id.clone()) {
                let why = format!("two reservations with the id {}", reservation.id);
                return Err(BadSeed::new(why));
            }
            let order = Order::new(reservation, now)?;
            self.orders.insert(order.seed.id.clone(), order);
        }
        // What happened before the seed came is nobody's event.
        self.plan();
        self.settle(now, &mut Events::new());
        Ok(())
    }

    /// Delivers and ends what is due by then, order by order.
    pub(crate) fn settle(&mut self, until: Timestamp, events: &mut Events) {
        if self.next.is_none_or(|next| next > until) {
            return;
        }
        for order in self.orders.values_mut() {
            while order.due().is_some_and(|due| due <= until) {
                events.push(order.step());
            }
        }
        self.plan();
    }

    fn plan(&mut self) {
        self.next = self.orders.values().filter_map(Order::due).min();
    }

    pub(crate) fn reservations(&self, now: Timestamp) -> Vec<ReservationState> {
        let orders = self.orders.values();
        orders
            .map(|order| order.state(now, &self.readings))
            .collect()
    }

    pub(crate) fn reservation(&self, id: &str, now: Timestamp) -> Option<ReservationState> {
        Some(self.orders.get(id)?.state(now, &self.readings))
    }

    /// What somebody else does in the console, or the cloud itself.
    pub(crate) fn act(
        &mut self,
        id: &str,
        action: ReservationAction,
        now: Timestamp,
        events: &mut Events,
    ) -> Result<(), BadSeed> {
        let order = self.orders.get_mut(id);
        let order = order.ok_or_else(|| BadSeed::new("no such reservation"))?;
        match action {
            ReservationAction::Cancel => {
                let cancelled = order.cancel(now, &self.readings);
                cancelled.map_err(|why| BadSeed::new(refused(why).message))?;
            }
            _ if order.invalid_at.is_some() => {
                return Err(BadSeed::new("the reservation is cancelled or invalid"));
            }
            ReservationAction::Deliver(count) if count > order.seed.count - order.delivered => {
                return Err(BadSeed::new("it delivers more than its count"));
            }
            ReservationAction::Deliver(count) => events.push((now, order.deliver(count, now))),
            ReservationAction::Invalidate => events.push((now, order.invalidate(now))),
        }
        self.plan();
        Ok(())
    }

    pub(crate) fn describe(
        &self,
        region: &str,
        query: &Query,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let orders = self.orders.values();
        let seen = orders
            .filter(|order| order.seed.region == region && order.is_visible(now, &self.readings));
        let list = view::list(seen.collect(), query, now, &self.readings)?;
        Ok(json!({"Result": list}))
    }

    pub(crate) fn delete(
        &mut self,
        caller: &str,
        region: &str,
        query: &Query,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Value, Refusal> {
        let Some(id) = query.filled("ScheduledInstanceId") else {
            let code = "MissingParameter.ScheduledInstanceId";
            return Err(Refusal::new(400, code, "ScheduledInstanceId is required."));
        };
        let token = query.filled("ClientToken");
        let parameters = query.without(&["ClientToken"]);
        if let Some(token) = token {
            let tokens = &self.tokens;
            let turn = tokens.check(caller, token, &parameters, now, &self.readings)?;
            if let Turn::Repeat = turn {
                return Ok(self.nothing());
            }
        }
        let readings = &self.readings;
        let order = self
            .orders
            .get_mut(id)
            .filter(|order| order.seed.region == region && order.is_visible(now, readings));
        let Some(order) = order else {
            let code = "InvalidScheduledInstance.NotFound";
            return Err(Refusal::new(
                404,
                code,
                "The scheduled instance does not exist.",
            ));
        };
        order.cancel(now, readings).map_err(refused)?;
        effects.push(order.event("ecs.delete", &[]));
        if let Some(token) = token {
            self.tokens.keep(caller, token, parameters, now);
        }
        self.plan();
        Ok(self.nothing())
    }

    /// The body of a success that has nothing to say.
    fn nothing(&self) -> Value {
        match self.readings.empty_result {
            EmptyResult::Absent => json!({}),
            EmptyResult::Null => json!({"Result": null}),
            EmptyResult::Object => json!({"Result": {}}),
        }
    }
}

fn refused(why: state::Refusal) -> Refusal {
    match why {
        state::Refusal::Kind => Refusal::new(
            400,
            "InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported",
            "The specified DeliveryType cannot be used for scheduled instance deletion.",
        ),
        state::Refusal::Status => Refusal::new(
            400,
            "InvalidScheduledInstanceStatus",
            "The status of the scheduled instance does not allow the operation.",
        ),
        state::Refusal::Time => Refusal::new(
            412,
            "OperationDenied.LatestCancelTime",
            "The latest time to cancel the scheduled instance has passed.",
        ),
    }
}

/// The ids that a query names, for journal and faults.
pub(crate) fn ids(query: &Query) -> Vec<String> {
    let one = query.filled("ScheduledInstanceId").into_iter();
    let all = one.chain(query.list("ScheduledInstanceIds"));
    all.map(Into::into).collect()
}
