//! DescribeScheduledInstances: which orders are asked for, and how one is shown. The
//! fields are those of the official SDK's models.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde_json::{Value, json};

use super::seed::{CountForm, EcsReadings, EmptyInfo, ReservationKind, TimeForm, UnsetTime};
use super::state::{Order, SLOT, later};
use crate::message::Refusal;
use crate::volcengine::query::Query;

const LARGEST_PAGE: usize = 100;
/// GUESS: where MaxResults is not sent.
const USUAL_PAGE: usize = 20;

/// The answer to a list call. GUESS: the order, newest first.
pub(super) fn list(
    mut orders: Vec<&Order>,
    query: &Query,
    now: Timestamp,
    readings: &EcsReadings,
) -> Result<Value, Refusal> {
    let most = match query.filled("MaxResults").map(str::parse) {
        None => USUAL_PAGE,
        Some(Ok(most)) if (1..=LARGEST_PAGE).contains(&most) => most,
        Some(_) => return Err(invalid("MaxResults")),
    };
    let after = match query.filled("NextToken").map(read_token) {
        None => None,
        Some(Some(place)) => Some(place),
        Some(None) => return Err(invalid("NextToken")),
    };
    let wanted = Wanted::of(query);
    orders.retain(|order| wanted.admits(order, now, readings));
    orders.sort_by_key(|order| place(order));
    let rest = orders
        .iter()
        .skip_while(|order| after.as_ref().is_some_and(|after| place(order) <= *after));
    let rest: Vec<_> = rest.collect();
    let page = &rest[..most.min(rest.len())];
    let next = match page.last() {
        Some(last) if page.len() < rest.len() => write_token(&place(last)),
        _ => String::new(),
    };
    let shown = page.iter().map(|order| order.show(now, readings));
    let info = match (page.is_empty(), readings.nothing) {
        (true, EmptyInfo::Null) => Value::Null,
        _ => shown.collect(),
    };
    Ok(json!({"ScheduledInstanceInfo": info, "NextToken": next}))
}

/// What the list is sorted by.
type Place = (i64, String);

fn place(order: &Order) -> Place {
    (-order.created_at.as_millisecond(), order.seed.id.clone())
}

fn write_token((time, id): &Place) -> String {
    format!("{time}:{id}")
}

fn read_token(text: &str) -> Option<Place> {
    let (time, id) = text.split_once(':')?;
    Some((time.parse().ok()?, id.into()))
}

/// GUESS: the code.
fn invalid(name: &str) -> Refusal {
    let code = format!("InvalidParameter.{name}");
    Refusal::new(400, &code, format!("{name} is not valid."))
}

/// The filters of a call.
struct Wanted<'a> {
    ids: Vec<&'a str>,
    types: Vec<&'a str>,
    one: Vec<(&'static str, &'a str)>,
    tags: Vec<(&'a str, Vec<&'a str>)>,
}

impl<'a> Wanted<'a> {
    fn of(query: &'a Query) -> Self {
        let names = [
            "ScheduledInstanceName",
            "Status",
            "ElasticScheduledInstanceType",
            "DeliveryType",
            "ZoneId",
            "ProjectName",
        ];
        let sent = names.into_iter();
        let one = sent.filter_map(|name| query.filled(name).map(|value| (name, value)));
        let tags = (1..).map_while(|n| {
            let key = query.get(&format!("TagFilters.{n}.Key"))?;
            Some((key, query.list(&format!("TagFilters.{n}.Values"))))
        });
        Self {
            ids: query.list("ScheduledInstanceIds"),
            types: query.list("InstanceTypeIds"),
            one: one.collect(),
            tags: tags.collect(),
        }
    }

    fn admits(&self, order: &Order, now: Timestamp, readings: &EcsReadings) -> bool {
        let shown = order.show(now, readings);
        let seed = &order.seed;
        let any = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
        any(&self.ids, &seed.id)
            && any(&self.types, &seed.instance_type)
            && self.one.iter().all(|(name, value)| shown[name] == **value)
            && self
                .tags
                .iter()
                .all(|(key, values)| seed.tags.get(*key).is_some_and(|value| any(values, value)))
    }
}

/// `2026-11-21T08:00Z`.
fn minutes(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%MZ").to_string()
}

fn moment(time: Option<Timestamp>, readings: &EcsReadings) -> Value {
    let Some(time) = time else {
        return match readings.unset_time {
            UnsetTime::Empty => json!(""),
            UnsetTime::Null => Value::Null,
            UnsetTime::Zero => json!("0001-01-01T00:00:00Z"),
        };
    };
    let beijing = time.to_zoned(TimeZone::fixed(Offset::constant(8)));
    let written = |form| json!(beijing.strftime(form).to_string());
    match readings.time_form {
        TimeForm::Minutes => json!(minutes(time)),
        TimeForm::Offset => written("%Y-%m-%dT%H:%M:%S%:z"),
        TimeForm::Basic => written("%Y-%m-%dT%H:%M:%S%z"),
        TimeForm::Blank => written("%Y-%m-%d %H:%M:%S %z"),
        TimeForm::NoZone => written("%Y-%m-%d %H:%M:%S"),
        TimeForm::Unix => json!(time.as_second()),
    }
}

fn number(number: u32, readings: &EcsReadings) -> Value {
    match readings.counts {
        CountForm::Number => json!(number),
        CountForm::Text => json!(number.to_string()),
        CountForm::Null => Value::Null,
    }
}

impl Order {
    fn show(&self, now: Timestamp, readings: &EcsReadings) -> Value {
        let seed = &self.seed;
        let (kind, delivery) = match seed.kind {
            ReservationKind::Esi => ("Esi", ""),
            ReservationKind::SegmentedReserve => ("Segmented", "Reserve"),
            ReservationKind::SegmentedImmediate => ("Segmented", "Immediate"),
        };
        let invalid = self.invalid_at.filter(|_| self.shows_end(now, readings));
        let time = |time| moment(time, readings);
        let slot = |at: Option<Timestamp>| match (readings.time_form, at) {
            (TimeForm::Offset, Some(at)) => json!(minutes(at)),
            _ => time(at),
        };
        let tags = seed.tags.iter();
        let tags: Vec<Value> = tags
            .map(|(key, value)| json!({"Key": key, "Value": value}))
            .collect();
        json!({
            "ScheduledInstanceId": seed.id,
            "ScheduledInstanceName": seed.name.as_ref().unwrap_or(&seed.id),
            "ScheduledInstanceDescription": "",
            "Status": self.status(now, readings),
            "ElasticScheduledInstanceType": kind,
            "DeliveryType": delivery,
            "Count": number(seed.count, readings),
            "DeliveryCount": number(self.delivered, readings),
            "ReleaseCount": number(0, readings),
            "CreatedAt": time(Some(self.created_at)),
            "UpdatedAt": time(Some(self.updated_at)),
            "InvalidAt": time(invalid),
            "StartDeliveryAt": slot(self.starts_at),
            "EndDeliveryAt": slot(self.starts_at.map(|at| later(at, SLOT))),
            "AutoReleaseAt": slot(self.released_at),
            "ZoneId": seed.zone,
            "ProjectName": seed.project,
            "Tags": tags,
            "InstanceConfig": {"InstanceTypeId": seed.instance_type},
        })
    }
}
