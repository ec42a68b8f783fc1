//! Objects of real runs, of every state of every kind: see `health`.

use std::fs;
use std::path::PathBuf;

use errand::operations::crds;
use errand_testbed::repository;
use serde_json::Value;

use crate::tools::objects;

/// An object of a real run.
pub struct Recorded {
    pub file: PathBuf,
    pub object: Value,
}

impl Recorded {
    pub fn text(&self, pointer: &str) -> &str {
        let value = self.object.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub fn ready(&self) -> &Value {
        let conditions = self.object["status"]["conditions"].as_array();
        let mut conditions = conditions.expect("conditions").iter();
        conditions.find(|c| c["type"] == "Ready").expect("Ready")
    }

    pub fn is_stale(&self) -> bool {
        let observed = &self.object["status"]["observedGeneration"];
        *observed != self.object["metadata"]["generation"]
    }
}

pub fn argocd() -> PathBuf {
    repository().join("integrations/argocd")
}

pub fn folder(group: &str, kind: &str) -> PathBuf {
    let layout = argocd().join("resource_customizations");
    layout.join(group).join(kind)
}

/// Group and kind of all that people write.
pub fn kinds() -> Vec<(String, String)> {
    let named = crds()
        .into_iter()
        .map(|crd| (crd.spec.group, crd.spec.names.kind));
    named
        .filter(|(_, kind)| kind != "OperationLedger")
        .collect()
}

pub fn recorded_of(group: &str, kind: &str) -> Vec<Recorded> {
    let dir = folder(group, kind).join("testdata");
    let files = fs::read_dir(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut files: Vec<_> = files.map(|f| f.expect("readable").path()).collect();
    files.sort();
    let read = |file: PathBuf| {
        let yaml = fs::read_to_string(&file).expect("readable");
        let object = objects(&yaml).remove(0);
        Recorded { file, object }
    };
    files.into_iter().map(read).collect()
}

/// All of them, as they were.
pub fn recorded() -> Vec<Recorded> {
    let kinds = kinds();
    let all = kinds
        .iter()
        .flat_map(|(group, kind)| recorded_of(group, kind));
    all.collect()
}
