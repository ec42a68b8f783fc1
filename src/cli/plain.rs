//! Objects as the command line reads them: without managedFields, in which the API
//! server accepts times that typed metadata cannot hold.

use std::borrow::Cow;
use std::ops::Deref;

use kube::Resource;
use kube::api::{DynamicObject, ObjectMeta};
use kube::core::{ApiResource, DynamicResourceScope};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An object of any kind.
#[derive(Clone, Debug)]
pub struct Plain(DynamicObject);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Value::deserialize(deserializer)?;
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
        metadata.and_then(|metadata| metadata.remove("managedFields"));
        let object = DynamicObject::deserialize(object);
        object.map(Self).map_err(D::Error::custom)
    }
}

impl Deref for Plain {
    type Target = DynamicObject;

    fn deref(&self) -> &DynamicObject {
        &self.0
    }
}

impl Resource for Plain {
    type DynamicType = ApiResource;
    type Scope = DynamicResourceScope;

    fn kind(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::kind(of)
    }

    fn group(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::group(of)
    }

    fn version(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::version(of)
    }

    fn plural(of: &ApiResource) -> Cow<'_, str> {
        DynamicObject::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        self.0.meta()
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.0.meta_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_managed_fields_that_cannot_be_held_hides_nothing() {
        let object = serde_json::json!({
            "apiVersion": "v1", "kind": "K",
            "metadata": {"name": "n", "managedFields": [{"time": "9999-12-31T23:59:59Z"}]},
            "spec": {"a": 1},
        });
        let typed = serde_json::from_value::<DynamicObject>(object.clone());
        assert!(typed.is_err(), "the reason for this type is gone");
        let plain: Plain = serde_json::from_value(object).expect("it can be read");
        assert_eq!(plain.metadata.name.as_deref(), Some("n"));
        assert_eq!(plain.data["spec"]["a"], 1);
        let bare: Plain = serde_json::from_value(serde_json::json!({})).expect("an object");
        assert!(bare.metadata.name.is_none());
    }
}
