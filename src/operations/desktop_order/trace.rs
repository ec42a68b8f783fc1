//! Which order is the call's. Pure.
//!
//! GUESS, as nothing documents it: an order is the call's if a line of it carries
//! what billing calls the desktop or its volume, and it was created while the call
//! could arrive (design: 2.2). Two of those cannot be told apart.

use errand_engine::Trace;

use super::facts::{Candidate, Facts, Orders};
use super::standing::{Standing, standing};
use super::{Call, Recorded};
use crate::cloud::Ids;
use crate::cloud::huawei::bss::{Order, OrderDetails, OrderType};
use crate::cloud::huawei::workspace::{Change, Desktop};

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
    pub(super) fn holds(self, order: &Order, wanted: OrderType) -> bool {
        let created = order.create_time.as_deref().and_then(millis);
        let in_time = created.is_some_and(|at| (self.from..=self.until).contains(&at));
        in_time && order.order_type.is_none_or(|kind| kind == wanted as i64)
    }
}

/// A time as BSS writes it.
pub(super) fn millis(text: &str) -> Option<i64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
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
}

pub(super) fn trace<'a>(facts: &'a Facts, call: &Call<'_>) -> Traced<'a> {
    let mut rivals = Vec::new();
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
                [one] if *whole => (Some(&one.details), false),
                [] if *whole => (None, false),
                _ => {
                    rivals = fitting.iter().map(|c| &*c.details.order.order_id).collect();
                    (None, true)
                }
            }
        }
        Orders::NotAsked | Orders::Unreadable(_) => (None, false),
    };
    // A job is made by the call alone. One that failed is left to the order.
    let job = facts.job.as_ref().filter(|job| !job.failed());
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
    let volume = volume.map(|v| [&v.id, &v.volume_id, &v.bill_resource_id]);
    let ids = [desktop.bill_resource_id.as_deref()]
        .into_iter()
        .chain(volume.into_iter().flatten().map(|id| id.as_deref()));
    ids.flatten().chain([desktop.desktop_id.as_str()])
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
            window(offset).holds(&order(Some(created), Some(3)), OrderType::Change)
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
    fn an_order_of_another_type_or_of_no_known_time_does_not_count() {
        let noon = Some("2026-11-21T12:00:00Z");
        for (created, kind, expected) in [
            (noon, Some(3), true),
            (noon, None, true),
            (noon, Some(11), false),
            (None, Some(3), false),
            (Some("noon"), Some(3), false),
        ] {
            let holds = window(0).holds(&order(created, kind), OrderType::Change);
            assert_eq!(holds, expected, "{created:?} {kind:?}");
        }
    }
}
