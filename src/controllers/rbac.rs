//! The rights that the operator runs with, generated into `deploy/rbac.yaml`.

use serde_json::{Value, json};

/// Namespace that the generated manifests install into.
pub const NAMESPACE: &str = "errand-system";

/// Namespace, service account, roles and bindings. No wildcard, no list or watch
/// of Secrets. Delete is for ttlAfterSuccess alone; nobody deletes a ledger.
pub fn manifests() -> Vec<Value> {
    let read = ["get", "list", "watch"];
    let operate = ["get", "list", "watch", "delete"];
    let rules = json!([
        {"apiGroups": ["huawei.errand.cloud"], "resources": ["resizecancellations", "desktoporders"], "verbs": operate},
        {"apiGroups": ["huawei.errand.cloud"], "resources": ["resizecancellations/status", "desktoporders/status"], "verbs": ["update"]},
        {"apiGroups": ["errand.cloud"], "resources": ["cloudconnections"], "verbs": read},
        {"apiGroups": ["errand.cloud"], "resources": ["cloudconnections/status"], "verbs": ["update"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["namespaces"], "resourceNames": ["kube-system"], "verbs": ["get"]},
        {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch"]},
    ]);
    let own = json!([
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "resourceNames": ["errand"], "verbs": ["get", "update"]},
        {"apiGroups": ["errand.cloud"], "resources": ["operationledgers"], "verbs": ["get", "create", "update"]},
    ]);
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
