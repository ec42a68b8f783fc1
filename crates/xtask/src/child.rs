//! Long-running programs that do not outlive us.
//!
//! std has no signal handlers, and a signal may go to us alone or to the whole
//! terminal. So long builds run below the watchdog script of
//! errand-controlplane, which ends them when the pipe that we hold is closed,
//! however we end. The script is included rather than depended on: that crate
//! takes far longer to build than a plan may be waited for.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

const WATCHDOG: &str = include_str!("../../controlplane/src/guard/watchdog.sh");

/// Tenths of a second from TERM to KILL.
const GRACE: &str = "30";

/// A running program; what it writes goes to our stderr.
pub struct Guarded {
    what: String,
    watchdog: Child,
}

impl Guarded {
    /// Starts the program; of `command` only program, arguments and variables
    /// are used.
    pub fn start(command: &Command, what: &str) -> Result<Self, String> {
        let cannot = |e: std::io::Error| format!("{what}: {e}");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", WATCHDOG, "watchdog", GRACE, "", ""])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let mut watchdog = shell.spawn().map_err(cannot)?;
        if let Some(stdout) = watchdog.stdout.take() {
            // It says the program's id, which nobody here needs; but from then
            // on it is in charge.
            BufReader::new(stdout)
                .read_line(&mut String::new())
                .map_err(cannot)?;
        }
        Ok(Self {
            what: what.to_owned(),
            watchdog,
        })
    }

    /// Whether it has ended; an error if it has failed.
    pub fn ended(&mut self) -> Result<bool, String> {
        let status = self.watchdog.try_wait().map_err(|e| e.to_string())?;
        match status {
            None => Ok(false),
            Some(status) if status.success() => Ok(true),
            Some(_) => Err(format!("{} failed; see above", self.what)),
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}
