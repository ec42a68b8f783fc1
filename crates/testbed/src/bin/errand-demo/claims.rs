//! What the demo says about itself, checked.

use std::fs;
use std::time::{Duration, Instant};

use errand_simulator::Journal;
use errand_testbed::{Bed, DCS_PROJECT, Plane};
use serde_json::Value;

use crate::manifest::{CONNECTION, INSTANCE, NAME, TASK};
use crate::progress::{condition, standing, text};
use crate::scene::SPEC_BEFORE;

const CANCEL: &str = "dcs.CancelInstanceResize";
const TASKS: &str = "dcs.ListBackgroundTask";

/// What is said, and what was seen instead if it is untrue.
pub type Claim = (&'static str, Result<(), String>);

/// Prints a line for each claim; whether all are true.
pub fn tell(claims: Vec<Claim>) -> bool {
    println!();
    let mut all_true = true;
    for (words, seen) in claims {
        match seen {
            Ok(()) => println!("ok      {words}"),
            Err(seen) => {
                all_true = false;
                println!("FAILED  {words}\n        instead: {seen}");
            }
        }
    }
    all_true
}

/// Of the cancelled resize.
pub fn claims(plane: &Plane, bed: &Bed, object: &Value) -> Vec<Claim> {
    let journal = bed.simulator.journal();
    let mut all = Vec::new();
    let mut claim = |words, seen| all.push((words, seen));
    claim(
        "the resize is Succeeded, its outcome Cancelled, and kubectl wait says so",
        succeeded(bed, object),
    );
    claim(
        "exactly one cancel call was sent",
        equal(&journal.calls(CANCEL), &1),
    );
    claim(
        "it had exactly one effect in the cloud, on the task that was named",
        equal(
            &(
                journal.all_effects().len(),
                journal.effects_on("dcs.cancel", TASK),
            ),
            &(1, 1),
        ),
    );
    claim(
        "the intent was in the API server before the call was sent",
        intended_before_sent(object, &journal),
    );
    claim(
        "success was reported after the cloud had been asked again",
        looked_again(&journal),
    );
    claim(
        "the instance has the specification it had, and nothing is pending",
        instance_unchanged(bed),
    );
    claim(
        "the cloud accepted the key, and the connection is Ready",
        connection_ready(bed),
    );
    claim(
        "every status was written by the operator's service account",
        written_by_service_account(plane, bed),
    );
    claim(
        "which may neither list Secrets nor change a spec: it is no admin",
        no_admin(plane, bed),
    );
    all
}

pub fn equal<T: PartialEq + std::fmt::Debug>(seen: &T, wanted: &T) -> Result<(), String> {
    match seen == wanted {
        true => Ok(()),
        false => Err(format!("{seen:?}")),
    }
}

/// It is in that state, for that reason.
pub fn ends(object: &Value, state: &str, reason: &str) -> Result<(), String> {
    equal(&standing(object), &(state, reason))
}

fn succeeded(bed: &Bed, object: &Value) -> Result<(), String> {
    let status = &object["status"];
    equal(
        &(text(&status["state"]), text(&status["outcome"])),
        &("Succeeded", "Cancelled"),
    )?;
    let object = format!("rsc/{NAME}");
    let wait = ["wait", "--for=condition=Succeeded", &object, "--timeout=5s"];
    bed.try_kubectl(&wait).map(drop)
}

fn intended_before_sent(object: &Value, journal: &Journal) -> Result<(), String> {
    let steps = object["status"]["steps"].as_array();
    let [step] = steps.map(Vec::as_slice).unwrap_or_default() else {
        return Err(format!("steps: {steps:?}"));
    };
    equal(&text(&step["answer"]), &"Accepted")?;
    let calls = journal.all_calls();
    let sent = calls.iter().find(|call| call.api == CANCEL);
    let sent = sent.ok_or("no call was sent")?.time;
    let mut intended = sent;
    if let Ok(time) = text(&step["intendedAt"]).parse() {
        intended = time;
    }
    match intended < sent {
        true => Ok(()),
        false => Err(format!(
            "intended at {}, sent at {sent}",
            step["intendedAt"]
        )),
    }
}

fn looked_again(journal: &Journal) -> Result<(), String> {
    let calls = journal.all_calls();
    let cancel = calls.iter().position(|call| call.api == CANCEL);
    let after = cancel.map_or(&[][..], |cancel| &calls[cancel..]);
    let read =
        |call: &errand_simulator::Call| call.api.starts_with(TASKS) && call.status == Some(200);
    match after.iter().any(read) {
        true => Ok(()),
        false => Err(format!("no {TASKS} after the call")),
    }
}

fn instance_unchanged(bed: &Bed) -> Result<(), String> {
    let instance = bed.simulator.dcs_instance(DCS_PROJECT, INSTANCE);
    let instance = instance.ok_or("the instance is gone")?;
    let tasks: Vec<_> = instance.tasks.iter().map(|task| &*task.status).collect();
    equal(
        &(&*instance.spec_code, &*instance.status, &*tasks),
        &(SPEC_BEFORE, "RUNNING", &["CANCELLED"][..]),
    )
}

/// The connection's status may come a moment after the operation's.
fn connection_ready(bed: &Bed) -> Result<(), String> {
    let object = format!("cc/{CONNECTION}");
    let wait = ["wait", "--for=condition=Ready", &object, "--timeout=10s"];
    bed.try_kubectl(&wait)?;
    let connection = bed.get("cc", CONNECTION);
    equal(
        &text(&condition(&connection, "Ready")["reason"]),
        &"CredentialsAccepted",
    )
}

/// From the API server's audit log, which is a moment behind.
fn written_by_service_account(plane: &Plane, bed: &Bed) -> Result<(), String> {
    let file = plane.control_plane().audit_log().ok_or("no audit log")?;
    let account = format!("system:serviceaccount:{}:errand", bed.namespace);
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let log = fs::read_to_string(file).map_err(|e| e.to_string())?;
        let writers: Vec<_> = log
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|event| {
                event["objectRef"]["subresource"] == "status"
                    && text(&event["objectRef"]["apiGroup"]).ends_with("errand.cloud")
            })
            .map(|event| text(&event["user"]["username"]).to_owned())
            .collect();
        if let Some(other) = writers.iter().find(|writer| **writer != account) {
            return Err(format!("{other} wrote one"));
        }
        // The intent and the end.
        if writers.len() >= 2 {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("{} writes in the audit log", writers.len()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn no_admin(plane: &Plane, bed: &Bed) -> Result<(), String> {
    let account = format!("--as=system:serviceaccount:{}:errand", bed.namespace);
    let rights = [
        ("watch", "resizecancellations.huawei.errand.cloud", "yes"),
        ("update", "resizecancellations.huawei.errand.cloud", "no"),
        ("list", "secrets", "no"),
        ("*", "*", "no"),
    ];
    for (verb, resource, wanted) in rights {
        let ask = [
            "-n",
            &bed.namespace,
            "auth",
            "can-i",
            verb,
            resource,
            &account,
        ];
        let output = plane.kubectl_output(&ask, None);
        let answer = String::from_utf8_lossy(&output.stdout);
        if answer.trim() != wanted {
            return Err(format!("may it {verb} {resource}? {answer}"));
        }
    }
    Ok(())
}
