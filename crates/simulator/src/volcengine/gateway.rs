//! What Volcengine checks before ECS sees a request: signature, service, action,
//! policy, quota (contracts sections f.3, b.6 and h).
//!
//! Messages never repeat what a request said: header values can be secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::seed::VolcengineAccount;
use super::signature::{self, Unverified};
use super::{Route, SERVICE, VERSION};
use crate::faults::name_matches;
use crate::limits::Limits;
use crate::message::{Refusal, Request};

/// The keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) date_window: Duration,
    accounts: BTreeMap<String, VolcengineAccount>,
}

impl Gateway {
    pub(crate) fn put(&mut self, account: VolcengineAccount) {
        self.accounts.insert(account.access_key.clone(), account);
    }

    /// The same gateway without keys.
    pub(crate) fn anew(&self) -> Self {
        Self {
            date_window: self.date_window,
            accounts: BTreeMap::new(),
        }
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &VolcengineAccount> {
        self.accounts.values()
    }

    /// The access key id that a request names, if an account has it.
    pub(crate) fn known_key(&self, request: &Request) -> Option<String> {
        let claimed = signature::claimed_access_key(request)?;
        self.accounts.contains_key(claimed).then(|| claimed.into())
    }

    /// Everything that is checked before the service sees the request.
    pub(crate) fn admit(
        &self,
        request: &Request,
        route: &Route,
        now: Timestamp,
        limits: &mut Limits,
    ) -> Result<(), Refusal> {
        let account = self.authenticate(request, now)?;
        let here = route.service == SERVICE && account.regions.contains(&route.region);
        if !here {
            let why = "The service does not exist in the region.";
            return Err(Refusal::new(404, "ServiceNotFound", why));
        }
        if route.action.is_empty() || route.version.is_empty() {
            let why = "Action and Version are required.";
            return Err(Refusal::new(400, "MissingParameter", why));
        }
        if route.call.is_none() || route.version != VERSION || request.method != "GET" {
            let why = "There is no such action or version.";
            return Err(Refusal::new(404, "InvalidActionOrVersion", why));
        }
        if account.denied.iter().any(|d| name_matches(d, route.api)) {
            let why = "A policy of the account denies the action.";
            return Err(Refusal::new(403, "AccessDenied", why));
        }
        limits
            .count(route.api, account.access_key.clone(), now)
            .map_err(throttled)
    }

    fn authenticate(
        &self,
        request: &Request,
        now: Timestamp,
    ) -> Result<&VolcengineAccount, Refusal> {
        let claimed = signature::claimed_access_key(request);
        let account = claimed.and_then(|id| self.accounts.get(id));
        let secret_of = |_: &str| account.map(|account| account.secret_key.clone());
        let mismatch = |why: &str| Refusal::new(401, "SignatureDoesNotMatch", why);
        let unknown = |why: &str| Refusal::new(401, "InvalidAccessKey", why);
        let verified = signature::verify(request, secret_of, now, self.date_window);
        let verified = verified.map_err(|why| match why {
            Unverified::Expired { .. } => Refusal::new(
                400,
                "InvalidTimestamp",
                "The signature is expired or of the future.",
            ),
            Unverified::UnknownKey => unknown("The access key does not exist."),
            Unverified::Mismatch => mismatch("The signature is not that of the request."),
            Unverified::Malformed(what) => mismatch(what),
            Unverified::Unsigned => {
                Refusal::new(400, "MissingRequestInfo", "Authorization is required.")
            }
        })?;
        let account = account.expect("its key signed");
        if verified.security_token.as_deref() != account.session_token.as_deref().map(str::as_bytes)
        {
            return Err(unknown("The session token is not that of the key."));
        }
        Ok(account)
    }
}

pub(crate) fn throttled(limit: u32) -> Refusal {
    let why = format!("The request exceeds the limit of {limit} per second.");
    Refusal::new(429, "FlowLimitExceeded", why)
}

/// GUESS: the code.
pub(crate) fn too_large() -> Refusal {
    Refusal::new(413, "RequestTooLarge", "The request is too large.")
}
