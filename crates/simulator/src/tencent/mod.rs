//! Tencent Cloud: its API form, the same for every service (one path, the action in
//! a header, HTTP 200 for everything), and Auto Scaling behind it.
//!
//! Contracts sections c, f.4, h and i.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::journal::NewEffect;
use crate::message::{Dressed, Refusal, Refused, Reply, Request};
use crate::seed::BadSeed;
use scaling::Scaling;
use seed::TencentSeed;
use state::{TencentAccountState, TencentState};

pub(crate) mod gateway;
pub(crate) mod scaling;
pub(crate) mod seed;
pub mod signature;
pub(crate) mod state;

const SERVICE: &str = "as";
const VERSION: &str = "2018-04-19";
/// Documented for each API of Auto Scaling: calls per second.
const LIMIT: u32 = 20;

/// A request to Tencent Cloud.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) api: &'static str,
    pub(crate) ids: Vec<String>,
    /// None: there is no such action.
    call: Option<scaling::Call>,
}

/// The state of Tencent Cloud.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tencent {
    pub(crate) gateway: gateway::Gateway,
    pub(crate) scaling: Scaling,
}

impl Tencent {
    pub(crate) fn new(date_window: Duration) -> Self {
        let mut tencent = Self::default();
        tencent.gateway.date_window = date_window;
        tencent
    }

    /// The same cloud with nothing in it.
    pub(crate) fn anew(&self) -> Self {
        Self {
            gateway: self.gateway.anew(),
            scaling: Scaling::default(),
        }
    }

    pub(crate) fn put(&mut self, seed: TencentSeed, now: Timestamp) -> Result<(), BadSeed> {
        for account in seed.accounts {
            self.gateway.put(account);
        }
        self.scaling.put(seed.groups, seed.activities, now)
    }

    pub(crate) fn perform(
        &mut self,
        route: &Route,
        request: &Request,
        now: Timestamp,
        effects: &mut Vec<NewEffect>,
    ) -> Result<Reply, Refusal> {
        let Some(call) = &route.call else {
            return Err(gateway::refusal(
                "InvalidAction",
                "The action does not exist.",
            ));
        };
        let region = request.single("x-tc-region").unwrap_or_default();
        let body = self
            .scaling
            .perform(region, call, &request.body, now, effects)?;
        Ok(Reply::ok(body))
    }

    pub(crate) fn state(&mut self) -> TencentState {
        let account = |account: &seed::TencentAccount| TencentAccountState {
            secret_id: account.secret_id.clone(),
            regions: account.regions.clone(),
            denied: account.denied.clone(),
        };
        TencentState {
            accounts: self.gateway.accounts().map(account).collect(),
            groups: self.scaling.groups(),
            activities: self.scaling.activities(),
        }
    }
}

/// The limits that hold unless a seed or the configuration sets others.
pub(crate) fn limits() -> impl Iterator<Item = (String, u32)> {
    scaling::APIS
        .iter()
        .map(|(_, api, _)| ((*api).into(), LIMIT))
}

/// Whether a request is for this cloud.
pub(crate) fn is_meant(request: &Request) -> bool {
    let action = request.header("x-tc-action").next().is_some();
    request.method == "POST" && request.path() == "/" && (action || signature::is_claimed(request))
}

pub(crate) fn route(request: &Request) -> Route {
    let action = request.single("x-tc-action").unwrap_or_default();
    let found = scaling::APIS.iter().find(|(name, ..)| *name == action);
    Route {
        api: found.map_or("unknown", |(_, api, _)| api),
        ids: scaling::ids(&request.body),
        call: found.map(|(.., call)| *call),
    }
}

/// `Response` with the request's id, always. The HTTP status is 200, unless a fault
/// asked for a 5xx or for no code, which something in front of the cloud would have sent.
pub(crate) fn dress(result: Result<Reply, Refused>, request_id: &str) -> Dressed {
    let mut response = Map::new();
    let (status, code) = match result {
        Ok(reply) => {
            if let Value::Object(fields) = reply.body {
                response = fields;
            }
            (200, None)
        }
        Err(refused) => {
            let refusal = refused.into_refusal();
            response.insert(
                "Error".into(),
                json!({"Code": refusal.code, "Message": refusal.message}),
            );
            let status = if refusal.status >= 500 || refusal.code.is_empty() {
                refusal.status
            } else {
                200
            };
            (status, Some(refusal.code))
        }
    };
    response.insert("RequestId".into(), request_id.into());
    Dressed {
        status,
        code,
        body: json!({"Response": response}),
        // Exactly this: with a charset the official SDK takes an error for success.
        content_type: "application/json",
        names_request: false,
    }
}
