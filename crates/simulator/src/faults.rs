//! Faults: what goes wrong between a client and a cloud, on purpose.
//!
//! A fault meets requests that passed the gateway's checks (a bad signature is
//! refused as ever and uses up nothing). The first fault in order of injection
//! that matches, and has nothing left to skip, is applied; a request meets one.

use serde::{Deserialize, Serialize};

use crate::rewrite::Rewrite;
use crate::seed::BadSeed;

/// A fault and the requests that it meets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// An API name (`dcs.CancelInstanceResize`), or a prefix that ends with a dot
    /// (`dcs.`).
    pub api: String,
    /// Only requests whose path contains this (an instance id, say), or that name
    /// such an id in query or body where the cloud has it there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
    /// How many matching requests pass before the first that is met.
    #[serde(default)]
    pub skip: u32,
    /// How many requests are met.
    #[serde(default = "once")]
    pub times: u32,
    /// Until it is cleared, whatever `times` says.
    #[serde(default)]
    pub always: bool,
    /// What happens.
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that meets one request.
    pub fn new(api: impl Into<String>, kind: FaultKind) -> Self {
        Self {
            api: api.into(),
            path_contains: None,
            skip: 0,
            times: 1,
            always: false,
            kind,
        }
    }

    /// Only requests whose path contains this.
    pub fn path_contains(mut self, part: impl Into<String>) -> Self {
        self.path_contains = Some(part.into());
        self
    }

    /// Lets the first `n` matching requests pass.
    pub fn skip(mut self, n: u32) -> Self {
        self.skip = n;
        self
    }

    /// Meets `n` requests.
    pub fn times(mut self, n: u32) -> Self {
        self.times = n;
        self
    }

    /// Meets every request until the fault is cleared.
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    fn matches(&self, api: &str, path: &str, ids: &[String]) -> bool {
        name_matches(&self.api, api)
            && self
                .path_contains
                .as_ref()
                .is_none_or(|part| names(path, ids, part))
    }
}

/// Whether a call is about `part`: its path contains it, or an id that it names
/// elsewhere does.
pub(crate) fn names(path: &str, ids: &[String], part: &str) -> bool {
    path.contains(part) || ids.iter().any(|id| id.contains(part))
}

/// An exact API name, or a prefix that ends with a dot.
pub(crate) fn name_matches(pattern: &str, api: &str) -> bool {
    pattern == api || (pattern.ends_with('.') && api.starts_with(pattern))
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// Answered with this error; no effect.
    Error {
        /// HTTP status, 200 to 599 (some services put errors into a 200).
        status: u16,
        /// The cloud's error code.
        code: String,
        /// The message.
        #[serde(default = "injected")]
        message: String,
    },
    /// Answered with the gateway's 429; no effect.
    Throttle,
    /// Read; no effect; the connection is closed without an answer.
    DropBefore,
    /// The effect happens; the connection is closed without an answer.
    DropAfter,
    /// Handled after this much real time, even when the client has given up by then.
    Delay {
        /// Milliseconds.
        ms: u64,
    },
    /// The connection is closed without an answer; the request arrives this much
    /// later on the simulator's clock, and is then checked and handled as any other.
    Late {
        /// Seconds after the request was received.
        seconds: u32,
    },
    /// The connection is closed without an answer; the request is carried out this much
    /// later, however old its signature is then, as by a backend that had queued it.
    /// No cloud documents that it does so.
    Queued {
        /// Seconds after the request was received.
        seconds: u32,
    },
    /// Carried out twice, as if something between had repeated its bytes.
    Twice,
    /// The effect happens, and the answer is this error.
    ErrorAfter {
        /// HTTP status, 200 to 599.
        status: u16,
        /// The cloud's error code.
        code: String,
        /// The message.
        #[serde(default = "injected")]
        message: String,
    },
    /// A read is answered from what there was before the last effect of a call.
    Stale,
    /// The effect happens; the answer is a 200 whose body cannot be read.
    BadBody,
    /// No effect and never an answer; the connection stays until the client leaves.
    Hang,
    /// The effect happens, but never an answer.
    HangAfter,
    /// The effect happens; the connection is closed in the middle of the answer's body.
    Truncate,
    /// The effect happens; the JSON body of a 2xx is changed before it is sent. The
    /// journal keeps the body as it was.
    Rewrite {
        /// The changes, in order; none: the journal keeps the body, and that is all.
        changes: Vec<Rewrite>,
    },
}

fn injected() -> String {
    "injected fault".into()
}

impl FaultKind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Error { .. } => "error",
            Self::Throttle => "throttle",
            Self::DropBefore => "drop_before",
            Self::DropAfter => "drop_after",
            Self::Delay { .. } => "delay",
            Self::Late { .. } => "late",
            Self::Queued { .. } => "queued",
            Self::Twice => "twice",
            Self::ErrorAfter { .. } => "error_after",
            Self::Stale => "stale",
            Self::BadBody => "bad_body",
            Self::Hang => "hang",
            Self::HangAfter => "hang_after",
            Self::Truncate => "truncate",
            Self::Rewrite { .. } => "rewrite",
        }
    }
}

/// Names an injected fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// The faults that are still to be met, in order of injection.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    last: u64,
    pending: Vec<(FaultId, Fault)>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) -> Result<FaultId, BadSeed> {
        if fault.times == 0 && !fault.always {
            return Err(BadSeed::new("times must be at least 1 (or set always)"));
        }
        if let FaultKind::Error { status, .. } | FaultKind::ErrorAfter { status, .. } = fault.kind
            && !(200..600).contains(&status)
        {
            return Err(BadSeed::new("an error's status must be 200 to 599"));
        }
        self.last += 1;
        let id = FaultId(self.last);
        self.pending.push((id, fault));
        Ok(id)
    }

    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }

    pub(crate) fn remove(&mut self, id: FaultId) -> bool {
        let before = self.pending.len();
        self.pending.retain(|(each, _)| *each != id);
        self.pending.len() != before
    }

    pub(crate) fn pending(&self) -> &[(FaultId, Fault)] {
        &self.pending
    }

    /// Somebody will want to know what there was before.
    pub(crate) fn expect_stale(&self) -> bool {
        self.pending
            .iter()
            .any(|(_, fault)| fault.kind == FaultKind::Stale)
    }

    pub(crate) fn meet(&mut self, api: &str, path: &str, ids: &[String]) -> Option<FaultKind> {
        let mut met = None;
        for (at, (_, fault)) in self.pending.iter_mut().enumerate() {
            if !fault.matches(api, path, ids) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            met = Some(at);
            break;
        }
        let at = met?;
        let fault = &mut self.pending[at].1;
        let kind = fault.kind.clone();
        if !fault.always {
            fault.times -= 1;
            if fault.times == 0 {
                self.pending.remove(at);
            }
        }
        Some(kind)
    }
}
