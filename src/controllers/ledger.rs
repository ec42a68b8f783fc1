//! The ledger: one object for each target, in the operator's own namespace, so
//! that it outlives the operations and their namespaces. What a look at it means
//! is decided by the engine; here it is read and written.

use errand_engine::{Closing, Code, Record, Step};
use kube::api::{Api, PostParams};
use kube::core::ObjectMeta;
use kube::{Resource as _, ResourceExt};
use tokio::time::timeout;

use super::connections::Unusable;
use super::context::API_TIMEOUT;
use super::status::{claimed_step, step_status, words};
use super::troubles::{ledger_full, ledger_refused, target_locked};
use crate::api::{
    AnswerWord, LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, OperationLedger,
    OperationLedgerSpec, Reason, StepStatus, Timestamp, Unknown,
};
use crate::cloud::Ids;
use crate::operations::{Claimant, Kind, Object, Recorded};

/// Where the ledgers are.
#[derive(Clone)]
pub(super) struct Ledgers {
    client: kube::Client,
    namespace: String,
}

/// What a look found, and on what version of the ledger a claim builds.
pub(super) struct Look {
    pub(super) claimant: Claimant,
    ledger: OperationLedger,
    me: LedgerObject,
    pub(super) record: Record,
    /// The call whose traces are to be looked for.
    pub(super) open: Option<Recorded>,
    /// Another object that the target is claimed for.
    holder: Option<LedgerObject>,
}

impl Look {
    /// The object that is gone, whose call has to be resolved first.
    pub(super) fn orphan_of(&self) -> Option<&LedgerObject> {
        let open = self.ledger.spec.open.as_ref()?;
        matches!(self.record, Record::Orphan(_)).then_some(&open.object)
    }
}

/// Why a ledger was not written.
pub(super) enum NotWritten {
    /// It is not as it was found.
    Conflict,
    /// Nobody knows.
    NoReply,
    /// It must not be.
    Forbidden(Unusable),
}

impl Ledgers {
    pub(super) fn new(client: kube::Client, namespace: String) -> Self {
        Self { client, namespace }
    }

    fn api(&self) -> Api<OperationLedger> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    async fn get(&self, name: &str) -> Result<Option<OperationLedger>, String> {
        match timeout(API_TIMEOUT, self.api().get_opt(name)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        }
    }

    /// Looks at the ledger of what `object` claims.
    pub(super) async fn look<K: Kind>(
        &self,
        object: &K::Object,
        claimant: Claimant,
    ) -> Result<Look, String> {
        let name = claimant.ledger();
        let found = self.get(&name).await;
        let found = found.map_err(|e| format!("OperationLedger {name} cannot be read: {e}."))?;
        let ledger = found.unwrap_or_else(|| OperationLedger {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(self.namespace.clone()),
                ..ObjectMeta::default()
            },
            spec: OperationLedgerSpec {
                target: claimant.target.clone(),
                open: None,
                entries: Vec::new(),
                unknown: Unknown::new(),
            },
        });
        let me = identity::<K>(object);
        let holder = match ledger.spec.open.as_ref().map(|open| &open.object) {
            Some(other) if other.uid != me.uid && self.is_there::<K>(other).await => {
                Some(other.clone())
            }
            _ => None,
        };
        let steps = object.status().map_or(&[][..], |status| &status.steps);
        let record = match holder {
            Some(_) => Record::Free,
            None => record::<K>(&ledger.spec, &claimant, &me, !steps.is_empty()),
        };
        let open = recorded(&ledger.spec, record, steps, &claimant);
        Ok(Look {
            claimant,
            ledger,
            me,
            record,
            open,
            holder,
        })
    }

    /// The object that a call is claimed for is there and has not ended. What
    /// cannot be read is taken for being there.
    async fn is_there<K: Kind>(&self, other: &LedgerObject) -> bool {
        if other.kind != K::Object::kind(&()) {
            return true;
        }
        let api: Api<K::Object> = Api::namespaced(self.client.clone(), &other.namespace);
        match timeout(API_TIMEOUT, api.get_opt(&other.name)).await {
            Ok(Ok(found)) => found.is_some_and(|found| {
                found.uid().as_deref() == Some(&other.uid) && !found.is_finished()
            }),
            _ => true,
        }
    }

    /// Claims the target for this step, on the ledger as the look found it.
    pub(super) async fn claim<K: Kind>(
        &self,
        look: &mut Look,
        step: &Step,
        approved: bool,
    ) -> Result<(), NotWritten> {
        if let Some(holder) = &look.holder {
            return Err(NotWritten::Forbidden(target_locked(holder)));
        }
        let mut spec = look.ledger.spec.clone();
        let before = spec.open.take();
        let approvals = before.as_ref().map_or(0, |open| open.approvals) + u32::from(approved);
        if let Some(before) = before.filter(|_| approved) {
            // It may have had its effect.
            let now = Timestamp::from_millis(step.intended.wall.0);
            spec.entries
                .push(entry(before, now, "SendAgain".to_owned(), Ids::new()));
        }
        if spec.entries.len() >= LEDGER_ENTRIES {
            return Err(NotWritten::Forbidden(ledger_full(&look.ledger.name_any())));
        }
        let status = step_status::<K>(&look.me.uid, step);
        spec.open = Some(LedgerClaim {
            step_id: status.id,
            number: status.number,
            step: status.name,
            writer: status.writer,
            object: look.me.clone(),
            operation_key: look.claimant.key.clone(),
            body_digest: look.claimant.body_digest(),
            body: look.claimant.body.clone(),
            claimed_at: status.intended_at,
            send_before: status.send_before,
            approvals,
            answer: None,
            ids: Ids::new(),
            unknown: Unknown::new(),
        });
        look.ledger = self.put(look.ledger.clone(), spec).await?;
        look.record = Record::Ours(*step);
        Ok(())
    }

    /// Writes what came of the step that the look found claimed.
    pub(super) async fn close<K: Kind>(
        &self,
        object: &K::Object,
        look: &mut Look,
        closing: Closing,
        ids: Ids,
        now: Timestamp,
    ) -> Result<(), NotWritten> {
        let mut spec = look.ledger.spec.clone();
        match spec.open.take() {
            None => return Err(NotWritten::Conflict),
            Some(open) => close::<K>(object, &mut spec, open, closing, ids, now),
        }
        look.ledger = self.put(look.ledger.clone(), spec).await?;
        Ok(())
    }

    /// Writes what came of that step, if it is the claimed one.
    pub(super) async fn close_claim<K: Kind>(
        &self,
        object: &K::Object,
        name: &str,
        step_id: &str,
        closing: Closing,
        ids: Ids,
        now: Timestamp,
    ) -> Result<(), NotWritten> {
        let found = self.get(name).await.map_err(|_| NotWritten::NoReply)?;
        let ledger = found.ok_or(NotWritten::Conflict)?;
        let mut spec = ledger.spec.clone();
        let open = spec.open.take().filter(|open| open.step_id == step_id);
        close::<K>(
            object,
            &mut spec,
            open.ok_or(NotWritten::Conflict)?,
            closing,
            ids,
            now,
        );
        self.put(ledger, spec).await?;
        Ok(())
    }

    /// Keeps what status says of a call whose object was deleted, for the next
    /// operation on the target.
    pub(super) async fn note_deleted<K: Kind>(&self, object: K::Object) {
        let Some(status) = object.status().filter(|_| !object.is_finished()) else {
            return;
        };
        let (Some(ledger), Some(last)) = (&status.ledger_ref, status.steps.last()) else {
            return;
        };
        let Ok(Some(ledger)) = self.get(&ledger.name).await else {
            return;
        };
        let mut spec = ledger.spec.clone();
        let Some(open) = spec.open.as_mut().filter(|open| open.step_id == last.id) else {
            return;
        };
        match last.answer {
            Some(AnswerWord::Accepted) => {
                open.answer = last.answer;
                open.ids.extend(last.ids.clone());
            }
            Some(AnswerWord::Refused | AnswerWord::NotSent) => spec.open = None,
            Some(AnswerWord::Unknown) | None => return,
        }
        if spec != ledger.spec && self.put(ledger, spec).await.is_err() {
            tracing::warn!("what came of a deleted operation's call is in the audit log only");
        }
    }

    async fn put(
        &self,
        mut ledger: OperationLedger,
        spec: OperationLedgerSpec,
    ) -> Result<OperationLedger, NotWritten> {
        ledger.spec = spec;
        ledger.metadata.managed_fields = None;
        let (api, name) = (self.api(), ledger.name_any());
        let parameters = PostParams::default();
        let written = match ledger.metadata.resource_version {
            None => timeout(API_TIMEOUT, api.create(&parameters, &ledger)).await,
            Some(_) => timeout(API_TIMEOUT, api.replace(&name, &parameters, &ledger)).await,
        };
        match written {
            // An older CRD prunes what it does not know, and with it the record.
            Ok(Ok(stored)) if stored.spec != ledger.spec => {
                tracing::error!(%name, "the API server did not keep the ledger as written");
                Err(NotWritten::NoReply)
            }
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(kube::Error::Api(e))) if e.code == 409 || e.code == 404 => {
                Err(NotWritten::Conflict)
            }
            // Trying it again would not help.
            Ok(Err(kube::Error::Api(e))) if e.code == 422 => {
                Err(NotWritten::Forbidden(ledger_refused(&name, &e.message)))
            }
            Ok(Err(e)) => {
                tracing::warn!(%name, error = %e, "ledger not written");
                Err(NotWritten::NoReply)
            }
            Err(_) => Err(NotWritten::NoReply),
        }
    }
}

fn identity<K: Kind>(object: &K::Object) -> LedgerObject {
    LedgerObject {
        kind: K::Object::kind(&()).into_owned(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        uid: object.uid().unwrap_or_default(),
        unknown: Unknown::new(),
    }
}

/// What the ledger holds for this object, where no other holds the target. Pure.
fn record<K: Kind>(
    ledger: &OperationLedgerSpec,
    claimant: &Claimant,
    me: &LedgerObject,
    has_steps: bool,
) -> Record {
    let reason = |reason: Reason| Record::Spent(Code(reason.index()));
    if let Some(open) = &ledger.open {
        let same = open.operation_key == claimant.key && open.body_digest == claimant.body_digest();
        let step = claimed_step::<K>(open);
        return match open.object.uid == me.uid || same {
            true if same => Record::Ours(step),
            // Claimed for what the object asked before: not this process's intent.
            true => Record::Ours(Step {
                writer: errand_engine::Writer(0),
                ..step
            }),
            false => Record::Orphan(step),
        };
    }
    let mut entries = ledger.entries.iter().rev();
    match entries.find(|entry| entry.operation_key == claimant.key) {
        Some(entry) if entry.object.uid == me.uid && has_steps => Record::Closed,
        Some(entry) if entry.body_digest != claimant.body_digest() => {
            reason(Reason::OperationKeyReused)
        }
        Some(_) => reason(Reason::AlreadyExecuted),
        None => Record::Free,
    }
}

/// The call whose traces are to be looked for: the claimed one, or the last one
/// in status that may have had an effect. Pure.
fn recorded(
    ledger: &OperationLedgerSpec,
    record: Record,
    steps: &[StepStatus],
    claimant: &Claimant,
) -> Option<Recorded> {
    if let Record::Spent(_) = record {
        return earlier_run(ledger, claimant);
    }
    let claim = match record {
        Record::Ours(_) | Record::Orphan(_) => ledger.open.as_ref(),
        _ => None,
    };
    let no_effect =
        |step: &&StepStatus| matches!(step.answer, Some(AnswerWord::Refused | AnswerWord::NotSent));
    let Some(claim) = claim else {
        let last = steps.last().filter(|step| !no_effect(step))?;
        return Some(Recorded {
            intended_at: last.intended_at.millis(),
            send_before: last_sent(last.send_before, last),
            answer: last.answer,
            ids: last.ids.clone(),
            body: None,
            foreign: false,
            over: false,
        });
    };
    let known = steps.iter().find(|step| step.id == claim.step_id);
    if known.as_ref().is_some_and(no_effect) {
        return None;
    }
    let mut ids = claim.ids.clone();
    ids.extend(known.map(|step| step.ids.clone()).unwrap_or_default());
    Some(Recorded {
        intended_at: claim.claimed_at.millis(),
        send_before: known.map_or(claim.send_before.millis(), |step| {
            last_sent(claim.send_before, step)
        }),
        answer: known.and_then(|step| step.answer).or(claim.answer),
        ids,
        body: Some(claim.body.clone()),
        foreign: matches!(record, Record::Orphan(_)),
        over: false,
    })
}

/// When it may have been sent last: what has an answer is not sent again.
fn last_sent(send_before: Timestamp, step: &StepStatus) -> i64 {
    let answered = step.answered_at.map_or(i64::MAX, Timestamp::millis);
    send_before.millis().min(answered)
}

/// An earlier run of the very same operation.
fn earlier_run(ledger: &OperationLedgerSpec, claimant: &Claimant) -> Option<Recorded> {
    let digest = claimant.body_digest();
    let same =
        |entry: &&LedgerEntry| entry.operation_key == claimant.key && entry.body_digest == digest;
    let entry = ledger.entries.iter().rfind(same)?;
    Some(Recorded {
        intended_at: entry.claimed_at.millis(),
        send_before: entry.closed_at.millis(),
        answer: Some(AnswerWord::Accepted),
        ids: entry.ids.clone(),
        body: Some(claimant.body.clone()),
        foreign: false,
        over: true,
    })
}

/// Pure.
fn close<K: Kind>(
    object: &K::Object,
    spec: &mut OperationLedgerSpec,
    mut open: LedgerClaim,
    closing: Closing,
    ids: Ids,
    now: Timestamp,
) {
    let result = match closing {
        Closing::NoEffect => return,
        Closing::Answered(answer) => {
            open.answer = Some(super::status::answer_word(answer));
            open.ids.extend(ids);
            spec.open = Some(open);
            return;
        }
        Closing::Ended(end) => {
            let (_, reason) = words::<K>(object, errand_engine::Report::Ended(end));
            reason.to_string()
        }
        Closing::Seen => "Seen".to_owned(),
        Closing::Decided(decision) => format!("{decision:?}"),
    };
    spec.entries.push(entry(open, now, result, ids));
}

fn entry(open: LedgerClaim, now: Timestamp, result: String, mut ids: Ids) -> LedgerEntry {
    ids.extend(open.ids);
    LedgerEntry {
        step_id: open.step_id,
        object: open.object,
        operation_key: open.operation_key,
        body_digest: open.body_digest,
        claimed_at: open.claimed_at,
        closed_at: now,
        result,
        approvals: open.approvals,
        ids,
        unknown: Unknown::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake_api::{block_on, client, failure};
    use super::*;
    use crate::api::LedgerTarget;
    use crate::operations::Place;
    use crate::operations::desktop_order::OrderDesktop;

    #[test]
    fn a_ledger_that_the_api_server_takes_for_invalid_is_told_and_not_tried_for_ever() {
        let ledger = serde_json::json!({
            "apiVersion": "errand.cloud/v1alpha1",
            "kind": "OperationLedger",
            "metadata": {"name": "l", "resourceVersion": "1"},
            "spec": {"target": {"service": "s", "scope": "p", "id": "d"}},
        });
        let ledger: OperationLedger = serde_json::from_value(ledger).expect("a ledger");
        let written = block_on(async {
            let refusing = client(|_| failure(422, "an entry of a ledger is never changed"));
            let ledgers = Ledgers::new(refusing, "here".to_owned());
            let spec = ledger.spec.clone();
            ledgers.put(ledger, spec).await
        });
        let Err(NotWritten::Forbidden(unusable)) = written else {
            panic!("it would be tried again and again without a word");
        };
        assert!(unusable.trouble.blocked);
        assert!(unusable.text.contains("never changed"), "{}", unusable.text);
    }

    /// A step that may be sent for half an hour.
    fn step(answered_at: Option<&str>) -> StepStatus {
        let mut step = serde_json::json!({
            "number": 1, "id": "w-1", "name": "CreateChangeOrder", "writer": "w",
            "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
        });
        if let Some(at) = answered_at {
            step["answer"] = "Unknown".into();
            step["answeredAt"] = at.into();
        }
        serde_json::from_value(step).expect("a step")
    }

    #[test]
    fn a_call_whose_answer_was_lost_is_not_looked_for_after_it_could_arrive() {
        let target = LedgerTarget {
            service: "huawei/workspace".to_owned(),
            scope: "project".to_owned(),
            id: "desk-1".to_owned(),
            unknown: Unknown::new(),
        };
        let place = Place {
            scope: "project".to_owned(),
            account: "account".to_owned(),
            namespace: "ns".to_owned(),
        };
        let claimant = Claimant::new(target.clone(), &place, None, "{}".to_owned());
        let claim = serde_json::json!({
            "stepId": "w-1", "number": 1, "step": "CreateChangeOrder", "writer": "w",
            "object": {"kind": "DesktopOrder", "namespace": "ns", "name": "n", "uid": "u"},
            "operationKey": "k", "bodyDigest": "d", "body": "{}",
            "claimedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
        });
        let claim: LedgerClaim = serde_json::from_value(claim).expect("a claim");
        let engine_step = claimed_step::<OrderDesktop>(&claim);
        let mut ledger = OperationLedgerSpec {
            target,
            open: None,
            entries: Vec::new(),
            unknown: Unknown::new(),
        };
        for (open, record) in [
            (None, Record::None),
            (Some(claim), Record::Ours(engine_step)),
        ] {
            ledger.open = open;
            for (answered_at, expected) in [
                (None, "2026-11-22T03:00:00Z"),
                (Some("2026-11-22T02:30:31Z"), "2026-11-22T02:30:31Z"),
                // Found later by looking.
                (Some("2026-11-22T09:00:00Z"), "2026-11-22T03:00:00Z"),
            ] {
                let steps = [step(answered_at)];
                let call = recorded(&ledger, record, &steps, &claimant).expect("a call");
                let expected: jiff::Timestamp = expected.parse().expect("a time");
                assert_eq!(
                    call.send_before,
                    expected.as_millisecond(),
                    "{answered_at:?}"
                );
            }
        }
    }
}
