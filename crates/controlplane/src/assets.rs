//! Finds the programs of the control plane, or builds them once.
//!
//! Downloads of ready-made binaries need a host that many build machines may
//! not reach; a Go module proxy is usually allowed. So: the folder that
//! KUBEBUILDER_ASSETS names (the convention of controller-runtime's envtest),
//! else a build from `go/go.mod`, kept in the user's cache folder. Programs
//! are made one by one, on request, and each appears in the cache by a rename:
//! what is there is whole. `go/go.mod` is the one place that says a version.

mod build;

use std::env;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

const GO_MOD: &str = include_str!("../go/go.mod");
const GO_SUM: &str = include_str!("../go/go.sum");

/// A program of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Program {
    /// The store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The client.
    Kubectl,
    /// Garbage collection, Deployments, service accounts. Never needed unless
    /// asked for.
    KubeControllerManager,
}

/// What [`find_or_build`] is usually asked for.
pub const DEFAULT_PROGRAMS: [Program; 3] =
    [Program::Etcd, Program::KubeApiserver, Program::Kubectl];

impl Program {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    fn package(self) -> &'static str {
        self.row().1
    }

    /// Cold, on two cores, with the modules already downloaded.
    fn build_seconds(self) -> u32 {
        self.row().2
    }

    fn row(self) -> (&'static str, &'static str, u32) {
        match self {
            Self::Etcd => ("etcd", "go.etcd.io/etcd/server/v3", 39),
            Self::KubeApiserver => (
                "kube-apiserver",
                "k8s.io/kubernetes/cmd/kube-apiserver",
                200,
            ),
            Self::Kubectl => ("kubectl", "k8s.io/kubernetes/cmd/kubectl", 19),
            Self::KubeControllerManager => (
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
                120,
            ),
        }
    }
}

/// Where the programs are. Two folders at most: the one that
/// KUBEBUILDER_ASSETS names, and the cache.
#[derive(Debug, Clone)]
pub struct Assets {
    found: Vec<(Program, PathBuf)>,
}

impl Assets {
    /// The folder with etcd and kube-apiserver.
    pub fn dir(&self) -> &Path {
        self.path(Program::KubeApiserver)
            .and_then(Path::parent)
            .unwrap_or(Path::new(""))
    }

    /// Where a program is, if it was asked for.
    pub fn path(&self, program: Program) -> Option<&Path> {
        self.found
            .iter()
            .find(|(found, _)| *found == program)
            .map(|(_, path)| path.as_path())
    }
}

/// How the programs are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// KUBEBUILDER_ASSETS names the folder.
    KubebuilderAssets,
    /// Built by an earlier run.
    Cache,
}

/// What [`find_or_build`] would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nothing has to be built.
    Found {
        /// The folder with etcd and kube-apiserver.
        dir: PathBuf,
        /// Whose folder it is.
        how: How,
    },
    /// A build comes first.
    MustBuild {
        /// What is to be built.
        programs: Vec<Program>,
        /// How long that takes on two cores, in minutes, rounded up. Modules
        /// that have to be downloaded come on top.
        about_minutes: u32,
    },
}

/// What [`find_or_build`] would do for the default programs, without building.
pub fn status() -> Result<Status, Error> {
    status_in(&Environment::of_process())
}

fn status_in(environment: &Environment) -> Result<Status, Error> {
    let places = Places::of(environment, &DEFAULT_PROGRAMS)?;
    let missing: Vec<_> = places.missing().collect();
    if missing.is_empty() {
        return Ok(Status::Found {
            dir: places.assets().dir().to_owned(),
            how: match environment.kubebuilder_assets {
                Some(_) => How::KubebuilderAssets,
                None => How::Cache,
            },
        });
    }
    let seconds: u32 = missing.iter().map(|program| program.build_seconds()).sum();
    Ok(Status::MustBuild {
        programs: missing,
        about_minutes: seconds.div_ceil(60),
    })
}

/// Finds these programs, or builds those that are missing; says on stderr what
/// it builds. Processes that need the same build wait for one of them.
pub fn find_or_build(programs: &[Program]) -> Result<Assets, Error> {
    let places = Places::of(&Environment::of_process(), programs)?;
    if places.missing().next().is_some() {
        build::build(&places)?;
    }
    Ok(places.assets())
}

/// The Kubernetes version that is built, as in "v1.36.3".
pub fn kubernetes_version() -> &'static str {
    version_of("k8s.io/kubernetes")
}

fn version_of(module: &str) -> &'static str {
    GO_MOD
        .lines()
        .filter_map(|line| line.trim().strip_prefix(module))
        .find_map(|rest| rest.strip_prefix(' '))
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("unknown")
}

/// The least Go version that will do, as in "1.26.0".
fn go_version_needed() -> &'static str {
    GO_MOD
        .lines()
        .find_map(|line| line.strip_prefix("go "))
        .unwrap_or("of a current version")
}

/// The variables that matter, taken apart so that tests need not set any.
#[derive(Debug, Default)]
struct Environment {
    kubebuilder_assets: Option<PathBuf>,
    cache_home: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl Environment {
    fn of_process() -> Self {
        let path = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            kubebuilder_assets: path("KUBEBUILDER_ASSETS"),
            // The XDG specification says to ignore relative ones.
            cache_home: path("XDG_CACHE_HOME").filter(|path| path.is_absolute()),
            home: path("HOME"),
        }
    }

    fn cache_folder(&self) -> Result<PathBuf, Error> {
        let base = match (&self.cache_home, &self.home) {
            (Some(cache), _) => cache.clone(),
            (None, Some(home)) => home.join(".cache"),
            (None, None) => return Err(Error::NoCacheFolder),
        };
        Ok(base.join("errand").join("controlplane"))
    }
}

/// Where each program is or, if it is not there, has to be built to.
#[derive(Debug)]
struct Places {
    programs: Vec<(Program, PathBuf)>,
}

impl Places {
    fn of(environment: &Environment, programs: &[Program]) -> Result<Self, Error> {
        let given = environment.kubebuilder_assets.as_deref();
        if let Some(dir) = given {
            // These two must fit each other, so they are not mixed with ours.
            for program in [Program::Etcd, Program::KubeApiserver] {
                if !dir.join(program.name()).is_file() {
                    return Err(Error::AssetsIncomplete {
                        dir: dir.to_owned(),
                        missing: program.name(),
                    });
                }
            }
        }
        let mut cache = None;
        let mut places = Vec::new();
        for &program in programs {
            let path = given.map(|dir| dir.join(program.name()));
            let path = match path.filter(|path| path.is_file()) {
                Some(path) => path,
                None => {
                    // Lazily: with everything given, no Go is needed.
                    if cache.is_none() {
                        let key = cache_key(GO_MOD, GO_SUM, &go_version()?, &build::flags());
                        cache = Some(environment.cache_folder()?.join(key));
                    }
                    cache.clone().unwrap_or_default().join(program.name())
                }
            };
            places.push((program, path));
        }
        Ok(Self { programs: places })
    }

    fn missing(&self) -> impl Iterator<Item = Program> {
        self.programs
            .iter()
            .filter(|(_, path)| !path.is_file())
            .map(|(program, _)| *program)
    }

    fn assets(&self) -> Assets {
        Assets {
            found: self.programs.clone(),
        }
    }
}

/// What `go version` says; it decides, with the sources, what is built.
fn go_version() -> Result<String, Error> {
    let output = Command::new("go")
        .arg("version")
        // A go.mod or go.work around us might ask for another toolchain.
        .current_dir(env::temp_dir())
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => Err(Error::BuildFailed {
            program: "anything (`go version`)",
            log: String::from_utf8_lossy(&output.stderr).into_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::GoMissing {
            needs: go_version_needed(),
            kubernetes: kubernetes_version(),
        }),
        Err(source) => Err(Error::io("running `go version`")(source)),
    }
}

/// Names the cache folder. The hash is std's: it may change with Rust, which
/// costs a build and nothing else.
fn cache_key(go_mod: &str, go_sum: &str, go_version: &str, flags: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    (go_mod, go_sum, go_version, flags).hash(&mut hasher);
    format!("{}-{:016x}", kubernetes_version(), hasher.finish())
}

#[cfg(test)]
mod tests;
