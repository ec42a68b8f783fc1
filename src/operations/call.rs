//! A mutating call as one value: what is planned, claimed, recorded and sent.

use errand_engine::{Class, Plan, StepKey};

use super::{Place, digest};
use crate::api::{CallStatus, PaidOperations, StepStatus};
use crate::cloud::{Arguments, Draft, Mutation, OddId};

/// What an operation has to know of one of its calls.
#[derive(Debug)]
pub struct CallRules {
    /// Its number among the kind's calls.
    pub key: StepKey,
    /// Its name among them: the cloud's name of the call, and the mode of it where several
    /// calls of the kind have one name.
    pub name: &'static str,
    /// The call, as the cloud documents it.
    pub mutation: &'static Mutation,
    /// What a repeat would mean.
    pub class: Class,
    /// Recorded in the ledger.
    pub ledger: bool,
    /// What `policy.paidOperations` has to allow at least; absent: it costs nothing.
    pub payment: Option<fn(&Arguments) -> PaidOperations>,
    /// The argument whose value earlier versions read as `target` of a recorded step.
    pub target: Option<&'static str>,
}

impl CallRules {
    /// Of a call that costs nothing and needs no ledger.
    pub const fn new(
        key: u8,
        name: &'static str,
        mutation: &'static Mutation,
        class: Class,
    ) -> Self {
        Self {
            key: StepKey(key),
            name,
            mutation,
            class,
            ledger: false,
            payment: None,
            target: None,
        }
    }

    /// The call in the engine's words.
    pub fn plan(&self) -> Plan {
        Plan {
            key: self.key,
            class: self.class,
            ledger: self.ledger,
            paid: self.payment.is_some(),
        }
    }
}

impl PartialEq for CallRules {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.name == other.name
    }
}

impl Eq for CallRules {}

/// A mutating call with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is known of calls of that name.
    pub rules: &'static CallRules,
    /// What it is about.
    pub arguments: Arguments,
}

impl Call {
    /// With these arguments.
    pub fn new(rules: &'static CallRules, arguments: Arguments) -> Self {
        Self { rules, arguments }
    }

    /// The call of a recorded step of a kind with these calls; `None`: an earlier version
    /// recorded it, or it is none of theirs.
    pub fn recorded(all: &[&'static CallRules], step: &StepStatus) -> Option<Self> {
        let rules = all.iter().find(|rules| rules.name == step.name)?;
        let call = step.call.as_ref()?;
        let same = call.name == rules.mutation.name;
        same.then(|| Self::new(rules, call.arguments.clone()))
    }

    /// The request, without the token.
    pub fn draft(&self, place: &Place) -> Result<Draft, OddId> {
        (self.rules.mutation.request)(&self.arguments, &place.scope)
    }

    /// SHA-256 of everything that makes the request what it is: cloud, region, project,
    /// method, path, query and body. Not of host, headers, token and time.
    pub fn digest(&self, place: &Place) -> Result<String, OddId> {
        let draft = self.draft(place)?;
        let mutation = self.rules.mutation;
        let path = draft.path.as_ref().map_or("/", |path| path.as_str());
        let mut parts = vec![
            mutation.service.cloud().name(),
            &place.region,
            &place.scope,
            mutation.service.name,
            mutation.name,
            mutation.method.as_str(),
            path,
            &draft.body,
        ];
        for (name, value) in draft.query.pairs() {
            parts.extend([name.as_str(), value]);
        }
        Ok(digest(&parts))
    }

    /// As it is shown and stored.
    pub fn status(&self) -> CallStatus {
        CallStatus {
            name: self.rules.mutation.name.to_owned(),
            arguments: self.arguments.clone(),
        }
    }

    /// As a line.
    pub fn line(&self) -> String {
        let mut line = self.rules.mutation.name.to_owned();
        for (name, value) in &self.arguments {
            line = format!("{line} {name}={value}");
        }
        line
    }

    /// The value that earlier versions read as `target` of the recorded step.
    pub fn target(&self) -> Option<String> {
        self.arguments.get(self.rules.target?).cloned()
    }

    /// What `policy.paidOperations` has to allow at least.
    pub fn payment(&self) -> PaidOperations {
        let payment = self.rules.payment;
        payment.map_or(PaidOperations::Forbid, |payment| payment(&self.arguments))
    }
}
