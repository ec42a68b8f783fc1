//! `ScheduledInstanceReservation`: see a reserved batch of ECS instances to the
//! wanted end: reserved, delivered or cancelled (ECS `DeleteScheduledInstance`).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Column, Common, KindInfo, Status, Timestamp, words};

/// Brings one scheduled-instance order of Volcengine ECS to the wanted end, and
/// verifies it.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "volcengine.errand.cloud",
    version = "v1alpha1",
    kind = "ScheduledInstanceReservation",
    plural = "scheduledinstancereservations",
    shortname = "sir",
    category = "errand",
    namespaced,
    status = "ScheduledInstanceReservationStatus",
    doc = "Brings one scheduled-instance (elastic reserved instance) order of Volcengine ECS to the wanted end (reserved, delivered or cancelled), and verifies it. Deleting this object cancels nothing."
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.adopt)").message("adopt has to be given: the scheduled-instance order that is meant"))]
pub struct ScheduledInstanceReservationSpec {
    /// An order that was placed elsewhere, for instance in the console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<AdoptReservation>,
    /// What is to become of the order (ECS `DeliveryCount` tells how far it is):
    /// Reserved, Delivered or Cancelled. It may be changed at any time, and reopens
    /// an operation that has ended; what the cloud can no longer do is held for a
    /// person.
    pub desired_state: ReservationState,
    /// What every operation asks.
    #[serde(flatten)]
    pub common: Common,
}

/// An order that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AdoptReservation {
    /// ECS `ScheduledInstanceId`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub scheduled_instance_id: String,
}

words! {
    /// What is to become of a scheduled-instance order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
    pub enum ReservationState {
        /// The order is there.
        Reserved = "Reserved",
        /// All instances of it were delivered.
        Delivered = "Delivered",
        /// It is cancelled. Elastic reserved instances (`Esi`) can be cancelled for 30
        /// minutes after they were ordered, a reserved segment until its delivery slot
        /// begins, one delivered immediately never.
        Cancelled = "Cancelled",
    }
}

/// What its definition says of its fields.
pub(super) const INFO: KindInfo = KindInfo {
    target: &["adopt"],
    fixed: &[],
    free: &["desiredState"],
    shown: ".status.target",
    columns: &[
        Column::text("Wanted", ".spec.desiredState"),
        Column::number("Delivered", ".status.observed.deliveryCount"),
        Column::number("Of", ".status.observed.count"),
        Column::text("Cancellable until", ".status.observed.cancellableUntil").wide(),
    ],
};

/// The status of a [`ScheduledInstanceReservation`].
pub type ScheduledInstanceReservationStatus = Status<ReservationObservation>;

/// What was seen in ECS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReservationObservation {
    /// ECS `Status` of the order. Its words are not published, so it is shown and
    /// never interpreted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub order_status: Option<String>,
    /// ECS `ScheduledInstanceName`: the order's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub name: Option<String>,
    /// ECS `ElasticScheduledInstanceType`: Esi or Segmented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub elastic_type: Option<String>,
    /// ECS `DeliveryType`: Reserve or Immediate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub delivery_type: Option<String>,
    /// ECS `Count`: how many instances were ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub count: Option<u32>,
    /// ECS `DeliveryCount`: how many of them were delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub delivery_count: Option<u32>,
    /// ECS `ReleaseCount`: how many of them were released again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    pub release_count: Option<u32>,
    /// ECS `CreatedAt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// ECS `InvalidAt`: when the order became invalid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invalid: Option<Timestamp>,
    /// ECS `StartDeliveryAt`: when the delivery slot begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_begins: Option<Timestamp>,
    /// ECS `EndDeliveryAt`: when the delivery slot ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery_ends: Option<Timestamp>,
    /// ECS `AutoReleaseAt`: when the cloud releases the delivered instances by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_release: Option<Timestamp>,
    /// Until when the order can be cancelled, by ECS `CreatedAt` or
    /// `StartDeliveryAt`. The cloud's own answer decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellable_until: Option<Timestamp>,
    /// `DescribeScheduledInstances` showed the order, whatever of it could be read. Absent if it
    /// never did, or if an earlier version looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<bool>,
}
