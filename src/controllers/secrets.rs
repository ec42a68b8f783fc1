//! Secrets, read by name as raw data: by no client that logs what it cannot decode, into
//! no type that could be printed.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;
use serde::Deserialize;

use super::keys::NoKey;
use super::read::{NotRead, get_metadata, get_raw, url};
use crate::api::SecretRef;
use crate::cloud::{Key, SecretText};

/// The label of Secrets whose keys may be sent to hosts other than the vendors'.
pub const LABEL: &str = "errand.cloud/credentials";

/// The metadata that counts.
#[derive(Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
}

impl Metadata {
    fn is_labelled(&self) -> bool {
        let labels = self.labels.as_ref();
        labels.is_some_and(|labels| labels.get(LABEL).is_some_and(|value| value == "true"))
    }
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    data: Option<BTreeMap<String, ByteString>>,
}

/// The key in that Secret. Where a label is needed, the data of a Secret without it is
/// not even asked for.
pub(super) async fn key(
    client: &Client,
    namespace: &str,
    secret: &SecretRef,
    needs_label: bool,
) -> Result<Key, NoKey> {
    // Nothing has another name.
    let url = url::<Secret>(Some(namespace), &secret.name).map_err(|_| NoKey::NotFound)?;
    if needs_label {
        let found: Part = parsed(get_metadata(client, &url).await)?;
        if !found.metadata.is_labelled() {
            return Err(NoKey::NotLabelled);
        }
    }
    let found: Whole = parsed(get_raw(client, &url).await)?;
    // It may have lost the label meanwhile.
    if needs_label && !found.metadata.is_labelled() {
        return Err(NoKey::NotLabelled);
    }
    key_of(namespace, &found.data.unwrap_or_default(), secret).map_err(NoKey::Malformed)
}

/// Not even a parser's error: nothing of a Secret is told.
fn parsed<T: for<'a> Deserialize<'a>>(
    answer: Result<Option<Vec<u8>>, NotRead>,
) -> Result<T, NoKey> {
    match answer {
        Ok(Some(raw)) => serde_json::from_slice(&raw).map_err(|_| NoKey::Unreadable),
        Ok(None) => Err(NoKey::NotFound),
        Err(e) if e.code() == Some(403) => Err(NoKey::Forbidden),
        Err(_) => Err(NoKey::Unreadable),
    }
}

fn key_of(
    namespace: &str,
    data: &BTreeMap<String, ByteString>,
    secret: &SecretRef,
) -> Result<Key, String> {
    let names = secret.keys.clone().unwrap_or_default();
    let text = |name: &str| -> Result<Option<SecretText>, String> {
        let Some(ByteString(bytes)) = data.get(name) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes).map_err(|_| format!("key {name} is not text"))?;
        // A trailing line break is the commonest mistake with `--from-file`.
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(format!(
                "key {name} is empty or holds blanks or other characters that a key cannot have"
            ));
        }
        Ok(Some(SecretText::new(text)))
    };
    let needed = |name: &str| text(name)?.ok_or_else(|| format!("it has no key {name}"));
    Ok(Key {
        namespace: namespace.to_owned(),
        id: needed(names.access_key.as_deref().unwrap_or("accessKey"))?,
        secret: needed(names.secret_key.as_deref().unwrap_or("secretKey"))?,
        token: text(names.security_token.as_deref().unwrap_or("securityToken"))?,
        trial: None,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json};

    use super::super::fake_api;
    use super::*;

    fn named(name: &str) -> SecretRef {
        SecretRef {
            name: name.to_owned(),
            keys: None,
        }
    }

    #[test]
    fn a_key_with_a_trailing_line_break_is_used_without_it() {
        let data = |id: &str| {
            BTreeMap::from([
                ("accessKey".to_owned(), ByteString(id.as_bytes().to_vec())),
                ("secretKey".to_owned(), ByteString(b"secret".to_vec())),
            ])
        };
        let key = |data| key_of("ns", &data, &named("s"));
        assert_eq!(key(data("id\n")).unwrap().id.reveal(), "id");
        assert!(key(data("i d")).is_err());
        assert!(key(BTreeMap::new()).is_err());
    }

    /// What comes of a Secret with those labels, and how often it was asked for.
    fn read(labels: &Value, needs_label: bool) -> (Result<Key, NoKey>, usize) {
        let asked = Arc::new(Mutex::new(0));
        let (count, labels) = (asked.clone(), labels.clone());
        let read = fake_api::block_on(async move {
            let client = fake_api::client(move |_| {
                *count.lock().unwrap() += 1;
                // "id" and "secret" in base64; a time that no typed client reads.
                let metadata = json!({
                    "name": "s", "labels": labels,
                    "managedFields": [{"time": "9999-12-31T23:59:59Z"}],
                });
                let data = json!({"accessKey": "aWQ=", "secretKey": "c2VjcmV0"});
                (200, json!({"metadata": metadata, "data": data}))
            });
            key(&client, "ns", &named("s"), needs_label).await
        });
        let asked = *asked.lock().unwrap();
        (read, asked)
    }

    #[test]
    fn a_secret_is_read_whatever_stands_in_its_metadata() {
        assert!(read(&json!({}), false).0.is_ok());
        assert!(read(&Value::Null, false).0.is_ok());
    }

    #[test]
    fn where_a_label_is_needed_the_data_of_a_secret_without_it_is_not_read() {
        for labels in [
            json!({}),
            Value::Null,
            json!({LABEL: "false"}),
            json!({"errand.cloud/Credentials": "true"}),
        ] {
            let (key, asked) = read(&labels, true);
            assert_eq!(key, Err(NoKey::NotLabelled), "{labels}");
            assert_eq!(asked, 1, "{labels}: its metadata alone");
        }
        let (key, asked) = read(&json!({LABEL: "true"}), true);
        assert!(key.is_ok());
        assert_eq!(asked, 2);
    }

    #[test]
    fn a_name_that_is_a_path_names_no_secret() {
        fake_api::block_on(async {
            let client = fake_api::client(|_| (200, json!({})));
            for name in ["..", "a/b", "a%2fb", ""] {
                let read = key(&client, "ns", &named(name), false).await;
                assert_eq!(read, Err(NoKey::NotFound), "{name}");
            }
        });
    }
}
