//! Keeps objects of real runs, for the tests of what others make of them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// The variable that names the folder to keep them in.
const VARIABLE: &str = "ERRAND_RECORD_OBJECTS";

/// Reasons to wait in which Argo CD is told something else than in others.
const REASONS: [&str; 2] = ["BeforeWindow", "WaitingForPayment"];

/// Keeps an operation or a connection that was read, if it is the first of its kind
/// that stands like this and somebody wants to have it.
pub(super) fn keep(object: &Value) {
    let Some(dir) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        return;
    };
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let Some((group, _)) = text("/apiVersion").and_then(|v| v.split_once('/')) else {
        return;
    };
    let Some(standing) = standing(object) else {
        return;
    };
    let folder = dir.join(group).join(text("/kind").unwrap_or_default());
    let file = folder.join("testdata").join(format!("{standing}.yaml"));
    if file.exists() {
        return;
    }
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
    }
    let yaml = serde_yaml_ng::to_string(&object).expect("data");
    fs::create_dir_all(file.parent().unwrap_or(&dir)).expect("a folder can be made");
    // Other beds record too; each file appears whole.
    let whole = file.with_extension(format!("{:?}", std::thread::current().id()));
    fs::write(&whole, yaml).expect("a file can be written");
    fs::rename(&whole, &file).expect("a file can be renamed");
}

/// How it stands, as the name of a file.
fn standing(object: &Value) -> Option<String> {
    let status = &object["status"];
    let conditions = status["conditions"].as_array()?;
    let ready = conditions.iter().find(|c| c["type"] == "Ready")?;
    let reason = ready["reason"].as_str()?;
    let observed = &status["observedGeneration"];
    let seen = !observed.is_null();
    let state = status["state"].as_str();
    let name = match state {
        _ if seen && *observed != object["metadata"]["generation"] => "stale",
        Some(_) if REASONS.contains(&reason) => reason,
        // An object as the API server makes it, which nobody has looked at.
        Some("Pending") if !seen => "new",
        Some(state) => state,
        None => reason,
    };
    Some(name.to_lowercase())
}
