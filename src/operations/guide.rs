//! What a kind says to users in its own words: its questions, with the calls that the
//! answers lead to, and what to do about a reason. Data alone: what is not here, the
//! operator and the command line do in the same way for every kind.

use errand_engine::{Ask, Choice as EngineChoice, Decision as EngineDecision, Goal};

use super::{CallRules, code, pin};
use crate::api::{Decision, Reason};

/// A question that a kind puts because of what the cloud shows.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What it is about. It is stored by that word.
    pub reason: Reason,
    /// What can be decided, besides GiveUp, which every question takes.
    pub choices: &'static [Choice],
}

/// A decision that a question offers.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// LookAgain, or a decision that no question of the protocol offers.
    pub decision: Decision,
    /// When to choose it, and what it does.
    pub meaning: &'static str,
    /// The call that is next. None: the cloud is read again.
    pub call: Option<&'static CallRules>,
}

/// What a reason comes to with a kind, and what users can do, where that differs from
/// other kinds.
///
/// In its texts `{poll}` is how often the cloud is observed, `{recheck}` how often while a
/// wait is expected to be long, `{observes}` a sentence about how often that is after a call,
/// without its end, `{target}` what the operation is about, and
/// `{/status/observed/orderId|the order}` a field of the object, or the words after the bar
/// where it is empty. Of `{/status/observed/window>-|its end}` that is what comes after the
/// first hyphen in the field.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// For these reasons.
    pub reasons: &'static [Reason],
    /// Only where this field of the object has this value.
    pub only: Option<(&'static str, &'static str)>,
    /// What Errand does by itself, and when. Empty where every kind does the same: when
    /// it is held, and when it has ended.
    pub next: &'static str,
    /// What users can do.
    pub can: &'static [Line],
    /// Of what has ended without what was wanted: how it is run again.
    pub again: Again,
}

/// How an operation that has ended without what was wanted is run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// As every operation with that reason.
    AsUsual,
    /// With another spec.operationKey: the ledger has this one.
    WithAnotherKey,
    /// Not at all: there is nothing that another try could do.
    Never,
}

impl Guide {
    /// Says nothing yet.
    pub const DEFAULT: Guide = Guide {
        reasons: &[],
        only: None,
        next: "",
        can: &[],
        again: Again::AsUsual,
    };
}

/// A line for users.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// For reading.
    Say(&'static str),
    /// This merge patch of the object.
    Patch(&'static str),
    /// `errand wait` with the object.
    Wait,
}

/// For kinds that can be asked to cancel.
pub(super) const CANCEL: Line = Line::Patch(r#"{"spec":{"desiredState":"Cancelled"}}"#);

/// What an operation does can also be done without Errand, and that does no harm.
pub const BY_HAND: &str = "If it cannot wait, do it by hand in the cloud's console, at {target}: Errand sees that and sends nothing.";

/// It was too late to cancel or to stop something.
pub(super) const TOO_LATE: Guide = Guide {
    reasons: &[Reason::TOO_LATE],
    can: &[Line::Say(
        "If {target} has to be as it was before, change it back in the cloud's console: that is a new change.",
    )],
    again: Again::Never,
    ..Guide::DEFAULT
};

/// Most waits need nothing.
pub(super) const NOTHING_BUT_WAIT: &[Line] = &[
    Line::Say("Nothing, as a rule. To wait until it finishes or needs attention:"),
    Line::Wait,
];

impl Question {
    /// The question in the engine's words. When what it is about changes, it is another
    /// question.
    pub fn ask(&self, about: &str) -> Goal {
        let mut choices = [None; Ask::MOST_CHOICES];
        for (room, choice) in choices.iter_mut().zip(self.choices) {
            *room = Some(EngineChoice {
                decision: decision(choice.decision),
                step: choice.call.map(CallRules::plan),
            });
        }
        Goal::Ask(Ask {
            code: code(self.reason),
            pin: pin(about),
            choices,
        })
    }
}

/// A decision in the engine's words, to which those of kinds are numbers.
pub fn decision(decision: Decision) -> EngineDecision {
    match decision {
        Decision::SendAgain => EngineDecision::SendAgain,
        Decision::LookAgain => EngineDecision::LookAgain,
        Decision::AssumeDone => EngineDecision::AssumeDone,
        Decision::GiveUp => EngineDecision::GiveUp,
        of_a_kind => EngineDecision::OfKind(of_a_kind as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Group;
    use crate::operations::{Kind, Visitor, each_kind};

    /// The engine leaves out what has no room, and takes no other decision.
    #[test]
    fn each_question_of_a_kind_fits_into_the_engine() {
        struct Questions;
        impl Visitor for Questions {
            type Output = &'static [Question];

            fn visit<K: Kind>(&mut self) -> Self::Output {
                for question in K::QUESTIONS {
                    let steps = question.choices.iter().filter_map(|choice| choice.call);
                    for step in steps {
                        assert!(K::CALLS.iter().any(|own| own.key == step.key));
                    }
                }
                K::QUESTIONS
            }
        }
        let all = each_kind(&mut Questions).concat();
        assert!(all.len() > 2);
        for question in all {
            assert_eq!(question.reason.group(), Group::Held);
            let choices = question.choices;
            assert!(choices.len() <= Ask::MOST_CHOICES, "{}", question.reason);
            for choice in choices {
                let known = decision(choice.decision);
                let by_reading =
                    matches!(known, EngineDecision::LookAgain | EngineDecision::OfKind(_));
                assert!(by_reading, "{}: {}", question.reason, choice.decision);
                assert!(choice.meaning.len() > 20);
            }
        }
    }
}
