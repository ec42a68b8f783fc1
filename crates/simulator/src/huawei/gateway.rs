//! The API gateway in front of every Huawei service: keys, signatures, projects,
//! quotas (contracts sections f.1 and h; the wording of the refusals follows the
//! gateway's own documentation).
//!
//! Messages never repeat what a request said: header values can be secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::signature::{self, Unverified};
use super::{Route, denied};
use crate::faults::name_matches;
use crate::limits::Limits;
pub(crate) use crate::message::Refused;
use crate::message::{Refusal, Request};
use crate::seed::Account;

/// More failed checks in a row than this lock the key.
const FAILURES: u32 = 5;
const LOCK: SignedDuration = SignedDuration::from_mins(5);
const AUTHENTICATION: &str = "APIGW.0301";
/// The code of a call over the limit.
pub(crate) const THROTTLED: &str = "APIGW.0308";

/// Keys and their locks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gateway {
    pub(crate) date_window: Duration,
    keys: BTreeMap<String, Key>,
}

#[derive(Clone, Debug)]
struct Key {
    account: Account,
    failures: u32,
    locked_until: Option<Timestamp>,
}

impl Gateway {
    pub(crate) fn put(&mut self, account: Account) {
        let key = Key {
            failures: 0,
            locked_until: None,
            account,
        };
        self.keys.insert(key.account.access_key.clone(), key);
    }

    /// The same gateway without keys.
    pub(crate) fn anew(&self) -> Self {
        Self {
            date_window: self.date_window,
            keys: BTreeMap::new(),
        }
    }

    /// The accounts, and until when their keys are locked.
    pub(crate) fn accounts(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&Account, Option<Timestamp>)> {
        self.keys.values().map(move |key| {
            let locked = key.locked_until.filter(|until| now < *until);
            (&key.account, locked)
        })
    }

    /// The access key id that a request names, if an account has it.
    pub(crate) fn known_key(&self, request: &Request) -> Option<String> {
        let claimed = signature::claimed_access_key(request)?;
        self.keys.contains_key(claimed).then(|| claimed.into())
    }

    /// The projects of the account whose key signed, through whichever of its keys.
    pub(crate) fn projects_of_caller(&self, request: &Request) -> BTreeSet<&str> {
        let caller = signature::claimed_access_key(request).and_then(|key| self.keys.get(key));
        let domain = caller.map(|key| &key.account.domain_id);
        let accounts = self.keys.values().map(|key| &key.account);
        accounts
            .filter(|account| Some(&account.domain_id) == domain)
            .flat_map(|account| account.projects.iter().map(String::as_str))
            .collect()
    }

    /// Everything that is checked before a service sees the request.
    pub(crate) fn admit(
        &mut self,
        request: &Request,
        route: &Route,
        now: Timestamp,
        limits: &mut Limits,
    ) -> Result<(), Refused> {
        let access_key = self.authenticate(request, now).map_err(Refused::Gateway)?;
        let account = &self.keys[&access_key].account;
        authorise(account, request, route)?;
        limits
            .count(route.api, access_key, now)
            .map_err(|limit| Refused::Gateway(throttled(limit)))
    }

    fn authenticate(&mut self, request: &Request, now: Timestamp) -> Result<String, Refusal> {
        let claimed = signature::claimed_access_key(request);
        let mut key = claimed.and_then(|claimed| self.keys.get_mut(claimed));
        if let Some(key) = &mut key {
            match key.locked_until {
                Some(until) if now < until => {
                    return Err(unauthenticated(
                        "AK access failed to reach the limit,forbidden.",
                    ));
                }
                Some(_) => {
                    key.locked_until = None;
                    key.failures = 0;
                }
                None => {}
            }
        }
        let account = key.as_ref().map(|key| &key.account);
        let secret_of = |_: &str| account.map(|account| account.secret_key.clone());
        let verified = signature::verify(request, secret_of, now, self.date_window);
        let failed = match verified {
            Ok(verified) => {
                let wanted = account.and_then(|a| a.security_token.as_deref());
                if verified.security_token.as_deref() == wanted.map(str::as_bytes) {
                    if let Some(key) = key {
                        key.failures = 0;
                    }
                    return Ok(verified.access_key);
                }
                "verify aksk signature fail,security token is not that of the key".into()
            }
            Err(Unverified::Expired { signed_at }) => {
                // The key was proven right, so this does not count towards the lock.
                return Err(unauthenticated(&format!(
                    "signature expired,signature time:{},server time:{}",
                    sdk_date(signed_at),
                    sdk_date(now)
                )));
            }
            Err(Unverified::Unsigned) => "x-auth-token not found".into(),
            Err(Unverified::UnknownKey) => "Get secretKey failed,err:ak not exist".into(),
            Err(Unverified::Mismatch) => "verify aksk signature fail".into(),
            Err(Unverified::Malformed(what)) => format!("verify aksk signature fail,{what}"),
        };
        if let Some(key) = key {
            key.failures += 1;
            if key.failures > FAILURES {
                key.locked_until = now.checked_add(LOCK).ok();
            }
        }
        Err(unauthenticated(&failed))
    }
}

fn authorise(account: &Account, request: &Request, route: &Route) -> Result<(), Refused> {
    if let Some(project) = &route.project {
        if !account.projects.contains(project) {
            return Err(Refused::Gateway(forbidden(
                "the project is not the account's",
            )));
        }
        let mut sent = request.header("x-project-id");
        if sent.any(|sent| sent != project.as_bytes()) {
            return Err(Refused::Gateway(forbidden(
                "X-Project-Id is not the project of the path",
            )));
        }
    }
    if route.project.is_none() && request.header("x-domain-id").next().is_none() {
        return Err(Refused::Gateway(forbidden(
            "a global service needs X-Domain-Id",
        )));
    }
    let mut domain = request.header("x-domain-id");
    if domain.any(|sent| sent != account.domain_id.as_bytes()) {
        return Err(Refused::Gateway(forbidden(
            "X-Domain-Id is not the account's",
        )));
    }
    if account
        .denied
        .iter()
        .any(|each| name_matches(each, route.api))
    {
        return Err(denied(route));
    }
    Ok(())
}

fn sdk_date(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn unauthenticated(why: &str) -> Refusal {
    let message = format!("Incorrect IAM authentication information: {why}");
    Refusal::new(401, AUTHENTICATION, message)
}

/// GUESS: that a foreign project is refused with this code of the documented ones.
pub(crate) fn forbidden(why: &str) -> Refusal {
    let message = format!("The IAM user is not authorized to access the API: {why}");
    Refusal::new(403, "APIGW.0302", message)
}

pub(crate) fn no_such_api() -> Refusal {
    let message = "The API does not exist or has not been published in the environment.";
    Refusal::new(404, "APIGW.0101", message)
}

pub(crate) fn too_large() -> Refusal {
    Refusal::new(413, "APIGW.0201", "Request entity too large.")
}

pub(crate) fn throttled(limit: u32) -> Refusal {
    let message = format!(
        "The throttling threshold has been reached: policy user over ratelimit,limit:{limit},time:1 second"
    );
    Refusal::new(429, THROTTLED, message)
}

/// The body of a refusal in the gateway's form.
pub(crate) fn render(refusal: &Refusal, request_id: &str) -> Value {
    json!({
        "error_code": refusal.code,
        "error_msg": refusal.message,
        "request_id": request_id,
    })
}
