//! What is remembered of a change, and what the instance tells of it. Pure.

use crate::api::Timestamp;
use crate::cloud::Read;
use crate::cloud::huawei::dcs::{BackgroundTask, Capacity, Instance, TaskDetails};
use crate::operations::resize_cancellation::ResizeObservation;
use crate::operations::resize_cancellation::task::{Stage, details, stage};
use crate::text;

/// What the instance is, compared with what the change would make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// As it was before the change, in what the change alters.
    Old,
    /// As the change makes it.
    New,
    /// Partly as the change makes it.
    Partly,
    /// Something else, and nothing of it as the change makes it.
    Other,
    /// Nothing that can be compared is known.
    Untold,
}

pub(super) fn compare(instance: &Instance, seen: &ResizeObservation) -> Compared {
    let gigabytes = |text: &Option<String>| text.as_deref().and_then(Capacity::parse);
    let each = [
        one(
            seen.old_spec_code.as_ref(),
            seen.new_spec_code.as_ref(),
            instance.spec_code.known(),
        ),
        one(
            gigabytes(&seen.old_capacity).as_ref(),
            gigabytes(&seen.new_capacity).as_ref(),
            instance.capacity().known(),
        ),
        one(
            seen.old_replica_count.as_ref(),
            seen.new_replica_count.as_ref(),
            instance.replica_count.known(),
        ),
    ];
    let has = |what: Compared| each.contains(&Some(what));
    match (has(Compared::Old), has(Compared::New), has(Compared::Other)) {
        (true, false, false) => Compared::Old,
        (false, true, false) => Compared::New,
        (_, true, _) => Compared::Partly,
        (_, false, true) => Compared::Other,
        (false, false, false) => Compared::Untold,
    }
}

/// `None` where the change does not alter it, as far as is known.
fn one<T: PartialEq>(old: Option<&T>, new: Option<&T>, now: Option<&T>) -> Option<Compared> {
    let (old, new) = (old?, new?);
    (old != new).then(|| match now {
        None => Compared::Untold,
        Some(now) if now == new => Compared::New,
        Some(now) if now == old => Compared::Old,
        Some(_) => Compared::Other,
    })
}

/// The change alters something of which both values are known.
pub(super) fn alters_something(seen: &ResizeObservation) -> bool {
    fn differ<T: PartialEq>(old: Option<&T>, new: Option<&T>) -> bool {
        matches!((old, new), (Some(old), Some(new)) if old != new)
    }
    differ(seen.old_spec_code.as_ref(), seen.new_spec_code.as_ref())
        || differ(seen.old_capacity.as_ref(), seen.new_capacity.as_ref())
        || differ(
            seen.old_replica_count.as_ref(),
            seen.new_replica_count.as_ref(),
        )
}

/// What the instance is, for people, with what the change would alter of it.
pub(super) fn keeps(id: &str, instance: &Instance, seen: &ResizeObservation) -> String {
    let shown = |value: &Read<String>| match value {
        Read::Understood(value) => value.clone(),
        Read::Missing => "that is not given".to_owned(),
        Read::Unclear(text) => format!("that is not understood ({text})"),
    };
    let mut text = format!(
        "instance {id} has specification {}",
        shown(&instance.spec_code)
    );
    if seen.old_capacity != seen.new_capacity
        && let Some(capacity) = instance.capacity().known()
    {
        text += &format!(", {capacity} GB");
    }
    if seen.old_replica_count != seen.new_replica_count
        && let Some(replicas) = instance.replica_count.known()
    {
        text += &format!(", {replicas} replicas");
    }
    text
}

/// What a reading shows of the instance, with what is remembered of that task. What
/// tells a change that ran from one that was cancelled is kept from the first reading
/// on, because the task's record may go.
pub(super) fn observation(
    instance: &Instance,
    id: Option<&str>,
    task: Option<&BackgroundTask>,
    remembered: Option<&ResizeObservation>,
) -> ResizeObservation {
    let before = remembered.cloned().unwrap_or_default();
    let details = task.and_then(details);
    let pending = task.is_some_and(|task| stage(task) == Stage::Pending);
    let listed = task.and_then(|task| word(&task.status));
    let new_spec = details.and_then(|d| code(&d.new_resource_spec_code));
    let capacity = instance.capacity().known().copied();
    let (old_capacity, new_capacity) = kept(before.old_capacity, before.new_capacity, || {
        let of = |d: &TaskDetails| (d.old_capacity.clone(), d.new_capacity.clone());
        let (old, new) = pair(details, of, capacity, pending)?;
        Some((old.to_string(), new.to_string()))
    });
    let replicas = instance.replica_count.known().copied();
    let (old_replica_count, new_replica_count) =
        kept(before.old_replica_count, before.new_replica_count, || {
            let of = |d: &TaskDetails| (d.old_replica_num.clone(), d.new_replica_num.clone());
            pair(details, of, replicas, pending)
        });
    let at = task.and_then(|task| task.created_at.known().copied());
    ResizeObservation {
        instance_status: word(&instance.status),
        task_id: id.map(str::to_owned),
        old_spec_code: before
            .old_spec_code
            .or_else(|| code(&details?.old_resource_spec_code))
            .or_else(|| code(&instance.spec_code).filter(|_| pending)),
        spec_code: code(&instance.spec_code),
        last_task_status: listed
            .clone()
            .or(before.last_task_status)
            .or(before.task_status),
        task_status: listed,
        new_spec_code: new_spec.or(before.new_spec_code),
        capacity: capacity.map(|capacity| capacity.to_string()),
        old_capacity,
        new_capacity,
        replica_count: replicas,
        old_replica_count,
        new_replica_count,
        task_created_at: at.map(Timestamp).or(before.task_created_at),
        maintenance_window: window(instance),
        task_sort: before.task_sort,
        unclear_tasks: before.unclear_tasks,
    }
}

/// What was found first stays.
fn kept<T>(
    old: Option<T>,
    new: Option<T>,
    found: impl FnOnce() -> Option<(T, T)>,
) -> (Option<T>, Option<T>) {
    match (old, new) {
        (Some(old), Some(new)) => (Some(old), Some(new)),
        _ => found().unzip(),
    }
}

/// Before and after, in numbers that mean the same at the task and at the instance:
/// the instance has what the task calls the old value, or what it has while the change
/// waits is the old value.
fn pair<T: Copy + PartialEq>(
    details: Option<&TaskDetails>,
    of: impl FnOnce(&TaskDetails) -> (Read<T>, Read<T>),
    now: Option<T>,
    pending: bool,
) -> Option<(T, T)> {
    let (old, new) = of(details?);
    let (new, now) = (*new.known()?, now?);
    match old {
        Read::Understood(old) => (old == now).then_some((old, new)),
        Read::Missing if pending => Some((now, new)),
        Read::Missing | Read::Unclear(_) => None,
    }
}

fn window(instance: &Instance) -> Option<String> {
    let begin = instance.maintain_begin.known()?;
    let end = instance.maintain_end.known()?;
    Some(text::line(&format!("{begin}-{end} UTC"), 64))
}

/// As much of a word as status takes.
fn word(value: &Read<String>) -> Option<String> {
    Some(text::line(value.known()?, 64))
}

/// A code, which is compared later and so is kept whole or not at all.
fn code(value: &Read<String>) -> Option<String> {
    let code = value.known()?;
    (code.len() <= 128).then(|| code.clone())
}
