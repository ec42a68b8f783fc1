//! The labels and annotations that Errand reads. The watches keep no others, so a key
//! that is missing here is never found on an object.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::unreadable::cut;
use crate::api::REQUESTED_AT;

/// Bytes of a label or annotation that are kept. A label has 63 at most.
pub(super) const KEPT_VALUE: usize = 253;

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

/// Of labels or annotations those that Errand reads, shortened.
pub(super) fn read<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let all = Option::<BTreeMap<String, Value>>::deserialize(from)?;
    let read = all.into_iter().flatten().filter(|(key, _)| is_read(key));
    let text = |value: Value| match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(shortened(&text)),
        _ => Err(D::Error::custom("invalid type: not a string")),
    };
    read.map(|(key, value)| Ok((key, text(value)?))).collect()
}

/// A long value with a hash at its end, so that another one is told from it.
fn shortened(text: &str) -> String {
    if text.len() <= KEPT_VALUE {
        return cut(text, KEPT_VALUE);
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let hash = format!("-{:016x}", hasher.finish());
    cut(text, KEPT_VALUE - hash.len()) + &hash
}
