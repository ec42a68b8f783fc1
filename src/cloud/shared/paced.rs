//! A reading that many wait for and nobody takes alone: each asker is given one that
//! began after it first asked and is not old, and the cloud is asked at a pace.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{CallError, SharedReads, Taken};
use crate::clock::Clock;

/// The pace: a request in this many milliseconds.
const PACE: i64 = 1000;

/// Who has not asked for this long counts as new, in milliseconds.
const REMEMBERED: i64 = 3_600_000;

/// Who asks for a paced reading.
#[derive(Clone, Copy, Debug)]
pub struct Waiter<'a> {
    /// Tells it from every other, also from an earlier one of the same name.
    pub id: &'a str,
    /// When it began to ask. The reading begins after it did so for the first time.
    pub asked: i64,
    /// How old the reading may be, in milliseconds. One that began after it asked now
    /// will do in any case.
    pub age: i64,
}

/// The readings of one kind, as one key sees it.
#[derive(Default)]
pub(super) struct Paced {
    askers: Mutex<HashMap<String, Asked>>,
    last: tokio::sync::Mutex<Option<Last>>,
}

#[derive(Clone, Copy)]
struct Asked {
    first: i64,
    last: i64,
}

struct Last {
    begun: i64,
    requests: i64,
    result: Result<Arc<dyn Any + Send + Sync>, CallError>,
}

impl SharedReads {
    /// A reading of `what` that this asker may have. `read` gives one, and how many
    /// requests it took at the pace that is kept.
    pub async fn paced<T, R>(
        &self,
        what: &str,
        waiter: Waiter<'_>,
        read: impl FnOnce() -> R,
        clock: &Clock,
    ) -> Result<Taken<T>, CallError>
    where
        T: Send + Sync + 'static,
        R: Future<Output = Result<(T, usize), CallError>>,
    {
        let now = || clock.now().wall.0;
        let sleep = |pause| clock.sleep(pause);
        self.at_pace(what, waiter, read, now, sleep).await
    }

    async fn at_pace<T, R, S>(
        &self,
        what: &str,
        waiter: Waiter<'_>,
        read: impl FnOnce() -> R,
        now: impl Fn() -> i64,
        sleep: impl FnOnce(Duration) -> S,
    ) -> Result<Taken<T>, CallError>
    where
        T: Send + Sync + 'static,
        R: Future<Output = Result<(T, usize), CallError>>,
        S: Future<Output = ()>,
    {
        let paced = {
            let mut all = self.paced.lock().expect("no panic while it is held");
            Arc::clone(all.entry(what.to_owned()).or_default())
        };
        let first = paced.note(waiter);
        let mut last = paced.last.lock().await;
        let since = first.max(waiter.asked.min(now() - waiter.age));
        if let Some(found) = last.as_ref() {
            match &found.result {
                // One from the future was dated by a clock that was set back since.
                Ok(reading) if (since..=now()).contains(&found.begun) => {
                    if let Ok(reading) = Arc::clone(reading).downcast::<T>() {
                        return Ok((found.begun, reading));
                    }
                }
                // Not tried again by each who waited for it.
                Err(e) if found.begun >= waiter.asked => return Err(e.clone()),
                _ => {}
            }
            let pause = found.requests * PACE;
            let left = (found.begun + pause - now()).clamp(0, pause);
            sleep(Duration::from_millis(left.unsigned_abs())).await;
        }
        let begun = now();
        let (result, requests) = match read().await {
            Ok((reading, requests)) => (Ok(Arc::new(reading)), requests),
            Err(e) => (Err(e), 1),
        };
        paced.forget(begun - REMEMBERED);
        *last = Some(Last {
            begun,
            requests: i64::try_from(requests).unwrap_or(1),
            result: result.clone().map(|reading| reading as _),
        });
        result.map(|reading| (begun, reading))
    }

    /// Notes that somebody will ask for a reading of `what`, at the latest from this
    /// time on.
    pub fn will_ask(&self, what: &str, waiter: Waiter<'_>) {
        let mut all = self.paced.lock().expect("no panic while it is held");
        all.entry(what.to_owned()).or_default().note(waiter);
    }

    /// What is kept beside the readings of `what`, for as long as this process runs.
    pub fn kept<T: Default + Send + Sync + 'static>(&self, what: &str) -> Arc<T> {
        let mut all = self.kept.lock().expect("no panic while it is held");
        if let Some(found) = all.get(what)
            && let Ok(found) = Arc::clone(found).downcast::<T>()
        {
            return found;
        }
        let new = Arc::new(T::default());
        all.insert(what.to_owned(), Arc::clone(&new) as _);
        new
    }
}

impl Paced {
    fn askers(&self) -> std::sync::MutexGuard<'_, HashMap<String, Asked>> {
        self.askers.lock().expect("no panic while it is held")
    }

    /// Gives when it asked for the first time.
    fn note(&self, waiter: Waiter<'_>) -> i64 {
        let mut askers = self.askers();
        let new = Asked {
            first: waiter.asked,
            last: waiter.asked,
        };
        let asked = askers.entry(waiter.id.to_owned()).or_insert(new);
        asked.last = waiter.asked;
        asked.first
    }

    fn forget(&self, before: i64) {
        self.askers().retain(|_, asked| asked.last >= before);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::cloud::Refusal;

    const AGE: i64 = 30_000;

    /// A list that is read at a time that the test sets.
    #[derive(Default)]
    struct List {
        reads: SharedReads,
        taken: Cell<usize>,
        now: Cell<i64>,
        requests: Cell<usize>,
        away: Cell<bool>,
        slept: Cell<Duration>,
    }

    impl List {
        /// Asks at that time, and gives when the reading began.
        async fn ask(&self, id: &str, asked: i64) -> Result<i64, CallError> {
            self.ask_for(id, asked, AGE).await
        }

        async fn ask_for(&self, id: &str, asked: i64, age: i64) -> Result<i64, CallError> {
            self.now.set(self.now.get().max(asked));
            let read = || async {
                self.taken.set(self.taken.get() + 1);
                match self.away.get() {
                    true => Err(CallError::unavailable(Refusal::of_transport("away"))),
                    false => Ok(((), self.requests.get().max(1))),
                }
            };
            let waiter = Waiter { id, asked, age };
            let now = || self.now.get();
            let sleep = |pause| {
                self.slept.set(self.slept.get() + pause);
                std::future::ready(())
            };
            let taken = self
                .reads
                .at_pace::<(), _, _>("list", waiter, read, now, sleep);
            let taken = taken.await;
            taken.map(|(begun, _)| begun)
        }
    }

    #[tokio::test]
    async fn an_asker_gets_a_reading_that_began_after_it_first_asked() {
        let list = List::default();
        assert_eq!(list.ask("a", 100_000).await, Ok(100_000));
        assert_eq!(list.ask("b", 110_000).await, Ok(110_000), "b is newer");
        assert_eq!(list.ask("a", 111_000).await, Ok(110_000), "a may share it");
        assert_eq!(list.ask("a", 140_001).await, Ok(140_001), "it is too old");
        assert_eq!(list.ask("b", 140_002).await, Ok(140_001));
        assert_eq!(list.taken.get(), 3);
    }

    #[tokio::test]
    async fn a_reading_may_have_to_be_newer_than_the_question() {
        let list = List::default();
        assert_eq!(list.ask("a", 100_000).await, Ok(100_000));
        assert_eq!(list.ask_for("a", 105_000, 0).await, Ok(105_000));
        list.now.set(106_000);
        let asked_before = list.ask_for("a", 104_500, 0).await;
        assert_eq!(asked_before, Ok(105_000), "it began since");
    }

    #[tokio::test]
    async fn who_says_before_that_it_will_ask_may_have_a_reading_begun_since() {
        let list = List::default();
        let waiter = Waiter {
            id: "b",
            asked: 99_000,
            age: AGE,
        };
        list.reads.will_ask("list", waiter);
        assert_eq!(list.ask("a", 100_000).await, Ok(100_000));
        assert_eq!(list.ask("b", 101_000).await, Ok(100_000));
    }

    #[tokio::test]
    async fn a_reading_of_a_time_that_has_not_come_is_not_used() {
        let list = List::default();
        assert_eq!(list.ask("a", 100_000).await, Ok(100_000));
        list.now.set(0);
        assert_eq!(list.ask("a", 40_000).await, Ok(40_000));
    }

    #[tokio::test]
    async fn readings_are_taken_at_a_request_a_second() {
        let list = List::default();
        list.requests.set(3);
        list.ask("a", 100_000).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::ZERO);
        list.ask("b", 100_200).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(2_800));
        // Hours may pass at once, and the clock may be set back.
        list.ask("c", 4_000_000).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(2_800));
        list.now.set(0);
        list.ask("d", 10).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(5_800));
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_waited_for_it_and_no_longer() {
        let list = List::default();
        list.away.set(true);
        list.now.set(100_005);
        assert!(list.ask("a", 100_000).await.is_err());
        assert!(list.ask("b", 100_001).await.is_err());
        assert_eq!(list.taken.get(), 1);
        list.away.set(false);
        assert!(list.ask("b", 100_006).await.is_ok());
    }

    #[tokio::test]
    async fn who_has_not_asked_for_long_counts_as_new() {
        let list = List::default();
        list.ask("a", 0).await.expect("a reading");
        list.ask("b", 2 * REMEMBERED).await.expect("a reading");
        let later = 2 * REMEMBERED + 10;
        assert_eq!(list.ask("a", later).await, Ok(later));
    }
}
