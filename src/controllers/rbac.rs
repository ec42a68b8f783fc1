//! The rights that the operator runs with, generated into `deploy/rbac.yaml` and
//! the chart.

use std::collections::BTreeMap;

use kube::Resource as _;
use serde_json::{Value, json};

use crate::operations::{Kind, Visitor, each_kind};

/// Namespace that the generated manifests install into.
pub const NAMESPACE: &str = "errand-system";

/// The rules of the operator's roles. No wildcard, no list or watch of Secrets.
/// Delete is for ttlAfterSuccess alone; nobody deletes a ledger.
pub struct Rules {
    /// In each namespace that it works on.
    pub operate: Vec<Value>,
    /// Of what is in no namespace, or in one of the cluster's own.
    pub cluster: Vec<Value>,
    /// In its own namespace.
    pub own: Vec<Value>,
}

impl Rules {
    /// Each list with a name for its file.
    pub fn named(self) -> [(&'static str, Vec<Value>); 3] {
        [
            ("operate", self.operate),
            ("cluster", self.cluster),
            ("own", self.own),
        ]
    }
}

/// The rules, from the registry of kinds.
pub fn rules() -> Rules {
    let read = ["get", "list", "watch"];
    let operate = ["get", "list", "watch", "delete"];
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, plural) in each_kind(&mut Resource) {
        kinds.entry(group).or_default().push(plural);
    }
    let mut rules = Vec::new();
    for (group, resources) in kinds {
        let statuses: Vec<_> = resources.iter().map(|r| format!("{r}/status")).collect();
        rules.push(json!({"apiGroups": [group], "resources": resources, "verbs": operate}));
        rules.push(json!({"apiGroups": [group], "resources": statuses, "verbs": ["update"]}));
    }
    rules.extend([
        json!({"apiGroups": ["errand.cloud"], "resources": ["cloudconnections"], "verbs": read}),
        json!({"apiGroups": ["errand.cloud"], "resources": ["cloudconnections/status"], "verbs": ["update"]}),
        json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        json!({"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]}),
    ]);
    Rules {
        operate: rules,
        cluster: vec![
            json!({"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]}),
            json!({"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list", "watch"]}),
            json!({"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["list", "watch"]}),
        ],
        own: vec![
            json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]}),
            json!({"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": ["errand"], "verbs": ["get", "update"]}),
            json!({"apiGroups": ["errand.cloud"], "resources": ["operationledgers"], "verbs": ["get", "create", "update"]}),
        ],
    }
}

/// Namespace, service account, roles and bindings.
pub fn manifests() -> Vec<Value> {
    let Rules {
        operate,
        cluster,
        own,
    } = rules();
    let rules = [operate, cluster].concat();
    let rbac = "rbac.authorization.k8s.io/v1";
    let cluster_name = format!("{NAMESPACE}:errand");
    let subjects = json!([{"kind": "ServiceAccount", "name": "errand", "namespace": NAMESPACE}]);
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "errand", "namespace": NAMESPACE}}),
        json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": cluster_name}, "rules": rules}),
        json!({"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": {"name": cluster_name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": cluster_name}, "subjects": subjects}),
        json!({"apiVersion": rbac, "kind": "Role", "metadata": {"name": "errand-own", "namespace": NAMESPACE}, "rules": own}),
        json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": {"name": "errand-own", "namespace": NAMESPACE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "errand-own"}, "subjects": subjects}),
    ]
}

/// Group and plural of a kind.
struct Resource;

impl Visitor for Resource {
    type Output = (String, String);

    fn visit<K: Kind>(&mut self) -> (String, String) {
        (
            K::Object::group(&()).into_owned(),
            K::Object::plural(&()).into_owned(),
        )
    }
}
