//! What can be put into ECS, what can be done to a reservation, and the switches for
//! what its contract leaves open.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::seed::When;

/// Where reservations are that name no region.
pub(crate) const REGION: &str = "cn-beijing";

/// An order for scheduled instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// The ScheduledInstanceId.
    pub id: String,
    /// Its region.
    #[serde(default = "region")]
    pub region: String,
    /// Which rules hold for it.
    #[serde(default)]
    pub kind: ReservationKind,
    /// ScheduledInstanceName; absent: the id.
    #[serde(default)]
    pub name: Option<String>,
    /// Count: how many instances are wanted.
    #[serde(default = "one")]
    pub count: u32,
    /// When it was placed; absent: now.
    #[serde(default)]
    pub created_at: Option<When>,
    /// StartDeliveryAt; absent: the next 10-minute mark four hours after it was
    /// placed, and with immediate delivery none.
    #[serde(default)]
    pub start_delivery_at: Option<When>,
    /// AutoReleaseAt.
    #[serde(default)]
    pub auto_release_at: Option<When>,
    /// What is delivered when; absent: all at StartDeliveryAt, or a minute after an
    /// immediate order was placed.
    #[serde(default)]
    pub deliveries: Option<Vec<Delivery>>,
    /// When it becomes invalid by itself, with what was not delivered by then.
    #[serde(default)]
    pub lapses_at: Option<When>,
    /// InstanceTypeId.
    #[serde(default = "instance_type")]
    pub instance_type: String,
    /// ZoneId.
    #[serde(default = "zone")]
    pub zone: String,
    /// ProjectName.
    #[serde(default = "project")]
    pub project: String,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

fn region() -> String {
    REGION.into()
}

fn one() -> u32 {
    1
}

fn instance_type() -> String {
    "ecs.g3i.large".into()
}

fn zone() -> String {
    "cn-beijing-a".into()
}

fn project() -> String {
    "default".into()
}

/// ElasticScheduledInstanceType and DeliveryType: until when it can be cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationKind {
    /// Esi: within 30 minutes after it was placed.
    #[default]
    Esi,
    /// Segmented, Reserve: until StartDeliveryAt.
    SegmentedReserve,
    /// Segmented, Immediate: never.
    SegmentedImmediate,
}

/// Some of a reservation's instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// When they come.
    pub at: When,
    /// How many more.
    pub count: u32,
}

impl Reservation {
    /// An Esi order of now for one instance in cn-beijing.
    pub fn esi(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            region: region(),
            kind: ReservationKind::Esi,
            name: None,
            count: 1,
            created_at: None,
            start_delivery_at: None,
            auto_release_at: None,
            deliveries: None,
            lapses_at: None,
            instance_type: instance_type(),
            zone: zone(),
            project: project(),
            tags: BTreeMap::new(),
        }
    }

    /// A Segmented order whose slot starts in so many seconds.
    pub fn reserve(id: impl Into<String>, starts_in: i64) -> Self {
        Self {
            kind: ReservationKind::SegmentedReserve,
            start_delivery_at: Some(When::In(starts_in)),
            ..Self::esi(id)
        }
    }

    /// A Segmented order with immediate delivery.
    pub fn immediate(id: impl Into<String>) -> Self {
        Self {
            kind: ReservationKind::SegmentedImmediate,
            ..Self::esi(id)
        }
    }

    /// Sets its region.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets how many instances are wanted.
    pub fn count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Sets when it was placed.
    pub fn created(mut self, when: When) -> Self {
        self.created_at = Some(when);
        self
    }

    /// Sets when its slot starts.
    pub fn starts(mut self, when: When) -> Self {
        self.start_delivery_at = Some(when);
        self
    }

    /// Delivers so many instances in so many seconds, instead of all at the start.
    pub fn delivers(mut self, count: u32, in_seconds: i64) -> Self {
        let at = When::In(in_seconds);
        let deliveries = self.deliveries.get_or_insert_default();
        deliveries.push(Delivery { at, count });
        self
    }

    /// Delivers nothing by itself.
    pub fn delivers_nothing(mut self) -> Self {
        self.deliveries = Some(Vec::new());
        self
    }

    /// Makes it invalid in so many seconds.
    pub fn lapses_in(mut self, seconds: i64) -> Self {
        self.lapses_at = Some(When::In(seconds));
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }
}

/// What somebody else, or the cloud itself, does to a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationAction {
    /// As DeleteScheduledInstance, in the console and by the same rules.
    Cancel,
    /// It becomes invalid.
    Invalidate,
    /// So many more instances are delivered.
    Deliver(u32),
}

/// The points of contracts section b that nobody could verify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EcsReadings {
    /// A cancelled order.
    pub after_cancel: CancelledOrder,
    /// Seconds until an accepted delete shows.
    pub cancel_visible_after: u32,
    /// The last second for a cancel still is one.
    pub limit_inclusive: bool,
    /// `Result` where there is none.
    pub empty_result: EmptyResult,
    /// Every error comes with HTTP 200.
    pub errors_with_200: bool,
    /// Seconds that a ClientToken is remembered.
    pub token_lifetime: u32,
    /// Seconds after an accepted call with a ClientToken in which its repeat meets
    /// IdempotentProcessing.
    pub processing_for: u32,
    /// The words of Status, which no source has: all are invented.
    pub status_words: StatusWords,
    /// How the times are written.
    pub time_form: TimeForm,
    /// A time that is not set.
    pub unset_time: UnsetTime,
    /// How DeliveryCount and its like are written.
    pub counts: CountForm,
    /// `ScheduledInstanceInfo` where there is nothing in it.
    pub nothing: EmptyInfo,
}

impl Default for EcsReadings {
    fn default() -> Self {
        Self {
            after_cancel: CancelledOrder::default(),
            cancel_visible_after: 0,
            limit_inclusive: true,
            empty_result: EmptyResult::default(),
            errors_with_200: false,
            token_lifetime: 3600,
            processing_for: 0,
            status_words: StatusWords::default(),
            time_form: TimeForm::default(),
            unset_time: UnsetTime::default(),
            counts: CountForm::default(),
            nothing: EmptyInfo::default(),
        }
    }
}

/// See [`EcsReadings::after_cancel`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledOrder {
    /// It is no longer there.
    #[default]
    Vanishes,
    /// It stays, with InvalidAt and another status.
    Stays,
}

/// See [`EcsReadings::empty_result`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyResult {
    /// No `Result`.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// `{}`.
    Object,
}

/// See [`EcsReadings::status_words`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusWords {
    /// Scheduled, Delivering, Delivered, Cancelled, Invalid.
    #[default]
    Plain,
    /// Status1 to Status5, in that order.
    Numbered,
}

/// See [`EcsReadings::time_form`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// `2026-11-21T16:00:00+08:00`; those of the slot are like Minutes.
    #[default]
    Offset,
    /// `2026-11-21T08:00Z`.
    Minutes,
    /// `2026-11-21T16:00:00+0800`.
    Basic,
    /// `2026-11-21 16:00:00 +0800`.
    Blank,
    /// `2026-11-21 16:00:00`: whose time that is, is not told.
    NoZone,
    /// `1795248000`, a number.
    Unix,
}

/// See [`EcsReadings::unset_time`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsetTime {
    /// An empty text.
    #[default]
    Empty,
    /// `null`.
    Null,
    /// `0001-01-01T00:00:00Z`, as servers in Go write it.
    Zero,
}

/// See [`EcsReadings::counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountForm {
    /// `3`.
    #[default]
    Number,
    /// `"3"`.
    Text,
    /// `null`.
    Null,
}

/// See [`EcsReadings::nothing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmptyInfo {
    /// `[]`.
    #[default]
    Empty,
    /// `null`, as servers in Go write it.
    Null,
}
