//! The deliberate mistakes that the tests make, none of which is in the library: most stand
//! between the model's shell and the engine's [`step`] and change figures, events or effects;
//! the others are the shell's own.

use super::Scenario;
use errand_engine::*;

macro_rules! mutants {
    ($($(#[$doc:meta])* $mutant:ident,)*) => {
        /// Deliberate mistakes; each must be caught by a property of the model.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Mutant { $($(#[$doc])* $mutant,)* }

        impl Mutant {
            pub(super) const ALL: &[Mutant] = &[$(Mutant::$mutant),*];
        }
    };
}

mutants! {
    /// The intent is written without the resourceVersion precondition.
    NoPrecondition,
    /// An intent that stands there is sent from a cache alone.
    CacheSends,
    /// A step is sent whose intent was not written.
    SendWithoutIntent,
    /// Bytes that were held up by a pause are signed again as they leave.
    SignAgain,
    /// Settle is shorter than the signature's validity.
    SettleShort,
    /// Settle forgets that who lost the lease does not know it at once.
    SettleWithoutLease,
    /// Settle forgets that clocks differ.
    SettleWithoutMargin,
    /// Settle forgets how long a call may take.
    SettleWithoutTimeout,
    /// Settle counts from the time that another process's clock showed.
    RemoteClock,
    /// A reading that is older than its question proves that a step had no effect.
    StaleListAsProof,
    /// One reading proves that something is missing.
    AbsenceOnce,
    /// Refusals that no table lists prove that a step had no effect, once a user has to
    /// fix something.
    RefusalsProve,
    /// A token is trusted for ever.
    TokenForever,
    /// The intent that a decision led to leaves its question open.
    ApprovalTwice,
    /// An answer is not recorded.
    AnswerForgotten,
    /// A step of class `never` is treated as provable.
    NeverAsProvable,
    /// A step of class `never` is sent again like a natural one.
    NeverAsNatural,
    /// What does not show in time counts as not there.
    FailedAtTimeout,
    /// An accepted answer is taken for the effect.
    AcceptedIsSuccess,
    /// A step is sent without a claim.
    NoClaim,
    /// A claim takes the place of whatever the ledger holds.
    ClaimBlind,
    /// A claimed step that status lacks counts as none.
    WipedAsNew,
    /// A claimed step of an operation that is gone counts as none.
    OrphanAsFree,
    /// What the ledger keeps of an operation that has ended counts for nothing.
    SpentAsFree,
    /// An open step that is against what is wanted now is not waited for.
    ContraryIgnored,
    /// Something missing counts, whatever was seen, compared and understood.
    AnyAbsence,
    /// What is not understood is taken for a reading that shows nothing.
    UnclearIsNo,
    /// A decision that ends the operation waits for a reading that tells what is next.
    DecisionNeedsLook,
    /// A decision is used up by what keeps it from being acted on.
    DecisionLost,
    /// A question stays though what it was about is over.
    QuestionStays,
    /// A decision to look again is not taken while the cloud waits or is unclear.
    LookAgainKept,
    /// A shared reading counts for an object for which the cloud was never observed.
    OlderForNew,
    /// A question that was put because of a label ends with that label.
    EditEnds,
    /// That nothing is there counts as the effect of a call that may have acted.
    NothingProves,
    /// A call of which nothing can be understood is waited for without an end.
    UnclearWaits,
    /// A question of the kind ends with a reading that is not understood.
    UnclearWithdraws,
    /// Whether a window has passed is told by a clock that is wrong.
    SkewIgnored,
    /// A plan does what it tells.
    PlanActs,
    /// A session that is to look again does not.
    NoWake,
    /// An accepted resume whose effect does not show yet counts for nothing once
    /// something else is wanted.
    ResumeForgotten,
}

/// The figures, the events and the effects that the mistake changes.
impl Scenario {
    /// The engine's step, with the mistake around it.
    pub(super) fn step(&self, mut state: State, event: Event) -> (State, Vec<Effect>) {
        let Some(mutant) = self.mutant else {
            return step(&self.rules, state, event);
        };
        let rules = mutant.figures(&self.rules);
        let idle = state.at_rest();
        let told = match event.clone() {
            Event::Woken(now, stored) => Event::Woken(now, mutant.woken(stored)),
            Event::Recalled(now, record) => Event::Recalled(now, mutant.record(&state, record)),
            Event::Observed(now, view) => mutant.observed(&rules, &mut state, now, view),
            other => other,
        };
        let (mut state, mut effects) = step(&rules, state, told);
        self.name_the_true_class(&mut state, &mut effects);
        let now = event.decides_at().unwrap_or_default();
        let at_once = match (mutant, effects.last(), &event) {
            (Mutant::CacheSends, Some(Effect::Read), Event::Woken(..)) if idle => Some(event),
            (Mutant::NoClaim, Some(Effect::Claim(_)), _) => Some(Event::Permitted(now)),
            (Mutant::SendWithoutIntent, Some(Effect::Intend(..)), _) => {
                Some(Event::Written(now, true))
            }
            _ => {
                let reading = match event {
                    Event::Observed(_, view) => Some(view.goal),
                    _ => None,
                };
                for effect in &mut effects {
                    mutant.carried_out(&state, reading, effect);
                }
                None
            }
        };
        match at_once {
            Some(answer) => step(&rules, state, answer),
            None => (state, effects),
        }
    }

    /// What was planned as another class is recorded as what it is.
    fn name_the_true_class(&self, state: &mut State, effects: &mut [Effect]) {
        let steps = effects.iter_mut().filter_map(|effect| match effect {
            Effect::Claim(step) | Effect::Close(step, _) | Effect::Intend(step, _) => Some(step),
            _ => None,
        });
        for step in steps.chain(state.inside().unsent) {
            step.class = self.plan(self.call(step.key)).class;
        }
    }
}

impl Mutant {
    fn figures(self, rules: &Rules) -> Rules {
        let mut rules = *rules;
        let zero = Span(0);
        match self {
            Mutant::SettleShort => {
                (rules.validity, rules.lease) = (zero, zero);
                (rules.margin, rules.call_timeout) = (zero, zero);
            }
            Mutant::SettleWithoutLease => rules.lease = zero,
            Mutant::SettleWithoutMargin => rules.margin = zero,
            Mutant::SettleWithoutTimeout => rules.call_timeout = zero,
            Mutant::AbsenceOnce => rules.readings_of_absence = 1,
            _ => {}
        }
        rules
    }

    fn woken(self, mut stored: Stored) -> Stored {
        match (self, &mut stored.hold) {
            // It seems to be about another target, so that the engine withdraws it.
            (Mutant::EditEnds, Some(question))
                if question.hold == Hold::NoRecord && !stored.restored =>
            {
                question.pin = Pin(u64::MAX);
            }
            (Mutant::PlanActs, _) => stored.wish.execute = true,
            _ => {}
        }
        stored
    }

    fn record(self, state: &State, record: Record) -> Record {
        let wiped = |step: &Step| state.steps().all(|s| s.intent() != step.intent());
        match (self, record) {
            (Mutant::WipedAsNew, Record::Ours(step)) if wiped(&step) => Record::Free,
            (Mutant::OrphanAsFree, Record::Orphan(..)) => Record::Free,
            (Mutant::SpentAsFree, Record::Spent(_)) => Record::Free,
            (_, record) => record,
        }
    }

    fn observed(self, rules: &Rules, state: &mut State, now: Now, mut view: View) -> Event {
        view.record = self.record(state, view.record);
        match self {
            Mutant::RemoteClock => sees_since_the_intent(state, now, view.record),
            Mutant::DecisionNeedsLook if is_ending(state) => {
                return match view.goal {
                    Goal::Wait(..) | Goal::Block(_) | Goal::Unclear => {
                        Event::Unobserved(now, NOT_TOLD)
                    }
                    _ => Event::Recalled(now, view.record),
                };
            }
            Mutant::StaleListAsProof => view.started = view.started.max(state.asked()),
            Mutant::OlderForNew if view.shared && shows_to_many(state, view.goal) => {
                view.started = view.started.max(state.asked());
            }
            Mutant::ContraryIgnored => view.past.contrary = false,
            Mutant::SkewIgnored => view.skewed = false,
            _ => {}
        }
        view.goal = match view.goal {
            Goal::Act(plan) => Goal::Act(Plan {
                class: self.class(rules, state, &view.past, plan),
                ..plan
            }),
            Goal::Reached(evidence) => Goal::Reached(self.evidence(evidence)),
            Goal::Lost(code, evidence) => Goal::Lost(code, self.evidence(evidence)),
            Goal::Unclear if self == Mutant::UnclearIsNo => Goal::Reached(Evidence::Presence),
            Goal::Unclear if self == Mutant::UnclearWithdraws && asks_for_the_kind(state) => {
                Goal::Wait(OBSERVATION_UNCLEAR, None)
            }
            goal => goal,
        };
        Event::Observed(now, view)
    }

    fn class(self, rules: &Rules, state: &State, past: &Past, plan: Plan) -> Class {
        let refused = || {
            let sent = |step: &Step| {
                step.key == plan.key
                    && step.number > past.over
                    && step.answer != Some(Answer::NotSent)
            };
            let last = state.steps().rev().filter(sent);
            let row = last.take_while(|step| step.answer == Some(Answer::Unlisted));
            row.count() >= usize::from(rules.refusals)
        };
        match (self, plan.class) {
            (Mutant::TokenForever, Class::Token { .. }) => Class::Natural,
            (Mutant::RefusalsProve, Class::Provable) if refused() => Class::Natural,
            (Mutant::NeverAsProvable, Class::Never) => Class::Provable,
            (Mutant::NeverAsNatural, Class::Never) => Class::Natural,
            (_, class) => class,
        }
    }

    fn evidence(self, evidence: Evidence) -> Evidence {
        let full = Evidence::Absence(Witness::FULL);
        match (self, evidence) {
            (Mutant::AnyAbsence, Evidence::Absence(_) | Evidence::Nothing { .. })
            | (Mutant::NothingProves, Evidence::Nothing { understood: true }) => full,
            (_, evidence) => evidence,
        }
    }

    /// What is done in place of that effect; `reading` is what led to it, if it was one.
    fn carried_out(self, state: &State, reading: Option<Goal>, effect: &mut Effect) {
        match effect {
            Effect::Recall if self == Mutant::DecisionNeedsLook && is_ending(state) => {
                *effect = Effect::Observe;
            }
            Effect::Intend(_, change) if self == Mutant::ApprovalTwice => change.handled = None,
            Effect::Intend(_, change) | Effect::Store(change) => {
                self.stored(state, reading, change);
            }
            _ => {}
        }
    }

    fn stored(self, state: &State, reading: Option<Goal>, change: &mut Change) {
        let question = state.object().and_then(|stored| stored.hold);
        let mut steps = state.steps();
        match (self, change.report, reading) {
            (Mutant::AnswerForgotten, ..) => change.answer = None,
            (Mutant::FailedAtTimeout, Report::Held(Hold::ProofTimeout), _)
                if question.is_none() =>
            {
                change.report = Report::Ended(End::Lost(Code(0)));
            }
            (Mutant::AcceptedIsSuccess, Report::Verifying, Some(_))
                if steps.any(|step| step.answer == Some(Answer::Accepted)) =>
            {
                change.report = Report::Ended(End::Succeeded(How::Proven));
            }
            (Mutant::UnclearWaits, report, Some(Goal::Unclear)) if question.is_none() => {
                let doubts = [Report::ResolvingAnswer, Report::Held(Hold::AnswerUnknown)];
                if doubts.contains(&report) {
                    change.report = Report::Waiting(OBSERVATION_UNCLEAR);
                }
            }
            (Mutant::QuestionStays, ..) if state.withdrawn().is_some() => change.handled = None,
            (Mutant::DecisionLost, ..) => {
                if let (Some(question), Some(report)) = (question, change.in_the_way.take()) {
                    change.handled = Some(question.id);
                    change.report = report;
                }
            }
            (Mutant::LookAgainKept, _, Some(goal)) if change.look_again.is_some() => {
                let report = match goal {
                    Goal::Wait(code, _) => Report::Waiting(code),
                    Goal::Block(code) => Report::Blocked(code),
                    Goal::Unclear => Report::Waiting(OBSERVATION_UNCLEAR),
                    _ => return,
                };
                let hold = question.expect("a question was decided").hold;
                change.report = Report::Held(hold);
                (change.handled, change.look_again) = (None, None);
                change.in_the_way = Some(report);
            }
            _ => {}
        }
    }
}

const NOT_TOLD: Trouble = Trouble {
    code: Code(0),
    blocked: false,
    quiet: 0,
    pause: None,
    refused: false,
};

/// As if this process had seen the open step since the time that is written in it.
fn sees_since_the_intent(state: &mut State, now: Now, record: Record) {
    let open = match record {
        Record::Orphan(step, _) => Some(step),
        Record::Ours(step) if state.steps().all(|s| s.intent() != step.intent()) => Some(step),
        _ => state.steps().rfind(Step::is_open),
    };
    if let Some(step) = open {
        let wall = step.intended.wall;
        let mono = Tick(now.mono.0 - (now.wall.0 - wall.0));
        *state.inside().seen = Some((step.intent(), Now { wall, mono }));
    }
}

/// The question that stands there has an answer that ends the operation.
fn is_ending(state: &State) -> bool {
    let stored = state.object();
    stored.is_some_and(|stored| match (stored.hold, stored.wish.decision) {
        (Some(question), Some((id, decision))) => {
            question.hold != Hold::OrphanUnknown && question.id == id && decision.ends()
        }
        _ => false,
    })
}

fn asks_for_the_kind(state: &State) -> bool {
    let stored = state.object();
    stored.is_some_and(|stored| stored.hold.is_some_and(|q| q.hold.is_of_the_kind()))
}

/// A shared reading may be older than the question where it shows this, and nothing was
/// done.
fn shows_to_many(state: &State, goal: Goal) -> bool {
    let shows = match goal {
        Goal::Reached(evidence) | Goal::Lost(_, evidence) => evidence == Evidence::Presence,
        goal => matches!(goal, Goal::Wait(..)),
    };
    shows && state.steps().next().is_none()
}
