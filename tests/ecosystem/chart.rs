//! The chart: what helm accepts and refuses, and what it renders.

use std::fs;
use std::net::IpAddr;

use errand::controllers::rbac::{rules, user_roles};
use errand::operations::crds;
use errand_testbed::repository;
use serde_json::{Value, json};

use crate::tools::{chart, ci_values, helm, kubectl, objects, of_kind, rendered, template};

/// The chart's own values.
fn values() -> Value {
    let file = repository().join("charts/errand/values.yaml");
    objects(&fs::read_to_string(file).expect("readable")).remove(0)
}

/// Calls `see` with the path and the value of each object in the values that has keys
/// of its own, the whole included, and of each leaf.
fn walk(path: &str, value: &Value, see: &mut impl FnMut(&str, &Value)) {
    see(path, value);
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        walk(&path, value, see);
    }
}

fn has_keys(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty())
}

#[test]
fn helm_lint_finds_nothing_with_any_values_file_in_ci() {
    for (name, file) in ci_values() {
        helm(&["lint", "--strict", &chart(), "-f", &file])
            .unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn an_unknown_value_is_refused_wherever_it_stands() {
    // What Kubernetes knows and the chart does not.
    let given_on = ["resources.requests", "resources.limits"];
    let mut places = Vec::new();
    walk("", &values(), &mut |path, value| {
        if has_keys(value) && !given_on.contains(&path) {
            places.push(path.to_owned());
        }
    });
    assert!(places.len() > 8, "{places:?}");
    for place in places {
        let value = format!("{place}.unknown=1");
        let value = value.trim_start_matches('.');
        let error = template(&["--set", value]).expect_err(value);
        assert!(error.contains("additional properties"), "{value}: {error}");
    }
}

#[test]
fn every_value_changes_what_is_rendered() {
    let mut leaves = Vec::new();
    walk("", &values(), &mut |path, value| {
        if !has_keys(value) {
            leaves.push((path.to_owned(), value.clone()));
        }
    });
    let everything: Vec<Value> = ci_values()
        .iter()
        .flat_map(|(_, file)| objects(&fs::read_to_string(file).expect("readable")))
        .collect();
    for (path, default) in leaves {
        let pointer = format!("/{}", path.replace('.', "/"));
        let given = everything.iter().filter_map(|v| v.pointer(&pointer));
        let other = given.into_iter().find(|value| **value != default);
        let other = other.unwrap_or_else(|| panic!("no file in ci/ sets {path}"));
        // What it needs to count at all.
        let around: &[&str] = match path.split_once('.') {
            Some(("podDisruptionBudget", _)) => &["--set=replicas=2"],
            Some(("serviceMonitor", _)) => &["--set=serviceMonitor.enabled=true"],
            Some(("networkPolicy", _)) => &["--set=networkPolicy.enabled=true"],
            Some(("policies", value)) if value.starts_with("paidNamespaces.") => {
                &["--set=policies.paidNamespaces.enabled=true"]
            }
            Some(("policies", value)) if value.starts_with("orderLimits.") => {
                &["--set=policies.orderLimits.enabled=true"]
            }
            Some(("caBundle", "key")) => &["--set=caBundle.configMap=authorities"],
            Some(("image", "tag")) => &["--set=image.digest="],
            _ => &[],
        };
        let one = format!("{path}={other}");
        let mut with = around.to_vec();
        with.extend(["--set-json", &one]);
        let off = format!("{path}=false");
        let mut without = around.to_vec();
        if path.ends_with(".enabled") && *other == true {
            without.extend(["--set", &off]);
        }
        assert_ne!(template(&with), template(&without), "{path} does nothing");
        template(&with).unwrap_or_else(|e| panic!("{path}: {e}"));
    }
}

#[test]
fn the_roles_are_those_of_the_code() {
    let code = rules();
    let users = user_roles();
    for (arguments, kind, prefix, operate) in [
        (
            &[][..],
            "ClusterRole",
            "errand-system:errand",
            [code.operate.clone(), code.cluster].concat(),
        ),
        (
            &["--set=watchNamespace=team"],
            "Role",
            "errand",
            code.operate,
        ),
    ] {
        let objects = rendered(arguments);
        let roles = [of_kind(&objects, "ClusterRole"), of_kind(&objects, "Role")].concat();
        let rules = |wanted: &str| {
            let mut found = roles.iter().filter(|role| name(role) == wanted);
            let role = found.next().unwrap_or_else(|| panic!("no role {wanted}"));
            (role["kind"].clone(), role["rules"].clone())
        };
        assert_eq!(rules(prefix), (json!(kind), json!(operate)));
        assert_eq!(rules("errand-own"), (json!("Role"), json!(code.own)));
        for (user, wanted) in &users {
            let found = rules(&format!("{prefix}-{user}"));
            assert_eq!(found, (json!(kind), json!(wanted)), "{user}");
        }
        assert_eq!(roles.len(), 2 + users.len());
    }
}

#[test]
fn roles_for_users_are_bound_to_no_one_and_join_others_only_when_told() {
    let bound = |objects: &[Value]| -> Vec<String> {
        let kinds = ["ClusterRoleBinding", "RoleBinding"];
        let bindings = kinds.iter().flat_map(|kind| of_kind(objects, kind));
        bindings
            .map(|b| b["roleRef"]["name"].as_str().expect("a name").to_owned())
            .collect()
    };
    let joins = |objects: &[Value]| -> Vec<(String, String)> {
        let all = of_kind(objects, "ClusterRole")
            .into_iter()
            .flat_map(|role| {
                let labels = role["metadata"]["labels"]
                    .as_object()
                    .expect("labels")
                    .keys();
                let joined =
                    labels.filter_map(|l| l.split_once("/aggregate-to-").map(|(_, to)| to));
                joined.map(|to| (name(role).to_owned(), to.to_owned()))
            });
        all.collect()
    };
    let plain = rendered(&[]);
    assert_eq!(bound(&plain), ["errand-system:errand", "errand-own"]);
    assert_eq!(joins(&plain), []);
    let joined = joins(&rendered(&["--set=rbac.aggregate=true"]));
    let expected = [
        ("connection-admin", "admin"),
        ("requester", "edit"),
        ("viewer", "view"),
    ];
    let expected =
        expected.map(|(role, to)| (format!("errand-system:errand-{role}"), to.to_owned()));
    assert_eq!(
        joined
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>(),
        expected.into()
    );
    let none = rendered(&["--set=rbac.userRoles=false"]);
    assert_eq!(of_kind(&none, "ClusterRole").len(), 1);
}

#[test]
fn what_is_for_all_namespaces_is_refused_for_one() {
    for value in [
        "operator.paidNamespaceSelector=pays=yes",
        "policies.paidNamespaces.enabled=true",
        "policies.orderLimits.enabled=true",
        "policies.resolution.enabled=true",
    ] {
        let set = format!("--set={value}");
        template(&[&set]).unwrap_or_else(|e| panic!("{value}: {e}"));
        let error = template(&[&set, "--set=watchNamespace=team"]).expect_err(value);
        assert!(
            error.contains("cannot be combined with watchNamespace"),
            "{error}"
        );
    }
}

#[test]
fn nothing_may_cost_money_until_it_is_allowed() {
    let args = |arguments: &[&str]| -> Vec<String> {
        let objects = rendered(arguments);
        let deployment = of_kind(&objects, "Deployment")[0];
        let args = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
        let args = args.as_array().expect("a list").iter();
        args.map(|a| a.as_str().expect("text").to_owned()).collect()
    };
    let given = |args: &[String]| -> Vec<String> {
        args.iter()
            .filter(|a| a.starts_with("--paid"))
            .cloned()
            .collect()
    };
    assert_eq!(given(&args(&[])), ["--paid-operations=Forbid"]);
    let paying = args(&[
        "--set=operator.paidOperations=ManualPayment",
        "--set-json",
        r#"operator.paidNamespaceSelector="a in (b, c),!d""#,
    ]);
    assert_eq!(
        given(&paying),
        [
            "--paid-operations=ManualPayment",
            "--paid-namespace-selector=a in (b, c),!d"
        ]
    );
    let error = template(&["--set=operator.paidOperations=Sometimes"]).expect_err("a word");
    assert!(error.contains("paidOperations"), "{error}");
}

#[test]
fn a_ca_bundle_is_trusted_in_addition_to_the_images_certificates() {
    let pod = |arguments: &[&str]| -> Value {
        let objects = rendered(arguments);
        let pod = of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"].clone();
        // That of `helm test` reaches the API server by the same means.
        let test = &of_kind(&objects, "Pod")[0]["spec"];
        let reach = |spec: &Value, name: &str| spec["containers"][0][name].clone();
        assert_eq!(reach(&pod, "volumeMounts"), reach(test, "volumeMounts"));
        assert_eq!(pod["volumes"], test["volumes"]);
        let variables = reach(test, "env");
        let known = reach(&pod, "env").as_array().cloned().unwrap_or_default();
        for variable in variables.as_array().into_iter().flatten() {
            assert!(known.contains(variable), "{variable}");
        }
        let variable = |env: Value, name: &str| env.to_string().contains(name);
        for name in ["SSL_CERT_DIR", "HTTPS_PROXY"] {
            let is_given = variable(reach(&pod, "env"), name);
            assert_eq!(variable(variables.clone(), name), is_given, "{name}");
        }
        pod
    };
    pod(&[
        "--set=extraEnv[0].name=HTTPS_PROXY,extraEnv[0].value=http://proxy:3128",
        "--set=extraVolumes[0].name=more,extraVolumeMounts[0].name=more",
        "--set=extraVolumeMounts[0].mountPath=/more",
    ]);
    let item = json!([{"key": "ca.crt", "path": "bundle.pem"}]);
    for (value, volume) in [
        (
            "configMap",
            json!({"configMap": {"name": "authorities", "items": item}}),
        ),
        (
            "secret",
            json!({"secret": {"secretName": "authorities", "items": item}}),
        ),
    ] {
        let pod = pod(&[&format!("--set=caBundle.{value}=authorities")]);
        let container = &pod["containers"][0];
        let env = container["env"].as_array().expect("a list");
        let found = env.iter().find(|one| one["name"] == "SSL_CERT_DIR");
        let dirs = found.expect("where certificates are")["value"].to_string();
        let mount = &container["volumeMounts"][0];
        assert!(dirs.contains("/etc/ssl/certs:"), "{dirs}");
        assert!(dirs.contains(mount["mountPath"].as_str().expect("a path")));
        let mut expected = volume;
        expected["name"] = mount["name"].clone();
        assert_eq!(pod["volumes"], json!([expected]));
    }
    assert_eq!(pod(&[])["volumes"], Value::Null);
    let both = "--set=caBundle.configMap=a,caBundle.secret=b";
    let error = template(&[both]).expect_err(both);
    assert!(error.contains("cannot be combined"), "{error}");
}

#[test]
fn a_namespaced_installation_has_nothing_outside_of_namespaces() {
    let ours = rendered(&["--set=watchNamespace=team,crds.enabled=false"]);
    let namespaces = ours.iter().map(|o| o["metadata"]["namespace"].as_str());
    let namespaces: Vec<_> = namespaces.collect();
    assert!(!namespaces.contains(&None), "{namespaces:?}");
    assert!(namespaces.contains(&Some("team")));
    let kinds: Vec<_> = ours
        .iter()
        .map(|o| o["kind"].as_str().expect("a kind"))
        .collect();
    let of_clusters = kinds.iter().filter(|kind| kind.starts_with("Cluster"));
    assert_eq!(of_clusters.count(), 0, "{kinds:?}");
    let deployment = of_kind(&ours, "Deployment")[0];
    let args = deployment["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(args.contains("--watch-namespace=team"), "{args}");
}

#[test]
fn the_crds_are_those_of_the_code_and_are_kept_unless_told_otherwise() {
    let mut code: Vec<Value> = crds()
        .iter()
        .map(|crd| whole_numbers(&serde_json::to_value(crd).expect("data")["spec"]))
        .collect();
    code.sort_by_key(|spec| spec["names"]["plural"].to_string());
    let kept = |objects: &[Value]| -> Vec<(Value, bool)> {
        let crds = of_kind(objects, "CustomResourceDefinition");
        let mut crds: Vec<_> = crds
            .into_iter()
            .map(|crd| {
                let policy = &crd["metadata"]["annotations"]["helm.sh/resource-policy"];
                (crd["spec"].clone(), policy == "keep")
            })
            .collect();
        crds.sort_by_key(|(spec, _)| spec["names"]["plural"].to_string());
        crds
    };
    let expected = |keep| {
        code.iter()
            .cloned()
            .map(|spec| (spec, keep))
            .collect::<Vec<_>>()
    };
    assert_eq!(kept(&rendered(&[])), expected(true));
    assert_eq!(kept(&rendered(&["--set=crds.keep=false"])), expected(false));
    assert_eq!(kept(&rendered(&["--set=crds.enabled=false"])), []);
}

#[test]
fn several_replicas_are_spread_and_evicted_one_at_a_time() {
    let spread = |objects: &[Value]| {
        let pod = &of_kind(objects, "Deployment")[0]["spec"]["template"]["spec"];
        pod["topologySpreadConstraints"].is_array()
    };
    let one = rendered(&[]);
    assert!(!spread(&one) && of_kind(&one, "PodDisruptionBudget").is_empty());
    let two = rendered(&["--set=replicas=2"]);
    assert!(spread(&two));
    let budget = of_kind(&two, "PodDisruptionBudget")[0];
    assert_eq!(budget["spec"]["maxUnavailable"], 1);
    let pod = &of_kind(&two, "Deployment")[0]["spec"]["template"];
    assert_eq!(
        budget["spec"]["selector"]["matchLabels"],
        pod["metadata"]["labels"]
    );
}

#[test]
fn every_object_has_the_recommended_labels() {
    for object in
        rendered(&["--set=replicas=2,networkPolicy.enabled=true,serviceMonitor.enabled=true"])
    {
        let labels = &object["metadata"]["labels"];
        for label in ["name", "instance"] {
            let label = format!("app.kubernetes.io/{label}");
            assert!(labels[&label].is_string(), "{} {label}", name(&object));
        }
    }
}

/// The bits of an address, and how many an address of its kind has.
fn bits(address: &str) -> (u128, u32) {
    match address.parse().expect("an address") {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

fn is_in(address: &str, cidr: &str) -> bool {
    let (network, length) = cidr.split_once('/').expect("a CIDR");
    let length: u32 = length.parse().expect("a length");
    let ((address, all), (network, of)) = (bits(address), bits(network));
    let rest = of - length;
    all == of && (rest == 128 || address >> rest == network >> rest)
}

/// Whether the policy lets the pod reach that address outside the cluster, by the rules
/// of Kubernetes: what is absent or empty in a rule stands for everything.
fn reaches(policy: &Value, address: &str, port: i64, protocol: &str) -> bool {
    let given = |value: &Value| value.as_array().filter(|list| !list.is_empty()).cloned();
    let egress = policy["spec"]["egress"].as_array().expect("rules");
    egress.iter().any(|rule| {
        let fits = |entry: &Value| {
            let end = entry["endPort"].as_i64().or(entry["port"].as_i64());
            let from = entry["port"].as_i64();
            let of = entry["protocol"].as_str().unwrap_or("TCP");
            of == protocol && from.is_none_or(|from| from <= port && Some(port) <= end)
        };
        let is_peer = |peer: &Value| {
            let block = &peer["ipBlock"];
            let Some(cidr) = block["cidr"].as_str() else {
                // It selects pods.
                return false;
            };
            let except = given(&block["except"]).unwrap_or_default();
            let out = except
                .iter()
                .any(|cidr| is_in(address, cidr.as_str().expect("a CIDR")));
            is_in(address, cidr) && !out
        };
        let ports = given(&rule["ports"]).is_none_or(|ports| ports.iter().any(fits));
        ports && given(&rule["to"]).is_none_or(|peers| peers.iter().any(is_peer))
    })
}

#[test]
fn no_link_local_address_can_be_reached_under_the_network_policy() {
    let policy = |more: &str| {
        let objects = rendered(&[&format!("--set=networkPolicy.enabled=true{more}")]);
        of_kind(&objects, "NetworkPolicy")[0].clone()
    };
    let link_local = [
        "169.254.169.254",
        "169.254.0.0",
        "169.254.255.255",
        "169.254.20.10",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "febf:ffff::1",
    ];
    let ports = [1, 53, 80, 443, 6443, 8080, 8443, 65535];
    let all = |see: &mut dyn FnMut(&str, i64, &str)| {
        for address in link_local {
            for port in ports {
                ["TCP", "UDP", "SCTP"]
                    .iter()
                    .for_each(|of| see(address, port, of));
            }
        }
    };
    let (plain, other_ports) = (policy(""), policy(",networkPolicy.apiServerPorts={80,443}"));
    for policy in [&plain, &other_ports] {
        all(&mut |address, port, of| {
            let reached = reaches(policy, address, port, of);
            assert!(!reached, "{of} {address} {port}");
        });
    }
    let with_dns = policy(",networkPolicy.nodeLocalDns={169.254.20.10}");
    all(&mut |address, port, of| {
        let dns = (address, port) == ("169.254.20.10", 53) && of != "SCTP";
        assert_eq!(
            reaches(&with_dns, address, port, of),
            dns,
            "{of} {address} {port}"
        );
    });
    // The port of a host that the flags admit, and no other one.
    let admitted =
        policy(",operator.allowEndpoints={team=cloud.a.example:8443,[2001:db8::7]:9443,b.example}");
    for (address, port, reached) in [
        ("192.0.2.7", 8443, true),
        ("2001:db8::7", 9443, true),
        ("192.0.2.7", 8444, false),
        ("169.254.169.254", 8443, false),
    ] {
        assert_eq!(
            reaches(&admitted, address, port, "TCP"),
            reached,
            "{address} {port}"
        );
    }
    // What the operator needs.
    for (address, port, of) in [
        ("192.0.2.7", 443, "TCP"),
        ("2001:db8::7", 443, "TCP"),
        ("10.0.0.1", 6443, "TCP"),
        ("10.96.0.10", 53, "UDP"),
        ("fd00::a", 53, "TCP"),
    ] {
        assert!(reaches(&plain, address, port, of), "{of} {address} {port}");
    }
    for (address, port, of) in [("192.0.2.7", 80, "TCP"), ("192.0.2.7", 443, "UDP")] {
        assert!(!reaches(&plain, address, port, of), "{of} {address} {port}");
    }
}

#[test]
fn the_probes_have_a_port_that_readers_of_metrics_do_not_reach() {
    let listen = "--set=operator.listen=[::]:9090,operator.probePort=9091";
    let objects = rendered(&["--set=networkPolicy.enabled=true", listen]);
    let container =
        &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0];
    let arguments = container["args"].as_array().expect("arguments");
    assert!(
        arguments.contains(&json!("--probe-port=9091")),
        "{arguments:?}"
    );
    let port = |name: &str| {
        let mut ports = container["ports"].as_array().expect("ports").iter();
        let port = ports.find(|port| port["name"] == name).expect(name);
        port["containerPort"].clone()
    };
    assert_eq!(
        (port("metrics"), port("probes")),
        (json!(9090), json!(9091))
    );
    for probe in ["livenessProbe", "readinessProbe"] {
        assert_eq!(container[probe]["httpGet"]["port"], "probes", "{probe}");
    }
    let policy = of_kind(&objects, "NetworkPolicy")[0];
    let ingress = json!([{"ports": [{"port": "metrics", "protocol": "TCP"}]}]);
    assert_eq!(policy["spec"]["ingress"], ingress);
    let service = of_kind(&objects, "Service")[0];
    assert_eq!(service["spec"]["ports"].as_array().map(Vec::len), Some(1));
}

#[test]
fn pod_security_admission_takes_the_pods_as_restricted() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "restricted",
        "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "errand", "namespace": "restricted"}});
    for object in [namespace, account] {
        kubectl(&["apply", "-f", "-"], &object.to_string()).unwrap_or_else(|e| panic!("{e}"));
    }
    let all = rendered(&[]);
    let template = &of_kind(&all, "Deployment")[0]["spec"]["template"];
    let test = of_kind(&all, "Pod")[0];
    for spec in [&template["spec"], &test["spec"]] {
        let container = &spec["containers"][0];
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        assert!(container["resources"]["limits"]["memory"].is_string());
        let admitted = |spec: &Value| {
            let pod = json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "errand", "namespace": "restricted"}, "spec": spec});
            kubectl(&["create", "--dry-run=server", "-f", "-"], &pod.to_string())
        };
        admitted(spec).unwrap_or_else(|e| panic!("{e}"));
        let mut lax = spec.clone();
        lax["containers"][0]["securityContext"] = json!({});
        let error = admitted(&lax).expect_err("not restricted");
        assert!(error.contains("violates PodSecurity"), "{error}");
    }
}

#[test]
fn the_test_asks_the_api_server_as_the_operators_account() {
    let all = rendered(&["--set=watchNamespace=team"]);
    let test = of_kind(&all, "Pod")[0];
    assert_eq!(test["metadata"]["annotations"]["helm.sh/hook"], "test");
    let args = &test["spec"]["containers"][0]["args"];
    assert_eq!(args, &json!(["check", "--watch-namespace=team"]));
    let operator = &of_kind(&all, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(
        test["spec"]["serviceAccountName"],
        operator["serviceAccountName"]
    );
}

#[test]
fn the_notes_name_the_next_command_and_what_becomes_of_the_ledgers() {
    let notes = |arguments: &[&str]| {
        let chart = chart();
        let mut all = vec![
            "install",
            "errand",
            &chart,
            "--dry-run=client",
            "-n",
            "team",
        ];
        all.extend(arguments);
        helm(&all).unwrap_or_else(|e| panic!("{e}"))
    };
    let whole = notes(&[]);
    for words in [
        "operator.paidOperations is Forbid",
        "helm test errand -n team",
        "kubectl apply",
        "The ledgers remember",
    ] {
        assert!(whole.contains(words), "{words}: {whole}");
    }
    let one = notes(&["--set=watchNamespace=team"]);
    assert!(one.contains("do not share a ledger"), "{one}");
    assert!(one.contains("sends nothing that costs money"), "{one}");
}

/// With 1 instead of 1.0, as in the files.
fn whole_numbers(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let whole = |(key, value): (&String, &Value)| (key.clone(), whole_numbers(value));
            Value::Object(map.iter().map(whole).collect())
        }
        Value::Array(list) => list.iter().map(whole_numbers).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 => json!(float as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

/// What the chart admits is tried: `.ci/full` runs the watches against that version.
#[test]
fn the_oldest_kubernetes_that_the_chart_admits_is_the_oldest_that_is_tested() {
    let chart = repository().join("charts/errand/Chart.yaml");
    let chart = fs::read_to_string(chart).expect("the chart");
    let oldest = errand_controlplane::assets::oldest_kubernetes_version();
    let (minor, _) = oldest
        .trim_start_matches('v')
        .rsplit_once('.')
        .expect("a version");
    let admitted = format!("kubeVersion: \">={minor}.0-0\"");
    assert!(chart.contains(&admitted), "{admitted} is not in\n{chart}");
}
