//! The ledger: one object for each target, in the operator's own namespace, so
//! that it outlives the operations and their namespaces. What a look at it means
//! is decided by the engine; here it is read and written.

mod claim;
mod other;
mod record;

use std::collections::BTreeMap;

use errand_engine::{Closing, Pin, Record, Step};
use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

pub(super) use self::claim::NoEffect;
use self::claim::{Changed, NoClaim, Open, Right, claimed, doubted, is_own, is_void, right};
use self::other::{both, entries_of};
use self::record::{identity, record, recorded, told};
use super::connections::{Connections, Unusable, place};
use super::read::{self, NotRead, Url};
use super::shown::ObjectKey;
use super::status::{claimed_step, step_status};
use super::troubles::{ledger_full, ledger_refused, target_locked};
use crate::api::{
    AnswerWord, LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, Mode, OperationLedger,
    OperationLedgerSpec, StepStatus, Timestamp, Unknown,
};
use crate::cloud::Ids;
use crate::operations::{Claimant, ClosedCall, Kind, Object, Others, Recorded, pin};
use crate::text;

/// Bytes of a name of the API server's.
const NAME: usize = 253;

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
    /// What counts of the ledger that the target has under another name.
    elsewhere: Vec<LedgerEntry>,
    me: LedgerObject,
    pub(super) record: Record,
    /// The call whose traces are to be looked for.
    pub(super) open: Option<Recorded>,
    /// Another object that the target is claimed for.
    holder: Option<LedgerObject>,
    /// By what right the object may change the open claim.
    right: Option<Right>,
}

/// How a claim ends.
pub(super) struct End<'a> {
    pub(super) closing: Closing,
    /// Ids of the call.
    pub(super) ids: Ids,
    pub(super) now: Timestamp,
    /// What this process knows of the object's calls.
    pub(super) no_effect: &'a NoEffect,
}

/// A claim that was found by its ledger's name alone, which status says. It is the
/// object's own, or (for a decision about it) that of an object of the same namespace that
/// is gone.
pub(super) struct Recalled {
    ledger: String,
    step_id: String,
    right: Right,
}

impl Recalled {
    /// The id of the call.
    pub(super) fn step_id(&self) -> &str {
        &self.step_id
    }
}

impl Look {
    /// Another object that has a call to the target under way.
    pub(super) fn holder(&self) -> Option<&LedgerObject> {
        self.holder.as_ref()
    }

    /// Tells its target from every other one.
    pub(super) fn pin(&self) -> Pin {
        pin(&self.claimant.target_ledger())
    }

    /// Why it takes no further claim. What is claimed already has its place.
    pub(super) fn full(&self) -> Option<Unusable> {
        let claimed = matches!(self.record, Record::Ours(_));
        let full = self.ledger.spec.entries.len() >= LEDGER_ENTRIES;
        (full && !claimed).then(|| ledger_full(&self.ledger.name_any()))
    }

    /// The call of an object that is gone, which has to be resolved first.
    pub(super) fn orphan(&self) -> Option<&LedgerClaim> {
        let open = self.ledger.spec.open.as_ref();
        open.filter(|_| matches!(self.record, Record::Orphan(..)))
    }

    /// The claimed call of this very object.
    pub(super) fn own(&self) -> Option<&LedgerClaim> {
        let open = self.ledger.spec.open.as_ref();
        open.filter(|_| matches!(self.record, Record::Ours(_)))
    }

    /// The id of the own call of which status says that it had no effect, and of which
    /// that is not known.
    pub(super) fn doubted(&self, steps: &[StepStatus], no_effect: &NoEffect) -> Option<String> {
        doubted(self.own()?, steps, no_effect).map(str::to_owned)
    }

    /// The record, as far as it may be decided about without an observation. The call of
    /// an object of another namespace is not: that this one names the same target is no
    /// right to it, and an observation shows that its key can read it.
    pub(super) fn recalled(&self) -> Record {
        match self.orphan() {
            Some(open) if open.object.namespace != self.me.namespace => Record::None,
            _ => self.record,
        }
    }

    /// What else the ledger knows of the target.
    pub(super) fn others(&self) -> Others {
        let entries = self.elsewhere.iter().chain(&self.ledger.spec.entries);
        let closed = entries.map(|entry| ClosedCall {
            result: entry.result.clone(),
            closed_at: entry.closed_at.millis(),
            ids: entry.ids.clone(),
        });
        Others {
            locked: self.holder.is_some(),
            closed: closed.collect(),
        }
    }
}

/// What a claim has to be about to count.
#[derive(Clone, Copy)]
enum About<'a> {
    /// A call that is claimed in that ledger.
    Call(&'a str),
    /// A target that has that ledger now.
    Target(&'a str),
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

    fn url(&self, name: &str) -> Result<Url, NotRead> {
        read::url::<OperationLedger>(Some(&self.namespace), name)
    }

    async fn get(&self, name: &str) -> Result<Option<OperationLedger>, String> {
        let found = async { read::get_raw(&self.client, &self.url(name)?).await };
        let found = found.await;
        let found = found.and_then(|raw| raw.map(|raw| whole(&raw)).transpose());
        let name = text::line(name, NAME);
        found.map_err(|e| format!("OperationLedger {name} cannot be read: {e}."))
    }

    /// Looks at the ledger of what `object` claims.
    pub(super) async fn look<K: Kind>(
        &self,
        object: &K::Object,
        mut claimant: Claimant,
        connections: &Connections,
    ) -> Result<Look, String> {
        let me = identity::<K>(object);
        let name = claimant.target_ledger();
        let target = self.get(&name).await?.unwrap_or_else(|| OperationLedger {
            metadata: ObjectMeta {
                name: Some(name.clone()),
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
        let other = match &claimant.other_ledger {
            Some(other) => self.get(other).await?,
            None => None,
        };
        let both = both(target, other, &me.namespace, claimant.host.as_deref());
        let (ledger, rest) = (both.used, both.rest);
        let mut holder = None;
        for (held, is_used) in [(Some(&ledger), true), (rest.as_ref(), false)] {
            let open = held.and_then(|held| held.spec.open.as_ref());
            let Some(open) = open.filter(|open| !is_own(open, &me) && !is_void(open)) else {
                continue;
            };
            let held = held.map(kube::ResourceExt::name_any).unwrap_or_default();
            // Under the other name, what is at another cloud now holds nothing here.
            let here = open.host.is_some() && open.host == claimant.host;
            let about = match is_used || both.swapped || here {
                true => About::Call(&held),
                false => About::Target(&name),
            };
            if self.holds::<K>(open, about, connections).await {
                holder = Some(open.object.clone());
                break;
            }
        }
        let elsewhere = entries_of(rest.as_ref(), &me.namespace);
        let mut known = ledger.spec.clone();
        known.entries.extend(elsewhere.iter().cloned());
        known.entries.sort_by_key(|entry| entry.closed_at.millis());
        let steps = object.status().map_or(&[][..], |status| &status.steps);
        let open = ledger.spec.open.as_ref().filter(|_| holder.is_none());
        let right = open.map(|open| right(open, &me, &claimant));
        let record = match holder {
            Some(_) => Record::Free,
            None => record::<K>(&known, right, &claimant, &me, steps),
        };
        let open = recorded(&known, record, steps, &claimant, &me);
        claimant.kept_in = both.swapped.then(|| ledger.name_any());
        Ok(Look {
            claimant,
            ledger,
            elsewhere,
            me,
            record,
            open,
            holder,
            right,
        })
    }

    /// What the ledger has claimed, by its name alone, which status says: for this very
    /// object, or (`orphan`) for another one of its namespace that is gone. What objects
    /// of other namespaces left is decided about only where the object's own target leads
    /// to the ledger, and its key can read the target.
    pub(super) async fn claim_by_name<K: Kind>(
        &self,
        object: &K::Object,
        name: &str,
        orphan: bool,
        connections: &Connections,
    ) -> Result<Option<(Record, Recalled)>, String> {
        let found = self.get(name).await?;
        let Some(open) = found.and_then(|ledger| ledger.spec.open) else {
            return Ok(None);
        };
        let (step, me) = (claimed_step::<K>(&open), identity::<K>(object));
        let here = open.object.namespace == me.namespace;
        let (record, right) = match is_own(&open, &me) {
            true => (Record::Ours(step), Right::Own),
            false
                if orphan
                    && here
                    && !self.holds::<K>(&open, About::Call(name), connections).await =>
            {
                (Record::Orphan(step, pin(&open.step_id)), Right::Orphan)
            }
            false => return Ok(None),
        };
        let recalled = Recalled {
            ledger: name.to_owned(),
            step_id: open.step_id,
            right,
        };
        Ok(Some((record, recalled)))
    }

    /// The object that a call is claimed for is there, has not ended, and has made that
    /// call or may make it: it is still to be executed, on that ledger's target. What
    /// cannot be read is taken for holding it.
    async fn holds<K: Kind>(
        &self,
        open: &LedgerClaim,
        about: About<'_>,
        connections: &Connections,
    ) -> bool {
        let other = &open.object;
        // What was stopped between claim and intent lacks the step, and may be edited.
        let is_about = |found: &K::Object| {
            let is_claimed = |step: &StepStatus| step.id == open.step_id;
            let called = found
                .status()
                .is_some_and(|s| s.steps.iter().any(is_claimed));
            let reference = ObjectKey::new(&other.namespace, &found.asked().connection.name);
            let claims = connections
                .store
                .get(&reference)
                .map(|connection| place(&connections.endpoints, &connection, &other.namespace))
                .and_then(|place| K::claimant(found, &place));
            let executes = found.asked().mode == Mode::Execute;
            match about {
                About::Call(ledger) => {
                    called || executes && claims.is_none_or(|claims| claims.ledger() == ledger)
                }
                About::Target(ledger) => claims.is_some_and(|claims| claims.ledger() == ledger),
            }
        };
        if other.kind != K::Object::kind(&()) {
            return true;
        }
        let namespace = Some(other.namespace.as_str());
        match read::get::<K::Object>(&self.client, namespace, &other.name).await {
            Ok(found) => found.is_some_and(|found| {
                found.uid().as_deref() == Some(&other.uid)
                    && !found.is_finished()
                    && is_about(&found)
            }),
            Err(_) => true,
        }
    }

    /// Claims the target for this step, on the ledger as the look found it.
    pub(super) async fn claim<K: Kind>(
        &self,
        look: &mut Look,
        step: &Step,
        approved: bool,
        no_effect: &NoEffect,
    ) -> Result<(), NotWritten> {
        if let Some(holder) = &look.holder {
            let (unusable, _) = target_locked(holder, &look.me.namespace, &look.claimant.ledger());
            return Err(NotWritten::Forbidden(unusable));
        }
        let status = step_status::<K>(&look.me.uid, step);
        let claim = LedgerClaim {
            step_id: status.id,
            number: status.number,
            step: status.name,
            writer: status.writer,
            object: look.me.clone(),
            operation_key: look.claimant.key.clone(),
            body_digest: look.claimant.body_digest(),
            body: look.claimant.body.clone(),
            call: Some(look.claimant.call.status()),
            host: look.claimant.host.clone(),
            claimed_at: status.intended_at,
            send_before: status.send_before,
            approvals: 0,
            records_answer: true,
            answer: None,
            ids: Ids::new(),
            unknown: Unknown::new(),
        };
        let changed = claimed(look.ledger.clone(), look.right, claim, approved, no_effect);
        let changed = changed.map_err(|e| match e {
            NoClaim::NotOurs => {
                tracing::warn!(name = %look.ledger.name_any(), "another call is claimed");
                NotWritten::NoReply
            }
            NoClaim::Full => NotWritten::Forbidden(ledger_full(&look.ledger.name_any())),
        });
        look.ledger = self.put(changed?).await?;
        look.record = Record::Ours(*step);
        look.right = Some(Right::Own);
        Ok(())
    }

    /// Writes what came of the step that the look found claimed.
    pub(super) async fn close<K: Kind>(
        &self,
        object: &K::Object,
        look: &mut Look,
        end: End<'_>,
    ) -> Result<(), NotWritten> {
        // Another object may hold it; then it is not ours to close.
        let found = look.right.filter(|_| look.holder.is_none());
        let open = found.and_then(|right| Open::with(look.ledger.clone(), right));
        look.ledger = self.closed::<K>(object, open, end).await?;
        Ok(())
    }

    /// Writes what came of that step, if it is claimed for this very object in the ledger
    /// of that name.
    pub(super) async fn close_own<K: Kind>(
        &self,
        object: &K::Object,
        name: &str,
        step_id: &str,
        end: End<'_>,
    ) -> Result<(), NotWritten> {
        let found = self.get(name).await.map_err(|_| NotWritten::NoReply)?;
        let me = identity::<K>(object);
        let open = found.and_then(|ledger| Open::own(ledger, &me, step_id));
        self.closed::<K>(object, open, end).await?;
        Ok(())
    }

    /// Writes what was decided of the claim that was recalled by its ledger's name.
    pub(super) async fn close_recalled<K: Kind>(
        &self,
        object: &K::Object,
        recalled: &Recalled,
        end: End<'_>,
    ) -> Result<(), NotWritten> {
        let found = self.get(&recalled.ledger).await;
        let found = found.map_err(|_| NotWritten::NoReply)?;
        let same = found.filter(|ledger| {
            let open = ledger.spec.open.as_ref();
            open.is_some_and(|open| open.step_id == recalled.step_id)
        });
        let open = same.and_then(|ledger| Open::with(ledger, recalled.right));
        self.closed::<K>(object, open, end).await?;
        Ok(())
    }

    async fn closed<K: Kind>(
        &self,
        object: &K::Object,
        open: Option<Open>,
        end: End<'_>,
    ) -> Result<OperationLedger, NotWritten> {
        let End {
            closing,
            ids,
            now,
            no_effect,
        } = end;
        let (answer, result) = told::<K>(object, closing);
        let changed =
            open.and_then(|open| open.closed(closing, answer, result, ids, now, no_effect));
        self.put(changed.ok_or(NotWritten::Conflict)?).await
    }

    /// Records that the step that the look found claimed had no effect, before status
    /// tells it: that alone would not be believed by another process.
    pub(super) async fn note_no_effect(
        &self,
        look: &mut Look,
        step_id: &str,
        answer: AnswerWord,
    ) -> Result<(), NotWritten> {
        let right = look
            .right
            .filter(|right| !matches!(right, Right::Orphan | Right::Void));
        let open = right.and_then(|right| Open::with(look.ledger.clone(), right));
        let open = open.filter(|open| open.lacks_the_answer_of(step_id));
        match self.put_no_effect(open, answer).await {
            // Others may write its metadata.
            Err(NotWritten::Conflict) => {
                let found = self.get(&look.ledger.name_any()).await;
                let ledger = found.map_err(|_| NotWritten::NoReply)?;
                let open = ledger.and_then(|ledger| Open::own(ledger, &look.me, step_id));
                let open = open.filter(|open| open.lacks_the_answer_of(step_id));
                let written = self.put_no_effect(open, answer).await?;
                look.ledger = written.unwrap_or_else(|| look.ledger.clone());
            }
            written => look.ledger = written?.unwrap_or_else(|| look.ledger.clone()),
        }
        Ok(())
    }

    /// The same where this session did not look: in the ledger that this process claimed the
    /// call in.
    pub(super) async fn note_no_effect_in<K: Kind>(
        &self,
        name: &str,
        object: &K::Object,
        step_id: &str,
        answer: AnswerWord,
    ) -> Result<(), NotWritten> {
        let found = self.get(name).await.map_err(|_| NotWritten::NoReply)?;
        let open = found.and_then(|ledger| Open::own(ledger, &identity::<K>(object), step_id));
        let open = open.filter(|open| open.lacks_the_answer_of(step_id));
        self.put_no_effect(open, answer).await?;
        Ok(())
    }

    async fn put_no_effect(
        &self,
        open: Option<Open>,
        answer: AnswerWord,
    ) -> Result<Option<OperationLedger>, NotWritten> {
        let Some(open) = open else {
            return Ok(None);
        };
        let written = self.put(open.without_effect(answer)).await;
        if written.is_err() {
            not_recorded();
        }
        written.map(Some)
    }

    /// Keeps what is known of a call whose object was deleted, for the next operation on
    /// the target.
    pub(super) async fn note_deleted<K: Kind>(&self, object: K::Object) {
        let Some(status) = object.status().filter(|_| !object.is_finished()) else {
            return;
        };
        let (Some(ledger), Some((last, before))) = (&status.ledger_ref, status.steps.split_last())
        else {
            return;
        };
        let Ok(Some(ledger)) = self.get(&ledger.name).await else {
            return;
        };
        let open = Open::own(ledger, &identity::<K>(&object), &last.id);
        let changed = open.map(|open| open.deleted(last, before));
        if let Some(changed) = changed.filter(|changed| !changed.is_none())
            && self.put(changed).await.is_err()
        {
            tracing::warn!("what came of a deleted operation's call is in the audit log only");
        }
    }

    async fn put(&self, changed: Changed) -> Result<OperationLedger, NotWritten> {
        let (mut ledger, spec) = changed.into_parts();
        ledger.spec = spec;
        let name = ledger.name_any();
        let (method, url) = match ledger.metadata.resource_version {
            None => (
                Method::POST,
                read::list_url::<OperationLedger>(Some(&self.namespace)),
            ),
            Some(_) => (Method::PUT, self.url(&name)),
        };
        let (Ok(url), Ok(body)) = (url, serde_json::to_value(&ledger)) else {
            return Err(NotWritten::NoReply);
        };
        let written = read::write(&self.client, method, &url, &body).await;
        match written.and_then(|raw| whole(&raw)) {
            // An older CRD prunes what it does not know, and with it the record.
            Ok(stored) if stored.spec != ledger.spec => {
                tracing::error!(%name, "the API server did not keep the ledger as written");
                Err(NotWritten::NoReply)
            }
            Ok(stored) => Ok(stored),
            Err(e) if matches!(e.code(), Some(409 | 404)) => Err(NotWritten::Conflict),
            // Trying it again would not help.
            Err(NotRead::Refused(e)) if e.code == 422 => {
                Err(NotWritten::Forbidden(ledger_refused(&name, &e.message)))
            }
            Err(e) => {
                tracing::warn!(%name, error = %e, "ledger not written");
                Err(NotWritten::NoReply)
            }
        }
    }
}

/// A process that starts then has to ask a user about this call.
fn not_recorded() {
    tracing::warn!("that a call had no effect is not recorded in the ledger");
}

/// A ledger with what a PUT would otherwise take from its metadata.
fn whole(raw: &[u8]) -> Result<OperationLedger, NotRead> {
    #[derive(Default, serde::Deserialize)]
    struct Raw {
        metadata: Others,
    }
    #[derive(Default, serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Others {
        labels: Option<BTreeMap<String, String>>,
        annotations: Option<BTreeMap<String, String>>,
        finalizers: Option<Vec<String>>,
        owner_references: Option<Vec<OwnerReference>>,
    }
    let mut ledger: OperationLedger = read::object(raw)?;
    let Raw { metadata } = serde_json::from_slice(raw).unwrap_or_default();
    ledger.metadata.labels = metadata.labels;
    ledger.metadata.annotations = metadata.annotations;
    ledger.metadata.finalizers = metadata.finalizers;
    ledger.metadata.owner_references = metadata.owner_references;
    Ok(ledger)
}

#[cfg(test)]
mod tests;
