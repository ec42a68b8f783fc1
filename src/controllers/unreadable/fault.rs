//! What is wrong with an object that cannot be read, without any value of it.

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::controllers::marks::KEPT_VALUE;
use crate::controllers::shown::ObjectKey;
use crate::text;

/// Bytes of what an unreadable object says of itself.
const KEPT_WORDS: usize = 300;
/// Bytes of an object in which the field is searched that serde does not name.
const SEARCHED: usize = 8 * 1024;

/// An object that cannot be read. It holds no value of the object except its identity,
/// so that it can be logged and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::controllers) struct Unreadable {
    pub(in crate::controllers) namespace: Option<String>,
    pub(in crate::controllers) name: Option<String>,
    pub(in crate::controllers) uid: Option<String>,
    pub(in crate::controllers) resource_version: Option<String>,
    pub(in crate::controllers) generation: Option<i64>,
    /// The field that cannot be read, for instance `spec.instanceId`; `.` for the whole.
    pub(in crate::controllers) path: String,
    /// What is wrong with it.
    pub(in crate::controllers) error: String,
}

/// What metadata says of which object it is, as far as that can be read. The rest may be
/// nested to any depth.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    name: Value,
    namespace: Value,
    uid: Value,
    resource_version: Value,
    generation: Value,
}

impl Unreadable {
    /// Where the object is, if that much can be read.
    pub(in crate::controllers) fn place(&self) -> Option<ObjectKey> {
        let namespace = self.namespace.as_deref().unwrap_or_default();
        Some(ObjectKey::new(namespace, self.name.as_deref()?))
    }

    /// `metadata`: the object's, as JSON.
    pub(in crate::controllers) fn new(
        path: &str,
        error: &serde_json::Error,
        metadata: &str,
    ) -> Box<Self> {
        let of: Identity = serde_json::from_str(metadata).unwrap_or_default();
        let text = |value: Value| value.as_str().map(|text| cut(text, KEPT_VALUE));
        Box::new(Self {
            namespace: text(of.namespace),
            name: text(of.name),
            uid: text(of.uid),
            resource_version: text(of.resource_version),
            generation: of.generation.as_i64(),
            path: cut(path, KEPT_WORDS),
            error: words(error),
        })
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.error)
    }
}

/// serde loses the path below a flattened part of a spec. The member without which the
/// object can be read is then the one; where none is, the path stays.
pub(in crate::controllers) fn narrowed<R: DeserializeOwned>(
    object: &str,
    path: &serde_path_to_error::Path,
) -> String {
    let mut path = path.to_string();
    let small = object.len() <= SEARCHED;
    let Some(object) = small
        .then(|| serde_json::from_str::<Value>(object).ok())
        .flatten()
    else {
        return path;
    };
    // No spec is deeper than this.
    for _ in 0..4 {
        let pointer = format!("/{}", path.replace('.', "/"));
        let members = object.pointer(&pointer).and_then(Value::as_object);
        let found = members.into_iter().flatten().find(|(name, _)| {
            let mut without = object.clone();
            let members = without.pointer_mut(&pointer).and_then(Value::as_object_mut);
            members.is_some_and(|members| members.remove(*name).is_some())
                && R::deserialize(without).is_ok()
        });
        match found {
            Some((name, _)) => path = format!("{path}.{name}"),
            None => break,
        }
    }
    path
}

/// What serde says without the value that it quotes, which may be a secret.
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    let unquoted = |text: &str| {
        let end = text.find(['"', '`']).unwrap_or(text.len());
        text[..end].trim_end_matches([' ', ',']).to_owned()
    };
    match text.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let found = unquoted(found);
            cut(&format!("{found}, expected {expected}"), KEPT_WORDS)
        }
        None if text.starts_with("missing field ") => cut(text, KEPT_WORDS),
        None => cut(&unquoted(text), KEPT_WORDS),
    }
}

pub(in crate::controllers) fn cut(text: &str, bytes: usize) -> String {
    text::line(text, bytes)
}
