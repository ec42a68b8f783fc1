//! An order as BSS shows it, and its job as Workspace does. The fields are those of
//! the official SDK's models.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::seed::{BssReadings, OrderLines};
use super::state::{Order, Stage};
use crate::huawei::query::seconds;
use crate::huawei::workspace::change::DesktopChange;

const SERVICE: &str = "hws.service.type.vdi";
const RESOURCE: &str = "hws.resource.type.workspace.desktop";

impl Order {
    pub(crate) fn is_of_service(&self, code: &str) -> bool {
        code.eq_ignore_ascii_case(SERVICE)
    }

    /// The fields that an order has in the list and in the details alike.
    pub(crate) fn show(&self, readings: &BssReadings) -> Value {
        json!({
            "order_id": self.id,
            "customer_id": null,
            "service_type_code": SERVICE,
            "service_type_name": "Workspace",
            "source_type": 1,
            "status": self.status(readings),
            "order_type": self.change.order_type(),
            "amount_after_discount": 10.0,
            "official_amount": 10.0,
            "measure_id": 1,
            "create_time": seconds(self.created_at),
            "payment_time": self.paid_at.map(seconds),
            "currency": "CNY",
            "user_name": if self.foreign { "colleague" } else { "simulator" },
            "sub_order_infos": null,
        })
    }

    /// The deadline of an unpaid order, which only the details show.
    pub(crate) fn pay_until(&self) -> Option<String> {
        match self.stage {
            Stage::Unpaid { until } => Some(seconds(until)),
            _ => None,
        }
    }

    /// The one line of the order. GUESS: `resource_id`, which the SDK's model lacks.
    pub(crate) fn line(&self, readings: &BssReadings) -> Value {
        let [desktop, changed] = &self.bill_resources;
        let (period_type, period_num) = match self.change {
            DesktopChange::Subscribe {
                period_type,
                period_num,
                ..
            } => (Some(period_type), Some(period_num)),
            DesktopChange::Resize { .. } | DesktopChange::ExpandVolume { .. } => (None, None),
        };
        let mut line = json!({
            "order_line_item_id": format!("{}-000001", self.id),
            "service_type_code": SERVICE,
            "service_type_name": "Workspace",
            "product_spec_desc": self.change.word(),
            "period_type": period_type,
            "period_num": period_num,
            "subscription_num": 1,
            "amount_after_discount": 10.0,
            "official_amount": 10.0,
            "currency": "CNY",
            "product_owner_service": SERVICE,
            "commercial_resource": RESOURCE,
        });
        match readings.order_lines {
            OrderLines::Changed => line["resource_id"] = json!(changed),
            OrderLines::Desktop => line["resource_id"] = json!(desktop),
            OrderLines::Unlinked => {}
        }
        line
    }

    /// The resource of the order as the query for resources shows it.
    pub(crate) fn resource(&self) -> Value {
        json!({
            "resource_id": self.bill_resources[1],
            "resource_name": self.desktop,
            "service_type_code": SERVICE,
            "resource_type_code": RESOURCE,
            "project_id": self.project,
            "is_main_resource": 1,
            "status": 2,
        })
    }

    /// The body of ShowJob.
    pub(crate) fn job(&self, now: Timestamp) -> Value {
        let sub_job = self.sub_job(now);
        json!({
            "id": self.job_id,
            "job_type": self.change.word(),
            "begin_time": sub_job["begin_time"],
            "end_time": sub_job["end_time"],
            "status": sub_job["status"],
            "job_error_code": sub_job["error_code"],
            "fail_reason": sub_job["fail_reason"],
            "sub_jobs_total": 1,
            "sub_jobs": [sub_job],
        })
    }

    pub(crate) fn sub_job(&self, now: Timestamp) -> Value {
        let status = self.job_status(now);
        let failure = match self.stage {
            Stage::Failed { .. } => Some("WKS.0001"),
            _ => None,
        };
        let ended = match self.stage {
            Stage::Completed { at } | Stage::Failed { at } | Stage::Cancelled { at, .. } => {
                Some(at)
            }
            _ => None,
        };
        json!({
            "id": format!("{}-1", self.job_id),
            "job_id": self.job_id,
            "job_type": self.change.word(),
            "entities": {"desktop_id": self.desktop},
            "project_id": self.project,
            "begin_time": seconds(self.created_at),
            "end_time": ended.map(seconds),
            "status": status,
            "error_code": failure,
            "fail_reason": failure.map(|_| "The job failed."),
            "process": self.running(now).map(|running| running.percent),
        })
    }
}
