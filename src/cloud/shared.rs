//! Readings that many operations share, so that a thousand observers of one
//! account cost a request per interval and page, not a thousand.
//!
//! Whoever needs a reading asks for one that was begun at a certain time or later.
//! The first to find none takes it; the others wait for that and share it. A
//! failure is shared by those who waited for it, too.

mod paced;

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use super::{CallError, Recent};
use paced::Paced;

pub use paced::Waiter;

/// A reading, and when it was begun, in milliseconds on the operator's clock.
pub type Taken<T> = (i64, Arc<T>);

/// Readings by what they are of. One per process.
#[derive(Default)]
pub struct SharedReads {
    slots: Mutex<Recent<String, Arc<Slot>>>,
    paced: Mutex<Recent<String, Arc<Paced>>>,
    kept: Mutex<Recent<String, Arc<dyn Any + Send + Sync>>>,
}

/// A reading of it is under way, or it is used.
fn is_shared<T: ?Sized>(kept: &Arc<T>) -> bool {
    Arc::strong_count(kept) > 1
}

/// The readings of one list, as one key sees it.
#[derive(Default)]
struct Slot {
    members: Mutex<Members>,
    last: tokio::sync::Mutex<Option<Last>>,
}

/// Who reads it.
#[derive(Default)]
struct Members {
    /// When each was last given a reading, and until when it counts.
    each: HashMap<String, Member>,
    /// How many requests the last reading took.
    cost: usize,
}

#[derive(Clone, Copy)]
struct Member {
    given: Option<i64>,
    until: i64,
}

/// What came of the last reading.
struct Last {
    begun: i64,
    result: Result<Arc<dyn Any + Send + Sync>, CallError>,
}

/// Who asks, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Tells it from every other.
    pub id: &'a str,
    /// How often it reads, in milliseconds. It counts as a member for three times
    /// as long after it has asked.
    pub interval: i64,
    /// When it asks.
    pub now: i64,
    /// It wants a reading that is begun then or later, and not one of within its
    /// interval.
    pub since: Option<i64>,
}

impl SharedReads {
    /// The reading of `what` that this asker may have. `None`: it is cheaper to ask
    /// for its own part alone. `read` gives the reading and how many requests that
    /// took.
    pub async fn get<T, R>(
        &self,
        what: &str,
        asker: Asker<'_>,
        read: impl FnOnce() -> R,
        now: impl Fn() -> i64,
    ) -> Option<Result<Taken<T>, CallError>>
    where
        T: Send + Sync + 'static,
        R: Future<Output = Result<(T, usize), CallError>>,
    {
        let slot = self.slot(what, asker.now);
        let due = slot.join(asker)?;
        let mut last = slot.last.lock().await;
        if let Some(found) = last.as_ref() {
            let taken = match &found.result {
                Ok(reading) if found.begun >= due => {
                    let reading = Arc::clone(reading).downcast::<T>().ok();
                    reading.map(|reading| Ok((found.begun, reading)))
                }
                // Not tried again by each who waited for it.
                Err(e) if found.begun >= asker.now => Some(Err(e.clone())),
                _ => None,
            };
            if let Some(taken) = taken {
                slot.give(asker, &taken);
                return Some(taken);
            }
        }
        let begun = now();
        let taken = match read().await {
            Ok((reading, cost)) => {
                slot.members().cost = cost;
                Ok((begun, Arc::new(reading)))
            }
            Err(e) => Err(e),
        };
        *last = Some(Last {
            begun,
            result: match &taken {
                Ok((_, reading)) => Ok(Arc::clone(reading) as _),
                Err(e) => Err(e.clone()),
            },
        });
        slot.give(asker, &taken);
        Some(taken)
    }

    fn slot(&self, what: &str, now: i64) -> Arc<Slot> {
        let mut all = self.slots.lock().expect("no panic while it is held");
        Arc::clone(all.entry(what.to_owned(), now, is_shared, Arc::default))
    }
}

impl Slot {
    fn members(&self) -> std::sync::MutexGuard<'_, Members> {
        self.members.lock().expect("no panic while it is held")
    }

    /// Counts the asker in; gives when the reading has to have begun that it may
    /// have. `None`: so few ask that each asks for itself.
    fn join(&self, asker: Asker<'_>) -> Option<i64> {
        let mut members = self.members();
        members.each.retain(|_, member| member.until >= asker.now);
        let before = members.each.get(asker.id).and_then(|member| member.given);
        let member = Member {
            given: before,
            until: asker.now + 3 * asker.interval,
        };
        members.each.insert(asker.id.to_owned(), member);
        if members.each.len() <= members.cost.max(1) {
            return None;
        }
        Some(match (asker.since, before) {
            (Some(since), _) => since.min(asker.now),
            (None, Some(before)) => before + asker.interval,
            (None, None) => asker.now - asker.interval,
        })
    }

    fn give<T>(&self, asker: Asker<'_>, taken: &Result<Taken<T>, CallError>) {
        if let (Ok((begun, _)), Some(member)) = (taken, self.members().each.get_mut(asker.id)) {
            member.given = Some(*begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::cloud::Refusal;

    /// Asks, and gives the reading with how many were taken so far.
    async fn ask(reads: &SharedReads, taken: &Cell<usize>, asker: Asker<'_>) -> Option<i64> {
        let now = asker.now;
        let read = || async {
            taken.set(taken.get() + 1);
            Ok((taken.get(), 1))
        };
        let got = reads.get::<usize, _>("list", asker, read, || now).await?;
        Some(got.expect("no failure").0)
    }

    fn asker(id: &str, now: i64) -> Asker<'_> {
        Asker {
            id,
            interval: 1000,
            now,
            since: None,
        }
    }

    #[tokio::test]
    async fn one_asks_for_itself_and_several_share_a_reading_for_each_interval() {
        let (reads, taken) = (SharedReads::default(), Cell::new(0));
        assert_eq!(ask(&reads, &taken, asker("a", 0)).await, None);
        for id in ["b", "c", "a"] {
            assert_eq!(ask(&reads, &taken, asker(id, 10)).await, Some(10), "{id}");
        }
        for (id, now) in [("c", 1010), ("a", 1015), ("b", 1090)] {
            assert_eq!(
                ask(&reads, &taken, asker(id, now)).await,
                Some(1010),
                "{id}"
            );
        }
        assert_eq!(taken.get(), 2);
        // Whoever has not asked for long is none of them any more.
        assert_eq!(ask(&reads, &taken, asker("a", 9000)).await, None);
    }

    #[tokio::test]
    async fn who_wants_a_fresh_reading_is_not_given_an_older_one() {
        let (reads, taken) = (SharedReads::default(), Cell::new(0));
        ask(&reads, &taken, asker("a", 0)).await;
        assert_eq!(ask(&reads, &taken, asker("b", 5)).await, Some(5));
        let fresh = Asker {
            since: Some(6),
            ..asker("c", 6)
        };
        assert_eq!(ask(&reads, &taken, fresh).await, Some(6));
    }

    #[tokio::test]
    async fn a_list_that_takes_more_requests_than_there_are_askers_is_not_taken() {
        let reads = SharedReads::default();
        let long = || async { Ok(((), 3)) };
        let get = |id: &'static str| reads.get::<(), _>("list", asker(id, 0), long, || 0);
        assert!(get("a").await.is_none());
        assert!(get("b").await.is_some());
        assert!(get("c").await.is_none(), "three requests either way");
        assert!(get("d").await.is_some());
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_waited_for_it_and_no_longer() {
        let (reads, tried) = (SharedReads::default(), Cell::new(0));
        let fails = || async {
            tried.set(tried.get() + 1);
            Err(CallError::unavailable(Refusal::of_transport("away")))
        };
        let get = |id: &'static str, now| reads.get::<(), _>("list", asker(id, now), fails, || 5);
        assert!(get("a", 0).await.is_none());
        assert!(get("b", 1).await.expect("shared").is_err());
        assert!(get("c", 2).await.expect("shared").is_err());
        assert_eq!(tried.get(), 1);
        assert!(get("c", 6).await.expect("shared").is_err());
        assert_eq!(tried.get(), 2);
    }
}
