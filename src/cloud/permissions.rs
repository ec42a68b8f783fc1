//! Which permissions the owner of a key needs for each call, as the cloud's IAM names
//! them. `docs/permissions.md` lists the same, and a test compares them.

use std::fmt;

use super::SERVICES;

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The cloud's name of the call.
    pub call: &'static str,
    /// The permissions; the first is that of the call itself.
    pub permissions: &'static [&'static str],
    /// The names are in no document that could be read.
    pub assumed: bool,
}

impl Needs {
    pub(super) const fn new(call: &'static str, permissions: &'static [&'static str]) -> Self {
        Self {
            call,
            permissions,
            assumed: false,
        }
    }

    pub(super) const fn assumed(self) -> Self {
        Self {
            assumed: true,
            ..self
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, more) = self.permissions.split_first().unwrap_or((&"", &[]));
        f.write_str(first)?;
        for (at, permission) in more.iter().enumerate() {
            write!(
                f,
                "{}{permission}",
                if at == 0 { ", with " } else { " and " }
            )?;
        }
        match self.assumed {
            true => f.write_str(" (an assumed name: no document of the cloud names it)"),
            false => Ok(()),
        }
    }
}

/// What that call needs. The names of the calls tell the services apart; a step may add
/// a mode to one.
pub(super) fn of_call(call: &str) -> Option<&'static Needs> {
    let name = call.split(' ').next()?;
    let mut all = SERVICES.iter().flat_map(|service| service.needs);
    all.find(|needs| needs.call == name)
}

/// A permission that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing<'a> {
    /// As the cloud named it.
    Named(&'a str),
    /// What the call needs; the cloud named none.
    OfCall(&'static Needs),
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Missing::Named(permission) => f.write_str(permission),
            Missing::OfCall(needs) => needs.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_services_have_a_call_of_the_same_name() {
        let all = SERVICES.iter().flat_map(|service| service.needs);
        let mut calls = BTreeSet::new();
        for needs in all {
            assert!(calls.insert(needs.call), "{}", needs.call);
            assert!(!needs.permissions.is_empty(), "{}", needs.call);
        }
    }

    #[test]
    fn each_permission_of_a_call_is_named() {
        for (call, wanted) in [
            ("ShowInstance", "dcs:instance:get"),
            ("ResumeInstanceRefresh RETRY", "as:ResumeInstanceRefresh"),
            (
                "CreateChangeOrder",
                "workspace:orders:change, with ims:images:list and bss:order:update",
            ),
            (
                "ShowJob",
                "workspace:jobs:get (an assumed name: no document of the cloud names it)",
            ),
        ] {
            let needs = of_call(call).expect("a call");
            assert_eq!(needs.to_string(), wanted, "{call}");
        }
        assert_eq!(of_call("DropEverything"), None);
    }
}
