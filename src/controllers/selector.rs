//! Label selectors as kubectl writes them, for flags.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use kube::core::{Expression, Selector, SelectorExt as _};

/// The longest prefix of a label's key, and the longest name or value.
const PREFIX: usize = 253;
const NAME: usize = 63;

/// A selector of labels: `env=prod,team in (design,render),!frozen`. Every requirement
/// has to be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSelector {
    text: String,
    selector: Selector,
}

/// Why a text is no selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoSelector(String);

impl LabelSelector {
    /// These labels meet every requirement.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.selector.matches(labels)
    }
}

impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for LabelSelector {
    type Err = NoSelector;

    /// An empty selector is refused: it would select everything, which is what a flag
    /// that is not given means, and more often a variable that was not set.
    fn from_str(text: &str) -> Result<Self, NoSelector> {
        let text = text.trim();
        if text.is_empty() {
            let why = "the selector is empty; give a label, or leave the flag out";
            return Err(NoSelector(why.to_owned()));
        }
        let requirements = split(text).into_iter().map(|part| {
            requirement(part.trim()).map_err(|why| NoSelector(format!("{:?}: {why}", part.trim())))
        });
        Ok(Self {
            text: text.to_owned(),
            selector: requirements.collect::<Result<_, _>>()?,
        })
    }
}

/// At the commas that are not between parentheses.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut depth) = (0, 0_i32);
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

fn requirement(text: &str) -> Result<Expression, String> {
    if text.contains(['<', '>']) {
        return Err("< and > are not supported".to_owned());
    }
    if let Some((left, right)) = text.split_once('(') {
        let values = right.strip_suffix(')').ok_or("the ) is missing")?;
        let values = values.split(',').map(value).collect::<Result<_, _>>()?;
        let words: Vec<&str> = left.split_whitespace().collect();
        return match words[..] {
            [name, "in"] => Ok(Expression::In(key(name)?, values)),
            [name, "notin"] => Ok(Expression::NotIn(key(name)?, values)),
            _ => Err("before ( there has to be a key and `in` or `notin`".to_owned()),
        };
    }
    if let Some((left, right)) = text.split_once("!=") {
        return Ok(Expression::NotEqual(key(left)?, value(right)?));
    }
    if let Some((left, right)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Expression::Equal(key(left)?, value(right)?));
    }
    match text.strip_prefix('!') {
        Some(name) => Ok(Expression::DoesNotExist(key(name)?)),
        None => Ok(Expression::Exists(key(text)?)),
    }
}

fn key(text: &str) -> Result<String, String> {
    let text = text.trim();
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let is_prefix = |prefix: &str| {
        let fits = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit();
        let part = |part: &str| {
            part.chars().all(|sign| fits(sign) || sign == '-')
                && part.starts_with(fits)
                && part.ends_with(fits)
        };
        prefix.len() <= PREFIX && prefix.split('.').all(part)
    };
    let fine = is_name(name) && prefix.is_none_or(is_prefix);
    let why = || format!("{text:?} is not the key of a label");
    fine.then(|| text.to_owned()).ok_or_else(why)
}

fn value(text: &str) -> Result<String, String> {
    let text = text.trim();
    let why = || format!("{text:?} is not the value of a label");
    (text.is_empty() || is_name(text))
        .then(|| text.to_owned())
        .ok_or_else(why)
}

fn is_name(text: &str) -> bool {
    let ends = |sign: char| sign.is_ascii_alphanumeric();
    text.len() <= NAME
        && text.starts_with(ends)
        && text.ends_with(ends)
        && text.chars().all(|sign| ends(sign) || "-_.".contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let selector: LabelSelector = selector.parse().unwrap_or_else(|e| panic!("{e}"));
        let labels = labels.iter();
        let labels = labels.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        selector.matches(&labels.collect())
    }

    #[test]
    fn a_selector_selects_what_kubectl_selects_with_it() {
        let prod = [("env", "prod"), ("example.org/team", "design")];
        for selector in [
            "env",
            "env=prod",
            "env==prod",
            " env = prod ",
            "env!=test",
            "other!=prod",
            "!other",
            "! other",
            "env in (prod)",
            "env in(test, prod)",
            "env notin (test)",
            "other notin (prod)",
            "example.org/team=design",
            "env=prod,example.org/team in (design,render),!frozen",
        ] {
            assert!(matches(selector, &prod), "{selector}");
        }
        for selector in [
            "other",
            "env=test",
            "env=pro",
            "env=",
            "env!=prod",
            "!env",
            "env in (test)",
            "env in ()",
            "env notin (test,prod)",
            "env=prod,other",
            "env=prod,!example.org/team",
        ] {
            assert!(!matches(selector, &prod), "{selector}");
        }
        assert!(matches("env=", &[("env", "")]));
        assert!(!matches("env=prod", &[]));
    }

    #[test]
    fn what_is_no_selector_is_refused_with_a_reason() {
        for (text, why) in [
            ("", "is empty"),
            ("  ", "is empty"),
            ("env=prod,", "\"\" is not the key"),
            (",", "\"\" is not the key"),
            ("=prod", "\"\" is not the key"),
            ("env = a = b", "is not the value"),
            ("env prod", "is not the key"),
            ("env in (a", ") is missing"),
            ("env (a)", "`in` or `notin`"),
            ("env in (a))", "is not the value"),
            ("env>1", "not supported"),
            ("-env=prod", "is not the key"),
            ("a/b/c=prod", "is not the key"),
            ("Example.org/team=design", "is not the key"),
            ("env=päge", "is not the value"),
        ] {
            let error = text.parse::<LabelSelector>().expect_err(text).to_string();
            assert!(error.contains(why), "{text:?}: {error}");
        }
        for long in [
            format!("{}=a", "k".repeat(64)),
            format!("k={}", "v".repeat(64)),
        ] {
            assert!(long.parse::<LabelSelector>().is_err(), "{long}");
        }
    }
}
