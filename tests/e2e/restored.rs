//! Puts fixtures into an API server and a simulator, as if the operator that wrote them
//! had just ended.

use std::collections::BTreeMap;
use std::fs;

use errand_simulator::{Account, Seed, TencentAccount, VolcengineAccount};
use errand_testbed::{
    ACCESS_KEY, Bed, DCS_PROJECT, DOMAIN, SECRET_KEY, TENCENT_REGION, VOLCENGINE_REGION,
    repository, shared_plane,
};
use serde_json::{Value, json};

use crate::support::{bed, seconds};

const DAY: i64 = 86_400;

/// A fixture in a bed, with the times, names and addresses of that bed.
pub struct Restored {
    pub bed: Bed,
    /// The short name of its kind.
    pub kind: String,
    pub name: String,
}

/// Every file of a version, as `KIND/NAME`.
pub fn all(version: &str) -> Vec<String> {
    let folder = repository().join("tests/fixtures").join(version);
    let mut all = Vec::new();
    for kind in fs::read_dir(&folder).expect("there are fixtures") {
        let kind = kind.expect("a folder").path();
        if !kind.is_dir() || kind.ends_with("crds") {
            continue;
        }
        for file in fs::read_dir(&kind).expect("a folder") {
            let file = file.expect("a file").path();
            let name = file.strip_prefix(&folder).expect("it is in there");
            let name = name.with_extension("");
            all.push(name.to_string_lossy().into_owned());
        }
    }
    all.sort();
    all
}

pub fn restore(version: &str, name: &str) -> Restored {
    let file = format!("tests/fixtures/{version}/{name}.json");
    let text = fs::read_to_string(repository().join(&file));
    let text = text.unwrap_or_else(|e| panic!("{file}: {e}"));
    let fixture: Value = serde_json::from_str(&text).expect("JSON");
    let bed = bed("old");
    bed.connect_all_clouds();
    let fixture = moved(fixture, &bed);
    put_secret(&bed, &fixture);
    for connection in list(&fixture, "connections") {
        let manifest = without_status(connection);
        bed.apply(&manifest.to_string());
        put_status(&bed, connection, &BTreeMap::new());
    }
    let wanted = fixture["object"]["spec"]["connectionRef"]["name"].as_str();
    if list(&fixture, "connections").is_empty() {
        bed.kubectl(&["delete", "cc", wanted.expect("a name")]);
    }
    let mut uids = BTreeMap::new();
    let operations = || list(&fixture, "others").iter().chain([&fixture["object"]]);
    for operation in operations() {
        let new = create(&bed, without_status(operation));
        let uid = |object: &Value| {
            object["metadata"]["uid"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        uids.insert(uid(operation), uid(&new));
    }
    for operation in operations() {
        put_status(&bed, operation, &uids);
    }
    let elided = fixture["elidedEntries"].as_u64().unwrap_or_default();
    for ledger in list(&fixture, "ledgers") {
        let mut ledger = without_status(&renamed(ledger, &uids));
        if let Some(entries) = ledger["spec"]["entries"].as_array_mut() {
            for n in 1..=elided {
                let mut entry = entries[0].clone();
                entry["stepId"] = json!(format!("elided-{n}"));
                entry["operationKey"] = json!(format!("{n:063}e"));
                entries.insert(1, entry);
            }
        }
        create(&bed, ledger);
    }
    let seed = serde_json::from_value(fixture["cloud"]["seed"].clone());
    bed.simulator.seed(seed.expect("a seed"));
    let kind = bed.operation_kinds().into_iter().find(|kind| {
        let found = bed.find(kind, "op").ok().flatten();
        found.is_some_and(|found| found["kind"] == fixture["object"]["kind"])
    });
    let kind = kind.expect("it was created");
    Restored {
        bed,
        kind,
        name: "op".into(),
    }
}

fn list<'a>(fixture: &'a Value, part: &str) -> &'a [Value] {
    fixture[part]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The fixture in the bed's namespace, with its simulator's address, and some whole days
/// later. The bed's clock is moved to the time of day of the recording.
fn moved(fixture: Value, bed: &Bed) -> Value {
    let recorded = &fixture["recorded"];
    let text = |name: &str| recorded[name].as_str().expect("it is recorded").to_owned();
    let at: jiff::Timestamp = text("at").parse().expect("a time");
    let ahead = (at.as_second() - bed.simulator.now().as_second()).rem_euclid(DAY);
    bed.advance(seconds(
        u64::try_from(ahead).expect("it is not negative") + 1,
    ));
    let days = (bed.simulator.now().as_second() - at.as_second()).div_euclid(DAY);
    let (namespace, endpoint) = (text("namespace"), text("endpoint"));
    let url = bed.simulator.url();
    let change = |text: &str| {
        let text = text.replace(&endpoint, &url);
        later(&with_namespace(&text, &namespace, &bed.namespace), days)
    };
    each_text(fixture, &change)
}

fn each_text(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(all) => all.into_iter().map(|one| each_text(one, change)).collect(),
        Value::Object(all) => {
            let all = all.into_iter();
            Value::Object(
                all.map(|(name, one)| (name, each_text(one, change)))
                    .collect(),
            )
        }
        other => other,
    }
}

/// `fix-1` is no part of `fix-12`.
fn with_namespace(text: &str, from: &str, to: &str) -> String {
    let mut parts = text.split(from);
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let longer = part.starts_with(|c: char| c.is_ascii_alphanumeric());
        changed += if longer { from } else { to };
        changed += part;
    }
    changed
}

/// Each date that is followed by a time, so many days later; but not 1970, which means
/// that something never happened.
fn later(text: &str, days: i64) -> String {
    const DATE: usize = "2026-11-30".len();
    let mut changed = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('T') {
        let (before, after) = rest.split_at(at);
        let date = before
            .len()
            .checked_sub(DATE)
            .and_then(|from| before.get(from..));
        let date = date.and_then(|date| date.parse::<jiff::civil::Date>().ok());
        let timed = after[1..].starts_with(|c: char| c.is_ascii_digit());
        match date.filter(|date| timed && date.year() >= 2000) {
            Some(date) => {
                let moved = date.checked_add(jiff::Span::new().days(days));
                changed += &before[..before.len() - DATE];
                changed += &moved.expect("a date").to_string();
            }
            None => changed += before,
        }
        changed.push('T');
        rest = &after[1..];
    }
    changed + rest
}

fn put_secret(bed: &Bed, fixture: &Value) {
    match fixture.get("secretData") {
        None => {}
        Some(Value::Null) => {
            bed.kubectl(&["delete", "secret", "huawei-key"]);
        }
        Some(data) => {
            bed.kubectl(&["delete", "secret", "huawei-key"]);
            create(
                bed,
                json!({
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": "huawei-key"},
                    "data": data,
                }),
            );
        }
    }
}

fn without_status(object: &Value) -> Value {
    let old = &object["metadata"];
    let mut metadata = json!({"name": old["name"]});
    for kept in ["labels", "annotations"] {
        if !old[kept].is_null() {
            metadata[kept] = old[kept].clone();
        }
    }
    json!({
        "apiVersion": object["apiVersion"],
        "kind": object["kind"],
        "metadata": metadata,
        "spec": object["spec"],
    })
}

/// The API server's answer to a new object.
fn create(bed: &Bed, object: Value) -> Value {
    let arguments = ["create", "-n", &bed.namespace, "-o", "json", "-f", "-"];
    kubectl(&arguments, &object)
}

fn kubectl(arguments: &[&str], object: &Value) -> Value {
    let output = shared_plane().kubectl_output(arguments, Some(&object.to_string()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}\n{object:#}");
    serde_json::from_slice(&output.stdout).expect("kubectl prints JSON")
}

/// Gives the object that is there the status that it had. A new object is of the first
/// generation.
fn put_status(bed: &Bed, object: &Value, uids: &BTreeMap<String, String>) {
    if object["status"].is_null() {
        return;
    }
    let mut new = without_status(object);
    let mut status = renamed(&object["status"], uids);
    let generation = object["metadata"]["generation"].as_i64().unwrap_or(1);
    let observed = |value: &mut Value| {
        if let Some(observed) = value["observedGeneration"].as_i64() {
            value["observedGeneration"] = json!((observed - generation + 1).max(0));
        }
    };
    observed(&mut status);
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.iter_mut().for_each(observed);
    }
    new["status"] = status;
    let arguments = [
        "replace",
        "--subresource=status",
        "-n",
        &bed.namespace,
        "-o",
        "json",
        "-f",
        "-",
    ];
    kubectl(&arguments, &new);
}

/// With the uids of the objects that stand for the old ones.
fn renamed(value: &Value, uids: &BTreeMap<String, String>) -> Value {
    each_text(value.clone(), &|text| {
        uids.get(text).cloned().unwrap_or_else(|| text.to_owned())
    })
}

/// The key may do everything, and the Secret has it.
pub fn allow_everything(bed: &Bed) {
    bed.put_right_secret();
    let huawei = Account::new(ACCESS_KEY, SECRET_KEY);
    let tencent = TencentAccount::new(ACCESS_KEY, SECRET_KEY);
    let volcengine = VolcengineAccount::new(ACCESS_KEY, SECRET_KEY);
    let seed = Seed::new()
        .account(huawei.project(DCS_PROJECT).domain(DOMAIN))
        .tencent_account(tencent.region(TENCENT_REGION))
        .volcengine_account(volcengine.region(VOLCENGINE_REGION));
    bed.simulator.seed(seed);
}
