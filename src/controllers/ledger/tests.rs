//! Who may change a claim, and what is written of it.

use super::super::fake_api::{block_on, client, failure};
use super::super::status::claimed_step;
use super::*;
use crate::api::{LedgerTarget, StepStatus};
use crate::operations::desktop_order::OrderDesktop;
use crate::operations::{Call, Place};

#[test]
fn a_ledger_that_the_api_server_takes_for_invalid_is_told_and_not_tried_for_ever() {
    let ledger = serde_json::json!({
        "apiVersion": "errand.cloud/v1alpha1",
        "kind": "OperationLedger",
        "metadata": {"name": "l", "resourceVersion": "1"},
        "spec": {"target": {"service": "s", "scope": "p", "id": "d"}},
    });
    let ledger: OperationLedger = serde_json::from_value(ledger).expect("a ledger");
    let written = block_on(async {
        let refusing = client(|_| failure(422, "an entry of a ledger is never changed"));
        let ledgers = Ledgers::new(refusing, "here".to_owned());
        let spec = ledger.spec.clone();
        ledgers.put(Changed::anything(ledger, spec)).await
    });
    let Err(NotWritten::Forbidden(unusable)) = written else {
        panic!("it would be tried again and again without a word");
    };
    assert!(unusable.trouble.blocked);
    assert!(unusable.text.contains("never changed"), "{}", unusable.text);
}

#[test]
fn metadata_that_others_gave_a_ledger_survives_a_write_and_managed_fields_do_not() {
    let metadata = serde_json::json!({
        "name": "l", "resourceVersion": "1", "labels": {"team": "a"},
        "annotations": {"note": "b"}, "finalizers": ["keep.example/it"],
        "managedFields": [{"time": "9999-12-31T23:59:59Z"}],
    });
    let raw = serde_json::json!({
        "apiVersion": "errand.cloud/v1alpha1", "kind": "OperationLedger",
        "metadata": metadata,
        "spec": {"target": {"service": "s", "scope": "p", "id": "d"}},
    });
    let ledger = whole(raw.to_string().as_bytes()).expect("a ledger");
    let written = serde_json::to_value(&ledger).expect("JSON");
    for kept in ["labels", "annotations", "finalizers", "resourceVersion"] {
        assert_eq!(written["metadata"][kept], metadata[kept], "{kept}");
    }
    assert!(written["metadata"].get("managedFields").is_none());
}

/// A step that may be sent for half an hour.
fn step(answered_at: Option<&str>) -> StepStatus {
    let mut step = serde_json::json!({
        "number": 1, "id": "w-1", "name": "CreateChangeOrder", "writer": "w",
        "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
    });
    if let Some(at) = answered_at {
        step["answer"] = "Unknown".into();
        step["answeredAt"] = at.into();
    }
    serde_json::from_value(step).expect("a step")
}

#[test]
fn a_call_whose_answer_was_lost_is_not_looked_for_after_it_could_arrive() {
    let target = LedgerTarget {
        service: "huawei/workspace".to_owned(),
        scope: "project".to_owned(),
        id: "desk-1".to_owned(),
        host: None,
        unknown: Unknown::new(),
    };
    let place = Place {
        scope: "project".to_owned(),
        region: "region".to_owned(),
        account: "account".to_owned(),
        namespace: "ns".to_owned(),
        hosts: Vec::new(),
    };
    let call = Call::new(OrderDesktop::CALLS[0], Default::default());
    let claimant = Claimant::new(target.clone(), &place, None, call, "{}".to_owned());
    let claim = serde_json::json!({
        "stepId": "w-1", "number": 1, "step": "CreateChangeOrder", "writer": "w",
        "object": {"kind": "DesktopOrder", "namespace": "ns", "name": "n", "uid": "u"},
        "operationKey": "k", "bodyDigest": "d", "body": "{}",
        "claimedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
    });
    let claim: LedgerClaim = serde_json::from_value(claim).expect("a claim");
    let engine_step = claimed_step::<OrderDesktop>(&claim);
    let mut ledger = OperationLedgerSpec {
        target,
        open: None,
        entries: Vec::new(),
        unknown: Unknown::new(),
    };
    for (open, record) in [
        (None, Record::None),
        (Some(claim), Record::Ours(engine_step)),
    ] {
        ledger.open = open;
        for (answered_at, expected) in [
            (None, "2026-11-22T03:00:00Z"),
            (Some("2026-11-22T02:30:31Z"), "2026-11-22T02:30:31Z"),
            // Found later by looking.
            (Some("2026-11-22T09:00:00Z"), "2026-11-22T03:00:00Z"),
        ] {
            let steps = [step(answered_at)];
            let call = recorded(&ledger, record, &steps, &claimant, &object("ns", "n", "u"))
                .expect("a call");
            let expected: jiff::Timestamp = expected.parse().expect("a time");
            assert_eq!(
                call.send_before,
                expected.as_millisecond(),
                "{answered_at:?}"
            );
        }
    }
}

fn object(namespace: &str, name: &str, uid: &str) -> LedgerObject {
    LedgerObject {
        kind: "DesktopOrder".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        uid: uid.to_owned(),
        unknown: Unknown::new(),
    }
}

/// A ledger with a call of `ns/n` under way.
fn claimed_ledger(records_answer: bool, answer: Option<&str>) -> OperationLedger {
    let mut open = serde_json::json!({
        "stepId": "w-1", "number": 1, "step": "CreateChangeOrder", "writer": "w",
        "object": {"kind": "DesktopOrder", "namespace": "ns", "name": "n", "uid": "u"},
        "operationKey": "k", "bodyDigest": "d", "body": "{}",
        "claimedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
        "recordsAnswer": records_answer, "ids": {"order_id": "CS-1"},
    });
    if let Some(answer) = answer {
        open["answer"] = answer.into();
    }
    let ledger = serde_json::json!({
        "apiVersion": "errand.cloud/v1alpha1", "kind": "OperationLedger",
        "metadata": {"name": "l", "resourceVersion": "1"},
        "spec": {"target": {"service": "s", "scope": "p", "id": "d"}, "open": open},
    });
    serde_json::from_value(ledger).expect("a ledger")
}

#[test]
fn a_claim_is_own_only_to_the_object_whose_identity_it_has() {
    let open = claimed_ledger(true, None).spec.open.expect("a claim");
    assert!(is_own(&open, &object("ns", "n", "u")));
    for (namespace, name, uid) in [
        ("ns", "n", "v"),
        ("other", "n", "u"),
        ("ns", "m", "u"),
        ("ns", "n", ""),
    ] {
        assert!(
            !is_own(&open, &object(namespace, name, uid)),
            "{namespace}/{name} {uid}"
        );
    }
    let other_kind = LedgerObject {
        kind: "InstanceRefresh".to_owned(),
        ..object("ns", "n", "u")
    };
    assert!(!is_own(&open, &other_kind));
    let mut nameless = open.clone();
    nameless.object.uid = String::new();
    assert!(
        !is_own(&nameless, &object("ns", "n", "")),
        "no uid is no identity"
    );
    let own = |step: &str| Open::own(claimed_ledger(true, None), &object("ns", "n", "u"), step);
    assert!(own("w-1").is_some() && own("w-2").is_none());
}

/// The claim after that closing, and how many entries there are; `None`: refused.
fn closed(
    right: Right,
    closing: Closing,
    ledger: OperationLedger,
    no_effect: &NoEffect,
) -> Option<(Option<LedgerClaim>, usize)> {
    let now = Timestamp::from_millis(0);
    let ids = Ids::from([
        ("order_id".to_owned(), "CS-2".to_owned()),
        ("job_id".to_owned(), "../../odd".to_owned()),
    ]);
    let open = Open::with(ledger, right).expect("a claim");
    let changed = open.closed(
        closing,
        AnswerWord::Accepted,
        "R".to_owned(),
        ids,
        now,
        no_effect,
    );
    let (_, spec) = changed?.into_parts();
    for known in spec.open.iter().map(|open| &open.ids) {
        assert!(
            !known.contains_key("job_id") && known["order_id"] == "CS-1",
            "{known:?}"
        );
    }
    for entry in &spec.entries {
        assert_eq!(
            entry.ids,
            Ids::from([("order_id".to_owned(), "CS-1".to_owned())])
        );
    }
    Some((spec.open, spec.entries.len()))
}

#[test]
fn a_claim_is_dropped_only_if_its_call_certainly_had_no_effect() {
    let mut known = NoEffect::default();
    known.note("w-1");
    let unknown = NoEffect::default();
    for (records, answer, knows, dropped) in [
        (true, None, &unknown, false),
        (true, Some("Unknown"), &unknown, false),
        (true, Some("Accepted"), &unknown, false),
        (true, Some("Refused"), &unknown, true),
        (true, Some("NotSent"), &unknown, true),
        (true, None, &known, true),
        // Of a version that recorded it in status alone.
        (false, None, &unknown, true),
    ] {
        let ledger = claimed_ledger(records, answer);
        let (open, entries) =
            closed(Right::Own, Closing::NoEffect, ledger, knows).expect("it is the object's own");
        assert_eq!(
            (open.is_none(), entries),
            (dropped, 0),
            "{records} {answer:?}"
        );
        if let (Some(open), None) = (open, answer) {
            assert_eq!(open.answer, Some(AnswerWord::Unknown));
        }
    }
    known.forget("w-1");
    assert!(!known.is_known("w-1"));
}

#[test]
fn what_is_known_of_steps_is_bounded_and_the_newest_stay() {
    let mut known = NoEffect::default();
    for number in 0..1_000 {
        known.note(&format!("w-{number:04}"));
    }
    assert!(known.is_known("w-0999") && !known.is_known("w-0000"));
}

#[test]
fn the_claim_of_an_object_that_is_gone_ends_as_an_entry_and_is_never_dropped() {
    let none = NoEffect::default();
    let of_another = |closing| closed(Right::Orphan, closing, claimed_ledger(true, None), &none);
    assert!(of_another(Closing::NoEffect).is_none());
    assert!(of_another(Closing::Answered(errand_engine::Answer::Accepted)).is_none());
    let decided = Closing::Decided(errand_engine::Decision::GiveUp);
    for closing in [Closing::Seen, decided] {
        assert_eq!(
            of_another(closing).map(|(open, entries)| (open.is_none(), entries)),
            Some((true, 1))
        );
    }
}

#[test]
fn a_claim_is_replaced_only_by_its_object_and_only_without_an_effect() {
    let claim = || claimed_ledger(true, None).spec.open.expect("a claim");
    let mut known = NoEffect::default();
    known.note("w-1");
    let none = NoEffect::default();
    let replaced = |right, approved, knows: &NoEffect| {
        claimed(claimed_ledger(true, None), right, claim(), approved, knows).is_ok()
    };
    assert!(replaced(Some(Right::Own), false, &known));
    assert!(replaced(Some(Right::Own), true, &none), "a user decided so");
    assert!(!replaced(Some(Right::Own), false, &none));
    assert!(!replaced(Some(Right::Orphan), true, &known));
    assert!(!replaced(None, true, &known));
}
