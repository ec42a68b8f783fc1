//! What `errand why` advises for each documented code of the clouds: for the states that
//! the operator comes to (`tests/snapshots/codes`, see `controllers/passes/codes.rs`).

use std::fs;
use std::path::Path;

use kube::api::DynamicObject;
use serde_json::json;

use super::Place;
use super::types::{Asked, operations};
use super::why::page;

#[test]
fn every_code_of_a_cloud_leads_to_advice_that_fits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/codes");
    let mut tried = 0;
    for file in fs::read_dir(folder).expect("snapshots") {
        let file = file.expect("a file").path();
        let kind = file
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("a kind");
        let lines = fs::read_to_string(&file).expect("it can be read");
        let lines: Vec<&str> = lines.lines().collect();
        for pair in lines.chunks(2) {
            tried += usize::from(check(kind, pair[0], pair[1].trim()));
        }
    }
    assert!(tried > 200, "{tried}");
}

/// `State/Reason [call status code] summary`; false: nothing is reported yet.
fn check(kind: &str, code: &str, shown: &str) -> bool {
    let (standing, rest) = shown.split_once(" [").expect("a state");
    let (error, summary) = rest.split_once("] ").unwrap_or((rest, ""));
    let (state, reason) = standing.split_once('/').expect("a state and a reason");
    if state.is_empty() {
        return false;
    }
    // The name of a call may have a blank in it.
    let mut error: Vec<&str> = error.trim_end_matches(']').rsplitn(3, ' ').collect();
    error.reverse();
    let part = |at: usize| Some(error[at]).filter(|part| *part != "-");
    let ready = json!({"type": "Ready", "reason": reason, "status": "False"});
    let asked = Asked::parse(&[format!("{}/op", kind.to_lowercase())], &operations());
    let Ok(Asked::Named(mut named)) = asked else {
        panic!("{kind} is no kind");
    };
    let place = Place {
        named: named.remove(0),
        namespace: "team".to_owned(),
        program: "errand",
        everywhere: false,
    };
    let mut object = DynamicObject::new("op", &place.named.type_.resource);
    object.metadata.generation = Some(1);
    let last = json!({
        "call": part(0), "code": part(2),
        "httpStatus": part(1).and_then(|status| status.parse::<u16>().ok()),
    });
    object.data = json!({"status": {
        "state": state, "observedGeneration": 1, "summary": summary, "conditions": [ready],
        "lastCloudError": if part(0).is_some() { last } else { json!(null) },
    }});
    let page = page(&place, &object, None, None);
    let can = page.split("You can:").nth(1).unwrap_or_default();
    let idle = can.trim_start().starts_with("Nothing, as a rule");
    let what = format!("{code}: {page}");
    assert!(page.contains("\nNext:"), "{what}");
    if let Some(word) = part(2) {
        assert!(page.contains(word), "{what}");
    }
    match state {
        "Blocked" => {
            assert!(!can.trim().is_empty() && !idle, "{what}");
            assert!(
                page.contains("again") || page.contains("by itself"),
                "{what}"
            );
        }
        "Verifying" | "Executing" if part(0).is_some() => assert!(!idle, "{what}"),
        _ => {}
    }
    true
}
