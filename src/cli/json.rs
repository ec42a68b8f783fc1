//! `-o json`: what `errand why` and `errand wait` print for programs. The fields are listed
//! in docs/command-line.md; none of them is ever renamed or removed.

use kube::api::DynamicObject;
use serde_json::{Map, Value, json};

use super::advice::{Advice, Asker, Line};
use super::view::View;
use super::wait::{self, Ended};
use super::{Place, connection, explain, why};

/// An object, or a list of several.
pub fn text(mut items: Vec<Value>, several: bool) -> String {
    let value = match (several, items.pop()) {
        (false, Some(one)) => one,
        (_, last) => {
            items.extend(last);
            json!({ "items": items })
        }
    };
    format!("{value:#}\n")
}

/// What `errand why` says of an operation.
pub fn of_operation(
    place: &Place,
    object: &DynamicObject,
    connection: Option<&DynamicObject>,
) -> Value {
    let view = View::new(object);
    let asker = Asker {
        place,
        view: &view,
        connection: connection.map(|connection| &connection.data),
    };
    let mut fields = head(place, &view);
    fields.insert("state".to_owned(), view.state().into());
    fields.insert("summary".to_owned(), explain(&view).into());
    fields.insert("cause".to_owned(), why::cause(&view).join(" ").into());
    fields.insert("overdue".to_owned(), view.overdue().into());
    advice(&mut fields, &asker.advice());
    for (key, pointer) in [
        ("outcome", "/status/outcome"),
        ("target", "/status/target"),
        ("startedAt", "/status/startedAt"),
        ("finishedAt", "/status/finishedAt"),
    ] {
        fields.insert(key.to_owned(), view.text(pointer).into());
    }
    let used = json!({
        "kind": view.text("/spec/connectionRef/kind"),
        "name": view.text("/spec/connectionRef/name"),
        "reason": connection.map_or_else(String::new, |found| View::new(found).reason()),
    });
    fields.insert("connection".to_owned(), used);
    for (key, pointer) in [
        ("observed", "/status/observed"),
        ("plan", "/status/plan"),
        ("steps", "/status/steps"),
        ("hold", "/status/hold"),
        ("lastCloudError", "/status/lastCloudError"),
    ] {
        fields.insert(key.to_owned(), view.at(pointer).clone());
    }
    Value::Object(fields)
}

/// What `errand why` says of a connection.
pub fn of_connection(place: &Place, object: &DynamicObject) -> Value {
    let view = View::new(object);
    let asker = connection::asker(place, &view, object);
    let mut fields = head(place, &view);
    fields.insert("cause".to_owned(), connection::cause(&view).into());
    advice(&mut fields, &asker.of_connection());
    fields.insert("account".to_owned(), view.text("/spec/accountId").into());
    fields.insert("secret".to_owned(), asker.secret().into());
    let mut clouds = ["huawei", "volcengine", "tencent"].into_iter();
    let cloud = clouds.find(|cloud| view.at(&format!("/spec/{cloud}")).is_object());
    let cloud = cloud.unwrap_or_default();
    fields.insert("cloud".to_owned(), cloud.into());
    for key in ["region", "projectId"] {
        let value = view.text(&format!("/spec/{cloud}/{key}"));
        fields.insert(key.to_owned(), value.into());
    }
    Value::Object(fields)
}

/// How a wait ended.
pub fn of_wait(place: &Place, ended: &Result<Ended, String>) -> Value {
    let mut fields = match ended {
        Ok(Ended { last, .. }) => {
            let view = View::new(last);
            let mut fields = head(place, &view);
            fields.insert("state".to_owned(), view.state().into());
            fields.insert("outcome".to_owned(), view.text("/status/outcome").into());
            fields.insert("summary".to_owned(), explain(&view).into());
            fields
        }
        Err(message) => {
            let mut fields = identity(place);
            fields.insert("error".to_owned(), message.as_str().into());
            fields
        }
    };
    fields.insert("exitCode".to_owned(), wait::code(ended).into());
    Value::Object(fields)
}

fn identity(place: &Place) -> Map<String, Value> {
    let mut fields = Map::new();
    for (key, value) in [
        ("kind", &place.named.type_.resource.kind),
        ("namespace", &place.namespace),
        ("name", &place.named.name),
    ] {
        fields.insert(key.to_owned(), value.as_str().into());
    }
    fields
}

fn head(place: &Place, view: &View) -> Map<String, Value> {
    let mut fields = identity(place);
    fields.insert("ready".to_owned(), view.ready().into());
    fields.insert("reason".to_owned(), view.reason().into());
    fields.insert("current".to_owned(), view.is_current().into());
    fields
}

fn advice(fields: &mut Map<String, Value>, advice: &Advice) {
    let lines = advice.can.iter().map(|line| match line {
        Line::Prose(prose) => json!({ "text": prose }),
        Line::Command(command) => json!({ "command": command }),
    });
    fields.insert("next".to_owned(), advice.next.as_str().into());
    fields.insert("advice".to_owned(), lines.collect());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::types::named;

    fn place(word: &str) -> Place {
        Place {
            named: named(word),
            namespace: "team".to_owned(),
            program: "errand",
            everywhere: false,
        }
    }

    fn keys(value: &Value) -> Vec<&str> {
        let fields = value.as_object().expect("an object");
        let mut keys: Vec<_> = fields.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    }

    /// Scripts rely on these fields: they are always there, whatever is known.
    #[test]
    fn the_fields_are_those_of_the_page_whatever_the_status_is() {
        let place = place("rsc/stop");
        let operation = [
            "kind",
            "namespace",
            "name",
            "ready",
            "reason",
            "current",
            "state",
            "summary",
            "cause",
            "overdue",
            "next",
            "advice",
            "outcome",
            "target",
            "startedAt",
            "finishedAt",
            "connection",
            "observed",
            "plan",
            "steps",
            "hold",
            "lastCloudError",
        ];
        const OF_CONNECTION: [&str; 5] = ["account", "cloud", "region", "projectId", "secret"];
        let head = ["kind", "namespace", "name", "ready", "reason", "current"];
        let connection = [&head[..], &["cause", "next", "advice"], &OF_CONNECTION].concat();
        let wait = [&head[..], &["state", "outcome", "summary", "exitCode"]].concat();
        let sorted = |mut keys: Vec<&'static str>| {
            keys.sort_unstable();
            keys
        };
        for data in [
            Value::Null,
            json!({"status": 7}),
            json!({"spec": {}, "status": {"state": "Held", "hold": {"id": "1"}, "steps": [1]}}),
        ] {
            let mut object = DynamicObject::new("stop", &place.named.type_.resource);
            object.data = data;
            let why = of_operation(&place, &object, None);
            assert_eq!(keys(&why), sorted(operation.to_vec()));
            let shown = of_connection(&self::place("cc/prod"), &object);
            assert_eq!(keys(&shown), sorted(connection.clone()));
            let last = serde_json::from_value(json!({"metadata": {"name": "stop"}}));
            let last = last.expect("an object");
            let ended = of_wait(&place, &Ok(Ended { code: 2, last }));
            assert_eq!(keys(&ended), sorted(wait.clone()));
            assert_eq!(ended["exitCode"], 2);
        }
        let failed = of_wait(&place, &Err("gone".to_owned()));
        assert_eq!(
            keys(&failed),
            ["error", "exitCode", "kind", "name", "namespace"]
        );
        let page = std::fs::read_to_string("docs/command-line.md").expect("the page");
        for key in operation
            .iter()
            .chain(&wait)
            .chain(&OF_CONNECTION)
            .chain(&["error", "items"])
        {
            assert!(
                page.contains(&format!("`{key}`")),
                "{key} is not documented"
            );
        }
    }

    #[test]
    fn one_object_is_an_object_and_several_are_a_list() {
        let read = |text: String| -> Value { serde_json::from_str(&text).expect("JSON") };
        assert_eq!(read(text(vec![json!({"a": 1})], false)), json!({"a": 1}));
        assert_eq!(read(text(vec![json!(1)], true)), json!({"items": [1]}));
        assert_eq!(
            read(text(vec![json!(1), json!(2)], true)),
            json!({"items": [1, 2]})
        );
        assert_eq!(read(text(vec![], true)), json!({"items": []}));
    }
}
