//! The labels and annotations that Errand reads. The watches keep no others, so a key
//! that is missing here is never found on an object.

/// Asks for a fresh observation of the cloud, whatever the object waits for.
pub(super) const REQUESTED_AT: &str = "errand.cloud/reconcile-requested-at";

/// Labels that tools put on what they restore from a backup.
pub(super) const RESTORED: [&str; 2] = ["velero.io/restore-name", "velero.io/backup-name"];

/// Annotations and labels by which a tool knows what it manages.
pub(super) const TRACKED_BY: [(&str, &[&str]); 3] = [
    (
        "Argo CD",
        &[
            "argocd.argoproj.io/tracking-id",
            "argocd.argoproj.io/instance",
            "app.kubernetes.io/instance",
        ],
    ),
    (
        "Flux",
        &[
            "kustomize.toolkit.fluxcd.io/name",
            "helm.toolkit.fluxcd.io/name",
        ],
    ),
    ("Helm", &["meta.helm.sh/release-name"]),
];

/// Whether Errand reads this label or annotation.
pub(super) fn is_read(key: &str) -> bool {
    let mut tracked = TRACKED_BY.iter().flat_map(|(_, keys)| keys.iter());
    key == REQUESTED_AT || RESTORED.contains(&key) || tracked.any(|known| *known == key)
}
