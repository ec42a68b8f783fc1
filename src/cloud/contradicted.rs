//! Lists that have one thing more than once.

use std::collections::{BTreeSet, HashMap};

/// The ids that a list has more than once, differently. Which of the members is true
/// cannot be told, so none of them is.
pub fn contradicted<'a, T: PartialEq + 'a>(
    members: impl IntoIterator<Item = &'a T>,
    id: impl Fn(&'a T) -> Option<&'a str>,
) -> BTreeSet<String> {
    let mut first: HashMap<&str, &T> = HashMap::new();
    let mut found = BTreeSet::new();
    for member in members {
        let Some(id) = id(member) else {
            continue;
        };
        if first.entry(id).or_insert(member) != &member {
            found.insert(id.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_contradicted_only_by_another_member_of_that_id() {
        let of = |members: &[(&str, i32)]| {
            let found = contradicted(members, |member| Some(member.0).filter(|id| !id.is_empty()));
            found.into_iter().collect::<Vec<_>>()
        };
        assert!(of(&[]).is_empty());
        assert!(of(&[("a", 1), ("b", 2), ("a", 1)]).is_empty());
        assert_eq!(of(&[("a", 1), ("b", 2), ("a", 3), ("b", 2)]), ["a"]);
        assert_eq!(of(&[("b", 1), ("a", 1), ("a", 2), ("b", 2)]), ["a", "b"]);
        assert!(of(&[("", 1), ("", 2)]).is_empty(), "no id, no two of it");
    }
}
