use std::sync::Mutex;

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
    /// A deadline that the first pass rests until.
    until: Option<Next>,
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
            passes.push(key.name.to_string());
            passes.len() == 1
        };
        assert_ne!(&*key.name, "breaks", "as it is meant to");
        self.until.filter(|_| first).unwrap_or_default()
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
    let task = tokio::spawn(dispatch(work, clock, Limits::of(8), heard, wakes, stopped));
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
            until: Some(Next {
                at: Some((far, Urgency::Deadline)),
                wall: Some(Tick(now.0 + 9 * 3_600_000)),
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
