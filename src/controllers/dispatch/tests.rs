use std::sync::{Mutex, OnceLock};
use std::time::UNIX_EPOCH;

use errand_testclock::{TestClock, Timing};

use super::*;
use crate::api::CloudConnection;
use crate::controllers::fake_api::block_on;

/// Notes what it is told, and what passes are made.
#[derive(Default)]
struct Notes {
    shown: Mutex<HashSet<ObjectKey>>,
    gone: Mutex<Vec<String>>,
    passes: Mutex<Vec<String>>,
    /// A deadline that the first pass of each object rests until.
    until: OnceLock<Next>,
}

impl Notes {
    fn passes(&self) -> Vec<String> {
        self.passes.lock().expect("no panic").clone()
    }
}

fn owner() -> Owner {
    Owner {
        namespace: "ns".into(),
        connection: "c".into(),
    }
}

impl Work for Notes {
    type Object = CloudConnection;

    fn shown(&self, object: CloudConnection) -> (ObjectKey, Told) {
        let key = ObjectKey::of(&object);
        self.shown.lock().expect("no panic").insert(key.clone());
        (key, Told::Wake(owner(), Urgency::Routine))
    }

    fn unreadable(&self, _: &Unreadable) {}

    fn gone(&self, key: &ObjectKey, _: Option<CloudConnection>) {
        self.shown.lock().expect("no panic").remove(key);
        self.gone
            .lock()
            .expect("no panic")
            .push(key.name.to_string());
    }

    fn keys(&self) -> Vec<ObjectKey> {
        self.shown
            .lock()
            .expect("no panic")
            .iter()
            .cloned()
            .collect()
    }

    fn listed(&self) {}

    fn uid(&self, key: &ObjectKey) -> Option<String> {
        Some(format!("uid-of-{}", key.name))
    }

    fn owner(&self, key: &ObjectKey) -> Option<(Owner, Urgency)> {
        let there = self.shown.lock().expect("no panic").contains(key);
        there.then(|| (owner(), Urgency::Routine))
    }

    async fn pass(&self, key: ObjectKey, _: bool) -> Next {
        let first = {
            let mut passes = self.passes.lock().expect("no panic");
            let before = passes.iter().any(|name| **name == *key.name);
            passes.push(key.name.to_string());
            !before
        };
        assert_ne!(&*key.name, "breaks", "as it is meant to");
        self.until
            .get()
            .filter(|_| first)
            .copied()
            .unwrap_or_default()
    }
}

fn object(name: &str) -> CloudConnection {
    serde_json::from_value(serde_json::json!({
        "apiVersion": "errand.cloud/v1alpha1", "kind": "CloudConnection",
        "metadata": {"name": name, "namespace": "ns", "uid": name},
        "spec": {"accountId": "a", "credentials": {"secretRef": {"name": "s"}}},
    }))
    .expect("a connection")
}

/// The layer with that work, the clock that it goes by, and what it hears of.
async fn working(
    work: Arc<Notes>,
    test: impl AsyncFnOnce(
        &mpsc::Sender<Event<CloudConnection>>,
        &mpsc::UnboundedSender<Wake>,
        &TestClock,
    ),
) {
    let name = format!(
        "errand-dispatch-{}-{:p}",
        std::process::id(),
        Arc::as_ptr(&work)
    );
    let file = std::env::temp_dir().join(name);
    let moved = TestClock::create(&file, Timing::default()).expect("a clock");
    let clock = Clock::test(&file).expect("a clock");
    std::fs::remove_file(&file).expect("it was made above");
    let (events, heard) = mpsc::channel(64);
    let (wake, wakes) = mpsc::unbounded_channel();
    let (stop, stopped) = signal::channel(false);
    let task = tokio::spawn(dispatch(work, clock, 8, heard, wakes, stopped));
    test(&events, &wake, &moved).await;
    stop.send(true).expect("it listens");
    task.await.expect("it ends in order");
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waits = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(30), waits).await.expect(what);
}

#[test]
fn nothing_begins_before_all_is_listed_and_what_a_list_lacks_is_gone() {
    block_on(async {
        let notes = Arc::new(Notes::default());
        working(notes.clone(), async |events, _, _| {
            events.send(Event::Begin).await.expect("it listens");
            for name in ["a", "b"] {
                events
                    .send(Event::Shown(object(name)))
                    .await
                    .expect("it listens");
            }
            until("it is heard", || notes.keys().len() == 2).await;
            assert!(notes.passes().is_empty());
            events.send(Event::End).await.expect("it listens");
            until("passes", || notes.passes() == ["a", "b"]).await;
            for event in [Event::Begin, Event::Shown(object("a")), Event::End] {
                events.send(event).await.expect("it listens");
            }
            until("b is gone", || {
                *notes.gone.lock().expect("no panic") == ["b"]
            })
            .await;
        })
        .await;
    });
}

#[test]
fn a_pass_that_breaks_off_stops_no_other_and_is_made_again() {
    block_on(async {
        let notes = Arc::new(Notes::default());
        working(notes.clone(), async |events, _, clock| {
            for event in [Event::Begin, Event::Shown(object("breaks")), Event::End] {
                events.send(event).await.expect("it listens");
            }
            until("a pass", || notes.passes() == ["breaks"]).await;
            events
                .send(Event::Shown(object("a")))
                .await
                .expect("it listens");
            until("another", || notes.passes() == ["breaks", "a"]).await;
            clock.advance(Duration::from_secs(301));
            until("again", || notes.passes() == ["breaks", "a", "breaks"]).await;
        })
        .await;
    });
}

/// It rests until a time of the wall clock that is nine hours ahead; then that clock is
/// set, and no time passes.
#[test]
fn a_deadline_is_met_though_the_clock_was_set_meanwhile() {
    block_on(async {
        let far = Tick(i64::MAX / 2);
        let now = Clock::system().now().wall;
        let notes = Arc::new(Notes {
            until: OnceLock::from(Next {
                at: Some((far, Urgency::Deadline)),
                wall: Some((Tick(now.0 + 9 * 3_600_000), Urgency::Deadline)),
            }),
            ..Notes::default()
        });
        working(notes.clone(), async |events, wake, clock| {
            for event in [Event::Begin, Event::Shown(object("a")), Event::End] {
                events.send(event).await.expect("it listens");
            }
            until("a pass", || notes.passes() == ["a"]).await;
            clock.advance(Duration::from_secs(9 * 3600 + 1));
            until("it is due", || notes.passes() == ["a", "a"]).await;
            let key = ObjectKey::new("ns", "a");
            wake.send(Wake(vec![key])).expect("it listens");
            until("it is woken", || notes.passes().len() == 3).await;
        })
        .await;
    });
}

/// Fifty rest until the begin of a window, on the wall clock: then, and not before, each is
/// due.
#[test]
fn fifty_deadlines_of_one_time_are_all_met() {
    block_on(async {
        let hours = Duration::from_secs(9 * 3600);
        let notes = Arc::new(Notes::default());
        working(notes.clone(), async |events, _, clock| {
            let begins = i64::try_from(
                (clock.now() + hours)
                    .duration_since(UNIX_EPOCH)
                    .expect("a time")
                    .as_millis(),
            );
            let until = Next {
                at: Some((Tick(i64::MAX / 2), Urgency::Deadline)),
                wall: Some((Tick(begins.expect("a time")), Urgency::Deadline)),
            };
            assert!(notes.until.set(until).is_ok());
            events.send(Event::Begin).await.expect("it listens");
            for n in 0..50 {
                let shown = Event::Shown(object(&format!("o-{n}")));
                events.send(shown).await.expect("it listens");
            }
            events.send(Event::End).await.expect("it listens");
            until_passes(&notes, 50).await;
            // The clock goes on by itself, too.
            let rest = Duration::from_secs(600);
            clock.advance(hours - rest);
            for _ in 0..50 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(notes.passes().len(), 50, "it is too early");
            clock.advance(rest);
            until_passes(&notes, 100).await;
            let all: HashSet<String> = notes.passes()[50..].iter().cloned().collect();
            assert_eq!(all.len(), 50, "each once");
        })
        .await;
    });
}

async fn until_passes(notes: &Notes, count: usize) {
    until("passes", || notes.passes().len() == count).await;
}

#[test]
fn another_object_of_the_name_that_cannot_be_read_ends_the_one_before() {
    block_on(async {
        let notes = Arc::new(Notes::default());
        working(notes.clone(), async |events, _, _| {
            for event in [Event::Begin, Event::Shown(object("a")), Event::End] {
                events.send(event).await.expect("it listens");
            }
            until_passes(&notes, 1).await;
            let unreadable = |uid: &str| {
                Event::Unreadable(Box::new(Unreadable {
                    namespace: Some("ns".to_owned()),
                    name: Some("a".to_owned()),
                    uid: Some(uid.to_owned()),
                    ..Unreadable::default()
                }))
            };
            let gone = || notes.gone.lock().expect("no panic").clone();
            for event in [Event::Begin, unreadable("uid-of-a"), Event::End] {
                events.send(event).await.expect("it listens");
            }
            events
                .send(Event::Shown(object("b")))
                .await
                .expect("it listens");
            until_passes(&notes, 2).await;
            assert!(gone().is_empty(), "it is the same object");
            for event in [Event::Begin, unreadable("uid-of-another"), Event::End] {
                events.send(event).await.expect("it listens");
            }
            until("it is gone", || gone().contains(&"a".to_owned())).await;
        })
        .await;
    });
}
