//! What the API server's audit log says of a bed's operator.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use serde_json::Value;

use super::Bed;

impl Bed {
    /// Lines of the API server's audit log about this bed's operator.
    pub fn audit(&self) -> Vec<Value> {
        let file = self
            .plane
            .control_plane()
            .audit_log()
            .expect("auditing is on");
        let user = format!("system:serviceaccount:{}:errand", self.namespace);
        let mut file = File::open(file).expect("the audit log can be read");
        let mut text = String::new();
        // What was before this bed is not about it.
        file.seek(SeekFrom::Start(self.audit_from))
            .and_then(|_| file.read_to_string(&mut text))
            .expect("the audit log can be read");
        // Most lines are about other beds, and reading one as JSON takes its time.
        text.lines()
            .filter(|line| line.contains(&user))
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| event["user"]["username"] == user.as_str())
            .collect()
    }

    /// The same without what keeps the CloudConnection's condition.
    pub fn operation_writes(&self) -> Vec<String> {
        let mut writes = self.writes();
        writes.retain(|write| !write.contains("cloudconnections"));
        writes
    }

    /// Requests of the operator that change something, but for the lease: verb,
    /// resource and subresource.
    pub fn writes(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.audit()
            .iter()
            .filter(|event| !["get", "list", "watch"].contains(&text(&event["verb"]).as_str()))
            .filter(|event| event["objectRef"]["resource"] != "leases")
            .map(|event| {
                let object = &event["objectRef"];
                let parts = [
                    text(&event["verb"]),
                    text(&object["resource"]),
                    text(&object["subresource"]),
                ];
                parts.join(" ").trim_end().to_owned()
            })
            .collect()
    }
}
