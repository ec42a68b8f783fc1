//! BSS: the orders of an account. A global service, which a key that may use
//! the others often may not read: that is told apart from a fault, because an
//! order is only a hint and what was ordered is the proof.

use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::pages;
use crate::api::Reason;
use crate::cloud::call::{CallError, parse};
use crate::cloud::lenient;
use crate::cloud::verdict::{Reading, Refusal};

/// What BSS lets this key see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look<T> {
    /// All of it.
    Seen(T),
    /// Nothing, until a person grants it or corrects the connection.
    Unreadable(Refusal),
}

/// An order (`ListCustomerOrders`, and `order_info` of
/// `ShowCustomerOrderDetails`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Order {
    /// `order_id`
    pub order_id: String,
    /// `status`; see [`Order::status`].
    #[serde(default, rename = "status", deserialize_with = "lenient::number")]
    pub status_number: Option<i64>,
    /// `order_type`; see [`OrderType`].
    #[serde(default, deserialize_with = "lenient::number")]
    pub order_type: Option<i64>,
    /// `service_type_code`
    #[serde(default, deserialize_with = "lenient::text")]
    pub service_type_code: Option<String>,
    /// `create_time`, UTC.
    #[serde(default, deserialize_with = "lenient::text")]
    pub create_time: Option<String>,
    /// `payment_time`, UTC.
    #[serde(default, deserialize_with = "lenient::text")]
    pub payment_time: Option<String>,
    /// `pending_payment_end_time`, UTC: until when it can be paid.
    #[serde(default, deserialize_with = "lenient::text")]
    pub pending_payment_end_time: Option<String>,
}

impl Order {
    /// Where it stands; `None`: the answer does not say, or with a number that is
    /// not documented.
    pub fn status(&self) -> Option<OrderStatus> {
        OrderStatus::ALL
            .into_iter()
            .find(|status| Some(*status as i64) == self.status_number)
    }
}

/// Where an order stands (`status`). The numbers are BSS's, the words ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// 1
    InReview = 1,
    /// 2
    RefundPending = 2,
    /// 3
    Processing = 3,
    /// 4: a new order may be placed.
    Cancelled = 4,
    /// 5
    Completed = 5,
    /// 6: a person has to pay it.
    PendingPayment = 6,
    /// 9
    ToConfirm = 9,
    /// 10
    ToShip = 10,
    /// 11
    ToReceive = 11,
    /// 12
    PickUp = 12,
    /// 13
    Exchanging = 13,
}

impl OrderStatus {
    const ALL: [Self; 11] = [
        Self::InReview,
        Self::RefundPending,
        Self::Processing,
        Self::Cancelled,
        Self::Completed,
        Self::PendingPayment,
        Self::ToConfirm,
        Self::ToShip,
        Self::ToReceive,
        Self::PickUp,
        Self::Exchanging,
    ];
}

/// What an order is about (`order_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderType {
    /// 3: a change of what is prepaid.
    Change = 3,
    /// 11: from pay-per-use to yearly or monthly.
    ToPeriod = 11,
}

/// An order with its lines (`ShowCustomerOrderDetails`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderDetails {
    /// `order_info`
    pub order: Order,
    /// `order_line_items`
    pub lines: Vec<Value>,
}

impl OrderDetails {
    /// A line carries this id. The documented members of a line have none, so
    /// whichever member it is in counts.
    pub fn carries(&self, id: &str) -> bool {
        fn within(value: &Value, id: &str) -> bool {
            match value {
                Value::String(text) => text == id,
                Value::Array(items) => items.iter().any(|inner| within(inner, id)),
                Value::Object(members) => members.values().any(|inner| within(inner, id)),
                _ => false,
            }
        }
        self.lines.iter().any(|line| within(line, id))
    }
}

/// Which orders are looked for.
#[derive(Clone, Copy, Debug)]
pub struct OrderFilter {
    /// `create_time_begin`, in milliseconds since 1970 UTC.
    pub created_from: i64,
    /// `create_time_end`, in milliseconds since 1970 UTC.
    pub created_until: i64,
    /// `order_type`
    pub order_type: OrderType,
}

/// `ShowCustomerOrderDetails`, its lines to the last page; `None`: BSS knows
/// no such order.
pub async fn show_order(
    client: &Client,
    order: &str,
) -> Result<Look<Option<OrderDetails>>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "lenient::count")]
        total_count: u64,
        #[serde(default)]
        order_info: Option<Order>,
        #[serde(default, deserialize_with = "lenient::list")]
        order_line_items: Vec<Value>,
    }
    let path = format!("/v2/orders/customer-orders/details/{order}");
    let mut info = None;
    let lines = pages::all(client, &path, &[], |page: Answer| {
        info = page.order_info.or(info.take());
        // Lines that are announced and not given must not hide the order itself.
        let count = match page.order_line_items.is_empty() {
            true => 0,
            false => page.total_count,
        };
        (page.order_line_items, count)
    });
    let lines = match lines.await {
        Err(e) if e.reading == Reading::Gone => return Ok(Look::Seen(None)),
        lines => lines,
    };
    Ok(match look(lines)? {
        Look::Seen(lines) => Look::Seen(info.map(|order| OrderDetails { order, lines })),
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

/// `ListCustomerOrders` to the last page, oldest first, so that an order that is
/// placed meanwhile moves none from one page to the next.
pub async fn list_orders(
    client: &Client,
    filter: OrderFilter,
) -> Result<Look<Vec<Order>>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "lenient::count")]
        total_count: u64,
        #[serde(default, deserialize_with = "lenient::list")]
        order_infos: Vec<Order>,
    }
    // Whole seconds: the end is rounded up, not to miss one.
    let filters = [
        ("create_time_begin", utc(filter.created_from)),
        ("create_time_end", utc(filter.created_until + 999)),
        ("order_type", (filter.order_type as i64).to_string()),
        ("order_by", "createTime".to_owned()),
    ];
    let path = "/v2/orders/customer-orders";
    let orders = pages::all(client, path, &filters, |page: Answer| {
        (page.order_infos, page.total_count)
    });
    look(orders.await)
}

/// `ListPayPerUseCustomerResources`: ids of what an order is about, where its lines
/// do not say; `None`: there are more than anybody can make sense of here.
pub async fn order_resources(
    client: &Client,
    order: &str,
) -> Result<Look<Option<Vec<String>>>, CallError> {
    const PAGE: u64 = 100;
    #[derive(Deserialize)]
    struct Resource {
        #[serde(default, deserialize_with = "lenient::text")]
        resource_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "lenient::count")]
        total_count: u64,
        #[serde(default, deserialize_with = "lenient::list")]
        data: Vec<Resource>,
    }
    let question = serde_json::json!({"order_id": order, "offset": 0, "limit": PAGE});
    // The cloud's own spelling.
    let path = "/v2/orders/suscriptions/resources/query";
    let answer = client.ask(path, question.to_string().into_bytes()).await;
    let answer = answer.and_then(|body| parse::<Answer>(&body));
    Ok(match look(answer)? {
        Look::Seen(all) if all.total_count > PAGE => Look::Seen(None),
        Look::Seen(all) => {
            let ids = all.data.into_iter().filter_map(|each| each.resource_id);
            Look::Seen(Some(ids.collect()))
        }
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

/// What only a person can mend, the key apart, is no fault: a key that BSS does
/// not accept would not be accepted elsewhere either.
fn look<T>(answer: Result<T, CallError>) -> Result<Look<T>, CallError> {
    match answer {
        Ok(seen) => Ok(Look::Seen(seen)),
        Err(CallError {
            reading: Reading::Blocked(reason),
            refusal,
        }) if reason != Reason::CredentialsRejected => Ok(Look::Unreadable(refusal)),
        Err(e) => Err(e),
    }
}

fn utc(millis: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
