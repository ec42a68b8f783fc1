//! What can be put into Workspace, and the switches for what its contract leaves
//! open.

use serde::{Deserialize, Serialize};

use crate::seed::When;

/// What a project has.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkspaceProject {
    /// Desktops.
    pub desktops: Vec<WorkspaceDesktop>,
    /// Products that desktops can be changed to, or are of.
    pub products: Vec<WorkspaceProduct>,
    /// Products for disks. They are only listed.
    pub volume_products: Vec<WorkspaceVolumeProduct>,
}

/// A cloud desktop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceDesktop {
    /// The desktop id.
    pub id: String,
    /// Its computer name; absent: the id.
    #[serde(default)]
    pub name: Option<String>,
    /// The present product.
    #[serde(default = "product_id")]
    pub product_id: String,
    /// ACTIVE, SHUTOFF, ERROR or HIBERNATED.
    #[serde(default = "active")]
    pub status: String,
    /// `0` prepaid, `1` on demand.
    #[serde(default = "prepaid")]
    pub charge_mode: String,
    /// The order of a prepaid desktop.
    #[serde(default)]
    pub order_id: Option<String>,
    /// The id that billing knows it by; absent: `bill-` and the id.
    #[serde(default)]
    pub bill_resource_id: Option<String>,
    /// The enterprise project.
    #[serde(default = "enterprise_project_id")]
    pub enterprise_project_id: String,
    /// Frozen, for arrears say.
    #[serde(default)]
    pub is_freeze: bool,
    /// The system disk; absent: 80 GB with ids of its own.
    #[serde(default)]
    pub root_volume: Option<WorkspaceVolume>,
    /// Data disks.
    #[serde(default)]
    pub data_volumes: Vec<WorkspaceVolume>,
    /// A task that is no order's.
    #[serde(default)]
    pub busy: Option<WorkspaceBusy>,
    /// How long orders for it take.
    #[serde(default)]
    pub timing: OrderTiming,
    /// The jobs of its orders fail at their end and change nothing.
    #[serde(default)]
    pub jobs_fail: bool,
}

fn product_id() -> String {
    "workspacehost.k.large2".into()
}

fn active() -> String {
    "ACTIVE".into()
}

fn prepaid() -> String {
    "0".into()
}

fn enterprise_project_id() -> String {
    "0".into()
}

impl WorkspaceDesktop {
    /// An active prepaid desktop of product `workspacehost.k.large2` with a system
    /// disk of 80 GB.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            product_id: product_id(),
            status: active(),
            charge_mode: prepaid(),
            order_id: None,
            bill_resource_id: None,
            enterprise_project_id: enterprise_project_id(),
            is_freeze: false,
            root_volume: None,
            data_volumes: Vec::new(),
            busy: None,
            timing: OrderTiming::default(),
            jobs_fail: false,
        }
    }

    /// Sets the present product.
    pub fn product(mut self, id: impl Into<String>) -> Self {
        self.product_id = id.into();
        self
    }

    /// Makes it pay per use.
    pub fn on_demand(mut self) -> Self {
        self.charge_mode = "1".into();
        self
    }

    /// Sets the system disk.
    pub fn root_volume(mut self, volume: WorkspaceVolume) -> Self {
        self.root_volume = Some(volume);
        self
    }

    /// Adds a data disk.
    pub fn data_volume(mut self, volume: WorkspaceVolume) -> Self {
        self.data_volumes.push(volume);
        self
    }

    /// Makes it busy with something else for so many seconds.
    pub fn busy(mut self, task_status: impl Into<String>, seconds: i64) -> Self {
        self.busy = Some(WorkspaceBusy {
            task_status: task_status.into(),
            until: When::In(seconds),
        });
        self
    }

    /// Makes it one that could not be deleted: it keeps that task status.
    pub fn delete_failed(self) -> Self {
        const YEARS: i64 = 10 * 366 * 86_400;
        self.busy("deleteFailed", YEARS)
    }

    /// Sets how long orders for it take.
    pub fn timing(mut self, timing: OrderTiming) -> Self {
        self.timing = timing;
        self
    }

    /// Makes the jobs of its orders fail.
    pub fn jobs_fail(mut self) -> Self {
        self.jobs_fail = true;
        self
    }
}

/// A disk of a desktop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceVolume {
    /// The id of the EVS disk.
    pub volume_id: String,
    /// The other id that the desktop shows; absent: `id-` and the volume id.
    #[serde(default)]
    pub id: Option<String>,
    /// GB.
    pub size: u32,
    /// SAS or SSD.
    #[serde(default = "sas", rename = "type")]
    pub kind: String,
    /// The id that billing knows it by; absent: `bill-` and the volume id.
    #[serde(default)]
    pub bill_resource_id: Option<String>,
}

fn sas() -> String {
    "SAS".into()
}

impl WorkspaceVolume {
    /// A SAS disk of so many GB.
    pub fn new(volume_id: impl Into<String>, size: u32) -> Self {
        Self {
            volume_id: volume_id.into(),
            id: None,
            size,
            kind: sas(),
            bill_resource_id: None,
        }
    }
}

/// A task of a desktop that is no order's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceBusy {
    /// The cloud's word for it, such as `rebooting`.
    pub task_status: String,
    /// When it is over.
    pub until: When,
}

/// How long the stages of an order last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderTiming {
    /// Under review (status 1) before anything else; 0: no review.
    pub review_for: u32,
    /// From the moment it could be paid until it lapses.
    pub pay_within: u32,
    /// From payment until its job starts to run.
    pub waits_for: u32,
    /// From the start of its job until the delivery.
    pub runs_for: u32,
}

impl Default for OrderTiming {
    /// No review, the documented week to pay, and five minutes for the job.
    fn default() -> Self {
        Self {
            review_for: 0,
            pay_within: 7 * 24 * 3600,
            waits_for: 0,
            runs_for: 300,
        }
    }
}

/// A product: a size that desktops are sold in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceProduct {
    /// The product id.
    pub product_id: String,
    /// normal, sellout or abandon.
    #[serde(default = "normal")]
    pub status: String,
    /// The products that desktops of this one can be changed to; absent: all others.
    #[serde(default)]
    pub targets: Option<Vec<String>>,
}

fn normal() -> String {
    "normal".into()
}

impl WorkspaceProduct {
    /// A product on sale that can be changed to every other.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            product_id: id.into(),
            status: normal(),
            targets: None,
        }
    }

    /// Sets its status.
    pub fn status(mut self, word: impl Into<String>) -> Self {
        self.status = word.into();
        self
    }

    /// Sets what desktops of this product can be changed to.
    pub fn targets<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.targets = Some(ids.into_iter().map(Into::into).collect());
        self
    }
}

/// A product for disks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceVolumeProduct {
    /// Such as `workspace.volume.sas`.
    pub resource_spec_code: String,
    /// SATA, SAS or SSD.
    pub volume_type: String,
    /// normal or sellout.
    #[serde(default = "normal")]
    pub status: String,
}

/// The points of contracts section e that nobody could verify.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkspaceReadings {
    /// A second order while one is open for the same desktop.
    pub second_order: SecondOrder,
    /// The answer to an order carries `job_id`, as the SDK has it; the page has
    /// `order_id` alone.
    pub job_id_in_answer: bool,
    /// The answer to an order carries `order_id`, as page and SDK have it; nothing
    /// says that it is always there.
    pub order_id_in_answer: bool,
    /// Which id of a disk `expand_volume_id` means.
    pub expand_by: ExpandBy,
    /// Refusals of the service come with HTTP 200, as its error page has many.
    pub refusals_with_200: bool,
    /// The HTTP status of WKS.0202: a client of the vendor's expects 500 too.
    pub not_found_status: u16,
    /// The words in which a job ends.
    pub job_words: JobWords,
    /// An order that changes a desktop which is charged on demand, as its path is that
    /// of yearly and monthly ones.
    pub on_demand_changes: OnDemandChanges,
    /// `data_volumes` of a desktop that has none.
    pub no_data_volumes: NoDataVolumes,
}

impl Default for WorkspaceReadings {
    fn default() -> Self {
        Self {
            second_order: SecondOrder::default(),
            job_id_in_answer: true,
            order_id_in_answer: true,
            expand_by: ExpandBy::default(),
            refusals_with_200: false,
            not_found_status: 404,
            job_words: JobWords::default(),
            on_demand_changes: OnDemandChanges::default(),
            no_data_volumes: NoDataVolumes::default(),
        }
    }
}

/// See [`WorkspaceReadings::second_order`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondOrder {
    /// It is accepted: the target is charged twice.
    #[default]
    Accepted,
    /// 409 WKS.00010032.
    Refused,
}

/// See [`WorkspaceReadings::expand_by`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpandBy {
    /// The disk's `volume_id`.
    #[default]
    VolumeId,
    /// The disk's `id`.
    Id,
}

/// See [`WorkspaceReadings::job_words`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobWords {
    /// SUCCESS and FAILED, of the job and of its parts.
    #[default]
    Older,
    /// COMPLETE and FAIL of the job, as a client of the vendor's knows them; SUCCESS and
    /// FAILED of its parts, which alone say why.
    Client,
    /// COMPLETE of the job either way: whether it failed is said by its parts alone.
    Parts,
}

/// See [`WorkspaceReadings::on_demand_changes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnDemandChanges {
    /// It is accepted.
    #[default]
    Accepted,
    /// 400 WKS.00170312.
    Refused,
}

/// See [`WorkspaceReadings::no_data_volumes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoDataVolumes {
    /// `[]`
    #[default]
    Empty,
    /// `null`
    Null,
}
