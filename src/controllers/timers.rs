//! Wakes objects at their time. Every pause of an object is one entry here, so
//! that it passes on the operator's clock and one pause replaces another.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;
use std::time::Duration;

use errand_engine::{Span, Tick};
use futures::Stream;
use tokio::sync::mpsc;

use crate::clock::{Clock, duration};

/// Sets timers. Cheap to clone.
#[derive(Clone)]
pub(super) struct Timers<T>(mpsc::UnboundedSender<(T, Option<Tick>)>);

impl<T: Clone + Eq + Hash + Send + 'static> Timers<T> {
    /// The timers, and the stream of objects whose time has come. It has at
    /// most one entry for each object that waits.
    pub(super) fn new(clock: Clock) -> (Self, impl Stream<Item = T> + Send) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let wheel = Wheel::new(clock, receiver);
        (Self(sender), futures::stream::unfold(wheel, Wheel::next))
    }

    /// Wakes `item` at that time of the monotonic clock, or not at all; replaces
    /// what was set before. A time, not a pause: that would begin anew with every
    /// delay on the way here.
    pub(super) fn set(&self, item: T, at: Option<Tick>) {
        // Fails only while the process shuts down.
        let _ = self.0.send((item, at));
    }
}

struct Wheel<T> {
    clock: Clock,
    receiver: mpsc::UnboundedReceiver<(T, Option<Tick>)>,
    /// The timer that counts for an object; older ones in `order` do not.
    due: HashMap<T, (Tick, u64)>,
    order: BinaryHeap<Reverse<(Tick, u64)>>,
    items: HashMap<u64, T>,
    next_id: u64,
}

impl<T: Clone + Eq + Hash> Wheel<T> {
    fn new(clock: Clock, receiver: mpsc::UnboundedReceiver<(T, Option<Tick>)>) -> Self {
        Self {
            clock,
            receiver,
            due: HashMap::new(),
            order: BinaryHeap::new(),
            items: HashMap::new(),
            next_id: 0,
        }
    }

    async fn next(mut self) -> Option<(T, Self)> {
        loop {
            let now = self.clock.now().mono;
            let wait = match self.order.peek() {
                Some(Reverse((at, id))) if *at <= now => {
                    let id = *id;
                    self.order.pop();
                    let Some(item) = self.items.remove(&id) else {
                        continue;
                    };
                    if self.due.get(&item).is_some_and(|(_, counts)| *counts == id) {
                        self.due.remove(&item);
                        return Some((item, self));
                    }
                    continue;
                }
                Some(Reverse((at, _))) => duration(Span(at.0 - now.0)),
                None => Duration::from_secs(3600),
            };
            let clock = self.clock.clone();
            tokio::select! {
                set = self.receiver.recv() => {
                    let (item, at) = set?;
                    self.set(item, at);
                }
                () = clock.sleep(wait) => {}
            }
        }
    }

    fn set(&mut self, item: T, at: Option<Tick>) {
        let Some(at) = at else {
            self.due.remove(&item);
            return;
        };
        if self.due.get(&item).is_some_and(|(set, _)| *set == at) {
            return;
        }
        self.next_id += 1;
        self.due.insert(item.clone(), (at, self.next_id));
        self.items.insert(self.next_id, item);
        self.order.push(Reverse((at, self.next_id)));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::super::fake_api::block_on;
    use super::*;

    #[test]
    fn an_object_is_woken_at_the_last_time_that_was_set_and_once() {
        let clock = Clock::system();
        let (_timers, receiver) = mpsc::unbounded_channel();
        let mut wheel = Wheel::new(clock.clone(), receiver);
        let (past, later) = (clock.after(Span(-1)), clock.after(Span(3_600_000)));
        wheel.set("moved", Some(past));
        wheel.set("moved", Some(later));
        wheel.set("dropped", Some(past));
        wheel.set("dropped", None);
        for _ in 0..3 {
            wheel.set("due", Some(past));
        }
        block_on(async {
            let (woken, wheel) = wheel.next().await.expect("its timers are there");
            assert_eq!(woken, "due");
            assert!(wheel.next().now_or_never().is_none(), "nothing else is due");
        });
    }
}
