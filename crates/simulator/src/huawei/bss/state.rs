//! What an order goes through, on the simulator's clock.
//!
//! Nothing here runs by itself: every look first settles what has ended since the
//! last one, in the order of its time, and hands out what has to be delivered.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::seed::{AfterFailure, BssReadings, OrderAction};
use crate::huawei::workspace::change::DesktopChange;
use crate::huawei::workspace::seed::OrderTiming;

/// An order as it is now, shown in BSS or not yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderState {
    /// The order id.
    pub order_id: String,
    /// The project of its desktop.
    pub project: String,
    /// Its desktop.
    pub desktop: String,
    /// What it changes.
    pub change: DesktopChange,
    /// The status number (contracts section e.3).
    pub status: u8,
    /// When it was placed.
    pub created_at: Timestamp,
    /// The id of its job.
    pub job_id: String,
    /// WAITING, RUNNING, SUCCESS or FAILED, in whatever words it is shown.
    pub job_status: String,
    /// It was seeded, not placed through a call.
    pub foreign: bool,
}

/// An order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) job_id: String,
    pub(crate) project: String,
    pub(crate) desktop: String,
    pub(crate) change: DesktopChange,
    pub(crate) created_at: Timestamp,
    pub(crate) foreign: bool,
    /// What a seed says other than its change does.
    pub(super) other: Other,
    /// `bill_resource_id` of the desktop, and of what is changed.
    pub(super) bill_resources: [String; 2],
    auto_pay: bool,
    fails: bool,
    timing: OrderTiming,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) stage: Stage,
}

/// Members of an order that do not follow from its change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Other {
    pub(crate) order_type: Option<u8>,
    pub(crate) service_type_code: Option<String>,
}

/// What a new order is made of.
pub(crate) struct NewOrder {
    pub(crate) project: String,
    pub(crate) desktop: String,
    pub(crate) change: DesktopChange,
    pub(crate) bill_resources: [String; 2],
    pub(crate) auto_pay: bool,
    pub(crate) fails: bool,
    pub(crate) timing: OrderTiming,
    pub(crate) created_at: Timestamp,
    pub(crate) foreign: bool,
    pub(crate) other: Other,
}

/// Where an order is, and when it goes on by itself.
#[derive(Clone, Debug)]
pub(super) enum Stage {
    Review {
        until: Timestamp,
    },
    Unpaid {
        until: Timestamp,
    },
    Processing {
        runs_from: Timestamp,
        until: Timestamp,
    },
    Completed {
        at: Timestamp,
    },
    Failed {
        at: Timestamp,
    },
    Cancelled {
        at: Timestamp,
        /// By itself, when nobody had paid in time.
        lapsed: bool,
    },
    /// Seeded; it stays so.
    Fixed(u8),
}

/// What an order that was completed does to its desktop.
pub(crate) struct Delivery {
    pub(crate) project: String,
    pub(crate) desktop: String,
    pub(crate) order_id: String,
    pub(crate) change: DesktopChange,
}

/// A job that is changing a desktop now.
pub(crate) struct Running {
    pub(crate) task_status: &'static str,
    pub(crate) percent: i64,
}

impl Order {
    pub(crate) fn new(id: String, job_id: String, new: NewOrder) -> Self {
        let mut order = Self {
            id,
            job_id,
            project: new.project,
            desktop: new.desktop,
            change: new.change,
            created_at: new.created_at,
            foreign: new.foreign,
            other: new.other,
            bill_resources: new.bill_resources,
            auto_pay: new.auto_pay,
            fails: new.fails,
            timing: new.timing,
            paid_at: None,
            stage: Stage::Fixed(0),
        };
        let now = order.created_at;
        order.stage = match order.timing.review_for {
            0 => order.reviewed(now),
            seconds => Stage::Review {
                until: after(now, seconds),
            },
        };
        order
    }

    pub(crate) fn fix(&mut self, status: u8) {
        self.stage = Stage::Fixed(status);
    }

    fn reviewed(&mut self, now: Timestamp) -> Stage {
        if self.auto_pay {
            return self.paid(now);
        }
        Stage::Unpaid {
            until: after(now, self.timing.pay_within),
        }
    }

    fn paid(&mut self, now: Timestamp) -> Stage {
        self.paid_at = Some(now);
        let runs_from = after(now, self.timing.waits_for);
        Stage::Processing {
            runs_from,
            until: after(runs_from, self.timing.runs_for),
        }
    }

    fn lapse(&mut self, at: Timestamp) {
        self.stage = Stage::Cancelled { at, lapsed: true };
    }

    /// When it goes on by itself.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Review { until } | Stage::Unpaid { until } | Stage::Processing { until, .. } => {
                Some(until)
            }
            Stage::Completed { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. }
            | Stage::Fixed(_) => None,
        }
    }

    /// Takes the next step, whose time has come.
    pub(crate) fn step(&mut self) -> Option<Delivery> {
        match self.stage {
            Stage::Review { until } => self.stage = self.reviewed(until),
            Stage::Unpaid { until } => self.lapse(until),
            Stage::Processing { until, .. } if self.fails => {
                self.stage = Stage::Failed { at: until };
            }
            Stage::Processing { until, .. } => {
                self.stage = Stage::Completed { at: until };
                return Some(Delivery {
                    project: self.project.clone(),
                    desktop: self.desktop.clone(),
                    order_id: self.id.clone(),
                    change: self.change.clone(),
                });
            }
            Stage::Completed { .. }
            | Stage::Failed { .. }
            | Stage::Cancelled { .. }
            | Stage::Fixed(_) => {}
        }
        None
    }

    /// Whether there was something to do.
    pub(crate) fn act(&mut self, action: OrderAction, now: Timestamp) -> bool {
        let over = self.is_over();
        match (action, &mut self.stage) {
            (OrderAction::Pay, Stage::Unpaid { .. }) => self.stage = self.paid(now),
            (OrderAction::Cancel, _) if !over => {
                self.stage = Stage::Cancelled {
                    at: now,
                    lapsed: false,
                };
            }
            (OrderAction::Fail, stage) if !over => {
                self.fails = true;
                if let Stage::Processing { until, runs_from } = stage
                    && *runs_from <= now
                {
                    *until = now;
                }
            }
            (OrderAction::Hurry, Stage::Review { until }) => *until = now,
            (OrderAction::Hurry, Stage::Processing { runs_from, until }) => {
                *runs_from = (*runs_from).min(now);
                *until = now;
            }
            (OrderAction::Status(status), _) => self.fix(status),
            _ => return false,
        }
        true
    }

    /// Whether a customer may still cancel it.
    pub(crate) fn can_be_cancelled(&self) -> bool {
        matches!(self.stage, Stage::Unpaid { .. })
    }

    pub(crate) fn has_lapsed(&self) -> bool {
        matches!(self.stage, Stage::Cancelled { lapsed: true, .. })
    }

    pub(crate) fn is_over(&self) -> bool {
        match self.stage {
            Stage::Completed { .. } | Stage::Failed { .. } | Stage::Cancelled { .. } => true,
            Stage::Fixed(status) => matches!(status, 4 | 5),
            Stage::Review { .. } | Stage::Unpaid { .. } | Stage::Processing { .. } => false,
        }
    }

    pub(crate) fn is_of(&self, project: &str, desktop: &str) -> bool {
        self.project == project && self.desktop == desktop
    }

    pub(crate) fn running(&self, now: Timestamp) -> Option<Running> {
        let Stage::Processing { runs_from, until } = self.stage else {
            return None;
        };
        if now < runs_from {
            return None;
        }
        let whole = until.duration_since(runs_from).as_secs().max(1);
        Some(Running {
            task_status: self.change.task_status(),
            percent: now.duration_since(runs_from).as_secs() * 100 / whole,
        })
    }

    pub(crate) fn status(&self, readings: &BssReadings) -> u8 {
        match self.stage {
            Stage::Review { .. } => 1,
            Stage::Unpaid { .. } => 6,
            Stage::Processing { .. } => 3,
            Stage::Completed { .. } => 5,
            Stage::Cancelled { .. } => 4,
            Stage::Failed { .. } => match readings.after_failure {
                AfterFailure::Cancelled => 4,
                AfterFailure::Processing => 3,
                AfterFailure::Completed => 5,
            },
            Stage::Fixed(status) => status,
        }
    }

    pub(super) fn job_status(&self, now: Timestamp) -> &'static str {
        match self.stage {
            Stage::Review { .. } | Stage::Unpaid { .. } | Stage::Fixed(_) => "WAITING",
            Stage::Processing { runs_from, .. } if now < runs_from => "WAITING",
            Stage::Processing { .. } => "RUNNING",
            Stage::Completed { .. } => "SUCCESS",
            // GUESS: that the job of a cancelled order ends like this.
            Stage::Failed { .. } | Stage::Cancelled { .. } => "FAILED",
        }
    }

    pub(crate) fn state(&self, readings: &BssReadings, now: Timestamp) -> OrderState {
        OrderState {
            order_id: self.id.clone(),
            project: self.project.clone(),
            desktop: self.desktop.clone(),
            change: self.change.clone(),
            status: self.status(readings),
            created_at: self.created_at,
            job_id: self.job_id.clone(),
            job_status: self.job_status(now).into(),
            foreign: self.foreign,
        }
    }
}

fn after(time: Timestamp, seconds: u32) -> Timestamp {
    time.checked_add(SignedDuration::from_secs(seconds.into()))
        .unwrap_or(Timestamp::MAX)
}
