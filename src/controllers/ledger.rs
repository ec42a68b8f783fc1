//! The ledger: one object for each target, in the operator's own namespace, so
//! that it outlives the operations and their namespaces. What a look at it means
//! is decided by the engine; here it is read and written.

mod other;
mod record;

use std::collections::BTreeMap;

use errand_engine::{Closing, Pin, Record, Step};
use http::Method;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::ObjectMeta;
use kube::{Resource as _, ResourceExt as _};

use self::other::{both, entries_of};
use self::record::{close, entry, identity, record, recorded};
use super::connections::{Connections, Unusable, place};
use super::read::{self, NotRead};
use super::shown::ObjectKey;
use super::status::{claimed_step, step_status};
use super::troubles::{ledger_full, ledger_refused, target_locked};
use crate::api::{
    AnswerWord, LEDGER_ENTRIES, LedgerClaim, LedgerEntry, LedgerObject, Mode, OperationLedger,
    OperationLedgerSpec, StepStatus, Timestamp, Unknown,
};
use crate::cloud::Ids;
use crate::operations::{Claimant, ClosedCall, Kind, Object, Others, Recorded, pin};

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

    fn url(&self, name: &str) -> String {
        read::url::<OperationLedger>(Some(&self.namespace), name)
    }

    async fn get(&self, name: &str) -> Result<Option<OperationLedger>, String> {
        let found = read::get_raw(&self.client, &self.url(name)).await;
        let found = found.and_then(|raw| raw.map(|raw| whole(&raw)).transpose());
        found.map_err(|e| e.to_string())
    }

    async fn read(&self, name: &str) -> Result<Option<OperationLedger>, String> {
        let found = self.get(name).await;
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
        let target = self.read(&name).await?.unwrap_or_else(|| OperationLedger {
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
            Some(other) => self.read(other).await?,
            None => None,
        };
        let both = both(target, other, &me.namespace);
        let (ledger, rest) = (both.used, both.rest);
        let mut holder = None;
        for (held, is_used) in [(Some(&ledger), true), (rest.as_ref(), false)] {
            let open = held.and_then(|held| held.spec.open.as_ref());
            let Some(open) = open.filter(|open| open.object.uid != me.uid) else {
                continue;
            };
            let held = held.map(kube::ResourceExt::name_any).unwrap_or_default();
            // Under the other name, what is at another cloud now holds nothing here.
            let about = match is_used || both.swapped {
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
        let record = match holder {
            Some(_) => Record::Free,
            None => record::<K>(&known, &claimant, &me, steps),
        };
        let open = recorded(&known, record, steps, &claimant);
        claimant.kept_in = both.swapped.then(|| ledger.name_any());
        Ok(Look {
            claimant,
            ledger,
            elsewhere,
            me,
            record,
            open,
            holder,
        })
    }

    /// What the ledger has claimed, by its name alone, with the claim's id: for this
    /// very object, or (`orphan`) for another one that is gone.
    pub(super) async fn claim_by_name<K: Kind>(
        &self,
        object: &K::Object,
        name: &str,
        orphan: bool,
        connections: &Connections,
    ) -> Result<Option<(Record, String)>, String> {
        let found = self.read(name).await?;
        let Some(open) = found.and_then(|ledger| ledger.spec.open) else {
            return Ok(None);
        };
        let step = claimed_step::<K>(&open);
        let own = Some(&open.object.uid) == object.uid().as_ref();
        Ok(match own {
            true => Some((Record::Ours(step), open.step_id)),
            false if orphan && !self.holds::<K>(&open, About::Call(name), connections).await => {
                let pin = pin(&open.step_id);
                Some((Record::Orphan(step, pin), open.step_id))
            }
            false => None,
        })
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
    ) -> Result<(), NotWritten> {
        if let Some(holder) = &look.holder {
            let (unusable, _) = target_locked(holder, &look.me.namespace, &look.claimant.ledger());
            return Err(NotWritten::Forbidden(unusable));
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
            Some(AnswerWord::Refused | AnswerWord::NotSent) => {
                let mut before = status.steps.iter().rev().skip(1);
                match before.any(StepStatus::may_have_acted) {
                    true => open.answer = Some(AnswerWord::Unknown),
                    false => spec.open = None,
                }
            }
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
        let name = ledger.name_any();
        let (method, url) = match ledger.metadata.resource_version {
            None => (Method::POST, self.url("")),
            Some(_) => (Method::PUT, self.url(&name)),
        };
        let Ok(body) = serde_json::to_value(&ledger) else {
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
mod tests {
    use super::super::fake_api::{block_on, client, failure};
    use super::super::status::claimed_step;
    use super::*;
    use crate::api::{LedgerTarget, StepStatus};
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

    #[test]
    fn metadata_that_others_gave_a_ledger_survives_a_write_and_managed_fields_do_not() {
        let metadata = serde_json::json!({
            "name": "l", "resourceVersion": "1", "labels": {"team": "a"},
            "annotations": {"note": "b"}, "finalizers": ["keep.example/it"],
            "managedFields": [{"time": "9999-12-31T23:59:59Z"}],
        });
        let raw = serde_json::json!({
            "apiVersion": "errand.cloud/v1alpha1", "kind": "OperationLedger",
            "metadata": metadata,
            "spec": {"target": {"service": "s", "scope": "p", "id": "d"}},
        });
        let ledger = whole(raw.to_string().as_bytes()).expect("a ledger");
        let written = serde_json::to_value(&ledger).expect("JSON");
        for kept in ["labels", "annotations", "finalizers", "resourceVersion"] {
            assert_eq!(written["metadata"][kept], metadata[kept], "{kept}");
        }
        assert!(written["metadata"].get("managedFields").is_none());
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
            host: None,
            unknown: Unknown::new(),
        };
        let place = Place {
            scope: "project".to_owned(),
            account: "account".to_owned(),
            namespace: "ns".to_owned(),
            admitted: Vec::new(),
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
