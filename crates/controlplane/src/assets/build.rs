//! The build: one at a time per machine, program by program, with progress.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::{GO_MOD, GO_SUM, Places, Program, kubernetes_version};
use crate::Error;
use crate::guard::{Guarded, Options, Output, TempDir};
use crate::plane::tail;

/// Somebody who watches a terminal begins to doubt after about this long.
const SAY_SOMETHING_EVERY: Duration = Duration::from_secs(15);

/// The flags of `go build`, which are part of the cache key.
pub(super) fn flags() -> Vec<String> {
    let version = kubernetes_version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().unwrap_or_default();
    let (major, minor) = (number(), number());
    // Without these the API server would report version 0.0.0, and kubectl and
    // clients decide by it what they may use.
    let set = "-X k8s.io/component-base/version.git";
    vec![
        "-trimpath".to_owned(),
        "-mod=readonly".to_owned(),
        "-ldflags".to_owned(),
        format!("-s -w {set}Version={version} {set}Major={major} {set}Minor={minor}"),
    ]
}

/// Builds what is missing in `places`, into the cache.
pub(super) fn build(places: &Places) -> Result<(), Error> {
    let Some(cache) = places
        .programs
        .iter()
        .find(|(_, path)| !path.is_file())
        .and_then(|(_, path)| path.parent())
    else {
        return Ok(());
    };
    fs::create_dir_all(cache).map_err(Error::io(format!("making {}", cache.display())))?;
    let parent = cache.parent().unwrap_or(cache);
    let _lock = lock(&parent.join("lock"))?;

    // Another process may have built them while we waited for the lock.
    let missing: Vec<_> = places.missing().collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!(
        "building the control plane (Kubernetes {}) from Go modules, once, into {}",
        kubernetes_version(),
        cache.display()
    );
    // In the cache folder, because a rename must not cross file systems.
    let dir = TempDir::new_in(parent, "building").map_err(Error::io(format!(
        "making a folder in {}",
        parent.display()
    )))?;
    let write = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).map_err(Error::io(format!("writing {name}")))
    };
    write("go.mod", GO_MOD)?;
    write("go.sum", GO_SUM)?;
    for (index, &program) in missing.iter().enumerate() {
        let label = format!("[{}/{}] {}", index + 1, missing.len(), program.name());
        let built = go_build(program, &dir, &label)?;
        fs::rename(built, cache.join(program.name()))
            .map_err(Error::io(format!("moving {} into place", program.name())))?;
    }
    Ok(())
}

/// Held until dropped, or until the process ends in whatever way.
fn lock(path: &Path) -> Result<File, Error> {
    let doing = || Error::io(format!("locking {}", path.display()));
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(doing())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another build of the control plane …");
            file.lock().map_err(doing())?;
        }
        Err(TryLockError::Error(error)) => return Err(doing()(error)),
    }
    Ok(file)
}

/// Returns the path of the program that was built.
fn go_build(program: Program, dir: &TempDir, label: &str) -> Result<PathBuf, Error> {
    let started = Instant::now();
    let out = dir.path().join(program.name());
    let log = dir.path().join("log");
    let mut command = Command::new("go");
    command
        .arg("build")
        .args(flags())
        .arg("-o")
        .arg(&out)
        .arg(program.package())
        .current_dir(dir.path())
        .env("CGO_ENABLED", "0")
        // Not removed but set: else `go env -w GOFLAGS` would count. The cache
        // may lie in somebody's repository, whose state is none of ours.
        .env("GOFLAGS", "-buildvcs=false")
        .env("GOWORK", "off")
        .env("GO111MODULE", "on")
        .env_remove("GOOS")
        .env_remove("GOARCH");
    let options = Options {
        output: Output::File(log.clone()),
        marker: Some(dir.running().join("go")),
        ..Options::default()
    };
    // Guarded, or the build would go on for minutes after a Ctrl-C.
    let mut go = Guarded::start(&command, &options).map_err(Error::io("running go build"))?;
    eprintln!("{label} …");
    let mut said = Instant::now();
    let code = loop {
        if let Some(code) = go.try_wait().map_err(Error::io("waiting for go build"))? {
            break code;
        }
        if said.elapsed() >= SAY_SOMETHING_EVERY {
            eprintln!("{label} … {} s", started.elapsed().as_secs());
            said = Instant::now();
        }
        thread::sleep(Duration::from_millis(100));
    };
    if code != 0 {
        return Err(Error::BuildFailed {
            program: program.name(),
            log: tail(&log),
        });
    }
    eprintln!("{label} done in {} s", started.elapsed().as_secs());
    Ok(out)
}
