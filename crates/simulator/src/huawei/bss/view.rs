//! An order as BSS shows it, and its job as Workspace does. The fields are those of
//! the official SDK's models.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::seed::{BssReadings, OrderLines, OrderTimes};
use super::state::{Order, Stage};
use crate::huawei::query::seconds;
use crate::huawei::workspace::change::DesktopChange;
use crate::huawei::workspace::seed::JobWords;

const SERVICE: &str = "hws.service.type.vdi";
const RESOURCE: &str = "hws.resource.type.workspace.desktop";

/// A time of an order as BSS shows it.
fn written(time: Option<Timestamp>, readings: &BssReadings) -> Value {
    let Some(time) = time else {
        return Value::Null;
    };
    match readings.times {
        OrderTimes::Documented => json!(seconds(time)),
        OrderTimes::Offset => json!(time.strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()),
        OrderTimes::Blank => json!(time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        OrderTimes::Number => json!(time.as_millisecond()),
        OrderTimes::Null => Value::Null,
    }
}

impl Order {
    pub(crate) fn is_of_service(&self, code: &str) -> bool {
        code.eq_ignore_ascii_case(self.service())
    }

    fn service(&self) -> &str {
        self.other.service_type_code.as_deref().unwrap_or(SERVICE)
    }

    pub(crate) fn order_type(&self) -> u8 {
        let given = self.other.order_type;
        given.unwrap_or(self.change.order_type())
    }

    /// The fields that an order has in the list and in the details alike.
    pub(crate) fn show(&self, readings: &BssReadings) -> Value {
        json!({
            "order_id": self.id,
            "customer_id": null,
            "service_type_code": self.service(),
            "service_type_name": "Workspace",
            "source_type": 1,
            "status": self.status(readings),
            "order_type": self.order_type(),
            "amount_after_discount": 10.0,
            "official_amount": 10.0,
            "measure_id": 1,
            "create_time": written(Some(self.created_at), readings),
            "payment_time": written(self.paid_at, readings),
            "currency": "CNY",
            "user_name": if self.foreign { "colleague" } else { "simulator" },
            "sub_order_infos": null,
        })
    }

    /// The deadline of an unpaid order, which only the details show.
    pub(crate) fn pay_until(&self, readings: &BssReadings) -> Value {
        match self.stage {
            Stage::Unpaid { until } => written(Some(until), readings),
            _ => Value::Null,
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
    pub(crate) fn job(&self, now: Timestamp, words: JobWords) -> Value {
        let sub_job = self.sub_job(now);
        let status = match (self.job_status(now), words) {
            ("SUCCESS", JobWords::Client) => "COMPLETE",
            ("FAILED", JobWords::Client) => "FAIL",
            ("SUCCESS" | "FAILED", JobWords::Parts) => "COMPLETE",
            (word, _) => word,
        };
        // Where the words are the documented client's, only the parts say why.
        let of_part = |name: &str| match words {
            JobWords::Older => sub_job[name].clone(),
            JobWords::Client | JobWords::Parts => Value::Null,
        };
        json!({
            "id": self.job_id,
            "job_type": self.change.word(),
            "begin_time": sub_job["begin_time"],
            "end_time": sub_job["end_time"],
            "status": status,
            "job_error_code": of_part("error_code"),
            "fail_reason": of_part("fail_reason"),
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
