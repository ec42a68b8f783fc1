//! Which kinds there are and how users name them, from the registry.

use errand::api::CloudConnection;
use errand::operations::{
    CallRules, Choice, Guide, Kind, Object as _, Question, Visitor, each_kind,
};
use kube::core::ApiResource;
use kube::{CustomResourceExt, Resource};

/// A kind, as kubectl knows it.
#[derive(Clone, Debug)]
pub struct Type {
    /// Its mutating calls.
    steps: &'static [&'static CallRules],
    /// The questions of its own.
    questions: &'static [Question],
    /// What its reasons come to, where that differs from other kinds.
    pub guides: &'static [Guide],
    /// What happens at a deadline that the cloud sets.
    pub deadline: Option<&'static str>,
    /// What a client needs to reach it.
    pub resource: ApiResource,
    /// For commands that users are told to run.
    pub singular: String,
    /// What else kubectl takes, in lower case: the plural and short names.
    others: Vec<String>,
}

impl Type {
    fn of<K: Kind>() -> Self {
        Self {
            questions: K::QUESTIONS,
            guides: K::GUIDES,
            deadline: K::Object::DEADLINE,
            ..Self::named::<K::Object>(K::CALLS)
        }
    }

    fn named<R: CustomResourceExt + Resource<DynamicType = ()>>(
        steps: &'static [&'static CallRules],
    ) -> Self {
        let names = R::crd().spec.names;
        let mut others = vec![names.plural];
        others.extend(names.short_names.unwrap_or_default());
        Self {
            steps,
            questions: &[],
            guides: &[],
            deadline: None,
            resource: ApiResource::erase::<R>(&()),
            singular: names.singular.unwrap_or(names.kind).to_lowercase(),
            others,
        }
    }

    /// What the questions of its own offer.
    pub fn choices(&self) -> impl Iterator<Item = &'static Choice> + use<> {
        let questions = self.questions.iter();
        questions.flat_map(|question| question.choices)
    }

    /// What that choice of the question with that reason means, if the question is one
    /// of its own.
    pub fn meaning(&self, reason: &str, decision: &str) -> Option<&'static str> {
        let mut questions = self.questions.iter();
        let question = questions.find(|question| question.reason.to_string() == reason)?;
        let mut choices = question.choices.iter();
        let choice = choices.find(|choice| choice.decision.word() == decision)?;
        Some(choice.meaning)
    }

    /// The same, asked for again, is not carried out again.
    pub fn is_recorded(&self) -> bool {
        self.steps.iter().any(|step| step.ledger)
    }

    /// It may cost money.
    pub fn is_paid(&self) -> bool {
        self.steps.iter().any(|step| step.payment.is_some())
    }

    /// It is no operation.
    pub fn is_connection(&self) -> bool {
        self.resource.kind == CloudConnection::kind(&())
    }

    /// `resizecancellation (rsc)`.
    fn shown(&self) -> String {
        let short = self.others.get(1..).unwrap_or_default().join(", ");
        format!("{} ({short})", self.singular)
    }

    fn is_called(&self, word: &str) -> bool {
        let resource = &self.resource;
        let suffixes = [
            String::new(),
            format!(".{}", resource.group),
            format!(".{}.{}", resource.version, resource.group),
        ];
        suffixes.iter().any(|suffix| {
            let bare = word.strip_suffix(suffix.as_str());
            bare.is_some_and(|bare| bare == self.singular || self.others.iter().any(|o| o == bare))
        })
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

/// The kinds that `errand why` explains.
pub fn explained() -> Vec<Type> {
    let mut all = operations();
    all.push(Type::named::<CloudConnection>(&[]));
    all
}

/// An object as it was named: its type and its name.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its type.
    pub type_: Type,
    /// Its name.
    pub name: String,
}

impl Named {
    /// `resizecancellation/stop`.
    pub fn reference(&self) -> String {
        format!("{}/{}", self.type_.singular, self.name)
    }
}

/// What a user has named.
#[derive(Debug)]
pub enum Asked {
    /// These objects.
    Named(Vec<Named>),
    /// All of these types.
    Types(Vec<Type>),
}

impl Asked {
    /// Reads `TYPE/NAME ...`, `TYPE NAME ...` or `TYPE[,TYPE ...]`, as kubectl does.
    pub fn parse(words: &[String], of: &[Type]) -> Result<Self, String> {
        let mut named = Vec::new();
        match words {
            [types] if !types.contains('/') => {
                let mut all = Vec::new();
                for word in types.split(',') {
                    all.extend(find(word, of)?);
                }
                return Ok(Self::Types(all));
            }
            [type_, names @ ..] if !type_.contains('/') => {
                let found = find(type_, of)?;
                let [type_] = &found[..] else {
                    return Err(format!(
                        "{type_:?} is several types: name objects as TYPE/NAME"
                    ));
                };
                for name in names {
                    named.push(of_name(type_, name)?);
                }
            }
            words => {
                for word in words {
                    let split = word.split_once('/');
                    let (type_, name) = split
                        .ok_or_else(|| format!("{word:?} names no object: write TYPE/NAME"))?;
                    let found = find(type_, of)?;
                    let [type_] = &found[..] else {
                        return Err(format!("{type_:?} is several types"));
                    };
                    named.push(of_name(type_, name)?);
                }
            }
        }
        Ok(Self::Named(named))
    }
}

fn of_name(type_: &Type, name: &str) -> Result<Named, String> {
    if name.is_empty() || !name.chars().all(name_character) {
        return Err(format!("{name:?} is no name of an object"));
    }
    Ok(Named {
        type_: type_.clone(),
        name: name.to_owned(),
    })
}

/// What a name may be made of; it becomes a part of a URL.
fn name_character(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.'
}

/// The type of that name, or every operation for their category.
fn find(word: &str, of: &[Type]) -> Result<Vec<Type>, String> {
    let wanted = word.to_lowercase();
    if wanted == CATEGORY {
        return Ok(operations());
    }
    let known = of.iter().find(|type_| type_.is_called(&wanted));
    known.map(|type_| vec![type_.clone()]).ok_or_else(|| {
        let names: Vec<_> = of.iter().map(Type::shown).collect();
        format!(
            "{word:?} is no type that this command takes. The types are: {}",
            names.join(", ")
        )
    })
}

/// The category of all operations.
const CATEGORY: &str = "errand";

/// The one object that is named.
#[cfg(test)]
pub fn named(word: &str) -> Named {
    match Asked::parse(&[word.to_owned()], &explained()) {
        Ok(Asked::Named(mut all)) => all.pop().expect("one"),
        other => panic!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Asked, String> {
        let words: Vec<_> = words.iter().map(ToString::to_string).collect();
        Asked::parse(&words, &operations())
    }

    fn references(words: &[&str]) -> Vec<String> {
        match parse(words) {
            Ok(Asked::Named(named)) => named.iter().map(Named::reference).collect(),
            other => panic!("{other:?}"),
        }
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
            let both = format!("{word}/stop");
            for words in [&[both.as_str()][..], &[word, "stop"]] {
                assert_eq!(references(words), ["resizecancellation/stop"]);
            }
        }
    }

    #[test]
    fn several_objects_and_all_of_a_type_may_be_named() {
        let both = ["resizecancellation/a", "resizecancellation/b"];
        assert_eq!(references(&["rsc", "a", "b"]), both);
        assert_eq!(references(&["rsc/a", "rsc/b"]), both);
        assert_eq!(
            references(&["rsc/a", "dor/b"]),
            ["resizecancellation/a", "desktoporder/b"]
        );
        for (words, count) in [("rsc", 1), ("rsc,dor", 2), ("errand", operations().len())] {
            let Ok(Asked::Types(types)) = parse(&[words]) else {
                panic!("{words}");
            };
            assert_eq!(types.len(), count, "{words}");
        }
    }

    #[test]
    fn what_names_no_operation_is_refused_in_words() {
        for words in [
            &["pods/stop"][..],
            &["cloudconnections/stop"],
            &["cc/stop"],
            &["rsc/"],
            &["rsc/../x"],
            &["rsc.errand.cloud/stop"],
            &["rsc/a", "b"],
            &["errand", "a"],
            &["rsc,"],
            &[""],
        ] {
            assert!(parse(words).is_err(), "{words:?}");
        }
    }

    #[test]
    fn an_unknown_type_lists_each_type_once() {
        let words = ["nope/x".to_owned()];
        let error = Asked::parse(&words, &explained()).expect_err("no such type");
        for type_ in explained() {
            let word = |word: &&str| *word == type_.singular;
            let parts = error.split(|c: char| !c.is_ascii_lowercase());
            assert_eq!(parts.filter(word).count(), 1, "{error}");
        }
        for listed in ["resizecancellation (rsc)", "cloudconnection (cc)"] {
            assert!(error.contains(listed), "{error}");
        }
    }
}
