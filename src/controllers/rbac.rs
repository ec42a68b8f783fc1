//! The rights that the operator runs with, generated into `deploy/rbac.yaml` and
//! the chart, and roles for its users, generated into the chart.

use std::collections::BTreeMap;

use kube::Resource as _;
use serde_json::{Value, json};

use crate::kubernetes::NAMESPACE;
use crate::operations::{Kind, Visitor, each_kind};

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

const READ: [&str; 3] = ["get", "list", "watch"];

/// The kinds of operations, by group.
fn kinds() -> BTreeMap<String, Vec<String>> {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, plural) in each_kind(&mut Resource) {
        kinds.entry(group).or_default().push(plural);
    }
    kinds
}

/// The roles for users: a name for each, and its rules. None may write a status or a
/// ledger, which are the operator's record of what it has done, and none needs a Secret.
pub fn user_roles() -> [(&'static str, Vec<Value>); 4] {
    let operations = |verbs: &[&str]| -> Vec<Value> {
        let rule = |(group, resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
        kinds().into_iter().map(rule).collect()
    };
    let with = |mut rules: Vec<Value>, resources: &[&str], verbs: &[&str]| {
        rules.push(json!({"apiGroups": ["errand.cloud"], "resources": resources, "verbs": verbs}));
        rules
    };
    let write = ["create", "update", "patch", "delete"];
    let connections = ["cloudconnections"];
    [
        (
            "viewer",
            with(
                operations(&READ),
                &["cloudconnections", "operationledgers"],
                &READ,
            ),
        ),
        (
            "requester",
            with(
                operations(&[&READ[..], &write].concat()),
                &connections,
                &READ,
            ),
        ),
        (
            "connection-admin",
            with(
                operations(&READ),
                &connections,
                &[&READ[..], &write].concat(),
            ),
        ),
        // An answer is a field of the spec, so its rights are those to edit; the policy
        // `resolution` of the chart goes by the verb.
        (
            "resolver",
            with(
                operations(&[&READ[..], &["patch", "resolve"]].concat()),
                &connections,
                &READ,
            ),
        ),
    ]
}

/// The rules, from the registry of kinds.
pub fn rules() -> Rules {
    let read = READ;
    let operate = ["get", "list", "watch", "delete"];
    let mut rules = Vec::new();
    for (group, resources) in kinds() {
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

/// Service account, roles and bindings: what can be deleted with the operator. The namespace
/// is not among them, as the ledgers are in it.
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
    let mut all = vec![
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "errand", "namespace": NAMESPACE}}),
        json!({"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": cluster_name}, "rules": rules}),
        json!({"apiVersion": rbac, "kind": "ClusterRoleBinding", "metadata": {"name": cluster_name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": cluster_name}, "subjects": subjects}),
        json!({"apiVersion": rbac, "kind": "Role", "metadata": {"name": "errand-own", "namespace": NAMESPACE}, "rules": own}),
        json!({"apiVersion": rbac, "kind": "RoleBinding", "metadata": {"name": "errand-own", "namespace": NAMESPACE},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "errand-own"}, "subjects": subjects}),
    ];
    for object in &mut all {
        object["metadata"]["labels"] = json!({"app.kubernetes.io/name": "errand"});
    }
    all
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn words(rule: &Value, field: &str) -> Vec<String> {
        let words = rule[field].as_array().expect("a list").iter();
        words
            .map(|word| word.as_str().expect("text").to_owned())
            .collect()
    }

    #[test]
    fn no_role_for_users_writes_a_record_of_the_operator_or_reads_a_secret() {
        for (name, rules) in user_roles() {
            for rule in &rules {
                let (groups, resources) = (words(rule, "apiGroups"), words(rule, "resources"));
                let verbs = words(rule, "verbs");
                let ours = |group: &String| group.ends_with("errand.cloud");
                assert!(groups.iter().all(ours), "{name}: {rule}");
                let all = [&groups[..], &resources, &verbs].concat();
                assert!(!all.iter().any(|word| word.contains('*')), "{name}: {rule}");
                assert!(!resources.iter().any(|r| r.contains('/')), "{name}: {rule}");
                let reads = verbs.iter().all(|verb| READ.contains(&verb.as_str()));
                let ledgers = resources.iter().any(|r| r == "operationledgers");
                assert!(reads || !ledgers, "{name}: {rule}");
            }
        }
    }

    /// Deleting the namespace deletes the ledgers, and deleting a CRD every operation.
    #[test]
    fn only_the_set_that_stays_has_the_namespace_and_the_crds() {
        let kinds = |file: &str| -> Vec<String> {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
            let text = std::fs::read_to_string(file).expect("a manifest");
            let kinds = text.lines().filter_map(|line| line.strip_prefix("kind: "));
            kinds.map(str::to_owned).collect()
        };
        let stays = ["Namespace", "CustomResourceDefinition"];
        let is_kept = |kind: &String| stays.contains(&kind.as_str());
        let kept = kinds("deploy/crds.yaml");
        assert!(kept.iter().all(is_kept), "{kept:?}");
        for kind in stays {
            assert!(kept.iter().any(|kept| kept == kind), "{kind}");
        }
        let printed = manifests().into_iter().map(|one| {
            assert_eq!(
                one["metadata"]["labels"]["app.kubernetes.io/name"],
                "errand"
            );
            one["kind"].as_str().unwrap_or_default().to_owned()
        });
        for set in [
            printed.collect(),
            kinds("deploy/rbac.yaml"),
            kinds("deploy/operator.yaml"),
        ] {
            assert!(!set.is_empty() && !set.iter().any(is_kept), "{set:?}");
        }
    }
}
