//! What all of it was in each cloud, from the simulators' journals.

use std::collections::BTreeMap;

use errand_simulator::Journal;

use crate::claims::{Claim, equal};

/// A cloud and the services that it has here.
const CLOUDS: [(&str, &[&str]); 3] = [
    ("Huawei Cloud", &["dcs", "workspace", "bss", "clouddc"]),
    ("Tencent Cloud", &["as"]),
    ("Volcengine", &["ecs"]),
];

/// Every change that this demo causes, and how often: two of the orders are the
/// retry loop's.
const CHANGES: [(&str, usize); 5] = [
    ("as.cancel", 1),
    ("as.stop", 1),
    ("dcs.cancel", 1),
    ("ecs.delete", 1),
    ("workspace.order", 4),
];

/// The journals' totals.
pub struct Totals {
    /// Calls and changes by cloud; what no cloud has is by itself.
    clouds: BTreeMap<&'static str, (usize, usize)>,
    /// Changes by kind. What a cloud does by itself is none.
    changes: BTreeMap<String, usize>,
}

impl Totals {
    pub fn of(journals: &[&Journal]) -> Self {
        let mut clouds: BTreeMap<_, (usize, usize)> =
            CLOUDS.iter().map(|(cloud, _)| (*cloud, (0, 0))).collect();
        let mut changes = BTreeMap::new();
        for journal in journals {
            for call in journal.all_calls() {
                clouds.entry(cloud(&call.api)).or_default().0 += 1;
            }
            let effects = journal.all_effects().iter();
            for effect in effects.filter(|effect| effect.call != 0) {
                clouds.entry(cloud(&effect.kind)).or_default().1 += 1;
                *changes.entry(effect.kind.clone()).or_default() += 1;
            }
        }
        Self { clouds, changes }
    }

    /// A line for each cloud.
    pub fn table(&self) -> String {
        let mut table = format!("{:<13}  {:>5}  {:>7}\n", "CLOUD", "CALLS", "EFFECTS");
        for (cloud, (calls, effects)) in &self.clouds {
            table += &format!("{cloud:<13}  {calls:>5}  {effects:>7}\n");
        }
        table
    }

    /// Calls and effects in all.
    pub fn sum(&self) -> (usize, usize) {
        let each = self.clouds.values();
        each.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    pub fn claims(&self) -> Vec<Claim> {
        let wanted = CHANGES.map(|(kind, times)| (kind.to_owned(), times));
        let called = self.clouds.iter().filter(|(_, (calls, _))| *calls > 0);
        let called: Vec<_> = called.map(|(cloud, _)| *cloud).collect();
        vec![
            (
                "every cloud was called, and nothing that no cloud has",
                equal(&called, &CLOUDS.map(|(cloud, _)| cloud).to_vec()),
            ),
            (
                "all clouds together were changed as often as told, not once more",
                equal(&self.changes, &BTreeMap::from(wanted)),
            ),
        ]
    }
}

fn cloud(name: &str) -> &'static str {
    let service = name.split('.').next().unwrap_or_default();
    let mut clouds = CLOUDS.iter();
    let found = clouds.find(|(_, services)| services.contains(&service));
    found.map_or("(no cloud)", |(cloud, _)| cloud)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A journal with a call for each of these; those that follow a `!` change
    /// something, those after a `~` happen by themselves.
    fn journal(names: &[&str]) -> Journal {
        let time = "2026-11-22T12:00:00Z";
        let (mut calls, mut effects) = (Vec::new(), Vec::new());
        for (name, number) in names.iter().zip(1..) {
            let kind = name.trim_start_matches(['!', '~']);
            if !name.starts_with('~') {
                calls.push(json!({
                    "sequence": number, "time": time, "api": kind, "method": "GET",
                    "path": "/", "request_id": "r", "dropped": false,
                }));
            }
            if *name != kind {
                effects.push(json!({
                    "sequence": number, "time": time, "kind": kind, "resources": {},
                    "call": if name.starts_with('!') { number } else { 0 },
                }));
            }
        }
        serde_json::from_value(json!({"calls": calls, "effects": effects})).expect("a journal")
    }

    /// The changes of a demo that goes well.
    fn all() -> Vec<&'static str> {
        let changes = CHANGES.iter();
        let mut all: Vec<&str> = changes
            .flat_map(|(kind, times)| std::iter::repeat_n(*kind, *times))
            .collect();
        for kind in &mut all {
            *kind = format!("!{kind}").leak();
        }
        all
    }

    fn red(names: &[&str]) -> Vec<bool> {
        let claims = Totals::of(&[&journal(names)]).claims();
        claims.iter().map(|(_, seen)| seen.is_err()).collect()
    }

    #[test]
    fn each_cloud_has_its_own_calls_and_what_it_does_by_itself_is_no_effect() {
        let journals = [journal(&["dcs.Get", "!bss.Pay"]), journal(&["~as.ended"])];
        let totals = Totals::of(&[&journals[0], &journals[1]]);
        assert_eq!(totals.sum(), (2, 1));
        assert!(totals.table().contains("\nHuawei Cloud       2        1\n"));
        assert!(totals.table().contains("\nTencent Cloud      0        0\n"));
    }

    #[test]
    fn one_change_more_or_less_and_a_call_elsewhere_turn_a_claim_red() {
        let mut names = all();
        assert_eq!(red(&names), [false, false]);
        names.push("!workspace.order");
        assert_eq!(red(&names), [false, true]);
        names.pop();
        names.push("unknown");
        assert_eq!(red(&names), [true, false]);
        names.pop();
        names.retain(|name| *name != "!as.stop");
        assert_eq!(red(&names), [false, true]);
        names.retain(|name| !name.contains("as."));
        assert_eq!(red(&names), [true, true]);
    }
}
