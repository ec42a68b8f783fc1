//! The words of the protocol. They carry no text: what a [`Code`] or a
//! [`StepKey`] is called is the business of the shell and of each kind.

mod effect;
mod object;
mod question;
mod reading;
mod report;
mod step;
mod time;

pub use effect::{Effect, Event};
pub use object::{Stored, Wish, may_send};
pub use question::{Ask, Choice, Decision, Hold, Pin, Question};
pub use reading::{Due, Evidence, Goal, Past, Record, Trace, Trouble, View, Witness};
pub use report::{Change, Closing, End, Forecast, How, Report};
pub use step::{
    Answer, CLOCK_SKEW, CLOUD_REFUSES, Class, Code, INTENT_NOT_STORED, OBSERVATION_UNCLEAR, Plan,
    Step, StepKey, Verdict, Writer,
};
pub use time::{Now, Rules, Span, Tick};
