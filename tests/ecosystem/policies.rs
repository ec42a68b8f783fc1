//! The chart's policies, on a real API server: who may order what, and who may answer.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use errand::operations::{Kind, Visitor, each_kind};
use errand_testbed::Plane;
use kube::Resource as _;
use serde_json::{Value, json};

use crate::tools::{of_kind, rendered, template};

/// A policy takes a moment to be in force.
const PATIENCE: Duration = Duration::from_secs(60);

const LABEL: &str = "what costs money needs the label errand.cloud/paid-operations=allowed";
const CONNECTION_LABEL: &str = "a connection that permits orders needs the label";
const ANSWER: &str = "spec.resolution may be changed only by who has the verb resolve on resizecancellations.huawei.errand.cloud";

const RESIZE: &str = "{resize: {productId: small}}";

/// Namespace `rich` may do more than the others, and `poor` less. The limits of
/// `unlabelled` refuse nothing: which of two policies that refuse is told is chance.
fn values() -> String {
    let rich = json!({"autoRenew": true, "automaticPayment": true, "maxVolumeGiB": 500});
    let policies = json!({
        "paidNamespaces": {"enabled": true},
        "orderLimits": {
            "enabled": true,
            "maxVolumeGiB": 200,
            "maxMonths": 12,
            "products": ["small", "large"],
            "namespaces": {
                "rich": rich,
                "poor": {"products": [], "maxVolumeGiB": 0},
                "unlabelled": {"automaticPayment": true, "maxVolumeGiB": 1000},
            },
        },
        "resolution": {"enabled": true},
    });
    format!("policies={policies}")
}

/// A control plane of its own, because a policy is for all namespaces. Objects of before
/// the policies are in it.
struct Cluster(Plane);

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    fn start() -> Self {
        let cluster = Self(Plane::start().unwrap_or_else(|e| panic!("{e}")));
        for (name, labels) in [
            ("unlabelled", ""),
            ("refused", "errand.cloud/paid-operations: never"),
            ("labelled", "errand.cloud/paid-operations: allowed"),
            ("rich", "errand.cloud/paid-operations: allowed"),
            ("poor", "errand.cloud/paid-operations: allowed"),
        ] {
            cluster.taken(&format!(
                "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n  labels: {{{labels}}}\n"
            ));
        }
        // One that was sent, one that was refused, and one that was never sent.
        for namespace in ["unlabelled", "labelled"] {
            for (name, answer) in [("sent", "Accepted"), ("refused", "Refused"), ("unsent", "")] {
                cluster.taken(&order(namespace, name, &volume(400), ""));
                cluster.record(namespace, name, answer);
            }
            let suspended = order(namespace, "suspended", &volume(400), "\n  suspend: true");
            cluster.taken(&suspended);
            let plan = order(namespace, "plan", &volume(400), "\n  mode: Plan");
            cluster.taken(&plan);
            cluster.taken(&connection(namespace, "paying", "ManualPayment"));
            cluster.taken(&connection(namespace, "free", "Forbid"));
        }
        cluster.taken(&cancellation("stop", ""));
        cluster.taken(&rights());
        let only = ["--show-only=templates/policies.yaml", "--set-json"];
        let policies = template(&[&only[..], &[&values()]].concat());
        cluster.taken(&policies.unwrap_or_else(|e| panic!("{e}")));
        cluster.await_policies();
        cluster
    }

    /// Tries something that each of the policies refuses, until each does.
    fn await_policies(&self) {
        let answer = json!({"spec": {"resolution": {"holdId": "h-1", "decision": "GiveUp"}}});
        let by_a_requester = || self.patch(Some("dev"), "labelled", "rsc/stop", &answer);
        type Try<'a> = &'a dyn Fn() -> Result<(), String>;
        let tries: [(&str, Try<'_>); 4] = [
            (LABEL, &|| self.create(&order("refused", "new", RESIZE, ""))),
            (CONNECTION_LABEL, &|| {
                self.create(&connection("refused", "new", "ManualPayment"))
            }),
            ("products of the chart", &|| {
                self.create(&order("poor", "new", RESIZE, ""))
            }),
            (ANSWER, &by_a_requester),
        ];
        let deadline = Instant::now() + PATIENCE;
        for (words, refused) in tries {
            while !refused().is_err_and(|error| error.contains(words)) {
                assert!(Instant::now() < deadline, "{words}: {:?}", refused());
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn taken(&self, manifest: &str) {
        self.0.apply(manifest).unwrap_or_else(|e| panic!("{e}"));
    }

    /// What the operator has recorded of an order's call; nothing: it made none.
    fn record(&self, namespace: &str, name: &str, answer: &str) {
        if answer.is_empty() {
            return;
        }
        let path = format!(
            "/apis/huawei.errand.cloud/v1alpha1/namespaces/{namespace}/desktoporders/{name}/status"
        );
        let step = json!({
            "id": "s-1", "number": 1, "name": "CreateChangeOrder", "writer": "0000000000000001",
            "intendedAt": "2026-11-30T12:00:00Z", "sendBefore": "2026-11-30T12:05:00Z",
            "answer": answer,
        });
        let status = json!({"status": {"steps": [step]}});
        let recorded = self.0.merge(&path, &status);
        recorded.unwrap_or_else(|e| panic!("{e}"));
    }

    /// Whether it would be created. Leaves nothing behind.
    fn create(&self, manifest: &str) -> Result<(), String> {
        let create = ["create", "--dry-run=server", "-f", "-"];
        self.0.kubectl_with(&create, manifest).map(drop)
    }

    /// Whether it would be changed, by a user or an administrator. Changes nothing.
    fn patch(
        &self,
        user: Option<&str>,
        namespace: &str,
        object: &str,
        patch: &Value,
    ) -> Result<(), String> {
        let patch = patch.to_string();
        let mut arguments = vec!["patch", object, "-n", namespace, "--dry-run=server"];
        arguments.extend(["--type=merge", "-p", &patch]);
        if let Some(user) = user {
            arguments.extend(["--as", user]);
        }
        self.0.kubectl(&arguments).map(drop)
    }

    /// The same of the spec, by an administrator.
    fn edit(&self, namespace: &str, object: &str, spec: &Value) -> Result<(), String> {
        self.patch(None, namespace, object, &json!({"spec": spec}))
    }
}

#[track_caller]
fn is_refused(result: Result<(), String>, words: &str, what: &str) {
    let error = result.expect_err(&format!("{what} is not refused: {words}"));
    assert!(error.contains(words), "{what}: {error}");
}

#[track_caller]
fn is_taken(result: Result<(), String>, what: &str) {
    result.unwrap_or_else(|e| panic!("{what}: {e}"));
}

fn order(namespace: &str, name: &str, change: &str, more: &str) -> String {
    format!(
        "apiVersion: huawei.errand.cloud/v1alpha1\nkind: DesktopOrder\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  desktopId: desk-1\n  payment: Manual\n  change: {change}{more}\n"
    )
}

fn volume(gib: u32) -> String {
    format!("{{expandVolume: {{volumeId: v-1, sizeGiB: {gib}}}}}")
}

fn term(count: u32, unit: &str, more: &str) -> String {
    format!("{{subscribe: {{unit: {unit}, count: {count}{more}}}}}")
}

fn connection(namespace: &str, name: &str, paid: &str) -> String {
    format!(
        "apiVersion: errand.cloud/v1alpha1\nkind: CloudConnection\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  accountId: d-1\n  huawei: {{region: cn-north-4, projectId: p-1}}\n  credentials: {{secretRef: {{name: huawei-key}}}}\n  policy: {{paidOperations: {paid}, clusterId: here}}\n"
    )
}

fn cancellation(name: &str, more: &str) -> String {
    format!(
        "apiVersion: huawei.errand.cloud/v1alpha1\nkind: ResizeCancellation\nmetadata: {{name: {name}, namespace: labelled}}\nspec:\n  connectionRef: {{kind: CloudConnection, name: huawei-prod}}\n  instanceId: dcs-1\n  taskId: task-1\n{more}"
    )
}

/// The chart's roles; `dev` is a requester, `sre` a resolver, and `both` is both.
fn rights() -> String {
    let mut all: Vec<Value> = rendered(&["--show-only=templates/roles.yaml"]);
    for (user, roles) in [
        ("dev", &["requester"][..]),
        ("sre", &["resolver"]),
        ("both", &["requester", "resolver"]),
    ] {
        for role in roles {
            all.push(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": format!("{user}-{role}"), "namespace": "labelled"},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": format!("errand-system:errand-{role}"),
                },
                "subjects": [{"kind": "User", "name": user, "apiGroup": "rbac.authorization.k8s.io"}],
            }));
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": all}).to_string()
}

/// Edits that make another order of one, or have it sent.
fn other_orders() -> Vec<Value> {
    vec![
        json!({"change": {"expandVolume": {"sizeGiB": 410}}}),
        json!({"change": {"expandVolume": null, "resize": {"productId": "small"}}}),
        json!({"desktopId": "desk-2"}),
        json!({"payment": "Automatic"}),
        json!({"connectionRef": {"name": "another"}}),
        json!({"enterpriseProjectId": "e-1"}),
        json!({"operationKey": "again"}),
        json!({"schedule": {"notBefore": "2027-01-01T00:00:00Z"}}),
        json!({"resolution": {"holdId": "h-1", "decision": "SendAgain"}}),
    ]
}

/// Edits of an order that was sent, after which it still is that one order.
fn same_order() -> Vec<Value> {
    vec![
        json!({"suspend": false}),
        json!({"verifyTimeout": "2h"}),
        json!({"schedule": {"notBefore": "2027-01-01T00:00:00Z"}}),
        json!({"resolution": {"holdId": "h-1", "decision": "LookAgain"}}),
        json!({"resolution": {"holdId": "h-1", "decision": "GiveUp"}}),
    ]
}

#[test]
fn orders_need_a_label_of_their_namespace_whenever_they_are_written() {
    let cluster = cluster();
    for namespace in ["unlabelled", "refused"] {
        is_refused(
            cluster.create(&order(namespace, "new", RESIZE, "")),
            LABEL,
            namespace,
        );
        let suspended = order(namespace, "new", RESIZE, "\n  suspend: true");
        is_refused(cluster.create(&suspended), LABEL, "a new suspended one");
        let plan = order(namespace, "new", RESIZE, "\n  mode: Plan");
        is_taken(cluster.create(&plan), "a plan is free");
    }
    is_taken(
        cluster.create(&order("labelled", "new", RESIZE, "")),
        "labelled",
    );

    let edit = |name: &str, spec: &Value| cluster.edit("unlabelled", &format!("dor/{name}"), spec);
    for spec in other_orders() {
        is_refused(edit("unsent", &spec), LABEL, &format!("unsent: {spec}"));
    }
    // What it is about can no longer be changed, once a call was made.
    for spec in other_orders() {
        if spec.get("schedule").is_some() || spec.get("resolution").is_some() {
            is_refused(edit("refused", &spec), LABEL, &format!("refused: {spec}"));
        }
    }
    for name in ["unsent", "refused"] {
        is_taken(edit(name, &json!({"suspend": true})), "it is suspended");
        is_taken(edit(name, &json!({"mode": "Plan"})), "it becomes a plan");
    }
    for (name, spec) in [
        ("suspended", json!({"suspend": false})),
        ("suspended", json!({"suspend": null})),
        ("plan", json!({"mode": "Execute"})),
        ("plan", json!({"mode": null})),
    ] {
        is_refused(edit(name, &spec), LABEL, &format!("{name}: {spec}"));
    }
    let annotated =
        json!({"metadata": {"annotations": {"errand.cloud/reconcile-requested-at": "1"}}});
    is_taken(
        cluster.patch(None, "unlabelled", "dor/unsent", &annotated),
        "the spec stays",
    );
    for spec in same_order() {
        is_taken(edit("sent", &spec), &format!("sent: {spec}"));
    }
    let again = json!({"resolution": {"holdId": "h-1", "decision": "SendAgain"}});
    is_refused(
        edit("sent", &again),
        LABEL,
        "another order of one that was sent",
    );
    let later = json!({"suspend": true, "resolution": {"holdId": "h-1", "decision": "SendAgain"}});
    is_taken(edit("sent", &later), "it is kept while it is suspended");
}

#[test]
fn connections_that_permit_orders_need_the_label_on_every_write() {
    let cluster = cluster();
    for paid in ["ManualPayment", "AutomaticPayment"] {
        let new = connection("unlabelled", "new", paid);
        is_refused(cluster.create(&new), CONNECTION_LABEL, paid);
        is_taken(cluster.create(&connection("labelled", "new", paid)), paid);
    }
    let new = connection("unlabelled", "new", "Forbid");
    is_taken(cluster.create(&new), "one that permits nothing");
    let edit = |name: &str, spec: &Value| cluster.edit("unlabelled", &format!("cc/{name}"), spec);
    let permit = json!({"policy": {"paidOperations": "ManualPayment"}});
    is_refused(edit("free", &permit), CONNECTION_LABEL, "it permits orders");
    for spec in [
        json!({"policy": {"paidOperations": "AutomaticPayment"}}),
        json!({"policy": {"clusterId": "another"}}),
        json!({"policy": {"maxConcurrent": 5}}),
        json!({"accountId": "d-2"}),
        json!({"huawei": {"projectId": "p-2"}}),
        json!({"credentials": {"secretRef": {"name": "another"}}}),
    ] {
        is_refused(edit("paying", &spec), CONNECTION_LABEL, &spec.to_string());
    }
    for spec in [
        json!({"policy": {"paidOperations": "Forbid"}}),
        json!({"policy": {"suspend": true}}),
        json!({"policy": null}),
    ] {
        is_taken(edit("paying", &spec), &spec.to_string());
    }
}

#[test]
fn an_order_is_judged_as_a_whole_by_limits_that_no_tenant_can_write() {
    let cluster = cluster();
    let new = |namespace: &str, change: &str| cluster.create(&order(namespace, "new", change, ""));
    let automatic = |namespace: &str| {
        let order = order(namespace, "new", RESIZE, "");
        cluster.create(&order.replace("payment: Manual", "payment: Automatic"))
    };
    let renewing = term(1, "Month", ", autoRenew: true");
    for (change, words) in [
        (volume(210), "maxVolumeGiB of the chart, which is 200 here"),
        (
            term(13, "Month", ""),
            "maxMonths of the chart, which is 12 here",
        ),
        (term(2, "Year", ""), "maxMonths of the chart"),
        (
            "{resize: {productId: huge}}".to_owned(),
            "products of the chart",
        ),
        (renewing.clone(), "autoRenew of the chart"),
    ] {
        is_refused(new("labelled", &change), words, &change);
    }
    is_refused(
        automatic("labelled"),
        "automaticPayment of the chart",
        "labelled",
    );
    for change in [
        volume(200),
        term(12, "Month", ""),
        term(1, "Year", ", autoRenew: false"),
        RESIZE.to_owned(),
    ] {
        is_taken(new("labelled", &change), &change);
    }
    is_refused(new("rich", &volume(510)), "which is 500 here", "rich");
    is_refused(new("rich", &term(13, "Month", "")), "maxMonths", "rich");
    for change in [volume(500), renewing, RESIZE.to_owned()] {
        is_taken(new("rich", &change), &change);
    }
    is_taken(automatic("rich"), "rich");
    is_refused(new("poor", &volume(10)), "which is 0 here", "poor");
    is_refused(new("poor", RESIZE), "products of the chart", "poor");
    is_taken(new("poor", &term(1, "Month", "")), "poor");

    // What the old sample went by is a tenant's own.
    cluster.taken("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: errand-limits, namespace: labelled}\ndata: {maxVolumeGiB: \"900\", maxMonths: \"99\", products: huge}\n");
    is_refused(
        new("labelled", &volume(900)),
        "which is 200 here",
        "its own limits",
    );

    // What stands there is beyond the limits.
    let edit = |name: &str, spec: &Value| cluster.edit("labelled", &format!("dor/{name}"), spec);
    let beyond = "maxVolumeGiB of the chart";
    for (name, spec) in [
        ("unsent", json!({"desktopId": "desk-2"})),
        ("unsent", json!({"operationKey": "again"})),
        (
            "unsent",
            json!({"schedule": {"notBefore": "2027-01-01T00:00:00Z"}}),
        ),
        ("suspended", json!({"suspend": false})),
        ("plan", json!({"mode": "Execute"})),
        (
            "sent",
            json!({"resolution": {"holdId": "h-1", "decision": "SendAgain"}}),
        ),
    ] {
        is_refused(edit(name, &spec), beyond, &format!("{name}: {spec}"));
    }
    let within = json!({"change": {"expandVolume": {"sizeGiB": 200}}});
    is_taken(edit("unsent", &within), "it is brought within the limits");
    let automatic = json!({"change": {"expandVolume": {"sizeGiB": 200}}, "payment": "Automatic"});
    is_refused(
        edit("unsent", &automatic),
        "automaticPayment",
        "Manual to Automatic",
    );
    let renewing = json!({"change": {"expandVolume": null, "subscribe": {"unit": "Month", "count": 1, "autoRenew": true}}});
    is_refused(edit("unsent", &renewing), "autoRenew", "another change");
    for spec in same_order() {
        is_taken(edit("sent", &spec), &format!("sent: {spec}"));
    }
    is_taken(edit("unsent", &json!({"suspend": true})), "it is suspended");
}

#[test]
fn answering_a_question_needs_a_permission_of_its_own_and_gives_no_other() {
    let cluster = cluster();
    let answer = json!({"spec": {"resolution": {"holdId": "h-2", "decision": "GiveUp"}}});
    let edit = json!({"spec": {"suspend": true}});
    let by = |user: &str, patch: &Value| cluster.patch(Some(user), "labelled", "rsc/stop", patch);
    is_refused(by("dev", &answer), ANSWER, "a requester's answer");
    is_taken(by("dev", &edit), "everything else may be edited");
    is_taken(by("sre", &answer), "who may resolve, resolves");
    let more = "who has the verb resolve and not create may change nothing but spec.resolution";
    is_refused(by("sre", &edit), more, "a resolver's edit");
    let both =
        json!({"spec": {"suspend": true, "resolution": {"holdId": "h-2", "decision": "GiveUp"}}});
    is_refused(by("sre", &both), more, "a resolver's edit with an answer");
    is_taken(by("both", &both), "who may do both");
    let owner = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "u"}]);
    for metadata in [
        json!({"ownerReferences": owner}),
        json!({"finalizers": ["keep.example/it"]}),
        json!({"labels": {"errand.cloud/credentials": "true"}}),
        json!({"annotations": {"errand.cloud/reconcile-requested-at": "now"}}),
    ] {
        let what = format!("{metadata}");
        is_refused(by("sre", &json!({"metadata": metadata})), more, &what);
    }
    // A new object with an answer in it is an answer too.
    let copy = cancellation("copy", "  resolution: {holdId: h-1, decision: GiveUp}\n");
    let create = ["create", "--dry-run=server", "-f", "-", "--as", "dev"];
    let copied = cluster.0.kubectl_with(&create, &copy).map(drop);
    is_refused(copied, ANSWER, "a copy with an answer");

    // One that stands there is no hindrance, must not be changed, and may be taken back.
    cluster.taken(&cancellation(
        "answered",
        "  resolution: {holdId: h-1, decision: GiveUp}\n",
    ));
    let by =
        |user: &str, patch: &Value| cluster.patch(Some(user), "labelled", "rsc/answered", patch);
    is_taken(by("dev", &edit), "the answer stays");
    is_refused(by("dev", &answer), ANSWER, "another answer");
    let back = json!({"spec": {"resolution": null}});
    is_taken(by("dev", &back), "it may be taken back");
    for user in ["dev", "sre", "both"] {
        let wipe = [
            "patch",
            "rsc",
            "stop",
            "-n",
            "labelled",
            "--subresource=status",
        ];
        let wipe = [
            &wipe[..],
            &["--type=merge", "-p", r#"{"status": {"steps": null}}"#],
        ]
        .concat();
        let wiped = cluster.0.kubectl(&[&wipe[..], &["--as", user]].concat());
        is_refused(wiped.map(drop), "forbidden", "a record of the operator");
    }
}

#[test]
fn every_kind_is_in_the_policies_that_it_belongs_into() {
    struct Plurals;
    impl Visitor for Plurals {
        type Output = (String, bool);

        fn visit<K: Kind>(&mut self) -> (String, bool) {
            let (group, plural) = (K::Object::group(&()), K::Object::plural(&()));
            let paid = K::CALLS.iter().any(|call| call.payment.is_some());
            (format!("{plural}.{group}"), paid)
        }
    }
    let kinds = each_kind(&mut Plurals);
    let group = |kind: &String| kind.split_once('.').expect("a group").1.to_owned();
    let paid: BTreeSet<String> = kinds.iter().filter(|k| k.1).map(|k| k.0.clone()).collect();
    let groups: BTreeSet<String> = kinds.iter().map(|k| group(&k.0)).collect();
    let policies = rendered(&["--set-json", &values()]);
    let words = |value: &Value| -> Vec<String> {
        let words = value.as_array().expect("a list").iter();
        words
            .map(|w| w.as_str().expect("text").to_owned())
            .collect()
    };
    let mut seen = 0;
    for policy in of_kind(&policies, "ValidatingAdmissionPolicy") {
        let rules = &policy["spec"]["matchConstraints"]["resourceRules"];
        let rule = &rules[0];
        let (of, resources) = (words(&rule["apiGroups"]), words(&rule["resources"]));
        let name = policy["metadata"]["name"].as_str().expect("a name");
        assert_eq!(words(&rule["operations"]), ["CREATE", "UPDATE"], "{name}");
        assert_eq!(policy["spec"]["failurePolicy"], "Fail", "{name}");
        if name.ends_with("-resolution") {
            assert_eq!(of.into_iter().collect::<BTreeSet<_>>(), groups);
            assert_eq!(resources, ["*"]);
        } else if name.ends_with("-paid-connections") {
            assert_eq!(resources, ["cloudconnections"]);
        } else {
            let all = resources
                .iter()
                .flat_map(|r| of.iter().map(move |g| format!("{r}.{g}")));
            assert_eq!(all.collect::<BTreeSet<_>>(), paid, "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}
