//! `cargo demo`: says what will be done, builds it, and becomes errand-demo.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::child::Guarded;
use crate::tools::{self, ControlPlane, OPERATOR_AND_DEMO, cargo_build};

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Returns only if something failed.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let control_plane = tools::control_plane();
    let go = tools::go();
    if go.is_none() && matches!(control_plane, ControlPlane::Missing) {
        return Err(format!(
            "Go is missing: the demo needs a Kubernetes API server ({}), which is built from Go \
             modules, and there is no `go` on PATH.\nInstall Go {} or newer, or point \
             KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl.",
            tools::kubernetes_version(),
            tools::go_version_needed()
        ));
    }
    say_plan(&control_plane, go.as_deref())?;

    let began = Instant::now();
    build(&control_plane, go.is_some())?;
    eprintln!("built in {} s\n", began.elapsed().as_secs());

    // From here on errand-demo has our process id: whoever signals us signals it.
    let mut demo = Command::new(tools::built("errand-demo")?);
    demo.arg("--operator").arg(tools::built("errand")?);
    demo.args(arguments);
    use_cache_without_go(&mut demo, &control_plane, go.is_some());
    Err(format!("errand-demo: {}", demo.exec()))
}

fn say_plan(control_plane: &ControlPlane, go: Option<&str>) -> Result<(), String> {
    let version = tools::kubernetes_version();
    let plane = match control_plane {
        ControlPlane::Given(dir) => {
            format!(
                "etcd, kube-apiserver and kubectl: KUBEBUILDER_ASSETS has them ({})",
                dir.display()
            )
        }
        ControlPlane::Cached(dir) => format!(
            "etcd, kube-apiserver and kubectl {version}: built before ({})",
            dir.display()
        ),
        ControlPlane::Missing => format!(
            "etcd, kube-apiserver and kubectl {version}: to be built once from Go modules, 5 to 10 \
             minutes\n   on two cores and as long as the download of the modules takes, with {}",
            go.unwrap_or_default()
        ),
    };
    let built = tools::built("errand")?.is_file() && tools::built("errand-demo")?.is_file();
    let rust = match built {
        true => "the operator and the simulated cloud (Rust): built before; brought up to date",
        false => {
            "the operator and the simulated cloud (Rust): to be built, about 4 minutes on two \
             cores,\n   beside the above"
        }
    };
    println!("Errand's demo. Nothing leaves this machine but downloads; no account is needed.");
    println!("1. {plane}");
    println!("2. {rust}");
    println!("3. the demo, about 25 seconds: a real API server with Errand's CRDs, and");
    println!("   simulated clouds. A manifest cancels the resize of a Redis instance: the");
    println!("   operator sends one signed call, sees in the cloud that it worked, and says");
    println!("   so. The other kinds follow. Then orders, which cost money: a retry loop and");
    println!("   Errand lose the same answer; the operator is killed with kill -9 between call");
    println!("   and record; an answer that nobody can know is held for a person.");
    println!("   Every claim is checked. Exit code 0: all are true.");
    println!("Ctrl-C at any time stops and removes everything but what has been built.\n");
    Ok(())
}

/// The control plane's builder is small and comes first, so that the two long
/// builds run side by side.
fn build(control_plane: &ControlPlane, has_go: bool) -> Result<(), String> {
    let mut first = Guarded::start(&cargo_build(&["errand-controlplane"]), "cargo build")?;
    while !first.ended()? {
        thread::sleep(LOOK_EVERY);
    }
    // Its stdout, the folder, is in the plan already.
    let mut builder = Command::new("/bin/sh");
    builder
        .args(["-c", r#"exec "$0" build >/dev/null"#])
        .arg(tools::built("errand-controlplane")?);
    use_cache_without_go(&mut builder, control_plane, has_go);
    let mut builds = [
        Guarded::start(&builder, "building the control plane")?,
        Guarded::start(&cargo_build(&OPERATOR_AND_DEMO), "cargo build")?,
    ];
    loop {
        // If one fails, the other ends when it is dropped.
        let mut all_ended = true;
        for build in &mut builds {
            all_ended &= build.ended()?;
        }
        if all_ended {
            return Ok(());
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// What was built before can be used without Go, if it is pointed at.
fn use_cache_without_go(command: &mut Command, control_plane: &ControlPlane, has_go: bool) {
    if let (ControlPlane::Cached(dir), false) = (control_plane, has_go) {
        let dir: &Path = dir;
        command.env("KUBEBUILDER_ASSETS", dir);
    }
}
