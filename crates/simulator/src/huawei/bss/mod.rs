//! BSS, the billing of the whole account: the calls (contracts section e.3; fields
//! as the official SDK has them). It is a global service: no project in the path,
//! `X-Domain-Id` in the request. What an order goes through is in [`state`], what
//! can be put in is in [`seed`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Route;
use super::gateway::Refused;
use super::query::{BadQuery, Query};
use crate::journal::NewEffect;
use crate::message::{Refusal, Reply, Request};
use crate::seed::BadSeed;
use seed::{BssReadings, ListOrder, OrderAction, OrderResources};
use state::{Delivery, NewOrder, Order, OrderState, Running};

pub(crate) mod seed;
pub(crate) mod state;
mod view;

/// The documented longest time between begin and end of a filter.
const YEAR: SignedDuration = SignedDuration::from_hours(366 * 24);

/// A call to BSS.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Show { order: String },
    List,
    Cancel,
    Pay,
    Resources,
}

pub(crate) fn route(method: &str, segments: &[&str]) -> Option<Route> {
    let (api, call) = match (method, segments) {
        ("GET", ["v2", "orders", "customer-orders", "details", order]) => {
            let order = String::from(*order);
            ("bss.ShowOrder", Call::Show { order })
        }
        ("GET", ["v2", "orders", "customer-orders"]) => ("bss.ListOrders", Call::List),
        ("PUT", ["v2", "orders", "customer-orders", "cancel"]) => ("bss.CancelOrder", Call::Cancel),
        ("POST", ["v3", "orders", "customer-orders", "pay"]) => ("bss.PayOrder", Call::Pay),
        // The cloud's own spelling.
        ("POST", ["v2", "orders", "suscriptions", "resources", "query"]) => {
            ("bss.ListResources", Call::Resources)
        }
        _ => return None,
    };
    Some(Route {
        api,
        project: None,
        call: super::Call::Bss(call),
    })
}

/// The orders of every account.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bss {
    pub(crate) readings: BssReadings,
    /// How many ids were made.
    last: u64,
    orders: Vec<Order>,
}

impl Bss {
    /// Without orders, but never with an id a second time.
    pub(crate) fn anew(&self) -> Self {
        Self {
            last: self.last,
            ..Self::default()
        }
    }

    /// Lets the orders go on whose time has come, and returns what is to be
    /// delivered, in the order of its time.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        let due = |order: &Order| order.due().filter(|due| *due <= now);
        while let Some(order) = self
            .orders
            .iter_mut()
            .filter(|order| due(order).is_some())
            .min_by_key(|order| due(order))
        {
            deliveries.extend(order.step());
        }
        deliveries
    }

    /// Places an order and returns its id and its job's. A colleague's order may
    /// bring its id.
    pub(crate) fn place(
        &mut self,
        id: Option<String>,
        new: NewOrder,
    ) -> Result<(String, String), BadSeed> {
        self.last += 1;
        let time = new.created_at.strftime("%y%m%d%H%M").to_string();
        let id = id.unwrap_or_else(|| format!("CS{time}{:05X}", self.last));
        if self.orders.iter().any(|order| order.id == id) {
            return Err(BadSeed::new(format!("two orders with the id {id}")));
        }
        let job_id = format!("ff808082{:024x}", self.last);
        let order = Order::new(id.clone(), job_id.clone(), new);
        self.orders.push(order);
        Ok((id, job_id))
    }

    pub(crate) fn fix(&mut self, id: &str, status: u8) {
        for order in self.orders.iter_mut().filter(|order| order.id == id) {
            order.fix(status);
        }
    }

    /// Whether an order for the desktop is under way.
    pub(crate) fn has_open_order(&self, project: &str, desktop: &str, now: Timestamp) -> bool {
        let mut orders = self.orders.iter().filter(|order| order.created_at <= now);
        orders.any(|order| order.is_of(project, desktop) && !order.is_over())
    }

    /// The job that is changing the desktop now.
    pub(crate) fn running(&self, project: &str, desktop: &str, now: Timestamp) -> Option<Running> {
        let mut orders = self.orders.iter();
        orders.find_map(|order| order.running(now).filter(|_| order.is_of(project, desktop)))
    }

    /// The orders of a project that were placed by now, which have the jobs.
    pub(crate) fn orders_of<'a>(
        &'a self,
        project: &'a str,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Order> {
        let placed = move |order: &&Order| order.project == project && order.created_at <= now;
        self.orders.iter().filter(placed)
    }

    pub(crate) fn state(&self, now: Timestamp) -> Vec<OrderState> {
        let placed = self.orders.iter().filter(|order| order.created_at <= now);
        placed
            .map(|order| order.state(&self.readings, now))
            .collect()
    }

    /// Does to an order what no call does.
    pub(crate) fn act(
        &mut self,
        id: &str,
        action: OrderAction,
        now: Timestamp,
    ) -> Result<(), BadSeed> {
        let order = self.orders.iter_mut().find(|order| order.id == id);
        let order = order.ok_or_else(|| BadSeed::new("no such order"))?;
        if !order.act(action, now) {
            return Err(BadSeed::new("the order's status does not allow this"));
        }
        Ok(())
    }

    /// `projects` are those of the caller's account: their orders are its orders.
    pub(crate) fn perform(
        &mut self,
        projects: &BTreeSet<&str>,
        call: &Call,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let lag = SignedDuration::from_secs(self.readings.visible_after.into());
        let visible = |order: &Order| {
            projects.contains(&*order.project) && now.duration_since(order.created_at) >= lag
        };
        let readings = self.readings.clone();
        match call {
            Call::Show { order } => {
                let page = Query::of(request.query()).page(10, 1..=100)?;
                let mut orders = self.orders.iter().filter(|order| visible(order));
                let order = orders.find(|each| each.id == *order).ok_or_else(invalid)?;
                let mut info = order.show(&readings);
                info["pending_payment_end_time"] = order.pay_until(&readings);
                Ok(Reply::ok(json!({
                    "total_count": 1,
                    "order_info": info,
                    "order_line_items": page.of(vec![order.line(&readings)]),
                })))
            }
            Call::List => {
                let orders = self.orders.iter().filter(|order| visible(order));
                list(orders.collect(), &Query::of(request.query()), &readings)
            }
            Call::Resources => {
                let body: ResourcesBody = read(request)?;
                let orders = self.orders.iter().filter(|order| visible(order));
                let all = orders
                    .filter(|order| order.id == body.order_id)
                    .filter(|_| readings.order_resources == OrderResources::Changed)
                    .map(Order::resource);
                let all: Vec<Value> = all.collect();
                Ok(Reply::ok(json!({"total_count": all.len(), "data": all})))
            }
            Call::Cancel => {
                let body: CancelBody = read(request)?;
                let mut orders = self.orders.iter_mut().filter(|order| visible(order));
                let order = orders
                    .find(|order| order.id == body.order_id)
                    .ok_or_else(invalid)?;
                if !order.can_be_cancelled() {
                    let why = "The order status does not allow cancellation.";
                    return Err(Refusal::new(400, "CBC.99005010", why));
                }
                order.act(OrderAction::Cancel, now);
                effects.push(effect("bss.cancel", order));
                Ok(Reply::no_content())
            }
            Call::Pay => {
                let body: PayBody = read(request)?;
                for word in [&body.use_coupon, &body.use_discount] {
                    if !matches!(&**word, "YES" | "NO") {
                        return Err(bad_parameter());
                    }
                }
                let mut orders = self.orders.iter_mut().filter(|order| visible(order));
                let order = orders
                    .find(|order| order.id == body.order_id)
                    .ok_or_else(invalid)?;
                if order.has_lapsed() {
                    let why = "The payment deadline of the order has passed.";
                    return Err(Refusal::new(400, "CBC.99003110", why));
                }
                if !order.act(OrderAction::Pay, now) {
                    let why = "The order status has changed. It cannot be paid.";
                    return Err(Refusal::new(400, "CBC.99003106", why));
                }
                effects.push(effect("bss.pay", order));
                Ok(Reply::no_content())
            }
        }
    }
}

#[derive(Deserialize)]
struct CancelBody {
    order_id: String,
}

#[derive(Deserialize)]
struct PayBody {
    order_id: String,
    use_coupon: String,
    use_discount: String,
}

#[derive(Deserialize)]
struct ResourcesBody {
    order_id: String,
}

fn read<'a, T: Deserialize<'a>>(request: &'a Request) -> Result<T, Refusal> {
    serde_json::from_slice(&request.body).map_err(|_| bad_parameter())
}

fn list(orders: Vec<&Order>, query: &Query, readings: &BssReadings) -> Result<Reply, Refusal> {
    let page = query.page(10, 1..=100)?;
    let status = query.number("status")?;
    let created = between(query, "create_time_begin", "create_time_end")?;
    let paid = between(query, "payment_time_begin", "payment_time_end")?;
    let is = |name, value: &str| {
        query
            .get(name)
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(value))
    };
    let mut orders: Vec<&Order> = orders
        .into_iter()
        .filter(|order| is("order_id", &order.id))
        .filter(|order| is("order_type", &order.order_type().to_string()))
        .filter(|order| status.is_none_or(|wanted| wanted == u64::from(order.status(readings))))
        .filter(|order| {
            let service = query.get("service_type_code");
            service.is_none_or(|code| order.is_of_service(code))
        })
        .filter(|order| created.holds(Some(order.created_at)))
        .filter(|order| paid.holds(order.paid_at))
        .collect();
    orders.sort_by_key(|order| order.created_at);
    let newest_first = match query.get("order_by") {
        Some(word) if word.eq_ignore_ascii_case("createTime") => false,
        Some(word) if word.eq_ignore_ascii_case("-createTime") => true,
        Some(_) => return Err(bad_parameter()),
        None => readings.list_order == ListOrder::NewestFirst,
    };
    if newest_first {
        orders.reverse();
    }
    let count = orders.len();
    let infos = page.of(orders).into_iter().map(|order| {
        let mut info = order.show(readings);
        info["enterprise_projects"] = json!([]);
        info
    });
    let infos: Vec<Value> = infos.collect();
    Ok(Reply::ok(
        json!({"total_count": count, "order_infos": infos}),
    ))
}

/// GUESS: that both ends are included, at the precision of seconds that BSS shows.
struct Between {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

fn between(query: &Query, begin: &str, end: &str) -> Result<Between, Refusal> {
    let (from, to) = (query.time(begin)?, query.time(end)?);
    if let (Some(from), Some(to)) = (from, to)
        && to.duration_since(from) > YEAR
    {
        return Err(bad_parameter());
    }
    Ok(Between { from, to })
}

impl Between {
    fn holds(&self, time: Option<Timestamp>) -> bool {
        if self.from.is_none() && self.to.is_none() {
            return true;
        }
        time.is_some_and(|time| {
            let time = time.as_second();
            self.from.is_none_or(|from| from.as_second() <= time)
                && self.to.is_none_or(|to| time <= to.as_second())
        })
    }
}

fn effect(kind: &'static str, order: &Order) -> NewEffect {
    let resources = [
        ("project", &order.project),
        ("desktop", &order.desktop),
        ("order", &order.id),
    ];
    NewEffect {
        kind,
        resources: resources.map(|(k, v)| (k.into(), v.clone())).into(),
    }
}

/// As the pages of details and pay document it. GUESS: that cancel shares it.
fn invalid() -> Refusal {
    let message = "Invalid order (the order may not exist). No operation is allowed.";
    Refusal::new(400, "CBC.30000010", message)
}

fn bad_parameter() -> Refusal {
    Refusal::new(400, "CBC.0100", "Incorrect parameters.")
}

impl From<BadQuery> for Refusal {
    fn from(_: BadQuery) -> Self {
        bad_parameter()
    }
}

pub(crate) fn denied() -> Refused {
    Refused::Service(Refusal::new(403, "CBC.0151", "Access denied."))
}

/// The body of a refusal in the form of BSS.
pub(crate) fn render(refusal: &Refusal) -> Value {
    json!({"error_code": refusal.code, "error_msg": refusal.message})
}
