//! Every list and every time of every read is null, missing or of another form. Which
//! they are is found by looking at what the simulated clouds answer.

use std::collections::BTreeSet;

use errand_simulator::{Fault, FaultKind, Rewrite, RewrittenTime, RewrittenValue as To};
use serde_json::{Value, json};

use super::cases::Case;
use super::{Bench, every_kind};
use crate::operations::Kind;

/// A list or a time of an API's answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot {
    api: String,
    pointer: String,
    list: bool,
}

impl Spot {
    fn forms(&self) -> Vec<To> {
        let mut forms = vec![To::Is(Value::Null), To::Missing, To::Is(json!("strange"))];
        forms.extend(match self.list {
            true => [To::Is(json!({})), To::Is(json!([null]))],
            false => [
                To::Time(RewrittenTime::Blank),
                To::Time(RewrittenTime::Milliseconds),
            ],
        });
        forms
    }
}

/// What the operation reads when nothing goes wrong.
async fn spots<K: Kind>(case: Case) -> BTreeSet<Spot> {
    let mut bench = Bench::<K>::new(case, 60);
    bench.fault(FaultKind::Rewrite {
        changes: Vec::new(),
    });
    bench.passes(3600).await;
    bench.check_is("with nothing in the way", "Succeeded", case.done);
    let mut spots = BTreeSet::new();
    for call in bench.cloud.journal().all_calls() {
        if let Some(body) = call
            .body
            .as_ref()
            .filter(|_| !case.calls.contains(&&*call.api))
        {
            find(&call.api, "", body, &mut spots);
        }
    }
    spots
}

fn find(api: &str, pointer: &str, value: &Value, spots: &mut BTreeSet<Spot>) {
    let mut add = |list| {
        spots.insert(Spot {
            api: api.to_owned(),
            pointer: pointer.to_owned(),
            list,
        })
    };
    match value {
        Value::Array(items) => {
            add(true);
            for item in items {
                find(api, &format!("{pointer}/*"), item, spots);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                find(api, &format!("{pointer}/{name}"), member, spots);
            }
        }
        Value::String(text) if is_time(text) => {
            add(false);
        }
        _ => {}
    }
}

fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 16 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[13] == b':';
    let daily = bytes.len() == 8 && bytes[2] == b':' && bytes[5] == b':';
    let digits = bytes.first().is_some_and(u8::is_ascii_digit);
    digits && (dated || daily)
}

/// From when on the answers are like that.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Start,
    /// A call was accepted, and its effect does not show yet.
    Call,
    /// The same, and its answer is lost.
    LostAnswer,
}

every_kind!(lists_and_times_in_other_forms_are_no_evidence: forms);

/// The list by which a target is looked up, where nothing else says how many there are:
/// services in Go write null for an empty one, and then there is no such target.
const LOOKED_UP_IN: &str = "/Result/ScheduledInstanceInfo";

async fn forms<K: Kind>(case: Case) {
    let spots = spots::<K>(case).await;
    // The status of one instance has neither.
    let none = spots.is_empty() && !case.calls.is_empty();
    assert!(!none, "{}: nothing is read", case.name);
    let moments = match case.calls.is_empty() {
        true => &[From::Start][..],
        false => &[From::Start, From::Call, From::LostAnswer],
    };
    // Each of a spot's forms at one moment in turn; with the variable at all of them.
    let full = std::env::var_os("ERRAND_TEST_EVERY_MOMENT").is_some();
    for (number, spot) in spots.iter().enumerate() {
        for (turn, to) in spot.forms().iter().enumerate() {
            if spot.pointer == LOOKED_UP_IN && matches!(to, To::Is(Value::Null)) {
                continue;
            }
            let here = (number + turn) % moments.len();
            for (at, from) in moments.iter().enumerate() {
                if full || at == here {
                    with::<K>(case, spot, to, *from).await;
                }
            }
        }
    }
}

async fn with<K: Kind>(case: Case, spot: &Spot, to: &To, from: From) {
    let what = format!("{} {} {to:?} from {from:?}", spot.api, spot.pointer);
    let mut bench = Bench::<K>::new(case, 120);
    if from == From::LostAnswer {
        bench
            .cloud
            .fault(Fault::new(case.calls[0], FaultKind::DropAfter));
    }
    if from != From::Start {
        bench.pass().await;
        bench.check(bench.calls() == 1, &format!("{what}: it is called"));
    }
    let changes = vec![Rewrite::new(spot.pointer.clone(), to.clone())];
    let fault = Fault::new(spot.api.clone(), FaultKind::Rewrite { changes });
    bench.cloud.fault(fault.always());
    // Before the effect shows, soon after that, and long after every time-out.
    for pause in [1, 40, 90, 3600] {
        bench.pass().await;
        sound(&bench, &what);
        bench.advance(pause);
    }
    bench.pass().await;
    sound(&bench, &what);
    bench.cloud.clear_faults();
    bench.during(1800).await;
    sound(&bench, &what);
    bench.check_is(&format!("{what}: afterwards"), "Succeeded", case.done);
}

fn sound<K: Kind>(bench: &Bench<K>, what: &str) {
    let state = bench.state();
    bench.check(state != "Failed", &format!("{what}: it has not failed"));
    bench.check(
        state != "Succeeded" || bench.is_true("a"),
        &format!("{what}: a success that the cloud does not show"),
    );
    bench.check(bench.effects() <= 1, &format!("{what}: it is done once"));
    bench.check(
        bench.calls_on("b") == 0,
        &format!("{what}: it is called for another"),
    );
}
