//! The command line on a terminal and without one: what people read is broken at
//! the terminal's width, what programs read is not, and nobody is asked anything.

use std::process::{Command, Stdio};

use crate::command::{errand, errand_command, on_terminal, said};
use crate::support::{bed, ending, held};

/// Lines of plain text: no colour, no cursor that moves.
fn assert_plain(text: &str) {
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(control), "{text:?}");
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn why_is_broken_at_the_width_of_a_terminal_and_not_in_a_pipe() {
    let mut bed = bed("tty-why");
    held(&mut bed);
    let arguments = ["why", "rsc/stop"];
    let piped = errand(&bed, &arguments);
    assert_plain(&piped.out);
    assert!(piped.out.lines().any(|line| line.len() > 120));
    for columns in [60, 80, 132] {
        let shown = on_terminal(errand_command(&bed, &arguments), columns);
        assert_eq!(shown.code, 0, "{}", shown.out);
        assert_plain(&shown.out);
        assert_eq!(words(&shown.out), words(&piped.out));
        for line in shown.out.lines() {
            let command = line.trim_start().starts_with("errand resolve ");
            let breaks = line.trim().contains(' ');
            assert!(
                command || !breaks || line.len() <= usize::from(columns),
                "{columns}: {line}"
            );
        }
    }
    // Too narrow for the labels, or a terminal that does not know its width: as
    // in a pipe, or as for 80 columns, but never an error.
    for columns in [0, 1, 20] {
        let shown = on_terminal(errand_command(&bed, &arguments), columns);
        assert_eq!(shown.code, 0, "{}", shown.out);
        assert_eq!(words(&shown.out), words(&piped.out));
    }
}

#[test]
fn wait_says_the_same_lines_on_a_terminal_and_in_a_pipe() {
    let mut bed = bed("tty-wait");
    held(&mut bed);
    let arguments = ["wait", "rsc/stop", "--timeout", "60s"];
    let piped = errand(&bed, &arguments);
    assert_eq!((piped.code, piped.out.as_str()), (2, ""));
    assert_plain(&piped.err);
    assert!(
        piped.err.starts_with("Held (ProofTimeout): "),
        "{}",
        piped.err
    );
    let shown = on_terminal(errand_command(&bed, &arguments), 80);
    assert_eq!(shown.code, 2);
    assert_eq!(shown.out, piped.err);
}

#[test]
fn wait_tells_each_change_on_a_line_of_its_own_and_none_twice() {
    let mut bed = bed("tty-progress");
    bed.seed_pending_change("dcs-1", "task-1", 48 * 3600);
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    let mut command = errand_command(&bed, &["wait", "rsc/stop", "--timeout", "60s"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let waiting = command.spawn().expect("errand can be started");
    bed.start_operator();
    let wait = said(waiting.wait_with_output().expect("it ends"));
    assert_eq!((wait.code, wait.out.as_str()), (0, ""));
    assert_plain(&wait.err);
    let lines: Vec<&str> = wait.err.lines().collect();
    let standing = |line: &&str| line.split(": ").next().map(str::to_owned);
    let told: Vec<_> = lines.iter().filter_map(standing).collect();
    let mut once = told.clone();
    once.dedup();
    assert_eq!(told, once, "{}", wait.err);
    assert_eq!(
        told.last().map(String::as_str),
        Some("Succeeded (Cancelled)")
    );
}

#[test]
fn resolve_on_a_terminal_asks_nothing_and_answers() {
    let mut bed = bed("tty-resolve");
    held(&mut bed);
    let arguments = ["resolve", "rsc/stop", "--decision", "GiveUp"];
    let shown = on_terminal(errand_command(&bed, &arguments), 80);
    assert_eq!(shown.code, 0, "{}", shown.out);
    assert_plain(&shown.out);
    assert!(shown.out.contains("decision: GiveUp"), "{}", shown.out);
    bed.wait_until("it has ended", || {
        ending(&bed.get("rsc", "stop")).outcome == "GivenUp"
    });
    // The same in a pipe, to the next question or to none.
    let piped = errand(&bed, &arguments);
    assert_eq!((piped.code, piped.out.as_str()), (1, ""));
    assert_plain(&piped.err);
}

#[test]
fn no_color_and_dumb_terminals_and_pipes_get_no_control_codes() {
    let errand = errand_alone;
    let coloured = on_terminal(errand(&["--help"]), 80);
    assert!(
        coloured.out.contains('\u{1b}'),
        "on a terminal the help's headings stand out: {}",
        coloured.out
    );
    for arguments in [
        &["--help"][..],
        &["wait", "--help"],
        &["wait"],
        &["nothing"],
    ] {
        for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let mut command = errand(arguments);
            command.env(name, value);
            assert_plain(&on_terminal(command, 80).out);
        }
        let piped = said(errand(arguments).output().expect("errand can be started"));
        assert_plain(&piped.out);
        assert_plain(&piped.err);
    }
}

#[test]
fn a_dumb_terminal_gets_no_control_codes_whatever_else_asks_for_colours() {
    for arguments in [&["--help"][..], &["wait"], &["nothing"]] {
        for (name, value) in [("CI", "true"), ("CLICOLOR", "1")] {
            let mut command = errand_alone(arguments);
            command.env("TERM", "dumb").env(name, value);
            assert_plain(&on_terminal(command, 80).out);
        }
    }
}

#[test]
fn the_help_of_each_subcommand_fits_a_terminal_and_shows_how_it_is_used() {
    let help = |arguments: &[&str]| {
        let mut command = errand_alone(arguments);
        command.env("NO_COLOR", "1");
        on_terminal(command, 80).out
    };
    let all = help(&["--help"]);
    for (subcommand, shows) in [
        ("why", "errand why rsc/"),
        ("wait", "errand wait rsc/"),
        ("resolve", "errand resolve rsc/"),
        ("run", "--watch-namespace"),
        ("crds", "kubectl apply"),
        ("rbac", "kubectl apply"),
        ("reference", "--dir"),
    ] {
        let listed = |line: &str| line.trim_start().starts_with(subcommand);
        assert!(all.lines().any(listed), "{subcommand}:\n{all}");
        let said = help(&[subcommand, "--help"]);
        assert!(said.contains(shows), "{subcommand}:\n{said}");
        for line in said.lines() {
            assert!(line.len() <= 80, "{subcommand}: {line}");
        }
    }
    let resolve = help(&["resolve", "--help"]);
    for decision in ["SendAgain", "LookAgain", "AssumeDone", "GiveUp"] {
        assert!(resolve.contains(&format!("  {decision} ")), "{resolve}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let bed = bed("tty-closed");
    bed.apply(&bed.cancellation("stop", "dcs-1", "task-1", ""));
    for (arguments, code) in [
        (&["why", "rsc/stop"][..], 0),
        (&["wait", "rsc/stop", "--timeout", "0s"], 4),
        (&["why", "rsc/none"], 1),
        (&["crds"], 0),
        (&["rbac"], 0),
        (&["--help"], 0),
    ] {
        let mut command = match arguments.len() {
            1 => errand_alone(arguments),
            _ => errand_command(&bed, arguments),
        };
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        command.stdout(writer.try_clone().expect("the same pipe"));
        command.stderr(writer);
        let status = command.status().expect("errand can be started");
        assert_eq!(status.code(), Some(code), "{arguments:?}");
    }
}

/// errand without a cluster, on a terminal that shows colours, whatever the one
/// is that runs the tests.
fn errand_alone(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_errand"));
    command.args(arguments);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
        command.env_remove(variable);
    }
    command.env("TERM", "xterm-256color");
    command
}
