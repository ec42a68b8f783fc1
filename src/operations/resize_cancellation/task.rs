//! What one background task is, by its own words. Pure.

use jiff::Timestamp;

use crate::cloud::Read;
use crate::cloud::huawei::dcs::{BackgroundTask, TaskDetails};
use crate::operations::resize_cancellation::{PendingChange, TaskSort};

/// Names of what changes an instance's specification, its replicas included
/// (contracts: a.3, l.2). They differ between API versions.
const CHANGES: [&str; 4] = ["EXTEND", "CHANGEINSTANCESPEC", "ADDREPLICA", "DELREPLICA"];

/// Names of what does not.
const OTHERS: [&str; 8] = [
    "BINDEIP",
    "UNBINDEIP",
    "ADDWHITELIST",
    "UPDATEPORT",
    "REMOVEIPFROMDNS",
    "MASTERSTANDBYSWAPJOB",
    "MODIFYCLIENTIPTRANSJOB",
    "MODIFY",
];

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    Running,
    Ran,
    Failed,
    Cancelled,
}

impl Stage {
    pub(super) fn is_open(self) -> bool {
        matches!(self, Stage::Pending | Stage::Running)
    }
}

/// Whether a task is a change that can be cancelled. `Unknown`: its name is new, and it
/// does not say what it would change.
pub(super) fn sort(task: &BackgroundTask) -> TaskSort {
    let name = task.name.known().map(|name| name.to_ascii_uppercase());
    let name = name.as_deref().unwrap_or_default();
    match () {
        () if CHANGES.contains(&name) || tells_a_change(task) => TaskSort::Change,
        () if OTHERS.contains(&name) => TaskSort::Other,
        () => TaskSort::Unknown,
    }
}

/// Only a change says what there will be, be it understood or not.
fn tells_a_change(task: &BackgroundTask) -> bool {
    details(task).is_some_and(|details| {
        details.new_resource_spec_code != Read::Missing
            || details.new_capacity != Read::Missing
            || details.new_replica_num != Read::Missing
    })
}

pub(super) fn details(task: &BackgroundTask) -> Option<&TaskDetails> {
    task.details.known()
}

/// Only what the cloud documents as an end is one; any other word, and none, counts
/// as pending (contracts: a.3).
pub(super) fn stage(task: &BackgroundTask) -> Stage {
    let word = task.status.known().map(|word| word.to_ascii_uppercase());
    match word.as_deref().unwrap_or_default() {
        "SUCCESS" => Stage::Ran,
        // FAIL is the word of the same service's jobs.
        "FAILED" | "FAIL" => Stage::Failed,
        "EXECUTING" => Stage::Running,
        "CANCELLED" | "CANCELED" | "DELETED" => Stage::Cancelled,
        _ => Stage::Pending,
    }
}

/// Its word is one of those that are known for a change that waits.
pub(super) fn waits(task: &BackgroundTask) -> bool {
    let waits = |word: &String| ["WAITING", "CREATED"].contains(&&*word.to_ascii_uppercase());
    task.status.is(waits) == Some(true)
}

/// Its word, for people.
pub(super) fn word(task: &BackgroundTask) -> String {
    match &task.status {
        Read::Understood(word) => word.clone(),
        Read::Missing => "without a status".to_owned(),
        Read::Unclear(text) => format!("in a status that is not understood ({text})"),
    }
}

/// A task in a few words: its id, what it would change, and where it stands.
pub(super) fn named(task: &BackgroundTask) -> String {
    let details = details(task);
    let spec = details.and_then(|d| d.new_resource_spec_code.known().cloned());
    let capacity = details.and_then(|d| Some(format!("{} GB", d.new_capacity.known()?)));
    let replicas = details.and_then(|d| Some(format!("{} replicas", d.new_replica_num.known()?)));
    let name = task.name.known().cloned();
    match spec.or(capacity).or(replicas).or(name) {
        Some(what) => format!("task {} ({what}) is {}", task.id, word(task)),
        None => format!("task {} is {}", task.id, word(task)),
    }
}

/// The new specification that a task names.
pub(super) fn new_spec(task: &BackgroundTask) -> Read<String> {
    match &task.details {
        Read::Understood(details) => details.new_resource_spec_code.clone(),
        Read::Missing => Read::Missing,
        Read::Unclear(text) => Read::Unclear(text.clone()),
    }
}

/// Whether a change of that time and specification is meant; `None`: that cannot be
/// told, which is not no. One that was scheduled later never is.
pub(super) fn fits(
    created: &Read<Timestamp>,
    new_spec: &Read<String>,
    wanted: &PendingChange,
) -> Option<bool> {
    let earlier = created.is(|at| *at < wanted.created_before.0);
    let spec = match &wanted.new_spec_code {
        Some(code) => new_spec.is(|spec| spec == code),
        None => Some(true),
    };
    match (earlier, spec) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Why it cannot be told whether a change is meant.
pub(super) fn why_unclear(
    created: &Read<Timestamp>,
    new_spec: &Read<String>,
    wanted: &PendingChange,
) -> String {
    let mut parts = Vec::new();
    match created {
        Read::Understood(_) => {}
        Read::Missing => parts.push("created_at is missing".to_owned()),
        Read::Unclear(text) => parts.push(format!("created_at is not understood ({text})")),
    }
    match new_spec {
        _ if wanted.new_spec_code.is_none() => {}
        Read::Understood(_) => {}
        Read::Missing => parts.push("its new specification is missing".to_owned()),
        Read::Unclear(text) => {
            parts.push(format!("its new specification is not understood ({text})"));
        }
    }
    parts.join(", ")
}
