//! The build: one at a time per machine, program by program, with progress.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::modules::Module;
use super::{Places, Program};
use crate::Error;
use crate::guard::{Guarded, Options, Output, TempDir};
use crate::plane::tail;

/// Somebody who watches a terminal begins to doubt after about this long.
const SAY_SOMETHING_EVERY: Duration = Duration::from_secs(15);

/// Builds what is missing in `places`, into the cache.
pub(super) fn build(places: &Places) -> Result<(), Error> {
    let mut missing: Vec<_> = places.missing().collect();
    while let Some(first) = missing.first() {
        let module = first.module();
        let (of_module, others): (Vec<_>, Vec<_>) = missing
            .into_iter()
            .partition(|program| std::ptr::eq(program.module(), module));
        build_module(module, &of_module, places)?;
        missing = others;
    }
    Ok(())
}

/// Builds what is missing of these programs, which are of this module.
fn build_module(module: &Module, programs: &[Program], places: &Places) -> Result<(), Error> {
    let path = |program| places.path(program);
    let Some(cache) = programs.first().and_then(|&p| path(p)?.parent()) else {
        return Ok(());
    };
    fs::create_dir_all(cache).map_err(Error::io(format!("making {}", cache.display())))?;
    let parent = cache.parent().unwrap_or(cache);
    let _lock = lock(&parent.join("lock"), module)?;

    // Another process may have built them while we waited for the lock.
    let missing: Vec<_> = places.missing().filter(|p| programs.contains(p)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    eprintln!(
        "building {} ({}) from Go modules, once, into {}",
        module.what,
        module.version(),
        cache.display()
    );
    // In the cache folder, because a rename must not cross file systems.
    let dir = TempDir::new_in(parent, "building").map_err(Error::io(format!(
        "making a folder in {}",
        parent.display()
    )))?;
    for (name, text) in module.files() {
        fs::write(dir.path().join(name), text).map_err(Error::io(format!("writing {name}")))?;
    }
    for (index, &program) in missing.iter().enumerate() {
        let label = format!("[{}/{}] {}", index + 1, missing.len(), program.name());
        let built = go_build(program, &dir, &label)?;
        fs::rename(built, cache.join(program.name()))
            .map_err(Error::io(format!("moving {} into place", program.name())))?;
    }
    Ok(())
}

/// Held until dropped, or until the process ends in whatever way.
fn lock(path: &Path, module: &Module) -> Result<File, Error> {
    let doing = || Error::io(format!("locking {}", path.display()));
    let file = File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(doing())?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another build of {} …", module.what);
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
    let flags = program.module().flags();
    match program {
        // What is wanted is what it writes.
        Program::Crds => command.arg("run").args(flags).arg(".").arg(&out),
        _ => {
            let to = command.arg("build").args(flags).arg("-o").arg(&out);
            to.arg(program.package())
        }
    };
    command
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
