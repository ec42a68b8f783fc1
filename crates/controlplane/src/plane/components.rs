//! How each component is started: its flags, and nothing else.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::identity::Identity;

/// Collects garbage a quarter as often as Go does by itself: a control plane of tests
/// lives for minutes, and they wait for its two cores rather than for memory.
const LESS_GARBAGE_COLLECTION: (&str, &str) = ("GOGC", "400");

/// Every request once, when it has been answered, without bodies.
pub(super) const AUDIT_POLICY: &str = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
";

/// The files of the audit log.
pub(super) struct Audit<'a> {
    pub(super) policy: &'a Path,
    pub(super) log: &'a Path,
}

pub(super) fn etcd(program: &Path, dir: &Path, port: u16) -> Command {
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(program);
    // etcd reads a variable for every flag, and refuses to start if both are
    // given and differ.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ETCD_") {
            command.env_remove(name);
        }
    }
    let (name, value) = LESS_GARBAGE_COLLECTION;
    command
        .env(name, value)
        .arg(flag("data-dir", dir.join("etcd")))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        // There are no peers; the port is whatever is free.
        .arg("--listen-peer-urls=http://127.0.0.1:0")
        // The data is thrown away, and fsync is most of a write's time.
        .arg("--unsafe-no-fsync")
        // A bench with 100,000 objects and their history needs more than 2 GiB.
        .arg("--quota-backend-bytes=8589934592")
        .arg("--log-level=warn");
    command
}

pub(super) fn kube_apiserver(
    program: &Path,
    identity: &Identity,
    audit: Option<Audit<'_>>,
    etcd_port: u16,
    port: u16,
) -> Command {
    let mut command = Command::new(program);
    let (name, value) = LESS_GARBAGE_COLLECTION;
    command
        .env(name, value)
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd_port}"))
        .arg("--bind-address=127.0.0.1")
        .arg("--advertise-address=127.0.0.1")
        .arg(format!("--secure-port={port}"))
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        // Endpoints must not be loopback addresses: it would only log errors.
        .arg("--endpoint-reconciler-type=none")
        .arg("--authorization-mode=RBAC")
        .arg(flag("token-auth-file", &identity.tokens))
        .arg(flag("tls-cert-file", &identity.serving_certificate))
        .arg(flag("tls-private-key-file", &identity.serving_key))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(flag(
            "service-account-signing-key-file",
            &identity.service_account_key,
        ))
        .arg(flag(
            "service-account-key-file",
            &identity.service_account_public_key,
        ));
    if let Some(audit) = audit {
        command
            .arg(flag("audit-policy-file", audit.policy))
            .arg(flag("audit-log-path", audit.log))
            // Readers count lines right after a request; none may be late, and
            // none may have moved to another file.
            .arg("--audit-log-mode=blocking")
            .arg("--audit-log-maxsize=0");
    }
    command
}

pub(super) fn kube_controller_manager(
    program: &Path,
    identity: &Identity,
    kubeconfig: &Path,
) -> Command {
    let mut command = Command::new(program);
    command
        .arg(flag("kubeconfig", kubeconfig))
        .arg(flag(
            "service-account-private-key-file",
            &identity.service_account_key,
        ))
        .arg(flag("root-ca-file", &identity.ca_file))
        .arg("--leader-elect=false")
        // It serves nothing that we read.
        .arg("--secure-port=0");
    command
}

pub(super) fn kube_scheduler(program: &Path, kubeconfig: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(flag("kubeconfig", kubeconfig))
        .arg("--leader-elect=false")
        .arg("--secure-port=0");
    command
}

/// Pods get loopback addresses that no other control plane of this machine gives to
/// its own, because its API server has another port: what runs in a pod can listen there
/// on any port.
pub(super) fn kwok(program: &Path, stages: &Path, kubeconfig: &Path, port: u16) -> Command {
    let [high, low] = port.to_be_bytes();
    let mut command = Command::new(program);
    command
        .arg(flag("kubeconfig", kubeconfig))
        // Also instead of one in somebody's home.
        .arg(flag("config", stages))
        .arg("--manage-all-nodes")
        .arg(format!("--cidr=127.{high}.{low}.0/24"))
        .arg("--node-lease-duration-seconds=40");
    command
}

/// How kwok plays.
pub(super) const STAGES: &str = include_str!("stages.yaml");

/// The node that kwok plays.
pub(super) const NODE: &str = r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "played", "labels": {"kubernetes.io/hostname": "played"}}}"#;

/// `--name=value` for a path, which need not be UTF-8.
fn flag(name: &str, value: impl AsRef<Path>) -> OsString {
    let mut flag = OsString::from(format!("--{name}="));
    flag.push(value.as_ref());
    flag
}
