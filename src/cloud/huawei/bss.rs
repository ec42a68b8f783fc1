//! BSS: the orders of an account. A global service, which a key that may use
//! the others often may not read: that is told apart from a fault, because an
//! order is only a hint and what was ordered is the proof.

use serde::Deserialize;
use serde_json::Value;

use super::EU;
use super::client::Client;
use super::pages;
use super::verdicts;
use crate::api::Reason;
use crate::api::Site;
use crate::cloud::call::{CallError, parse};
use crate::cloud::hosts::{of_site, rule};
use crate::cloud::ids::checked;
use crate::cloud::permissions::Needs;
use crate::cloud::verdict::{Reading, Refusal};
use crate::cloud::{HuaweiScope, Protocol, Service};
use crate::cloud::{Members, Path, Query, contradicted, lenient};

/// Billing, where orders are.
pub static SERVICE: Service = Service {
    name: "huawei/bss",
    endpoint: "bss",
    protocol: Protocol::Huawei(HuaweiScope::Account),
    hosts: &[
        rule("bss.myhuaweicloud.eu", EU),
        of_site("bss.myhuaweicloud.com", Site::China),
        of_site("bss-intl.myhuaweicloud.com", Site::International),
    ],
    rows: verdicts::BSS_ROWS,
    needs: &[
        Needs::new("ListCustomerOrders", &["bss:order:view"]).assumed(),
        Needs::new("ShowCustomerOrderDetails", &["bss:order:view"]).assumed(),
        Needs::new("ListPayPerUseCustomerResources", &["bss:resource:view"]).assumed(),
    ],
};

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
    #[serde(deserialize_with = "lenient::plain_text")]
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
    /// `official_amount`: the price before discounts, in units of the currency.
    #[serde(default, deserialize_with = "lenient::text")]
    pub official_amount: Option<String>,
    /// `amount_after_discount`: the price, in units of the currency.
    #[serde(default, deserialize_with = "lenient::text")]
    pub amount_after_discount: Option<String>,
    /// `currency`, for instance CNY.
    #[serde(default, deserialize_with = "lenient::text")]
    pub currency: Option<String>,
}

impl Order {
    /// What it costs after discounts, for instance `99.5 CNY`.
    pub fn price(&self) -> Option<String> {
        self.money(self.amount_after_discount.as_deref())
    }

    /// What it would cost without discounts.
    pub fn official_price(&self) -> Option<String> {
        self.money(self.official_amount.as_deref())
    }

    /// An amount without its currency, or that is no number, says nothing.
    fn money(&self, amount: Option<&str>) -> Option<String> {
        let currency = self.currency.as_deref()?;
        let is_currency =
            (1..=8).contains(&currency.len()) && currency.chars().all(|c| c.is_ascii_alphabetic());
        let amount = amount.filter(|text| {
            let digits = text.chars().all(|c| c.is_ascii_digit() || c == '.');
            digits && text.len() <= 20 && text.parse::<f64>().is_ok()
        })?;
        is_currency.then(|| format!("{amount} {currency}"))
    }

    /// It is there, and what is said of it is not understood.
    fn of_which_nothing_is_known(order_id: String) -> Self {
        Self {
            order_id,
            ..Self::default()
        }
    }

    /// Where it stands; `None`: the answer does not say, or with a number that is
    /// not documented.
    pub fn status(&self) -> Option<OrderStatus> {
        OrderStatus::of(self.status_number?)
    }

    /// It may change a desktop that is there already: a type or service that is not
    /// understood may be one of those too.
    pub fn may_change_a_desktop(&self) -> bool {
        let other_type = self.order_type.is_some_and(OrderType::is_another);
        let service = self.service_type_code.as_deref();
        !other_type && !service.is_some_and(is_another_service)
    }

    /// It is not known to be over.
    pub fn may_be_open(&self) -> bool {
        self.status().is_none_or(|status| !status.is_over())
    }
}

/// Where an order stands (`status`). The numbers are BSS's; the words are part of our
/// API (`status.observed.orderStatus`) and are never changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// 0
    Initializing = 0,
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
    /// 7: what it changed is being undone.
    Compensating = 7,
    /// 8: a person has to approve it, which can take a day.
    PendingApproval = 8,
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
    /// 14
    MerchantReceipt = 14,
}

impl OrderStatus {
    /// Every status, with its word.
    const WORDS: [(Self, &'static str); 15] = [
        (Self::Initializing, "Initializing"),
        (Self::InReview, "InReview"),
        (Self::RefundPending, "RefundPending"),
        (Self::Processing, "Processing"),
        (Self::Cancelled, "Cancelled"),
        (Self::Completed, "Completed"),
        (Self::PendingPayment, "PendingPayment"),
        (Self::Compensating, "Compensating"),
        (Self::PendingApproval, "PendingApproval"),
        (Self::ToConfirm, "ToConfirm"),
        (Self::ToShip, "ToShip"),
        (Self::ToReceive, "ToReceive"),
        (Self::PickUp, "PickUp"),
        (Self::Exchanging, "Exchanging"),
        (Self::MerchantReceipt, "MerchantReceipt"),
    ];

    fn of(number: i64) -> Option<Self> {
        let mut all = Self::WORDS.iter().map(|(status, _)| *status);
        all.find(|status| *status as i64 == number)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        let mut all = Self::WORDS.iter();
        let found = all.find(|(status, _)| *status == self);
        found.map_or("", |(_, word)| word)
    }

    /// The status of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        let mut all = Self::WORDS.iter();
        all.find(|(_, own)| *own == word).map(|(status, _)| *status)
    }

    /// Nothing more comes of it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed)
    }

    /// What it changed is given back, so the change does not last.
    pub fn is_being_undone(self) -> bool {
        matches!(self, Self::RefundPending | Self::Compensating)
    }

    /// It has changed nothing so far.
    pub fn has_not_begun(self) -> bool {
        self.needs_a_person() || matches!(self, Self::Initializing | Self::InReview)
    }

    /// It goes on only after a person has paid or approved it.
    pub fn needs_a_person(self) -> bool {
        matches!(self, Self::PendingPayment | Self::PendingApproval)
    }
}

/// What an order is about (`order_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderType {
    /// 3: a change of what is prepaid.
    Change = 3,
    /// 11: from pay-per-use to yearly or monthly.
    ToPeriod = 11,
}

impl OrderType {
    /// The other documented types: subscription, renewal, unsubscription, to
    /// pay-per-use, trial, from trial, fee adjustment.
    const OTHERS: [i64; 7] = [1, 2, 4, 10, 13, 14, 15];

    /// This number is a documented type.
    pub fn is_known(number: i64) -> bool {
        let own = [Self::Change, Self::ToPeriod];
        own.iter().any(|kind| *kind as i64 == number) || Self::is_another(number)
    }

    /// This number is known to be another type.
    pub fn is_another(number: i64) -> bool {
        Self::OTHERS.contains(&number)
    }
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
                Value::String(text) => is_same_id(text, id),
                Value::Array(items) => items.iter().any(|inner| within(inner, id)),
                Value::Object(members) => members.values().any(|inner| within(inner, id)),
                _ => false,
            }
        }
        self.lines.iter().any(|line| within(line, id))
    }

    /// Each line, and there is one, carries the id of a resource, whichever. GUESS: the
    /// name of that member.
    pub fn names_its_resources(&self) -> bool {
        fn is_of_a_resource(name: &str) -> bool {
            let name = name.to_ascii_lowercase().replace('_', "");
            name.contains("resourceid")
        }
        fn within(value: &Value) -> bool {
            match value {
                Value::Array(items) => items.iter().any(within),
                Value::Object(members) => members.iter().any(|(name, member)| {
                    let text = member.as_str().is_some_and(|text| !text.trim().is_empty());
                    (text && is_of_a_resource(name)) || within(member)
                }),
                _ => false,
            }
        }
        !self.lines.is_empty() && self.lines.iter().all(within)
    }
}

/// The same id, however the letters of it are written.
pub fn is_same_id(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    !one.is_empty() && one.eq_ignore_ascii_case(other)
}

/// Which orders are looked for.
#[derive(Clone, Copy, Debug)]
pub struct OrderFilter {
    /// `create_time_begin`, in milliseconds since 1970 UTC.
    pub created_from: i64,
    /// `create_time_end`, in milliseconds since 1970 UTC.
    pub created_until: i64,
    /// `order_type`; absent: of every type.
    pub order_type: Option<OrderType>,
    /// `service_type_code`; absent: of every service.
    pub service: Option<&'static str>,
}

/// The service type that orders for desktops have (`service_type_code`): a product of
/// Workspace says the same (`cloud_service_type`).
pub const WORKSPACE_SERVICE: &str = "hws.service.type.vdi";

/// This code is of another service. One that is written in another form may be of any.
fn is_another_service(code: &str) -> bool {
    const OF_A_SERVICE: &str = "hws.service.type.";
    let code = code.trim().to_ascii_lowercase();
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = code.strip_prefix(OF_A_SERVICE).unwrap_or_default();
    !name.is_empty() && name.chars().all(part) && code != WORKSPACE_SERVICE
}

/// A whole list of orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderList {
    /// Those that were understood.
    pub orders: Vec<Order>,
    /// These were all of them.
    pub understood: bool,
    /// How many requests it took.
    pub requests: usize,
}

/// `ShowCustomerOrderDetails`, its lines to the last page; `None`: BSS knows
/// no such order, or shows another one.
pub async fn show_order(
    client: &Client,
    order: &str,
) -> Result<Look<Option<OrderDetails>>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "pages::count")]
        total_count: Option<u64>,
        #[serde(default)]
        order_info: Option<Order>,
        #[serde(default, deserialize_with = "lenient::list")]
        order_line_items: Vec<Value>,
    }
    let path = Path::of(&["v2", "orders", "customer-orders", "details", order])?;
    let (mut info, mut given) = (None, false);
    let no_filter = Query::default();
    let lines = pages::all(
        client,
        "ShowCustomerOrderDetails",
        &path,
        &no_filter,
        |page: Answer| {
            info = match (info.take(), page.order_info) {
                (Some(before), Some(now)) if before == now => Some(now),
                // It changed between two pages, or the pages are of two orders.
                (Some(Order { order_id, .. }), Some(now)) => {
                    let same = order_id == now.order_id;
                    Some(Order::of_which_nothing_is_known(match same {
                        true => order_id,
                        false => String::new(),
                    }))
                }
                (before, now) => now.or(before),
            };
            given |= !page.order_line_items.is_empty();
            // Lines that are announced and not given must not hide the order itself. Where
            // some are given, what the others are about matters.
            let count = if given { page.total_count } else { Some(0) };
            (page.order_line_items, count)
        },
    );
    let lines = match lines.await.map_err(by_its_code) {
        Err(e) if e.reading == Reading::Gone => return Ok(Look::Seen(None)),
        lines => lines,
    };
    Ok(match look(lines)? {
        Look::Seen(lines) => {
            let asked = info.filter(|found: &Order| found.order_id == order);
            Look::Seen(asked.map(|order| OrderDetails { order, lines }))
        }
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

/// `ListCustomerOrders` to the last page, oldest first, so that an order that is
/// placed meanwhile moves none from one page to the next.
pub async fn list_orders(
    client: &Client,
    filter: OrderFilter,
) -> Result<Look<OrderList>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "pages::count")]
        total_count: Option<u64>,
        #[serde(default)]
        order_infos: Option<Vec<Value>>,
    }
    // Whole seconds: the end is rounded up, not to miss one.
    let mut filters = Query::default()
        .time("create_time_begin", filter.created_from)
        .time("create_time_end", filter.created_until + 999);
    if let Some(order_type) = filter.order_type {
        filters = filters.number("order_type", order_type as i64);
    }
    if let Some(service) = filter.service {
        filters = filters.fixed("service_type_code", service);
    }
    let filters = filters.fixed("order_by", "createTime");
    let path = Path::of(&["v2", "orders", "customer-orders"])?;
    let (mut requests, mut says_nothing) = (0, false);
    let rows = pages::all(
        client,
        "ListCustomerOrders",
        &path,
        &filters,
        |page: Answer| {
            requests += 1;
            says_nothing |= page.total_count.is_none() && page.order_infos.is_none();
            (page.order_infos.unwrap_or_default(), page.total_count)
        },
    );
    let rows = look(rows.await)?;
    if says_nothing {
        let why = "the answer has neither a list of orders nor their count";
        return Err(CallError::unreadable(why));
    }
    Ok(match rows {
        Look::Seen(rows) => {
            let rows = Members::<Order>::read(rows);
            let twice = contradicted(&rows.list, |order| Some(&*order.order_id));
            let mut orders = rows.list;
            orders.retain(|order| !twice.contains(&order.order_id));
            let understood = rows.understood && twice.is_empty();
            // They are there, and where they stand is not known.
            orders.extend(twice.into_iter().map(Order::of_which_nothing_is_known));
            Look::Seen(OrderList {
                orders,
                understood,
                requests,
            })
        }
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

/// `ListPayPerUseCustomerResources`: ids of what an order is about, where its lines
/// do not say. They are understood if they are all that there are, each with its id.
pub async fn order_resources(
    client: &Client,
    order: &str,
) -> Result<Look<Members<String>>, CallError> {
    const PAGE: u64 = 100;
    #[derive(Deserialize)]
    struct Resource {
        #[serde(default, deserialize_with = "lenient::text")]
        resource_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "pages::count")]
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "lenient::list")]
        data: Vec<Value>,
    }
    let order = checked("order_id", order)?;
    let question = serde_json::json!({"order_id": order, "offset": 0, "limit": PAGE});
    // The cloud's own spelling.
    let path = Path::of(&["v2", "orders", "suscriptions", "resources", "query"])?;
    let answer = client
        .ask(
            "ListPayPerUseCustomerResources",
            &path,
            question.to_string().into_bytes(),
        )
        .await;
    let answer = answer.and_then(|body| parse::<Answer>(&body));
    Ok(match look(answer)? {
        Look::Seen(all) => {
            let (given, count) = (all.data.len(), all.total_count);
            let members = Members::<Resource>::read(all.data).list;
            let ids = members.into_iter().filter_map(|each| each.resource_id);
            let list: Vec<String> = ids.collect();
            let whole = count == Some(given as u64);
            Look::Seen(Members {
                understood: whole && list.len() == given,
                list,
            })
        }
        Look::Unreadable(refusal) => Look::Unreadable(refusal),
    })
}

/// What only a person can fix is no fault. That holds for the key, too: it was used
/// for another service just before, and a 401 of BSS alone says nothing about that.
fn look<T>(answer: Result<T, CallError>) -> Result<Look<T>, CallError> {
    match answer.map_err(by_its_code) {
        Ok(seen) => Ok(Look::Seen(seen)),
        // Waiting makes none of them readable.
        Err(CallError {
            reading: Reading::Blocked(_) | Reading::Terminal | Reading::Gone,
            refusal,
        }) => Ok(Look::Unreadable(refusal)),
        Err(e) => Err(e),
    }
}

/// Why BSS cannot be read, with the permission that would change that.
pub fn why_unreadable(refusal: &Refusal) -> String {
    let said = match refusal.call() {
        "" => refusal.label(),
        call => refusal.sentence(call).trim_end_matches('.').to_owned(),
    };
    let row = SERVICE.rows.find(refusal.status, &refusal.code);
    let row = row.or_else(|| SERVICE.rows.of_code(&refusal.code));
    let denied = row.is_some_and(|row| row.reading == Reading::Blocked(Reason::PERMISSION_DENIED));
    match refusal
        .permission()
        .filter(|_| denied && !refusal.is_of_address() && !refusal.is_of_place())
    {
        Some(permission) => format!("{said}; it needs the permission {permission}"),
        None => said,
    }
}

/// An error in an answer with the status of a success is read by its code. One that is not
/// listed is not understood: it is no word that there are no orders.
fn by_its_code(e: CallError) -> CallError {
    let refusal = &e.refusal;
    if !(200..300).contains(&refusal.status) || !refusal.says_no() {
        return e;
    }
    let row = SERVICE.rows.of_code(&refusal.code);
    CallError {
        reading: row.map_or(e.reading, |row| row.reading),
        ..e
    }
}

#[cfg(test)]
mod tests;
