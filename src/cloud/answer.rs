//! What an answer comes to, in one place for every cloud. A client takes an answer apart by
//! the form of its cloud; what follows from the parts is decided here.

use serde_json::Value;

use super::call::{CallError, Meaning, Sent};
use super::mutation::Success;
use super::secret::Key;
use super::verdict::{Reading, Refusal};
use crate::api::Reason;

/// An answer, taken apart.
pub(super) struct Answer<B> {
    /// What the error says; empty but for the request id if there is none.
    pub(super) refusal: Refusal,
    /// How a row of the service's table reads the error.
    pub(super) listed: Option<Reading>,
    /// The error has the form of the cloud's own and a code of it. Another one may be a
    /// proxy's, which forwarded the call and answered after that (contracts: l.5).
    pub(super) own: bool,
    /// An error that no row lists is a fault, which may pass.
    pub(super) passes: bool,
    /// What an answer of success has in it.
    pub(super) success: Option<B>,
}

/// An answer, or what is known of one that is not of the cloud's form.
pub(super) type Told<B> = Result<Answer<B>, Refusal>;

/// What a read comes to.
pub(super) fn read<B>(told: Told<B>, key: &Key) -> Result<B, CallError> {
    let answer = told.map_err(CallError::unavailable)?;
    if let Some(success) = answer.success {
        key.answered(None);
        return Ok(success);
    }
    key.answered(Some((answer.listed, &answer.refusal)));
    let reading = match answer.listed {
        Some(reading) => reading,
        None if answer.passes => Reading::Retry(Reason::CLOUD_UNAVAILABLE),
        None => Reading::Terminal,
    };
    let refusal = answer.refusal;
    Err(CallError { reading, refusal })
}

/// What a mutating call comes to. Only an answer that a table lists, and that is the
/// cloud's own, is a refusal, so that the call had no effect; `meaning` is asked about an
/// answer of success, and any other leaves the call unknown.
pub(super) fn sent(
    told: Told<Value>,
    body: &[u8],
    meaning: impl FnOnce(&Success<'_>) -> Meaning,
) -> Sent {
    let answer = match told {
        Ok(answer) => answer,
        Err(refusal) => return Sent::Unknown(refusal),
    };
    match (answer.listed, answer.success) {
        (_, Some(result)) => {
            let code = &answer.refusal.code;
            let result = &result;
            meaning(&Success { code, body, result }).into_sent(answer.refusal)
        }
        (Some(reading), None) if answer.own => Sent::Refused(reading, answer.refusal),
        (_, None) => Sent::Unknown(answer.refusal),
    }
}
