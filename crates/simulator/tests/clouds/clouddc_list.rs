//! CloudDC: the list of instances, what narrows it, and its pages.

use crate::support::metal::*;
use crate::support::*;
use errand_simulator::{
    CloudDcInstance, CloudDcReadings, CloudDcStatus, NextMarker, UnknownInList,
};
use serde_json::{Value, json};

#[test]
fn a_list_shows_the_status_and_the_times_of_each_instance() {
    let other = CloudDcInstance::new("another")
        .server("s-9")
        .status("stopped");
    let (simulator, clock) = started(
        |_| {},
        metal_with([
            metal().status("pending").then(
                60,
                CloudDcStatus::new("running").operation("install-succeed"),
            ),
            other,
        ]),
    );
    clock.advance(seconds(90));
    let body = metal_list(&simulator, "?limit=1000").json();
    let listed = &body["instances"][0];
    assert_eq!(listed["id"], METAL);
    assert_eq!(
        (&listed["state"], &listed["operation_state"]),
        (&json!("running"), &json!("install-succeed"))
    );
    assert_eq!(listed["launched_at"], listed["updated_at"]);
    assert_ne!(listed["created_at"], listed["updated_at"]);
    assert_eq!(body["instances"][1]["launched_at"], Value::Null);
    assert_eq!(body["instances"][1]["server_id"], "s-9");
    assert_eq!(
        (&body["count"], &body["page_info"]["current_count"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(body["page_info"]["next_marker"], Value::Null);
}

#[test]
fn a_list_is_narrowed_by_state_ids_and_servers() {
    let named = |id: &str| CloudDcInstance::new(id).server(format!("s-{id}"));
    let (simulator, _) = started(
        |_| {},
        metal_with([named("a"), named("b").status("stopped"), named("c")]),
    );
    let listed = |query: &str| listed_ids(&metal_list(&simulator, query)).join(" ");
    assert_eq!(listed("?instance_state=running"), "a c");
    assert_eq!(listed("?instance_id=c%2Cb%2Czzz"), "b c");
    assert_eq!(listed("?server_id=s-a"), "a");
    assert_eq!(listed("?instance_id=a%2Cb&instance_state=stopped"), "b");
    assert_eq!(
        metal_list(&simulator, "?instance_id=a&server_id=s-a").status,
        400
    );
    let many = |n: usize| format!("?instance_id={}", vec!["a"; n].join("%2C"));
    assert_eq!(listed(&many(100)), "a");
    assert_eq!(metal_list(&simulator, &many(101)).status, 400);
    assert_eq!(simulator.journal().calls(METAL_LIST), 7);
}

#[test]
fn an_unknown_id_fails_the_whole_list_under_the_other_reading() {
    let read =
        |readings: &mut CloudDcReadings| readings.unknown_id_in_list = UnknownInList::Refused;
    let (simulator, _) = metal_read_as(read, metal());
    let query = format!("?instance_id={METAL}%2Canother");
    metal_list(&simulator, &query).assert_error(404, "CloudDC.0404");
    assert_eq!(
        listed_ids(&metal_list(&simulator, &format!("?instance_id={METAL}"))),
        [METAL]
    );
}

#[test]
fn pages_follow_the_marker_whichever_way_it_is_written() {
    for reading in [NextMarker::Id, NextMarker::Address] {
        let named = |n| CloudDcInstance::new(format!("metal-{n:02}"));
        let (simulator, _) = started(
            |config| config.readings.clouddc.next_marker = reading,
            metal_with((0..25).map(named)),
        );
        let mut sizes = Vec::new();
        let mut seen = Vec::new();
        // A limit under the least one means the least one.
        let mut query = "?limit=3".to_owned();
        loop {
            let page = metal_list(&simulator, &query);
            sizes.push(listed_ids(&page).len());
            seen.extend(listed_ids(&page));
            assert_eq!(page.json()["count"], 25);
            let next = page.json()["page_info"]["next_marker"].clone();
            query = match (reading, next.as_str()) {
                (_, None) => break,
                (NextMarker::Id, Some(id)) => format!("?marker={id}"),
                (NextMarker::Address, Some(address)) => {
                    format!("?{}", address.split_once('?').unwrap().1)
                }
            };
        }
        assert_eq!(sizes, [10, 10, 5]);
        seen.dedup();
        assert_eq!(seen.len(), 25);
    }
}
