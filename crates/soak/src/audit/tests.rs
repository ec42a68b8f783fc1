//! Calls and audit lines are paired, and what is left over is told.

use serde_json::json;

use super::*;
use crate::work::Task;

fn operations() -> Vec<Operation> {
    vec![Operation {
        task: Task::CancelResize,
        name: "one".into(),
        twist: crate::work::Twist::None,
        replaced: 0,
    }]
}

/// A journal with calls that came at these seconds.
fn journal(seconds: &[u32]) -> Journal {
    let calls: Vec<Value> = seconds
        .iter()
        .enumerate()
        .map(|(n, second)| {
            json!({
                "sequence": n + 1,
                "time": format!("2026-11-26T12:00:{second:02}Z"),
                "api": "dcs.CancelInstanceResize",
                "method": "DELETE",
                "path": "/instances/one/resize",
                "access_key": null,
                "request_id": "",
                "sdk_date": null,
                "status": 204,
                "code": null,
                "dropped": false,
                "fault": null,
            })
        })
        .collect();
    serde_json::from_value(json!({"calls": calls, "effects": []})).expect("a journal")
}

fn line(second: u32, event: &str, id: &str) -> String {
    json!({
        "time": format!("2026-11-26T12:00:{second:02}Z"),
        "event": event,
        "target": "one/task",
        "step": "CancelInstanceResize",
        "stepId": id,
    })
    .to_string()
}

fn log(lines: &[String], killed: bool) -> Vec<Log> {
    vec![Log::new(&lines.join("\n"), killed)]
}

#[test]
fn a_call_with_its_line_before_and_an_answer_is_accounted_for() {
    let lines = [line(1, "sending", "a"), line(3, "answered", "a")];
    let found = unaccounted(&journal(&[2]), &operations(), &log(&lines, false));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_call_without_a_line_before_it_is_told() {
    let late = [line(5, "sending", "a"), line(6, "answered", "a")];
    for lines in [&late[..], &[]] {
        let found = unaccounted(&journal(&[2]), &operations(), &log(lines, false));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("has no line before it"), "{found:?}");
    }
}

#[test]
fn one_line_is_not_for_two_calls() {
    let lines = [line(1, "sending", "a"), line(3, "answered", "a")];
    let found = unaccounted(&journal(&[2, 2]), &operations(), &log(&lines, false));
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn only_a_kill_explains_a_line_without_an_answer() {
    let lines = [line(1, "sending", "a")];
    let found = unaccounted(&journal(&[2]), &operations(), &log(&lines, true));
    assert!(found.is_empty(), "{found:?}");
    let found = unaccounted(&journal(&[2]), &operations(), &log(&lines, false));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("no answer"), "{found:?}");
}

#[test]
fn a_line_that_was_cut_off_tells_nothing() {
    let whole = line(1, "sending", "a");
    let cut = &whole[..whole.len() / 2];
    let logs = vec![Log::new(cut, true)];
    let found = unaccounted(&journal(&[]), &operations(), &logs);
    assert!(found.is_empty(), "{found:?}");
}
