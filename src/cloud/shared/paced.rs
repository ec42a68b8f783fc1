//! A reading that many wait for and nobody takes alone: each asker is given one that is
//! not older than it may be, and the cloud is asked at a pace.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::{CallError, SharedReads, Taken, is_shared};
use crate::clock::Clock;

/// The pace: a request in this many milliseconds.
const PACE: i64 = 1000;

/// Which reading an asker may have.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// When it began to ask.
    pub asked: i64,
    /// The reading began at this time or later.
    pub since: i64,
    /// How old the reading may be, in milliseconds. One that began after it asked will
    /// do in any case.
    pub age: i64,
}

/// The readings of one kind, as one key sees it.
#[derive(Default)]
pub(super) struct Paced(tokio::sync::Mutex<Option<Last>>);

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
        waiter: Waiter,
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
        waiter: Waiter,
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
            Arc::clone(all.entry(what.to_owned(), now(), is_shared, Arc::default))
        };
        let mut last = paced.0.lock().await;
        let since = waiter.since.max(now() - waiter.age).min(waiter.asked);
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
        *last = Some(Last {
            begun,
            requests: i64::try_from(requests).unwrap_or(1),
            result: result.clone().map(|reading| reading as _),
        });
        result.map(|reading| (begun, reading))
    }

    /// What is kept with the readings of `what`, for as long as it is asked for.
    pub fn kept<T: Default + Send + Sync + 'static>(&self, what: &str, now: i64) -> Arc<T> {
        let mut all = self.kept.lock().expect("no panic while it is held");
        let new = || Arc::new(T::default()) as Arc<dyn Any + Send + Sync>;
        let found = all.entry(what.to_owned(), now, is_shared, new);
        match Arc::clone(found).downcast::<T>() {
            Ok(kept) => kept,
            Err(_) => unreachable!("each name is used for one type"),
        }
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
        /// Asks at that time for a reading since another one.
        async fn ask(&self, asked: i64, since: i64, age: i64) -> Result<i64, CallError> {
            self.now.set(self.now.get().max(asked));
            let read = || async {
                self.taken.set(self.taken.get() + 1);
                match self.away.get() {
                    true => Err(CallError::unavailable(Refusal::of_transport("away"))),
                    false => Ok(((), self.requests.get().max(1))),
                }
            };
            let waiter = Waiter { asked, since, age };
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
    async fn an_asker_gets_a_reading_of_its_time_that_is_not_old() {
        let list = List::default();
        assert_eq!(list.ask(100_000, 90_000, AGE).await, Ok(100_000));
        assert_eq!(list.ask(110_000, 99_000, AGE).await, Ok(100_000), "shared");
        assert_eq!(list.ask(111_000, 105_000, AGE).await, Ok(111_000), "newer");
        assert_eq!(list.ask(112_000, 90_000, AGE).await, Ok(111_000));
        assert_eq!(list.ask(141_001, 90_000, AGE).await, Ok(141_001), "too old");
        assert_eq!(list.taken.get(), 3);
    }

    #[tokio::test]
    async fn a_reading_may_have_to_be_newer_than_the_question() {
        let list = List::default();
        assert_eq!(list.ask(100_000, 0, AGE).await, Ok(100_000));
        assert_eq!(list.ask(105_000, 0, 0).await, Ok(105_000));
        list.now.set(106_000);
        assert_eq!(list.ask(104_500, 0, 0).await, Ok(105_000), "it began since");
        // A clock that was set back: no time is in the future for ever.
        assert_eq!(list.ask(106_000, 900_000, AGE).await, Ok(106_000));
    }

    #[tokio::test]
    async fn a_reading_of_a_time_that_has_not_come_is_not_used() {
        let list = List::default();
        assert_eq!(list.ask(100_000, 0, AGE).await, Ok(100_000));
        list.now.set(0);
        assert_eq!(list.ask(40_000, 0, AGE).await, Ok(40_000));
    }

    #[tokio::test]
    async fn readings_are_taken_at_a_request_a_second() {
        let list = List::default();
        list.requests.set(3);
        list.ask(100_000, 0, 0).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::ZERO);
        list.ask(100_200, 0, 0).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(2_800));
        // Hours may pass at once, and the clock may be set back.
        list.ask(4_000_000, 0, 0).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(2_800));
        list.now.set(0);
        list.ask(10, 0, 0).await.expect("a reading");
        assert_eq!(list.slept.get(), Duration::from_millis(5_800));
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_waited_for_it_and_no_longer() {
        let list = List::default();
        list.away.set(true);
        list.now.set(100_005);
        assert!(list.ask(100_000, 0, AGE).await.is_err());
        assert!(list.ask(100_001, 0, AGE).await.is_err());
        assert_eq!(list.taken.get(), 1);
        list.away.set(false);
        assert!(list.ask(100_006, 0, AGE).await.is_ok());
    }
}
