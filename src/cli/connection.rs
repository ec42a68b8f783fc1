//! `errand why cc/NAME`: the state of a CloudConnection.

use errand::api::ConnectionReason;
use kube::api::DynamicObject;
use serde_json::Value;

use super::Place;
use super::advice::Asker;
use super::view::{View, text};
use super::why::Page;

/// The page about this connection.
pub fn page(place: &Place, object: &DynamicObject, width: Option<usize>) -> String {
    let view = View::new(object);
    let mut page = Page::new(width);
    let kind = &place.named.type_.resource.kind;
    let (name, namespace) = (&place.named.name, &place.namespace);
    page.line("Object", &format!("{kind} {namespace}/{name}"));
    page.line("Ready", &standing(&view));
    page.gap();
    page.line("Cause", &cause(&view));
    page.advice(&asker(place, &view, object).of_connection());
    page.gap();
    page.line("Account", &view.text("/spec/accountId"));
    page.line("Cloud", &cloud(&view));
    page.line("Secret", &view.text("/spec/credentials/secretRef/name"));
    page.list("Endpoints", fields(view.at("/spec/endpoints")));
    page.list("Policy", fields(view.at("/spec/policy")));
    page.into_text()
}

/// Who gives the advice.
pub fn asker<'a>(place: &'a Place, view: &'a View<'a>, object: &'a DynamicObject) -> Asker<'a> {
    Asker {
        place,
        view,
        connection: Some(&object.data),
    }
}

/// `False (SecretNotFound)`.
fn standing(view: &View) -> String {
    let ready = match view.ready() {
        ready if ready.is_empty() => "Unknown".to_owned(),
        ready => ready,
    };
    match view.reason() {
        reason if reason.is_empty() => ready,
        reason => format!("{ready} ({reason})"),
    }
}

/// What Errand says about this very case.
pub fn cause(view: &View) -> String {
    let reason = view.reason();
    let meaning = || {
        let mut all = ConnectionReason::ALL.iter();
        let known = all.find(|known| known.word() == reason);
        known.map_or_else(String::new, |known| known.meaning().to_owned())
    };
    match view.message() {
        message if message.is_empty() => meaning(),
        message => message,
    }
}

/// `huawei, projectId: …, region: …`.
fn cloud(view: &View) -> String {
    let clouds = ["huawei", "volcengine", "tencent"];
    let given = clouds.into_iter().find_map(|cloud| {
        let part = view.at(&format!("/spec/{cloud}"));
        part.is_object()
            .then(|| [vec![cloud.to_owned()], fields(part)].concat())
    });
    given.unwrap_or_default().join(", ")
}

fn fields(part: &Value) -> Vec<String> {
    let fields = part.as_object().into_iter().flatten();
    fields
        .map(|(key, value)| format!("{}: {}", text(&key.as_str().into()), text(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::types::named;

    fn shown(status: Value) -> String {
        let place = Place {
            named: named("cc/prod"),
            namespace: "team".to_owned(),
            program: "errand",
            everywhere: false,
        };
        let mut object = DynamicObject::new("prod", &place.named.type_.resource);
        object.metadata.generation = Some(1);
        object.data = serde_json::json!({
            "spec": {
                "accountId": "domain-1",
                "huawei": {"region": "cn-north-4", "projectId": "p"},
                "credentials": {"secretRef": {"name": "key"}},
                "policy": {"suspend": true},
            },
            "status": status,
        });
        page(&place, &object, None)
    }

    #[test]
    fn each_reason_of_a_connection_is_explained_with_advice() {
        for reason in ConnectionReason::ALL {
            let page = shown(serde_json::json!({"observedGeneration": 1, "conditions": [{
                "type": "Ready", "status": "False", "reason": reason.word(),
            }]}));
            let standing = format!("Ready:      False ({})", reason.word());
            assert!(page.contains(&standing), "{page}");
            assert!(page.contains(reason.meaning()), "{page}");
            assert!(page.contains("\nNext:  "), "{page}");
            let fine = *reason == ConnectionReason::CredentialsAccepted;
            assert_eq!(page.contains("\nYou can:"), !fine, "{page}");
            for field in [
                "domain-1",
                "huawei, ",
                "region: cn-north-4",
                "key",
                "suspend: true",
            ] {
                assert!(page.contains(field), "{field}: {page}");
            }
        }
    }

    #[test]
    fn a_connection_that_was_not_looked_at_or_is_malformed_is_shown() {
        for status in [
            Value::Null,
            serde_json::json!({"conditions": 7}),
            serde_json::json!({"conditions": [{"type": "Ready", "status": "Unknown", "reason": "NotProbed"}]}),
        ] {
            let page = shown(status);
            assert!(page.contains("Ready:      Unknown"), "{page}");
            assert!(page.contains("get lease"), "{page}");
        }
    }
}
