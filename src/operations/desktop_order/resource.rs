//! `DesktopOrder`: change what a Workspace desktop is paid for: its product, the
//! size of a volume, or how it is charged (Workspace `CreateChangeOrder`).

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Column, Common, KindInfo, Status, Timestamp};

/// Places an order that changes a Huawei Cloud Workspace desktop, once, and
/// verifies from the desktop that it was delivered.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "huawei.errand.cloud",
    version = "v1alpha1",
    kind = "DesktopOrder",
    plural = "desktoporders",
    shortname = "dor",
    category = "errand",
    namespaced,
    status = "DesktopOrderStatus",
    doc = "Places an order that changes a Huawei Cloud Workspace desktop (its product, the size of a volume, or how it is charged), once, and verifies from the desktop that it was delivered. May cost money."
)]
#[serde(rename_all = "camelCase")]
pub struct DesktopOrderSpec {
    /// Workspace `desktop_id`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub desktop_id: String,
    /// Who pays the order; policy.paidOperations of the connection has to allow
    /// it. Manual: it is placed unpaid, and a person pays it at
    /// the cloud. Automatic: it is paid from the account at once (Workspace
    /// `extend_param.is_auto_pay`).
    pub payment: Payment,
    /// Workspace `enterprise_project_id` that the order is charged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,36}$"), length(max = 36))]
    pub enterprise_project_id: Option<String>,
    /// What is ordered: exactly one of resize, expandVolume and subscribe.
    pub change: DesktopChange,
    /// Tells this order from another one of the same content. An order whose key
    /// was used before is not placed again; without one the key is made from
    /// namespace, account, desktop and what is ordered. To order the same once
    /// more, give a key that was not used yet. A key that contains the id of an
    /// earlier order for the desktop says that a user has checked at the cloud that
    /// this order has ended, where BSS does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,64}$"), length(max = 64))]
    pub operation_key: Option<String>,
    /// What every operation asks.
    #[serde(flatten)]
    pub common: Common,
}

/// Who pays an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Payment {
    /// The order is placed unpaid; a person pays it before its deadline.
    Manual,
    /// The order is paid from the account at once.
    Automatic,
}

/// What is ordered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.resize), has(self.expandVolume), has(self.subscribe)].exists_one(given, given)").message("exactly one of resize, expandVolume and subscribe has to be given")
)]
pub struct DesktopChange {
    /// Another product (Workspace `resizeDesktops`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<Resize>,
    /// A larger volume (Workspace `expandVolumes`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expand_volume: Option<ExpandVolume>,
    /// From pay-per-use to yearly or monthly (Workspace `meteredToPeriod`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribe: Option<Subscribe>,
}

/// Another product for a desktop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resize {
    /// Workspace `resize_product_id`: the product that the desktop is to have.
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,128}$"), length(max = 128))]
    pub product_id: String,
}

/// A larger volume of a desktop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpandVolume {
    /// Workspace `expand_volume_id`: the `volume_id` of one of the desktop's
    /// volumes.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub volume_id: String,
    /// Workspace `expand_new_size`: how large the volume is to be in all, in GiB.
    /// 10 to 32760, a multiple of 10. A volume cannot be made smaller.
    #[schemars(with = "i32", range(min = 10, max = 32760), extend("multipleOf" = 10))]
    #[serde(rename = "sizeGiB")]
    pub size_gib: u32,
}

/// A term that a desktop is subscribed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscribe {
    /// Workspace `period_type`.
    pub unit: TermUnit,
    /// Workspace `period_num`: how many months or years.
    #[schemars(with = "i32", range(min = 1, max = 100))]
    pub count: u32,
    /// Workspace `is_auto_renew`: renew it at its end (false when absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_renew: Option<bool>,
}

/// Unit of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TermUnit {
    /// Months.
    Month,
    /// Years.
    Year,
}

/// What its definition says of its fields.
pub(super) const INFO: KindInfo = KindInfo {
    target: &[
        "desktopId",
        "payment",
        "enterpriseProjectId",
        "change",
        "operationKey",
    ],
    fixed: &[],
    free: &[],
    shown: ".spec.desktopId",
    columns: &[
        Column::text("Payment", ".spec.payment").wide(),
        Column::text("Paid", r#".status.conditions[?(@.type=="Paid")].status"#).wide(),
        Column::text("Order", ".status.observed.orderId").wide(),
        Column::text("Pay until", ".status.observed.paymentDeadline").wide(),
    ],
};

/// The status of a [`DesktopOrder`].
pub type DesktopOrderStatus = Status<DesktopObservation>;

/// What was seen in Workspace and BSS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DesktopObservation {
    /// Workspace `status` of the desktop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub desktop_status: Option<String>,
    /// Workspace `product_id` of the desktop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub product_id: Option<String>,
    /// Workspace `size` of the volume that is ordered larger, in GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 0))]
    #[serde(rename = "volumeSizeGiB")]
    pub volume_size_gib: Option<u32>,
    /// Workspace `product.charge_mode`: 0 is prepaid, 1 is on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub charge_mode: Option<String>,
    /// Workspace `task_status`: what is being done with the desktop; absent if
    /// nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub task_status: Option<String>,
    /// Workspace `order_id` of the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub order_id: Option<String>,
    /// BSS `status` of the order as a word, for instance PendingPayment,
    /// Processing, Completed or Cancelled; absent if BSS may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub order_status: Option<String>,
    /// BSS `pending_payment_end_time`: until when the order can be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_deadline: Option<Timestamp>,
    /// What the order costs, by BSS `amount_after_discount` and `currency`, for instance
    /// 99.5 CNY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub price: Option<String>,
    /// What the order would cost without discounts, by BSS `official_amount` and
    /// `currency`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub official_price: Option<String>,
    /// Workspace `job_id` of the order's job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub job_id: Option<String>,
    /// Workspace `status` of that job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub job_status: Option<String>,
}
