//! Calls that change something, as values: what a service documents of one, and the request
//! that its arguments lead to. Nothing here sends.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::Meaning;
use super::ids::{OddId, Path, Query};
use super::service::Service;
use super::transport::Method;

/// What a call is about, by the cloud's names. A value that is no text is JSON.
pub type Arguments = BTreeMap<String, String>;

/// Arguments of these names and values.
pub fn arguments<const N: usize>(pairs: [(&str, &str); N]) -> Arguments {
    let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
    owned.into()
}

/// The argument of that name; empty, which is no valid id, if there is none.
pub(super) fn argument<'a>(arguments: &'a Arguments, name: &str) -> &'a str {
    arguments.get(name).map_or("", String::as_str)
}

/// A call that changes something, as its service documents it.
#[derive(Debug)]
pub struct Mutation {
    /// The cloud's name of it.
    pub name: &'static str,
    /// Whose it is.
    pub service: &'static Service,
    /// Method of its request.
    pub method: Method,
    /// The parameter that takes an idempotency token, if the call has one.
    pub token: Option<&'static str>,
    /// The request for these arguments in that project, or region.
    pub request: fn(&Arguments, scope: &str) -> Result<Draft, OddId>,
    /// What an answer of success means.
    pub meaning: fn(&Success<'_>) -> Meaning,
}

/// An answer of success to a call.
#[derive(Clone, Copy, Debug)]
pub struct Success<'a> {
    /// The code of an error in it; empty if there is none.
    pub code: &'a str,
    /// All of it.
    pub body: &'a [u8],
    /// What is wrapped in the envelope of the cloud; null where it has none.
    pub result: &'a Value,
}

/// A request that changes something, before it is signed: without headers, key and token,
/// so that it is the same for every attempt at the same place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Its path, where that says what is called.
    pub path: Option<Path>,
    /// Its query, without the token and without what is the same for every request.
    pub query: Query,
    /// Its body.
    pub body: String,
}

impl Draft {
    /// The same with the token, for a call that takes one.
    pub fn with_token(mut self, mutation: &Mutation, token: &str) -> Result<Self, OddId> {
        if let Some(name) = mutation.token {
            self.query = self.query.id(name, token)?;
        }
        Ok(self)
    }
}
