//! A recording of a real process (`tests/recordings`) replays, and one that was
//! changed does not.

use super::*;

const RECORDING: &str = include_str!("../../tests/recordings/order.jsonl");

#[test]
fn what_a_process_recorded_replays() {
    let events = RECORDING.lines().count() - 1;
    assert_eq!(replay(RECORDING), Ok(events));
    assert!(events > 20, "{events}");
}

#[test]
fn another_answer_leads_elsewhere() {
    let changed = RECORDING.replacen("\"Accepted\"", "\"NotSent\"", 1);
    assert_ne!(changed, RECORDING);
    let error = replay(&changed).expect_err("the engine decides otherwise");
    assert!(error.contains("replayed, it wants"), "{error}");
}

#[test]
fn a_line_that_a_kill_has_cut_off_ends_the_recording() {
    let cut = &RECORDING[..RECORDING.len() - 10];
    let events = RECORDING.lines().count() - 1;
    assert_eq!(replay(cut), Ok(events - 1));
    assert_eq!(replay(""), Ok(0));
}

#[test]
fn a_line_that_is_missing_in_the_middle_is_noticed() {
    let mut lines: Vec<&str> = RECORDING.lines().collect();
    let answered = lines.iter().position(|line| line.contains("\"Answered\""));
    lines.remove(answered.expect("a call was answered"));
    assert!(replay(&lines.join("\n")).is_err());
}
