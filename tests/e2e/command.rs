//! Runs errand as a person does.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Output};

use errand_testbed::{Bed, shared_plane};

/// What a command line program said, and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

pub fn said(output: Output) -> Said {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: output.status.code().expect("it was not killed"),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// errand in the bed's namespace with the administrator's kubeconfig.
pub fn errand_command(bed: &Bed, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_errand"));
    command
        .args(arguments)
        .args(["-n", &bed.namespace])
        .env("KUBECONFIG", shared_plane().control_plane().kubeconfig());
    command
}

/// Runs a line of shell with errand and kubectl on the PATH, as administrator.
pub fn shell(line: &str) -> Said {
    let plane = shared_plane().control_plane();
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    let kubectl = plane.kubectl();
    for program in [kubectl.get_program(), env!("CARGO_BIN_EXE_errand").as_ref()] {
        if let Some(folder) = Path::new(program).parent() {
            let mut longer = folder.as_os_str().to_owned();
            longer.push(":");
            longer.push(&path);
            path = longer;
        }
    }
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("PATH", path);
    command.env("KUBECONFIG", plane.kubeconfig());
    said(command.output().expect("a shell can be started"))
}

/// Runs a command on a terminal that is so many columns wide, on which nobody
/// types. What it said there, standard output and error together.
pub fn on_terminal(mut command: Command, columns: u16) -> Said {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&terminal).expect("ours");
    unlockpt(&terminal).expect("unlocked");
    let size = rustix::termios::Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let name = ptsname(&terminal, Vec::new()).expect("it has a name");
    let name = name.to_str().expect("a path");
    let open = || {
        let mut file = File::options();
        file.read(true)
            .write(true)
            .open(name)
            .expect("the other end")
    };
    let other = open();
    rustix::termios::tcsetwinsize(&other, size).expect("its size can be set");
    let mut child = command
        .stdin(open())
        .stdout(open())
        .stderr(open())
        .spawn()
        .expect("it can be started");
    // The last ones who hold the other end are to be the child's.
    drop((command, other));
    let mut said = Vec::new();
    let mut terminal = File::from(terminal);
    let mut part = [0; 4096];
    // Once nobody holds the other end, a read is an error.
    while let Ok(n @ 1..) = terminal.read(&mut part) {
        said.extend_from_slice(&part[..n]);
    }
    let status = child.wait().expect("it ends");
    Said {
        code: status.code().expect("it was not killed"),
        out: String::from_utf8_lossy(&said).replace("\r\n", "\n"),
        err: String::new(),
    }
}

/// Runs that to its end.
pub fn errand(bed: &Bed, arguments: &[&str]) -> Said {
    let output = errand_command(bed, arguments).output();
    said(output.expect("errand can be started"))
}
