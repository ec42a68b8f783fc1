//! The list and the watch of one kind, below kube's `watcher`: each object is decoded
//! alone, and every frame is heard, bookmarks included.
//!
//! The API server streams the list where it can (`sendInitialEvents`), else it comes in
//! pages. One kind's trouble is its own: each has a task and a pause of its own.

mod decode;
mod hearing;
mod list;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use http::{Method, header};
use http_body_util::BodyExt as _;
use kube::core::WatchEvent;
use kube::{Client, Resource};
use rand::RngExt as _;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::value::RawValue;
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc};
use tokio::time::timeout;
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

pub(super) use self::decode::decode;
pub(super) use self::hearing::{Heard, Hearing, Standing};
use super::context::API_TIMEOUT;
use super::metrics::{Metrics, WatchFault};
use super::read::{self, NotRead, Url};
use super::unreadable::Unreadable;
use crate::clock::{Clock, millis};

/// What the API server shows of a kind.
#[derive(Debug)]
pub(super) enum Event<R> {
    /// A list begins. What is not shown from here to [`Event::End`] is gone.
    Begin,
    /// An object as it is now.
    Shown(R),
    /// There is an object, and it cannot be read. What was shown of it before is old.
    Unreadable(Box<Unreadable>),
    /// An object was deleted; its last state, or what is known of it.
    Gone(Result<R, Box<Unreadable>>),
    /// The list is complete.
    End,
}

/// What a test may shorten.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of a page, the whole answer.
    page: usize,
    /// How long a stream may be silent, on the operator's clock. The API server sends
    /// a bookmark about every minute.
    silence: Duration,
    /// How long something may still come after that, in real time: a process that was
    /// stopped, or whose clock was set, has heard nothing and may have missed nothing.
    grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page: 8 << 20,
            silence: Duration::from_secs(90),
            grace: Duration::from_secs(1),
        }
    }
}

/// Pause after the first failure; it doubles with each, up to the longest.
const PAUSE: Duration = Duration::from_millis(800);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One event, and the JSON of its object, which follows the type in every API server.
type Line = WatchEvent<Box<RawValue>>;

/// Bytes of one line. etcd's limit for an object is far below.
const LONGEST: usize = 64 << 20;

/// A kind of which nothing came for so many milliseconds, although its streams were
/// replaced, is listed again: what is between here and the API server may let no stream
/// through.
const UNHEARD: i64 = 270_000;

/// Seconds after which the API server ends a watch in order.
const WATCH_SECONDS: u32 = 290;

/// Who holds it lists its kind for the first time: one kind after another.
pub(super) type Turn = Arc<Mutex<()>>;

/// The watch of one kind.
pub(super) struct Watch<R> {
    client: Client,
    clock: Clock,
    metrics: Metrics,
    heard: Arc<Heard>,
    limits: Limits,
    out: mpsc::Sender<Event<R>>,
    url: Url,
    turns: Turn,
    /// Held until the kind was listed or failed once.
    turn: Option<OwnedMutexGuard<()>>,
    /// The server streams lists, as far as is known.
    streams: bool,
    /// The last streamed list failed.
    pages_next: bool,
    /// How many objects the next page has.
    objects: usize,
    /// Where the watch goes on; absent: list first.
    version: Option<String>,
    failures: u32,
    /// The last stream brought something.
    brought: bool,
}

/// Why a list or watch ended.
#[derive(Debug, thiserror::Error)]
enum Fault {
    /// Nobody listens any more.
    #[error("the process stops")]
    Unheard,
    /// Events from there on are not kept any more.
    #[error("the resourceVersion is too old")]
    Expired,
    /// Nothing came for too long.
    #[error("the stream is silent and is replaced")]
    Silent,
    /// It ended where the API server does not end it in order.
    #[error("the stream ended out of order")]
    Ended,
    /// What came is no watch event.
    #[error("the stream is broken: {0}")]
    Broken(String),
    #[error("{0}")]
    NotRead(#[from] NotRead),
}

/// How many milliseconds an API server may take to start before that is worth a warning.
const STARTS_WITHIN: i64 = 60_000;

/// The kind cannot be listed yet, as the API server is starting, for all that is known.
fn is_starting(fault: &Fault, standing: Standing, silence: i64) -> bool {
    let refused = matches!(fault, Fault::NotRead(e) if e.may_be_starting());
    let not_yet = matches!(standing, Standing::Unlisted | Standing::NotServed);
    refused && not_yet && silence < STARTS_WITHIN
}

impl<R> Watch<R>
where
    R: Resource<DynamicType = ()> + DeserializeOwned + Send + 'static,
{
    /// Of the objects in one namespace, or in all.
    pub(super) fn new(
        client: Client,
        clock: Clock,
        namespace: Option<&str>,
        metrics: Metrics,
        heard: Arc<Heard>,
        turns: Turn,
    ) -> (Self, mpsc::Receiver<Event<R>>) {
        // A reader that is slow makes the API server wait.
        let (out, events) = mpsc::channel(64);
        let watch = Self {
            client,
            clock,
            metrics,
            heard,
            limits: Limits::default(),
            out,
            url: read::list_url::<R>(namespace).expect("checked when the process starts"),
            turns,
            turn: None,
            streams: true,
            pages_next: false,
            objects: list::FIRST_PAGE,
            version: None,
            failures: 0,
            brought: true,
        };
        (watch, events)
    }

    /// Goes on until nobody listens.
    pub(super) async fn run(mut self) {
        let out = self.out.clone();
        tokio::select! {
            () = self.go_on() => {}
            () = out.closed() => {}
        }
    }

    async fn go_on(&mut self) {
        self.turn = Some(self.turns.clone().lock_owned().await);
        loop {
            let ended = match self.version.clone() {
                None => self.list().await,
                version => self.stream(version).await,
            };
            self.turn = None;
            match ended {
                Ok(()) => {}
                Err(Fault::Unheard) => return,
                Err(fault) => self.pause_after(&fault).await,
            }
        }
    }

    async fn pause_after(&mut self, fault: &Fault) {
        self.failures += 1;
        let refused = match fault {
            Fault::NotRead(e) => e.code(),
            _ => None,
        };
        // It says nothing of the API server, unless it is repeated: that sends no
        // bookmarks of a kind in which nothing has happened since it started.
        let quiet = matches!(fault, Fault::Silent) && self.failures == 1;
        let kind = self.heard.kind().to_owned();
        let name = match (fault, refused) {
            (Fault::Silent, _) => "silent",
            (Fault::Expired, _) => "expired",
            (_, Some(404)) => "not_served",
            _ => "stream",
        };
        if refused == Some(404) {
            self.heard.note();
            if self.heard.set(Standing::NotServed) {
                tracing::warn!(%kind, "watch: the API server does not serve this kind; its CRD is missing. Other kinds are not affected");
            }
        } else if quiet || is_starting(fault, self.heard.standing(), self.heard.silence()) {
            tracing::debug!(%kind, error = %fault, "watch");
        } else {
            tracing::warn!(%kind, error = %fault, "watch");
        }
        let label = WatchFault { kind, fault: name };
        self.metrics.watch_faults.get_or_create(&label).inc();
        // 429 is about the rate, not about what is asked.
        let rejected = refused.is_some_and(|code| (400..500).contains(&code) && code != 429);
        let unheard = !self.brought && self.heard.silence() >= UNHEARD;
        if rejected || unheard || matches!(fault, Fault::Expired | Fault::Broken(_)) {
            self.version = None;
        }
        // Not at the first time: rights, or an API server that starts, may be on their way.
        let listed = self.heard.standing() == Standing::Listed;
        let lasts = rejected || self.heard.silence() >= millis(API_TIMEOUT).0;
        if lasts && refused != Some(404) && self.failures > 1 && !listed {
            self.heard.set(Standing::Failing);
        }
        if quiet {
            return;
        }
        let doubled = PAUSE * 2_u32.pow((self.failures - 1).min(6));
        let spread = rand::rng().random_range(0.75..1.0);
        let pause = doubled.min(LONGEST_PAUSE).mul_f64(spread);
        self.clock.sleep(pause).await;
    }

    async fn tell(&self, event: Event<R>) -> Result<(), Fault> {
        self.out.send(event).await.map_err(|_| Fault::Unheard)
    }

    /// The list is complete as of that version.
    async fn listed(&mut self, version: Option<String>) -> Result<(), Fault> {
        self.tell(Event::End).await?;
        self.version = version;
        self.turn = None;
        self.failures = 0;
        self.brought = true;
        self.heard.note();
        self.heard.set(Standing::Listed);
        Ok(())
    }

    /// Watches from there on, or streams the list first if that is absent. Returns when
    /// the API server ends it in order.
    async fn stream(&mut self, from: Option<String>) -> Result<(), Fault> {
        let mut listing = from.is_none();
        let since = match from {
            None => "sendInitialEvents=true&resourceVersionMatch=NotOlderThan".to_owned(),
            Some(version) => format!("resourceVersion={}", list::encoded(&version)),
        };
        let url = self.url.with(&format!(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&{since}"
        ));
        let mut request = read::request(Method::GET, &url, None)?;
        // From 1.37 on compressed streams are more than one member, which not every
        // library reads to the end.
        let identity = header::HeaderValue::from_static("identity");
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, identity);
        let body = read::timed(read::open(&self.client, request)).await?;
        match listing {
            // Of a list nothing is heard until all of it was.
            true => self.tell(Event::Begin).await?,
            false => {
                // The API server is well; what is silent is only this kind.
                self.failures = 0;
                if std::mem::take(&mut self.brought) {
                    self.heard.note();
                }
            }
        }
        let bytes = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
        let mut lines = FramedRead::new(bytes, LinesCodec::new_with_max_length(LONGEST));
        while let Some(line) = self.next(&mut lines, listing).await? {
            if !listing {
                self.heard.note();
            }
            self.brought = true;
            let line = line.map_err(|e| match e {
                LinesCodecError::Io(e) => NotRead::from(kube::Error::ReadEvents(e)).into(),
                e @ LinesCodecError::MaxLineLengthExceeded => Fault::Broken(e.to_string()),
            })?;
            let line = serde_json::from_str(&line).map_err(|e| match e.classify() {
                Category::Eof => Fault::Ended,
                // Without the error's text, which quotes the line.
                category => Fault::Broken(format!("a line is no event: {category:?} error")),
            })?;
            self.event(line, &mut listing).await?;
        }
        match self.brought && !listing {
            true => Ok(()),
            // Without a pause it could be a loop.
            false => Err(Fault::Ended),
        }
    }

    /// The next line of a stream; nothing at its end.
    async fn next<S: Stream + Unpin>(
        &self,
        lines: &mut S,
        listing: bool,
    ) -> Result<Option<S::Item>, Fault> {
        let line = match listing {
            true => timeout(API_TIMEOUT, lines.next()).await,
            false => tokio::select! {
                line = lines.next() => Ok(line),
                () = self.clock.sleep(self.limits.silence) => {
                    timeout(self.limits.grace, lines.next()).await
                }
            },
        };
        line.map_err(|_| Fault::Silent)
    }

    async fn event(&mut self, line: Line, listing: &mut bool) -> Result<(), Fault> {
        let (object, gone) = match line {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => (object, false),
            WatchEvent::Deleted(object) => (object, true),
            WatchEvent::Bookmark(mark) => {
                let version = Some(mark.metadata.resource_version);
                let end = mark.metadata.annotations.get("k8s.io/initial-events-end");
                if *listing && end.is_some_and(|end| end == "true") {
                    *listing = false;
                    return self.listed(version).await;
                }
                if !*listing {
                    self.version = version;
                }
                return Ok(());
            }
            WatchEvent::Error(status) if status.code == 410 => return Err(Fault::Expired),
            WatchEvent::Error(status) => {
                // The same event may be an error each time: a list gets past it.
                self.version = None;
                return Err(NotRead::Refused(status).into());
            }
        };
        let object = decode::<R>(object.get().as_bytes());
        let version = match &object {
            Ok(object) => object.meta().resource_version.clone(),
            Err(unreadable) => unreadable.resource_version.clone(),
        };
        if !*listing {
            // Without one, the next watch begins where the last event had one.
            self.version = version.or(self.version.take());
        }
        self.tell(match (gone, object) {
            (true, object) => Event::Gone(object),
            (false, Ok(object)) => Event::Shown(object),
            (false, Err(unreadable)) => Event::Unreadable(unreadable),
        })
        .await
    }
}
