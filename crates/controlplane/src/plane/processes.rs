//! What is asked of a component's process: whether it runs, what it has logged, where it
//! listens.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::READY_WITHIN;
use crate::Error;
use crate::assets::Program;
use crate::guard::{self, Guarded, Output, TempDir};

/// The end of a log file; what is there is better than a second error.
pub(crate) fn tail(path: &Path) -> String {
    const BYTES: u64 = 4096;
    const LINES: usize = 20;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        file.seek(SeekFrom::Start(len.saturating_sub(BYTES)))?;
        let mut bytes = Vec::new();
        file.take(BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    match lines.len() {
        0 => "(it is empty)".to_owned(),
        count => lines[count.saturating_sub(LINES)..].join("\n"),
    }
}

pub(super) fn log_of(dir: &TempDir, name: &str) -> PathBuf {
    dir.path().join(format!("{name}.log"))
}

pub(super) fn options_for(dir: &TempDir, name: &str) -> guard::Options {
    // Counted, because an operator is restarted under the same name, and the
    // marker of one must not be removed by the other.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    guard::Options {
        output: Output::File(log_of(dir, name)),
        marker: Some(dir.running().join(format!("{name}-{count}"))),
        ..guard::Options::default()
    }
}

pub(super) fn check(program: Program, guarded: &mut Guarded, log: &Path) -> Result<(), Error> {
    let name = program.name();
    match guarded
        .try_wait()
        .map_err(Error::io(format!("looking at {name}")))?
    {
        None => Ok(()),
        Some(code) => Err(Error::Exited {
            program: name,
            code,
            log: tail(log),
        }),
    }
}

pub(super) fn not_ready(last: &str, log: &Path) -> Error {
    Error::NotReady {
        waited: READY_WITHIN,
        last: last.to_owned(),
        log: tail(log),
    }
}

pub(super) fn listens(port: u16) -> bool {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

/// All are held until all are known, or the same one might come twice.
pub(super) fn free_ports<const N: usize>() -> io::Result<[u16; N]> {
    let mut ports = [0; N];
    let mut held = Vec::with_capacity(N);
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_tail_of_a_log_is_its_last_lines() {
        let dir = TempDir::new_in(&std::env::temp_dir(), "errand-tail-test").unwrap();
        let path = dir.path().join("log");
        assert_eq!(tail(&path), "(it is empty)");
        let lines: Vec<_> = (0..5000).map(|line| line.to_string()).collect();
        fs::write(&path, lines.join("\n")).unwrap();
        let tail = tail(&path);
        assert_eq!(tail.lines().count(), 20);
        assert!(
            tail.starts_with("4980\n") && tail.ends_with("4999"),
            "{tail}"
        );
    }

    #[test]
    fn free_ports_differ() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c);
    }
}
