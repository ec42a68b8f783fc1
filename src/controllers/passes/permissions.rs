//! docs/permissions.md against the calls that are made and the tables of what each needs
//! (`cloud/permissions.rs`); and a missing permission is named.

use std::collections::{BTreeMap, BTreeSet};

use errand_simulator::{Fault, FaultKind};
use kube::Resource as _;

use super::cases::Case;
use super::{Bench, every_kind};
use crate::cloud::Cloud;
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
    for step in K::CALLS {
        let call = step.name.split(' ').next().unwrap_or_default();
        assert!(section.contains(&format!(".{call}`")), "{call}");
    }
}

/// A row of a section's table: the calls, the permissions, whether those are assumed.
struct Listed {
    calls: Vec<&'static str>,
    permissions: Vec<&'static str>,
    assumed: bool,
}

fn listed<K: Kind>() -> Vec<Listed> {
    let rows = section::<K>()
        .lines()
        .filter(|line| line.starts_with("| `"));
    let read = rows.map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let is_call = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let calls = cells[1].split(|c| !is_call(c));
        Listed {
            calls: calls.filter(|call| !call.is_empty()).collect(),
            permissions: cells[2].split('`').skip(1).step_by(2).collect(),
            assumed: cells[2].contains("*assumed*"),
        }
    });
    read.collect()
}

every_kind!(the_page_of_permissions_says_what_the_tables_say: tables);

async fn tables<K: Kind>(_: Case) {
    let rows = listed::<K>();
    let tables = K::SERVICES.iter().flat_map(|service| service.needs);
    let tables: BTreeMap<&str, _> = tables.map(|needs| (needs.call, needs)).collect();
    let mut seen = BTreeSet::new();
    for row in rows {
        let names = row.calls.iter().flat_map(|call| call.split('.'));
        let calls: Vec<&str> = names.filter(|name| tables.contains_key(name)).collect();
        assert!(!calls.is_empty(), "{:?} is in no table", row.calls);
        for call in calls {
            seen.insert(call);
            assert_eq!(tables[call].permissions, row.permissions, "{call}");
            assert_eq!(tables[call].assumed, row.assumed, "{call}");
        }
    }
    assert_eq!(seen, tables.into_keys().collect(), "the page lacks a call");
}

every_kind!(an_operation_names_the_permission_that_it_lacks: named);

/// The cloud names none.
async fn named<K: Kind>(case: Case) {
    let (status, code) = match case.cloud {
        Cloud::Huawei => (403, "APIGW.0302"),
        Cloud::Volcengine => (403, "AccessDenied"),
        Cloud::Tencent => (200, "UnauthorizedOperation"),
    };
    for row in listed::<K>() {
        let api = row.calls[0];
        let mut bench = Bench::<K>::new(case, 90);
        // What is looked at before the first call alone is shown in a plan.
        let plan = api == "bss.ListOrders";
        if plan {
            bench.edit(|spec| spec["mode"] = "Plan".into());
        }
        let denied = FaultKind::Error {
            status,
            code: code.to_owned(),
            message: "the words of the cloud".to_owned(),
        };
        bench.cloud.fault(Fault::new(api, denied).always());
        bench.during(60).await;
        let journal = bench.cloud.journal();
        if !journal.all_calls().iter().any(|call| call.api == api) {
            continue;
        }
        if !api.starts_with("bss.") {
            bench.check_is(api, "Blocked", "PermissionDenied");
        }
        for permission in &row.permissions {
            let is_named = bench.summary().contains(permission);
            bench.check(is_named, &format!("{api} needs {permission}"));
        }
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
