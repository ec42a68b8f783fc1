//! Orders that somebody else placed, what can be done to an order, and the switches
//! for what nobody could verify.

use serde::{Deserialize, Serialize};

use crate::huawei::workspace::change::DesktopChange;
use crate::seed::When;

/// An order for a desktop that no call of the client placed: a colleague's, in the
/// console. It changes the desktop as any other.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesktopOrderSeed {
    /// The project id.
    pub project: String,
    /// The desktop id.
    pub desktop: String,
    /// What it changes.
    pub change: DesktopChange,
    /// Its id; absent: as the cloud makes them.
    #[serde(default)]
    pub order_id: Option<String>,
    /// When it was placed, which may be in the future; absent: now.
    #[serde(default)]
    pub created_at: Option<When>,
    /// Paid at once; otherwise it waits for payment.
    #[serde(default)]
    pub paid: bool,
    /// A status that it has and keeps (0, 2, 7 to 14, or any other).
    #[serde(default)]
    pub status: Option<u8>,
    /// Its `order_type`; absent: that of the change.
    #[serde(default)]
    pub order_type: Option<u8>,
    /// Its `service_type_code`; absent: that of desktops.
    #[serde(default)]
    pub service_type_code: Option<String>,
    /// Its job fails.
    #[serde(default)]
    pub fails: bool,
}

impl DesktopOrderSeed {
    /// An unpaid order of now.
    pub fn new(
        project: impl Into<String>,
        desktop: impl Into<String>,
        change: DesktopChange,
    ) -> Self {
        Self {
            project: project.into(),
            desktop: desktop.into(),
            change,
            order_id: None,
            created_at: None,
            paid: false,
            status: None,
            order_type: None,
            service_type_code: None,
            fails: false,
        }
    }

    /// Sets its id.
    pub fn id(mut self, order_id: impl Into<String>) -> Self {
        self.order_id = Some(order_id.into());
        self
    }

    /// Sets when it was, or will be, placed.
    pub fn created(mut self, when: When) -> Self {
        self.created_at = Some(when);
        self
    }

    /// Makes it paid at once.
    pub fn paid(mut self) -> Self {
        self.paid = true;
        self
    }

    /// Gives it a status that it keeps.
    pub fn status(mut self, status: u8) -> Self {
        self.status = Some(status);
        self
    }

    /// Gives it another type than that of its change.
    pub fn order_type(mut self, number: u8) -> Self {
        self.order_type = Some(number);
        self
    }

    /// Makes it an order of another service.
    pub fn service(mut self, code: impl Into<String>) -> Self {
        self.service_type_code = Some(code.into());
        self
    }

    /// Makes its job fail.
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }
}

/// What a person, or the cloud itself, does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAction {
    /// Pays it (only while it waits for payment).
    Pay,
    /// Cancels it (not when it is over).
    Cancel,
    /// Makes its job fail: now if it runs, else when it runs.
    Fail,
    /// Ends its review, or its job with success, at once.
    Hurry,
    /// Gives it a status that it keeps.
    Status(u8),
}

/// The points of contracts section e.3 and k.5 that nobody could verify.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BssReadings {
    /// Seconds until a new order shows in BSS; until then it is not found there.
    pub visible_after: u32,
    /// Whose `resource_id` an order's line carries. The SDK's model has none.
    pub order_lines: OrderLines,
    /// What the query for the resources of an order lists.
    pub order_resources: OrderResources,
    /// An order whose job failed.
    pub after_failure: AfterFailure,
    /// Which order comes first where `order_by` is not sent.
    pub list_order: ListOrder,
    /// How the times of orders are written.
    pub times: OrderTimes,
}

/// See [`BssReadings::order_lines`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderLines {
    /// The `bill_resource_id` of what is changed: of the volume that grows, else of
    /// the desktop.
    #[default]
    Changed,
    /// The desktop's `bill_resource_id`, whatever is changed.
    Desktop,
    /// None: an order cannot be told from another of the same kind.
    Unlinked,
}

/// See [`BssReadings::order_resources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderResources {
    /// The `bill_resource_id` of what is changed.
    #[default]
    Changed,
    /// Nothing for orders that change something.
    Nothing,
}

/// See [`BssReadings::after_failure`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    /// Cancelled (4).
    #[default]
    Cancelled,
    /// It stays in processing (3).
    Processing,
    /// Completed (5), although nothing was changed.
    Completed,
}

/// See [`BssReadings::list_order`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListOrder {
    /// The newest order.
    #[default]
    NewestFirst,
    /// The oldest order.
    OldestFirst,
}

/// See [`BssReadings::times`]. BSS documents the first; other services of this cloud have
/// been seen with the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderTimes {
    /// `2026-11-21T12:00:00Z`
    #[default]
    Documented,
    /// `2026-11-21T12:00:00+0000`
    Offset,
    /// `2026-11-21 12:00:00`
    Blank,
    /// Milliseconds since 1970, as a number.
    Number,
    /// `null`
    Null,
}
