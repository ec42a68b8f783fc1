//! What its reasons come to, for users.

use crate::api::Reason;
use crate::operations::{Guide, Line};

pub(super) const GUIDES: &[Guide] = &[Guide {
    reasons: &[Reason::ChangeFailed],
    can: &[Line::Say(
        "See in the cloud's console why the change of {target} failed; there is nothing left to cancel.",
    )],
    ..Guide::DEFAULT
}];
