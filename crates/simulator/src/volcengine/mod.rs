//! Volcengine: its API form, the same for every service (one path, everything in the
//! query, `ResponseMetadata` around every answer), and ECS behind it.
//!
//! Contracts sections b, f.3 and h.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::journal::NewEffect;
use crate::message::{Dressed, Refusal, Refused, Reply, Request, form_pairs};
use crate::seed::BadSeed;
use ecs::Ecs;
use query::Query;
use seed::VolcengineSeed;
use state::{VolcengineAccountState, VolcengineState};

pub(crate) mod ecs;
pub(crate) mod gateway;
mod query;
pub(crate) mod seed;
pub mod signature;
pub(crate) mod state;

const SERVICE: &str = "ecs";
const VERSION: &str = "2020-04-01";

/// A request to Volcengine, with what its answer repeats.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) api: &'static str,
    pub(crate) ids: Vec<String>,
    action: String,
    version: String,
    region: String,
    service: String,
    /// None: there is no such action.
    call: Option<ecs::Call>,
}

/// The state of Volcengine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Volcengine {
    pub(crate) gateway: gateway::Gateway,
    pub(crate) ecs: Ecs,
}

impl Volcengine {
    pub(crate) fn new(date_window: Duration) -> Self {
        let mut volcengine = Self::default();
        volcengine.gateway.date_window = date_window;
        volcengine
    }

    /// The same cloud with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Self {
            gateway: self.gateway.anew(),
            ecs: Ecs::default(),
        }
    }

    pub(crate) fn put(&mut self, seed: VolcengineSeed, now: Timestamp) -> Result<(), BadSeed> {
        for account in seed.accounts {
            self.gateway.put(account);
        }
        self.ecs.put(seed.reservations, now)
    }

    pub(crate) fn perform(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let Some(call) = &route.call else {
            let why = "There is no such action or version.";
            return Err(Refusal::new(404, "InvalidActionOrVersion", why));
        };
        let caller = signature::claimed_access_key(request).unwrap_or_default();
        let query = Query::of(request.query());
        let ecs = &mut self.ecs;
        let result = match call {
            ecs::Call::Delete => ecs.delete(caller, &route.region, &query, now, effects)?,
            ecs::Call::Describe => ecs.describe(&route.region, &query, now)?,
        };
        Ok(Reply::ok(result))
    }

    pub(crate) fn state(&self, now: Timestamp) -> VolcengineState {
        let account = |account: &seed::VolcengineAccount| VolcengineAccountState {
            access_key: account.access_key.clone(),
            regions: account.regions.clone(),
            denied: account.denied.clone(),
        };
        VolcengineState {
            accounts: self.gateway.accounts().map(account).collect(),
            reservations: self.ecs.reservations(now),
        }
    }

    /// `ResponseMetadata`, and `Result` or an error in it.
    pub(crate) fn dress(
        &self,
        route: &Route,
        result: Result<Reply, Refused>,
        request_id: &str,
    ) -> Dressed {
        let mut body = json!({"ResponseMetadata": {
            "RequestId": request_id,
            "Action": route.action,
            "Version": route.version,
            "Service": route.service,
            "Region": route.region,
        }});
        let (status, code) = match result {
            Ok(reply) => {
                if let Some(result) = reply.body.get("Result") {
                    body["Result"] = result.clone();
                }
                (200, None)
            }
            Err(refused) => {
                let (common, refusal) = match refused {
                    Refused::Gateway(refusal) => (true, refusal),
                    Refused::Service(refusal) => (false, refusal),
                };
                let mut error = json!({"Code": refusal.code, "Message": refusal.message});
                if common {
                    error["CodeN"] = number_of(&refusal.code).into();
                }
                body["ResponseMetadata"]["Error"] = error;
                let status = match self.ecs.readings.errors_with_200 {
                    true => 200,
                    false => refusal.status,
                };
                (status, Some(refusal.code))
            }
        };
        Dressed {
            status,
            code,
            body,
            content_type: "application/json",
            names_request: false,
        }
    }
}

/// The number of a common error. One is a third party's word, the rest invented: they
/// are not stable, so a client must not look at them.
fn number_of(code: &str) -> u32 {
    match code {
        "FlowLimitExceeded" => 100_018,
        _ => 100_000,
    }
}

/// Whether a request is for this cloud.
pub(crate) fn is_meant(request: &Request) -> bool {
    let names_action = |(name, _): &(Vec<u8>, Vec<u8>)| name == b"Action";
    request.path() == "/" && form_pairs(request.query()).iter().any(names_action)
}

pub(crate) fn route(request: &Request) -> Route {
    let query = Query::of(request.query());
    let action = query.get("Action").unwrap_or_default();
    let found = ecs::APIS.iter().find(|(name, ..)| *name == action);
    let (region, service) = signature::claimed_scope(request).unwrap_or_default();
    Route {
        api: found.map_or("unknown", |(_, api, _)| api),
        ids: ecs::ids(&query),
        action: action.into(),
        version: query.get("Version").unwrap_or_default().into(),
        region: region.into(),
        service: service.into(),
        call: found.map(|(.., call)| *call),
    }
}
