//! One object on its way into a state, and what is recorded of it then.

use errand_simulator::{BatchStatus, Config, RefreshStatus, Seed, State};
use errand_testbed::{Bed, BedOptions, CLUSTER};
use serde_json::{Map, Value, json};

use super::cases::Case;
use super::kinds::Sort;
use crate::support::{bed_with, ending, resolve_of, seconds};

/// The right secret key of every bed's account, as a Secret's data has it.
const USUAL_SECRET: &str = "RXJyYW5kVGVzdFNlY3JldEtleS1jYW5hcnktNDcxMQ==";

/// What every recorded object is called.
pub const NAME: &str = "op";

/// A bed, and what was put into its cloud.
pub struct Recording {
    pub bed: Bed,
    pub sort: &'static Sort,
    /// Everything that was seeded, with times that do not move any more.
    seeded: Map<String, Value>,
    /// The clock moves in steps of this many seconds while something is waited for.
    pub step: u64,
    /// Also before the operator has written anything about it.
    pub impatient: bool,
    note: Option<&'static str>,
}

impl Recording {
    pub fn start(case: &Case) -> Self {
        let options = BedOptions {
            simulator: Config {
                date_offset: case.date_offset,
                ..Config::default()
            },
            ..BedOptions::default()
        };
        let bed = bed_with("fix", options);
        let mut recording = Self {
            bed,
            sort: case.sort,
            seeded: Map::new(),
            step: 10,
            impatient: false,
            note: None,
        };
        match case.sort.short {
            "irf" | "sir" => recording.bed.connect_all_clouds(),
            "dor" => recording
                .connect_with("policy: {paidOperations: AutomaticPayment, clusterId: CLUSTER}"),
            _ => {}
        }
        recording
    }

    /// A remark for readers of the file.
    pub fn note(&mut self, note: &'static str) {
        self.note = Some(note);
    }

    /// Puts this into the cloud.
    pub fn seed(&mut self, seed: Seed) {
        let mut value = serde_json::to_value(&seed).expect("a seed is JSON");
        fix_times(&mut value, self.bed.simulator.now());
        for (part, more) in value.as_object().expect("an object") {
            merge(self.seeded.entry(part.clone()).or_insert(Value::Null), more);
        }
        self.bed.simulator.seed(seed);
    }

    /// The kind's connection with more in its spec.
    pub fn connect_with(&mut self, more: &str) {
        let more = format!("  {}\n", more.replace("CLUSTER", CLUSTER));
        let name = self.sort.connection;
        let manifest = match name {
            "huawei-prod" => self.bed.connection(name) + &more,
            _ => self.bed.cloud_connection(name, &more),
        };
        self.bed.apply(&manifest);
    }

    /// Applies the kind's usual operation; `more` is added to its spec.
    pub fn apply(&self, more: &str) {
        self.apply_wanting(self.sort.wanted, more);
    }

    /// The same with another wish, in the kind's words.
    pub fn apply_wanting(&self, wanted: &str, more: &str) {
        self.bed
            .apply(&self.sort.manifest(&self.bed, NAME, wanted, more));
    }

    pub fn object(&self) -> Value {
        self.bed.get(self.sort.short, NAME)
    }

    /// Answers the open question.
    pub fn resolve(&self, decision: &str) {
        resolve_of(&self.bed, self.sort.short, NAME, decision);
    }

    /// Waits until it has that reason.
    pub fn until(&self, reason: &str) -> Value {
        let mut object = self.object();
        self.bed.wait_until(&format!("it is {reason}"), || {
            let looked = object["status"]["observedGeneration"] == object["metadata"]["generation"];
            if self.step > 0 && (looked || self.impatient) {
                self.bed.advance_if_led(seconds(self.step));
            }
            object = self.object();
            ending(&object).reason == reason
        });
        object
    }

    pub fn await_standing(&self, state: &str, reason: &str) {
        let object = match ending(&self.object()).reason == reason {
            true => self.object(),
            false => self.until(reason),
        };
        assert_eq!(ending(&object).state, state, "{object:#}");
    }

    /// The file, as JSON; `by` is the version that made it.
    pub fn fixture(mut self, by: &str) -> String {
        let object = self.object();
        let kinds = self.bed.operation_kinds();
        let others = kinds.iter().flat_map(|kind| self.bed.list(kind));
        let others: Vec<Value> = others
            .filter(|other| other["metadata"]["uid"] != object["metadata"]["uid"])
            .map(plain)
            .collect();
        let ledgers = self.bed.list("operationledger").into_iter().map(plain);
        let (ledgers, elided): (Vec<_>, Vec<_>) = ledgers.map(elide).unzip();
        let mut connections: Vec<Value> = self.bed.list("cc").into_iter().map(plain).collect();
        let named = &object["spec"]["connectionRef"]["name"];
        connections.retain(|connection| connection["metadata"]["name"] == *named);
        let secret = self
            .bed
            .find("secret", "huawei-key")
            .expect("it can be read");
        let cloud = self.cloud();
        let mut fixture = json!({
            "recorded": {
                "by": by,
                "at": self.bed.simulator.now(),
                "namespace": self.bed.namespace,
                "endpoint": self.bed.simulator.url(),
            },
            "object": plain(object),
            "connections": connections,
            "cloud": cloud,
        });
        let mut add = |name: &str, value: Value| {
            if !is_empty(&value) {
                fixture[name] = value;
            }
        };
        add("note", json!(self.note));
        add("others", json!(others));
        add("ledgers", json!(ledgers));
        add(
            "elidedEntries",
            json!(elided.iter().max().filter(|most| **most > 0)),
        );
        let data = secret.unwrap_or_default()["data"].clone();
        if data["secretKey"] != *USUAL_SECRET || data["accessKey"].is_null() {
            fixture["secretData"] = data;
        }
        if self.bed_runs() {
            self.bed.kill_operator();
        }
        text(&fixture, 0) + "\n"
    }

    fn bed_runs(&self) -> bool {
        !self.bed.operator_log().is_empty()
    }

    /// A seed that makes the cloud as it is now, as far as seeds go, and its faults.
    fn cloud(&mut self) -> Value {
        let state = self.bed.simulator.state();
        let mut seed = Value::Object(std::mem::take(&mut self.seeded));
        seed["readings"] = different_readings(&state);
        cancelled_changes(&mut seed, &state);
        placed_orders(&mut seed, &state);
        refreshes(&mut seed, &state);
        let gone: Vec<_> = state
            .volcengine
            .reservations
            .iter()
            .filter(|r| !r.visible)
            .collect();
        if let Some(all) = seed["volcengine"]["reservations"].as_array_mut() {
            all.retain(|one| !gone.iter().any(|gone| one["id"] == *gone.id));
        }
        strip(&mut seed);
        let mut cloud = json!({"seed": seed});
        if !state.faults.is_empty() {
            let faults: Vec<_> = state.faults.values().collect();
            cloud["faults"] = json!(faults);
        }
        cloud
    }
}

/// Without what a new object cannot bring, and what kubectl wrote for itself.
fn plain(mut object: Value) -> Value {
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    object
}

/// Short, and in lines that can be compared: what has no members that have members is
/// in one line.
fn text(value: &Value, indent: usize) -> String {
    let plain = |value: &Value| !value.is_object() && !value.is_array();
    let lines = |open: &str, close: &str, lines: Vec<String>| {
        let (inner, outer) = (" ".repeat(indent + 1), " ".repeat(indent));
        let inner = lines.join(&format!(",\n{inner}"));
        format!("{open}\n{}{inner}\n{outer}{close}", " ".repeat(indent + 1))
    };
    match value {
        Value::Object(all) if !all.values().all(plain) => {
            let line = |(name, value)| format!("{}:{}", json!(name), text(value, indent + 1));
            lines("{", "}", all.iter().map(line).collect())
        }
        Value::Array(all) if !all.iter().all(plain) => lines(
            "[",
            "]",
            all.iter().map(|one| text(one, indent + 1)).collect(),
        ),
        short => short.to_string(),
    }
}

/// A ledger with the first and the last of its many entries, and how many there are not.
fn elide(mut ledger: Value) -> (Value, usize) {
    const KEPT: usize = 2;
    let entries = ledger.pointer_mut("/spec/entries");
    let entries = entries.and_then(Value::as_array_mut);
    let Some(entries) = entries.filter(|entries| entries.len() > 16) else {
        return (ledger, 0);
    };
    let elided = entries.len() - KEPT;
    entries.drain(1..=elided);
    (ledger, elided)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// Removes what seeds have by default.
fn strip(value: &mut Value) {
    match value {
        Value::Object(all) => {
            all.values_mut().for_each(strip);
            all.retain(|_, value| !is_empty(value));
        }
        Value::Array(all) => all.iter_mut().for_each(strip),
        _ => {}
    }
}

/// `{"in": 60}` as the time that it means.
fn fix_times(value: &mut Value, now: jiff::Timestamp) {
    if let Some(seconds) = value.get("in").and_then(Value::as_i64) {
        let at = now.checked_add(jiff::SignedDuration::from_secs(seconds));
        *value = json!(at.expect("a time"));
        return;
    }
    match value {
        Value::Object(all) => all.values_mut().for_each(|value| fix_times(value, now)),
        Value::Array(all) => all.iter_mut().for_each(|value| fix_times(value, now)),
        _ => {}
    }
}

/// Adds what a later seed has; what has the same id is replaced.
fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(into), Value::Array(more)) => {
            let id = |one: &Value| {
                ["id", "access_key", "secret_id", "product_id"]
                    .iter()
                    .find_map(|name| one.get(name).cloned())
            };
            for one in more {
                into.retain(|old| id(old).is_none() || id(old) != id(one));
                into.push(one.clone());
            }
        }
        (into, more) if !is_empty(more) || into.is_null() => *into = more.clone(),
        _ => {}
    }
}

/// The readings that are not as usual, by service.
fn different_readings(state: &State) -> Value {
    let usual = serde_json::to_value(errand_simulator::Readings::default()).expect("JSON");
    let mut found = serde_json::to_value(&state.readings).expect("JSON");
    for (service, readings) in found.as_object_mut().expect("an object") {
        if let Some(readings) = readings.as_object_mut() {
            readings.retain(|name, value| usual[service][name.as_str()] != *value);
        }
    }
    found
}

/// Changes that were cancelled are tasks of the past.
fn cancelled_changes(seed: &mut Value, state: &State) {
    for (project, instances) in &state.dcs {
        let Some(seeded) = seed["dcs"][project].as_array_mut() else {
            continue;
        };
        for instance in seeded {
            let shown = instances.iter().find(|shown| instance["id"] == *shown.id);
            let tasks = shown.map(|shown| &*shown.tasks).unwrap_or_default();
            let changes = instance["changes"].as_array_mut();
            let (over, left) = std::mem::take(changes.expect("a list"))
                .into_iter()
                .partition(|change| {
                    let task = tasks.iter().find(|task| change["task_id"] == *task.id);
                    task.is_none_or(|task| ["CANCELLED", "DELETED"].contains(&&*task.status))
                });
            let over: Vec<Value> = over;
            instance["changes"] = Value::Array(left);
            for change in over {
                let task = json!({
                    "task_id": change["task_id"],
                    "status": "CANCELLED",
                    "new_spec_code": change["new_spec_code"],
                    "created_at": match &change["created_at"] {
                        Value::Null => json!(state.time),
                        at => at.clone(),
                    },
                });
                instance["finished"]
                    .as_array_mut()
                    .expect("a list")
                    .push(task);
            }
        }
    }
}

/// Orders that were placed by calls, as if they had been seeded.
fn placed_orders(seed: &mut Value, state: &State) {
    const PENDING_PAYMENT: u8 = 6;
    const CANCELLED: u8 = 4;
    const COMPLETED: u8 = 5;
    for (project, desktops) in &state.workspace {
        let seeded = seed["workspace"][project]["desktops"].as_array_mut();
        for one in seeded.into_iter().flatten() {
            let mut desktops = desktops.iter();
            if let Some(shown) = desktops.find(|shown| one["id"] == *shown.id) {
                one["product_id"] = json!(shown.product_id);
            }
        }
    }
    let placed = state.orders.iter().filter(|order| !order.foreign);
    let placed = placed.map(|order| {
        let mut one = json!({
            "project": order.project,
            "desktop": order.desktop,
            "change": order.change,
            "order_id": order.order_id,
            "created_at": order.created_at,
            "paid": order.status != PENDING_PAYMENT && order.status != CANCELLED,
        });
        // What it has done it does not do again.
        if matches!(order.status, CANCELLED | COMPLETED) && order.job_status != "FAILED" {
            one["status"] = json!(order.status);
        }
        one
    });
    let placed: Vec<Value> = placed.collect();
    match seed["desktop_orders"].as_array_mut() {
        Some(all) => all.extend(placed),
        None => seed["desktop_orders"] = json!(placed),
    }
}

/// Refreshes that do not run keep their status.
fn refreshes(seed: &mut Value, state: &State) {
    let Some(seeded) = seed["tencent"]["activities"].as_array_mut() else {
        return;
    };
    for one in seeded {
        let all = &state.tencent.activities;
        let Some(shown) = all.iter().find(|shown| one["id"] == *shown.id) else {
            continue;
        };
        if matches!(shown.status, RefreshStatus::Init | RefreshStatus::Running) {
            let began = shown.started_at.unwrap_or(shown.created_at);
            if ["INIT", "RUNNING"]
                .iter()
                .any(|word| one["status"] == *word)
            {
                if one["starts_at"].is_null() {
                    one["starts_at"] = json!(began);
                }
                continue;
            }
            // It was seeded otherwise, and runs since a call.
            let mut batches = shown.batches.iter();
            let running = batches.find(|batch| batch.status == BatchStatus::Running);
            one["status"] = json!(shown.status);
            one["at_batch"] = json!(shown.current_batch.max(1));
            one["created_at"] = json!(shown.created_at);
            one["starts_at"] = json!(running.and_then(|batch| batch.started_at).unwrap_or(began));
            continue;
        }
        let batches = u32::try_from(shown.batches.len()).unwrap_or(1);
        let at = match shown.status {
            RefreshStatus::FailedPause | RefreshStatus::Failed => shown.current_batch,
            status if status.is_pause() => shown.current_batch + 1,
            _ => shown.current_batch,
        };
        one["status"] = json!(shown.status);
        one["at_batch"] = json!(at.clamp(1, batches));
        one["created_at"] = json!(shown.created_at);
        one["starts_at"] = json!(shown.started_at.unwrap_or(shown.created_at));
    }
}
