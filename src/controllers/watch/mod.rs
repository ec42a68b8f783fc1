//! The list and the watch of one kind, below kube's `watcher`: each object is decoded
//! alone, and every frame is heard, bookmarks included.
//!
//! The API server streams the list where it can (`sendInitialEvents`), else it comes in
//! pages. One kind's trouble is its own: each has a task and a pause of its own.

mod decode;
mod hearing;
mod lines;
mod list;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use kube::{Client, Resource};
use rand::RngExt as _;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub(super) use self::decode::{Unreadable, decode};
pub(super) use self::hearing::{Heard, Hearing, Standing};
use self::lines::{Line, Lines, Sort};
use super::context::API_TIMEOUT;
use super::metrics::{Metrics, WatchFault};
use super::read::{self, NotRead};
use crate::clock::Clock;

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

/// Seconds after which the API server ends a watch in order.
const WATCH_SECONDS: u32 = 290;

/// A place in the order in which kinds are listed at the start. The next one's turn
/// comes when this is dropped.
#[derive(Default)]
pub(super) struct Turn {
    before: Option<oneshot::Receiver<()>>,
    after: Option<oneshot::Sender<()>>,
}

impl Turn {
    /// The place behind this one.
    pub(super) fn next(&mut self) -> Turn {
        let (sender, receiver) = oneshot::channel();
        self.after = Some(sender);
        Turn {
            before: Some(receiver),
            after: None,
        }
    }
}

/// The watch of one kind.
pub(super) struct Watch<R> {
    client: Client,
    clock: Clock,
    metrics: Metrics,
    heard: Arc<Heard>,
    limits: Limits,
    out: mpsc::Sender<Event<R>>,
    url: String,
    /// Held until the kind was listed or failed once.
    turn: Option<Turn>,
    /// The server streams lists, as far as is known.
    streams: bool,
    /// The last streamed list failed.
    pages_next: bool,
    /// How many objects the next page has.
    objects: usize,
    /// Where the watch goes on; absent: list first.
    version: Option<String>,
    failures: u32,
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
    /// The API server ended it, and nothing had come.
    #[error("the stream ended at once")]
    Ended,
    /// What came is no watch event.
    #[error("the stream is broken: {0}")]
    Broken(String),
    #[error("{0}")]
    NotRead(#[from] NotRead),
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
        turn: Turn,
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
            url: read::url::<R>(namespace, ""),
            turn: Some(turn),
            streams: true,
            pages_next: false,
            objects: list::FIRST_PAGE,
            version: None,
            failures: 0,
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
        if let Some(before) = self.turn.as_mut().and_then(|turn| turn.before.take()) {
            // An error is the one before, which is done.
            let _ = before.await;
        }
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
        let kind = self.heard.kind().to_owned();
        self.failures += 1;
        let refused = match fault {
            Fault::NotRead(e) => e.code(),
            _ => None,
        };
        let label = match fault {
            Fault::Silent => "silent",
            Fault::Expired => "expired",
            _ if refused == Some(404) => "not_served",
            _ => "stream",
        };
        let fault_of = WatchFault {
            kind: kind.clone(),
            fault: label,
        };
        self.metrics.watch_faults.get_or_create(&fault_of).inc();
        if refused == Some(404) {
            self.heard.note();
            if self.heard.set(Standing::NotServed) {
                tracing::warn!(%kind, "watch: the API server does not serve this kind; its CRD is missing. Other kinds are not affected");
            }
        } else if matches!(fault, Fault::Silent) && self.failures == 1 {
            // The API server sends no bookmarks of a kind in which nothing has happened
            // since it started.
            tracing::debug!(%kind, error = %fault, "watch");
        } else {
            tracing::warn!(%kind, error = %fault, "watch");
        }
        let again = match fault {
            Fault::Expired | Fault::Broken(_) => true,
            // 429 is about the rate, not about what is asked.
            _ => refused.is_some_and(|code| (400..500).contains(&code) && code != 429),
        };
        if again {
            self.version = None;
        }
        // It says nothing of the API server, unless it is repeated.
        if matches!(fault, Fault::Silent) && self.failures == 1 {
            return;
        }
        let doubled = PAUSE * 2_u32.pow((self.failures - 1).min(6));
        let spread = rand::rng().random_range(0.75..1.0);
        self.clock
            .sleep(doubled.min(LONGEST_PAUSE).mul_f64(spread))
            .await;
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
            Some(version) => format!("resourceVersion={version}"),
        };
        let url = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={WATCH_SECONDS}&{since}",
            self.url
        );
        let mut request = read::request(Method::GET, &url, None)?;
        // From 1.37 on compressed streams are more than one member, which not every
        // library reads to the end.
        let identity = header::HeaderValue::from_static("identity");
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, identity);
        let mut body = read::timed(read::open(&self.client, request)).await?;
        self.heard.note();
        match listing {
            true => self.tell(Event::Begin).await?,
            // The API server is well; what is silent is only this kind.
            false => self.failures = 0,
        }
        let mut lines = Lines::default();
        let mut heard = false;
        loop {
            let Some(chunk) = self.frame(&mut body, listing).await? else {
                return match heard && !listing {
                    true => Ok(()),
                    // Without a pause it could be a loop.
                    false => Err(Fault::Ended),
                };
            };
            self.heard.note();
            heard = true;
            lines.push(&chunk)?;
            while let Some(line) = lines.next() {
                self.event(&line, &mut listing).await?;
            }
        }
    }

    /// The next part of a stream; nothing at its end.
    async fn frame(&self, body: &mut Body, listing: bool) -> Result<Option<Vec<u8>>, Fault> {
        loop {
            let frame = match listing {
                true => timeout(API_TIMEOUT, body.frame()).await,
                false => tokio::select! {
                    frame = body.frame() => Ok(frame),
                    () = self.clock.sleep(self.limits.silence) => {
                        timeout(self.limits.grace, body.frame()).await
                    }
                },
            };
            let Some(frame) = frame.map_err(|_| Fault::Silent)? else {
                return Ok(None);
            };
            let frame = frame.map_err(|e| Fault::NotRead(e.into()))?;
            if let Ok(chunk) = frame.into_data() {
                return Ok(Some(chunk.to_vec()));
            }
        }
    }

    async fn event(&mut self, line: &[u8], listing: &mut bool) -> Result<(), Fault> {
        let line = Line::parse(line)?;
        let version = match line.sort {
            Sort::Shown | Sort::Gone => {
                let object = decode::<R>(line.object.get().as_bytes());
                let version = match &object {
                    Ok(object) => object.meta().resource_version.clone(),
                    Err(unreadable) => unreadable.resource_version.clone(),
                };
                let event = match (line.sort, object) {
                    (Sort::Gone, object) => Event::Gone(object),
                    (_, Ok(object)) => Event::Shown(object),
                    (_, Err(unreadable)) => Event::Unreadable(unreadable),
                };
                self.tell(event).await?;
                version
            }
            Sort::Bookmark { version, ends_list } => {
                if *listing && ends_list {
                    *listing = false;
                    return self.listed(version).await;
                }
                version
            }
            Sort::Unknown => None,
        };
        if !*listing {
            // Without one, the next watch begins where the last event had one.
            self.version = version.or(self.version.take());
        }
        Ok(())
    }
}
