//! Time, and the protocol's figures that are lengths of it.

/// A point in time, in milliseconds. Only differences on one clock mean anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tick(pub i64);

/// A length of time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span(pub i64);

/// Both clocks of this process. The wall clock can be set back, the monotonic
/// one stands still while a machine sleeps, so neither is trusted alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Now {
    /// Wall clock.
    pub wall: Tick,
    /// Monotonic clock of this process.
    pub mono: Tick,
}

impl Now {
    /// Elapsed since `then` at the most: for "is it still early enough?".
    pub fn at_most_since(self, then: Now) -> Span {
        Span((self.wall.0 - then.wall.0).max(self.mono.0 - then.mono.0))
    }

    /// Elapsed since `then` at the least: for "has it been long enough?".
    pub fn at_least_since(self, then: Now) -> Span {
        Span((self.wall.0 - then.wall.0).min(self.mono.0 - then.mono.0))
    }

    /// When this much time will have passed, on the monotonic clock: for a pause
    /// that ends whatever becomes of the wall clock.
    pub fn after(self, span: Span) -> Tick {
        Tick(self.mono.0.saturating_add(span.0))
    }
}

/// The protocol's figures, from the timing profile.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How long the cloud accepts a signature.
    pub validity: Span,
    /// The largest clock offset at which anything is sent.
    pub margin: Span,
    /// Total time-out of a call.
    pub call_timeout: Span,
    /// How long a process may take itself for the leader after losing the lease.
    pub lease: Span,
    /// How long an intent may be sent.
    pub window: Span,
    /// Routine interval between looks at a cloud that is not yet as wanted.
    pub poll: Span,
    /// First pause after a failure; doubles up to `backoff_max`.
    pub backoff: Span,
    /// Longest pause after a failure.
    pub backoff_max: Span,
    /// Pause before looking again at something that waits for a person.
    pub recheck: Span,
    /// A deadline of the cloud that is nearer than this keeps pauses at `poll`.
    pub urgent: Span,
    /// First interval between observations after an accepted call.
    pub soon: Span,
    /// How long after the answer an effect that passes is looked for at that interval.
    pub passing: Span,
    /// Refusals in a row that are in no table, after which the user is to fix something.
    pub refusals: u8,
    /// Complete readings that have to agree before something missing counts.
    pub readings_of_absence: u8,
}

impl Rules {
    /// The figures that follow from nothing but the cloud's and the lease's.
    pub fn new(validity: Span, margin: Span, call_timeout: Span, lease: Span) -> Self {
        const SECOND: i64 = 1_000;
        Self {
            validity,
            margin,
            call_timeout,
            lease,
            window: Span(30 * 60 * SECOND),
            poll: Span(30 * SECOND),
            backoff: Span(SECOND),
            backoff_max: Span(60 * SECOND),
            recheck: Span(5 * 60 * SECOND),
            urgent: Span(30 * 60 * SECOND),
            soon: Span(SECOND),
            passing: Span(60 * SECOND),
            refusals: 3,
            readings_of_absence: 2,
        }
    }

    /// How long an unseen effect can still arrive, counted from when this
    /// process first saw the open intent: its writer may take itself for the
    /// leader for a lease, sign then, and the cloud accepts those bytes for
    /// their validity, on a clock that is off by the margin.
    pub fn settle(&self) -> Span {
        Span(self.lease.0 + self.validity.0 + self.margin.0 + self.call_timeout.0)
    }

    /// The pause after this many failures in a row.
    pub fn pause(&self, failures: u32) -> Span {
        let factor = 1i64 << failures.saturating_sub(1).min(20);
        Span(
            self.backoff
                .0
                .saturating_mul(factor)
                .min(self.backoff_max.0),
        )
    }

    /// What a deadline of the cloud leaves of a pause: while it is nearer than `urgent`, at
    /// most `poll`, and no pause ends after it.
    pub fn within(&self, pause: Span, deadline: Option<Tick>, now: Tick) -> Span {
        let left = deadline.map_or(0, |at| at.0.saturating_sub(now.0));
        let longest = match left {
            ..=0 => return pause,
            left if left < self.urgent.0 => left.min(self.poll.0),
            left => (left - self.urgent.0).max(self.poll.0),
        };
        pause.min(Span(longest))
    }

    /// The interval between observations so long after an accepted answer: a quarter of
    /// that, at least `soon`, at most `poll`. Of an effect that `passes` it is `soon` at
    /// first.
    pub fn until_proof(&self, since: Span, passes: bool) -> Span {
        match passes && since < self.passing {
            true => self.soon,
            false => Span((since.0 / 4).max(self.soon.0).min(self.poll.0)),
        }
    }
}
