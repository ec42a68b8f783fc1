//! Every text of every read is hostile: it is long, or has characters in it that nothing is
//! drawn for. Whatever it is, status takes it, nothing of it reaches a terminal raw, and
//! nothing is concluded from it that is not so.

use std::collections::BTreeSet;

use errand_simulator::{Fault, FaultKind, Rewrite, RewrittenValue as To};
use serde_json::Value;

use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;
use crate::text::is_visible;

/// What a text becomes.
fn forms(text: &str) -> Vec<String> {
    vec![
        "W".repeat(208),
        format!("{text}\u{1B}[2J\u{202E}\nforged"),
        "实例状态\u{200B}".repeat(20_000),
    ]
}

/// The texts that the operation reads when nothing goes wrong: the API, where, and one of
/// them.
async fn texts<K: Kind>(case: Case) -> BTreeSet<(String, String, String)> {
    let mut bench = Bench::<K>::new(case, 60);
    bench.fault(FaultKind::Rewrite {
        changes: Vec::new(),
    });
    bench.passes(3600).await;
    bench.check_is("with nothing in the way", "Succeeded", case.done);
    let mut found = BTreeSet::new();
    let journal = bench.cloud.journal();
    for call in journal.all_calls() {
        if let Some(body) = &call.body
            && !case.calls.contains(&&*call.api)
        {
            let mut places = BTreeSet::new();
            find("", body, &mut places);
            let known = |place: &String| {
                found
                    .iter()
                    .any(|(api, of, _)| *api == call.api && of == place)
            };
            let new: Vec<_> = places
                .into_iter()
                .filter(|(place, _)| !known(place))
                .collect();
            found.extend(
                new.into_iter()
                    .map(|(place, text)| (call.api.clone(), place, text)),
            );
        }
    }
    found
}

fn find(pointer: &str, value: &Value, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Array(items) => items
            .iter()
            .for_each(|item| find(&format!("{pointer}/*"), item, found)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| find(&format!("{pointer}/{name}"), member, found)),
        Value::String(text) if !found.iter().any(|(place, _)| place == pointer) => {
            found.insert((pointer.to_owned(), text.clone()));
        }
        _ => {}
    }
}

every_kind!(no_text_of_a_cloud_keeps_a_status_from_being_written: texts_of_a_cloud);

async fn texts_of_a_cloud<K: Kind>(case: Case) {
    // One form of each in turn; with the variable all of them.
    let full = std::env::var_os("ERRAND_TEST_EVERY_MOMENT").is_some();
    for (turn, (api, pointer, text)) in texts::<K>(case).await.into_iter().enumerate() {
        for (number, hostile) in forms(&text).into_iter().enumerate() {
            if !full && turn % 3 != number {
                continue;
            }
            let what = format!("{api} {pointer}, form {number}");
            let mut bench = Bench::<K>::new(case, 60);
            let changes = vec![Rewrite::new(pointer.clone(), To::Is(hostile.into()))];
            let fault = Fault::new(api.clone(), FaultKind::Rewrite { changes });
            bench.cloud.fault(fault.always());
            bench.during(300).await;
            fits(&bench, &what);
            bench.check(
                !bench.state().is_empty(),
                &format!("{what}: it is told where it stands"),
            );
            bench.check(
                bench.state() != "Succeeded" || bench.is_true("a"),
                &format!("{what}: a success that the cloud does not show"),
            );
            bench.check(bench.effects() <= 1, &format!("{what}: it is done once"));
            bench.check(bench.calls_on("b") == 0, &format!("{what}: another target"));
        }
    }
}

every_kind!(no_refusal_of_a_cloud_keeps_a_status_from_being_written: refusals_of_a_cloud);

async fn refusals_of_a_cloud<K: Kind>(case: Case) {
    for hostile in forms("Test.400") {
        for (status, code) in [(400, "Test.400"), (403, "Test.403"), (500, &*hostile)] {
            let what = format!("{status} {}", crate::text::line(code, 20));
            let mut bench = Bench::<K>::new(case, 60);
            bench.fault(FaultKind::Error {
                status,
                code: code.to_owned(),
                message: hostile.clone(),
            });
            bench.during(300).await;
            fits(&bench, &what);
            bench.check(!bench.state().is_empty(), &format!("{what}: it is told"));
        }
    }
}

/// What was written is what the API server takes: by the schema, which counts characters,
/// and by what it checks of events, which the API server of these tests does.
fn fits<K: Kind>(bench: &Bench<K>, what: &str) {
    let kind = <K::Object as kube::Resource>::kind(&());
    let schema = crate::controllers::fit::schema(&kind).expect("a CRD");
    let mut wrong = Vec::new();
    check("status", &bench.status(), schema, &mut wrong);
    for (reason, note) in bench.api.events() {
        if !is_visible(&note) {
            wrong.push(format!("the event {reason}"));
        }
    }
    let (events, asked) = bench.api.whole_events();
    if asked > 0 && events.is_empty() {
        wrong.push("no event was taken".to_owned());
    }
    bench.check(wrong.is_empty(), &format!("{what}: {wrong:?}"));
}

fn check(path: &str, value: &Value, schema: &Value, wrong: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            if !is_visible(text) || text.chars().count() as u64 > most {
                wrong.push(path.to_owned());
            }
        }
        Value::Array(items) => {
            for item in items {
                check(path, item, &schema["items"], wrong);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let of = schema["properties"].get(name);
                let of = of.unwrap_or(&schema["additionalProperties"]);
                check(&format!("{path}.{name}"), member, of, wrong);
            }
        }
        _ => {}
    }
}
