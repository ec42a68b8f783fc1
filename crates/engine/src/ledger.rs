//! What a look at the ledger means for the session, and what is written back.

use crate::state::{Closed, Next, State, same_intent};
use crate::types::*;

impl State {
    /// Takes in what the ledger held when the look began.
    pub(crate) fn note_record(&mut self, now: Now, record: Record) {
        self.record = record;
        if record == Record::None {
            // Only a claim could outlive it.
            self.dead = None;
        }
        if let Record::Ours(step) = record {
            self.add_claimed(now, step);
        }
        let open = match record {
            Record::Orphan(step, _) => Some(step),
            _ => self.steps().rfind(Step::is_open),
        };
        self.note_open(now, open);
    }

    /// A claimed step that status does not have may have been sent all the same:
    /// by a process that was killed before its intent was stored, or before
    /// a user emptied status. What the ledger says of a call that status has is the
    /// answer to it: the process that wrote it was killed before it told status.
    fn add_claimed(&mut self, now: Now, mut claimed: Step) {
        let had_no_effect = matches!(claimed.answer, Some(Answer::Refused(_) | Answer::NotSent));
        let same = |step: &Option<Step>| step.is_some_and(|step| same_intent(&step, &claimed));
        if same(&self.unsent) {
            return;
        }
        if same(&self.dead) {
            claimed.answer = Some(Answer::NotSent);
        }
        let Some(stored) = &mut self.stored else {
            return;
        };
        let mut steps = stored.steps.iter();
        match steps.find(|step| same_intent(step, &claimed)) {
            None => {
                stored.steps.push(claimed);
                self.only_claimed = Some(claimed);
            }
            Some(step) if had_no_effect && step.answer.is_none() && self.unstored.is_none() => {
                self.unstored = Some(Step {
                    answer: claimed.answer,
                    answered: Some(now.wall),
                    ..*step
                });
            }
            Some(_) => {}
        }
    }

    /// The effect of the step that was traced is there, which is the last one that may have
    /// acted: that is its answer, if it had none.
    pub(crate) fn note_shown(&mut self, now: Now) {
        let never_sent = [self.unsent, self.dead];
        let never_sent = |step: &Step| {
            let mut known = never_sent.iter().flatten();
            known.any(|known| same_intent(known, step))
        };
        let traced = self.steps().rfind(Step::may_have_acted);
        if let Some(step) = traced.filter(|step| step.is_open() && !never_sent(step))
            && !matches!(self.record, Record::Orphan(..))
        {
            // Of a claim that status does not hold, no answer is ever stored, so what is
            // measured from it must not start again with each session.
            let answered = match self.only_claimed {
                Some(claimed) if same_intent(&claimed, &step) => step.intended.wall,
                _ => now.wall,
            };
            self.unstored = Some(Step {
                answer: Some(Answer::Accepted),
                answered: Some(answered),
                ..step
            });
        }
    }

    /// The question is over without an answer: its premise is gone.
    pub(crate) fn withdraw_question(&mut self, question: Question) {
        self.handled = Some(question.id);
        self.withdrawn = Some(question.hold);
        if let Some(stored) = &mut self.stored {
            stored.hold = None;
        }
    }

    /// A call of this object stands there that the ledger does not have.
    pub(crate) fn contradicts_the_ledger(&self) -> bool {
        let other = matches!(
            self.record,
            Record::Free | Record::Orphan(..) | Record::Spent(_)
        );
        other && self.may_have_acted()
    }

    /// What was written into the ledger stands there, or not.
    pub(crate) fn closed(
        mut self,
        rules: &Rules,
        then: Closed,
        event: Event,
    ) -> (State, Vec<Effect>) {
        match (then, event) {
            (Closed::End(end), Event::Written(..)) => {
                self.unheard = 0;
                self.store(rules, Report::Ended(end), Next::Announce(None))
            }
            (Closed::Observe, Event::Written(now, _)) => {
                self.unheard = 0;
                self.observe(now)
            }
            (Closed::Reread, Event::Written(..)) => {
                self.unheard = 0;
                self.reread()
            }
            // Only spares others a wait; the next claim makes up for it.
            (Closed::Rest(pause), _) => self.rest(pause),
            (Closed::Orphaned, _) => self.orphaned(),
            (_, Event::Forbidden(_, t)) => self.trouble(rules, t),
            (_, Event::NoReply(_)) => self.not_heard(rules),
            (_, _) => self.reread(),
        }
    }

    /// What follows a refusal that will last: others need not wait for it.
    pub(crate) fn release(&self, refused: Step, pause: Span) -> Next {
        let claimed = matches!(self.record, Record::Ours(claim) if same_intent(&claim, &refused));
        match claimed && !self.may_have_acted() {
            true => Next::Close(refused, Closing::NoEffect, Closed::Rest(Some(pause))),
            false => Next::Rest(Some(pause)),
        }
    }

    /// The reply lacks the intent: an older CRD prunes it, or another program rewrites
    /// status. It is never sent, as nothing may be sent without a record, so the target
    /// is free for others.
    pub(crate) fn not_stored(mut self, rules: &Rules) -> (State, Vec<Effect>) {
        self.dead = self.unsent.take();
        let pause = self.keep_decision(rules, rules.recheck);
        let next = match self.dead {
            Some(step) => self.release(step, pause),
            None => Next::Rest(Some(pause)),
        };
        self.store(rules, Report::Blocked(INTENT_NOT_STORED), next)
    }

    /// A plan calls nothing, so it locks the target for no other operation. That its call had no
    /// effect is stored first: a call without a claim would be a contradiction.
    pub(crate) fn unclaim(self, rules: &Rules, claim: Step) -> (State, Vec<Effect>) {
        let (closing, then) = (Closing::NoEffect, Closed::Observe);
        match self.unstored {
            Some(_) => {
                let next = Next::Close(claim, closing, then);
                self.store(rules, Report::Planned(Forecast::Sends), next)
            }
            None => self.close(claim, closing, then),
        }
    }

    /// Deleting sends nothing and undoes nothing; but what came of a call is kept
    /// where the next operation on the target looks, and somebody should hear.
    pub(crate) fn gone(mut self) -> (State, Vec<Effect>) {
        let known = self.unstored.take();
        let never_sent = [self.unsent.take(), known, self.dead.take()];
        let claimed =
            |step: &Step| matches!(self.record, Record::Ours(claim) if same_intent(&claim, step));
        let sent = known.filter(|step| step.answer != Some(Answer::NotSent));
        if let Some(step) = sent {
            let closing = match step.answer {
                Some(Answer::Refused(_)) => self.without_effect(&step),
                answer => Closing::Answered(answer.unwrap_or(Answer::Unknown)),
            };
            return match claimed(&step) {
                true => self.close(step, closing, Closed::Orphaned),
                false => self.orphaned(),
            };
        }
        match never_sent.into_iter().flatten().find(claimed) {
            Some(step) => {
                let closing = self.without_effect(&step);
                self.close(step, closing, Closed::Rest(None))
            }
            None => self.rest(None),
        }
    }

    fn orphaned(mut self) -> (State, Vec<Effect>) {
        self.forget_session();
        let told = Effect::Announce(Report::Orphaned);
        (self, vec![told, Effect::Rest(None)])
    }

    /// What becomes of the claim of a call that had no effect, as its operation goes.
    /// The claim of a repeat also stands for the calls before it, which may have had
    /// one: those with the same token, or that a user had sent again.
    fn without_effect(&self, step: &Step) -> Closing {
        let before = match (step.class, &self.stored) {
            (Class::Token { .. }, _) | (Class::Never, None) => step.number > 1,
            (Class::Never, Some(stored)) => {
                let mut steps = stored.steps.iter();
                steps.any(|other| other.number < step.number && other.may_have_acted())
            }
            (Class::Natural | Class::Provable, _) => false,
        };
        match before {
            true => Closing::Answered(Answer::Unknown),
            false => Closing::NoEffect,
        }
    }
}
