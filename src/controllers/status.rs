//! Status: what the engine reports, as it is written. Pure. The way back, from what is
//! stored to the engine's words, is in `stored`; the sentence for people in `summary`.

mod stored;
mod summary;

use errand_engine::{
    Answer, Change, Code, Decision as EngineDecision, End, Hold as EngineHold, How,
    INTENT_NOT_STORED, Report, Step, Tick,
};
use kube::Resource as _;

use self::stored::hold_number;
pub(super) use self::stored::{approved, claimed_step, stored, verdict, wish};
use super::troubles::said;
use crate::api::{
    AnswerWord, Condition, Decision, Hold, LedgerObject, LocalRef, PlanStatus, Reason, State,
    Status, StepStatus, Timestamp,
};
use crate::cloud::Refusal;
use crate::operations::{Assessment, Claimant, Kind, Object, digest};

/// The first step and this many of the last are kept.
const KEPT_STEPS: usize = 15;

/// Asks for a fresh look at the cloud, whatever the object waits for.
const REQUESTED_AT: &str = "errand.cloud/reconcile-requested-at";

/// The last request for a fresh look, shortened to what status can hold.
pub(super) fn requested_at(object: &impl kube::Resource) -> Option<String> {
    let annotations = object.meta().annotations.as_ref()?;
    Some(annotations.get(REQUESTED_AT)?.chars().take(64).collect())
}

/// How a question is told.
fn held(hold: EngineHold) -> Reason {
    match hold {
        EngineHold::AnswerUnknown | EngineHold::OrphanUnknown => Reason::AnswerUnknown,
        EngineHold::ProofTimeout => Reason::ProofTimeout,
        EngineHold::NoRecord => Reason::NoRecord,
        EngineHold::LedgerConflict => Reason::LedgerConflict,
        EngineHold::Unreachable => Reason::DesiredStateUnreachable,
        EngineHold::PausedOnFailure => Reason::RefreshPausedOnFailure,
        EngineHold::Paused => Reason::RefreshPausedAtBatch,
    }
}

fn choices(hold: EngineHold) -> Vec<String> {
    let choices = hold.choices().iter();
    choices.map(|c| format!("{:?}", choice(*c))).collect()
}

fn choice(decision: EngineDecision) -> Decision {
    match decision {
        EngineDecision::SendAgain => Decision::SendAgain,
        EngineDecision::LookAgain => Decision::LookAgain,
        EngineDecision::AssumeDone => Decision::AssumeDone,
        EngineDecision::GiveUp => Decision::GiveUp,
        EngineDecision::Retry => Decision::Retry,
        EngineDecision::Continue => Decision::Continue,
    }
}

/// An answer as it is written.
pub(super) fn answer_word(answer: Answer) -> AnswerWord {
    match answer {
        Answer::Accepted => AnswerWord::Accepted,
        Answer::Refused(_) => AnswerWord::Refused,
        Answer::Unknown => AnswerWord::Unknown,
        Answer::NotSent => AnswerWord::NotSent,
    }
}

/// What a status is rendered from, beside the one that is there.
pub(super) struct Rendering<'a, K: Kind> {
    pub(super) object: &'a K::Object,
    pub(super) change: Change,
    /// The newest look at the cloud, if there was one.
    pub(super) assessment: Option<&'a Assessment<<K::Object as Object>::Observed>>,
    /// Why the last effect could not be carried out.
    pub(super) trouble: Option<&'a str>,
    /// The words of the answer that the change folds in.
    pub(super) said: Option<&'a Refusal>,
    /// A further intent, as it is written.
    pub(super) intent: Option<StepStatus>,
    /// What it claims, for kinds that have a ledger.
    pub(super) claimant: Option<&'a Claimant>,
    /// The operation that is gone, whose call is to be resolved first.
    pub(super) orphan_of: Option<&'a LedgerObject>,
    pub(super) now: Tick,
    /// For the id of a new hold.
    pub(super) random: u64,
}

impl<K: Kind> Rendering<'_, K> {
    /// The status after the change. Equal to the one that is there if the
    /// change changes nothing.
    pub(super) fn status(&self) -> Status<<K::Object as Object>::Observed> {
        let mut status = self.object.status().cloned().unwrap_or_default();
        let now = Timestamp::from_millis(self.now.0);
        self.fold_answer(&mut status);
        if let Some(intent) = &self.intent {
            status.started_at.get_or_insert(now);
            push_step(&mut status.steps, intent.clone());
            status.ledger_ref = self.claimant.map(|claimant| LocalRef {
                name: claimant.ledger(),
            });
            status.step_count = Some(intent.number);
        }
        if let Some(assessment) = self.assessment {
            status.observed = Some(assessment.observed.clone());
        }
        if let (Some(at), Some(step)) = (self.change.look_again, status.steps.last_mut()) {
            step.looked_again_at = Some(Timestamp::from_millis(at.0));
        }
        let (state, reason) = self.words();
        self.render_hold(&mut status, reason, now);
        let summary = self.summary(reason, status.hold.as_ref());
        let desired_state = self.object.desired_state();
        let reopened = status.outcome.is_some() && status.desired_state != desired_state;
        if reopened {
            (status.outcome, status.finished_at) = (None, None);
        }
        status.desired_state = desired_state;
        if let Report::Ended(_) = self.change.report {
            status.outcome = Some(reason.to_string());
            status.finished_at.get_or_insert(now);
        }
        status.plan = match (self.change.report, self.assessment) {
            (Report::Planned, Some(assessment)) => Some(assessment.plan.clone()),
            (Report::Planned, None) => Some(PlanStatus::default()),
            _ => None,
        };
        status.observed_generation = self.object.meta().generation;
        if let Some(requested) = requested_at(self.object) {
            status.last_handled_reconcile_at = Some(requested);
        }
        status.target = Some(self.object.target());
        status.state = Some(state);
        self.render_conditions(&mut status.conditions, state, reason, &summary, now);
        status.summary = Some(summary);
        status
    }

    fn fold_answer(&self, status: &mut Status<<K::Object as Object>::Observed>) {
        let Some((number, answer, at)) = self.change.answer else {
            return;
        };
        let Some(step) = status.steps.iter_mut().find(|s| s.number == number) else {
            return;
        };
        // An unknown answer may become known by looking.
        if step
            .answer
            .is_some_and(|answer| answer != AnswerWord::Unknown)
        {
            return;
        }
        step.answer = Some(answer_word(answer));
        step.answered_at = Some(Timestamp::from_millis(at.0));
        if let Some(said) = self.said {
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            step.http_status = Some(said.status).filter(|status| *status > 0);
            step.ids.clone_from(&said.ids);
            step.code = text(&said.code);
            step.request_id = text(&said.request_id);
            step.message = text(&said.message);
        }
        if let Some(found) = self.assessment.map(|a| &a.ids) {
            step.ids.extend(found.clone());
        }
    }

    fn render_hold(
        &self,
        status: &mut Status<<K::Object as Object>::Observed>,
        reason: Reason,
        now: Timestamp,
    ) {
        let open = status.hold.as_ref().map(|hold| hold_number(&hold.id));
        let ended = matches!(self.change.report, Report::Ended(_));
        if self.change.handled.is_some() && self.change.handled == open || ended {
            let over = status.hold.take().map(|hold| hold.id);
            status.last_handled_hold_id = over.or(status.last_handled_hold_id.take());
        }
        let (Report::Held(hold), None) = (self.change.report, &status.hold) else {
            return;
        };
        status.hold = Some(Hold {
            id: format!("h-{:08x}", self.random & 0xffff_ffff),
            reason: reason.to_string(),
            choices: choices(hold),
            about: match hold.is_of_the_kind() {
                true => self.assessment.and_then(|a| a.about.clone()),
                false => None,
            },
            since: now,
        });
    }

    fn render_conditions(
        &self,
        conditions: &mut Vec<Condition>,
        state: State,
        reason: Reason,
        message: &str,
        now: Timestamp,
    ) {
        let own = self
            .assessment
            .map(|a| a.conditions.as_slice())
            .unwrap_or_default();
        let shared = state.conditions();
        for (type_, status) in shared.iter().chain(own) {
            let before = conditions.iter().position(|c| c.type_ == *type_);
            let last_transition_time = match before.map(|at| &conditions[at]) {
                Some(before) if before.status == *status => before.last_transition_time,
                _ => now,
            };
            let condition = Condition {
                type_: (*type_).to_owned(),
                status: *status,
                observed_generation: self.object.meta().generation,
                last_transition_time,
                reason: reason.to_string(),
                message: message.to_owned(),
            };
            match before {
                Some(at) => conditions[at] = condition,
                None => conditions.push(condition),
            }
        }
    }

    fn words(&self) -> (State, Reason) {
        match (self.change.report, self.object.asked().suspend) {
            (Report::Suspended, false) => (State::Suspended, Reason::SuspendedByConnection),
            (report, _) => words::<K>(self.object, report),
        }
    }
}

/// State and reason of a report.
pub(super) fn words<K: Kind>(object: &K::Object, report: Report) -> (State, Reason) {
    let reason = |code: Code| match code {
        INTENT_NOT_STORED => Reason::IntentNotStored,
        Code(index) => Reason::from_index(index).unwrap_or(Reason::Pending),
    };
    match report {
        Report::Waiting(code) => (State::Waiting, reason(code)),
        Report::BeforeWindow => (State::Waiting, Reason::BeforeWindow),
        Report::Executing => (State::Executing, Reason::Executing),
        Report::Verifying => (State::Verifying, Reason::Verifying),
        Report::ResolvingAnswer => (State::Verifying, Reason::ResolvingAnswer),
        Report::Suspended => (State::Suspended, Reason::SuspendedBySpec),
        Report::Planned => (State::Planned, Reason::PlanReady),
        Report::Blocked(code) => (State::Blocked, reason(code)),
        Report::Held(hold) => (State::Held, held(hold)),
        Report::Ended(End::Succeeded(How::Proven)) => (State::Succeeded, K::done(object)),
        Report::Ended(End::Succeeded(How::AlreadySatisfied)) => {
            (State::Succeeded, K::already(object))
        }
        Report::Ended(End::Lost(code)) => (State::Failed, reason(code)),
        Report::Ended(End::Succeeded(How::Assumed)) => (State::Succeeded, Reason::AssumedDone),
        Report::Ended(End::Refused) => (State::Failed, Reason::Refused),
        Report::Ended(End::WindowMissed) => (State::Failed, Reason::WindowMissed),
        Report::Ended(End::GivenUp) => (State::Failed, Reason::GivenUp),
        // Never stored; told as what was going on.
        Report::Orphaned => (State::Executing, Reason::Executing),
    }
}

/// An intent as it is written, of the object with that uid. What it is about is
/// added by whoever knows that.
pub(super) fn step_status<K: Kind>(uid: &str, step: &Step) -> StepStatus {
    let info = K::STEPS.iter().find(|info| info.key == step.key);
    let name = info.map_or("", |info| info.name);
    let token = info.filter(|info| info.token).map(|_| token(uid, name));
    StepStatus {
        number: step.number,
        id: step_id(uid, step),
        name: name.to_owned(),
        writer: format!("{:016x}", step.writer.0),
        intended_at: Timestamp::from_millis(step.intended.wall.0),
        send_before: Timestamp::from_millis(step.intended.wall.0 + step.window.0),
        token,
        target: None,
        baseline: None,
        body_digest: None,
        answer: None,
        answered_at: None,
        looked_again_at: None,
        http_status: None,
        code: None,
        request_id: None,
        message: None,
        ids: Default::default(),
        unknown: Default::default(),
    }
}

/// The same for every intent of an object's step, so that the cloud takes a
/// repeat for one.
fn token(uid: &str, step: &str) -> String {
    digest(&[uid, step]).chars().take(32).collect()
}

/// Tells an intent from every other, also from those of other objects: the ledger
/// of a target keeps them all, and numbers begin anew where status was emptied.
fn step_id(uid: &str, step: &Step) -> String {
    let object: String = uid.chars().take(8).collect();
    let (writer, at) = (step.writer.0, step.intended.wall.0);
    format!("{writer:016x}-{object}-{at:x}-{}", step.number)
}

fn push_step(steps: &mut Vec<StepStatus>, step: StepStatus) {
    if steps.len() > KEPT_STEPS {
        steps.remove(1);
    }
    steps.push(step);
}

#[cfg(test)]
mod tests;
