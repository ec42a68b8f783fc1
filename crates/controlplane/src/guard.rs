//! Processes and folders that do not outlive us.
//!
//! `Drop` runs on return and on panic, but not on Ctrl-C and not on SIGKILL,
//! and the soak tests use SIGKILL on purpose. So there is one mechanism for
//! all of these: a small shell script, in a process group of its own so that
//! the terminal's Ctrl-C does not reach it, reads from a pipe that only we
//! hold. The kernel closes that pipe however we end, and the script cleans up.
//! (PR_SET_PDEATHSIG would be Linux only, follows the thread rather than the
//! process, and needs `unsafe`.)
//!
//! Needs nothing but std and a POSIX sh.

use std::fs::{self, OpenOptions};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const WATCHDOG: &str = include_str!("guard/watchdog.sh");
const JANITOR: &str = include_str!("guard/janitor.sh");
const SHELL: &str = "/bin/sh";

/// Where a guarded command's stdout and stderr go, both to the same place.
#[derive(Debug, Clone, Default)]
pub enum Output {
    /// Nowhere.
    #[default]
    Null,
    /// To our stderr.
    Inherit,
    /// To the end of this file.
    File(PathBuf),
}

/// How a command is run and ended.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its output goes.
    pub output: Output,
    /// How long it has between TERM and KILL; counted in tenths of a second.
    pub grace: Duration,
    /// A file that exists for as long as the command runs. In
    /// [`TempDir::running`] it keeps the folder from being removed too early.
    pub marker: Option<PathBuf>,
    /// Another command's marker: this one is ended after that one.
    pub after: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            output: Output::Null,
            grace: Duration::from_secs(5),
            marker: None,
            after: None,
        }
    }
}

/// A running command that ends when this value is dropped or our process ends.
#[derive(Debug)]
pub struct Guarded {
    watchdog: Child,
    pid: u32,
}

impl Guarded {
    /// Runs `command`: its program, arguments, variables and current folder.
    /// What cannot be read back from a `Command` (its stdio, `env_clear`) is
    /// not honoured; stdin is /dev/null. SIGINT and SIGQUIT are ignored in it
    /// until it installs handlers, as in any background command of a shell.
    ///
    /// A program that does not exist shows as exit code 127, not as an error.
    pub fn start(command: &Command, options: &Options) -> io::Result<Self> {
        Self::start_with(SHELL, command, options)
    }

    fn start_with(shell: &str, command: &Command, options: &Options) -> io::Result<Self> {
        let output = match &options.output {
            Output::Null => Stdio::null(),
            Output::Inherit => Stdio::inherit(),
            Output::File(path) => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)?
                .into(),
        };
        if let Some(marker) = &options.marker {
            fs::write(marker, "")?;
        }
        let optional = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let mut shell = Command::new(shell);
        shell
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(options.grace.as_millis().div_ceil(100).to_string())
            .arg(optional(&options.marker))
            .arg(optional(&options.after))
            .arg(command.get_program())
            .args(command.get_args())
            .stderr(output);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(dir) = command.get_current_dir() {
            shell.current_dir(dir);
        }
        let (watchdog, said) = spawn(&mut shell).inspect_err(|_| {
            if let Some(marker) = &options.marker {
                let _ = fs::remove_file(marker);
            }
        })?;
        let pid = said
            .parse()
            .map_err(|_| io::Error::other(format!("the watchdog said {said:?}, not a pid")))?;
        Ok(Self { watchdog, pid })
    }

    /// The process id of the command itself.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The exit code if the command has ended, as a shell gives it: 128 + n
    /// after signal n.
    pub fn try_wait(&mut self) -> io::Result<Option<i32>> {
        Ok(self.watchdog.try_wait()?.map(code))
    }

    /// Sends a signal by name ("STOP", "CONT", "TERM"); it has been delivered
    /// on return. An error if the command has ended.
    pub fn signal(&mut self, name: &str) -> io::Result<()> {
        let gone = || io::Error::new(io::ErrorKind::NotFound, "the process has ended");
        if self.try_wait()?.is_some() {
            return Err(gone());
        }
        // The shell's own kill: slim images have no such program.
        let sent = Command::new(SHELL)
            .args(["-c", r#"kill -s "$1" "$2""#, "kill", name])
            .arg(self.pid.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if sent.success() { Ok(()) } else { Err(gone()) }
    }

    /// SIGKILL, now; on return the process is gone. Not an error if it was
    /// gone before.
    pub fn kill(&mut self) -> io::Result<()> {
        let sent = self.signal("KILL");
        let ended = self.stop();
        match sent {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => ended.map(drop),
        }
    }

    /// TERM, and KILL after the grace period; on return the process is gone.
    /// The exit code is that of [`Self::try_wait`]. May be called again.
    pub fn stop(&mut self) -> io::Result<i32> {
        drop(self.watchdog.stdin.take());
        Ok(code(self.watchdog.wait()?))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// A folder for one owner only (mode 700), which is removed when this value is
/// dropped or our process ends, as soon as [`Self::running`] is empty.
#[derive(Debug)]
pub struct TempDir {
    janitor: Child,
    path: PathBuf,
}

impl TempDir {
    /// Makes a folder with a new name, starting with `prefix`, in `parent`.
    pub fn new_in(parent: &Path, prefix: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // The clock, because process ids come round again.
        let clock = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.subsec_nanos());
        let name = format!("{prefix}-{}-{count}-{clock:x}", std::process::id());
        let path = std::path::absolute(parent)?.join(name);
        // The janitor makes the folder, so that there is no moment in which
        // the folder is there and nobody would remove it.
        let mut shell = Command::new(SHELL);
        shell
            .args(["-c", JANITOR, "janitor"])
            .arg(&path)
            .stderr(Stdio::inherit());
        let (janitor, said) = spawn(&mut shell)?;
        let dir = Self { janitor, path };
        match said.as_str() {
            "ready" => Ok(dir),
            _ => Err(io::Error::other(format!(
                "cannot make the folder {}",
                dir.path.display()
            ))),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder within for [`Options::marker`].
    pub fn running(&self) -> PathBuf {
        self.path.join("running")
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        drop(self.janitor.stdin.take());
        let _ = self.janitor.wait();
    }
}

/// Starts a script with its lifeline on stdin; also returns its first line.
fn spawn(shell: &mut Command) -> io::Result<(Child, String)> {
    let mut child = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let mut said = String::new();
    if let Some(stdout) = child.stdout.take() {
        // One short line; a bound because nothing else is expected.
        BufReader::new(stdout.take(64)).read_line(&mut said)?;
    }
    Ok((child, said.trim_end().to_owned()))
}

/// The watchdog passes the command's code on; a signal means that somebody
/// killed the watchdog.
fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

#[cfg(test)]
mod tests;
