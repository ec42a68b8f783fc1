//! Draws objects of a kind from its schema and from the API server's own limits for
//! metadata. What is drawn is at or near a limit as often as not.

use errand::operations::crds;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Map, Value, json};

/// Times that the API server accepts as `format: date-time`.
const TIMES: [&str; 12] = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999999999-99:99",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "1970-01-01T00:00:00-00:00",
    "2026-11-22t02:30:00z",
    "2026-12-31T23:59:60.5Z",
    "2026-11-22T02:30:00+99:99",
    "2026-11-22T02:30:00x25z",
    "2026-11-30T12:00:00Z",
    "2038-01-19T03:14:08Z",
    "2262-04-11T23:47:16.854775808Z",
];

/// Times that the API server accepts in metadata.
const METADATA_TIMES: [&str; 4] = [
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59",
    "2026-11-30T12:00:00Z",
];

/// Characters of text whose schema has no pattern.
const ALPHABETS: [&[char]; 5] = [
    &['x'],
    &['\u{10FFFF}', '\u{1F4A3}'],
    &['\0', '\u{1b}', '\n', '\r', '\t', '\u{202E}', '\u{7f}'],
    &['"', '\\', '{', '}', '<', '%', '\'', '`', '$', '/', '.'],
    &['é', 'e', '\u{301}', 'ß', '\u{FEFF}', '中', '\u{FFFD}'],
];

/// Words that mean something to the operator in some field or other.
const WORDS: [&str; 14] = [
    "",
    "null",
    "Cancelled",
    "Succeeded",
    "AlreadySatisfied",
    "GivenUp",
    "Ready",
    "ObjectUnreadable",
    "CancelInstanceResize",
    "CreateChangeOrder",
    "AnswerUnknown",
    "SendAgain",
    "Lost",
    "dcs.4711",
];

const CONDITIONS: [&str; 6] = [
    "Ready",
    "Succeeded",
    "Reconciling",
    "Stalled",
    "Suspended",
    "ChangePending",
];

const DURATIONS: [&str; 6] = [
    "60s",
    "1h",
    "999999h",
    "000060s",
    "10s0s0s0s0s0s0s0s0s0s0s0s",
    "9m",
];

/// How large an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    /// Few short values.
    Usual,
    /// Every text and list as long as the schema allows.
    Large,
}

/// An object, and the status that its owner writes into it afterwards.
pub struct Drawn {
    pub object: Value,
    pub status: Option<Value>,
    /// It is deleted afterwards; a finalizer may keep it.
    pub deleted: bool,
}

/// Draws objects of one kind.
pub struct Draw {
    random: StdRng,
    schema: Value,
    api_version: String,
    kind: String,
    size: Size,
    /// Of a hundred optional fields this many are given.
    given: u32,
}

impl Draw {
    pub fn new(kind: &str, seed: u64) -> Self {
        let all = crds().into_iter();
        let mut all = all.map(|crd| serde_json::to_value(crd).expect("a definition is data"));
        let crd = all.find(|crd| crd["spec"]["names"]["kind"] == kind);
        let crd = crd.unwrap_or_else(|| panic!("no CRD is called {kind}"));
        let text = |pointer: &str| {
            let found = crd.pointer(pointer).and_then(Value::as_str);
            found.expect("a definition has it").to_owned()
        };
        let api_version = format!("{}/{}", text("/spec/group"), text("/spec/versions/0/name"));
        let schema = "/spec/versions/0/schema/openAPIV3Schema/properties";
        Self {
            random: StdRng::seed_from_u64(seed),
            schema: crd.pointer(schema).expect("a schema").clone(),
            api_version,
            kind: kind.to_owned(),
            size: Size::Usual,
            given: 50,
        }
    }

    /// The n-th object; over 500 kB if `giant`.
    pub fn object(&mut self, n: usize, giant: bool) -> Drawn {
        self.size = match giant || self.one_in(40) {
            true => Size::Large,
            false => Size::Usual,
        };
        self.given = *[0, 20, 60, 100].choose(&mut self.random).expect("some");
        let spec = self.schema["spec"].clone();
        let mut spec = self.value(&spec);
        self.make_valid(&mut spec);
        let status = match self.one_in(4) {
            true => None,
            false => {
                let status = self.schema["status"].clone();
                let mut status = self.value(&status);
                // Little is done with an operation that has ended.
                if let Some(fields) = status.as_object_mut()
                    && !self.one_in(4)
                {
                    fields.remove("outcome");
                }
                Some(status)
            }
        };
        let mut metadata = self.metadata(n);
        if giant {
            let prefix = format!("{}.example.com", labels_part(&mut self.random, 200));
            let value = "v".repeat(63);
            let labels = (0..950).map(|n| (format!("{prefix}/{n:0>63}"), json!(value)));
            metadata["labels"] = Value::Object(labels.collect());
        }
        Drawn {
            object: json!({
                "apiVersion": self.api_version,
                "kind": self.kind,
                "metadata": metadata,
                "spec": spec,
            }),
            status,
            deleted: self.one_in(20),
        }
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_ratio(1, n)
    }

    fn metadata(&mut self, n: usize) -> Value {
        let mut name = format!("hostile-{n}");
        if self.one_in(6) {
            // As long as a name may be, in parts as long as a part may be.
            let part = |size: usize| format!("-{}", "n".repeat(size));
            name += &part(239 - name.len());
            name += &part(12);
        }
        let mut metadata = json!({"name": name});
        if self.one_in(3) {
            metadata["labels"] = self.labels();
        }
        if self.one_in(3) {
            metadata["annotations"] = self.annotations();
        }
        if self.one_in(6) {
            let count = self.random.random_range(1..20);
            let all = (0..count).map(|n| format!("example.com/keep-{n}"));
            metadata["finalizers"] = all.collect();
        }
        if self.one_in(6) {
            let count = match self.size {
                Size::Usual => 3,
                Size::Large => 300,
            };
            let owner = |n| {
                json!({
                    "apiVersion": "example.com/v1", "kind": "Owner",
                    "name": "o".repeat(200), "uid": format!("uid-{n}"),
                    "blockOwnerDeletion": true,
                })
            };
            metadata["ownerReferences"] = (0..count).map(owner).collect();
        }
        if self.one_in(3) {
            let time = METADATA_TIMES.choose(&mut self.random).expect("some");
            metadata["managedFields"] = json!([{
                "manager": "m".repeat(128),
                "operation": "Update",
                "apiVersion": self.api_version,
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:metadata": {"f:labels": {"f:absent": {}}}},
                "time": time,
            }]);
        }
        metadata
    }

    fn labels(&mut self) -> Value {
        let mut labels = Map::new();
        for n in 0..self.random.random_range(0..20) {
            labels.insert(format!("example.com/{n:0>63}"), json!("v".repeat(63)));
        }
        for key in ["app.kubernetes.io/instance", "argocd.argoproj.io/instance"] {
            if self.one_in(8) {
                labels.insert(key.to_owned(), json!("v".repeat(63)));
            }
        }
        for key in ["velero.io/restore-name", "velero.io/backup-name"] {
            if self.one_in(8) {
                labels.insert(key.to_owned(), json!(""));
            }
        }
        Value::Object(labels)
    }

    /// Together at most 256 KiB.
    fn annotations(&mut self) -> Value {
        let mut annotations = Map::new();
        let known = [
            "errand.cloud/reconcile-requested-at",
            "argocd.argoproj.io/tracking-id",
            "meta.helm.sh/release-name",
            "kubectl.kubernetes.io/last-applied-configuration",
        ];
        let most = match self.size {
            Size::Usual => 300,
            Size::Large => 60_000,
        };
        for key in known {
            if self.one_in(3) {
                let text = self.text(most / 4);
                annotations.insert(key.to_owned(), text.into());
            }
        }
        Value::Object(annotations)
    }

    /// What no schema says of a single field: the rules between several.
    fn make_valid(&mut self, spec: &mut Value) {
        fn only(spec: &mut Value, random: &mut StdRng, names: [&str; 3], or: Value) {
            let given = names.into_iter().filter(|name| !spec[name].is_null());
            let given: Vec<&str> = given.collect();
            let kept = given.choose(random).copied();
            let spec = spec.as_object_mut().expect("an object");
            spec.retain(|name, _| !names.contains(&name.as_str()) || Some(name.as_str()) == kept);
            if kept.is_none() {
                spec.extend(or.as_object().expect("an object").clone());
            }
        }
        // Most go through a connection that can be used.
        if !spec["connectionRef"].is_null() && !self.one_in(10) {
            let all = ["huawei-prod", "tencent-prod", "volcengine-prod"];
            let any = self.one_in(10);
            let name = match self.kind.as_str() {
                _ if any => all.choose(&mut self.random).expect("some"),
                "InstanceRefresh" => "tencent-prod",
                "ScheduledInstanceReservation" => "volcengine-prod",
                _ => "huawei-prod",
            };
            spec["connectionRef"]["name"] = name.into();
        }
        let random = &mut self.random;
        match self.kind.as_str() {
            "CloudConnection" => {
                let names = ["huawei", "tencent", "volcengine"];
                only(spec, random, names, json!({"volcengine": {"region": "r"}}));
            }
            "DesktopOrder" => {
                let names = ["resize", "expandVolume", "subscribe"];
                let or = json!({"resize": {"productId": "p"}});
                only(&mut spec["change"], random, names, or);
            }
            "ResizeCancellation" => {
                // Known fault: of times that its own rules cannot read the CRD admits
                // some here, and then refuses every write of status.
                if let Some(created) = spec.pointer_mut("/pendingChange/createdBefore") {
                    *created = (*METADATA_TIMES.choose(random).expect("some")).into();
                }
                let names = ["taskId", "pendingChange", ""];
                only(spec, random, names, json!({"taskId": "t"}));
            }
            "InstanceRefresh" if spec["adopt"].is_null() => {
                spec["adopt"] = json!({"refreshActivityId": "a"});
            }
            "ScheduledInstanceReservation" if spec["adopt"].is_null() => {
                spec["adopt"] = json!({"scheduledInstanceId": "s"});
            }
            _ => {}
        }
    }

    /// A value that this schema lets in.
    fn value(&mut self, schema: &Value) -> Value {
        // The API server takes null for no word of a list, whatever the schema says.
        if schema["nullable"] == true && schema["enum"].is_null() && self.one_in(10) {
            return Value::Null;
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.choose(&mut self.random).expect("some").clone();
        }
        match schema["type"].as_str().unwrap_or_default() {
            "object" => self.members(schema),
            "array" => self.items(schema),
            "string" => self.string(schema).into(),
            "boolean" => self.random.random_bool(0.5).into(),
            "integer" | "number" => self.number(schema),
            other => panic!("no value for the type {other:?}: {schema}"),
        }
    }

    fn members(&mut self, schema: &Value) -> Value {
        let mut all = Map::new();
        let required = schema["required"].as_array();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let required = required.is_some_and(|all| all.contains(&json!(name)));
            if required || self.random.random_ratio(self.given, 100) {
                all.insert(name.clone(), self.value(member));
            }
        }
        let any = &schema["additionalProperties"];
        if any.is_object() {
            let most = schema["maxProperties"].as_u64().unwrap_or(8);
            for n in 0..self.random.random_range(0..=most) {
                let name = match self.one_in(2) {
                    true => format!("{n}-{}", self.text(300)),
                    false => ["order_id", "job_id", "dcs", "bss"][n as usize % 4].to_owned(),
                };
                all.insert(name, self.value(any));
            }
        }
        Value::Object(all)
    }

    fn items(&mut self, schema: &Value) -> Value {
        let number = |name: &str| schema[name].as_u64();
        let (least, most) = (
            number("minItems").unwrap_or(0),
            number("maxItems").unwrap_or(16),
        );
        let count = match self.size {
            Size::Large => most,
            Size::Usual => self.random.random_range(least..=most.min(least + 3)),
        };
        let mut all: Vec<Value> = Vec::new();
        for n in 0..count {
            let mut item = self.value(&schema["items"]);
            for key in schema["x-kubernetes-list-map-keys"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                item[key] = match schema["items"]["properties"][key]["type"].as_str() {
                    Some("string") => match CONDITIONS.get(n as usize) {
                        Some(word) if !self.one_in(4) => json!(word),
                        _ => json!(format!("{n}{}", self.text(60))),
                    },
                    _ if self.one_in(4) => json!(i64::from(i32::MAX) - n as i64),
                    _ => json!(n + 1),
                };
            }
            if !all.contains(&item) {
                all.push(item);
            }
        }
        Value::Array(all)
    }

    fn string(&mut self, schema: &Value) -> String {
        if schema["format"] == "date-time" {
            return (*TIMES.choose(&mut self.random).expect("some")).to_owned();
        }
        let number = |name: &str| schema[name].as_u64().map(|n| n as usize);
        let most = number("maxLength").unwrap_or(64);
        match schema["pattern"].as_str() {
            Some(pattern) if pattern.contains("(s|m|h)") => {
                (*DURATIONS.choose(&mut self.random).expect("some")).to_owned()
            }
            Some(pattern) if pattern.starts_with("^https?://") => {
                let size = self.random.random_range(1..=200);
                format!(
                    "http://{}",
                    [":", "-", "a", "1."][size % 4].repeat(size / 2 + 1)
                )
            }
            Some(pattern) => {
                // `^[...]{least,most}$`: every class has these.
                let most = pattern.rsplit([',', '}']).nth(1);
                let most = most.and_then(|most| most.parse().ok()).expect(pattern);
                let one = ["-", "0", "a"].choose(&mut self.random).expect("some");
                let size = self.random.random_range(1..=most);
                one.repeat(if self.one_in(2) { most } else { size })
            }
            None => {
                let text = self.text(most);
                match text.chars().count() < number("minLength").unwrap_or(0) {
                    true => "m".repeat(number("minLength").unwrap_or(1)),
                    false => text,
                }
            }
        }
    }

    /// At most so many characters.
    fn text(&mut self, most: usize) -> String {
        if self.one_in(4) {
            let word = WORDS.choose(&mut self.random).expect("some");
            return word.chars().take(most).collect();
        }
        let size = match self.size {
            Size::Large => most,
            Size::Usual => self.random.random_range(0..=most.min(64)),
        };
        let alphabet = ALPHABETS.choose(&mut self.random).expect("some");
        let mut letters = alphabet.iter().cycle();
        (0..size).filter_map(|_| letters.next()).collect()
    }

    fn number(&mut self, schema: &Value) -> Value {
        let limit = |name: &str| schema[name].as_f64().map(|n| n as i64);
        let (least, most) = (limit("minimum"), limit("maximum"));
        let narrow = schema["format"] == "int32";
        let all = [0, 1, -1, i64::from(i32::MIN), i64::from(i32::MAX)].into_iter();
        let all = all.chain([i64::MIN, i64::MAX, 1 << 53, 1 << 32]);
        let all = all.chain(least).chain(most);
        let all = all.filter(|n| {
            least.is_none_or(|least| *n >= least)
                && most.is_none_or(|most| *n <= most)
                && (!narrow || i32::try_from(*n).is_ok())
        });
        let step = limit("multipleOf").unwrap_or(1);
        let all: Vec<i64> = all.filter(|n| n % step == 0).collect();
        json!(all.choose(&mut self.random).expect("some"))
    }
}

/// A DNS label prefix of about that size.
fn labels_part(random: &mut StdRng, size: usize) -> String {
    let part = |random: &mut StdRng| {
        let letters = (0..40).map(|_| char::from(random.random_range(b'a'..=b'z')));
        letters.collect::<String>()
    };
    let parts: Vec<String> = (0..size / 41).map(|_| part(random)).collect();
    parts.join(".")
}
