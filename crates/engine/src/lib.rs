//! The protocol of Errand: how a mutating cloud call is intended, sent at most
//! as often as its class allows, and proven.
//!
//! It is a machine without I/O, clock or randomness: [`step`] takes a [`State`]
//! and an [`Event`] and gives the next state and the [`Effect`]s that the shell
//! is to carry out, in order. The last effect of a batch answers with one event;
//! [`Effect::Announce`] has no answer, and [`Effect::Rest`] ends the session.
//! Everything is small integers and enums, so that a model checker can drive
//! this very function (see `tests/model` of this crate).
//!
//! The path of one operation, as a reader will meet it in [`step`]:
//! observe → decide → permit → (claim) → intend → send → (store the answer) →
//! observe again → (close the claim) → store the end.
//!
//! Each module uses those after it and none before it: `machine` has the order of
//! events and effects, `decide` what a complete reading leads to, `question` how
//! decisions are taken, `ledger` what is claimed and closed, `attempt` when a step is
//! sent, `proof` when something counts as certain, `trouble` what did not get through,
//! `inside` what a model checker sees, `state` what one process keeps of an object and
//! the moves of a session, and `types` the words.

mod attempt;
mod decide;
mod inside;
mod ledger;
mod machine;
mod proof;
mod question;
mod state;
mod trouble;
mod types;

#[cfg(test)]
mod tests;

pub use inside::Inside;
pub use machine::step;
pub use state::{Intent, State};
pub use types::{
    Answer, Ask, Change, Choice, Class, Closing, Code, Decision, Due, Effect, End, Event, Evidence,
    Forecast, Goal, Hold, How, Now, Past, Pin, Plan, Question, Record, Report, Rules, Span, Step,
    StepKey, Stored, Tick, Trace, Trouble, Verdict, View, Wish, Witness, Writer, may_send,
};
pub use types::{CLOCK_SKEW, CLOUD_REFUSES, INTENT_NOT_STORED, OBSERVATION_UNCLEAR};
