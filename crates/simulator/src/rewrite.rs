//! Changes of an answer's JSON body: a member that is null, missing or of another form.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A change of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewrite {
    /// A JSON pointer (`/tasks/0/created_at`). A part `*` means every member of a list
    /// or an object.
    pub pointer: String,
    /// What stands there then.
    pub to: Value,
}

/// What a member becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// It is missing.
    Missing,
    /// It is this.
    Is(serde_json::Value),
    /// The time that it is, in another form. What is no time stays.
    Time(TimeForm),
}

/// Forms in which the clouds write times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeForm {
    /// `2026-07-10 08:00:00`
    Blank,
    /// `2026-07-10T08:00:00+0000`
    Offset,
    /// `2026-07-10T08:00:00`
    NoZone,
    /// Milliseconds since 1970, as a number.
    Milliseconds,
    /// The same, as a text.
    MillisecondsText,
    /// Seconds since 1970, as a number.
    Seconds,
    /// `10.07.2026, 08:00`: a form that no cloud has been seen to write.
    Strange,
}

impl Rewrite {
    /// A change of what is at that pointer.
    pub fn new(pointer: impl Into<String>, to: Value) -> Self {
        Self {
            pointer: pointer.into(),
            to,
        }
    }
}

/// Makes the changes.
pub(crate) fn apply(changes: &[Rewrite], body: &mut serde_json::Value) {
    for change in changes {
        let parts: Vec<&str> = change.pointer.split('/').skip(1).collect();
        change_at(body, &parts, &change.to);
    }
}

fn change_at(value: &mut serde_json::Value, parts: &[&str], to: &Value) {
    let Some((part, rest)) = parts.split_first() else {
        if let Some(new) = new_value(value, to) {
            *value = new;
        }
        return;
    };
    let missing = rest.is_empty() && *to == Value::Missing;
    match value {
        serde_json::Value::Array(items) if *part == "*" => match missing {
            true => items.clear(),
            false => items.iter_mut().for_each(|item| change_at(item, rest, to)),
        },
        serde_json::Value::Array(items) => {
            let at = part.parse().ok().filter(|at| *at < items.len());
            match at {
                Some(at) if missing => drop(items.remove(at)),
                Some(at) => change_at(&mut items[at], rest, to),
                None => {}
            }
        }
        serde_json::Value::Object(members) if *part == "*" => match missing {
            true => members.clear(),
            false => members
                .values_mut()
                .for_each(|member| change_at(member, rest, to)),
        },
        serde_json::Value::Object(members) => {
            let name = part.replace("~1", "/").replace("~0", "~");
            match members.get_mut(&name) {
                Some(_) if missing => drop(members.remove(&name)),
                Some(member) => change_at(member, rest, to),
                None => {}
            }
        }
        _ => {}
    }
}

fn new_value(old: &serde_json::Value, to: &Value) -> Option<serde_json::Value> {
    let form = match to {
        Value::Missing => return None,
        Value::Is(value) => return Some(value.clone()),
        Value::Time(form) => form,
    };
    let time = time(old)?;
    let text = |format: &str| time.strftime(format).to_string().into();
    Some(match form {
        TimeForm::Blank => text("%Y-%m-%d %H:%M:%S"),
        TimeForm::Offset => text("%Y-%m-%dT%H:%M:%S+0000"),
        TimeForm::NoZone => text("%Y-%m-%dT%H:%M:%S"),
        TimeForm::Milliseconds => time.as_millisecond().into(),
        TimeForm::MillisecondsText => time.as_millisecond().to_string().into(),
        TimeForm::Seconds => time.as_second().into(),
        TimeForm::Strange => text("%d.%m.%Y, %H:%M"),
    })
}

/// The time that a member of an answer is.
fn time(value: &serde_json::Value) -> Option<Timestamp> {
    let text = value.as_str()?;
    let with_seconds = || {
        let (minutes, zone) = text.split_at_checked(16)?;
        format!("{minutes}:00{zone}").parse().ok()
    };
    text.parse().ok().or_else(with_seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_become_null_missing_or_of_another_form() {
        let body = json!({"tasks": [{"id": "a", "at": "2026-07-10T08:00:00Z"}, {"id": "b"}]});
        let rewritten = |pointer: &str, to: Value| {
            let mut body = body.clone();
            apply(&[Rewrite::new(pointer, to)], &mut body);
            body
        };
        assert_eq!(
            rewritten("/tasks", Value::Is(json!(null))),
            json!({"tasks": null})
        );
        assert_eq!(rewritten("/tasks", Value::Missing), json!({}));
        assert_eq!(
            rewritten("/tasks/*/id", Value::Missing),
            json!({"tasks": [{"at": "2026-07-10T08:00:00Z"}, {}]})
        );
        assert_eq!(
            rewritten("/tasks/1", Value::Missing)["tasks"],
            json!([body["tasks"][0]])
        );
        for (form, expected) in [
            (TimeForm::Blank, json!("2026-07-10 08:00:00")),
            (TimeForm::Offset, json!("2026-07-10T08:00:00+0000")),
            (TimeForm::Milliseconds, json!(1_783_670_400_000_i64)),
            (TimeForm::Strange, json!("10.07.2026, 08:00")),
        ] {
            let all = rewritten("/tasks/*/at", Value::Time(form));
            assert_eq!(all["tasks"][0]["at"], expected);
        }
        assert_eq!(rewritten("/tasks/*/id", Value::Time(TimeForm::Blank)), body);
        assert_eq!(rewritten("/absent/*/id", Value::Missing), body);
    }

    #[test]
    fn a_rewrite_is_written_in_json_as_every_fault_is() {
        let fault = json!({"rewrite": {"changes": [
            {"pointer": "/tasks", "to": {"is": null}},
            {"pointer": "/tasks/*/created_at", "to": "missing"},
            {"pointer": "/tasks/*/created_at", "to": {"time": "blank"}},
        ]}});
        let kind: crate::FaultKind = serde_json::from_value(fault.clone()).expect("a fault");
        assert_eq!(serde_json::to_value(kind).expect("JSON"), fault);
    }
}
