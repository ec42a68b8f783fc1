//! What wakes an operation from outside.

use super::*;
use crate::operations::resize_cancellation::ResizeCancellation;

#[test]
fn another_label_of_the_namespace_wakes_what_it_may_let_go_on() {
    let shown = Shown::<ResizeCancellation>::default();
    let states = [
        ("Blocked", true),
        ("Suspended", true),
        ("Planned", true),
        ("Waiting", false),
        ("Held", false),
        ("Succeeded", false),
    ];
    for (state, _) in states {
        for namespace in ["team", "other"] {
            let outcome = (state == "Succeeded").then_some("Cancelled");
            let object = serde_json::json!({
                "apiVersion": "huawei.errand.cloud/v1alpha1",
                "kind": "ResizeCancellation",
                "metadata": {"name": state.to_lowercase(), "namespace": namespace, "uid": "u"},
                "spec": {
                    "connectionRef": {"kind": "CloudConnection", "name": "cloud"},
                    "instanceId": "i", "taskId": "t",
                },
                "status": {"state": state, "outcome": outcome},
            });
            let object: ResizeCancellation = serde_json::from_value(object).expect("one");
            shown.put(ObjectKey::of(&object), Kept::Whole(Arc::new(object)));
        }
    }
    let change = Change::Namespace("team".to_owned());
    let mut woken: Vec<String> = affected(&shown, &change)
        .into_iter()
        .map(|key| format!("{}/{}", key.namespace, key.name))
        .collect();
    woken.sort();
    let mut expected: Vec<String> = states
        .iter()
        .filter(|(_, wakes)| *wakes)
        .map(|(state, _)| format!("team/{}", state.to_lowercase()))
        .collect();
    expected.sort();
    assert_eq!(woken, expected);
}
