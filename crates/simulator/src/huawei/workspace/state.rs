//! What a desktop is and becomes. It does not run by itself: a delivered order
//! changes it, and while an order's job runs it shows a task.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::change::DesktopChange;
use super::seed::{OrderTiming, WorkspaceDesktop, WorkspaceProduct, WorkspaceVolume};
use crate::huawei::bss::state::{Delivery, Running};
use crate::huawei::query::seconds;
use crate::seed::BadSeed;

/// A desktop as a caller would see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkspaceDesktopState {
    /// The desktop id.
    pub id: String,
    /// The present product.
    pub product_id: String,
    /// The status word.
    pub status: String,
    /// What is being done to it, if anything.
    pub task_status: Option<String>,
    /// `0` prepaid, `1` on demand.
    pub charge_mode: String,
    /// The order of a prepaid desktop.
    pub order_id: Option<String>,
    /// The system disk, then the data disks: `volume_id` and GB.
    pub volumes: Vec<(String, u32)>,
}

/// A desktop.
#[derive(Clone, Debug)]
pub(crate) struct Desktop {
    pub(crate) id: String,
    name: String,
    pub(crate) product_id: String,
    status: String,
    charge_mode: String,
    order_id: Option<String>,
    pub(crate) bill_resource_id: String,
    enterprise_project_id: String,
    is_freeze: bool,
    root_volume: Volume,
    data_volumes: Vec<Volume>,
    busy: Option<(String, Timestamp)>,
    created_at: Timestamp,
    pub(crate) timing: OrderTiming,
    pub(crate) jobs_fail: bool,
}

/// A disk.
#[derive(Clone, Debug)]
pub(crate) struct Volume {
    pub(crate) volume_id: String,
    pub(crate) id: String,
    pub(crate) size: u32,
    kind: String,
    pub(crate) bill_resource_id: String,
}

impl Desktop {
    pub(crate) fn new(seed: WorkspaceDesktop, now: Timestamp) -> Result<Self, BadSeed> {
        let busy = match seed.busy {
            Some(busy) => Some((busy.task_status, busy.until.from(now)?)),
            None => None,
        };
        let root = seed.root_volume;
        let root = root.unwrap_or_else(|| WorkspaceVolume::new(format!("root-{}", seed.id), 80));
        let desktop = Self {
            name: seed.name.unwrap_or_else(|| seed.id.clone()),
            bill_resource_id: seed
                .bill_resource_id
                .unwrap_or_else(|| format!("bill-{}", seed.id)),
            id: seed.id,
            product_id: seed.product_id,
            status: seed.status,
            charge_mode: seed.charge_mode,
            order_id: seed.order_id,
            enterprise_project_id: seed.enterprise_project_id,
            is_freeze: seed.is_freeze,
            root_volume: Volume::new(root),
            data_volumes: seed.data_volumes.into_iter().map(Volume::new).collect(),
            busy,
            created_at: now,
            timing: seed.timing,
            jobs_fail: seed.jobs_fail,
        };
        let mut ids: Vec<_> = desktop.volumes().map(|volume| &volume.volume_id).collect();
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            let why = format!("two volumes of {} with the same id", desktop.id);
            return Err(BadSeed::new(why));
        }
        Ok(desktop)
    }

    pub(crate) fn volumes(&self) -> impl Iterator<Item = &Volume> {
        std::iter::once(&self.root_volume).chain(&self.data_volumes)
    }

    pub(crate) fn is_prepaid(&self) -> bool {
        self.charge_mode == "0"
    }

    pub(crate) fn has_status(&self, word: &str) -> bool {
        self.status == word
    }

    pub(crate) fn has_charge_mode(&self, word: &str) -> bool {
        self.charge_mode == word
    }

    pub(crate) fn is_named_like(&self, part: &str) -> bool {
        self.name.contains(part)
    }

    /// What bills for the thing that a change is about.
    pub(crate) fn bill_resource_of(&self, change: &DesktopChange) -> String {
        let volume = match change {
            DesktopChange::ExpandVolume { volume_id, .. } => {
                self.volumes().find(|volume| volume.volume_id == *volume_id)
            }
            DesktopChange::Resize { .. } | DesktopChange::Subscribe { .. } => None,
        };
        volume
            .map_or(&self.bill_resource_id, |volume| &volume.bill_resource_id)
            .clone()
    }

    /// The task that is no order's, while it lasts.
    pub(crate) fn busy(&self, now: Timestamp) -> Option<&str> {
        let busy = self.busy.as_ref().filter(|(_, until)| now < *until);
        busy.map(|(word, _)| word.as_str())
    }

    pub(crate) fn deliver(&mut self, delivery: &Delivery) {
        match &delivery.change {
            DesktopChange::Resize { product_id } => self.product_id.clone_from(product_id),
            DesktopChange::ExpandVolume { volume_id, size } => {
                let volumes = std::iter::once(&mut self.root_volume).chain(&mut self.data_volumes);
                for volume in volumes.filter(|volume| volume.volume_id == *volume_id) {
                    volume.size = volume.size.max(*size);
                }
            }
            DesktopChange::Subscribe { .. } => {
                self.charge_mode = "0".into();
                self.order_id = Some(delivery.order_id.clone());
            }
        }
    }

    fn task<'a>(&'a self, running: Option<&Running>, now: Timestamp) -> Option<&'a str> {
        self.busy(now)
            .or(running.map(|running| running.task_status))
    }

    pub(crate) fn state(&self, running: Option<&Running>, now: Timestamp) -> WorkspaceDesktopState {
        WorkspaceDesktopState {
            id: self.id.clone(),
            product_id: self.product_id.clone(),
            status: self.status.clone(),
            task_status: self.task(running, now).map(Into::into),
            charge_mode: self.charge_mode.clone(),
            order_id: self.order_id.clone(),
            volumes: self
                .volumes()
                .map(|volume| (volume.volume_id.clone(), volume.size))
                .collect(),
        }
    }

    /// The desktop in the answers of ShowDesktopDetail and ListDesktopsDetail.
    pub(crate) fn show(&self, running: Option<&Running>, now: Timestamp) -> Value {
        let volumes: Vec<Value> = self.data_volumes.iter().map(Volume::show).collect();
        json!({
            "desktop_id": self.id,
            "computer_name": self.name,
            "status": self.status,
            "task_status": self.task(running, now),
            "process": running.map(|running| running.percent),
            "is_freeze": self.is_freeze,
            "product_id": self.product_id,
            "product": {
                "product_id": self.product_id,
                "flavor_id": self.product_id,
                "type": "BASE",
                "charge_mode": self.charge_mode,
                "resource_type": "hws.resource.type.workspace.desktop",
                "cloud_service_type": "hws.service.type.vdi",
                "status": "normal",
            },
            "order_id": self.order_id,
            "bill_resource_id": self.bill_resource_id,
            "enterprise_project_id": self.enterprise_project_id,
            "root_volume": self.root_volume.show(),
            "data_volumes": volumes,
            "created": seconds(self.created_at),
        })
    }
}

impl Volume {
    fn new(seed: WorkspaceVolume) -> Self {
        let or = |given: Option<String>, prefix| {
            given.unwrap_or_else(|| format!("{prefix}-{}", seed.volume_id))
        };
        Self {
            id: or(seed.id, "id"),
            bill_resource_id: or(seed.bill_resource_id, "bill"),
            volume_id: seed.volume_id,
            size: seed.size,
            kind: seed.kind,
        }
    }

    fn show(&self) -> Value {
        json!({
            "type": self.kind,
            "size": self.size,
            "id": self.id,
            "volume_id": self.volume_id,
            "bill_resource_id": self.bill_resource_id,
            "resource_spec_code": format!("workspace.volume.{}", self.kind.to_lowercase()),
        })
    }
}

/// The products of a project.
#[derive(Clone, Debug, Default)]
pub(crate) struct Products(Vec<WorkspaceProduct>);

impl Products {
    pub(crate) fn put(&mut self, product: WorkspaceProduct) {
        self.0
            .retain(|other| other.product_id != product.product_id);
        self.0.push(product);
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &WorkspaceProduct> {
        self.0.iter()
    }

    /// What a product can be changed to. GUESS: that sold-out and abandoned ones
    /// are listed with their status, and that the product itself is not.
    pub(crate) fn targets<'a>(
        &'a self,
        product_id: &'a str,
    ) -> impl Iterator<Item = &'a WorkspaceProduct> {
        let from = self.0.iter().find(|each| each.product_id == product_id);
        let legal = from.and_then(|product| product.targets.as_ref());
        self.0
            .iter()
            .filter(move |each| each.product_id != product_id)
            .filter(move |each| legal.is_none_or(|legal| legal.contains(&each.product_id)))
    }
}
