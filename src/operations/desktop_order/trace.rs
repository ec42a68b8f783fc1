//! Which order is the call's. Pure.
//!
//! GUESS, as nothing documents it: an order is the call's if a line of it carries
//! what billing calls the desktop or its volume, and it was created while the call
//! could arrive (design: 2.2). Two of those cannot be told apart.

use errand_engine::Trace;

use super::facts::{Candidate, Facts, Orders};
use super::standing::{Standing, standing};
use super::{OpenCall, Recorded};
use crate::cloud::huawei::bss::{Order, OrderDetails, OrderStatus, OrderType};
use crate::cloud::huawei::workspace::{Change, Desktop, Volume};
use crate::cloud::{Ids, parse_time};

/// A request that was signed last of all is accepted for 15 minutes.
const ARRIVES_WITHIN: i64 = 15 * 60 * 1000;

/// What two clocks of the same time may differ by.
const CLOCK_MARGIN: i64 = 5_000;

/// When an order of a call was created, in the cloud's time, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Window {
    pub(super) fn of(recorded: &Recorded, clock_offset: i64) -> Self {
        let from = recorded.intended_at + clock_offset - CLOCK_MARGIN;
        Self {
            // BSS tells whole seconds.
            from: from.div_euclid(1000) * 1000,
            until: recorded.send_before + clock_offset + ARRIVES_WITHIN,
        }
    }

    /// Whether the filter was kept to: what is outside is not ours.
    pub(super) fn fits(self, order: &Order, wanted: OrderType) -> Fit {
        let understood = match order.order_type {
            Some(kind) if kind == wanted as i64 => true,
            Some(kind) if OrderType::is_known(kind) => return Fit::No,
            Some(_) => false,
            None => true,
        };
        match order.create_time.as_deref().and_then(millis) {
            Some(at) if !(self.from..=self.until).contains(&at) => Fit::No,
            Some(_) if understood => Fit::Yes,
            _ => Fit::Unknown,
        }
    }
}

/// Whether an order can be the call's by its type and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Yes,
    No,
    /// Its time is missing, or that or its type is written in a way that is not
    /// understood.
    Unknown,
}

/// A time as BSS writes it, or in another form that says which time it is.
pub(super) fn millis(text: &str) -> Option<i64> {
    Some(parse_time(text)?.as_millisecond())
}

/// Of which type the order of a change is.
pub(super) fn order_type(change: &Change<'_>) -> OrderType {
    match change {
        Change::Resize { .. } | Change::ExpandVolume { .. } => OrderType::Change,
        Change::Subscribe { .. } => OrderType::ToPeriod,
    }
}

/// What is to be seen of a call.
pub(super) struct Traced<'a> {
    pub(super) trace: Trace,
    /// Its order as BSS shows it.
    pub(super) order: Option<&'a OrderDetails>,
    /// What was found out about it.
    pub(super) ids: Ids,
    /// Orders of which any may be it.
    pub(super) rivals: Vec<&'a str>,
    /// It, or one that may be it, where that is being undone.
    pub(super) undone: Option<&'a Order>,
    /// The desktop is as the call of an operation that is gone asked.
    pub(super) as_asked: bool,
}

pub(super) fn trace<'a>(facts: &'a Facts, call: &OpenCall<'_>) -> Traced<'a> {
    let (mut rivals, mut undone) = (Vec::new(), None);
    let is_undone = |details: &&OrderDetails| {
        let status = details.order.status();
        status.is_some_and(OrderStatus::is_being_undone)
    };
    let (order, unclear) = match &facts.orders {
        Orders::Known(order) => (order.as_ref(), false),
        Orders::Listed { candidates, whole } => {
            let fitting = |candidate: &&Candidate| {
                let asks = call.asks.as_ref();
                let desktop = facts.desktop.as_ref();
                asks.is_some_and(|asks| is_about(candidate, &asks.change, desktop))
            };
            let fitting: Vec<_> = candidates.iter().filter(fitting).collect();
            match fitting[..] {
                [one] if *whole && !one.untimed => (Some(&one.details), false),
                [] if *whole => (None, false),
                _ => {
                    rivals = fitting.iter().map(|c| &*c.details.order.order_id).collect();
                    undone = fitting.iter().map(|c| &c.details).find(is_undone);
                    (None, true)
                }
            }
        }
        Orders::NotAsked | Orders::Unreadable(_) => (None, false),
    };
    // A job is made by the call alone.
    let job = facts.job.as_ref();
    let as_asked = call.recorded.foreign
        && call.asks.is_some_and(|asks| {
            let desktop = facts.desktop.as_ref();
            desktop.is_some_and(|desktop| standing(&asks.change, desktop) == Standing::AsWanted)
        });
    let trace = match order.is_some() || job.is_some() || as_asked {
        true => Trace::Shown,
        false if unclear => Trace::Unclear,
        false => Trace::NotShown,
    };
    let found = order.map(|found| call.order_id.unwrap_or(&found.order.order_id).to_owned());
    let found = found.map(|id| ("order_id".to_owned(), id));
    Traced {
        trace,
        order,
        ids: found.into_iter().collect(),
        rivals,
        undone: order.filter(is_undone).or(undone).map(|found| &found.order),
        as_asked,
    }
}

/// It is about what the change is about.
pub(super) fn is_about(
    candidate: &Candidate,
    change: &Change<'_>,
    desktop: Option<&Desktop>,
) -> bool {
    desktop.is_some_and(|desktop| ids_of(change, desktop).any(|id| candidate.carries(id)))
}

/// What the service and billing call that which is changed.
fn ids_of<'a>(change: &Change<'_>, desktop: &'a Desktop) -> impl Iterator<Item = &'a str> {
    let volume = match change {
        Change::ExpandVolume { volume, .. } => desktop.volume(volume),
        Change::Resize { .. } | Change::Subscribe { .. } => None,
    };
    let own = desktop.bill_resource_id.as_deref();
    let of_volume = volume.into_iter().flat_map(Volume::ids);
    own.into_iter()
        .chain([desktop.desktop_id.as_str()])
        .chain(of_volume)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_262_400_000;

    fn order(created: Option<&str>, kind: Option<i64>) -> Order {
        Order {
            create_time: created.map(str::to_owned),
            order_type: kind,
            ..Order::default()
        }
    }

    fn window(clock_offset: i64) -> Window {
        let recorded = super::super::samples::call(NOON + 999, None, &[]);
        Window::of(&recorded, clock_offset)
    }

    #[test]
    fn an_order_counts_only_if_it_was_created_while_the_call_could_arrive() {
        let holds = |created: &str, offset| {
            let order = order(Some(created), Some(3));
            window(offset).fits(&order, OrderType::Change) == Fit::Yes
        };
        for (created, offset, expected) in [
            ("2026-11-21T11:59:54Z", 0, false),
            ("2026-11-21T11:59:55Z", 0, true),
            ("2026-11-21T12:00:00Z", 0, true),
            ("2026-11-21T12:45:00Z", 0, true),
            ("2026-11-21T12:45:01Z", 0, false),
            // The cloud's clock is ten minutes ahead of ours.
            ("2026-11-21T12:09:54Z", 600_000, false),
            ("2026-11-21T12:55:00Z", 600_000, true),
            ("2026-11-21T11:49:55Z", -600_000, true),
            ("2026-11-21T12:36:00Z", -600_000, false),
        ] {
            assert_eq!(holds(created, offset), expected, "{created} {offset}");
        }
    }

    #[test]
    fn an_order_of_another_type_is_not_ours_and_one_of_no_known_time_may_be() {
        let noon = Some("2026-11-21T12:00:00Z");
        for (created, kind, expected) in [
            (noon, Some(3), Fit::Yes),
            (noon, None, Fit::Yes),
            (noon, Some(11), Fit::No),
            (noon, Some(1), Fit::No),
            (noon, Some(77), Fit::Unknown),
            (None, Some(11), Fit::No),
            (None, Some(3), Fit::Unknown),
            (Some("noon"), Some(3), Fit::Unknown),
            (Some("2026-11-21 12:00:00"), Some(3), Fit::Unknown),
        ] {
            let fits = window(0).fits(&order(created, kind), OrderType::Change);
            assert_eq!(fits, expected, "{created:?} {kind:?}");
        }
    }
}
