//! Advice in a kind's own words, where what a reason comes to differs from other kinds.

use errand::api::Reason;
use errand::operations::{Again, BY_HAND, Guide, Line};

use super::{Advice, Asker, after_the_call, rules, span};

impl Asker<'_> {
    /// What the kind says of that reason.
    pub(super) fn guide(&self, reason: Reason) -> Option<&'static Guide> {
        let fits = |guide: &&Guide| {
            let here = |(field, value): (&str, &str)| self.view.text(field) == value;
            guide.reasons.contains(&reason) && guide.only.is_none_or(here)
        };
        self.place.named.type_.guides.iter().find(fits)
    }

    /// The advice that a guide is.
    pub(super) fn guided(&self, guide: &Guide) -> Advice {
        self.with(guide, Advice::new(self.filled(guide.next)))
    }

    /// What users can do, added to other advice.
    pub(super) fn with(&self, guide: &Guide, mut advice: Advice) -> Advice {
        for line in guide.can {
            advice = match line {
                Line::Say(text) => advice.say(self.filled(text)),
                Line::Patch(patch) => advice.run(self.patch(&self.object(), patch)),
                Line::Wait => advice.run(self.place.command("wait")),
            };
        }
        advice
    }

    /// What can be done without Errand, and that this is no harm.
    pub(super) fn by_hand(&self) -> String {
        self.filled(BY_HAND)
    }

    /// How the kind has an operation that ended like this run again.
    pub(super) fn again(&self, reason: Reason) -> Again {
        self.guide(reason)
            .map_or(Again::AsUsual, |guide| guide.again)
    }

    /// What a guide says of a field: its text, or what comes after a mark in it.
    fn found(&self, field: &str) -> String {
        match field.split_once('>') {
            _ if field.is_empty() => String::new(),
            None => self.view.text(field),
            Some((field, mark)) => {
                let text = self.view.text(field);
                let after = text.split_once(mark).map(|(_, after)| after.to_owned());
                after.unwrap_or_default()
            }
        }
    }

    /// The text with what stands for its names, as [`Guide`] says.
    fn filled(&self, text: &str) -> String {
        let mut parts = text.split('{');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap_or((part, ""));
            let (field, other) = name.split_once('|').unwrap_or(("", name));
            filled += &match (self.found(field), other) {
                (found, _) if !found.is_empty() => found,
                (_, "poll") => span(rules().poll),
                (_, "recheck") => span(rules().recheck),
                (_, "observes") => after_the_call(),
                (_, "target") => self.target(),
                (_, other) => other.to_owned(),
            };
            filled += rest;
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use errand::api::Group;
    use errand::operations::{Guide, Line};

    use crate::cli::types::operations;

    /// A name that is misspelt would be shown to users as it stands.
    fn assert_filled(text: &str) {
        for part in text.split('{').skip(1) {
            let (name, _) = part.split_once('}').expect("a name ends");
            let (field, other) = name.split_once('|').unwrap_or(("/", name));
            assert!(field.starts_with('/'), "{text}");
            let known = ["poll", "recheck", "observes", "target"].contains(&name);
            assert!(known || name.contains('|') && !other.is_empty(), "{text}");
        }
    }

    #[test]
    fn every_guide_says_something_and_names_only_what_there_is() {
        let all = operations().into_iter().flat_map(|type_| type_.guides);
        let mut count = 0;
        for Guide {
            reasons, next, can, ..
        } in all
        {
            assert_filled(next);
            assert!(!can.is_empty(), "{reasons:?}");
            for line in *can {
                if let Line::Say(text) = line {
                    assert_filled(text);
                }
            }
            for reason in *reasons {
                count += 1;
                assert_eq!(reason.group() == Group::Waiting, !next.is_empty());
                let takes = [Group::Waiting, Group::Held, Group::Failure];
                assert!(takes.contains(&reason.group()), "{reason} is not asked for");
            }
        }
        assert!(count > 10, "{count}");
    }
}
