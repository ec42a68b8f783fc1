use crate::cloud::{huawei, tencent};
use serde_json::{Value, json};

use super::*;
use crate::controllers::endpoints::EndpointPolicy;
use crate::operations::resize_cancellation::ResizeCancellation;

fn connection(change: impl FnOnce(&mut Value)) -> CloudConnection {
    let mut object = json!({
        "apiVersion": "errand.cloud/v1alpha1",
        "kind": "CloudConnection",
        "metadata": {"name": "c", "namespace": "ns"},
        "spec": {
            "accountId": "a1",
            "huawei": {"region": "cn-north-4", "projectId": "p1"},
            "credentials": {"secretRef": {"name": "s"}},
        },
    });
    change(&mut object["spec"]);
    serde_json::from_value(object).expect("a connection")
}

fn operation(change: impl FnOnce(&mut Value)) -> ResizeCancellation {
    let mut object = json!({
        "apiVersion": "huawei.errand.cloud/v1alpha1",
        "kind": "ResizeCancellation",
        "metadata": {"name": "stop", "namespace": "ns", "uid": "u"},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "c"},
            "instanceId": "dcs-1",
            "taskId": "task-1",
        },
        "status": {"observed": {"taskId": "task-1", "taskStatus": "WAITING"}},
    });
    change(&mut object);
    serde_json::from_value(object).expect("an operation")
}

/// Where the connection's services are. The operator admits aliases of the vendor, and a
/// cloud of the namespace's own.
fn at(connection: &CloudConnection, services: &[&'static Service]) -> At {
    let flags = [
        "alias.example",
        "dcs.alias.example",
        "as.example",
        "bss.example",
        "ns=own.example",
        "ns=other.example",
    ];
    at_with(&flags, connection, services)
}

fn at_with(flags: &[&str], connection: &CloudConnection, services: &[&'static Service]) -> At {
    let policy = EndpointPolicy::of(flags, false).expect("good flags");
    let origins = services.iter().filter_map(|service| {
        let origin = policy.origin(connection, service)?;
        Some((*service, origin.expect("allowed")))
    });
    At::of(connection, &origins.collect::<Vec<_>>())
}

/// The object after an observation through that connection.
fn observed(connection: &CloudConnection, bound: bool) -> ResizeCancellation {
    let mut object = operation(|_| {});
    let at = at(connection, &[&huawei::dcs::SERVICE]);
    let about = ObservedFor {
        bound,
        ..at.observed_for(&object)
    };
    object.status.as_mut().expect("a status").observed_for = Some(about);
    object
}

fn compared(object: &ResizeCancellation, connection: &CloudConnection) -> Memory {
    let at = at(connection, &[&huawei::dcs::SERVICE]);
    memory(object, &at.observed_for(object), true)
}

/// Every way in which a connection can be at another place.
fn elsewhere() -> [CloudConnection; 5] {
    [
        connection(|spec| spec["accountId"] = "a2".into()),
        connection(|spec| spec["huawei"]["region"] = "cn-east-3".into()),
        connection(|spec| spec["huawei"]["projectId"] = "p2".into()),
        connection(|spec| spec["endpoints"] = json!({"dcs": "https://own.example"})),
        connection(|spec| {
            spec["huawei"].take();
            spec["volcengine"] = json!({"region": "cn-north-4"});
        }),
    ]
}

#[test]
fn memory_of_the_same_place_and_target_is_kept() {
    let here = connection(|_| {});
    for bound in [false, true] {
        assert_eq!(compared(&observed(&here, bound), &here), Memory::Kept);
    }
    // What a kind does not call is no part of its place.
    let other = connection(|spec| spec["endpoints"] = json!({"bss": "https://bss.example"}));
    assert_eq!(compared(&observed(&here, true), &other), Memory::Kept);
}

#[test]
fn another_place_is_forgotten_before_and_refused_once_the_operation_belongs_there() {
    let here = connection(|_| {});
    for other in elsewhere() {
        assert_eq!(compared(&observed(&here, false), &other), Memory::Forgotten);
        let Memory::Elsewhere(text) = compared(&observed(&here, true), &other) else {
            panic!("it would go on at {other:?}");
        };
        for place in ["account a1", "region cn-north-4", "project p1"] {
            assert!(text.contains(place), "{text}");
        }
    }
}

#[test]
fn a_call_that_was_intended_binds_the_operation_to_its_place() {
    let here = connection(|_| {});
    let mut object = observed(&here, false);
    let step = json!({
        "number": 1, "id": "s1", "name": "CancelInstanceResize", "writer": "7",
        "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
    });
    let steps = &mut object.status.as_mut().expect("a status").steps;
    steps.push(serde_json::from_value(step).expect("a step"));
    for other in elsewhere() {
        let compared = compared(&object, &other);
        assert!(matches!(compared, Memory::Elsewhere(_)), "{compared:?}");
    }
    assert_eq!(compared(&object, &here), Memory::Kept);
}

#[test]
fn memory_of_another_target_is_forgotten_and_what_may_change_is_no_target() {
    let here = connection(|_| {});
    for bound in [false, true] {
        for (field, value, expected) in [
            ("instanceId", json!("dcs-2"), Memory::Forgotten),
            ("taskId", json!("task-2"), Memory::Forgotten),
            (
                "connectionRef",
                json!({"kind": "CloudConnection", "name": "d"}),
                Memory::Forgotten,
            ),
            ("mode", json!("Plan"), Memory::Kept),
            ("suspend", json!(true), Memory::Kept),
            ("verifyTimeout", json!("2h"), Memory::Kept),
            ("ttlAfterSuccess", json!("2h"), Memory::Kept),
        ] {
            let object = observed(&here, bound);
            let mut edited = serde_json::to_value(&object).expect("JSON");
            edited["spec"][field] = value;
            let edited = serde_json::from_value(edited).expect("an operation");
            assert_eq!(compared(&edited, &here), expected, "{field}");
        }
    }
}

/// Version 0.1.0 wrote the target in words, and nothing of the place.
#[test]
fn memory_of_version_0_1_0_is_kept_unless_it_may_be_of_another_target() {
    let here = connection(|_| {});
    for (target, state, expected) in [
        (json!("dcs-1/task-1"), "Waiting", Memory::Kept),
        (json!("dcs-2/task-1"), "Waiting", Memory::Forgotten),
        (json!("dcs-1/task-1"), "Planned", Memory::Forgotten),
        (json!(null), "Waiting", Memory::Forgotten),
    ] {
        let object = operation(|object| {
            object["status"]["target"] = target.clone();
            object["status"]["state"] = state.into();
        });
        assert_eq!(compared(&object, &here), expected, "{target} {state}");
    }
}

#[test]
fn the_site_belongs_to_the_place_where_an_endpoint_depends_on_it() {
    let named = json!({"as": "https://as.example", "bss": "https://bss.example"});
    for (cloud, services, endpoints, differ) in [
        (
            "tencent",
            &[&tencent::autoscaling::SERVICE][..],
            json!(null),
            true,
        ),
        (
            "tencent",
            &[&tencent::autoscaling::SERVICE],
            named.clone(),
            false,
        ),
        ("huawei", &[&huawei::dcs::SERVICE], json!(null), false),
        ("huawei", &[&huawei::clouddc::SERVICE], json!(null), false),
        (
            "huawei",
            &[&huawei::workspace::SERVICE, &huawei::bss::SERVICE],
            json!(null),
            true,
        ),
        (
            "huawei",
            &[&huawei::workspace::SERVICE, &huawei::bss::SERVICE],
            named,
            false,
        ),
    ] {
        let at = |site: Option<&str>| {
            let connection = connection(|spec| {
                let mut place = json!({"region": "ap-southeast-1"});
                if cloud == "huawei" {
                    place["projectId"] = "p1".into();
                }
                if let Some(site) = site {
                    place["site"] = site.into();
                }
                spec["huawei"].take();
                spec[cloud] = place;
                spec["endpoints"] = endpoints.clone();
            });
            super::tests::at(&connection, services)
        };
        let (china, international) = (at(Some("China")), at(Some("International")));
        let object = operation(|_| {});
        let of = |at: &At| at.observed_for(&object);
        let same = same_cloud(&of(&china), &of(&international));
        assert_eq!(same, !differ, "{cloud} {services:?}");
        assert_eq!(at(None), china, "{cloud}: China where it is not said");
    }
}

#[test]
fn memory_of_another_site_is_of_another_place_unless_no_site_was_written() {
    let here = |site: &str| {
        connection(|spec| {
            spec["huawei"].take();
            spec["tencent"] = json!({"region": "ap-singapore", "site": site});
        })
    };
    let at = |site: &str| at(&here(site), &[&tencent::autoscaling::SERVICE]);
    for bound in [false, true] {
        let mut object = operation(|_| {});
        let mut then = at("China").observed_for(&object);
        then.bound = bound;
        assert_eq!(then.site.as_deref(), Some("China"));
        let compared = |object: &ResizeCancellation, site: &str| {
            memory(object, &at(site).observed_for(object), true)
        };
        let store = |object: &mut ResizeCancellation, then: &ObservedFor| {
            object.status.as_mut().expect("a status").observed_for = Some(then.clone());
        };
        store(&mut object, &then);
        assert_eq!(compared(&object, "China"), Memory::Kept);
        match (bound, compared(&object, "International")) {
            (false, Memory::Forgotten) => {}
            (true, Memory::Elsewhere(text)) => {
                assert!(text.contains("site China"), "{text}");
                assert!(text.contains("site International"), "{text}");
            }
            (_, other) => panic!("{other:?}"),
        }
        // An earlier version wrote none.
        (then.site, then.clouds) = (None, BTreeMap::new());
        store(&mut object, &then);
        assert_eq!(compared(&object, "China"), Memory::Kept);
        assert_eq!(compared(&object, "International"), Memory::Kept);
    }
}

#[test]
fn a_site_is_written_as_in_a_connection() {
    for (site, word) in Site::WORDS {
        assert_eq!(serde_json::to_value(site).expect("JSON"), word);
    }
}

/// The endpoint of the connection changes while an operation belongs to its place.
#[test]
fn the_vendor_and_its_aliases_are_one_place_and_a_cloud_of_its_own_is_another() {
    let named = |url: Option<&str>| {
        connection(|spec| {
            if let Some(url) = url {
                spec["endpoints"] = json!({ "dcs": url });
            }
        })
    };
    let vendor = [
        None,
        Some("https://dcs.cn-north-4.myhuaweicloud.com"),
        Some("https://dcs.cn-north-4.myhuaweicloud.com:443"),
        Some("https://alias.example"),
        Some("https://dcs.alias.example"),
    ];
    let own = [Some("https://own.example"), Some("https://other.example")];
    for then in vendor.into_iter().chain(own) {
        let object = observed(&named(then), true);
        for now in vendor.into_iter().chain(own) {
            let same = then == now || vendor.contains(&then) && vendor.contains(&now);
            match compared(&object, &named(now)) {
                Memory::Kept => assert!(same, "{then:?} to {now:?}"),
                Memory::Elsewhere(_) => assert!(!same, "{then:?} to {now:?}"),
                Memory::Forgotten => panic!("{then:?} to {now:?}"),
            }
        }
    }
}

/// The administrator gives the host to a namespace, or the other way round.
#[test]
fn the_same_endpoint_is_the_same_place_whatever_it_is_admitted_as() {
    let connection = connection(|spec| spec["endpoints"] = json!({"dcs": "https://own.example"}));
    let at = |flag: &str| at_with(&[flag], &connection, &[&huawei::dcs::SERVICE]);
    let (alias, own) = (at("own.example"), at("ns=own.example"));
    for (then, now) in [(&alias, &own), (&own, &alias)] {
        let mut object = operation(|_| {});
        let mut about = then.observed_for(&object);
        about.bound = true;
        object.status.as_mut().expect("a status").observed_for = Some(about);
        let here = now.observed_for(&object);
        assert_ne!(then, now);
        assert_eq!(memory(&object, &here, true), Memory::Kept);
    }
}
