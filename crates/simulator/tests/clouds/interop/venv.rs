//! A virtual environment with the official SDKs, made once and kept in the user's
//! cache folder, as the programs of the control plane are: named by what went into
//! it, built aside, renamed into place under a lock. What is there is whole.

use std::env;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// An interpreter that has the SDKs. It is found, or made, on the first call.
///
/// # Panics
/// Without a usable python3, and when the SDKs cannot be had.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let home = cache_folder().join(format!("interop-{:016x}", key()));
        let python = home.join("bin").join("python");
        if !python.is_file() {
            make(&home, &python);
        }
        python
    })
}

fn cache_folder() -> PathBuf {
    let path = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    // The XDG specification says to ignore relative ones.
    let cache = path("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let cache = cache.or_else(|| path("HOME").map(|home| home.join(".cache")));
    let cache = cache.expect("HOME or XDG_CACHE_HOME says where to keep the SDKs");
    cache.join("errand")
}

/// From the requirements and the Python that they are installed for. The hash is
/// std's: it may change with Rust, which costs a download and nothing else.
fn key() -> u64 {
    let script = "import sys, venv, ensurepip; print(sys.version, sys.base_prefix)";
    let said = run(Command::new("python3").args(["-c", script]));
    let mut hasher = DefaultHasher::new();
    (REQUIREMENTS, said.stdout).hash(&mut hasher);
    hasher.finish()
}

fn make(home: &Path, python: &Path) {
    let parent = home.parent().expect("a folder of the cache");
    fs::create_dir_all(parent).expect("the cache folder can be made");
    let _lock = lock(&parent.join("interop.lock"));
    // Another process may have made it while we waited for the lock.
    if python.is_file() {
        return;
    }
    let started = Instant::now();
    eprintln!(
        "installing the official SDKs, once, into {}",
        home.display()
    );
    // In the cache folder, because a rename must not cross file systems. The lock
    // makes the name ours; what is there was left by a process that was killed.
    let aside = parent.join("interop-building");
    remove(&aside);
    run(Command::new("python3").args(["-m", "venv"]).arg(&aside));
    let requirements = aside.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).expect("the requirements can be written");
    run(Command::new(aside.join("bin").join("python"))
        .args(["-m", "pip", "install", "--quiet", "--no-input"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(&requirements));
    // There may be one whose interpreter has since been uninstalled.
    remove(home);
    fs::rename(&aside, home).expect("the environment can be moved into place");
    eprintln!("installed in {} s", started.elapsed().as_secs());
}

fn remove(folder: &Path) {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            panic!("removing {}: {error}", folder.display())
        }
        _ => {}
    }
}

/// Held until dropped, or until the process ends in whatever way.
fn lock(path: &Path) -> File {
    let file = File::options().create(true).append(true).open(path);
    let file = file.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            eprintln!("waiting for another test that installs the official SDKs …");
            file.lock().expect("the lock can be waited for");
        }
        Err(TryLockError::Error(error)) => panic!("{}: {error}", path.display()),
    }
    file
}

/// Runs a program that must succeed.
fn run(command: &mut Command) -> Output {
    // Away from a folder that names another Python, as pyenv's .python-version does.
    let output = command
        .current_dir(env::temp_dir())
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => output,
        Ok(output) => panic!("{}", advice(command.get_program(), &said(&output))),
        Err(error) => panic!("{}", advice(command.get_program(), &error.to_string())),
    }
}

pub(crate) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes))
        .concat()
}

fn advice(program: &OsStr, said: &str) -> String {
    format!(
        "The interoperability tests call the simulator with the official Python SDKs. \
         They need python3 with its modules venv and ensurepip (packages \
         python3 and python3-venv on Debian and Ubuntu) and, the first time, a package \
         index that pip can reach. {} said:\n{said}",
        program.display()
    )
}

#[test]
fn a_machine_without_python_is_told_what_to_install() {
    let missing = std::panic::catch_unwind(|| run(&mut Command::new("no-such-python3")));
    let why = missing.unwrap_err();
    let why = why.downcast_ref::<String>().expect("a message");
    assert!(why.contains("python3-venv"), "{why}");
    let failed = std::panic::catch_unwind(|| {
        run(Command::new("sh").args(["-c", "echo No module named venv >&2; exit 1"]))
    });
    let why = failed.unwrap_err();
    let why = why.downcast_ref::<String>().expect("a message");
    assert!(why.ends_with("No module named venv\n"), "{why}");
}
