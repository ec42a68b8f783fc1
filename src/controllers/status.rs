//! Status: what the engine reports, as it is written. Pure. The way back, from what is
//! stored to the engine's words, is in `stored`; the sentence for people in `summary`.

mod cloud_error;
mod minimal;
mod stored;
mod summary;

use errand_engine::{
    Answer, CLOCK_SKEW, CLOUD_REFUSES, Change, Code, Decision as EngineDecision, End, Forecast,
    Goal, Hold as EngineHold, How, INTENT_NOT_STORED, OBSERVATION_UNCLEAR, Report, Step, Tick,
};
use kube::Resource as _;

pub(super) use self::stored::{approved, claimed_step, reason, stored, verdict, wish};
use self::stored::{hold_number, restored};
use super::fit::fitted;
use super::overdue;
use crate::api::{
    AnswerWord, Condition, Decision, Hold, LedgerClaim, LocalRef, LockedBy, ObservedFor,
    PlanStatus, REQUESTED_AT, Reason, State, Status, StepStatus, Timestamp,
};
use crate::cloud::{Reading, Refusal};
use crate::operations::{
    Assessment, Call, Claimant, Kind, Object, Question, code, decision, digest, reason_of_code,
};
use crate::text;

/// The first step and this many of the last are kept.
const KEPT_STEPS: usize = 15;

/// Conditions that the schema takes.
const MOST_CONDITIONS: usize = 16;

/// Leaves no more conditions than the schema takes, or the API server would refuse the
/// whole status: the last of those that are not ours go.
pub(super) fn limit<C>(conditions: &mut Vec<C>, ours: impl Fn(&C) -> bool) {
    while conditions.len() > MOST_CONDITIONS
        && let Some(at) = conditions.iter().rposition(|condition| !ours(condition))
    {
        conditions.remove(at);
    }
}

/// The last request for a fresh look, shortened to what status can hold.
pub(super) fn requested_at(object: &impl kube::Resource) -> Option<String> {
    let annotations = object.meta().annotations.as_ref()?;
    Some(text::line(annotations.get(REQUESTED_AT)?, 64))
}

/// How a question is told.
fn held(hold: EngineHold) -> Reason {
    match hold {
        EngineHold::AnswerUnknown | EngineHold::OrphanUnknown => Reason::ANSWER_UNKNOWN,
        EngineHold::ProofTimeout => Reason::PROOF_TIMEOUT,
        EngineHold::NoRecord => Reason::NO_RECORD,
        EngineHold::LedgerConflict => Reason::LEDGER_CONFLICT,
        EngineHold::OfKind(code) => reason_of_code(code).unwrap_or(Reason::ANSWER_UNKNOWN),
    }
}

/// The word of a question, as it is stored: its reason's, which is another question's
/// for one of them.
fn question(hold: EngineHold) -> String {
    match hold {
        EngineHold::OrphanUnknown => "OrphanUnknown".to_owned(),
        hold => held(hold).to_string(),
    }
}

/// What a question offers: what its kind says, and then what the protocol does.
fn choices<K: Kind>(hold: EngineHold) -> Vec<String> {
    let asked = |question: &&Question| EngineHold::OfKind(code(question.reason)) == hold;
    let question = K::QUESTIONS.iter().find(asked);
    let own = question.map_or(&[][..], |question| question.choices);
    let own = own.iter().map(|choice| choice.decision.word());
    let shared = hold.choices().iter().map(|choice| decision_word(*choice));
    own.chain(shared).map(str::to_owned).collect()
}

/// Every question: those of the protocol, and those of kinds.
#[cfg(test)]
pub(super) fn every_question() -> Vec<EngineHold> {
    struct Questions;
    impl crate::operations::Visitor for Questions {
        type Output = Vec<EngineHold>;

        fn visit<K: Kind>(&mut self) -> Self::Output {
            let own = K::QUESTIONS.iter();
            own.map(|own| EngineHold::OfKind(code(own.reason)))
                .collect()
        }
    }
    let mut all = EngineHold::SHARED.to_vec();
    all.extend(crate::operations::each_kind(&mut Questions).concat());
    all.sort();
    all.dedup();
    all
}

/// The word of a decision, as it is stored.
pub(super) fn decision_word(chosen: EngineDecision) -> &'static str {
    let mut all = Decision::ALL.into_iter();
    let known = all.find(|known| decision(*known) == chosen);
    known.map_or("Unknown", Decision::word)
}

/// An answer as it is written.
pub(super) fn answer_word(answer: Answer) -> AnswerWord {
    match answer {
        Answer::Accepted => AnswerWord::Accepted,
        Answer::Refused(_) => AnswerWord::Refused,
        Answer::Unknown | Answer::Unlisted => AnswerWord::Unknown,
        Answer::NotSent => AnswerWord::NotSent,
    }
}

/// What the cloud said to a call, and how that is read.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) refusal: Refusal,
    /// Of a refusal.
    pub(super) reading: Option<Reading>,
}

/// What a status is rendered from, beside the one that is there.
pub(super) struct Rendering<'a, K: Kind> {
    pub(super) object: &'a K::Object,
    pub(super) change: Change,
    /// The newest look at the cloud, if there was one.
    pub(super) assessment: Option<&'a Assessment<<K::Object as Object>::Observed>>,
    /// Why the last effect could not be carried out.
    pub(super) trouble: Option<&'a str>,
    /// What the cloud said, if that is why.
    pub(super) failed: Option<&'a Refusal>,
    /// The words of the answer that the change folds in, and how it was read.
    pub(super) said: Option<&'a Said>,
    /// A further intent, as it is written.
    pub(super) intent: Option<StepStatus>,
    /// What the observation is about; absent: there was none.
    pub(super) at: Option<&'a ObservedFor>,
    /// Which operation holds the target.
    pub(super) locked_by: Option<&'a LockedBy>,
    /// What it claims, for kinds that have a ledger.
    pub(super) claimant: Option<&'a Claimant>,
    /// The call of an operation that is gone, which is to be resolved first.
    pub(super) orphan: Option<&'a LedgerClaim>,
    /// The operation's own call as the ledger has it.
    pub(super) claim: Option<&'a LedgerClaim>,
    pub(super) now: Tick,
    /// For the id of a new hold.
    pub(super) random: u64,
}

/// The message of a step whose answer is known by looking alone.
const FOUND: &str = "The call had no readable answer; its effect was found in the cloud.";

impl<K: Kind> Rendering<'_, K> {
    /// The status after the change, as the API server takes it. Equal to the one that is
    /// there if the change changes nothing.
    pub(super) fn status(&self) -> Status<<K::Object as Object>::Observed> {
        let kind = K::Object::kind(&());
        fitted(&kind, self.rendered(), self.object.status())
    }

    fn rendered(&self) -> Status<<K::Object as Object>::Observed> {
        let mut status = self.object.status().cloned().unwrap_or_default();
        let now = Timestamp::from_millis(self.now.0);
        self.fold_answer(&mut status);
        if let Some(intent) = &self.intent {
            status.started_at.get_or_insert(now);
            push_step(&mut status.steps, intent.clone());
            status.step_count = Some(intent.number);
        }
        // A question about a claim has to find it again, also without a connection.
        let claims = self.intent.is_some() || matches!(self.change.report, Report::Held(_));
        if claims && let Some(claimant) = self.claimant {
            // The target may be another one than that of an earlier question.
            status.ledger_ref = Some(LocalRef {
                name: claimant.ledger(),
            });
        }
        let ledger = K::CALLS.iter().any(|call| call.ledger);
        if ledger && status.steps.is_empty() && restored(self.object) {
            status.restored = Some(true);
        }
        if let (Some(assessment), Some(at)) = (self.assessment, self.at) {
            status.observed = Some(assessment.observed.clone());
            status.observed_for = Some(at.clone());
        }
        if let Some((number, at)) = self.change.look_again {
            let is_it = |step: &StepStatus| step.number == number;
            let claim = self.claim.filter(|claim| claim.number == number);
            if let Some(claim) = claim.filter(|_| !status.steps.iter().any(is_it)) {
                // Status was emptied, and has to tell of this.
                push_step(&mut status.steps, claimed_status::<K>(claim));
                status.step_count = Some(number);
            }
            let step = status.steps.iter_mut().find(|step| is_it(step));
            let at = Timestamp::from_millis(at.0);
            step.into_iter()
                .for_each(|step| step.looked_again_at = Some(at));
        }
        let (state, reason) = self.words();
        self.render_hold(&mut status, reason, now);
        let same = self.throttled_again(reason);
        status.last_cloud_error = match same {
            Some((error, _)) => Some(error.clone()),
            None => self.cloud_error(&status, reason),
        };
        let error = status.last_cloud_error.as_ref();
        let summary = match same {
            Some((_, summary)) => summary.clone(),
            None => self.summary(reason, status.hold.as_ref(), error),
        };
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
            (Report::Planned(_), Some(_)) => Some(plan(self.planned())),
            (Report::Planned(_), None) => Some(PlanStatus::default()),
            _ => None,
        };
        status.locked_by = match reason {
            Reason::TARGET_LOCKED => self.locked_by.cloned(),
            _ => None,
        };
        status.observed_generation = self.object.meta().generation;
        if let Some(requested) = requested_at(self.object) {
            status.last_handled_reconcile_at = Some(requested);
        }
        status.target = Some(self.object.target());
        status.state = Some(state);
        status.waiting = overdue::waiting(self.object, state, reason, now, status.waiting.take());
        self.render_conditions(&mut status.conditions, state, reason, &summary, now);
        overdue::end(&mut status, self.object.meta().generation, now);
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
        let known = |answer: Answer| answer_word(answer) != AnswerWord::Unknown;
        if step.answer.is_some() && !known(answer) {
            // It is as unknown as before.
            return;
        }
        // An unknown answer may become known by looking.
        if step
            .answer
            .is_some_and(|answer| answer != AnswerWord::Unknown)
        {
            return;
        }
        let before = step.answer.replace(answer_word(answer));
        step.answered_at = Some(Timestamp::from_millis(at.0));
        if let Some(Said {
            refusal: said,
            reading,
        }) = self.said
        {
            let words = reading.map(Reading::words);
            step.reading = words.map(|(word, _)| word.to_owned());
            step.reading_reason = words.and_then(|(_, reason)| Some(reason?.to_string()));
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            step.http_status = Some(said.status).filter(|status| *status > 0);
            step.ids.clone_from(&said.ids);
            step.code = text(&said.code);
            step.request_id = text(&said.request_id);
            step.message = text(&said.message);
        } else if before.is_some() {
            // What was said of the call while its answer was unknown does not stand
            // beside the one that is known by looking.
            (step.http_status, step.code) = (None, None);
            (step.reading, step.reading_reason) = (None, None);
            step.message = Some(FOUND.to_owned());
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
            question: Some(question(hold)),
            choices: choices::<K>(hold),
            about: match hold {
                EngineHold::OrphanUnknown => self.orphan.map(|claim| claim.step_id.clone()),
                EngineHold::NoRecord => self.claimant.map(Claimant::ledger),
                _ if hold.is_of_the_kind() => self.assessment.and_then(|a| a.about.clone()),
                _ => None,
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
        let shared = match self.change.report {
            Report::Planned(forecast) if fails(forecast) => State::failing_plan(),
            _ => state.conditions(),
        };
        for (type_, status) in shared.iter().chain(own) {
            let before = conditions.iter().position(|c| c.type_ == *type_);
            let last_transition_time = match before.map(|at| &conditions[at]) {
                Some(before) if before.status == *status => before.since().unwrap_or(now),
                _ => now,
            };
            let condition = Condition {
                type_: (*type_).to_owned(),
                status: *status,
                observed_generation: self.object.meta().generation,
                last_transition_time: Some(last_transition_time),
                reason: reason.to_string(),
                message: message.to_owned(),
            };
            match before {
                Some(at) => conditions[at] = condition,
                None => conditions.push(condition),
            }
        }
        let ours = |type_: &str| shared.iter().chain(own).any(|(our, _)| *our == type_);
        limit(conditions, |condition| ours(&condition.type_));
    }

    /// The calls that executing the plan would send, now or later.
    fn planned(&self) -> &[Call] {
        let open = [EngineHold::AnswerUnknown, EngineHold::ProofTimeout];
        match (self.change.report, self.assessment) {
            (Report::Planned(Forecast::Ended(_)), _) => &[],
            // The own call that is under way is not announced once more.
            (Report::Planned(Forecast::Resolves), _) if self.orphan.is_none() => &[],
            (Report::Planned(Forecast::Held(hold)), _) if open.contains(&hold) => &[],
            (_, Some(assessment)) if matches!(assessment.goal, Goal::Act(_)) => &assessment.calls,
            _ => &[],
        }
    }

    fn words(&self) -> (State, Reason) {
        match (self.change.report, self.object.asked().suspend) {
            (Report::Suspended, false) => (State::Suspended, Reason::SUSPENDED_BY_CONNECTION),
            (report, _) => words::<K>(self.object, report),
        }
    }
}

/// These calls as they are shown, shortened to what status can hold.
fn plan(calls: &[Call]) -> PlanStatus {
    PlanStatus {
        steps: calls
            .iter()
            .map(|call| text::line(&call.line(), 256))
            .collect(),
        paid: calls.iter().any(|call| call.rules.payment.is_some()),
        calls: calls.iter().map(Call::status).collect(),
    }
}

/// Executing the plan now would not lead to what is asked for, and needs somebody.
fn fails(forecast: Forecast) -> bool {
    match forecast {
        Forecast::Sends | Forecast::Waits(_) | Forecast::BeforeWindow | Forecast::Resolves => false,
        Forecast::Ended(End::Succeeded(_)) => false,
        Forecast::Blocked(_) | Forecast::Held(_) | Forecast::Ended(_) => true,
    }
}

/// State and reason of a report.
pub(super) fn words<K: Kind>(object: &K::Object, report: Report) -> (State, Reason) {
    let reason = |code: Code| match code {
        INTENT_NOT_STORED => Reason::INTENT_NOT_STORED,
        OBSERVATION_UNCLEAR => Reason::OBSERVATION_UNCLEAR,
        CLOCK_SKEW => Reason::CLOCK_SKEW,
        CLOUD_REFUSES => Reason::CLOUD_REFUSES,
        code => reason_of_code(code).unwrap_or(Reason::PENDING),
    };
    match report {
        Report::Waiting(code) => (State::Waiting, reason(code)),
        Report::BeforeWindow => (State::Waiting, Reason::BEFORE_WINDOW),
        Report::Executing => (State::Executing, Reason::EXECUTING),
        Report::Verifying => (State::Verifying, Reason::VERIFYING),
        Report::ResolvingAnswer => (State::Verifying, Reason::RESOLVING_ANSWER),
        Report::Suspended => (State::Suspended, Reason::SUSPENDED_BY_SPEC),
        Report::Planned(forecast) => {
            let would = match forecast {
                Forecast::Sends | Forecast::Ended(End::Succeeded(_)) => {
                    return (State::Planned, Reason::PLAN_READY);
                }
                Forecast::Waits(code) => Report::Waiting(code),
                Forecast::BeforeWindow => Report::BeforeWindow,
                Forecast::Resolves => Report::ResolvingAnswer,
                Forecast::Blocked(code) => Report::Blocked(code),
                Forecast::Held(hold) => Report::Held(hold),
                Forecast::Ended(end) => Report::Ended(end),
            };
            (State::Planned, words::<K>(object, would).1)
        }
        Report::Blocked(code) => (State::Blocked, reason(code)),
        Report::Held(hold) => (State::Held, held(hold)),
        Report::Ended(End::Succeeded(How::Proven)) => (State::Succeeded, K::done(object)),
        Report::Ended(End::Succeeded(How::AlreadySatisfied)) => {
            (State::Succeeded, K::already(object))
        }
        Report::Ended(End::Lost(code)) => (State::Failed, reason(code)),
        Report::Ended(End::Succeeded(How::Assumed)) => (State::Succeeded, Reason::ASSUMED_DONE),
        Report::Ended(End::Refused) => {
            let accepted = |step: &StepStatus| step.answer == Some(AnswerWord::Accepted);
            let halfway = object
                .status()
                .is_some_and(|s| s.steps.iter().any(accepted));
            match halfway {
                true => (State::Failed, Reason::REFUSED_HALFWAY),
                false => (State::Failed, Reason::REFUSED),
            }
        }
        Report::Ended(End::WindowMissed) => (State::Failed, Reason::WINDOW_MISSED),
        Report::Ended(End::GivenUp) => (State::Failed, Reason::GIVEN_UP),
        // Never stored; told as what was going on.
        Report::Orphaned => (State::Executing, Reason::EXECUTING),
        // The same, as the question that it is about.
        Report::Withdrawn(hold) => (State::Held, held(hold)),
    }
}

/// An intent as it is written, of the object with that uid. What it is about is
/// added by whoever knows that.
pub(super) fn step_status<K: Kind>(uid: &str, step: &Step) -> StepStatus {
    let info = K::CALLS.iter().find(|info| info.key == step.key);
    let name = info.map_or("", |info| info.name);
    let token = info
        .filter(|info| info.mutation.token.is_some())
        .map(|_| token(uid, name));
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
        call: None,
        request_digest: None,
        answer: None,
        answered_at: None,
        looked_again_at: None,
        http_status: None,
        code: None,
        reading: None,
        reading_reason: None,
        request_id: None,
        message: None,
        ids: Default::default(),
        unknown: Default::default(),
    }
}

/// The same of a call whose effect was found and that only the ledger has.
fn claimed_status<K: Kind>(claim: &LedgerClaim) -> StepStatus {
    StepStatus {
        id: claim.step_id.clone(),
        name: claim.step.clone(),
        writer: claim.writer.clone(),
        body_digest: Some(claim.body_digest.clone()),
        call: claim.call.clone(),
        answer: Some(AnswerWord::Accepted),
        answered_at: Some(claim.claimed_at),
        ids: claim.ids.clone(),
        ..step_status::<K>("", &claimed_step::<K>(claim))
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
mod fixtures;
#[cfg(test)]
mod tests;
