//! Keys over a fake API server, and what is known of them without one.

use serde_json::json;
use tokio::time::timeout;

use super::super::context::API_TIMEOUT;
use super::super::fake_api;
use super::known::{Credential, Known};
use super::*;
use crate::cloud::Cloud;
use crate::cloud::SecretText;

const VENDOR: Authority = Authority::Vendor(Cloud::Huawei);

fn named(name: &str) -> SecretRef {
    SecretRef {
        name: name.to_owned(),
        keys: None,
    }
}

/// An API server where each Secret holds the key id `id` (in base64) and its own name,
/// padded with x, as secret.
fn keys() -> Keys {
    let client = fake_api::client(|request| {
        let name = request.uri().path().rsplit('/').next().unwrap_or_default();
        // Of three letters, so that base64 needs no padding.
        let secret = match name {
            "one" => "b25l",
            "two" => "dHdv",
            _ => "c2l4",
        };
        let data = json!({"accessKey": "aWRp", "secretKey": secret});
        (200, json!({"metadata": {"name": name}, "data": data}))
    });
    Keys::new(client, Clock::system(), Span(1_000), false)
}

#[test]
fn a_key_that_is_being_tried_makes_nothing_wait_for_that() {
    fake_api::block_on(async {
        let keys = keys();
        let Ok(mut first) = keys.take("ns", &named("one"), &VENDOR).await else {
            panic!("the first may try it");
        };
        let second = timeout(API_TIMEOUT, keys.take("ns", &named("one"), &VENDOR)).await;
        let second = second.expect("is answered at once");
        assert_eq!(second.err(), Some(NoKey::BeingTried));
        first.settle(Standing::Accepted);
        assert!(keys.take("ns", &named("one"), &VENDOR).await.is_ok());
    });
}

#[test]
fn what_is_known_of_a_key_is_known_of_that_credential_alone() {
    fake_api::block_on(async {
        let keys = keys();
        let mut taken = keys.take("ns", &named("one"), &VENDOR).await.ok().unwrap();
        assert!(taken.settle(Standing::Accepted));
        let own = Authority::Own {
            host: "one.example".to_owned(),
        };
        for (namespace, secret, cloud, standing) in [
            ("ns", "one", &VENDOR, Standing::Accepted),
            // The same key id, and another secret; another namespace; another cloud.
            ("ns", "two", &VENDOR, Standing::Untried),
            ("other", "one", &VENDOR, Standing::Untried),
            ("ns", "one", &own, Standing::Untried),
        ] {
            let (secret, clouds) = (named(secret), std::slice::from_ref(cloud));
            let known = keys.standing(namespace, &secret, clouds, "place");
            let secret = &secret.name;
            assert_eq!(
                known.await,
                Ok((standing, false)),
                "{namespace} {secret} {cloud:?}"
            );
        }
        let both = [own, VENDOR];
        let known = keys.standing("ns", &named("one"), &both, "place").await;
        let accepted = |here| Ok((Standing::Accepted, here));
        assert_eq!(known, accepted(false), "one of them accepts it");
        // It is known to answer where it did, of that credential.
        assert!(taken.answers_at("place") && !taken.answers_at("place"));
        let known = async |secret, place| {
            let secret = named(secret);
            let standing = keys.standing("ns", &secret, &[VENDOR], place).await;
            standing.map(|(_, here)| here)
        };
        assert_eq!(known("one", "place").await, Ok(true));
        assert_eq!(known("one", "another").await, Ok(false));
        assert_eq!(known("two", "place").await, Ok(false));
        // Its own rejection stops it, and that of another with its key id does not.
        let mut wrong = keys.take("ns", &named("two"), &VENDOR).await.ok().unwrap();
        wrong.settle(Standing::Rejected {
            at: wrong.now(),
            locked: false,
        });
        let wrong = keys.take("ns", &named("two"), &VENDOR).await;
        assert_eq!(wrong.err(), Some(NoKey::Rejected));
        let mut taken = keys.take("ns", &named("one"), &VENDOR).await.ok().unwrap();
        taken.settle(Standing::Rejected {
            at: taken.now(),
            locked: true,
        });
        let locked = keys.take("ns", &named("one"), &VENDOR).await;
        assert_eq!(locked.err(), Some(NoKey::Locked));
    });
}

const MINUTE: i64 = 60_000;
const RECHECK: Span = Span(5 * MINUTE);
/// How long a bad signature counts.
const COUNTED: i64 = 5 * MINUTE;

fn credential(namespace: &str, secret: &str) -> Credential {
    let key = Key {
        namespace: namespace.to_owned(),
        id: SecretText::new("id"),
        secret: SecretText::new(secret),
        token: None,
        trial: None,
    };
    Credential::of(&VENDOR, &key, format!("{namespace}/{secret}"))
}

/// Tries it with a bad signature; whether that was allowed.
fn fails(known: &mut Known, of: &Credential, now: i64) -> Result<(), NoKey> {
    assert!(known.take(of, RECHECK, now)?, "it is tried");
    known.end_trial(of);
    known.count_rejected(of, 1, now);
    let rejected = Standing::Rejected {
        at: now,
        locked: false,
    };
    known.settle(of, rejected, now);
    Ok(())
}

#[test]
fn of_one_key_id_three_bad_signatures_are_made_in_five_minutes_at_most() {
    let mut known = Known::default();
    let all: Vec<Credential> = (0..40)
        .map(|n| credential(&format!("team-{}", n % 4), &format!("wrong-{n}")))
        .collect();
    let mut made = Vec::new();
    for now in (0..3600).map(|second| second * 1000) {
        for of in &all {
            if fails(&mut known, of, now).is_ok() {
                made.push(now);
            }
        }
    }
    assert!(made.len() > 20, "they are tried again: {}", made.len());
    for (n, at) in made.iter().enumerate() {
        let near = made[n..].iter().take_while(|then| *then - at < 5 * MINUTE);
        assert!(near.count() <= 3, "{made:?}");
    }
}

#[test]
fn requests_that_are_under_way_count_and_so_do_those_without_an_answer() {
    let mut known = Known::default();
    let all = ["a", "b", "c", "d"].map(|namespace| credential(namespace, "secret"));
    for of in &all[..3] {
        assert_eq!(known.take(of, RECHECK, 0), Ok(true));
    }
    let unclear = Err(NoKey::Unclear(None));
    assert_eq!(known.take(&all[3], RECHECK, 0), unclear);
    // One got no answer, the others showed nothing bad.
    for of in &all[..3] {
        known.end_trial(of);
    }
    known.count_unclear(&all[0], 1, None, 0);
    assert_eq!(known.take(&all[0], RECHECK, 0), Ok(true));
    assert_eq!(known.take(&all[3], RECHECK, 0), Ok(true));
    assert_eq!(known.take(&all[1], RECHECK, 0), unclear);
}

/// A proxy answers 401, which says nothing of the key, and counts all the same.
#[test]
fn what_does_not_tell_that_a_key_is_bad_is_never_told_as_that() {
    let mut known = Known::default();
    let own = credential("team-a", "secret");
    let said = || {
        let refusal = Refusal {
            status: 401,
            ..Refusal::default()
        };
        Some(Box::new(refusal))
    };
    for now in [0, 1] {
        assert_eq!(known.take(&own, RECHECK, now), Ok(true));
        known.end_trial(&own);
        known.count_unclear(&own, 1, said(), now);
    }
    let paced = Err(NoKey::Unclear(said()));
    assert_eq!(known.take(&own, RECHECK, 2), paced);
    // Another's are certain. What was said to its own request stays what it is told.
    let other = credential("team-b", "other");
    assert_eq!(fails(&mut known, &other, 2), Ok(()));
    assert_eq!(known.take(&own, RECHECK, 3), paced);
    let third = credential("team-c", "secret");
    assert_eq!(known.take(&third, RECHECK, 3), Err(NoKey::TooManyBad));
    assert_eq!(known.take(&own, RECHECK, COUNTED), Ok(true), "in time");
    known.end_trial(&own);
    known.settle(&own, Standing::Accepted, COUNTED);
    assert_eq!(known.take(&own, RECHECK, COUNTED), Ok(false));
}

#[test]
fn one_namespace_does_not_keep_others_from_trying_their_key() {
    let mut known = Known::default();
    let wrong = |n: usize| credential("team-a", &format!("wrong-{n}"));
    assert_eq!(fails(&mut known, &wrong(1), 0), Ok(()));
    assert_eq!(fails(&mut known, &wrong(2), 0), Ok(()));
    assert_eq!(fails(&mut known, &wrong(3), 0), Err(NoKey::TooManyBad));
    let right = credential("team-b", "right");
    assert_eq!(known.take(&right, RECHECK, 0), Ok(true));
}

#[test]
fn after_a_restart_a_key_that_was_accepted_before_goes_before_others() {
    let mut known = Known::default();
    let right = credential("team-b", "right");
    known.vouch("team-b/right".to_owned(), 0);
    for n in 0..40 {
        let wrong = credential(&format!("team-{n}"), "wrong");
        let _ = fails(&mut known, &wrong, 0);
    }
    assert_eq!(known.take(&right, RECHECK, 0), Ok(true));
    known.end_trial(&right);
    known.settle(&right, Standing::Accepted, 0);
    // Nothing that others do stops it from here on.
    known.count_rejected(&right, 9, 0);
    assert_eq!(known.take(&right, RECHECK, 1), Ok(false));
}

#[test]
fn a_key_that_was_accepted_is_stopped_by_its_own_rejection_alone_however_long_ago() {
    let mut known = Known::default();
    let right = credential("team-b", "right");
    assert_eq!(known.take(&right, RECHECK, 0), Ok(true));
    known.end_trial(&right);
    known.settle(&right, Standing::Accepted, 0);
    // Nothing uses it for a night.
    let now = 10 * 60 * MINUTE;
    for n in 0..3 {
        let _ = fails(&mut known, &credential(&format!("team-{n}"), "wrong"), now);
    }
    assert_eq!(known.take(&right, RECHECK, now), Ok(false));
    // The cloud locks it for a while.
    let rejected = Standing::Rejected {
        at: now,
        locked: true,
    };
    known.settle(&right, rejected, now);
    assert_eq!(known.take(&right, RECHECK, now + 1), Err(NoKey::Locked));
    let now = now + RECHECK.0;
    for n in 3..9 {
        let _ = fails(&mut known, &credential(&format!("team-{n}"), "wrong"), now);
    }
    assert_eq!(known.take(&right, RECHECK, now), Ok(true));
}

#[test]
fn what_an_earlier_process_has_seen_counts_for_a_while_only() {
    let mut known = Known::default();
    known.vouch("team-b/idle".to_owned(), 1);
    let wrong = |n: usize| credential(&format!("team-{n}"), "wrong");
    let tries = |known: &mut Known, from: usize, now: i64| {
        let made = (from..from + 9).filter(|n| fails(known, &wrong(*n), now).is_ok());
        made.count()
    };
    assert_eq!(tries(&mut known, 0, 1), 2, "the third place is kept");
    assert_eq!(tries(&mut known, 10, 11 * MINUTE), 3);
    known.vouch("team-b/later".to_owned(), 12 * MINUTE);
    assert_eq!(
        tries(&mut known, 20, 17 * MINUTE),
        3,
        "it was shown too late"
    );
}

/// A tenant's connections were ready before a restart; then their Secrets hold another's
/// key id.
#[test]
fn one_namespace_that_was_ready_before_leaves_the_third_place() {
    let mut known = Known::default();
    for slot in [
        "team-a/wrong-1",
        "team-a/wrong-2",
        "team-a/wrong-3",
        "team-b/right",
    ] {
        known.vouch(slot.to_owned(), 0);
    }
    let mut made = 0;
    for n in 1..=3 {
        let of = credential("team-a", &format!("wrong-{n}"));
        made += usize::from(fails(&mut known, &of, 0).is_ok());
    }
    let right = credential("team-b", "right");
    assert_eq!(known.take(&right, RECHECK, 0), Ok(true), "{made} were made");
}

/// Temporary credentials are new ones every hour.
#[test]
fn what_is_known_of_old_temporary_credentials_is_forgotten() {
    let mut known = Known::default();
    for hour in 0..1000_i64 {
        let now = hour * 60 * MINUTE;
        let of = credential("team-a", &format!("temporary-{hour}"));
        assert_eq!(known.take(&of, RECHECK, now), Ok(true));
        known.end_trial(&of);
        known.settle(&of, Standing::Accepted, now);
    }
    let first = credential("team-a", "temporary-0");
    assert_eq!(
        known.standing(&first),
        Standing::Untried,
        "used 41 days ago"
    );
}
