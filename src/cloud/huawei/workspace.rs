//! Workspace: what a desktop is and may become, and the order that changes it
//! (`CreateChangeOrder`), which may cost money and has no idempotency token.

mod job;

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::client::Client;
use super::pages;
use super::verdicts;
use super::{ALL_BUT_EU, EU};
use crate::cloud::call::{CallError, Ids, Meaning, parse};
use crate::cloud::hosts::rule;
use crate::cloud::mutation::argument;
use crate::cloud::permissions::Needs;
use crate::cloud::{
    Arguments, Draft, Members, Mutation, OddId, Path, Query, contradicted, is_id, lenient,
};
use crate::cloud::{HuaweiScope, Method, Protocol, Service};
use crate::text;

/// Workspace.
pub static SERVICE: Service = Service {
    name: "huawei/workspace",
    endpoint: "workspace",
    protocol: Protocol::Huawei(HuaweiScope::Project),
    hosts: &[
        rule("workspace.{region}.myhuaweicloud.eu", EU),
        rule("workspace.{region}.myhuaweicloud.com", ALL_BUT_EU),
    ],
    rows: verdicts::WORKSPACE_ROWS,
    needs: &[
        Needs::new("ShowDesktopDetail", &["workspace:desktops:get"]),
        Needs::new(
            "ListProducts",
            &[
                "workspace:products:listDesktopProducts",
                "ecs:cloudServerFlavors:get",
            ],
        ),
        Needs::new("ShowJob", &["workspace:jobs:get"]).assumed(),
        Needs::new(
            "CreateChangeOrder",
            &[
                "workspace:orders:change",
                "ims:images:list",
                "bss:order:update",
            ],
        ),
    ],
};

pub use job::{Job, Progress, SubJob, show_job};

/// A desktop (`ShowDesktopDetail`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Desktop {
    /// `desktop_id`
    #[serde(deserialize_with = "lenient::plain_text")]
    pub desktop_id: String,
    /// `product_id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_id: Option<String>,
    /// `product`
    #[serde(default)]
    pub product: Option<Product>,
    /// `status`, open: ACTIVE, SHUTOFF, ERROR, HIBERNATED.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
    /// `task_status`, open; absent: nothing is being done with it.
    #[serde(default, deserialize_with = "task")]
    pub task_status: Option<String>,
    /// `is_freeze`
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_freeze: Option<bool>,
    /// `order_id` of the order that made it prepaid.
    #[serde(default, deserialize_with = "lenient::text")]
    pub order_id: Option<String>,
    /// `bill_resource_id`: what BSS calls it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub bill_resource_id: Option<String>,
    /// `root_volume`
    #[serde(default)]
    pub root_volume: Option<Volume>,
    /// `data_volumes`
    #[serde(default)]
    pub data_volumes: Members<Volume>,
}

impl Desktop {
    /// The product that it has, wherever the answer says it; `None`: it does not say, or
    /// says two that differ, as it may while one is changed into the other.
    pub fn product_id(&self) -> Option<&str> {
        let product = self.product.as_ref().and_then(|p| p.product_id.as_deref());
        match (self.product_id.as_deref(), product) {
            (Some(own), Some(product)) if own != product => None,
            (own, product) => own.or(product),
        }
    }

    /// How it is charged; `None`: the answer does not say.
    pub fn charge_mode(&self) -> Option<ChargeMode> {
        match self.product.as_ref()?.charge_mode.as_deref()? {
            "0" => Some(ChargeMode::Prepaid),
            "1" => Some(ChargeMode::OnDemand),
            _ => None,
        }
    }

    /// The volume of that id. Which of a volume's two ids an order names is not
    /// documented, so either is understood. `None`: it is not shown, or twice and
    /// differently.
    pub fn volume(&self, id: &str) -> Option<&Volume> {
        let is = |own: &Option<String>| own.as_deref() == Some(id);
        let mut found = self
            .volumes()
            .filter(|volume| is(&volume.volume_id) || is(&volume.id));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    fn volumes(&self) -> impl Iterator<Item = &Volume> {
        self.root_volume.iter().chain(&self.data_volumes.list)
    }

    /// Every volume that it has is shown with its ids.
    pub fn shows_every_volume(&self) -> bool {
        let named = |volume: &Volume| volume.volume_id.is_some() && volume.id.is_some();
        let by_id = contradicted(self.volumes(), |volume| volume.id.as_deref());
        let by_disk = contradicted(self.volumes(), |volume| volume.volume_id.as_deref());
        self.root_volume.as_ref().is_some_and(named)
            && self.data_volumes.understood
            && self.data_volumes.list.iter().all(named)
            && by_id.is_empty()
            && by_disk.is_empty()
    }

    /// Every id that the service and billing have for it and its volumes is shown.
    pub fn shows_every_id(&self) -> bool {
        self.bill_resource_id.is_some()
            && self.shows_every_volume()
            && self
                .volumes()
                .all(|volume| volume.bill_resource_id.is_some())
    }

    /// What the service and billing call it and its volumes.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let of_volumes = self.volumes().flat_map(Volume::ids);
        let own = self.bill_resource_id.as_deref();
        own.into_iter()
            .chain([self.desktop_id.as_str()])
            .chain(of_volumes)
    }
}

/// How a desktop is charged (`product.charge_mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargeMode {
    /// 0: yearly or monthly.
    Prepaid,
    /// 1: per use.
    OnDemand,
}

/// A disk of a desktop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Volume {
    /// `id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub id: Option<String>,
    /// `volume_id`: the EVS disk.
    #[serde(default, deserialize_with = "lenient::text")]
    pub volume_id: Option<String>,
    /// `size` in GiB.
    #[serde(default, deserialize_with = "lenient::number")]
    pub size: Option<i64>,
    /// `bill_resource_id`: what BSS calls it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub bill_resource_id: Option<String>,
}

impl Volume {
    /// What the service and billing call it.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let ids = [&self.id, &self.volume_id, &self.bill_resource_id];
        ids.into_iter().filter_map(|id| id.as_deref())
    }
}

/// A product (`ListProducts`, and in a desktop).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Product {
    /// `product_id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub product_id: Option<String>,
    /// `flavor_id`
    #[serde(default, deserialize_with = "lenient::text")]
    pub flavor_id: Option<String>,
    /// `charge_mode`: 0 prepaid, 1 on demand.
    #[serde(default, deserialize_with = "lenient::text")]
    pub charge_mode: Option<String>,
    /// `status`: normal, sellout, abandon.
    #[serde(default, deserialize_with = "lenient::text")]
    pub status: Option<String>,
}

/// What an order changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// `resizeDesktops`
    Resize {
        /// `resize_product_id`
        product: &'a str,
    },
    /// `expandVolumes`
    ExpandVolume {
        /// `expand_volume_id`
        volume: &'a str,
        /// `expand_new_size`: what it is to have in all, in GiB.
        size: u32,
    },
    /// `meteredToPeriod`
    Subscribe {
        /// `period_type`
        unit: Period,
        /// `period_num`
        count: u32,
        /// `is_auto_renew`
        auto_renew: bool,
    },
}

/// Unit of a subscription's term (`period_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 2
    Month,
    /// 3
    Year,
}

/// An order, as `CreateChangeOrder` takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeOrder<'a> {
    /// What it changes.
    pub change: Change<'a>,
    /// `enterprise_project_id`
    pub enterprise_project: Option<&'a str>,
    /// `extend_param.is_auto_pay`: false leaves the order unpaid.
    pub auto_pay: bool,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderBody<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_type: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period_num: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_auto_renew: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resize_product_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expand_volume_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expand_new_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enterprise_project_id: Option<&'a str>,
    #[serde(borrow)]
    extend_param: ExtendParam<'a>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtendParam<'a> {
    // A text, not a boolean.
    is_auto_pay: &'a str,
}

impl<'a> ChangeOrder<'a> {
    /// The bytes that are sent: the same for the same order.
    pub fn body(&self) -> String {
        serde_json::to_string(&self.members()).expect("texts and numbers are JSON")
    }

    fn members(&self) -> OrderBody<'a> {
        let mut body = match self.change {
            Change::Resize { product } => OrderBody {
                kind: "resizeDesktops",
                resize_product_id: Some(product),
                ..OrderBody::default()
            },
            Change::ExpandVolume { volume, size } => OrderBody {
                kind: "expandVolumes",
                expand_volume_id: Some(volume),
                expand_new_size: Some(size),
                ..OrderBody::default()
            },
            Change::Subscribe {
                unit,
                count,
                auto_renew,
            } => OrderBody {
                kind: "meteredToPeriod",
                period_type: Some(match unit {
                    Period::Month => 2,
                    Period::Year => 3,
                }),
                period_num: Some(count),
                is_auto_renew: Some(u8::from(auto_renew)),
                ..OrderBody::default()
            },
        };
        body.enterprise_project_id = self.enterprise_project;
        // Said in either case, so that no default of the cloud's decides about money.
        body.extend_param.is_auto_pay = match self.auto_pay {
            true => "true",
            false => "false",
        };
        body
    }

    /// What it asks for, by the cloud's names: the members of its body.
    pub fn arguments(&self, desktop: &str) -> Arguments {
        let members = serde_json::to_value(self.members()).expect("texts and numbers are JSON");
        let members = members.as_object().into_iter().flatten();
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut arguments: Arguments = members
            .filter(|(_, value)| !value.is_object())
            .map(|(name, value)| (name.clone(), text(value)))
            .collect();
        arguments.insert(DESKTOP.to_owned(), desktop.to_owned());
        let auto_pay = self.members().extend_param.is_auto_pay.to_owned();
        arguments.insert(AUTO_PAY.to_owned(), auto_pay);
        arguments
    }

    /// The order with these arguments; `None`: they name none.
    pub fn of(arguments: &'a Arguments) -> Option<Self> {
        let text = |name: &str| arguments.get(name).map(String::as_str);
        let order = Self::from_members(&OrderBody {
            kind: text(TYPE)?,
            period_type: number(text("period_type"))?,
            period_num: number(text("period_num"))?,
            is_auto_renew: number(text("is_auto_renew"))?,
            resize_product_id: text("resize_product_id"),
            expand_volume_id: text("expand_volume_id"),
            expand_new_size: number(text("expand_new_size"))?,
            enterprise_project_id: text("enterprise_project_id"),
            extend_param: ExtendParam {
                is_auto_pay: text(AUTO_PAY)?,
            },
        })?;
        let whole = order.arguments(text(DESKTOP)?) == *arguments;
        whole.then_some(order)
    }

    /// What [`ChangeOrder::body`] wrote; `None`: this is nothing of the sort.
    pub fn read(body: &'a str) -> Option<Self> {
        let order = Self::from_members(&serde_json::from_str(body).ok()?)?;
        (order.body() == body).then_some(order)
    }

    fn from_members(read: &OrderBody<'a>) -> Option<Self> {
        let change = match read.kind {
            "resizeDesktops" => Change::Resize {
                product: read.resize_product_id?,
            },
            "expandVolumes" => Change::ExpandVolume {
                volume: read.expand_volume_id?,
                size: read.expand_new_size?,
            },
            "meteredToPeriod" => Change::Subscribe {
                unit: match read.period_type? {
                    2 => Period::Month,
                    3 => Period::Year,
                    _ => return None,
                },
                count: read.period_num?,
                auto_renew: read.is_auto_renew? == 1,
            },
            _ => return None,
        };
        Some(Self {
            change,
            enterprise_project: read.enterprise_project_id,
            auto_pay: read.extend_param.is_auto_pay == "true",
        })
    }
}

/// A number that may be missing; `None`: it is none.
fn number<T: FromStr>(text: Option<&str>) -> Option<Option<T>> {
    text.map(T::from_str).transpose().ok()
}

/// `ShowDesktopDetail`; `None`: there is no such desktop.
pub async fn show_desktop(client: &Client, desktop: &str) -> Result<Option<Desktop>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        desktop: Desktop,
    }
    let path = Path::of(&["v2", client.scope.id(), "desktops", desktop])?;
    let Some(body) = found(
        client
            .get("ShowDesktopDetail", &path, &Query::default())
            .await,
    )?
    else {
        return Ok(None);
    };
    let Answer { desktop: shown } = parse(&body)?;
    // An answer about another desktop says nothing about this one, not even that it is
    // not there.
    match shown.desktop_id.eq_ignore_ascii_case(desktop) {
        true => Ok(Some(shown)),
        false => Err(CallError::unreadable("the answer is about another desktop")),
    }
}

/// `ListProducts`: what a desktop of that product may be changed to.
pub async fn list_products(client: &Client, product: &str) -> Result<Members<Product>, CallError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "pages::count")]
        total_count: Option<u64>,
        /// Of no product, a list or null.
        #[serde(default)]
        products: Value,
    }
    let path = Path::of(&["v2", client.scope.id(), "products"])?;
    let filters = Query::default().name("product_id", product)?;
    let mut listed = true;
    let rows = pages::all(client, "ListProducts", &path, &filters, |page: Answer| {
        let products = match (page.products, page.total_count) {
            (Value::Null, Some(0)) => Members::from(Vec::new()),
            (Value::Array(products), _) => Members::from(products),
            _ => Members::default(),
        };
        listed &= products.understood;
        (products.list, page.total_count)
    });
    let Members { list, understood } = Members::<Product>::read(rows.await?);
    let named = |product: &Product| product.product_id.is_some();
    Ok(Members {
        understood: listed && understood && list.iter().all(named),
        list,
    })
}

/// `CreateChangeOrder`: may cost money, and a repeat is another order.
pub static CREATE_CHANGE_ORDER: Mutation = Mutation {
    name: "CreateChangeOrder",
    service: &SERVICE,
    method: Method::Post,
    token: None,
    request: |arguments, project| {
        let desktop = argument(arguments, DESKTOP);
        let path = Path::of(&["v2", project, "periodic", desktop, "change", "order"])?;
        let order = ChangeOrder::of(arguments);
        let order = order.ok_or_else(|| OddId::new(TYPE, argument(arguments, TYPE)))?;
        Ok(Draft {
            path: Some(path),
            body: order.body(),
            ..Draft::default()
        })
    },
    meaning: |answer| ordered(answer.body),
};

/// The argument of [`CREATE_CHANGE_ORDER`] that is no member of the order.
pub const DESKTOP: &str = "desktop_id";
const TYPE: &str = "type";
const AUTO_PAY: &str = "is_auto_pay";

/// What a 2xx to an order means. The service writes errors into some of them, and
/// nowhere says whether those had an effect: only an order is an answer.
fn ordered(body: &[u8]) -> Meaning {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default, deserialize_with = "lenient::text")]
        order_id: Option<String>,
        #[serde(default, deserialize_with = "lenient::text")]
        job_id: Option<String>,
    }
    let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
        return Meaning::Unclear(Ids::new());
    };
    let ids: Ids = [("order_id", answer.order_id), ("job_id", answer.job_id)]
        .into_iter()
        .filter_map(|(name, id)| Some((name.to_owned(), id.filter(|id| is_id(id))?)))
        .collect();
    match ids.contains_key("order_id") {
        true => Meaning::Accepted(ids),
        false => Meaning::Unclear(ids),
    }
}

/// A word, or that there is something else in its place: that is not nothing.
fn task<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Null => None,
        Value::String(word) => lenient::text(Value::String(word)).unwrap_or_default(),
        other => Some(text::line(&other.to_string(), 64)),
    })
}

/// `None` where the service itself says that what was asked for is not there.
fn found<T>(answer: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match answer {
        Ok(body) => Ok(Some(body)),
        Err(e) => match (e.refusal.status, e.refusal.code.as_str()) {
            // Seen with 500 too.
            (_, "WKS.0202" | "WKS.0915") => Ok(None),
            // Not the gateway's 404, which is about the path.
            (404, code) if code.starts_with("WKS.") => Ok(None),
            _ => Err(e),
        },
    }
}

#[cfg(test)]
mod tests;
