//! Status as the API server takes it: every text of it is made visible, and no longer than
//! its schema allows; a number that its schema does not allow is left out. It is applied to each status that is written, so that no field of any
//! kind can be forgotten. What is read from a cloud is bounded where it is decoded; here
//! the limits of the fields themselves are kept.

use std::collections::HashMap;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::operations;
use crate::text;

/// The schema of the status of a kind, as this version installs it.
pub(super) fn schema(kind: &str) -> Option<&'static Value> {
    static SCHEMAS: OnceLock<HashMap<String, Value>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        let of_each = operations::crds().into_iter().filter_map(|crd| {
            let version = crd.spec.versions.into_iter().next()?;
            let schema = version.schema?.open_api_v3_schema?;
            let status = schema.properties?.remove("status")?;
            Some((crd.spec.names.kind, serde_json::to_value(status).ok()?))
        });
        of_each.collect()
    });
    schemas.get(kind)
}

/// That status, as the API server takes it. What is the same as `before`, which it took,
/// stays as it is.
pub(super) fn fitted<S>(kind: &str, status: S, before: Option<&S>) -> S
where
    S: Serialize + DeserializeOwned,
{
    let value = |status: &S| serde_json::to_value(status).unwrap_or_default();
    let mut new = value(&status);
    let fits = match schema(kind) {
        Some(schema) => fit(&mut new, before.map(value).as_ref(), schema),
        None => true,
    };
    match fits {
        true => status,
        false => serde_json::from_value(new).unwrap_or(status),
    }
}

/// False: something of it was changed.
fn fit(value: &mut Value, before: Option<&Value>, schema: &Value) -> bool {
    if before == Some(value) {
        return true;
    }
    match value {
        Value::String(text) => {
            let most = schema["maxLength"].as_u64();
            let most = most.and_then(|most| usize::try_from(most).ok());
            let most = most.unwrap_or(text::SENTENCE);
            // The schema counts characters, of which there are at most as many.
            let fits = text::is_visible(text) && text.len() <= most;
            // A word of a closed list, or a time: what is wrong with it cannot be cut off.
            let fixed = schema.get("enum").is_some() || schema.get("format").is_some();
            if !fits && !fixed {
                *text = text::line(text, most);
                return false;
            }
            true
        }
        Value::Array(items) => {
            let mut fits = true;
            for (at, item) in items.iter_mut().enumerate() {
                fits &= fit(
                    item,
                    before.and_then(|before| before.get(at)),
                    &schema["items"],
                );
            }
            fits
        }
        Value::Object(members) => {
            let mut fits = true;
            let odd = |name: &str, member: &Value| {
                let of = schema["properties"].get(name);
                of.is_some_and(|of| !is_number_of(member, of))
            };
            let before_of = |name: &str| before.and_then(|before| before.get(name));
            members.retain(|name, member| {
                let keep = before_of(name) == Some(member) || !odd(name, member);
                fits &= keep;
                keep
            });
            for (name, member) in members {
                let of = schema["properties"].get(name);
                let of = of.or(schema.get("additionalProperties"));
                // What a newer version wrote is carried along.
                let Some(of) = of.filter(|of| of.is_object()) else {
                    continue;
                };
                fits &= fit(member, before_of(name), of);
            }
            fits
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// It is no number, or one that the schema allows. Numbers that have to be there are ours.
fn is_number_of(value: &Value, schema: &Value) -> bool {
    let Some(number) = value.as_f64() else {
        return true;
    };
    let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
    let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
    (least..=most).contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CloudConnectionStatus;
    use crate::operations::resize_cancellation::ResizeCancellationStatus;
    use serde_json::json;

    fn status(value: &Value) -> ResizeCancellationStatus {
        serde_json::from_value(value.clone()).expect("a status")
    }

    fn fitted_value(value: &Value, before: Option<&Value>) -> Value {
        let before = before.map(status);
        let fitted = fitted("ResizeCancellation", status(value), before.as_ref());
        serde_json::to_value(fitted).expect("JSON")
    }

    #[test]
    fn every_text_of_a_status_is_visible_and_as_long_as_its_schema_allows() {
        let hostile = format!("\u{1B}[2J\u{202E}{}\n", "实x".repeat(50_000));
        let value = json!({
            "summary": hostile,
            "target": hostile,
            "conditions": [{
                "type": "Ready", "status": "True", "reason": hostile, "message": hostile,
                "lastTransitionTime": "2026-11-22T02:30:00Z",
            }],
            "observed": {"instanceStatus": hostile, "specCode": hostile, "unclearTasks": [hostile]},
            "steps": [{
                "number": 1, "id": "w-1", "name": "C", "writer": "w", "message": hostile,
                "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
                "ids": {"order_id": hostile},
            }],
            "plan": {"steps": [hostile], "paid": false},
        });
        let fitted = fitted_value(&value, None);
        for (pointer, most) in [
            ("/summary", 2048),
            ("/target", 256),
            ("/conditions/0/reason", 64),
            ("/conditions/0/message", 2048),
            ("/observed/instanceStatus", 64),
            ("/observed/specCode", 128),
            ("/observed/unclearTasks/0", 64),
            ("/steps/0/message", 512),
            ("/steps/0/ids/order_id", 64),
            ("/plan/steps/0", 256),
        ] {
            let text = fitted.pointer(pointer).and_then(Value::as_str);
            let text = text.expect(pointer);
            assert!(text::is_visible(text), "{pointer}: {text:?}");
            assert!(
                (most - 6..=most).contains(&text.len()),
                "{pointer}: {}",
                text.len()
            );
        }
        assert_eq!(fitted_value(&fitted, None), fitted);
    }

    #[test]
    fn a_number_that_the_schema_does_not_allow_is_left_out() {
        let step = |status: u16| {
            json!({"steps": [{
                "number": 1, "id": "w-1", "name": "C", "writer": "w", "httpStatus": status,
                "intendedAt": "2026-11-22T02:30:00Z", "sendBefore": "2026-11-22T03:00:00Z",
            }]})
        };
        let left =
            |status: u16| fitted_value(&step(status), None)["steps"][0]["httpStatus"].clone();
        assert_eq!(left(599), json!(599));
        for odd in [99, 600, 999] {
            assert_eq!(left(odd), Value::Null, "{odd}");
        }
    }

    #[test]
    fn what_fits_and_what_is_stored_already_stays_as_it_is() {
        let own = json!({"summary": "实".repeat(682), "state": "Waiting", "newer": "\u{1B}"});
        assert_eq!(fitted_value(&own, None), own);
        let theirs = json!({"conditions": [{
            "type": "Theirs", "status": "True", "reason": "R", "message": "two\nlines",
            "lastTransitionTime": "2026-11-22T02:30:00Z",
        }]});
        assert_eq!(fitted_value(&theirs, Some(&theirs)), theirs);
        assert_ne!(fitted_value(&theirs, None), theirs);
    }

    #[test]
    fn every_kind_that_has_a_status_has_a_schema_of_it() {
        struct Each;
        impl operations::Visitor for Each {
            type Output = ();

            fn visit<K: operations::Kind>(&mut self) {
                let kind = <K::Object as kube::Resource>::kind(&());
                assert!(schema(&kind).is_some(), "{kind}");
            }
        }
        operations::each_kind(&mut Each);
        let message = "\u{202E}".repeat(9_000);
        let connection = json!({"conditions": [{
            "type": "Ready", "status": "True", "reason": "R", "message": message,
            "lastTransitionTime": "2026-11-22T02:30:00Z",
        }]});
        let connection: CloudConnectionStatus =
            serde_json::from_value(connection).expect("a status");
        let fitted = fitted("CloudConnection", connection, None);
        let message = &fitted.conditions[0].message;
        assert!(text::is_visible(message) && message.len() <= 2048);
    }
}
