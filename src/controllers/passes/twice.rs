//! A list has one thing twice, and says something else of it the second time: which of
//! the two is true cannot be told.

use errand_simulator::{
    DesktopChange, DesktopOrderSeed, Fault, FaultKind, Rewrite, RewrittenValue as To, Seed,
};
use serde_json::{Value, json};

use super::bench::HERE;
use super::cases::{Case, LARGER};
use super::{Bench, every_kind};
use crate::operations::Kind;

/// A list that operations read, and a field of its members with two values of which each
/// would end an operation.
struct Listed {
    api: &'static str,
    list: &'static str,
    field: &'static str,
    values: [Value; 2],
    /// Where the cloud says how many there are.
    count: Option<&'static str>,
}

fn lists() -> Vec<Listed> {
    let words = |one: &str, other: &str| [one.into(), other.into()];
    vec![
        Listed {
            api: "dcs.ListBackgroundTask",
            list: "/tasks",
            field: "status",
            values: words("WAITING", "CANCELLED"),
            count: Some("/task_count"),
        },
        Listed {
            api: "as.DescribeRefreshActivities",
            list: "/Response/RefreshActivitySet",
            field: "Status",
            values: words("CANCELLED", "SUCCESSFUL"),
            count: Some("/Response/TotalCount"),
        },
        Listed {
            api: "ecs.DescribeScheduledInstances",
            list: "/Result/ScheduledInstanceInfo",
            field: "DeliveryCount",
            values: [json!(0), json!(1)],
            count: None,
        },
        Listed {
            api: "bss.ListOrders",
            list: "/order_infos",
            field: "status",
            values: [json!(4), json!(5)],
            count: Some("/total_count"),
        },
        Listed {
            api: "workspace.ShowDesktop",
            list: "/desktop/data_volumes",
            field: "size",
            values: [json!(40), json!(100)],
            count: None,
        },
    ]
}

/// There is an order for target `a` of somebody else, where orders are listed.
fn seed<K: Kind>(bench: &Bench<K>, listed: &Listed) {
    if listed.api.starts_with("bss.") {
        let product_id = LARGER.into();
        let change = DesktopChange::Resize { product_id };
        let order = DesktopOrderSeed::new(HERE.0, "desk-a", change).id("CS-THEIRS");
        bench.cloud.seed(Seed::new().desktop_order(order));
    }
}

/// The list as the cloud gives it.
async fn given<K: Kind>(case: Case, listed: &Listed) -> Option<Value> {
    let mut bench = Bench::<K>::new(case, 60);
    seed(&bench, listed);
    bench.fault(FaultKind::Rewrite {
        changes: Vec::new(),
    });
    bench.pass().await;
    let journal = bench.cloud.journal();
    let mut bodies = journal.all_calls().iter().filter_map(|call| {
        let body = call.body.as_ref().filter(|_| call.api == listed.api)?;
        body.pointer(listed.list)
    });
    bodies.next().cloned()
}

every_kind!(what_a_list_has_twice_and_differently_is_not_understood: twice);

async fn twice<K: Kind>(case: Case) {
    for listed in lists() {
        if !case.services.iter().any(|own| listed.api.starts_with(own)) {
            continue;
        }
        let Some(mut list) = given::<K>(case, &listed).await else {
            continue;
        };
        if listed.list.ends_with("volumes") {
            if case.name != "order a larger disk" {
                continue;
            }
            // The disk that is to grow, beside another one.
            list =
                json!([{"id": "root-desk-a", "volume_id": "root-desk-a", "bill_resource_id": "r"}]);
        }
        let member = list[0].clone();
        assert!(member.is_object(), "{}: {list}", listed.api);
        for swap in [false, true] {
            let mut bench = Bench::<K>::new(case, 60);
            seed(&bench, &listed);
            let with = |value: &Value| {
                let mut member = member.clone();
                member[listed.field] = value.clone();
                member
            };
            let [one, other] = &listed.values;
            let (one, other) = if swap { (other, one) } else { (one, other) };
            let mut changes = vec![Rewrite::new(
                listed.list,
                To::Is(json!([with(one), with(other)])),
            )];
            changes.extend(listed.count.map(|at| Rewrite::new(at, To::Is(json!(2)))));
            let kind = FaultKind::Rewrite { changes };
            bench.cloud.fault(Fault::new(listed.api, kind).always());
            bench.pass().await;
            bench.advance(60);
            bench.pass().await;
            let what = format!("{} {one} {other}", listed.api);
            bench.check(bench.calls() == 0, &format!("{what}: nothing is called"));
            if listed.api.starts_with("bss.") {
                // What is not known of an order may be that it is open.
                bench.check(bench.state() == "Waiting", &what);
                continue;
            }
            bench.check_is(&what, "Waiting", "ObservationUnclear");
            // Once it is listed once, all goes on.
            bench.cloud.clear_faults();
            bench.advance(60);
            bench.passes(3600).await;
            bench.check_is(&what, "Succeeded", case.done);
        }
    }
}
