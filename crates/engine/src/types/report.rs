//! What people are told, and what is written down of it.

use super::question::{Decision, Hold, Pin};
use super::step::{Answer, Code};
use super::time::Tick;

/// What status is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Report {
    /// Waits for something that passes by itself.
    Waiting(Code),
    /// Waits for the time from which the first step may be sent.
    BeforeWindow,
    /// A step is intended and being sent.
    Executing,
    /// A step was accepted; its effect is looked for.
    Verifying,
    /// A step's answer is not known; its effect is looked for.
    ResolvingAnswer,
    /// The spec says so.
    Suspended,
    /// Nothing will be sent. What would come of it if it were executed now.
    Planned(Forecast),
    /// A person has to mend something.
    Blocked(Code),
    /// A person has to decide.
    Held(Hold),
    /// Final.
    Ended(End),
    /// The object went while a call of it was under way. Told, never stored.
    Orphaned,
    /// The premise of this question is gone, so it was withdrawn. Told, never stored.
    Withdrawn(Hold),
}

/// What executing a plan now would come to, as far as that can be told without a
/// claim or a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Forecast {
    /// Its call would be sent.
    Sends,
    /// It would wait for something that passes by itself.
    Waits(Code),
    /// It would wait for the time from which the first step may be sent.
    BeforeWindow,
    /// It would wait until the call of an operation that is gone is resolved.
    Resolves,
    /// It would be blocked.
    Blocked(Code),
    /// It would be held.
    Held(Hold),
    /// It would end at once.
    Ended(End),
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// The wanted result was seen.
    Succeeded(How),
    /// The wanted result can no longer be had.
    Lost(Code),
    /// The cloud refused for good.
    Refused,
    /// The time in which the first step might be sent is over.
    WindowMissed,
    /// A person gave it up.
    GivenUp,
}

/// How an operation succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// A step of ours may have done it, and the effect was seen.
    Proven,
    /// It was so before we sent anything.
    AlreadySatisfied,
    /// A person said so. The only success that was not seen.
    Assumed,
}

/// What a status write changes, beside folding in an answer that is known to
/// this process and not yet stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change {
    /// The report.
    pub report: Report,
    /// The last step's answer, with when it came.
    pub answer: Option<(u32, Answer, Tick)>,
    /// What a new question is about.
    pub pin: Pin,
    /// The question that a decision has answered: it is over.
    pub handled: Option<u64>,
    /// The step whose effect is looked for again from this time on.
    pub look_again: Option<(u32, Tick)>,
    /// There is a decision that is not taken yet, because of this.
    pub in_the_way: Option<Report>,
}

/// What the ledger is to keep of a claimed step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Closing {
    /// Its operation ended like this.
    Ended(End),
    /// No call of it had an effect.
    NoEffect,
    /// Its operation is gone, and its effect is there.
    Seen,
    /// Its operation is gone, and a person decided.
    Decided(Decision),
    /// Its operation is gone, and this was the answer. The claim stays.
    Answered(Answer),
}
