//! What is told of desktops and orders, in sentences and in the cloud's words. Pure.

use crate::cloud::Members;
use crate::cloud::huawei::workspace::{Change, ChargeMode, Desktop, Product};
use crate::text::line;

/// Bytes of the longest line of a plan that status takes.
pub(super) const LINE: usize = 256;

/// Bytes of the longest word of the cloud's that status takes.
pub(super) const WORD: usize = 64;

/// A few of the products that would do; `None`: none is known, and there may be some.
pub(super) fn choice(
    products: &Members<Product>,
    would_do: impl Fn(&Product) -> bool,
) -> Option<String> {
    let would_do = products.list.iter().filter(|product| would_do(product));
    let all: Vec<&str> = would_do.filter_map(|p| p.product_id.as_deref()).collect();
    Some(match all.len() {
        0 if !products.understood => return None,
        0 => "There is none that it can be changed to.".to_owned(),
        1..=8 => format!("It can be changed to {}.", all.join(", ")),
        more => format!(
            "It can be changed to {} and {} more.",
            all[..8].join(", "),
            more - 8
        ),
    })
}

/// What of a desktop the change is about, as it is now.
pub(super) fn has(change: &Change<'_>, desktop: &Desktop) -> String {
    let id = &desktop.desktop_id;
    match change {
        Change::Resize { .. } => match desktop.product_id() {
            Some(product) => format!("Desktop {id} has product {}.", line(product, 128)),
            None => format!("Workspace does not say which product desktop {id} has."),
        },
        Change::ExpandVolume { volume, .. } => match desktop.volume(volume).map(|v| v.size) {
            Some(Some(size)) => format!("Volume {volume} of desktop {id} has {size} GiB."),
            Some(None) => format!("Workspace does not say how large volume {volume} is."),
            None if desktop.shows_every_volume() => {
                format!("Desktop {id} has no volume {volume}.")
            }
            // What is not understood may be that volume.
            None => format!(
                "Workspace does not show every volume of desktop {id} with its ids, and volume {volume} is not among those that it shows. If this lasts, check the desktop's volumes in the cloud console."
            ),
        },
        Change::Subscribe { .. } => match desktop.charge_mode() {
            Some(ChargeMode::Prepaid) => format!("Desktop {id} is prepaid."),
            Some(ChargeMode::OnDemand) => format!("Desktop {id} is charged on demand."),
            None => format!("Workspace does not say how desktop {id} is charged."),
        },
    }
}

pub(super) fn lower(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}
