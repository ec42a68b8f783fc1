//! The Go modules that programs are built from.

use std::hash::{DefaultHasher, Hash, Hasher};

/// A go.mod, its go.sum, and a program of our own if there is one.
pub(super) struct Module {
    /// What is built, in words.
    pub(super) what: &'static str,
    /// Where in the cache its programs are.
    folder: &'static str,
    /// The module whose version names the cache folder.
    main: &'static str,
    /// Further variables of version that the linker sets.
    linked: fn(&Module) -> String,
    go_mod: &'static str,
    go_sum: &'static str,
    main_go: Option<&'static str>,
}

/// A module in a folder of `tools`.
macro_rules! tool {
    ($dir:literal, $what:literal, $main:literal, $main_go:expr) => {
        Module {
            what: $what,
            folder: concat!("tools/", $dir),
            main: $main,
            linked: nothing,
            go_mod: include_str!(concat!("../../tools/", $dir, "/go.mod")),
            go_sum: include_str!(concat!("../../tools/", $dir, "/go.sum")),
            main_go: $main_go,
        }
    };
}

pub(super) static CONTROL_PLANE: Module = Module {
    what: "the control plane",
    folder: "controlplane",
    main: "k8s.io/kubernetes",
    linked: kubernetes_version,
    go_mod: include_str!("../../go/go.mod"),
    go_sum: include_str!("../../go/go.sum"),
    main_go: None,
};

pub(super) static OLDEST: Module = Module {
    what: "the oldest API server",
    folder: "oldest",
    main: "k8s.io/kubernetes",
    linked: kubernetes_version,
    go_mod: include_str!("../../oldest/go.mod"),
    go_sum: include_str!("../../oldest/go.sum"),
    main_go: None,
};

pub(super) static HELM: Module = tool!("helm", "helm", "helm.sh/helm/v4", None);

pub(super) static KWOK: Module = tool!("kwok", "kwok", "sigs.k8s.io/kwok", None);

pub(super) static KUBECONFORM: Module = tool!(
    "kubeconform",
    "kubeconform",
    "github.com/yannh/kubeconform",
    None
);

pub(super) static KSTATUS: Module = tool!(
    "kstatus",
    "a program around kstatus",
    "github.com/fluxcd/cli-utils",
    Some(include_str!("../../tools/kstatus/main.go"))
);

pub(super) static ARGOCD: Module = tool!(
    "argocd",
    "a program around Argo CD's health evaluator",
    "github.com/argoproj/argo-cd/v2",
    Some(include_str!("../../tools/argocd/main.go"))
);

pub(super) static CRDS: Module = tool!(
    "crds",
    "a file of other projects' definitions",
    "github.com/argoproj/argo-cd/v2",
    Some(include_str!("../../tools/crds/main.go"))
);

impl Module {
    /// The version of the module that matters most here, as in "v1.36.3".
    pub(super) fn version(&self) -> &'static str {
        self.version_of(self.main)
    }

    pub(super) fn version_of(&self, module: &str) -> &'static str {
        self.go_mod
            .lines()
            .map(|line| line.trim().trim_start_matches("require "))
            .filter_map(|line| line.strip_prefix(module))
            .find_map(|rest| rest.strip_prefix(' '))
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap_or("unknown")
    }

    /// The least Go version that will do, as in "1.26.0".
    pub(super) fn go_version_needed(&self) -> &'static str {
        self.go_mod
            .lines()
            .find_map(|line| line.strip_prefix("go "))
            .unwrap_or("of a current version")
    }

    /// The files of the module.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let main_go = self.main_go.map(|text| ("main.go", text));
        [("go.mod", self.go_mod), ("go.sum", self.go_sum)]
            .into_iter()
            .chain(main_go)
    }

    /// The flags of `go build`, which are part of the cache key.
    pub(super) fn flags(&self) -> Vec<String> {
        vec![
            "-trimpath".to_owned(),
            "-mod=readonly".to_owned(),
            "-ldflags".to_owned(),
            format!("-s -w{}", (self.linked)(self)),
        ]
    }

    /// The folder in the cache for what this Go makes of it.
    pub(super) fn folder(&self, go_version: &str) -> String {
        let files: Vec<_> = self.files().map(|(_, text)| text).collect();
        let key = cache_key(&files, go_version, &self.flags());
        format!("{}/{}-{key}", self.folder, self.version())
    }
}

/// The hash is std's: it may change with Rust, which costs a build and nothing else.
pub(super) fn cache_key(files: &[&str], go_version: &str, flags: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    files.iter().for_each(|file| file.hash(&mut hasher));
    (go_version, flags).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Without these the API server would report version 0.0.0, and kubectl and clients
/// decide by it what they may use.
fn kubernetes_version(module: &Module) -> String {
    let version = module.version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().unwrap_or_default();
    let (major, minor) = (number(), number());
    let set = "-X k8s.io/component-base/version.git";
    format!(" {set}Version={version} {set}Major={major} {set}Minor={minor}")
}

fn nothing(_: &Module) -> String {
    String::new()
}
