//! Which operations there are and how people name them, from the registry.

use errand::operations::{Kind, StepInfo, Visitor, each_kind};
use kube::CustomResourceExt as _;
use kube::core::ApiResource;

/// A kind of operation, as kubectl knows it.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its mutating calls.
    steps: &'static [StepInfo],
    /// What a client needs to reach it.
    pub resource: ApiResource,
    /// For commands that people are told to run.
    pub singular: String,
    /// Whatever it may be called, in lower case.
    names: Vec<String>,
}

impl Type {
    fn of<K: Kind>() -> Self {
        let names = K::Object::crd().spec.names;
        let singular = names.singular.unwrap_or_else(|| names.kind.to_lowercase());
        let mut called = vec![names.plural, singular.clone(), names.kind.to_lowercase()];
        called.extend(names.short_names.unwrap_or_default());
        Self {
            steps: K::STEPS,
            resource: ApiResource::erase::<K::Object>(&()),
            singular,
            names: called,
        }
    }

    /// The same, asked for again, is not carried out again.
    pub fn is_recorded(&self) -> bool {
        self.steps.iter().any(|step| step.ledger)
    }

    /// It may cost money.
    pub fn is_paid(&self) -> bool {
        self.steps.iter().any(|step| step.paid)
    }
}

/// Every kind of operation.
pub fn operations() -> Vec<Type> {
    struct Types;
    impl Visitor for Types {
        type Output = Type;

        fn visit<K: Kind>(&mut self) -> Type {
            Type::of::<K>()
        }
    }
    each_kind(&mut Types)
}

/// An operation as it was named: its type and its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its type.
    pub type_: Type,
    /// Its name.
    pub name: String,
}

impl Named {
    /// Reads `TYPE/NAME` or `TYPE NAME`.
    pub fn parse(words: &[String]) -> Result<Named, String> {
        let (type_, name) = match words {
            [both] => both
                .split_once('/')
                .ok_or_else(|| format!("{both:?} names no object: write TYPE/NAME"))?,
            [type_, name] if !type_.contains('/') => (type_.as_str(), name.as_str()),
            _ => return Err("name one object, as TYPE/NAME or TYPE NAME".to_owned()),
        };
        if name.is_empty() || !name.chars().all(name_character) {
            return Err(format!("{name:?} is no name of an object"));
        }
        Ok(Named {
            type_: find(type_)?,
            name: name.to_owned(),
        })
    }

    /// `resizecancellation/stop`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.type_.singular, self.name)
    }
}

/// What a name may be made of; it becomes a part of a URL.
fn name_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'
}

fn find(word: &str) -> Result<Type, String> {
    let wanted = word.to_lowercase();
    let all = operations();
    let known = all.iter().find(|type_| {
        let resource = &type_.resource;
        let suffixes = [
            String::new(),
            format!(".{}", resource.group),
            format!(".{}.{}", resource.version, resource.group),
        ];
        suffixes.iter().any(|suffix| {
            let bare = wanted.strip_suffix(suffix.as_str());
            bare.is_some_and(|bare| type_.names.iter().any(|name| name == bare))
        })
    });
    known.cloned().ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|type_| type_.names.join(", ")).collect();
        let names = names.join("; ");
        format!("{word:?} is no type of operation; there are: {names}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Named, String> {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        Named::parse(&words)
    }

    #[test]
    fn a_type_may_be_named_in_every_way_that_kubectl_takes() {
        for word in [
            "resizecancellations",
            "resizecancellation",
            "ResizeCancellation",
            "RSC",
            "rsc.huawei.errand.cloud",
            "ResizeCancellations.v1alpha1.huawei.errand.cloud",
        ] {
            for words in [
                vec![format!("{word}/stop")],
                vec![word.into(), "stop".into()],
            ] {
                let named = Named::parse(&words).unwrap();
                assert_eq!(named.reference(), "resizecancellation/stop");
                assert_eq!(named.type_.resource.plural, "resizecancellations");
            }
        }
    }

    #[test]
    fn what_names_no_operation_is_refused_in_words() {
        for words in [
            &["pods/stop"][..],
            &["cloudconnections/stop"],
            &["rsc"],
            &["rsc/"],
            &["rsc/../x"],
            &["rsc.errand.cloud/stop"],
            &["rsc/a", "b"],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
        assert!(parse(&["pods/stop"]).unwrap_err().contains("rsc"));
    }
}
