//! Lists of which it matters that all of them was understood.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The members of a list that were understood, and whether that is all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members<T> {
    /// Those that were understood.
    pub list: Vec<T>,
    /// It was a list, and every member of it was understood. What is missing from any
    /// other list may be there all the same.
    pub understood: bool,
}

impl<T> Default for Members<T> {
    /// The list itself is missing.
    fn default() -> Self {
        Self {
            list: Vec::new(),
            understood: false,
        }
    }
}

impl<T> From<Vec<T>> for Members<T> {
    fn from(list: Vec<T>) -> Self {
        Self {
            list,
            understood: true,
        }
    }
}

impl<T: DeserializeOwned> Members<T> {
    /// Reads each member by itself. All of them are objects: a list would be taken for
    /// the fields of one, in order.
    pub fn read(values: Vec<Value>) -> Self {
        let count = values.len();
        let objects = values.into_iter().filter(Value::is_object);
        let read = objects.map(serde_json::from_value);
        let list: Vec<T> = read.filter_map(Result::ok).collect();
        Self {
            understood: list.len() == count,
            list,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(from)? {
            Value::Array(values) => Self::read(values),
            _ => Self::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named {
        name: String,
    }

    #[test]
    fn a_list_is_understood_if_each_of_its_members_is() {
        for (value, count, understood) in [
            (json!([]), 0, true),
            (json!([{"name": "a"}, {"name": "b"}]), 2, true),
            (json!([{"name": "a"}, null]), 1, false),
            (json!([{"name": "a"}, {"name": 7}]), 1, false),
            (json!([{"name": "a"}, {}]), 1, false),
            (json!([["a"]]), 0, false),
            (json!(null), 0, false),
            (json!({"name": "a"}), 0, false),
            (json!("a"), 0, false),
        ] {
            let read: Members<Named> = serde_json::from_value(value.clone()).expect("any value");
            assert_eq!(
                (read.list.len(), read.understood),
                (count, understood),
                "{value}"
            );
        }
        assert!(!Members::<Named>::default().understood, "it is missing");
    }
}
