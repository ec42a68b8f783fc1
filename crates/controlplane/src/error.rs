//! What can go wrong, told so that the reader knows what to do next.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no control plane.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Something has to be built, and there is no Go to build it with.
    GoMissing {
        /// The least version that will do, from go.mod.
        needs: &'static str,
        /// The Kubernetes version that was to be built.
        kubernetes: &'static str,
    },
    /// Neither XDG_CACHE_HOME nor HOME says where to keep what is built.
    NoCacheFolder,
    /// KUBEBUILDER_ASSETS points to a folder that lacks a program.
    AssetsIncomplete {
        /// The folder it points to.
        dir: PathBuf,
        /// The program that is not in there.
        missing: &'static str,
    },
    /// `go build` failed.
    BuildFailed {
        /// The program that was being built.
        program: &'static str,
        /// The last lines that Go said.
        log: String,
    },
    /// A component ended by itself.
    Exited {
        /// The program that ended.
        program: &'static str,
        /// Its exit code as a shell gives it: 128 + n after signal n.
        code: i32,
        /// The last lines of its log.
        log: String,
    },
    /// The API server did not become ready in time.
    NotReady {
        /// How long we waited.
        waited: Duration,
        /// What the last try said.
        last: String,
        /// The last lines of its log.
        log: String,
    },
    /// A key or certificate could not be made.
    Certificate(String),
    /// A file or process could not be handled.
    Io {
        /// What was being done.
        doing: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: says what was being done when the system refused.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoMissing { needs, kubernetes } => write!(
                f,
                "Go is missing: the control plane (Kubernetes {kubernetes}) is built from Go \
                 modules, and there is no `go` on PATH. Install Go {needs} or newer, or point \
                 KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl."
            ),
            Self::NoCacheFolder => write!(
                f,
                "no folder to keep the built control plane in: set HOME or XDG_CACHE_HOME, or \
                 point KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kubectl."
            ),
            Self::AssetsIncomplete { dir, missing } => write!(
                f,
                "KUBEBUILDER_ASSETS is {}, where there is no {missing}. Unset it to build the \
                 control plane from Go modules instead.",
                dir.display()
            ),
            Self::BuildFailed { program, log } => {
                write!(f, "building {program} failed; Go said last:\n{log}")
            }
            Self::Exited { program, code, log } => {
                write!(
                    f,
                    "{program} ended by itself with code {code}; its log ends:\n{log}"
                )
            }
            Self::NotReady { waited, last, log } => write!(
                f,
                "kube-apiserver was not ready after {} s; last try: {last}\nits log ends:\n{log}",
                waited.as_secs()
            ),
            Self::Certificate(why) => write!(f, "making keys and certificates: {why}"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
