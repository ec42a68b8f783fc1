//! docs/permissions.md against the calls that are made.

use errand_simulator::{Fault, FaultKind};
use kube::Resource as _;

use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

const PAGE: &str = include_str!("../../../docs/permissions.md");

/// What the page says of a kind.
fn section<K: Kind>() -> &'static str {
    let kind = K::Object::kind(&());
    let title = format!("### {kind}\n");
    let (_, rest) = PAGE.split_once(&title).expect("a section");
    let end = ["\n## ", "\n### "].into_iter();
    let end = end.filter_map(|next| rest.find(next)).min();
    &rest[..end.unwrap_or(rest.len())]
}

every_kind!(the_page_of_permissions_names_every_call: called);

async fn called<K: Kind>(case: Case) {
    let section = section::<K>();
    for lost in [false, true] {
        let mut bench = Bench::<K>::new(case, 90);
        if let (true, Some(call)) = (lost, case.calls.first()) {
            bench.cloud.fault(Fault::new(*call, FaultKind::DropAfter));
        }
        bench.passes(7200).await;
        for call in bench.cloud.journal().all_calls() {
            let name = format!("`{}`", call.api);
            bench.check(section.contains(&name), &format!("{name} is missing"));
        }
    }
    for step in K::STEPS {
        let call = step.name.split(' ').next().unwrap_or_default();
        assert!(section.contains(&format!(".{call}`")), "{call}");
    }
}

/// Each permission of a section's table is in a policy of it, and no other one.
#[test]
fn each_policy_allows_what_its_table_names_and_nothing_else() {
    let mut sections = 0;
    for section in PAGE.split("\n### ").skip(1) {
        let section = section.split("\n## ").next().unwrap_or_default();
        sections += 1;
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        let of_row = |row: &str| -> Vec<String> {
            let cell = row.split('|').nth(2).unwrap_or_default();
            let names = cell.split('`').skip(1).step_by(2);
            names.map(str::to_owned).collect()
        };
        let mut named: Vec<String> = rows.flat_map(of_row).collect();
        let policies = section.split("```json\n").skip(1);
        let mut allowed = Vec::new();
        for policy in policies {
            let policy = policy.split("```").next().unwrap_or_default();
            let policy: serde_json::Value = serde_json::from_str(policy).expect("JSON");
            let either = |value: &serde_json::Value, one: &str, other: &str| {
                value
                    .get(one)
                    .or(value.get(other))
                    .cloned()
                    .unwrap_or_default()
            };
            let statements = either(&policy, "Statement", "statement");
            for statement in statements.as_array().expect("statements") {
                let actions = either(statement, "Action", "action");
                let actions = actions.as_array().cloned().expect("actions");
                allowed.extend(actions.iter().filter_map(|a| a.as_str().map(str::to_owned)));
            }
        }
        for list in [&mut named, &mut allowed] {
            list.sort();
            list.dedup();
        }
        assert_eq!(named, allowed, "{section}");
    }
    assert!(sections >= 5, "{sections}");
}
