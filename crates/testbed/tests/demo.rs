//! The demo as people run it: it ends well, and however it ends, nothing is left
//! behind.
//!
//! It needs the operator beside it, which cargo builds for the tests of the
//! package errand: `cargo test --workspace` has it, and so has plain `cargo test`.

#[path = "../../controlplane/tests/it/sigint.rs"]
mod sigint;

use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A running demo, and what it has said so far.
struct Demo {
    process: Child,
    said: String,
    lines: Lines<BufReader<ChildStdout>>,
    _alone: MutexGuard<'static, ()>,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        // One at a time: each is a good part of a machine with two cores.
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        sigint::ends_children();
        let demo = Path::new(env!("CARGO_BIN_EXE_errand-demo"));
        let operator = demo.with_file_name("errand");
        assert!(
            operator.is_file(),
            "no {}: run `cargo test --workspace`, or `cargo build --package errand` first",
            operator.display()
        );
        let mut process = Command::new(demo)
            .arg("--operator")
            .arg(operator)
            .args(arguments)
            // Held open, as by a terminal.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = process.stdout.take().unwrap();
        Self {
            process,
            said: String::new(),
            lines: BufReader::new(stdout).lines(),
            _alone: alone,
        }
    }

    /// Reads on until a line has this in it; that line.
    fn read_until(&mut self, part: &str) -> String {
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            self.said += &format!("{line}\n");
            if line.contains(part) {
                return line;
            }
        }
        panic!("it ended without saying {part:?}:\n{}", self.said);
    }

    fn read_to_end(&mut self) {
        for line in self.lines.by_ref() {
            self.said += &format!("{}\n", line.unwrap());
        }
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("sh")
            .args(["-c", r#"kill -s "$1" "$2""#, "kill", name])
            .arg(self.process.id().to_string())
            .status();
        assert!(kill.unwrap().success());
    }

    /// Its folder's name has its process id in it, so that it cannot be taken
    /// for another one's.
    fn folder_name(&self) -> String {
        format!("errand-controlplane-{}-", self.process.id())
    }

    /// Processes that have its folder in their arguments or variables.
    fn processes(&self) -> Vec<String> {
        let name = self.folder_name();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").expect("these tests look into /proc") {
            let path = entry.unwrap().path();
            let read = |file: &str| {
                let bytes = fs::read(path.join(file)).unwrap_or_default();
                String::from_utf8_lossy(&bytes).replace('\0', " ")
            };
            let arguments = read("cmdline");
            if arguments.contains(&name) || read("environ").contains(&name) {
                found.push(arguments);
            }
        }
        found
    }

    fn folders(&self) -> Vec<PathBuf> {
        let name = self.folder_name();
        fs::read_dir(std::env::temp_dir())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains(&name))
            .collect()
    }

    fn assert_nothing_is_left_within(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let left = (self.processes(), self.folders());
            if left == (vec![], vec![]) {
                return;
            }
            assert!(Instant::now() < deadline, "left behind: {left:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn nothing_is_left_after(&mut self, signal: &str, number: i32) {
        self.signal(signal);
        let status = self.process.wait().unwrap();
        assert_eq!(status.signal(), Some(number), "{}", self.said);
        // Killed between a marker and its process, the folder stays for 30 s.
        self.assert_nothing_is_left_within(Duration::from_secs(60));
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How what is claimed begins, but for the first part. That each can turn red is
/// tested beside the claims.
const CLAIMS: [&str; 20] = [
    "the refresh was stopped, its batch ran to its end, it was cancelled then",
    "by one Stop and one Cancel",
    "meanwhile its group was said to be blocked, and now to be free",
    "the refresh is Succeeded/Cancelled, the cloud's too, its group released",
    "the observation is Succeeded/Reached: the server runs and is installed",
    "it did not end before the server was so",
    "and it only read the server's status, more than once",
    "the reservation is Succeeded/Cancelled, and the cloud has it so",
    "by one call that had one effect",
    "within the 30 minutes in which it can be",
    "the retry loop and Errand met the same",
    "the retry loop got its answer, and ordered twice",
    "Errand ordered once",
    "the operator was killed between the order and the record of its answer",
    "deleted and applied again, it is another object and still one order",
    "which ends Succeeded",
    "what nobody can know is held",
    "and `errand why` lists the choices",
    "every cloud was called, and nothing that no cloud has",
    "all clouds together were changed as often as told, not once more",
];

/// Every kind but the orders, as kubectl shows its end: cells that follow each other in a line.
const ENDS: [&[&str]; 4] = [
    &["keep-orders-cache-small", "True", "Succeeded", "Cancelled"],
    &[
        "ScheduledInstanceReservation",
        "render-farm-cancelled",
        "Succeeded",
        "Cancelled",
    ],
    &[
        "InstanceRefresh",
        "end-the-bad-roll-out",
        "Succeeded",
        "Cancelled",
    ],
    &[
        "InstanceObservation",
        "server-is-built",
        "Succeeded",
        "Reached",
    ],
];

#[test]
fn the_demo_shows_what_it_claims_and_leaves_nothing_behind() {
    let mut demo = Demo::start(&[]);
    demo.read_until(&demo.folder_name());
    demo.read_to_end();
    let status = demo.process.wait().unwrap();
    assert!(status.success(), "{status}:\n{}", demo.said);
    demo.assert_nothing_is_left_within(Duration::ZERO);

    let said = &demo.said;
    assert!(said.contains("\nok      exactly one cancel call"), "{said}");
    assert!(!said.contains("FAILED"), "{said}");
    assert_eq!(said.matches("  POST  ").count(), 1, "{said}");
    for claim in CLAIMS {
        assert!(
            said.contains(&format!("\nok      {claim}")),
            "{claim}: {said}"
        );
    }
    let shown: Vec<Vec<&str>> = said
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let compared = [
        ["retry", "loop", "2", "2"].as_slice(),
        &["Errand", "1", "1"],
    ];
    for row in compared.into_iter().chain(ENDS) {
        let found = shown.iter().any(|line| line.starts_with(row));
        assert!(found, "{row:?}: {said}");
    }
    // One of the resize, two of the refresh, one of the reservation, two of the retry loop, one of Errand,
    // one that the operator was killed over.
    assert!(said.contains("8 effects: every claim is true"), "{said}");
    for cloud in ["Huawei Cloud", "Tencent Cloud", "Volcengine"] {
        assert!(said.contains(&format!("\n{cloud}  ")), "{cloud}: {said}");
    }
    let wide = |line: &&str| line.chars().count() > 80 && !line.contains(&demo.folder_name());
    assert_eq!(said.lines().find(wide), None, "{said}");
}

#[test]
fn interrupted_while_it_starts_the_demo_leaves_nothing_behind() {
    let mut demo = Demo::start(&[]);
    demo.read_until("starting etcd");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !demo.processes().iter().any(|line| line.contains("etcd")) {
        assert!(Instant::now() < deadline, "no etcd");
        std::thread::sleep(Duration::from_millis(5));
    }
    demo.nothing_is_left_after("INT", 2);
}

#[test]
fn interrupted_while_it_works_the_demo_leaves_nothing_behind() {
    let mut demo = Demo::start(&[]);
    demo.read_until("the operator runs");
    let running = demo.processes().join("\n");
    for name in ["etcd", "kube-apiserver", "errand run", "janitor"] {
        assert!(running.contains(name), "no {name} among:\n{running}");
    }
    demo.nothing_is_left_after("INT", 2);
}

#[test]
fn kept_and_then_killed_the_demo_leaves_nothing_behind() {
    let mut demo = Demo::start(&["--keep"]);
    demo.read_until("Enter or Ctrl-C");
    demo.nothing_is_left_after("KILL", 9);
}
