//! Wakes objects at their time. Every pause of an object is one entry here, so
//! that it passes on the operator's clock and one pause replaces another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use errand_engine::Span;
use futures::Stream;
use tokio::sync::mpsc;

use crate::clock::{Clock, duration};

/// Sets timers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Timers<T>(mpsc::UnboundedSender<(T, Option<Span>)>);

impl<T: Clone + Eq + Hash + Send + 'static> Timers<T> {
    /// The timers, and the stream of objects whose time has come. It has at
    /// most one entry for each object that waits.
    pub(super) fn new(clock: Clock) -> (Self, impl Stream<Item = T> + Send) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let wheel = Wheel {
            clock,
            receiver,
            due: HashMap::new(),
            order: BinaryHeap::new(),
            items: HashMap::new(),
            next_id: 0,
        };
        (Self(sender), futures::stream::unfold(wheel, Wheel::next))
    }

    /// Wakes `item` after `span`, or not at all; replaces what was set before.
    pub(super) fn set(&self, item: T, span: Option<Span>) {
        // Fails only while the process shuts down.
        let _ = self.0.send((item, span));
    }
}

struct Wheel<T> {
    clock: Clock,
    receiver: mpsc::UnboundedReceiver<(T, Option<Span>)>,
    /// The timer that counts for an object; older ones in `order` do not.
    due: HashMap<T, u64>,
    order: BinaryHeap<Reverse<(i64, u64)>>,
    items: HashMap<u64, T>,
    next_id: u64,
}

impl<T: Clone + Eq + Hash> Wheel<T> {
    async fn next(mut self) -> Option<(T, Self)> {
        loop {
            let now = self.clock.now().mono.0;
            let wait = match self.order.peek() {
                Some(Reverse((at, id))) if *at <= now => {
                    let id = *id;
                    self.order.pop();
                    let Some(item) = self.items.remove(&id) else {
                        continue;
                    };
                    if self.due.get(&item) == Some(&id) {
                        self.due.remove(&item);
                        return Some((item, self));
                    }
                    continue;
                }
                Some(Reverse((at, _))) => duration(Span(at - now)),
                None => Duration::from_secs(3600),
            };
            let clock = self.clock.clone();
            tokio::select! {
                set = self.receiver.recv() => {
                    let (item, span) = set?;
                    self.set(item, span);
                }
                () = clock.sleep(wait) => {}
            }
        }
    }

    fn set(&mut self, item: T, span: Option<Span>) {
        let Some(span) = span else {
            self.due.remove(&item);
            return;
        };
        self.next_id += 1;
        self.due.insert(item.clone(), self.next_id);
        self.items.insert(self.next_id, item);
        let at = self.clock.now().mono.0 + span.0;
        self.order.push(Reverse((at, self.next_id)));
    }
}
