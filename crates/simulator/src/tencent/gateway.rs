//! What Tencent Cloud checks before Auto Scaling sees a request: signature, region,
//! action, version, policy, quota (contracts sections f.4, c.3 and h).
//!
//! Messages never repeat what a request said: header values can be secrets.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::seed::TencentAccount;
use super::signature::{self, Unverified};
use super::{Route, SERVICE, VERSION};
use crate::faults::name_matches;
use crate::limits::Limits;
use crate::message::{Refusal, Request};

/// The keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) date_window: Duration,
    accounts: BTreeMap<String, TencentAccount>,
}

impl Gateway {
    pub(crate) fn put(&mut self, account: TencentAccount) {
        self.accounts.insert(account.secret_id.clone(), account);
    }

    /// The same gateway without keys.
    pub(crate) fn anew(&self) -> Self {
        Self {
            date_window: self.date_window,
            accounts: BTreeMap::new(),
        }
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &TencentAccount> {
        self.accounts.values()
    }

    /// The secret id that a request names, if an account has it.
    pub(crate) fn known_key(&self, request: &Request) -> Option<String> {
        let claimed = signature::claimed_secret_id(request)?;
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
        let region = request.single("x-tc-region").unwrap_or_default();
        if region.is_empty() {
            return Err(refusal("MissingParameter", "X-TC-Region is required."));
        }
        if !account.regions.iter().any(|each| each == region) {
            let why = "The action is not supported in the region.";
            return Err(refusal("UnsupportedRegion", why));
        }
        if route.call.is_none() || signature::claimed_service(request) != Some(SERVICE) {
            return Err(refusal("InvalidAction", "The action does not exist."));
        }
        if request.single("x-tc-version") != Some(VERSION) {
            return Err(refusal("NoSuchVersion", "The version does not exist."));
        }
        if account.denied.iter().any(|d| name_matches(d, route.api)) {
            let why = "A policy of the account denies the action.";
            return Err(refusal("UnauthorizedOperation", why));
        }
        limits
            .count(route.api, account.secret_id.clone(), now)
            .map_err(throttled)
    }

    fn authenticate(&self, request: &Request, now: Timestamp) -> Result<&TencentAccount, Refusal> {
        let claimed = signature::claimed_secret_id(request);
        let account = claimed.and_then(|id| self.accounts.get(id));
        let secret_of = |_: &str| account.map(|account| account.secret_key.clone());
        let failure = |why: &str| refusal("AuthFailure.SignatureFailure", why);
        let verified = signature::verify(request, secret_of, now, self.date_window);
        let verified = verified.map_err(|why| match why {
            Unverified::Expired { .. } => refusal(
                "AuthFailure.SignatureExpire",
                "The signature has expired. Compare your clock with ours.",
            ),
            Unverified::UnknownKey => refusal(
                "AuthFailure.SecretIdNotFound",
                "The SecretId is not found, please ensure that your SecretId is correct.",
            ),
            Unverified::Mismatch => failure("The provided credentials could not be validated."),
            Unverified::Unsigned => failure("The request is not signed."),
            Unverified::Malformed(what) => failure(what),
        })?;
        let account = account.expect("its key signed");
        if verified.security_token.as_deref() != account.token.as_deref().map(str::as_bytes) {
            let why = "The token is not that of the key.";
            return Err(refusal("AuthFailure.TokenFailure", why));
        }
        Ok(account)
    }
}

/// The HTTP status is always 200 (contracts section c).
pub(crate) fn refusal(code: &str, message: impl Into<String>) -> Refusal {
    Refusal::new(200, code, message)
}

pub(crate) fn throttled(limit: u32) -> Refusal {
    let why = format!("Your request exceeded the limit of {limit} per second.");
    refusal("RequestLimitExceeded", why)
}

/// GUESS: the code; it is among the common ones of the vendor, not of Auto Scaling's.
pub(crate) fn too_large() -> Refusal {
    refusal("RequestSizeLimitExceeded", "The request is too large.")
}
