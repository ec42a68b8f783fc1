//! Calls per second and key, of any cloud's APIs, on the simulator's clock.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The limits and what was called in the present seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// By API name; others are unlimited.
    pub(crate) per_second: BTreeMap<String, u32>,
    rates: BTreeMap<(&'static str, String), Rate>,
}

#[derive(Clone, Debug)]
struct Rate {
    since: Timestamp,
    calls: u32,
}

impl Limits {
    /// Counts a call; one over the limit counts too, within its second.
    ///
    /// # Errors
    /// The limit that it is over.
    pub(crate) fn count(
        &mut self,
        api: &'static str,
        key: String,
        now: Timestamp,
    ) -> Result<(), u32> {
        let Some(limit) = self.per_second.get(api).copied() else {
            return Ok(());
        };
        let anew = Rate {
            since: now,
            calls: 0,
        };
        let rate = self.rates.entry((api, key)).or_insert(anew.clone());
        if now.duration_since(rate.since) >= SECOND {
            *rate = anew;
        }
        rate.calls += 1;
        if rate.calls > limit {
            return Err(limit);
        }
        Ok(())
    }
}
