//! The body of a change order (contracts section e.1): what it may say, and what
//! it then asks of which desktop.
//!
//! GUESS: the codes of these refusals. The page documents the rules, not the codes.

use serde::{Deserialize, Serialize};

use super::seed::ExpandBy;
use super::state::{Desktop, Products};
use crate::message::Refusal;

/// What an order changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum DesktopChange {
    /// Another product.
    Resize {
        /// The product after the change.
        product_id: String,
    },
    /// A larger disk.
    ExpandVolume {
        /// The disk's `volume_id`.
        volume_id: String,
        /// GB in total after the change.
        size: u32,
    },
    /// From on demand to prepaid.
    Subscribe {
        /// 2 month, 3 year.
        period_type: u8,
        /// How many of them.
        period_num: u32,
        /// Renewed by itself at the end.
        #[serde(default)]
        auto_renew: bool,
    },
}

impl DesktopChange {
    /// The value of `type`, and of a job's `job_type` (GUESS, but for expandVolumes).
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Resize { .. } => "resizeDesktops",
            Self::ExpandVolume { .. } => "expandVolumes",
            Self::Subscribe { .. } => "meteredToPeriod",
        }
    }

    /// 3 a change, 11 on demand to prepaid.
    pub(crate) fn order_type(&self) -> u8 {
        match self {
            Self::Resize { .. } | Self::ExpandVolume { .. } => 3,
            Self::Subscribe { .. } => 11,
        }
    }

    /// The desktop's `task_status` while the change runs. GUESS: that the other two
    /// show this one of the documented words.
    pub(crate) fn task_status(&self) -> &'static str {
        match self {
            Self::Resize { .. } => "resize_migrating",
            Self::ExpandVolume { .. } | Self::Subscribe { .. } => "updating",
        }
    }
}

/// A change order that was understood.
pub(crate) struct Asked {
    pub(crate) change: DesktopChange,
    pub(crate) auto_pay: bool,
}

impl Asked {
    /// The page is that of yearly and monthly desktops.
    pub(crate) fn is_for_its_charging(&self, desktop: &Desktop) -> Result<(), Refusal> {
        let converts = matches!(self.change, DesktopChange::Subscribe { .. });
        match desktop.is_prepaid() || converts {
            true => Ok(()),
            false => Err(not_possible("the desktop is charged on demand")),
        }
    }
}

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: String,
    period_type: Option<u8>,
    period_num: Option<u32>,
    is_auto_renew: Option<u8>,
    resize_product_id: Option<String>,
    expand_volume_id: Option<String>,
    expand_new_size: Option<u32>,
    enterprise_project_id: Option<String>,
    extend_param: Option<ExtendParam>,
}

#[derive(Deserialize)]
struct ExtendParam {
    /// A string, not a boolean.
    is_auto_pay: Option<String>,
}

/// Reads a change order and holds it against the desktop.
pub(crate) fn read(
    body: &[u8],
    desktop: &Desktop,
    products: &Products,
    expand_by: ExpandBy,
) -> Result<Asked, Refusal> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|_| bad("the body is empty, no JSON, or a value has another type"))?;
    let auto_pay = match body.extend_param.as_ref().map(|p| p.is_auto_pay.as_deref()) {
        None | Some(None | Some("false")) => false,
        Some(Some("true")) => true,
        Some(Some(_)) => return Err(bad("is_auto_pay must be \"true\" or \"false\"")),
    };
    let project = body.enterprise_project_id.as_deref().unwrap_or_default();
    if project.len() > 36 {
        return Err(bad("enterprise_project_id is too long"));
    }
    let change = match &*body.kind {
        "resizeDesktops" => body.resize(desktop, products)?,
        "expandVolumes" => body.expand(desktop, expand_by)?,
        "meteredToPeriod" => body.subscribe(desktop)?,
        _ => return Err(bad("type is unknown")),
    };
    Ok(Asked { change, auto_pay })
}

impl Body {
    fn resize(self, desktop: &Desktop, products: &Products) -> Result<DesktopChange, Refusal> {
        let wanted = self.resize_product_id;
        let product_id = wanted.ok_or_else(|| bad("resize_product_id is missing"))?;
        let legal = products
            .targets(&desktop.product_id)
            .any(|target| target.product_id == product_id && target.status == "normal");
        if !legal {
            return Err(not_possible("the product is not one to change to"));
        }
        Ok(DesktopChange::Resize { product_id })
    }

    fn expand(self, desktop: &Desktop, by: ExpandBy) -> Result<DesktopChange, Refusal> {
        let wanted = self.expand_volume_id;
        let wanted = wanted.ok_or_else(|| bad("expand_volume_id is missing"))?;
        let size = self.expand_new_size;
        let size = size.ok_or_else(|| bad("expand_new_size is missing"))?;
        if !(10..=32760).contains(&size) || size % 10 != 0 {
            return Err(bad("expand_new_size must be a multiple of 10, 10 to 32760"));
        }
        let volume = desktop
            .volumes()
            .find(|volume| match by {
                ExpandBy::VolumeId => volume.volume_id == wanted,
                ExpandBy::Id => volume.id == wanted,
            })
            .ok_or_else(|| Refusal::new(404, "WKS.0915", "The volume does not exist."))?;
        if size <= volume.size {
            return Err(bad("expand_new_size must be larger than the present size"));
        }
        Ok(DesktopChange::ExpandVolume {
            volume_id: volume.volume_id.clone(),
            size,
        })
    }

    fn subscribe(self, desktop: &Desktop) -> Result<DesktopChange, Refusal> {
        let period_type = self.period_type.filter(|kind| (2..=3).contains(kind));
        let period_type = period_type.ok_or_else(|| bad("period_type must be 2 or 3"))?;
        let period_num = self.period_num.filter(|number| *number > 0);
        let period_num = period_num.ok_or_else(|| bad("period_num must be at least 1"))?;
        let auto_renew = match self.is_auto_renew {
            None | Some(0) => false,
            Some(1) => true,
            Some(_) => return Err(bad("is_auto_renew must be 0 or 1")),
        };
        if desktop.is_prepaid() {
            return Err(not_possible("the desktop is prepaid already"));
        }
        Ok(DesktopChange::Subscribe {
            period_type,
            period_num,
            auto_renew,
        })
    }
}

fn bad(why: &str) -> Refusal {
    Refusal::new(
        400,
        "WKS.0001",
        format!("The request parameter is invalid: {why}."),
    )
}

fn not_possible(why: &str) -> Refusal {
    Refusal::new(
        400,
        "WKS.00170312",
        format!("The order cannot be placed: {why}."),
    )
}
