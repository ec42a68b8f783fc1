//! Finds the programs of the control plane and the ecosystem's tools, or builds
//! them once.
//!
//! Downloads of ready-made binaries need a host that many build machines may
//! not reach; a Go module proxy is usually allowed. So: the folder that
//! KUBEBUILDER_ASSETS names (the convention of controller-runtime's envtest),
//! else a build from `go/go.mod`, kept in the user's cache folder. Programs
//! are made one by one, on request, and each appears in the cache by a rename:
//! what is there is whole. `go/go.mod` is the one place that says a version. The tools
//! that judge what we hand out have a module each, in `tools`.

mod build;
mod modules;

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;
use modules::Module;

/// A program of the control plane, or a tool.
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
    /// Puts pods on nodes.
    KubeScheduler,
    /// Plays nodes and what runs on them.
    Kwok,
    /// The API server of the oldest version that the chart admits.
    OldestKubeApiserver,
    /// Lints, renders and installs the chart.
    Helm,
    /// Compares manifests with schemas.
    Kubeconform,
    /// Says what the kstatus library, and so Flux, makes of objects.
    Kstatus,
    /// Says what Argo CD makes of objects by our health scripts.
    ArgocdHealth,
    /// No program: the definitions of other projects' kinds that our manifests use.
    Crds,
}

/// What [`find_or_build`] is usually asked for.
pub const DEFAULT_PROGRAMS: [Program; 3] =
    [Program::Etcd, Program::KubeApiserver, Program::Kubectl];

impl Program {
    const ALL: [Self; 12] = [
        Self::Etcd,
        Self::KubeApiserver,
        Self::Kubectl,
        Self::KubeControllerManager,
        Self::KubeScheduler,
        Self::Kwok,
        Self::OldestKubeApiserver,
        Self::Helm,
        Self::Kubeconform,
        Self::Kstatus,
        Self::ArgocdHealth,
        Self::Crds,
    ];

    /// The one whose file has that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }

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
            Self::KubeScheduler => ("kube-scheduler", "k8s.io/kubernetes/cmd/kube-scheduler", 60),
            Self::Kwok => ("kwok", "sigs.k8s.io/kwok/cmd/kwok", 75),
            Self::OldestKubeApiserver => (
                "kube-apiserver-oldest",
                "k8s.io/kubernetes/cmd/kube-apiserver",
                200,
            ),
            Self::Helm => ("helm", "helm.sh/helm/v4/cmd/helm", 108),
            Self::Kubeconform => (
                "kubeconform",
                "github.com/yannh/kubeconform/cmd/kubeconform",
                3,
            ),
            Self::Kstatus => ("kstatus", ".", 9),
            Self::ArgocdHealth => ("argocd-health", ".", 89),
            Self::Crds => ("crds.yaml", ".", 1),
        }
    }

    fn module(self) -> &'static Module {
        match self {
            Self::Etcd
            | Self::KubeApiserver
            | Self::Kubectl
            | Self::KubeControllerManager
            | Self::KubeScheduler => &modules::CONTROL_PLANE,
            Self::OldestKubeApiserver => &modules::OLDEST,
            Self::Kwok => &modules::KWOK,
            Self::Helm => &modules::HELM,
            Self::Kubeconform => &modules::KUBECONFORM,
            Self::Kstatus => &modules::KSTATUS,
            Self::ArgocdHealth => &modules::ARGOCD,
            Self::Crds => &modules::CRDS,
        }
    }

    fn is_of_the_control_plane(self) -> bool {
        std::ptr::eq(self.module(), &modules::CONTROL_PLANE)
    }
}

/// Where the programs are: in the folder that KUBEBUILDER_ASSETS names, and in
/// those of the cache, one for each module.
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
    modules::CONTROL_PLANE.version_of("k8s.io/kubernetes")
}

/// The oldest one, as in "v1.32.13".
pub fn oldest_kubernetes_version() -> &'static str {
    modules::OLDEST.version()
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
        Ok(base.join("errand"))
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
        let wants_a_control_plane = programs.iter().any(|p| p.is_of_the_control_plane());
        if let Some(dir) = given.filter(|_| wants_a_control_plane) {
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
        let mut go = None;
        let mut places = Vec::new();
        for &program in programs {
            let path = given
                .filter(|_| program.is_of_the_control_plane())
                .map(|dir| dir.join(program.name()));
            let path = match path.filter(|path| path.is_file()) {
                Some(path) => path,
                None => {
                    // Lazily: with everything given, no Go is needed.
                    if go.is_none() {
                        go = Some(go_version()?);
                    }
                    let folder = program.module().folder(go.as_deref().unwrap_or_default());
                    environment
                        .cache_folder()?
                        .join(folder)
                        .join(program.name())
                }
            };
            places.push((program, path));
        }
        Ok(Self { programs: places })
    }

    fn path(&self, program: Program) -> Option<&Path> {
        self.programs
            .iter()
            .find(|(found, _)| *found == program)
            .map(|(_, path)| path.as_path())
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
            needs: modules::CONTROL_PLANE.go_version_needed(),
            kubernetes: kubernetes_version(),
        }),
        Err(source) => Err(Error::io("running `go version`")(source)),
    }
}

#[cfg(test)]
mod tests;
