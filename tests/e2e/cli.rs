//! What people with a kubeconfig do: `errand why`, `wait` and `resolve`.

use std::path::Path;

use errand_testbed::shared_plane;
use serde_json::Value;

use crate::command::{errand, said};
use crate::support::{bed, ending, held};

#[test]
fn why_of_a_held_operation_names_the_question_and_resolve_answers_it() {
    let mut bed = bed("cli-held");
    let object = held(&mut bed);
    let hold = object["status"]["hold"]["id"].as_str().expect("an id");

    let why = errand(&bed, &["why", "rsc/stop"]);
    assert_eq!(why.code, 0, "{}", why.err);
    let command = format!(
        "errand resolve resizecancellation/stop -n {} --decision GiveUp",
        bed.namespace
    );
    for wanted in [
        hold,
        "Held",
        "ProofTimeout",
        "CancelInstanceResize",
        &command,
    ] {
        assert!(why.out.contains(wanted), "{wanted}:\n{}", why.out);
    }

    let wait = errand(&bed, &["wait", "rsc", "stop"]);
    assert_eq!(wait.code, 2, "{}", wait.err);

    let refused = errand(&bed, &["resolve", "rsc/stop", "--decision", "SendAgain"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.err.contains("LookAgain, AssumeDone, GiveUp"),
        "{}",
        refused.err
    );
    assert!(bed.get("rsc", "stop")["spec"]["resolution"].is_null());

    let answered = errand(&bed, &["resolve", "rsc/stop", "--decision", "GiveUp"]);
    assert_eq!(answered.code, 0, "{}", answered.err);
    assert!(answered.out.contains("GitOps"), "{}", answered.out);

    let wait = errand(&bed, &["wait", "rsc/stop", "--timeout", "60s"]);
    assert_eq!(wait.code, 1, "{}", wait.err);
    assert_eq!(ending(&bed.get("rsc", "stop")).outcome, "GivenUp");

    let late = errand(&bed, &["resolve", "rsc/stop", "--decision", "GiveUp"]);
    assert_eq!(late.code, 1);
    assert!(late.err.contains("asks nothing"), "{}", late.err);
}

#[test]
fn wait_ends_with_zero_for_a_success_and_with_four_when_the_time_is_over() {
    let mut bed = bed("cli-wait");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let early = errand(&bed, &["wait", "rsc/stop", "--timeout", "0s"]);
    assert_eq!(early.code, 4, "{}", early.err);
    bed.start_operator();
    let wait = errand(
        &bed,
        &["wait", "ResizeCancellation/stop", "--timeout", "60s"],
    );
    assert_eq!(wait.code, 0, "{}", wait.err);
    assert!(wait.err.contains("Succeeded (Cancelled)"), "{}", wait.err);
}

#[test]
fn what_is_not_there_or_cannot_be_meant_is_a_clear_error() {
    let bed = bed("cli-wrong");
    for (arguments, code, words) in [
        (
            &["why", "pods/stop"][..],
            1,
            "is no type that this command takes",
        ),
        (
            &["wait", "pods/stop"],
            5,
            "is no type that this command takes",
        ),
        (
            &["why", "rsc/none"],
            1,
            "there is no resizecancellation/none",
        ),
        (
            &["wait", "rsc/none"],
            5,
            "there is no resizecancellation/none",
        ),
        (&["wait", "rsc/none", "--timeout", "soon"], 5, "soon"),
        (
            &["resolve", "rsc/none", "--decision", "GiveUp"],
            1,
            "there is no",
        ),
        (
            &["resolve", "rsc/none", "--decision", "Maybe"],
            1,
            "possible values",
        ),
    ] {
        let said = errand(&bed, arguments);
        assert_eq!(said.code, code, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(words), "{arguments:?}: {}", said.err);
        assert_eq!(said.out, "", "{arguments:?}");
    }
}

/// O8: more than one object, another cluster, and output for programs.
#[test]
fn several_objects_are_explained_and_waited_for_in_words_and_as_json() {
    let mut bed = bed("cli-several");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    let team = |name: &str, instance: &str, task: &str| {
        let manifest = bed.cancellation(name, instance, task, "");
        let labelled = format!("{{name: {name}, labels: {{team: design}}}}");
        bed.apply(&manifest.replace(&format!("{{name: {name}}}"), &labelled));
    };
    team("good", "dcs-1", "task-1");
    team("bad", "dcs-none", "task-1");
    bed.apply(&bed.cancellation("other", "dcs-1", "task-1", "  suspend: true\n"));
    bed.start_operator();

    let wait = errand(
        &bed,
        &["wait", "rsc,dor", "-l", "team=design", "-o", "json"],
    );
    assert_eq!(wait.code, 1, "{}", wait.err);
    let wait: Value = serde_json::from_str(&wait.out).expect("JSON");
    let field = |name: &str, field: &str| {
        let items = wait["items"].as_array().expect("a list");
        let found = items.iter().find(|item| item["name"] == name);
        found.expect(name)[field].clone()
    };
    assert_eq!(wait["items"].as_array().map(Vec::len), Some(2), "{wait:#}");
    assert_eq!(
        (field("good", "exitCode"), field("bad", "exitCode")),
        (0.into(), 1.into())
    );
    assert_eq!(field("bad", "reason"), "TargetNotFound");
    let wait = errand(&bed, &["wait", "rsc", "good", "other"]);
    assert_eq!(wait.code, 3, "{}", wait.err);
    let named = "resizecancellation/good: Succeeded (Cancelled)";
    assert!(wait.err.contains(named), "{}", wait.err);

    bed.wait_until("the connection says that its key is accepted", || {
        let status = &bed.get("cc", "huawei-prod")["status"];
        status.to_string().contains("CredentialsAccepted")
    });
    let why = errand(&bed, &["why", "rsc/good", "cc/huawei-prod"]);
    assert_eq!(why.code, 0, "{}", why.err);
    for wanted in [
        &*format!("Object:     ResizeCancellation {}/good", bed.namespace),
        &*format!(
            "\n\nObject:     CloudConnection {}/huawei-prod",
            bed.namespace
        ),
        "Ready:      True (CredentialsAccepted)",
    ] {
        assert!(why.out.contains(wanted), "{wanted}: {}", why.out);
    }
    let why = errand(&bed, &["why", "rsc/bad", "rsc/none", "-o", "json"]);
    assert_eq!(why.code, 1);
    assert!(
        why.err.contains("there is no resizecancellation/none"),
        "{}",
        why.err
    );
    let why: Value = serde_json::from_str(&why.out).expect("JSON");
    assert_eq!(why["items"][0]["state"], "Failed", "{why:#}");

    let kubeconfig = shared_plane().control_plane().kubeconfig();
    let text = std::fs::read_to_string(kubeconfig).expect("readable");
    let file = bed.file("contexts.kubeconfig");
    let none = text.replace("current-context: errand", "current-context: none");
    std::fs::write(&file, none).expect("it can be written");
    let file = file.to_str().expect("text");
    let given = errand(
        &bed,
        &[
            "why",
            "rsc/good",
            "--kubeconfig",
            file,
            "--context",
            "errand",
        ],
    );
    assert_eq!(given.code, 0, "{}", given.err);
    let no_context = errand(&bed, &["why", "rsc/good", "--kubeconfig", file]);
    assert_eq!(no_context.code, 1, "{}", no_context.out);
    let wrong = errand(&bed, &["why", "rsc/good", "--context", "elsewhere"]);
    assert!(
        wrong.code == 1 && wrong.err.contains("elsewhere"),
        "{}",
        wrong.err
    );
    for arguments in [
        &["why", "rsc"][..],
        &["why", "rsc/good", "-l", "team=design"],
        &["why", "rsc", "-l", "team=none"],
        &["why", "rsc", "-l", "="],
        &["resolve", "rsc/good", "rsc/bad", "--decision", "GiveUp"],
    ] {
        let refused = errand(&bed, arguments);
        assert_eq!((refused.code, &*refused.out), (1, ""), "{arguments:?}");
        assert!(!refused.err.is_empty(), "{arguments:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = std::process::Command::new(env!("CARGO_BIN_EXE_errand"))
            .args(["completions", shell])
            .output();
        let script = said(script.expect("errand can be started"));
        assert_eq!(script.code, 0, "{}", script.err);
        assert!(script.out.contains("selector"), "{shell}: {}", script.out);
    }
}

#[test]
fn kubectl_finds_errand_as_a_plugin() {
    let bed = bed("cli-plugin");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let plane = shared_plane().control_plane();
    let folder = plane.dir().join("kubectl-plugins");
    std::fs::create_dir_all(&folder).expect("a folder for it");
    let plugin = folder.join("kubectl-errand");
    std::os::unix::fs::symlink(Path::new(env!("CARGO_BIN_EXE_errand")), &plugin)
        .expect("a link to it");
    let kubectl = |arguments: &[&str]| {
        let mut command = plane.kubectl();
        command.arg("errand").args(arguments).env("PATH", &folder);
        said(command.output().expect("kubectl can be started"))
    };
    let why = kubectl(&["why", "rsc", "stop", "-n", &bed.namespace]);
    assert_eq!(why.code, 0, "{}", why.err);
    assert!(why.out.contains("State:      Pending"), "{}", why.out);
    let help = kubectl(&["wait", "--help"]);
    assert!(
        help.out.contains("Usage: kubectl errand wait"),
        "{}",
        help.out
    );
    assert!(help.out.contains("Exit codes:"), "{}", help.out);
}

#[test]
fn objects_of_every_namespace_are_explained_and_waited_for() {
    let beds = ["cli-here", "cli-there"].map(bed);
    let label = format!("of={}", beds[0].namespace);
    for bed in &beds {
        let labelled = format!("{{name: stop, labels: {{of: {}}}}}", beds[0].namespace);
        let manifest = bed.cancellation("stop", "dcs-1", "task-1", "");
        bed.apply(&manifest.replace("{name: stop}", &labelled));
    }
    let why = errand(&beds[0], &["why", "errand", "-A", "-l", &label]);
    assert_eq!(why.code, 0, "{}", why.err);
    let waits = [
        "wait",
        "rsc",
        "--all-namespaces",
        "-l",
        &label,
        "--timeout",
        "0s",
    ];
    let wait = errand(&beds[0], &waits);
    assert_eq!(wait.code, 4, "{}", wait.err);
    for bed in &beds {
        let object = format!("Object:     ResizeCancellation {}/stop\n", bed.namespace);
        assert!(why.out.contains(&object), "{}", why.out);
        let line = format!("resizecancellation/stop -n {}: ", bed.namespace);
        assert!(wait.err.contains(&line), "{}", wait.err);
    }
    let here = errand(&beds[0], &["why", "rsc", "-l", &label, "-o", "json"]);
    let here: Value = serde_json::from_str(&here.out).expect("JSON");
    assert_eq!(here["items"].as_array().map(Vec::len), Some(1), "{here:#}");
    for arguments in [
        &["why", "rsc/stop", "-A"][..],
        &["why", "rsc", "-A", "-l", "of=none"],
    ] {
        let refused = errand(&beds[0], arguments);
        assert_eq!((refused.code, &*refused.out), (1, ""), "{arguments:?}");
        assert!(refused.err.contains("namespace"), "{}", refused.err);
    }
}
