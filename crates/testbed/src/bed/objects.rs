//! The objects of a bed's namespace, as kubectl and the API server show them.

use serde_json::Value;

use super::{Bed, recorder};

impl Bed {
    /// As `kubectl apply` into this namespace, which costs more than most tests: it runs
    /// only where an object is there already or something is wrong. Panics with its words
    /// if it fails.
    pub fn apply(&self, manifest: &str) {
        if manifest.contains("namespace:") || self.plane.create(&self.namespace, manifest).is_err()
        {
            self.try_apply(manifest)
                .unwrap_or_else(|e| panic!("kubectl apply: {e}"));
        }
    }

    /// `kubectl apply` into this namespace.
    pub fn try_apply(&self, manifest: &str) -> Result<String, String> {
        let apply = ["apply", "-n", &self.namespace, "-f", "-"];
        self.plane.kubectl_with(&apply, manifest)
    }

    /// kubectl in this namespace; panics with its words if it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap_or_else(|e| {
            panic!(
                "kubectl {}: {e}\n{}",
                arguments.join(" "),
                self.operator_log()
            )
        })
    }

    /// kubectl in this namespace, as admin.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let mut all = vec!["-n", &self.namespace];
        all.extend(arguments);
        self.plane.kubectl(&all)
    }

    /// An object as JSON.
    pub fn get(&self, kind: &str, name: &str) -> Value {
        let found = self.find(kind, name).unwrap_or_else(|e| panic!("{e}"));
        found.unwrap_or_else(|| panic!("there is no {kind} {name}\n{}", self.operator_log()))
    }

    /// An object as JSON, if it is there.
    pub fn find(&self, kind: &str, name: &str) -> Result<Option<Value>, String> {
        let found = self.plane.read(&self.path(kind, name))?;
        found.iter().for_each(recorder::keep);
        Ok(found)
    }

    /// All objects of a kind.
    pub fn list(&self, kind: &str) -> Vec<Value> {
        let list = self.plane.read(&self.path(kind, ""));
        let list = list.unwrap_or_else(|e| panic!("{e}")).unwrap_or_default();
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// Of one object, or of the list of all.
    pub(super) fn path(&self, kind: &str, name: &str) -> String {
        let (group, plural) = match kind {
            "lease" => ("apis/coordination.k8s.io/v1", "leases"),
            "secret" => ("api/v1", "secrets"),
            _ => {
                let known = self.plane.kinds().iter().find(|one| one.is_called(kind));
                let kind = known.unwrap_or_else(|| panic!("no CRD is called {kind}"));
                (kind.api.as_str(), kind.plural.as_str())
            }
        };
        let path = format!("/{group}/namespaces/{}/{plural}/{name}", self.namespace);
        path.trim_end_matches('/').to_owned()
    }

    /// The short names of every kind of operation.
    pub fn operation_kinds(&self) -> Vec<String> {
        let operations = self.plane.kinds().iter().filter(|kind| kind.operation);
        operations.map(|kind| kind.short_name.clone()).collect()
    }

    /// Changes an object as `kubectl patch --type=merge` does.
    pub fn edit(&self, kind: &str, name: &str, patch: &Value) {
        let merged = self.plane.merge(&self.path(kind, name), patch);
        merged.unwrap_or_else(|e| panic!("{e}\n{}", self.operator_log()));
    }

    /// Waits until the operation, as it is now, is at rest; it as JSON. As `kubectl wait
    /// --for=condition=Reconciling=false` does, which costs more than most tests.
    pub fn wait_at_rest(&self, kind: &str, name: &str) -> Value {
        self.wait_until(&format!("{kind}/{name} is at rest"), || {
            let object = self.get(kind, name);
            let conditions = object["status"]["conditions"].as_array();
            let mut conditions = conditions.into_iter().flatten();
            let found = conditions.find(|condition| condition["type"] == "Reconciling");
            found.is_some_and(|condition| {
                condition["status"] == "False"
                    && condition["observedGeneration"] == object["metadata"]["generation"]
            })
        });
        self.get(kind, name)
    }
}
