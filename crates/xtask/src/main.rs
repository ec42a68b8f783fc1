//! `cargo xtask`: what takes more than one cargo command.
//!
//! Depends on nothing but std, so that `cargo demo` says its plan within a
//! second or two on a machine where nothing has been built yet. The work is
//! done by the programs that it builds and starts.

mod chart;
mod child;
mod demo;
mod generate;
mod integrations;
mod tools;

use std::process::ExitCode;

const HELP: &str = "\
cargo demo [--keep]
    The same as `cargo xtask demo`.

cargo xtask demo [--keep] [-- ARGUMENT ...]
    Build what is missing, then show one operation on a real API server and a
    simulated cloud, and check what was shown. --keep leaves it running until
    Enter or Ctrl-C; further arguments go to errand-demo.

cargo xtask generate [--check [--built]]
    Write crds/, docs/reference/, deploy/rbac.yaml and files of the chart from the
    operator's code; from the chart its README's table, deploy/kustomize/,
    deploy/crds.yaml and deploy/operator.yaml; and the copies of the health scripts in integrations/argocd/.
    --check writes nothing, and fails with the names of the files that are not up to date;
    with --built it asks the operator that `cargo test` has built.";

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["demo", rest @ ..] => demo_arguments(rest).and_then(|rest| demo::run(&rest)),
        ["generate"] => generate::build().and_then(|()| generate::write()),
        ["generate", "--check"] => generate::build().and_then(|()| generate::check()),
        ["generate", "--check", "--built"] => generate::check(),
        ["-h" | "--help" | "help"] => {
            println!("{HELP}");
            Ok(())
        }
        _ => Err(HELP.to_owned()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is passed on to errand-demo.
fn demo_arguments(words: &[&str]) -> Result<Vec<String>, String> {
    let (ours, theirs) = match words.iter().position(|word| *word == "--") {
        Some(at) => (&words[..at], &words[at + 1..]),
        None => (words, &[][..]),
    };
    match ours {
        [] => Ok(theirs.iter().map(ToString::to_string).collect()),
        ["--keep"] => Ok(["--keep"]
            .iter()
            .chain(theirs)
            .map(ToString::to_string)
            .collect()),
        _ => Err(HELP.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keep_and_what_follows_two_dashes_is_passed_on() {
        assert_eq!(demo_arguments(&[]).unwrap(), Vec::<String>::new());
        assert_eq!(demo_arguments(&["--keep"]).unwrap(), ["--keep"]);
        assert_eq!(
            demo_arguments(&["--keep", "--", "--operator", "x"]).unwrap(),
            ["--keep", "--operator", "x"]
        );
        assert!(demo_arguments(&["--kep"]).is_err());
    }
}
