//! What an order looks like, to be compared after a cancel: whatever its words mean,
//! other ones tell that something has happened to it. Pure.

use crate::cloud::Field;
use crate::cloud::volcengine::ecs::ScheduledInstance;
use crate::text;

/// Between the two things that are compared.
const INVALID: &str = ", invalid ";

/// Bytes of a status in it, so that all of it fits into status. What is compared is not
/// changed otherwise: earlier versions wrote the same.
const LONGEST: usize = 192;

/// What is recorded with a cancel. Objects of earlier versions hold the same words.
/// `None`: not everything in it was understood.
pub(super) fn mark(found: &ScheduledInstance) -> Option<String> {
    let invalid = match found.invalid_at {
        Field::Absent => String::new(),
        Field::Known(at) => at.to_string(),
        Field::Unclear => return None,
    };
    let status = match &found.status {
        Field::Absent => String::new(),
        Field::Known(status) => text::line(status, LONGEST),
        Field::Unclear => return None,
    };
    Some(format!("{status}{INVALID}{invalid}"))
}

/// The order looks other than it did. A word that is missing on one side is not
/// another word; a time that has come to be there is one.
pub(super) fn differs(before: Option<&str>, found: &ScheduledInstance) -> bool {
    let (Some(before), Some(now)) = (before, mark(found)) else {
        return false;
    };
    let parts = |mark: &str| {
        let (status, invalid) = mark.rsplit_once(INVALID)?;
        Some((status.to_owned(), invalid.to_owned()))
    };
    match (parts(before), parts(&now)) {
        (Some((status, invalid)), Some((status_now, invalid_now))) => {
            let other_word = !status.is_empty() && !status_now.is_empty() && status != status_now;
            let other_time = !invalid_now.is_empty() && invalid != invalid_now;
            other_word || other_time
        }
        _ => before != now,
    }
}
