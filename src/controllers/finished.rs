//! What is left to do for an operation that has ended: nothing in the cloud. It
//! says that it was seen as it now stands, and it expires.

use super::context::Context;
use super::dispatch::Next;
use super::expiry::{Expiry, delete, expiry};
use super::put::{NotWritten, put_status};
use super::queue::Urgency;
use super::session::tell_refused;
use super::status::requested_at;
use crate::api::Status;
use crate::operations::{Kind, Object};

/// Gives when to look again, and whether it says so now.
pub(super) async fn finished<K: Kind>(context: &Context, object: &K::Object) -> (Next, bool) {
    let again = || {
        let pause = context.clock.after(context.rules.backoff_max);
        Next::at(pause, Urgency::Routine)
    };
    let said = echo::<K>(context, object).await;
    let now = context.clock.now();
    let expires = match expiry(object) {
        Expiry::Never | Expiry::TrackedBy(_) => Next::default(),
        Expiry::At(at) if at > now.wall => Next::wall(at, now, Urgency::Routine),
        Expiry::At(_) if delete::<K>(context, object).await => Next::default(),
        Expiry::At(_) => again(),
    };
    if let Err(NotWritten::Refused(fields)) = &said {
        // Its outcome stands, and Errand does nothing further for it.
        let shown = "It does not show that it was seen as it now stands.";
        tell_refused(context, object, &mut None, fields, shown).await;
    }
    match said {
        Ok(()) => (expires, true),
        Err(_) => (expires.or(again()), false),
    }
}

/// An outcome is final whatever is edited afterwards. But `kubectl wait` and
/// kstatus take conditions of an older generation for unfinished, and a request
/// for a fresh look is answered with its echo.
async fn echo<K: Kind>(context: &Context, object: &K::Object) -> Result<(), NotWritten> {
    match unsaid(object) {
        Some(seen) => {
            let written = put_status(context, object, object.status(), &seen).await;
            written.map(drop)
        }
        None => Ok(()),
    }
}

/// It does not say yet that it was seen as it now stands.
pub(super) fn is_unsaid<O: Object>(object: &O) -> bool {
    unsaid(object).is_some()
}

/// The status that says so, unless the object has it.
fn unsaid<O: Object>(object: &O) -> Option<Status<O::Observed>> {
    let status = object.status()?;
    let mut seen = status.clone();
    let generation = object.meta().generation;
    seen.observed_generation = generation;
    for condition in &mut seen.conditions {
        condition.observed_generation = generation;
    }
    if let Some(requested) = requested_at(object) {
        seen.last_handled_reconcile_at = Some(requested);
    }
    (seen != *status).then_some(seen)
}
