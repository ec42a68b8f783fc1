//! What the cloud does by itself when instances fail, and whether it did. Pure.

use super::stage::Stage;
use crate::cloud::Found;
use crate::cloud::tencent::autoscaling::{RefreshActivity, RefreshBatch, RefreshInstance};
use crate::text;

/// A refresh that may have failed.
pub(super) struct Failure<'a> {
    activity: &'a RefreshActivity,
    /// The activity that rolls it back. `None`: it was not asked for.
    roll_back: Option<&'a Found<RefreshActivity>>,
}

impl<'a> Failure<'a> {
    pub(super) fn of(
        activity: &'a RefreshActivity,
        roll_back: Option<&'a Found<RefreshActivity>>,
    ) -> Self {
        Self {
            activity,
            roll_back,
        }
    }

    /// The cloud cancelled it, and not another client (contracts: l.3). `None`: that
    /// cannot be told. One no is enough for a no.
    pub(super) fn cancelled_by_the_cloud(&self) -> Option<bool> {
        let cancels = match self.activity.fail_process.text() {
            Some("AUTO_CANCEL" | "AUTO_ROLLBACK") => Some(true),
            Some("AUTO_PAUSE") => Some(false),
            _ => None,
        };
        match (cancels, self.instances_failed()) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        }
    }

    /// Instances of it failed. `None`: not everything that tells was understood.
    fn instances_failed(&self) -> Option<bool> {
        let batches = self.activity.batches.members();
        if batches.iter().any(|batch| failed(batch) == Some(true)) {
            return Some(true);
        }
        let all = self
            .activity
            .batches
            .whole()
            .filter(|all| !all.is_empty())?;
        let none = all.iter().all(|batch| failed(batch) == Some(false));
        none.then_some(false)
    }

    /// Which instances failed, and why, in the cloud's words; nothing if none did.
    pub(super) fn instances(&self) -> String {
        let mut failed = failed_instances(self.activity);
        let mut said: Vec<String> = failed.by_ref().take(NAMED).map(said).collect();
        match failed.count() {
            0 => {}
            more => said.push(format!("So did {more} more.")),
        }
        said.join(" ")
    }

    /// What is known of its roll-back, where the cloud begins one.
    pub(super) fn rolled_back(&self) -> String {
        match self.roll_back {
            None => String::new(),
            Some(Found::There(found)) => format!(
                "The cloud rolls it back: refresh activity {} is {}.",
                found.id.text().unwrap_or("without an id"),
                match Stage::of(found) {
                    Stage::Unclear => "in a status that Errand does not know",
                    _ => found.status.text().unwrap_or_default(),
                }
            ),
            Some(Found::NotThere) => "No roll-back is listed yet.".to_owned(),
            Some(Found::Unclear(why)) => {
                format!("Whether the cloud rolls it back cannot be told. {why}")
            }
        }
    }
}

/// The instances of an activity that failed.
pub(super) fn failed_instances(
    activity: &RefreshActivity,
) -> impl Iterator<Item = &RefreshInstance> {
    let batches = activity.batches.members().iter();
    let instances = batches.flat_map(|batch| batch.instances.members());
    instances.filter(|instance| instance.status.is("FAILED"))
}

/// Instances of the batch failed. `None`: that cannot be told.
fn failed(batch: &RefreshBatch) -> Option<bool> {
    let status = batch.status.text();
    let listed = batch.instances.members();
    if matches!(status, Some("FAILED" | "PARTIALLY_SUCCESSFUL"))
        || listed.iter().any(|instance| instance.status.is("FAILED"))
    {
        return Some(true);
    }
    if status == Some("WAITING") {
        return Some(false);
    }
    let fine = |instance: &RefreshInstance| {
        let fine = ["WAITING", "INIT", "RUNNING", "CANCELLED", "SUCCESSFUL"];
        let status = instance.status.text();
        status.is_some_and(|status| fine.contains(&status))
    };
    let all = batch.instances.whole().filter(|all| !all.is_empty())?;
    (status.is_some() && all.iter().all(fine)).then_some(false)
}

/// Most instances that a sentence names.
const NAMED: usize = 3;

/// Bytes of the cloud's words that are shown of each.
const LONGEST: usize = 256;

fn said(instance: &RefreshInstance) -> String {
    let short = |text: &str| {
        let line = text::line(text, LONGEST);
        line.trim_end_matches('.').to_owned()
    };
    let id = instance
        .id
        .text()
        .map_or(String::new(), |id| format!(" {}", short(id)));
    match instance.message.text().map(short) {
        Some(why) if !why.is_empty() => format!("Instance{id} failed: {why}."),
        _ => format!("Instance{id} failed."),
    }
}
