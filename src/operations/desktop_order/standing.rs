//! How a desktop stands to what is asked of it. Pure.

use super::sentences::WORD;
use crate::cloud::huawei::workspace::{Change, ChargeMode, Desktop};
use crate::text::line;

/// Whether a desktop is as an order would make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    AsWanted,
    Otherwise,
    /// The answer does not say.
    Unsaid,
    /// It shows no such volume.
    NoVolume,
}

pub(super) fn standing(change: &Change<'_>, desktop: &Desktop) -> Standing {
    let is = |as_wanted: Option<bool>| match as_wanted {
        Some(true) => Standing::AsWanted,
        Some(false) => Standing::Otherwise,
        None => Standing::Unsaid,
    };
    match change {
        Change::Resize { product } => is(desktop.product_id().map(|now| now == *product)),
        Change::ExpandVolume { volume, size } => match desktop.volume(volume) {
            Some(volume) => is(volume.size.map(|now| now >= i64::from(*size))),
            None => Standing::NoVolume,
        },
        Change::Subscribe { .. } => is(desktop
            .charge_mode()
            .map(|mode| mode == ChargeMode::Prepaid)),
    }
}

/// Tasks that change neither product, size nor charging (contracts: e.2, l.1): each word
/// begins with one of these. They must not delay a success, as `deleteFailed` never
/// goes away.
const HARMLESS: [&str; 11] = [
    "scheduling",
    "block_device_mapping",
    "networking",
    "spawning",
    "reboot",
    "rebuild",
    "migrating",
    "powering-",
    "deleting",
    "deletefailed",
    "desktopnetworkchanging",
];

/// What is being done with the desktop, where that may change again what the change is
/// about. A word that is not documented may mean anything.
pub(super) fn unsettling<'a>(change: &Change<'_>, desktop: &'a Desktop) -> Option<&'a str> {
    let task = desktop.task_status.as_deref()?;
    let word = task.to_ascii_lowercase();
    let of_a_product = word.starts_with("resize_");
    let harmless = match change {
        Change::Resize { .. } => false,
        Change::ExpandVolume { .. } | Change::Subscribe { .. } => of_a_product,
    };
    let known = HARMLESS.iter().any(|known| word.starts_with(known));
    (!known && !harmless).then_some(task)
}

/// Nothing of the desktop itself keeps the order from being sent.
pub(super) fn is_next(change: &Change<'_>, desktop: &Desktop) -> bool {
    standing(change, desktop) == Standing::Otherwise && obstacle(desktop).is_none()
}

/// Why nothing can be ordered for the desktop now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It passes by itself, or an order of ours is what keeps it busy.
    Passing(String),
    /// It stays until a person has dealt with it at the cloud.
    Lasting(String),
}

pub(super) fn obstacle(desktop: &Desktop) -> Option<Obstacle> {
    let id = &desktop.desktop_id;
    match (&desktop.task_status, desktop.is_freeze) {
        // A desktop that could not be deleted keeps that word.
        (Some(task), _) if task.eq_ignore_ascii_case("deleteFailed") => {
            Some(Obstacle::Lasting(format!(
                "Desktop {id} has task status {}: it could not be deleted, and keeps that status until it is dealt with at the cloud. Delete it there, or ask the cloud's support.",
                line(task, WORD)
            )))
        }
        (Some(task), _) => Some(Obstacle::Passing(format!(
            "Desktop {id} is busy ({}); waiting until it is not.",
            line(task, WORD)
        ))),
        (None, Some(true)) => Some(Obstacle::Passing(format!(
            "Desktop {id} is frozen at the cloud, for arrears for instance; waiting until it is not."
        ))),
        (None, _) => None,
    }
}
