//! Where things are: cargo, the programs it builds, Go, the control plane.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const GO_MOD: &str = include_str!("../../controlplane/go/go.mod");

const PROGRAMS: [&str; 3] = ["etcd", "kube-apiserver", "kubectl"];

/// The packages of the operator and of errand-demo. Always built together: cargo
/// chooses the features of shared dependencies for all that it builds at once,
/// and one package alone would have them built a second time.
pub const OPERATOR_AND_DEMO: [&str; 2] = ["errand", "errand-testbed"];

/// The root of the repository.
pub fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap_or(root)
}

/// The program of that name that cargo puts beside us.
pub fn built(name: &str) -> Result<PathBuf, String> {
    let exe = env::current_exe().map_err(|e| format!("where am I? {e}"))?;
    Ok(exe.with_file_name(name))
}

/// `cargo build` of these packages, with lines instead of a bar that another
/// build's lines would tear.
pub fn cargo_build(packages: &[&str]) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .arg("build")
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"))
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    for package in packages {
        cargo.args(["--package", package]);
        // The demo moves the operator's clock.
        if *package == "errand" {
            // Not errand/test-clock: that is the feature of its dev-dependency on itself.
            cargo.args(["--features", "test-clock"]);
        }
    }
    // `cargo run` describes this package to us. Some build scripts look at
    // these variables and would run again each time.
    for (name, _) in env::vars_os() {
        let describes_us = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if describes_us {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// How the programs of the control plane will be had.
pub enum ControlPlane {
    /// KUBEBUILDER_ASSETS names a folder.
    Given(PathBuf),
    /// An earlier run has built them. Only likely to be the right build: its
    /// folder's name also tells the Go version, which `errand-controlplane`
    /// knows how to compare.
    Cached(PathBuf),
    /// They have to be built.
    Missing,
}

/// Looks for the control plane, without starting anything.
pub fn control_plane() -> ControlPlane {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(dir) = set("KUBEBUILDER_ASSETS") {
        return ControlPlane::Given(dir.into());
    }
    let cache = match (set("XDG_CACHE_HOME").map(PathBuf::from), set("HOME")) {
        (Some(cache), _) if cache.is_absolute() => cache,
        (_, Some(home)) => Path::new(&home).join(".cache"),
        (_, None) => return ControlPlane::Missing,
    };
    let prefix = format!("{}-", kubernetes_version());
    let folders = fs::read_dir(cache.join("errand/controlplane"));
    folders
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&prefix) && PROGRAMS.iter().all(|name| path.join(name).is_file())
        })
        .max()
        .map_or(ControlPlane::Missing, ControlPlane::Cached)
}

/// What `go version` says, if there is Go.
pub fn go() -> Option<String> {
    let output = Command::new("go")
        .arg("version")
        // A go.mod around us might ask for another one.
        .current_dir(env::temp_dir())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The Kubernetes version that is built.
pub fn kubernetes_version() -> &'static str {
    after("k8s.io/kubernetes ")
}

/// The least Go version that will do.
pub fn go_version_needed() -> &'static str {
    after("go ")
}

fn after(prefix: &str) -> &'static str {
    GO_MOD
        .lines()
        .find_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix(prefix)
        })
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("(see go.mod)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_versions_are_read_from_go_mod() {
        assert!(kubernetes_version().starts_with("v1."));
        assert!(go_version_needed().starts_with("1."));
    }
}
