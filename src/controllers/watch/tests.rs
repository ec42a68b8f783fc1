//! Lists and watches against an API server that answers as each test says, on a clock
//! that the test moves.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

use errand_testclock::{TestClock, Timing};
use futures::StreamExt as _;
use http::{Request, Response};
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Frame};
use kube::ResourceExt as _;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;
use crate::api::CloudConnection;
use crate::controllers::fake_api::{block_on, failure};

/// What the API server does with a request.
enum Answer {
    Json(u16, Value),
    /// What is sent here comes through the stream.
    Stream(mpsc::UnboundedReceiver<String>),
}

type Answers = Arc<Mutex<dyn FnMut(&Asked) -> Answer + Send>>;

/// The query of a request.
#[derive(Clone, Debug)]
struct Asked(String);

impl Asked {
    fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    fn is(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

#[derive(Clone)]
struct Server {
    answers: Answers,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl tower::Service<Request<Body>> for Server {
    type Response = Response<UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = Asked(request.uri().query().unwrap_or_default().to_owned());
        self.asked.lock().expect("no panic").push(asked.clone());
        let mut answers = self.answers.lock().expect("no panic");
        let (code, text) = match (*answers)(&asked) {
            Answer::Json(code, value) => {
                let text = futures::stream::iter([value.to_string()]);
                (code, text.boxed())
            }
            Answer::Stream(lines) => {
                let lines = futures::stream::unfold(lines, |mut lines| async {
                    Some((lines.recv().await?, lines))
                });
                (200, lines.boxed())
            }
        };
        let frames = text.map(|text| Ok(Frame::data(Bytes::from(text))));
        let body = StreamBody::new(frames).boxed_unsync();
        let response = Response::builder().status(code).body(body);
        ready(Ok(response.expect("a response")))
    }
}

/// A watch under test.
struct Bench {
    clock: TestClock,
    watching: Clock,
    file: std::path::PathBuf,
    hearing: Hearing,
    heard: Arc<Heard>,
    server: Server,
    events: mpsc::Receiver<Event<CloudConnection>>,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// Bytes of a page in these tests.
const PAGE: usize = 8_000;

/// Real time that a silent stream has in these tests.
const GRACE: Duration = Duration::from_millis(20);

impl Bench {
    fn start(answers: impl FnMut(&Asked) -> Answer + Send + 'static) -> Self {
        Self::start_in_turn(answers, Turn::default())
    }

    fn start_in_turn(answers: impl FnMut(&Asked) -> Answer + Send + 'static, turns: Turn) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("errand-watch-{}-{number}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let test_clock = TestClock::create(&file, Timing::default()).expect("a clock");
        let clock = Clock::test(&file).expect("a clock");
        let server = Server {
            answers: Arc::new(Mutex::new(answers)),
            asked: Arc::default(),
        };
        let hearing = Hearing::default();
        hearing.lead(true);
        let heard = hearing.add("CloudConnection", &clock);
        let (mut watch, events) = Watch::new(
            Client::new(server.clone(), "here"),
            clock.clone(),
            None,
            Metrics::default(),
            heard.clone(),
            turns,
        );
        watch.limits = Limits {
            page: PAGE,
            grace: GRACE,
            ..Limits::default()
        };
        tokio::spawn(watch.run());
        Self {
            clock: test_clock,
            watching: clock,
            file,
            hearing,
            heard,
            server,
            events,
        }
    }

    /// The next event, in a word.
    async fn next(&mut self) -> String {
        let long = Duration::from_secs(10);
        let event = timeout(long, self.events.recv()).await.expect("in time");
        match event.expect("it goes on") {
            Event::Begin => "begin".to_owned(),
            Event::Shown(object) => object.name_any(),
            Event::Unreadable(object) => format!("unreadable {}", object.name.unwrap_or_default()),
            Event::Gone(object) => format!("gone {}", object.expect("readable").name_any()),
            Event::End => "end".to_owned(),
        }
    }

    async fn expect(&mut self, words: &[&str]) {
        for word in words {
            assert_eq!(self.next().await, *word, "{:?}", self.asked());
        }
    }

    /// Lets the clock go on until so many requests were made.
    async fn until_asked(&self, requests: usize) {
        while self.asked().len() < requests {
            self.advance(Duration::from_millis(500)).await;
        }
    }

    /// The clock goes on, and the watch does what there is to do then.
    async fn advance(&self, span: Duration) {
        self.clock.advance(span);
        self.watching.moved().await;
        self.settle().await;
    }

    /// Lets the watch do what there is to do now.
    async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.server.asked.lock().expect("no panic").clone()
    }
}

fn object(name: &str, version: u32, size: usize) -> Value {
    json!({
        "apiVersion": "errand.cloud/v1alpha1",
        "kind": "CloudConnection",
        "metadata": {
            "name": name, "namespace": "team", "uid": name,
            "resourceVersion": version.to_string(),
            "labels": {"large": "x".repeat(size)},
        },
        "spec": {
            "accountId": "a",
            "huawei": {"region": "r", "projectId": "p"},
            "credentials": {"secretRef": {"name": "s"}},
        },
    })
}

fn unreadable(name: &str, version: u32) -> Value {
    let mut object = object(name, version, 0);
    object["spec"] = json!(7);
    object
}

fn line(type_: &str, object: &Value) -> String {
    // In the order in which every API server writes it.
    format!("{{\"type\":\"{type_}\",\"object\":{object}}}\n")
}

fn bookmark(version: u32, ends_list: bool) -> String {
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if ends_list {
        metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    line(
        "BOOKMARK",
        &json!({
            "apiVersion": "errand.cloud/v1alpha1", "kind": "CloudConnection",
            "metadata": metadata,
        }),
    )
}

fn refused(code: u16) -> Answer {
    let (code, body) = failure(code, "Refused");
    Answer::Json(code, body)
}

/// A stream, and where to send what comes through it.
fn stream() -> (mpsc::UnboundedSender<String>, Answer) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Answer::Stream(receiver))
}

/// Answers streams that are opened one after another, and keeps their senders.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<Vec<mpsc::UnboundedSender<String>>>>);

impl Streams {
    fn open(&self) -> Answer {
        let (sender, answer) = stream();
        self.0.lock().expect("no panic").push(sender);
        answer
    }

    fn send(&self, text: impl Into<String>) {
        let all = self.0.lock().expect("no panic");
        let last = all.last().expect("one was opened");
        // A stream that was given up hears nothing.
        let _ = last.send(text.into());
    }
}

/// An API server that streams no lists, and pages these objects.
fn paging(objects: Vec<Value>, largest: Arc<Mutex<usize>>) -> impl FnMut(&Asked) -> Answer {
    let streams = Streams::default();
    move |asked| {
        if asked.is("sendInitialEvents") {
            return refused(422);
        }
        if asked.is("watch") {
            return streams.open();
        }
        let number = |name: &str| asked.get(name).and_then(|n| n.parse::<usize>().ok());
        let from = number("continue").unwrap_or(0);
        let to = (from + number("limit").expect("a limit")).min(objects.len());
        let next = match to < objects.len() {
            true => to.to_string(),
            false => String::new(),
        };
        let metadata = json!({"resourceVersion": "9", "continue": next});
        let page = json!({"metadata": metadata, "items": objects[from..to]});
        let mut largest = largest.lock().expect("no panic");
        *largest = (*largest).max(to - from);
        Answer::Json(200, page)
    }
}

#[test]
fn pages_shrink_until_they_fit_and_grow_again() {
    block_on(async {
        let sizes = |n: usize| match n {
            0..40 => 10,
            40..60 => 3_000,
            // Larger than a page: read alone.
            60 => 20_000,
            _ => 10,
        };
        let objects: Vec<_> = (0..400)
            .map(|n| object(&format!("c-{n:03}"), 1, sizes(n)))
            .collect();
        let largest = Arc::new(Mutex::new(0));
        let mut bench = Bench::start(paging(objects, largest));
        bench.expect(&["begin"]).await;
        for n in 0..400 {
            bench.expect(&[&format!("c-{n:03}")]).await;
        }
        bench.expect(&["end"]).await;
        let asked = bench.asked();
        let limits: Vec<usize> = asked
            .iter()
            .filter_map(|asked| asked.get("limit")?.parse().ok())
            .collect();
        assert!(
            limits.contains(&1),
            "the largest object is read alone: {limits:?}"
        );
        let after = limits
            .iter()
            .rposition(|limit| *limit == 1)
            .expect("as above");
        assert!(
            *limits[after..].iter().max().expect("more") >= 8,
            "{limits:?}"
        );
        let streamed = asked.iter().filter(|asked| asked.is("sendInitialEvents"));
        assert_eq!(streamed.count(), 1, "the refusal is remembered");
    });
}

#[test]
fn an_unreadable_object_stops_no_other_in_a_list_or_a_watch() {
    block_on(async {
        let streams = Streams::default();
        let opened = streams.clone();
        let mut bench = Bench::start(move |asked| match asked.is("sendInitialEvents") {
            true => refused(400),
            false if asked.is("watch") => opened.open(),
            false => {
                let items = [object("a", 1, 0), unreadable("b", 2), object("c", 3, 0)];
                let metadata = json!({"resourceVersion": "3"});
                Answer::Json(200, json!({"metadata": metadata, "items": items}))
            }
        });
        bench
            .expect(&["begin", "a", "unreadable b", "c", "end"])
            .await;
        bench.until_asked(3).await;
        streams.send(line("MODIFIED", &unreadable("a", 4)));
        streams.send(line("MODIFIED", &object("c", 5, 0)));
        streams.send(line("DELETED", &object("c", 6, 0)));
        bench.expect(&["unreadable a", "c", "gone c"]).await;
    });
}

#[test]
fn a_list_is_streamed_with_the_watch_that_follows() {
    block_on(async {
        let streams = Streams::default();
        let opened = streams.clone();
        let mut bench = Bench::start(move |_| opened.open());
        bench.until_asked(1).await;
        let text = [
            line("ADDED", &object("a", 3, 0)),
            line("ADDED", &object("b", 2, 0)),
            bookmark(7, true),
            line("ADDED", &object("c", 8, 0)),
        ];
        // Frames end anywhere.
        let text = text.concat();
        let (first, second) = text.split_at(text.len() / 3);
        assert!(!bench.hearing.is_ready(), "it was not listed");
        streams.send(first);
        streams.send(second);
        bench.expect(&["begin", "a", "b", "end", "c"]).await;
        assert!(bench.hearing.is_ready());
        let asked = &bench.asked()[0];
        assert!(asked.is("allowWatchBookmarks"), "{asked:?}");
        assert_eq!(asked.get("resourceVersionMatch"), Some("NotOlderThan"));
        assert_eq!(asked.get("resourceVersion"), None);
        assert_eq!(bench.asked().len(), 1);
    });
}

/// A watch that has listed nothing, as of version 7.
async fn listed() -> (Bench, Streams) {
    let streams = Streams::default();
    let opened = streams.clone();
    let mut bench = Bench::start(move |_| opened.open());
    bench.until_asked(1).await;
    streams.send(bookmark(7, true));
    bench.expect(&["begin", "end"]).await;
    (bench, streams)
}

#[test]
fn a_watch_that_is_silent_for_90_s_is_replaced_from_the_last_version() {
    block_on(async {
        let (mut bench, streams) = listed().await;
        for version in 8..12 {
            bench.settle().await;
            bench.clock.advance(Duration::from_secs(80));
            streams.send(bookmark(version, false));
            bench.settle().await;
        }
        assert_eq!(bench.asked().len(), 1, "every bookmark is heard");
        bench.clock.advance(Duration::from_secs(91));
        while bench.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        let asked = bench.asked()[1].clone();
        assert_eq!(asked.get("resourceVersion"), Some("11"));
        assert!(!asked.is("sendInitialEvents"), "no list is needed");
        streams.send(line("ADDED", &object("new", 12, 0)));
        bench.expect(&["new"]).await;
        assert!(bench.hearing.is_ready());
    });
}

#[test]
fn a_kind_whose_streams_bring_nothing_is_listed_again_within_5_min() {
    block_on(async {
        let (bench, _streams) = listed().await;
        let mut passed = 0;
        let listed_again = |bench: &Bench| {
            let asked = bench.asked();
            asked[1..]
                .iter()
                .any(|a| a.get("resourceVersion").is_none())
        };
        while !listed_again(&bench) {
            assert!(passed < 400, "{:?}", bench.asked());
            bench.settle().await;
            bench.advance(Duration::from_secs(5)).await;
            // A silent stream has a short while of real time.
            tokio::time::sleep(GRACE).await;
            passed += 5;
        }
        assert!(bench.hearing.is_ready());
    });
}

#[test]
fn what_came_while_the_process_was_stopped_is_not_taken_for_silence() {
    block_on(async {
        let (mut bench, streams) = listed().await;
        bench.settle().await;
        bench.clock.advance(Duration::from_secs(3600));
        streams.send(line("ADDED", &object("meanwhile", 12, 0)));
        bench.expect(&["meanwhile"]).await;
        assert_eq!(bench.asked().len(), 1);
    });
}

#[test]
fn an_event_that_the_api_server_cannot_give_leads_to_a_new_list() {
    block_on(async {
        let (bench, streams) = listed().await;
        streams.send(line("ERROR", &failure(500, "InternalError").1));
        bench.until_asked(2).await;
        assert_eq!(bench.asked()[1].get("resourceVersion"), None);
    });
}

#[test]
fn a_version_that_is_too_old_leads_to_a_new_list() {
    block_on(async {
        let (mut bench, streams) = listed().await;
        let (_, expired) = failure(410, "Expired");
        streams.send(line("ERROR", &expired));
        bench.until_asked(2).await;
        assert!(bench.asked()[1].get("resourceVersion").is_none());
        // The stream's list fails, so that pages are tried next.
        streams.send(line("ADDED", &object("a", 3, 0)));
        streams.send(line("ERROR", &failure(500, "InternalError").1));
        bench.until_asked(3).await;
        bench.expect(&["begin", "a"]).await;
        assert!(bench.asked()[2].get("limit").is_some());
    });
}

#[test]
fn a_missing_crd_is_not_waited_for_and_is_found_when_it_comes() {
    block_on(async {
        let there = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let streams = Streams::default();
        let (serving, opened) = (there.clone(), streams.clone());
        let mut bench = Bench::start(move |asked| match serving.load(Ordering::SeqCst) {
            false => refused(404),
            true if asked.get("limit").is_some() => {
                let metadata = json!({"resourceVersion": "1"});
                Answer::Json(200, json!({"metadata": metadata, "items": null}))
            }
            true => opened.open(),
        });
        let kind = bench.heard.clone();
        timeout(Duration::from_secs(5), kind.cannot_be_listed())
            .await
            .expect("it is known soon");
        assert!(
            bench.hearing.is_ready(),
            "a kind that is not served does not count"
        );
        there.store(true, Ordering::SeqCst);
        while streams.0.lock().expect("no panic").is_empty() {
            bench.advance(Duration::from_secs(1)).await;
        }
        streams.send(bookmark(1, true));
        bench.expect(&["begin", "end"]).await;
    });
}

#[test]
fn a_kind_that_may_not_be_listed_is_not_waited_for_and_not_ready() {
    block_on(async {
        let (mut asked, long) = (0, Duration::from_secs(5));
        // Its CRD comes first.
        let bench = Bench::start(move |_| {
            asked += 1;
            refused(if asked < 3 { 404 } else { 403 })
        });
        bench.until_asked(2).await;
        bench.settle().await;
        assert!(bench.hearing.is_ready(), "it is not served");
        bench.until_asked(4).await;
        bench.settle().await;
        let known = timeout(long, bench.heard.cannot_be_listed()).await;
        assert!(known.is_ok(), "it is known soon");
        assert!(!bench.hearing.is_ready());
    });
}

#[test]
fn a_kind_whose_lists_fail_for_10_s_is_not_waited_for() {
    block_on(async {
        for code in [429, 500, 503] {
            let bench = Bench::start(move |_| refused(code));
            while bench.asked().len() < 4 {
                bench.advance(Duration::from_millis(500)).await;
            }
            assert_eq!(bench.heard.standing(), Standing::Unlisted, "it may start");
            bench.clock.advance(Duration::from_secs(10));
            let known = timeout(Duration::from_secs(5), bench.heard.cannot_be_listed());
            assert!(known.await.is_ok(), "{code}");
            assert!(!bench.hearing.is_ready());
        }
    });
}

#[test]
fn a_stream_that_breaks_off_in_a_line_goes_on_from_the_last_version() {
    block_on(async {
        let (mut bench, streams) = listed().await;
        streams.send(line("ADDED", &object("a", 8, 0)));
        bench.expect(&["a"]).await;
        let cut = line("ADDED", &object("b", 9, 0));
        streams.send(&cut[..cut.len() / 2]);
        streams.0.lock().expect("no panic").clear();
        bench.until_asked(2).await;
        assert_eq!(bench.asked()[1].get("resourceVersion"), Some("8"));
        streams.send(cut);
        bench.expect(&["b"]).await;
    });
}

#[test]
fn a_list_that_never_ends_is_silence() {
    block_on(async {
        let streams = Streams::default();
        let opened = streams.clone();
        let mut opens = 0;
        let mut bench = Bench::start(move |asked| {
            opens += 1;
            match (opens, asked.get("continue")) {
                (1, _) => opened.open(),
                _ if asked.is("watch") => refused(500),
                (_, None) => Answer::Json(
                    200,
                    json!({"metadata": {"resourceVersion": "8", "continue": "2"}, "items": []}),
                ),
                (_, Some(_)) => refused(504),
            }
        });
        bench.until_asked(1).await;
        streams.send(bookmark(7, true));
        bench.expect(&["begin", "end"]).await;
        assert!(bench.hearing.is_ready());
        streams.send(line("ERROR", &failure(410, "Expired").1));
        for _ in 0..320 {
            bench.advance(Duration::from_secs(1)).await;
            while bench.events.try_recv().is_ok() {}
        }
        assert!(bench.asked().len() > 4, "{:?}", bench.asked());
        assert!(!bench.hearing.is_ready());
    });
}

#[test]
fn the_next_kind_is_listed_after_the_one_before_has_failed_once() {
    block_on(async {
        let turns = Turn::default();
        let before = turns.clone().lock_owned().await;
        let mut bench = Bench::start_in_turn(paging(Vec::new(), Arc::default()), turns);
        bench.settle().await;
        assert!(bench.asked().is_empty(), "another kind is being listed");
        drop(before);
        bench.expect(&["begin", "end"]).await;
        // Its own turn ends, however its list ends.
        let (turns, mut left) = (Turn::default(), 2);
        let fails = move |_: &Asked| {
            left -= 1;
            assert!(left >= 0, "it pauses after a failure");
            refused(500)
        };
        let bench = Bench::start_in_turn(fails, turns.clone());
        bench.settle().await;
        assert!(!bench.asked().is_empty());
        assert!(turns.try_lock().is_ok());
    });
}

#[test]
fn readiness_ends_after_5_min_of_silence_and_while_a_kind_is_unlisted() {
    let name = format!("errand-hearing-{}", std::process::id());
    let file = std::env::temp_dir().join(name);
    let test_clock = TestClock::create(&file, Timing::default()).expect("a clock");
    let clock = Clock::test(&file).expect("a clock");
    let _ = std::fs::remove_file(&file);
    let hearing = Hearing::default();
    assert!(hearing.is_ready(), "it waits for the lease");
    hearing.lead(true);
    assert!(!hearing.is_ready(), "it has not begun");
    let (one, other) = (hearing.add("One", &clock), hearing.add("Other", &clock));
    one.set(Standing::Listed);
    assert!(!hearing.is_ready());
    assert!(other.set(Standing::NotServed), "told once");
    assert!(!other.set(Standing::NotServed));
    assert!(hearing.is_ready());
    test_clock.advance(Duration::from_secs(301));
    assert!(!hearing.is_ready());
    one.note();
    assert!(hearing.is_ready());
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register_collector(Box::new(hearing.clone()));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("it can be told");
    for line in [
        r#"errand_watch_silence_seconds{kind="One"} 0"#,
        r#"errand_watch_silence_seconds{kind="Other"} 301"#,
        r#"errand_watch_listed{kind="One"} 1"#,
        r#"errand_watch_listed{kind="Other"} 0"#,
        r#"errand_watch_served{kind="Other"} 0"#,
    ] {
        assert!(text.contains(line), "no {line} in\n{text}");
    }
}

#[test]
fn an_api_server_that_is_starting_is_worth_no_warning() {
    let fault = |code| {
        let (_, body) = failure(code, "storage is (re)initializing");
        let status = serde_json::from_value(body).expect("a status");
        Fault::NotRead(NotRead::Refused(Box::new(status)))
    };
    for (code, standing, silence, starting) in [
        (429, Standing::Unlisted, 0, true),
        (503, Standing::Unlisted, 59_999, true),
        // The CRDs were installed while the operator ran.
        (429, Standing::NotServed, 800, true),
        (429, Standing::Unlisted, 60_000, false),
        (429, Standing::Listed, 0, false),
        (429, Standing::Failing, 0, false),
        (403, Standing::Unlisted, 0, false),
        (500, Standing::Unlisted, 0, false),
    ] {
        let found = is_starting(&fault(code), standing, silence);
        assert_eq!(found, starting, "{code} {standing:?} {silence}");
    }
    assert!(!is_starting(&Fault::Ended, Standing::Unlisted, 0));
}
