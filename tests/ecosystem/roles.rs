//! What the operator and its users may do, as the API server sees it.

use std::collections::BTreeSet;
use std::fs;

use errand_testbed::{repository, shared_plane};
use serde_json::{Value, json};

use crate::tools::{kubectl, rendered};

/// The reviewed file. `ERRAND_WRITE_RIGHTS=1` writes it.
const FILE: &str = "tests/ecosystem/rights.txt";

const HEAD: &str = "\
What `kubectl auth can-i --list` says of the operator and of each role of the chart, without
what everyone may. A line: resource, names of objects if it is about these alone, verbs.
Review every change of this file. The test tests/ecosystem/roles.rs compares it.
";

const ROLES: [&str; 4] = ["viewer", "requester", "connection-admin", "resolver"];

/// A mode of installation: the release's namespace, arguments of helm, and what its
/// roles are called.
struct Mode {
    name: &'static str,
    release: &'static str,
    arguments: &'static [&'static str],
    kind: &'static str,
    prefix: &'static str,
}

const MODES: [Mode; 2] = [
    Mode {
        name: "all namespaces",
        release: "errand-rights",
        arguments: &["--namespace=errand-rights"],
        kind: "ClusterRole",
        prefix: "errand-rights:errand-",
    },
    Mode {
        name: "one namespace (watchNamespace)",
        release: "errand-of-team",
        arguments: &[
            "--namespace=errand-of-team",
            "--set=watchNamespace=team-rights",
        ],
        kind: "Role",
        prefix: "errand-",
    },
];

/// A namespace of users; another one in which no one has anything; both of all users.
const TEAM: &str = "team-rights";
const OTHER: &str = "other-rights";

fn apply(objects: Vec<Value>) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    kubectl(&["apply", "-f", "-"], &list.to_string()).unwrap_or_else(|e| panic!("{e}"));
}

/// The lines about one account in a namespace, in one spelling.
fn may(account: &str, namespace: &str) -> BTreeSet<String> {
    let list = ["auth", "can-i", "--list", "-n", namespace, "--as", account];
    let table = kubectl(&list, "").unwrap_or_else(|e| panic!("{e}"));
    let line = |line: &str| {
        let cells: Vec<&str> = line.split(['[', ']']).map(str::trim).collect();
        let [resource, urls, _, names, _, verbs, ..] = cells[..] else {
            panic!("{line:?} is no line of the table");
        };
        let mut words: Vec<&str> = verbs.split_whitespace().collect();
        words.sort_unstable();
        let what = format!("{resource}{urls}");
        match names {
            "" => format!("{what}: {}", words.join(" ")),
            names => format!("{what} ({names}): {}", words.join(" ")),
        }
    };
    table.lines().skip(1).map(line).collect()
}

fn rights() -> String {
    let everyone = |account: &str| match account.starts_with("system:serviceaccount:") {
        true => may("system:serviceaccount:no-such:account", OTHER),
        false => may("no-one", OTHER),
    };
    let mut text = HEAD.to_owned();
    let mut tell = |what: &str, account: &str, namespace: &str| {
        text.push_str(&format!("\n## {what}\n"));
        let own: BTreeSet<String> = &may(account, namespace) - &everyone(account);
        let of_a_user = own.iter().filter(|_| !account.starts_with("system:"));
        for line in of_a_user.filter(|line| !line.ends_with(": get list watch")) {
            let records = ["/", "operationledgers", "secrets"];
            let touched = records.iter().find(|record| line.contains(**record));
            assert_eq!(touched, None, "{account}: {line}");
        }
        if own.is_empty() {
            text.push_str("nothing\n");
        }
        for line in own {
            text.push_str(&format!("{line}\n"));
        }
    };
    for Mode {
        name,
        release,
        arguments,
        kind,
        prefix,
    } in MODES
    {
        let namespace = |name: &&str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        apply([release, TEAM, OTHER].iter().map(namespace).collect());
        let chart = rendered(&[&["--set=crds.enabled=false"], arguments].concat());
        let is_about_rights = |object: &Value| {
            let kind = object["kind"].as_str().unwrap_or_default();
            kind.contains("Role") || kind == "ServiceAccount"
        };
        let mut objects: Vec<Value> = chart.into_iter().filter(is_about_rights).collect();
        let user = |role: &str| format!("{role}-of-{release}");
        for role in ROLES {
            objects.push(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": user(role), "namespace": TEAM},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": kind,
                    "name": format!("{prefix}{role}"),
                },
                "subjects": [{"kind": "User", "name": user(role), "apiGroup": "rbac.authorization.k8s.io"}],
            }));
        }
        apply(objects);
        let operator = format!("system:serviceaccount:{release}:errand");
        for (place, namespace) in [
            ("the namespace of the release", release),
            ("a namespace that it works on", TEAM),
            ("another namespace", OTHER),
        ] {
            let what = format!("Installed for {name}: the operator in {place}");
            tell(&what, &operator, namespace);
        }
        for role in ROLES {
            let what = format!("Installed for {name}: {role}, bound in a namespace");
            tell(&what, &user(role), TEAM);
        }
        for role in ROLES {
            let elsewhere = &may(&user(role), OTHER) - &everyone(&user(role));
            assert_eq!(elsewhere, BTreeSet::new(), "{role}");
        }
    }
    text
}

#[test]
fn what_the_operator_and_each_role_may_do_is_in_a_reviewed_file() {
    // The plane is shared, and nothing else has these namespaces.
    let _ = shared_plane();
    let rights = rights();
    let file = repository().join(FILE);
    if std::env::var_os("ERRAND_WRITE_RIGHTS").is_some() {
        fs::write(&file, &rights).expect("it can be written");
    }
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(rights, reviewed, "\n{rights}\n is not what {FILE} has");
}
