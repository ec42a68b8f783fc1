//! The protocol by example: one operation, one process, and a script of what the
//! API server and the cloud answer. What several processes do to one another is
//! the model's business (`tests/model`).

mod absence;
mod answers;
mod asking;
mod decisions;
mod evidence;
mod gone;
mod intents;
mod ledger;
mod plans;
mod premises;
mod refusals;
mod sending;
#[path = "../tests/shared/stored.rs"]
mod stored;
mod telling;
mod unknown;
mod waiting;

use crate::*;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const ME: Writer = Writer(7);
const NATURAL: Plan = plan(0, Class::Natural);
const NEVER: Plan = plan(0, Class::Never);
const PROVABLE: Plan = plan(0, Class::Provable);
const TOKEN: Plan = plan(
    0,
    Class::Token {
        trust: Span(10 * MINUTE),
    },
);
const BUSY: Code = Code(40);
const GONE: Code = Code(41);
const FORBIDDEN: Code = Code(42);
const SEEN: Goal = Goal::Reached(Evidence::Presence);
const MISSING: Goal = Goal::Reached(Evidence::Absence(Witness::FULL));

/// Passes by itself; told after three in a row.
const AWAY: Trouble = Trouble {
    code: Code(50),
    blocked: false,
    quiet: 3,
    pause: None,
    refused: false,
};
/// As the shell words a 429.
const THROTTLED: Trouble = Trouble {
    code: Code(51),
    blocked: false,
    quiet: 0,
    pause: None,
    refused: false,
};

/// Questions of a kind, and the decisions that it offers.
const STANDS: Code = Code(60);
const FAILED: Code = Code(61);
const UNREACHABLE: Code = Code(62);
const GO_ON: Decision = Decision::OfKind(1);
const RETRY: Decision = Decision::OfKind(2);

/// A decision of a kind leads to one of these.
const GOING_ON: Plan = plan(3, Class::Provable);
const RETRYING: Plan = plan(2, Class::Provable);

/// Every question.
const HOLDS: [Hold; 8] = {
    let [a, b, c, d, e] = Hold::SHARED;
    let of = Hold::OfKind;
    [a, b, c, d, e, of(STANDS), of(FAILED), of(UNREACHABLE)]
};

/// What the kind asks about that.
fn asks(code: Code, pin: u64) -> Goal {
    let choice = |decision, step| Some(Choice { decision, step });
    let mut choices = [None; Ask::MOST_CHOICES];
    match code {
        UNREACHABLE => choices[0] = choice(Decision::LookAgain, None),
        _ => choices[0] = choice(GO_ON, Some(GOING_ON)),
    }
    if code == FAILED {
        choices[1] = choice(RETRY, Some(RETRYING));
    }
    Goal::Ask(Ask {
        code,
        pin: Pin(pin),
        choices,
    })
}

/// Every decision that it offers.
fn offers(hold: Hold) -> Vec<Decision> {
    let mut all = hold.choices().to_vec();
    if let Hold::OfKind(code) = hold
        && let Goal::Ask(ask) = asks(code, 1)
    {
        let choices = ask.choices.into_iter().flatten();
        all.extend(choices.map(|choice| choice.decision));
    }
    all
}

const fn plan(key: u8, class: Class) -> Plan {
    Plan {
        key: StepKey(key),
        class,
        ledger: false,
        paid: false,
    }
}

fn rules() -> Rules {
    Rules::new(
        Span(15 * MINUTE),
        Span(10 * MINUTE),
        Span(30 * SECOND),
        Span(15 * SECOND),
    )
}

/// One process, one object, and what happened to them.
struct Script {
    rules: Rules,
    state: State,
    now: Now,
    /// As the API server has it.
    object: Stored,
    report: Option<Report>,
    /// The effect that waits for its event; `None` at rest.
    todo: Option<Effect>,
    /// The pause of the last session.
    wake: Option<Span>,
    announced: Vec<Report>,
    /// What was written, oldest first.
    changes: Vec<Change>,
    /// What was written into the ledger.
    closings: Vec<Closing>,
    writes: usize,
    sends: usize,
    /// What the next look at the ledger finds.
    record: Record,
    /// What the next look at the cloud says of earlier steps.
    past: Past,
    /// By the next look the clocks differ too much.
    skewed: bool,
    /// Every effect since the script began, by name.
    trail: Vec<&'static str>,
}

impl Script {
    fn new() -> Self {
        Script {
            rules: rules(),
            state: State::new(ME),
            now: Now {
                wall: Tick(1_000 * MINUTE),
                mono: Tick(0),
            },
            object: Stored {
                steps: vec![],
                ended: false,
                restored: false,
                seen: false,
                hold: None,
                wish: Wish {
                    changed: false,
                    execute: true,
                    suspended: false,
                    deleting: false,
                    verify_timeout: Span(60 * MINUTE),
                    not_before: None,
                    not_after: None,
                    decision: None,
                },
                deadline: None,
                refused: false,
            },
            report: None,
            todo: None,
            wake: None,
            announced: vec![],
            changes: vec![],
            closings: vec![],
            writes: 0,
            sends: 0,
            record: Record::None,
            past: Past::default(),
            skewed: false,
            trail: vec![],
        }
    }

    fn pass(&mut self, span: i64) -> &mut Self {
        self.now.wall.0 += span;
        self.now.mono.0 += span;
        self
    }

    fn on(&mut self, event: Event) -> &mut Self {
        let (state, effects) = step(&self.rules, self.state.clone(), event);
        self.state = state;
        self.todo = None;
        for effect in effects {
            assert_eq!(self.todo, None, "an effect after one that answers");
            self.trail.push(name(&effect));
            match effect {
                Effect::Announce(report) => self.announced.push(report),
                Effect::Rest(wake) => self.wake = wake,
                other => self.todo = Some(other),
            }
        }
        assert_eq!(self.todo.is_none(), self.state.at_rest());
        self
    }

    /// A session starts with the object as it stands.
    fn wake(&mut self) -> &mut Self {
        let now = self.object.clone();
        self.cached(now);
        match self.todo {
            Some(Effect::Read) => self.read(),
            _ => self,
        }
    }

    /// Woken with the object as a cache has it.
    fn cached(&mut self, object: Stored) -> &mut Self {
        assert_eq!(self.todo, None, "a session is running");
        let event = Event::Woken(self.now, object);
        self.on(event)
    }

    /// The object is read from the API server.
    fn read(&mut self) -> &mut Self {
        assert_eq!(self.todo, Some(Effect::Read));
        let event = Event::Woken(self.now, self.object.clone());
        self.on(event)
    }

    fn sees(&mut self, goal: Goal) -> &mut Self {
        self.sees_with(goal, Trace::NotShown)
    }

    fn sees_with(&mut self, goal: Goal, trace: Trace) -> &mut Self {
        assert_eq!(self.todo, Some(Effect::Observe));
        let view = self.view(goal, trace);
        self.on(Event::Observed(self.now, view))
    }

    /// A complete reading of now.
    fn view(&self, goal: Goal, trace: Trace) -> View {
        View {
            started: self.now.wall,
            goal,
            trace,
            due: Due::SinceAnswer,
            record: self.record,
            past: self.past,
            target: Pin::default(),
            shared: false,
            skewed: self.skewed,
            deadline: None,
        }
    }

    /// The ledger is read for a decision that needs no observation.
    fn recalled(&mut self) -> &mut Self {
        assert_eq!(self.todo, Some(Effect::Recall));
        self.on(Event::Recalled(self.now, self.record))
    }

    fn permitted(&mut self) -> &mut Self {
        assert!(matches!(
            self.todo,
            Some(Effect::Permit(_) | Effect::Claim(_))
        ));
        self.on(Event::Permitted(self.now))
    }

    /// The write that is under way takes place.
    fn arrives(&mut self) -> &mut Self {
        let (intent, change) = match self.todo.clone() {
            Some(Effect::Intend(step, change)) => (Some(step), change),
            Some(Effect::Store(change)) => (None, change),
            other => panic!("no write: {other:?}"),
        };
        let question = self.writes as u64 + 1;
        stored::apply(&mut self.object, intent, change, question);
        self.object.seen |= self.state.judged;
        self.report = Some(change.report);
        self.changes.push(change);
        self.writes += 1;
        self
    }

    fn written(&mut self) -> &mut Self {
        self.arrives();
        self.on(Event::Written(self.now, true))
    }

    fn conflict(&mut self) -> &mut Self {
        assert!(matches!(
            self.todo,
            Some(Effect::Intend(..) | Effect::Store(_))
        ));
        self.on(Event::Conflict)
    }

    fn no_reply(&mut self) -> &mut Self {
        self.on(Event::NoReply(self.now))
    }

    fn answer(&mut self, answer: Answer) -> &mut Self {
        assert!(matches!(self.todo, Some(Effect::Send(_))));
        self.sends += 1;
        self.on(Event::Answered(self.now, answer))
    }

    /// It was not sent, or is refused for now; that is stored, if it is to be told.
    fn unsent(&mut self, trouble: Trouble) -> &mut Self {
        assert!(matches!(self.todo, Some(Effect::Send(_))));
        self.on(Event::Unsent(self.now, trouble));
        match self.todo {
            Some(Effect::Store(_)) => self.written(),
            _ => self,
        }
    }

    /// The process is replaced by another.
    fn restart(&mut self) -> &mut Self {
        self.state = State::new(Writer(self.state.writer().0 + 1));
        self.todo = None;
        self.now.mono = Tick(0);
        self
    }

    /// Up to the answer of a first step.
    fn sent(&mut self, plan: Plan) -> &mut Self {
        self.wake().sees(Goal::Act(plan)).permitted().written()
    }

    fn intent(&self) -> Step {
        match self.todo {
            Some(Effect::Intend(step, _)) => step,
            ref other => panic!("no intent is being written: {other:?}"),
        }
    }

    fn storing(&self) -> Report {
        self.change().report
    }

    fn change(&self) -> Change {
        match &self.todo {
            Some(Effect::Store(change)) => *change,
            other => panic!("nothing is being stored: {other:?}"),
        }
    }

    /// The user answers the open question.
    fn decide(&mut self, decision: Decision) -> &mut Self {
        let question = self.object.hold.expect("a question");
        self.object.wish.decision = Some((question.id, decision));
        self
    }

    fn rests_for(&self) -> Span {
        assert_eq!(self.todo, None, "the session goes on");
        self.wake.expect("rests until its next change only")
    }
}

fn name(effect: &Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Observe => "Observe",
        Effect::Recall => "Recall",
        Effect::Permit(_) => "Permit",
        Effect::Claim(_) => "Claim",
        Effect::Intend(..) => "Intend",
        Effect::Send(_) => "Send",
        Effect::Store(_) => "Store",
        Effect::Close(..) => "Close",
        Effect::Announce(_) => "Announce",
        Effect::Rest(_) => "Rest",
    }
}
