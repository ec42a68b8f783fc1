//! What a kind declares of its fields is about all of them, and about nothing else.

use errand::operations::{Kind, Object as _, Visitor, each_kind};
use kube::CustomResourceExt as _;

use super::*;

/// The fields of every spec.
const SHARED: [&str; 7] = [
    "connectionRef",
    "mode",
    "resolution",
    "schedule",
    "suspend",
    "ttlAfterSuccess",
    "verifyTimeout",
];

/// Each kind with the fields of its own that it declares.
fn declared() -> Vec<(String, Vec<&'static str>)> {
    struct Declared;
    impl Visitor for Declared {
        type Output = (String, Vec<&'static str>);

        fn visit<K: Kind>(&mut self) -> Self::Output {
            let info = K::Object::INFO;
            let own = [info.target, info.fixed, info.free].concat();
            (K::Object::crd().spec.names.kind, own)
        }
    }
    each_kind(&mut Declared)
}

/// A field that is forgotten could be changed while a call is under way.
#[test]
fn each_field_of_a_spec_is_declared_once() {
    for (kind, own) in declared() {
        let mut declared = [&SHARED[..], &own].concat();
        declared.sort_unstable();
        let spec = in_spec(&kind, &[]);
        let fields = spec["properties"].as_object().expect("fields");
        let fields: Vec<&str> = fields.keys().map(String::as_str).collect();
        assert_eq!(declared, fields, "{kind}");
    }
}

/// The schema at a path without conditions, if there is one.
fn at<'a>(root: &'a Value, path: &str) -> &'a Value {
    let names = path.split('.').skip(1);
    names.fold(root, |schema, name| match name.split_once('[') {
        Some((list, _)) => &schema["properties"][list]["items"],
        None => &schema["properties"][name],
    })
}

#[test]
fn every_column_shows_a_field_that_is_there() {
    let mut seen = 0;
    for crd in operations() {
        for version in versions(&crd) {
            let columns = version["additionalPrinterColumns"].as_array();
            for column in columns.into_iter().flatten() {
                let path = column["jsonPath"].as_str().expect("a path");
                if path.contains("[?(") || path.starts_with(".metadata") {
                    continue;
                }
                seen += 1;
                let shown = at(root(version), path);
                assert!(shown["type"].is_string(), "{}: {path}", name(&crd));
                let number = column["type"] == "integer";
                assert_eq!(number, shown["type"] == "integer", "{path}");
            }
        }
    }
    assert!(seen > 20, "only {seen} columns");
}
