use super::*;
use std::time::Instant;

fn command(line: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

fn shells() -> impl Iterator<Item = &'static str> {
    [SHELL, "/bin/dash", "/bin/bash"]
        .into_iter()
        .filter(|shell| Path::new(shell).exists())
}

fn alive(pid: u32) -> bool {
    command(&format!("kill -0 {pid} 2>/dev/null"))
        .status()
        .is_ok_and(|status| status.success())
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within 20 s");
        std::thread::yield_now();
    }
}

fn temp_dir() -> TempDir {
    TempDir::new_in(&std::env::temp_dir(), "errand-guard-test").unwrap()
}

#[test]
fn the_exit_code_of_a_command_that_ends_by_itself_is_seen() {
    for shell in shells() {
        let mut guarded =
            Guarded::start_with(shell, &command("exit 7"), &Options::default()).unwrap();
        eventually("the command ends", || guarded.try_wait().unwrap().is_some());
        assert_eq!(guarded.try_wait().unwrap(), Some(7), "{shell}");
        assert_eq!(guarded.stop().unwrap(), 7, "{shell}");
        assert!(guarded.signal("TERM").is_err(), "{shell}");
        guarded.kill().unwrap();
    }
}

#[test]
fn a_program_that_does_not_exist_shows_as_127() {
    let mut guarded =
        Guarded::start(&Command::new("/no/such/program"), &Options::default()).unwrap();
    eventually("it ends", || guarded.try_wait().unwrap().is_some());
    assert_eq!(guarded.try_wait().unwrap(), Some(127));
}

#[test]
fn the_pid_is_that_of_the_command_and_stop_ends_it() {
    for shell in shells() {
        let dir = temp_dir();
        let log = dir.path().join("log");
        let options = Options {
            output: Output::File(log.clone()),
            ..Options::default()
        };
        let line = "echo $$; exec sleep 1000";
        let mut guarded = Guarded::start_with(shell, &command(line), &options).unwrap();
        let pid = format!("{}\n", guarded.pid());
        eventually("its pid is logged", || {
            fs::read_to_string(&log).unwrap() == pid
        });
        assert_eq!(guarded.stop().unwrap(), 128 + 15, "{shell}");
        assert!(!alive(guarded.pid()), "{shell}");
    }
}

#[test]
fn a_command_that_ignores_term_is_killed_after_the_grace_period() {
    for shell in shells() {
        let dir = temp_dir();
        let log = dir.path().join("log");
        let options = Options {
            output: Output::File(log.clone()),
            grace: Duration::from_millis(200),
            ..Options::default()
        };
        let line = "trap '' TERM; echo deaf; while :; do sleep 0.05; done";
        let mut guarded = Guarded::start_with(shell, &command(line), &options).unwrap();
        eventually("it is deaf", || {
            fs::read_to_string(&log).unwrap() == "deaf\n"
        });
        assert_eq!(guarded.stop().unwrap(), 128 + 9, "{shell}");
        assert!(!alive(guarded.pid()), "{shell}");
    }
}

#[test]
fn a_stopped_command_is_ended_too() {
    for shell in shells() {
        let line = command("exec sleep 1000");
        let mut guarded = Guarded::start_with(shell, &line, &Options::default()).unwrap();
        guarded.signal("STOP").unwrap();
        assert_eq!(guarded.try_wait().unwrap(), None, "{shell}");
        assert_eq!(guarded.stop().unwrap(), 128 + 15, "{shell}");
    }
}

#[test]
fn kill_ends_a_command_at_once() {
    for shell in shells() {
        let line = command("trap '' TERM; while :; do sleep 0.05; done");
        let mut guarded = Guarded::start_with(shell, &line, &Options::default()).unwrap();
        guarded.kill().unwrap();
        assert_eq!(guarded.stop().unwrap(), 128 + 9, "{shell}");
        assert!(!alive(guarded.pid()), "{shell}");
    }
}

#[test]
fn a_watchdog_that_is_told_to_stop_goes_on_watching() {
    for shell in shells() {
        let line = command("exec sleep 1000");
        let mut guarded = Guarded::start_with(shell, &line, &Options::default()).unwrap();
        let watchdog = guarded.watchdog.id();
        for signal in ["INT", "HUP", "TERM"] {
            assert!(
                command(&format!("kill -s {signal} {watchdog}"))
                    .status()
                    .unwrap()
                    .success()
            );
        }
        assert_eq!(guarded.try_wait().unwrap(), None, "{shell}");
        assert_eq!(guarded.stop().unwrap(), 128 + 15, "{shell}");
    }
}

#[test]
fn children_of_the_command_are_ended_with_it() {
    let dir = temp_dir();
    let log = dir.path().join("log");
    let options = Options {
        output: Output::File(log.clone()),
        ..Options::default()
    };
    let mut guarded =
        Guarded::start(&command("sleep 1000 & echo $!; wait; exit"), &options).unwrap();
    let mut pid = 0;
    eventually("the grandchild's pid is logged", || {
        pid = fs::read_to_string(&log)
            .unwrap()
            .trim()
            .parse()
            .unwrap_or(0);
        pid != 0
    });
    guarded.stop().unwrap();
    eventually("the grandchild ends", || !alive(pid));
}

#[test]
fn the_environment_and_the_folder_of_the_command_are_kept() {
    let dir = temp_dir();
    let log = dir.path().join("log");
    let options = Options {
        output: Output::File(log.clone()),
        ..Options::default()
    };
    let mut line = Command::new("/bin/sh");
    line.args(["-c", "echo $ERRAND_A ${HOME-unset} \"$0\"; pwd", "a 'b' $c"])
        .env("ERRAND_A", "one two")
        .env("PATH", "")
        .env_remove("HOME")
        .current_dir("/");
    let mut guarded = Guarded::start(&line, &options).unwrap();
    eventually("it ends", || guarded.try_wait().unwrap().is_some());
    assert_eq!(
        fs::read_to_string(&log).unwrap(),
        "one two unset a 'b' $c\n/\n"
    );
}

/// A command that, told to end, takes its time and then exits with 0 if `holds`.
fn asks_at_its_end(holds: &str, options: &Options) -> Guarded {
    let Output::File(log) = &options.output else {
        panic!("it says in its log when it is ready");
    };
    let line = format!(
        "trap 'sleep 0.5; {holds}; exit $?' TERM; echo ready; while :; do sleep 0.05; done"
    );
    let guarded = Guarded::start(&command(&line), options).unwrap();
    eventually("it is ready", || {
        fs::read_to_string(log).unwrap() == "ready\n"
    });
    guarded
}

#[test]
fn a_folder_stays_while_something_runs_in_it_and_then_goes() {
    let dir = temp_dir();
    let path = dir.path().to_owned();
    let log = path.join("log");
    let options = Options {
        output: Output::File(log.clone()),
        marker: Some(dir.running().join("writer")),
        ..Options::default()
    };
    let mut guarded = asks_at_its_end(&format!("[ -e {} ]", log.display()), &options);
    let removal = std::thread::spawn(move || drop(dir));
    assert_eq!(guarded.stop().unwrap(), 0, "the folder went too early");
    removal.join().unwrap();
    assert!(!path.exists());
}

#[test]
fn one_command_is_ended_after_another() {
    let dir = temp_dir();
    let first = Options {
        output: Output::File(dir.path().join("log")),
        marker: Some(dir.running().join("first")),
        ..Options::default()
    };
    let second = Options {
        after: first.marker.clone(),
        ..Options::default()
    };
    let mut second = Guarded::start(&command("exec sleep 1000"), &second).unwrap();
    let mut first = asks_at_its_end(&format!("kill -0 {}", second.pid()), &first);
    drop(second.watchdog.stdin.take());
    assert_eq!(first.stop().unwrap(), 0, "the second was ended too early");
    assert_eq!(second.stop().unwrap(), 128 + 15);
}

/// Killed right after a start, we never read what the scripts say, and saying
/// it is a SIGPIPE for them.
#[test]
fn nothing_is_left_when_nobody_listens_to_the_scripts_any_more() {
    let run_unheard = |shell: &str, arguments: &[&str]| {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        Command::new(shell)
            .arg("-c")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::null())
            .process_group(0)
            .status()
            .unwrap()
    };
    for shell in shells() {
        let dir = temp_dir();
        let marker = dir.running().join("sleeper");
        fs::write(&marker, "").unwrap();
        let name = marker.to_str().unwrap();
        let watchdog = [WATCHDOG, "watchdog", "50", name, "", "sleep", "1000"];
        let status = run_unheard(shell, &watchdog);
        assert_eq!(code(status), 128 + 15, "{shell}: the command was not ended");
        assert!(!marker.exists(), "{shell}");

        let folder = dir.path().join("folder");
        let janitor = [JANITOR, "janitor", folder.to_str().unwrap()];
        run_unheard(shell, &janitor);
        assert!(!folder.exists(), "{shell}: the folder was not removed");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    assert!(TempDir::new_in(Path::new("/proc/none"), "errand").is_err());
}
