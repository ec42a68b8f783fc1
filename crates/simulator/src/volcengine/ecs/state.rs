//! What a reservation goes through, on the simulator's clock.
//!
//! Nothing here runs by itself: the world settles what has come before it looks, in
//! the order of its time.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::seed::{CancelledOrder, EcsReadings, Reservation, ReservationKind, StatusWords};
use crate::journal::NewEffect;
use crate::seed::BadSeed;

/// Documented for Esi.
const CANCELLABLE: SignedDuration = SignedDuration::from_mins(30);
/// Documented: Esi is delivered 4 to 8 hours ahead, on a 10-minute mark, and a slot is
/// 10 minutes long.
const AHEAD: SignedDuration = SignedDuration::from_hours(4);
const MARK: i64 = 600;
pub(super) const SLOT: SignedDuration = SignedDuration::from_mins(10);
/// GUESS: how soon an immediate order is delivered.
const IMMEDIATELY: SignedDuration = SignedDuration::from_mins(1);

/// A reservation as it is now, shown to callers or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationState {
    /// The ScheduledInstanceId.
    pub id: String,
    /// Its region.
    pub region: String,
    /// Which rules hold for it.
    pub kind: ReservationKind,
    /// The word that callers see: an invented one.
    pub status: String,
    /// How many instances are wanted.
    pub count: u32,
    /// How many came.
    pub delivered: u32,
    /// It was cancelled, by a call or in the console.
    pub cancelled: bool,
    /// Callers see it.
    pub visible: bool,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When its slot starts.
    pub start_delivery_at: Option<Timestamp>,
    /// When it was cancelled or became invalid.
    pub invalid_at: Option<Timestamp>,
    /// The last moment for a cancel; none: there is none.
    pub cancellable_until: Option<Timestamp>,
}

/// A reservation.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) seed: Reservation,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) starts_at: Option<Timestamp>,
    pub(super) released_at: Option<Timestamp>,
    pub(super) invalid_at: Option<Timestamp>,
    pub(super) delivered: u32,
    cancelled: bool,
    lapses_at: Option<Timestamp>,
    /// What will come, the next first.
    deliveries: Vec<(Timestamp, u32)>,
}

/// Why a cancel is refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refusal {
    /// Never for this kind.
    Kind,
    /// Cancelled, delivered or invalid already.
    Status,
    /// Too late.
    Time,
}

impl Order {
    pub(super) fn new(seed: Reservation, now: Timestamp) -> Result<Self, BadSeed> {
        let created_at = seed.created_at.map_or(Ok(now), |when| when.from(now))?;
        let starts_at = match (seed.start_delivery_at, seed.kind) {
            (Some(when), _) => Some(when.from(now)?),
            (None, ReservationKind::SegmentedImmediate) => None,
            (None, _) => Some(marked(later(created_at, AHEAD))),
        };
        let first = starts_at.unwrap_or(later(created_at, IMMEDIATELY));
        let mut deliveries = match &seed.deliveries {
            None => vec![(first, seed.count)],
            Some(all) => all
                .iter()
                .map(|delivery| Ok((delivery.at.from(now)?, delivery.count)))
                .collect::<Result<Vec<_>, BadSeed>>()?,
        };
        deliveries.sort();
        let whole: u64 = deliveries.iter().map(|(_, count)| u64::from(*count)).sum();
        if whole > seed.count.into() {
            return Err(BadSeed::new("a reservation delivers more than its count"));
        }
        Ok(Self {
            created_at,
            updated_at: created_at,
            starts_at,
            released_at: seed
                .auto_release_at
                .map(|when| when.from(now))
                .transpose()?,
            invalid_at: None,
            delivered: 0,
            cancelled: false,
            lapses_at: seed.lapses_at.map(|when| when.from(now)).transpose()?,
            deliveries,
            seed,
        })
    }

    /// When it goes on by itself.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.invalid_at.is_some() {
            return None;
        }
        let delivery = self.deliveries.first().map(|(at, _)| *at);
        [delivery, self.lapses_at].into_iter().flatten().min()
    }

    /// Takes the next step, whose time has come.
    pub(super) fn step(&mut self) -> (Timestamp, NewEffect) {
        let at = self.due().expect("something is due");
        if self.deliveries.first().is_some_and(|(due, _)| *due == at) {
            let (_, count) = self.deliveries.remove(0);
            return (at, self.deliver(count, at));
        }
        (at, self.invalidate(at))
    }

    pub(super) fn deliver(&mut self, count: u32, at: Timestamp) -> NewEffect {
        self.delivered = self.seed.count.min(self.delivered.saturating_add(count));
        self.updated_at = at;
        let delivered = self.delivered.to_string();
        self.event("ecs.delivered", &[("delivered", &delivered)])
    }

    pub(super) fn invalidate(&mut self, at: Timestamp) -> NewEffect {
        self.invalid_at = Some(at);
        self.updated_at = at;
        self.event("ecs.invalidated", &[])
    }

    pub(super) fn cancel(&mut self, now: Timestamp, readings: &EcsReadings) -> Result<(), Refusal> {
        if self.seed.kind == ReservationKind::SegmentedImmediate {
            return Err(Refusal::Kind);
        }
        if self.invalid_at.is_some() || self.delivered > 0 {
            return Err(Refusal::Status);
        }
        // The cloud's times are of whole seconds.
        let in_time = self.cancellable_until().is_some_and(|until| {
            let (now, until) = (now.as_second(), until.as_second());
            now < until || (now == until && readings.limit_inclusive)
        });
        if !in_time {
            return Err(Refusal::Time);
        }
        self.cancelled = true;
        self.invalid_at = Some(now);
        self.updated_at = now;
        Ok(())
    }

    fn cancellable_until(&self) -> Option<Timestamp> {
        match self.seed.kind {
            ReservationKind::Esi => Some(later(self.created_at, CANCELLABLE)),
            ReservationKind::SegmentedReserve => self.starts_at,
            ReservationKind::SegmentedImmediate => None,
        }
    }

    /// Whether it can be seen that it is invalid.
    pub(super) fn shows_end(&self, now: Timestamp, readings: &EcsReadings) -> bool {
        let wait = SignedDuration::from_secs(readings.cancel_visible_after.into());
        match self.invalid_at {
            Some(at) if self.cancelled => later(at, wait) <= now,
            Some(_) => true,
            None => false,
        }
    }

    pub(super) fn is_visible(&self, now: Timestamp, readings: &EcsReadings) -> bool {
        let gone = self.cancelled && readings.after_cancel == CancelledOrder::Vanishes;
        !(gone && self.shows_end(now, readings))
    }

    /// Invented, all of them: no source publishes one.
    pub(super) fn status(&self, now: Timestamp, readings: &EcsReadings) -> &'static str {
        let place = match (self.shows_end(now, readings), self.cancelled) {
            (true, true) => 3,
            (true, false) => 4,
            (false, _) if self.delivered == 0 => 0,
            (false, _) if self.deliveries.is_empty() || self.delivered == self.seed.count => 2,
            (false, _) => 1,
        };
        let words = match readings.status_words {
            StatusWords::Plain => [
                "Scheduled",
                "Delivering",
                "Delivered",
                "Cancelled",
                "Invalid",
            ],
            StatusWords::Numbered => ["Status1", "Status2", "Status3", "Status4", "Status5"],
        };
        words[place]
    }

    pub(super) fn state(&self, now: Timestamp, readings: &EcsReadings) -> ReservationState {
        ReservationState {
            id: self.seed.id.clone(),
            region: self.seed.region.clone(),
            kind: self.seed.kind,
            status: self.status(now, readings).into(),
            count: self.seed.count,
            delivered: self.delivered,
            cancelled: self.cancelled,
            visible: self.is_visible(now, readings),
            created_at: self.created_at,
            start_delivery_at: self.starts_at,
            invalid_at: self.invalid_at,
            cancellable_until: self.cancellable_until(),
        }
    }

    pub(super) fn event(&self, kind: &'static str, more: &[(&str, &str)]) -> NewEffect {
        let own = [
            ("region", &*self.seed.region),
            ("reservation", &*self.seed.id),
        ];
        let resources: BTreeMap<String, String> = own
            .iter()
            .chain(more)
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        NewEffect { kind, resources }
    }
}

/// The next 10-minute mark.
fn marked(time: Timestamp) -> Timestamp {
    let second = (time.as_second() + MARK - 1).div_euclid(MARK) * MARK;
    Timestamp::from_second(second).unwrap_or(time)
}

pub(super) fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}
