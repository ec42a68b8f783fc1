//! What was seen of an activity, for status and in a sentence. A number that was not
//! understood is left out: it is not 0.

use super::super::failure::failed_instances;
use crate::api::Timestamp as Time;
use crate::cloud::tencent::autoscaling::{RefreshActivity, RefreshBatch, RefreshInstance};
use crate::cloud::{Field, Found, parse_time};
use crate::operations::instance_refresh::{FailedInstance, RefreshObservation};
use crate::text;

/// Most instances that status names.
const FAILED: usize = 16;

/// Where it stands, in words that change only when it does.
pub(super) fn standing(activity: &RefreshActivity) -> String {
    let seen = observation(activity, None);
    let status = match activity.status.text() {
        Some(status) => format!("is {status}"),
        None => "has no status that can be read".to_owned(),
    };
    let batch = match (seen.current_batch, seen.batches_total) {
        (Some(current), Some(all)) if all > 0 => format!(", batch {current} of {all}"),
        _ => String::new(),
    };
    let done = match (seen.instances_done, seen.instances_total) {
        (Some(done), Some(all)) => format!("; {done} of {all} instances are refreshed"),
        _ => String::new(),
    };
    let failed = match seen.instances_failed {
        Some(failed) if failed > 0 => format!(", {failed} failed"),
        _ => String::new(),
    };
    let id = activity.id.text().unwrap_or_default();
    format!("Refresh activity {id} {status}{batch}{done}{failed}.")
}

/// `roll_back`: what is known of the activity that rolls it back.
pub(super) fn observation(
    activity: &RefreshActivity,
    roll_back: Option<&Found<RefreshActivity>>,
) -> RefreshObservation {
    let current = activity.current_batch.known();
    let mut listed = activity.batches.members().iter();
    let batch = listed.find(|batch| current.is_some() && batch.number.known() == current);
    let short =
        |word: &Field<String>| Some(text::line(word.text()?, 64)).filter(|word| !word.is_empty());
    let time = |text: &Field<String>| parse_time(text.text()?).map(Time);
    let instances = instances(activity);
    let rolls = roll_back.and_then(Found::there);
    let with = |word: &str| {
        let all = instances.as_ref()?;
        let known = all.iter().all(|instance| instance.status.known().is_some());
        known.then(|| all.iter().filter(|i| i.status.is(word)).count())
    };
    RefreshObservation {
        activity_status: short(&activity.status),
        activity_type: short(&activity.activity_type),
        refresh_mode: short(&activity.mode),
        current_batch: current.and_then(|n| number(*n)),
        batch_status: batch.and_then(|batch| short(&batch.status)),
        batches_total: batches(activity).and_then(|all| count(all.len())),
        instances_total: instances.as_ref().and_then(|all| count(all.len())),
        instances_done: with("SUCCESSFUL").and_then(count),
        instances_failed: with("FAILED").and_then(count),
        failed_instances: failed_instances(activity)
            .take(FAILED)
            .map(|instance| FailedInstance {
                id: short(&instance.id),
                message: Some(text::line(instance.message.text().unwrap_or_default(), 256))
                    .filter(|message| !message.is_empty()),
            })
            .collect(),
        rollback_activity_id: rolls.and_then(|found| short(&found.id)),
        rollback_status: rolls.and_then(|found| short(&found.status)),
        started: time(&activity.start_time),
        ended: time(&activity.end_time),
    }
}

/// All batches. One that has begun has some, so an empty list is not all of them.
fn batches(activity: &RefreshActivity) -> Option<&[RefreshBatch]> {
    let all = activity.batches.whole()?;
    (!all.is_empty() || activity.status.is("INIT")).then_some(all)
}

/// The instances of all batches. A batch has some, so an empty list is not all of
/// them.
fn instances(activity: &RefreshActivity) -> Option<Vec<&RefreshInstance>> {
    let mut instances = Vec::new();
    for batch in batches(activity)? {
        let all = batch.instances.whole().filter(|all| !all.is_empty())?;
        instances.extend(all);
    }
    Some(instances)
}

/// What status can hold.
fn number(number: i64) -> Option<u32> {
    let number = i32::try_from(number).ok()?;
    number.try_into().ok()
}

fn count(count: usize) -> Option<u32> {
    number(count.try_into().ok()?)
}
