//! ClientTokens: a repeat with the same token and parameters is answered as the first
//! call was, without a second effect (contracts section b.2).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::seed::EcsReadings;
use crate::message::Refusal;

/// Documented.
const LONGEST: usize = 64;

type Parameters = Vec<(String, String)>;

/// The accepted calls, by the caller's key and token.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens(BTreeMap<(String, String), Accepted>);

#[derive(Clone, Debug)]
struct Accepted {
    at: Timestamp,
    parameters: Parameters,
}

/// What a token says about a call.
pub(super) enum Turn {
    /// It was not used yet, or that was forgotten.
    First,
    /// Answer as then.
    Repeat,
}

impl Tokens {
    pub(super) fn check(
        &self,
        caller: &str,
        token: &str,
        parameters: &Parameters,
        now: Timestamp,
        readings: &EcsReadings,
    ) -> Result<Turn, Refusal> {
        if token.len() > LONGEST || !token.is_ascii() {
            let why = "ClientToken is of at most 64 ASCII characters.";
            return Err(Refusal::new(400, "InvalidClientToken.Malformed", why));
        }
        let Some(accepted) = self.0.get(&(caller.into(), token.into())) else {
            return Ok(Turn::First);
        };
        let age = now.duration_since(accepted.at);
        if age >= seconds(readings.token_lifetime) {
            return Ok(Turn::First);
        }
        if accepted.parameters != *parameters {
            let why = "The ClientToken was used with other parameters.";
            return Err(Refusal::new(400, "IdempotentParameterMismatch", why));
        }
        if age < seconds(readings.processing_for) {
            let why = "The first request with this ClientToken is being processed.";
            return Err(Refusal::new(412, "IdempotentProcessing", why));
        }
        Ok(Turn::Repeat)
    }

    pub(super) fn keep(
        &mut self,
        caller: &str,
        token: &str,
        parameters: Parameters,
        now: Timestamp,
    ) {
        let accepted = Accepted {
            at: now,
            parameters,
        };
        self.0.insert((caller.into(), token.into()), accepted);
    }
}

fn seconds(n: u32) -> SignedDuration {
    SignedDuration::from_secs(n.into())
}
