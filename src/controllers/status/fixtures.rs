//! Objects that an earlier version has written (`tests/fixtures`) mean now what they
//! meant then: which question is open, which calls were made and how they were
//! answered, and how a refusal is read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use errand_engine::{Answer, Code, Hold, Step, Verdict};
use kube::Resource as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::stored::{claimed_step, engine_hold, stored};
use super::{decision_word, every_question, token};
use crate::api::{CloudConnection, OperationLedger, Reason};
use crate::operations::{Kind, Object, Visitor, each_kind, reason_of_code};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/f7ba42e")
}

/// The fixtures of a kind, by the name of their file.
fn fixtures(kind: &str) -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder().join(kind)).expect("each kind has fixtures");
    let read = |file: PathBuf| {
        let name = file.file_stem()?.to_str()?.to_owned();
        let text = fs::read_to_string(&file).ok()?;
        Some((name, serde_json::from_str(&text).ok()?))
    };
    files
        .map(|entry| read(entry.expect("a file").path()).expect("a fixture"))
        .collect()
}

fn kind<K: Kind>() -> String {
    K::Object::kind(&()).into_owned()
}

fn object<K: Kind>(name: &str, fixture: &Value) -> K::Object {
    let object = serde_json::from_value(fixture["object"].clone());
    object.unwrap_or_else(|e| panic!("{} {name}: {e}", kind::<K>()))
}

fn hold(hold: Hold) -> &'static str {
    match hold {
        Hold::AnswerUnknown => "AnswerUnknown",
        Hold::OrphanUnknown => "OrphanUnknown",
        Hold::ProofTimeout => "ProofTimeout",
        Hold::NoRecord => "NoRecord",
        Hold::LedgerConflict => "LedgerConflict",
        Hold::OfKind(code) => match reason_of_code(code).map(Reason::word) {
            Some("DesiredStateUnreachable") => "Unreachable",
            Some("RefreshPausedOnFailure") => "PausedOnFailure",
            Some("RefreshPausedAtBatch") => "Paused",
            _ => "?",
        },
    }
}

/// Numbers of reasons differ from version to version; their words do not.
fn reason(code: Code) -> String {
    let reason = reason_of_code(code);
    reason.map_or_else(|| "?".to_owned(), |reason| reason.to_string())
}

fn answer(answer: Option<Answer>) -> String {
    let refused = |verdict: &str| format!("Refused/{verdict}");
    match answer {
        None => "open".to_owned(),
        Some(Answer::Accepted) => "Accepted".to_owned(),
        Some(Answer::Unknown | Answer::Unlisted) => "Unknown".to_owned(),
        Some(Answer::NotSent) => "NotSent".to_owned(),
        Some(Answer::Refused(verdict)) => match verdict {
            Verdict::Verify(code) => refused(&format!("Verify/{}", reason(code))),
            Verdict::Retry => refused("Retry"),
            Verdict::Wait(code) => refused(&format!("Wait/{}", reason(code))),
            Verdict::Blocked(code) => refused(&format!("Blocked/{}", reason(code))),
            Verdict::Terminal => refused("Terminal"),
            Verdict::Lost(code) => refused(&format!("Lost/{}", reason(code))),
        },
    }
}

/// A step in a few words: its number among the object's and the kind's, what came of it,
/// and for how long it may be sent and since when its effect is looked for.
fn step(step: &Step) -> String {
    let since = step.answered.map(|at| at.0 - step.intended.wall.0);
    format!(
        "call {} step {} {} for {} ms, answered after {since:?} ms",
        step.number,
        step.key.0,
        answer(step.answer),
        step.window.0
    )
}

/// What an object means, in a line.
fn meaning<K: Kind>(fixture: &Value, object: &K::Object) -> String {
    let stored = stored::<K>(object, false);
    let mut line = String::new();
    if stored.ended {
        line += "; ended";
    }
    if stored.restored {
        line += "; restored";
    }
    if let Some(question) = stored.hold {
        let (hold, about) = (hold(question.hold), question.pin.0 != 0);
        let _ = write!(line, "; question {hold} {:x} about {about}", question.id);
    }
    if let Some((id, chosen)) = stored.wish.decision {
        let _ = write!(line, "; decision {} {id:x}", decision_word(chosen));
    }
    let wish = &stored.wish;
    if !wish.execute || wish.suspended {
        let _ = write!(
            line,
            "; execute {}, suspended {}",
            wish.execute, wish.suspended
        );
    }
    for one in &stored.steps {
        let _ = write!(line, "; {}", step(one));
    }
    for ledger in fixture["ledgers"].as_array().into_iter().flatten() {
        let ledger: OperationLedger = serde_json::from_value(ledger.clone()).expect("a ledger");
        if let Some(open) = &ledger.spec.open {
            let _ = write!(
                line,
                "; claim of {}: {}",
                open.object.name,
                step(&claimed_step::<K>(open))
            );
        }
        for entry in &ledger.spec.entries {
            let _ = write!(line, "; entry {}", entry.result);
        }
    }
    line.trim_start_matches("; ").to_owned()
}

/// Every fixture and what it means, a line each.
fn meanings() -> String {
    struct Lines;
    impl Visitor for Lines {
        type Output = String;

        fn visit<K: Kind>(&mut self) -> String {
            let line = |(name, fixture): (&String, &Value)| {
                let meaning = meaning::<K>(fixture, &object::<K>(name, fixture));
                format!("{}/{name}: {meaning}\n", kind::<K>())
            };
            fixtures(&kind::<K>()).iter().map(line).collect()
        }
    }
    each_kind(&mut Lines).concat()
}

/// `meanings.txt` was written by f7ba42e itself, and is never written again.
#[test]
fn objects_of_f7ba42e_mean_what_they_meant_to_f7ba42e() {
    let file = folder().join("meanings.txt");
    if std::env::var_os("ERRAND_WRITE_MEANINGS").is_some() {
        fs::write(&file, meanings()).expect("it can be written");
    }
    let then = fs::read_to_string(&file).expect("f7ba42e has written it");
    let now = meanings();
    for (then, now) in then.lines().zip(now.lines()) {
        assert_eq!(now, then);
    }
    assert_eq!(now.lines().count(), then.lines().count());
}

/// Both questions with the reason AnswerUnknown are among the fixtures.
#[test]
fn the_two_questions_with_one_reason_are_told_apart() {
    struct Questions;
    impl Visitor for Questions {
        type Output = Vec<(String, Hold)>;

        fn visit<K: Kind>(&mut self) -> Self::Output {
            let all = fixtures(&kind::<K>());
            let question = |(name, fixture): (&String, &Value)| {
                let object = object::<K>(name, fixture);
                let hold = object.status()?.hold.clone()?;
                assert!(name.starts_with("Held"), "{name}");
                assert!(name.contains(&hold.reason), "{name}: {}", hold.reason);
                Some((name.clone(), engine_hold(&hold)))
            };
            all.iter().filter_map(question).collect()
        }
    }
    let all: Vec<_> = each_kind(&mut Questions).concat();
    for wanted in every_question() {
        let asked = all.iter().any(|(_, hold)| *hold == wanted);
        assert!(asked, "no fixture for {wanted:?}");
    }
    for (name, hold) in &all {
        let orphan = *hold == Hold::OrphanUnknown;
        assert_eq!(orphan, name.ends_with("orphan"), "{name}: {hold:?}");
    }
}

/// The cloud takes a call that is repeated by a later version for the same call.
#[test]
fn a_repeated_call_carries_the_token_that_f7ba42e_gave_it() {
    let mut tokens = 0;
    for (name, fixture) in fixtures("ScheduledInstanceReservation") {
        let object = &fixture["object"];
        let uid = object["metadata"]["uid"].as_str().expect("a uid");
        for step in object["status"]["steps"].as_array().into_iter().flatten() {
            let call = step["name"].as_str().expect("a name");
            assert_eq!(step["token"], token(uid, call), "{name}");
            tokens += 1;
        }
    }
    assert!(tokens > 5, "{tokens}");
}

/// What is read and written back is what was there: nothing that an earlier version
/// has stored is lost.
#[test]
fn everything_in_objects_of_f7ba42e_is_read_and_written_back() {
    struct Whole;
    impl Visitor for Whole {
        type Output = ();

        fn visit<K: Kind>(&mut self) {
            for (name, fixture) in fixtures(&kind::<K>()) {
                same::<K::Object>(&name, &fixture["object"]);
                let all = |part: &str| fixture[part].as_array().cloned().unwrap_or_default();
                for connection in all("connections") {
                    same::<CloudConnection>(&name, &connection);
                }
                for ledger in all("ledgers") {
                    same::<OperationLedger>(&name, &ledger);
                }
            }
        }
    }
    each_kind(&mut Whole);
}

fn same<T: Serialize + DeserializeOwned>(name: &str, object: &Value) {
    let read: T = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut written = serde_json::to_value(&read).expect("JSON");
    let mut object = object.clone();
    for value in [&mut written, &mut object] {
        forms(value);
    }
    for part in ["spec", "status"] {
        assert_eq!(written[part], object[part], "{name}");
    }
}

/// A duration and a time have several forms.
fn forms(value: &mut Value) {
    match value {
        Value::Object(all) => {
            all.retain(|_, value| !value.is_null());
            all.values_mut().for_each(forms);
        }
        Value::Array(all) => all.iter_mut().for_each(forms),
        Value::String(text) => {
            if let Ok(time) = text.parse::<jiff::Timestamp>() {
                *text = time.to_string();
            }
            if let Ok(length) = text.parse::<kube::core::Duration>() {
                *text = std::time::Duration::from(length).as_secs().to_string();
            }
        }
        _ => {}
    }
}
