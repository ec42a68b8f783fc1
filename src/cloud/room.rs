//! How much of all answers is in memory at the same time, and how much one of them may
//! become when it is decoded.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{CallError, Transport};

/// Long answers at the same time.
const ALL: usize = 8;

/// Those to one namespace, which may decide itself what it is answered.
const SHARE: usize = 2;

/// Places for long answers. Each namespace has a few of them at most.
pub(super) struct Room {
    all: Arc<Semaphore>,
    /// How many wait for one of `all`.
    waiting: AtomicUsize,
    each: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// A place, until it is dropped.
#[derive(Clone, Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held")] Arc<[OwnedSemaphorePermit; 2]>);

impl Default for Room {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            waiting: AtomicUsize::new(0),
            each: Mutex::default(),
        }
    }
}

impl Room {
    /// A place for an answer to that namespace, as soon as there is one.
    pub(super) async fn take(&self, namespace: &str) -> Place {
        let share = self.share(namespace);
        // The own share first: who waits for that takes no place from others.
        let own = share.acquire_owned().await.expect("never closed");
        let all = Arc::clone(&self.all);
        let _waiting = Waiting::of(&self.waiting);
        let one = all.acquire_owned().await.expect("never closed");
        Place(Arc::new([own, one]))
    }

    /// Another namespace waits for a place.
    pub(super) fn is_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn share(&self, namespace: &str) -> Arc<Semaphore> {
        let mut each = self.each.lock().expect("no panic while it is held");
        each.retain(|_, share| Arc::strong_count(share) > 1);
        let new = || Arc::new(Semaphore::new(SHARE));
        Arc::clone(each.entry(namespace.to_owned()).or_insert_with(new))
    }
}

/// Counts as waiting until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An answer, or what was made of it, with the place that a long one takes until it is
/// decoded into what is kept.
#[derive(Debug)]
pub struct Held<T> {
    value: T,
    place: Option<Place>,
}

impl<T> Held<T> {
    pub(super) fn new(value: T, place: Option<Place>) -> Self {
        Self { value, place }
    }

    /// What `decode` makes of it. The place is held until then.
    pub fn decode<U>(self, decode: impl FnOnce(T) -> U) -> U {
        let Self { value, place } = self;
        let made = decode(value);
        drop(place);
        made
    }
}

impl Deref for Held<Vec<u8>> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.value
    }
}

/// Bytes of a list that is read in pages, and of what is made of it.
const LONGEST_LIST: usize = 8 << 20;

/// A list longer than this needs a place, besides those of its answers.
const SHORT_LIST: usize = 256 << 10;

/// A list that is read in pages, as far as it has come.
pub(super) struct Pages<'a> {
    transport: &'a Transport,
    namespace: &'a str,
    bytes: usize,
    /// And since when it is held.
    place: Option<(Place, Instant)>,
}

impl<'a> Pages<'a> {
    /// Of a list that a key of that namespace reads.
    pub(super) fn new(transport: &'a Transport, namespace: &'a str) -> Self {
        Self {
            transport,
            namespace,
            bytes: 0,
            place: None,
        }
    }

    /// A page of so many bytes, and as many members of the type that is kept of each.
    pub(super) async fn add<T>(&mut self, bytes: usize, members: usize) -> Result<(), CallError> {
        self.bytes += bytes + members * size_of::<T>();
        if self.bytes > LONGEST_LIST {
            let text = "the list is not complete: it is longer than any documented one";
            return Err(CallError::unreadable(text));
        }
        match &self.place {
            None if self.bytes > SHORT_LIST => {
                let place = self.transport.place_of_list(self.namespace).await?;
                self.place = Some((place, Instant::now()));
            }
            Some((_, since)) if self.transport.is_due(since.elapsed()) => {
                let text = "the list is not complete: reading it takes too long while others wait";
                return Err(CallError::unreadable(text));
            }
            _ => {}
        }
        Ok(())
    }
}

/// The largest weight that is decoded. A page of a thousand instances, as it is
/// documented, weighs a third of it; in memory it comes to some 20 MiB.
pub(super) const HEAVIEST: usize = 100_000;

/// What a JSON object takes, compared with a member of it.
const OBJECT: usize = 8;

/// Weighs JSON before it is decoded: each value, objects most. An answer of 4 MiB could
/// otherwise take a hundred times as much. JSON in a text counts, too, since it may be
/// decoded as well, and so does every escape, which may stand for a part of such JSON.
pub(super) fn weigh(json: &[u8]) -> usize {
    let weight = |byte: &u8| match byte {
        b'{' => OBJECT,
        b'[' => 2,
        b',' | b'\\' => 1,
        _ => 0,
    };
    json.iter().map(weight).sum()
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;

    /// Whether there is a place now.
    fn try_take(room: &Room, namespace: &str) -> Option<Place> {
        let taken = pin!(room.take(namespace));
        match taken.poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(place) => Some(place),
            std::task::Poll::Pending => None,
        }
    }

    #[test]
    fn one_namespace_has_its_share_of_the_places_and_leaves_the_others() {
        let room = Room::default();
        let mut held: Vec<Place> = Vec::new();
        for name in ["a", "b", "c", "d"] {
            held.extend((0..5).filter_map(|_| try_take(&room, name)));
        }
        assert_eq!(held.len(), ALL);
        assert!(try_take(&room, "e").is_none(), "all are taken");
        held.remove(0);
        assert!(try_take(&room, "b").is_none(), "it has its share");
        let place = try_take(&room, "e").expect("one is free");
        drop((held, place));
        assert!(try_take(&room, "b").is_some());
        assert_eq!(
            room.each.lock().expect("held").len(),
            1,
            "others are forgotten"
        );
    }

    #[test]
    fn a_place_is_held_until_the_answer_is_decoded() {
        let room = Room::default();
        let place = try_take(&room, "a").expect("it is free");
        let _other = try_take(&room, "a").expect("it is free");
        let held = Held::new(b"{}".to_vec(), Some(place));
        assert!(try_take(&room, "a").is_none());
        let free = held.decode(|_| try_take(&room, "a").is_some());
        assert!(!free, "not while it is decoded");
        assert!(try_take(&room, "a").is_some());
    }

    #[test]
    fn who_waits_for_a_place_of_all_is_known_and_who_has_its_share_is_not() {
        let room = Room::default();
        let held: Vec<Place> = (0..4)
            .flat_map(|name| [name; SHARE])
            .filter_map(|name| try_take(&room, &name.to_string()))
            .collect();
        assert_eq!(held.len(), ALL);
        let mut cx = Context::from_waker(Waker::noop());
        {
            let mut own = pin!(room.take("0"));
            assert!(own.as_mut().poll(&mut cx).is_pending() && !room.is_wanted());
            let mut other = pin!(room.take("other"));
            assert!(other.as_mut().poll(&mut cx).is_pending() && room.is_wanted());
        }
        assert!(!room.is_wanted(), "neither waits any longer");
    }

    #[tokio::test]
    async fn a_long_list_gives_its_place_up_once_another_namespace_waits() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let timeout = Duration::from_millis(200);
        let transport = Transport::new(Clock::system(), timeout).expect("a client");
        let place = async |namespace: &str| transport.place_of_list(namespace).await;
        let mut held = Vec::new();
        for name in ["a", "a", "b", "b", "c", "c", "d"] {
            held.push(place(name).await.expect("it is free"));
        }
        let mut list = Pages::new(&transport, "team");
        list.add::<u8>(SHORT_LIST + 1, 0)
            .await
            .expect("the last place");
        tokio::time::sleep(timeout * 3 / 4).await;
        list.add::<u8>(1, 0).await.expect("nothing waits");
        let mut other = pin!(place("other"));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(other.as_mut().poll(&mut cx).is_pending());
        let error = list.add::<u8>(1, 0).await.expect_err("another one waits");
        assert!(error.refusal.message.contains("others wait"), "{error:?}");
        drop(list);
        assert!(other.await.is_ok(), "it has the place");
    }

    #[test]
    fn what_takes_much_memory_for_its_length_weighs_much_wherever_it_is_written() {
        let item = r#"{"":0}"#;
        let list = format!("[{}]", vec![item; 30_000].join(","));
        let within = serde_json::Value::from(list.clone()).to_string();
        let escaped = within.replace('{', "\\u007b").replace(',', "\\u002c");
        let flat = format!("[{}]", vec!["0"; 150_000].join(","));
        for heavy in [&list, &within, &flat, &escaped] {
            let weight = weigh(heavy.as_bytes());
            assert!(weight > HEAVIEST, "{weight}");
        }
        let instance = serde_json::json!({
            "id": "3d2d7b3a-7a5e-4f0c-9d0b-0a1b2c3d4e5f", "name": "instance", "state": "RUNNING",
            "operation_state": "REBOOTING", "server_id": "s", "created_at": "2026-11-30T21:00:00Z",
            "updated_at": "2026-11-30T21:00:00Z", "launched_at": "2026-11-30T21:00:00Z",
            "error": {"error_code": "CDC.0001", "error_msg": "a, b", "error_type": "x"},
        });
        let page = serde_json::json!({"instances": vec![instance; 1000], "count": 1000});
        let weight = weigh(page.to_string().as_bytes());
        assert!(weight * 3 < HEAVIEST, "{weight}");
    }
}
