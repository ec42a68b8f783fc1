//! Volcengine's scheduled instances: until when an order can be cancelled, what a
//! ClientToken means, and how orders are shown (contracts sections b.1, b.2 and b.4).

use crate::support::volcengine::*;
use crate::support::*;
use errand_simulator::{
    CancelledOrder, CountForm, EcsReadings, EmptyInfo, EmptyResult, Fault, FaultKind, Reservation,
    ReservationAction, Seed, Simulator, StatusWords, TimeForm, UnsetTime, When,
};
use jiff::Timestamp;
use serde_json::{Value, json};

const TOO_LATE: &str = "OperationDenied.LatestCancelTime";
const STATUS: &str = "InvalidScheduledInstanceStatus";
const NOT_FOUND: &str = "InvalidScheduledInstance.NotFound";

fn deletes(simulator: &Simulator) -> usize {
    simulator.journal().effects_on("ecs.delete", ESI)
}

/// The order as a caller sees it.
fn shown(simulator: &Simulator) -> Value {
    describe(simulator, &[("ScheduledInstanceIds.1", ESI)])["ScheduledInstanceInfo"][0].clone()
}

fn staying() -> EcsReadings {
    EcsReadings {
        after_cancel: CancelledOrder::Stays,
        ..Default::default()
    }
}

#[test]
fn an_esi_order_can_be_cancelled_for_thirty_minutes() {
    let (simulator, clock) = volcengine(Reservation::esi(ESI));
    clock.advance(seconds(29 * 60));
    delete(&simulator).assert_accepted();
    assert!(now_of(&simulator).cancelled);
    let (simulator, clock) = volcengine(Reservation::esi(ESI));
    clock.advance(seconds(30 * 60 + 1));
    delete(&simulator).assert_refused(412, TOO_LATE);
    assert_eq!(deletes(&simulator), 0);
}

#[test]
fn the_last_second_counts_or_does_not() {
    for limit_inclusive in [true, false] {
        let readings = EcsReadings {
            limit_inclusive,
            ..Default::default()
        };
        let (simulator, _) = volcengine_with(readings, Reservation::esi("esi-other"));
        // The clock runs on, so a slow machine may need a second go.
        let answer = std::iter::repeat_with(|| {
            let placed = simulator.now().as_second() - 1800;
            let placed = When::At(Timestamp::from_second(placed).unwrap());
            simulator.seed(Seed::new().reservation(Reservation::esi(ESI).created(placed)));
            let answer = delete(&simulator);
            let limit = now_of(&simulator).cancellable_until.unwrap();
            let journal = simulator.journal();
            let received = journal.all_calls().last().unwrap().time;
            (received.as_second() == limit.as_second()).then_some(answer)
        });
        let answer = answer.take(100).flatten().next().expect("the last second");
        match limit_inclusive {
            true => answer.assert_accepted(),
            false => answer.assert_refused(412, TOO_LATE),
        }
    }
}

#[test]
fn a_reserved_segment_can_be_cancelled_until_its_slot_starts() {
    let (simulator, clock) = volcengine(Reservation::reserve(ESI, 7200));
    clock.advance(seconds(7100));
    delete(&simulator).assert_accepted();
    let order = Reservation::reserve(ESI, 7200).delivers(1, 7260);
    let (simulator, clock) = volcengine(order);
    clock.advance(seconds(7210));
    delete(&simulator).assert_refused(412, TOO_LATE);
    clock.advance(seconds(60));
    delete(&simulator).assert_refused(400, STATUS);
}

#[test]
fn an_immediate_segment_can_never_be_cancelled() {
    let (simulator, clock) = volcengine(Reservation::immediate(ESI));
    let unsupported = "InvalidDeliveryTypeForScheduledInstanceDeletion.Unsupported";
    delete(&simulator).assert_refused(400, unsupported);
    clock.advance(seconds(120));
    delete(&simulator).assert_refused(400, unsupported);
    assert_eq!(now_of(&simulator).delivered, 1);
}

#[test]
fn a_cancelled_order_vanishes_or_stays_with_another_status() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let before = shown(&simulator);
    assert_eq!(before["InvalidAt"], "");
    delete(&simulator).assert_accepted();
    assert_eq!(shown(&simulator), Value::Null);
    assert!(!now_of(&simulator).visible);
    delete(&simulator).assert_refused(404, NOT_FOUND);

    let (simulator, _) = volcengine_with(staying(), Reservation::esi(ESI));
    delete(&simulator).assert_accepted();
    let after = shown(&simulator);
    assert_ne!(after["Status"], before["Status"]);
    assert_ne!(after["InvalidAt"], "");
    delete(&simulator).assert_refused(400, STATUS);
    assert_eq!(deletes(&simulator), 1);
}

#[test]
fn a_cancel_may_show_later() {
    for after_cancel in [CancelledOrder::Vanishes, CancelledOrder::Stays] {
        let readings = EcsReadings {
            after_cancel,
            cancel_visible_after: 60,
            ..Default::default()
        };
        let (simulator, clock) = volcengine_with(readings, Reservation::esi(ESI));
        let before = shown(&simulator)["Status"].clone();
        delete(&simulator).assert_accepted();
        assert_eq!(shown(&simulator)["Status"], before);
        clock.advance(seconds(61));
        assert_ne!(shown(&simulator)["Status"], before);
    }
}

#[test]
fn an_unknown_or_unnamed_order_is_refused() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let unknown = delete_call(&simulator, None).set("ScheduledInstanceId", "esi-none");
    unknown.send(&simulator).assert_refused(404, NOT_FOUND);
    let unnamed = V4::new(&simulator, "DeleteScheduledInstance", &[]);
    let code = "MissingParameter.ScheduledInstanceId";
    unnamed.send(&simulator).assert_refused(400, code);
    let (simulator, _) = volcengine(Reservation::esi(ESI).region("cn-shanghai"));
    delete(&simulator).assert_refused(404, NOT_FOUND);
}

#[test]
fn the_empty_result_has_three_forms() {
    for (form, expected) in [
        (EmptyResult::Absent, None),
        (EmptyResult::Null, Some(Value::Null)),
        (EmptyResult::Object, Some(json!({}))),
    ] {
        let readings = EcsReadings {
            empty_result: form,
            ..Default::default()
        };
        let (simulator, _) = volcengine_with(readings, Reservation::esi(ESI));
        let answer = delete(&simulator);
        answer.assert_accepted();
        assert_eq!(answer.json().get("Result"), expected.as_ref());
    }
}

#[test]
fn a_repeat_with_the_same_token_is_answered_again_without_an_effect() {
    let (simulator, clock) = volcengine(Reservation::esi(ESI));
    let send = |token: &str| delete_call(&simulator, Some(token)).send(&simulator);
    simulator.fault(Fault::new(DELETE, FaultKind::DropAfter));
    let first = delete_call(&simulator, Some("t-1"));
    first.seen(&simulator).assert_closed_without_a_byte();
    send("t-1").assert_accepted();
    send("t-2").assert_refused(404, NOT_FOUND);
    let other = delete_call(&simulator, Some("t-1")).set("ScheduledInstanceId", "esi-2");
    other
        .send(&simulator)
        .assert_refused(400, "IdempotentParameterMismatch");
    assert_eq!(deletes(&simulator), 1);
    clock.advance(seconds(3600));
    send("t-1").assert_refused(404, NOT_FOUND);
}

#[test]
fn the_lifetime_of_a_token_is_a_reading() {
    let readings = EcsReadings {
        token_lifetime: 60,
        ..staying()
    };
    let (simulator, clock) = volcengine_with(readings, Reservation::esi(ESI));
    let send = || delete_call(&simulator, Some("t-1")).send(&simulator);
    send().assert_accepted();
    clock.advance(seconds(30));
    send().assert_accepted();
    clock.advance(seconds(31));
    send().assert_refused(400, STATUS);
}

#[test]
fn a_refused_call_leaves_its_token_unused() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let other = delete_call(&simulator, Some("t-1")).set("ScheduledInstanceId", "esi-2");
    other.send(&simulator).assert_refused(404, NOT_FOUND);
    let call = delete_call(&simulator, Some("t-1"));
    call.send(&simulator).assert_accepted();
}

#[test]
fn a_repeat_during_the_first_call_is_told_to_wait() {
    let readings = EcsReadings {
        processing_for: 30,
        ..Default::default()
    };
    let (simulator, clock) = volcengine_with(readings, Reservation::esi(ESI));
    let send = || delete_call(&simulator, Some("t-1")).send(&simulator);
    send().assert_accepted();
    send().assert_refused(412, "IdempotentProcessing");
    clock.advance(seconds(31));
    send().assert_accepted();
    assert_eq!(deletes(&simulator), 1);
}

#[test]
fn a_token_is_short_and_ascii() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let send = |token: &str| delete_call(&simulator, Some(token)).send(&simulator);
    let malformed = "InvalidClientToken.Malformed";
    send(&"t".repeat(65)).assert_refused(400, malformed);
    send("töken").assert_refused(400, malformed);
    send(&"t".repeat(64)).assert_accepted();
}

#[test]
fn instances_are_delivered_over_time_and_perhaps_not_all() {
    let order = Reservation::reserve(ESI, 100).count(5);
    let order = order.delivers(2, 100).delivers(1, 200);
    let (simulator, clock) = volcengine(order);
    assert_eq!(shown(&simulator)["DeliveryCount"], 0);
    clock.advance(seconds(110));
    let some = shown(&simulator);
    assert_eq!(
        (&some["DeliveryCount"], &some["Count"]),
        (&json!(2), &json!(5))
    );
    delete(&simulator).assert_refused(400, STATUS);
    clock.advance(seconds(1000));
    assert_eq!(shown(&simulator)["DeliveryCount"], 3);
    let journal = simulator.journal();
    assert_eq!(journal.effects_on("ecs.delivered", ESI), 2);
    assert!(journal.all_effects().iter().all(|effect| effect.call == 0));
}

#[test]
fn an_order_is_delivered_whole_at_its_start_where_nothing_else_is_seeded() {
    let (simulator, clock) = volcengine(Reservation::reserve(ESI, 100).count(3));
    clock.advance(seconds(110));
    assert_eq!(now_of(&simulator).delivered, 3);
    let (simulator, clock) = volcengine(Reservation::esi(ESI));
    let starts = now_of(&simulator).start_delivery_at.unwrap();
    assert_eq!(starts.as_second() % 600, 0, "a 10-minute mark");
    clock.advance(seconds(4 * 3600 + 600));
    assert_eq!(now_of(&simulator).delivered, 1);
    delete(&simulator).assert_refused(400, STATUS);
}

#[test]
fn an_order_may_become_invalid_undelivered() {
    let order = Reservation::esi(ESI).delivers_nothing().lapses_in(100);
    let (simulator, clock) = volcengine(order);
    clock.advance(seconds(110));
    let after = shown(&simulator);
    assert_ne!(after["InvalidAt"], "");
    assert_eq!(after["DeliveryCount"], 0);
    let now = now_of(&simulator);
    assert!(!now.cancelled && now.visible);
    delete(&simulator).assert_refused(400, STATUS);
    assert_eq!(simulator.journal().effects("ecs.invalidated"), 1);
}

#[test]
fn an_order_is_described_with_the_fields_of_the_sdk() {
    let placed: Timestamp = "2026-11-21T08:00:07Z".parse().unwrap();
    let order = Reservation::esi(ESI)
        .created(When::At(placed))
        .tag("team", "x");
    let readings = EcsReadings {
        status_words: StatusWords::Numbered,
        ..Default::default()
    };
    let (simulator, _) = volcengine_with(readings, order.delivers_nothing());
    let info = shown(&simulator);
    let expected = json!({
        "ScheduledInstanceId": ESI, "ScheduledInstanceName": ESI, "Status": "Status1",
        "ElasticScheduledInstanceType": "Esi", "DeliveryType": "", "Count": 1,
        "DeliveryCount": 0, "ReleaseCount": 0, "InvalidAt": "",
        "CreatedAt": "2026-11-21T16:00:07+08:00", "StartDeliveryAt": "2026-11-21T12:10Z",
        "EndDeliveryAt": "2026-11-21T12:20Z", "ProjectName": "default",
        "Tags": [{"Key": "team", "Value": "x"}],
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&info[name], value, "{name}");
    }
    let readings = EcsReadings {
        time_form: TimeForm::Minutes,
        ..Default::default()
    };
    let order = Reservation::reserve(ESI, 7200).created(When::At(placed));
    let (simulator, _) = volcengine_with(readings, order);
    let info = shown(&simulator);
    assert_eq!(info["CreatedAt"], "2026-11-21T08:00Z");
    assert_eq!(info["ElasticScheduledInstanceType"], "Segmented");
    assert_eq!(info["DeliveryType"], "Reserve");
}

#[test]
fn lists_are_filtered_and_paged() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let mut seed = Seed::new();
    for n in 0..30 {
        let order = Reservation::reserve(format!("esi-{n:02}"), 7200);
        seed = seed.reservation(order.created(When::In(-60 - n)));
    }
    simulator.seed(seed);
    let ids = |page: &Value| -> Vec<String> {
        let all = page["ScheduledInstanceInfo"].as_array().unwrap().iter();
        all.map(|info| info["ScheduledInstanceId"].as_str().unwrap().into())
            .collect()
    };
    let mut all = Vec::new();
    let mut token = String::new();
    loop {
        let page = describe(&simulator, &[("MaxResults", "10"), ("NextToken", &token)]);
        all.extend(ids(&page));
        token = page["NextToken"].as_str().unwrap().into();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((all.len(), &*all[0], &*all[30]), (31, ESI, "esi-29"));
    let two = [
        ("ScheduledInstanceIds.1", "esi-01"),
        ("ScheduledInstanceIds.2", "esi-none"),
    ];
    assert_eq!(ids(&describe(&simulator, &two)), ["esi-01"]);
    let kind = [
        ("ElasticScheduledInstanceType", "Esi"),
        ("MaxResults", "100"),
    ];
    assert_eq!(ids(&describe(&simulator, &kind)), [ESI]);
    let bad = |name: &str, value: &str| {
        let call = V4::new(&simulator, "DescribeScheduledInstances", &[(name, value)]);
        assert_eq!(call.send(&simulator).status, 400, "{name}={value}");
    };
    bad("MaxResults", "101");
    bad("NextToken", "next");
}

#[test]
fn somebody_else_cancels_and_the_cloud_delivers_or_gives_up() {
    let (simulator, _) = volcengine_with(staying(), Reservation::esi(ESI).count(2));
    simulator.act_on_reservation(ESI, ReservationAction::Cancel);
    assert!(now_of(&simulator).cancelled);
    assert_eq!(deletes(&simulator), 0, "no call did it");
    delete(&simulator).assert_refused(400, STATUS);
    let path = format!("/-/reservations/{ESI}");
    let act = |body: &str| admin(&simulator, "POST", &path, body).status;
    assert_eq!(act(r#""cancel""#), 400);
    assert_eq!(act(r#"{"deliver": 1}"#), 400, "it is over");
    simulator.seed(Seed::new().reservation(Reservation::esi(ESI).count(2)));
    assert_eq!(act(r#"{"deliver": 3}"#), 400, "more than its count");
    assert_eq!(act(r#"{"deliver": 1}"#), 200);
    assert_eq!(now_of(&simulator).delivered, 1);
    assert_eq!(act(r#""invalidate""#), 200);
    assert!(now_of(&simulator).invalid_at.is_some());
}

#[test]
fn a_seed_that_cannot_be_is_refused_whole() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let order = Reservation::esi("esi-2");
    let twice = Seed::new()
        .reservation(order.clone())
        .reservation(order.clone());
    assert!(simulator.try_seed(twice).is_err());
    let more = Seed::new().reservation(order.count(1).delivers(2, 10));
    assert!(simulator.try_seed(more).is_err());
    assert_eq!(simulator.state().volcengine.reservations.len(), 1);
}

#[test]
fn a_person_seeds_volcengine_over_http() {
    let (simulator, _) = volcengine(Reservation::esi(ESI));
    let seed = json!({
        "volcengine": {
            "accounts": [{"access_key": "AK2", "secret_key": "k-canary", "session_token": "t-canary",
                          "regions": [REGION], "denied": ["ecs."]}],
            "reservations": [{"id": "esi-1", "kind": "segmented_reserve", "count": 3,
                "start_delivery_at": {"in": 600}, "created_at": {"in": -60},
                "deliveries": [{"at": {"in": 600}, "count": 2}], "tags": {"a": "b"}}],
        },
        "readings": {"ecs": {"after_cancel": "stays", "empty_result": "null"}},
    });
    let answer = admin(&simulator, "PUT", "/-/seed", &seed.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    let state = admin(&simulator, "GET", "/-/state", "");
    assert!(!state.text.contains("canary"), "no secret");
    let state = state.json();
    let order = &state["volcengine"]["reservations"][0];
    assert_eq!(
        (&order["id"], &order["count"]),
        (&json!("esi-1"), &json!(3))
    );
    assert_eq!(state["readings"]["ecs"]["token_lifetime"], 3600);
}

#[test]
fn times_counts_and_empty_lists_have_the_form_that_the_readings_say() {
    let placed: Timestamp = "2026-11-21T08:00:07Z".parse().unwrap();
    let order = || Reservation::esi(ESI).created(When::At(placed)).count(3);
    let usual = EcsReadings::default;
    let of = |readings| shown(&volcengine_with(readings, order().delivers_nothing()).0);
    for (time_form, written) in [
        (TimeForm::Basic, json!("2026-11-21T16:00:07+0800")),
        (TimeForm::Blank, json!("2026-11-21 16:00:07 +0800")),
        (TimeForm::NoZone, json!("2026-11-21 16:00:07")),
        (TimeForm::Unix, json!(placed.as_second())),
    ] {
        assert_eq!(
            of(EcsReadings {
                time_form,
                ..usual()
            })["CreatedAt"],
            written
        );
    }
    for (unset_time, written) in [
        (UnsetTime::Null, Value::Null),
        (UnsetTime::Zero, json!("0001-01-01T00:00:00Z")),
    ] {
        assert_eq!(
            of(EcsReadings {
                unset_time,
                ..usual()
            })["InvalidAt"],
            written
        );
    }
    for (counts, written) in [
        (CountForm::Text, json!("3")),
        (CountForm::Null, Value::Null),
    ] {
        assert_eq!(of(EcsReadings { counts, ..usual() })["Count"], written);
    }
    let nothing = EmptyInfo::Null;
    let (simulator, _) = volcengine_with(EcsReadings { nothing, ..usual() }, order());
    let none = describe(&simulator, &[("ScheduledInstanceIds.1", "esi-none")]);
    assert_eq!(none["ScheduledInstanceInfo"], Value::Null);
}
