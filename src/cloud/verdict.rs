//! Verdict tables: what an answer of a cloud means, as data.

use std::collections::BTreeMap;

use super::permissions::{self, Missing};
use crate::api::Reason;
use crate::text;

/// How a documented refusal is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Says nothing about earlier calls: look at the cloud.
    Verify,
    /// Passes by itself: call again after a while.
    Retry(Reason),
    /// The target is not in a state for it now.
    Wait(Reason),
    /// A person has to mend something.
    Blocked(Reason),
    /// Will never be accepted as it stands.
    Terminal,
    /// What the call is about is not there.
    Gone,
    /// What is wanted can no longer be had, and why: the cloud has decided it.
    Lost(Reason),
}

impl Reading {
    /// Its word in status, and the reason that belongs to it.
    pub fn words(self) -> (&'static str, Option<Reason>) {
        match self {
            Reading::Verify => ("Verify", None),
            Reading::Retry(reason) => ("Retry", Some(reason)),
            Reading::Wait(reason) => ("Wait", Some(reason)),
            Reading::Blocked(reason) => ("Blocked", Some(reason)),
            Reading::Terminal => ("Terminal", None),
            Reading::Gone => ("Gone", None),
            Reading::Lost(reason) => ("Lost", Some(reason)),
        }
    }

    /// What [`Reading::words`] gave; `None`: a newer version's.
    pub fn of_words(word: &str, reason: Option<Reason>) -> Option<Self> {
        Some(match (word, reason) {
            ("Verify", _) => Reading::Verify,
            ("Retry", Some(reason)) => Reading::Retry(reason),
            ("Wait", Some(reason)) => Reading::Wait(reason),
            ("Blocked", Some(reason)) => Reading::Blocked(reason),
            ("Terminal", _) => Reading::Terminal,
            ("Gone", _) => Reading::Gone,
            ("Lost", Some(reason)) => Reading::Lost(reason),
            _ => return None,
        })
    }
}

/// Which HTTP statuses a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// That one.
    Is(u16),
    /// Any 4xx.
    Any4xx,
    /// Any 2xx or 4xx, for clouds whose errors come with every status and are told
    /// by their code. A 5xx is a fault of the cloud's and never among them.
    Shown,
}

impl Status {
    fn covers(self, status: u16) -> bool {
        match self {
            Status::Is(one) => status == one,
            Status::Any4xx => (400..500).contains(&status),
            Status::Shown => matches!(status, 200..=299 | 400..=499),
        }
    }
}

/// One row of a verdict table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// HTTP status.
    pub status: Status,
    /// The cloud's error code; a star stands for any text, but `*` alone for any code
    /// there is; empty stands for any code and for none.
    pub code: &'static str,
    /// How it is read.
    pub reading: Reading,
    /// What it means, for the generated page.
    pub meaning: &'static str,
}

impl Row {
    fn covers(&self, status: u16, code: &str) -> bool {
        // A 5xx is no refusal, whatever code it carries, unless it is listed so.
        self.is_of(code) && self.status.covers(status)
    }

    fn is_of(&self, code: &str) -> bool {
        match self.code.split_once('*') {
            Some((before, after)) => {
                let rest = code.strip_prefix(before);
                !code.is_empty() && rest.is_some_and(|rest| rest.ends_with(after))
            }
            None => self.code.is_empty() || self.code == code,
        }
    }
}

/// The rows of a service, after which those of its gateway are asked.
#[derive(Clone, Copy, Debug)]
pub struct Rows(pub &'static [&'static [Row]]);

impl Rows {
    /// The first row for that answer. None: not listed, so for a mutating call
    /// nobody knows whether it had an effect.
    pub fn find(&self, status: u16, code: &str) -> Option<&'static Row> {
        let code = &canonical(code);
        let mut rows = self.0.iter().flat_map(|rows| rows.iter());
        rows.find(|row| row.covers(status, code))
    }

    /// The first row that names that code, whatever the status: for an answer that has an
    /// error in it and the status of a success.
    pub fn of_code(&self, code: &str) -> Option<&'static Row> {
        let code = &canonical(code);
        let mut rows = self.0.iter().flat_map(|rows| rows.iter());
        rows.find(|row| !matches!(row.code, "" | "*") && row.is_of(code))
    }
}

/// Huawei Cloud's gateway writes its codes with two prefixes.
pub(super) fn canonical(code: &str) -> String {
    match code.strip_prefix("APIG.") {
        Some(number) => format!("APIGW.{number}"),
        None => code.to_owned(),
    }
}

/// A refusal or fault as the cloud worded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; 0 if there was no readable answer.
    pub status: u16,
    /// The cloud's error code, or empty.
    pub code: String,
    /// The cloud's message, shortened and on one line.
    pub message: String,
    /// The cloud's request id, or empty.
    pub request_id: String,
    /// Ids in the answer that nothing else tells, by the cloud's names.
    pub ids: BTreeMap<String, String>,
    /// What else there is to say of it.
    pub more: Option<Box<More>>,
}

/// What few refusals have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct More {
    /// The API that was called, in the cloud's words; empty where the caller knows it.
    pub call: &'static str,
    /// More of the cloud's message (`error_detail`), or empty.
    pub detail: String,
    /// What an administrator can decode (`encoded_authorization_message`), or empty.
    pub encoded: String,
}

/// An answer with that status and code says no: it is no fault, and no success. Whether it
/// is documented as having no effect is for the tables to say.
pub fn says_no(status: u16, code: &str) -> bool {
    const FAULTS: [&str; 2] = ["InternalError", "InternalServiceTimeout"];
    match status {
        400..=499 => true,
        // Some clouds answer errors with a status of success.
        200..=299 => !code.is_empty() && !FAULTS.iter().any(|fault| code.starts_with(fault)),
        _ => false,
    }
}

impl Refusal {
    /// The cloud says no.
    pub fn says_no(&self) -> bool {
        says_no(self.status, &self.code)
    }

    /// The API that was called, where that is noted.
    pub fn call(&self) -> &'static str {
        self.more.as_ref().map_or("", |more| more.call)
    }

    /// The same of that API.
    pub fn of(mut self, call: &'static str) -> Self {
        self.more.get_or_insert_default().call = call;
        self
    }

    /// The permission that is missing: the one that the cloud names, else what the call
    /// needs.
    pub fn permission(&self) -> Option<Missing<'_>> {
        self.permission_for(self.call())
    }

    /// The same of a refusal to that call.
    pub fn permission_for(&self, call: &str) -> Option<Missing<'_>> {
        let detail = self.more.as_ref().map_or("", |more| &more.detail);
        let named = permission(&self.message).or_else(|| permission(detail));
        let of_call = || permissions::of_call(call).map(Missing::OfCall);
        named.map(Missing::Named).or_else(of_call)
    }

    /// Something that is no answer of the cloud: a time-out, a reset.
    pub fn of_transport(message: impl Into<String>) -> Self {
        Self {
            message: text::line(&message.into(), super::call::MESSAGE_LIMIT),
            ..Self::default()
        }
    }

    /// The message of a 401 about a key that may be good, and is locked.
    pub const LOCKED: &'static str = "the key is locked after too many bad signatures";

    /// The cloud has locked the key.
    pub fn says_locked(&self) -> bool {
        self.status == 401 && self.message == Self::LOCKED
    }

    /// `DCS.4239`, or `HTTP 502` where there is no code, or nothing.
    pub fn label(&self) -> String {
        match (self.code.as_str(), self.status) {
            ("", 0) => String::new(),
            ("", status) => format!("HTTP {status}"),
            (code, _) => code.to_owned(),
        }
    }

    /// It is refused to the address of the operator, not to the key.
    pub fn is_of_address(&self) -> bool {
        const CODES: [&str; 3] = ["APIGW.0401", "IpInBlacklist", "IpNotInWhitelist"];
        CODES.contains(&&*canonical(&self.code))
    }

    /// The project, the account or the API is refused, in the place of the connection: no
    /// permission of the key changes that.
    pub fn is_of_place(&self) -> bool {
        const CODES: [&str; 5] = [
            "APIGW.0304",
            "APIGW.0310",
            "APIGW.0402",
            "APIGW.0802",
            "ServiceShouldCallSelfApi",
        ];
        CODES.contains(&&*canonical(&self.code))
    }

    /// The service itself lacks the role that it acts with in the account. No permission of
    /// the key changes that.
    pub fn is_of_role(&self) -> bool {
        self.code == "UnauthorizedOperation.AutoScalingRoleUnauthorized"
    }

    /// A sentence of what was said to that. Without the request id, which differs each
    /// time.
    pub fn sentence(&self, of: &str) -> String {
        match (self.label(), self.message.trim_end_matches('.')) {
            (label, "") => format!("{of}: {label}."),
            (label, message) if label.is_empty() => format!("{of}: {message}."),
            (label, message) => format!("{of}: {label}: {message}."),
        }
    }
}

/// The first action in that text: `dcs:instance:get` or `as:CancelInstanceRefresh`.
fn permission(text: &str) -> Option<&str> {
    const NO_SERVICES: [&str; 6] = ["http", "https", "urn", "arn", "trn", "qcs"];
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_');
    text.split(|c| !is_part(c)).find(|word| {
        let parts: Vec<&str> = word.split(':').collect();
        let starts = |with: fn(&char) -> bool| {
            let first = |part: &&str| part.chars().next().is_some_and(|c| with(&c));
            parts.iter().all(|part| first(part) && part.len() <= 64)
        };
        let known = !NO_SERVICES.contains(&parts[0]);
        known
            && match parts[..] {
                [service, action] => {
                    let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
                    let named = action.starts_with(|c: char| c.is_ascii_uppercase());
                    service.chars().all(lower) && named && starts(char::is_ascii_alphabetic)
                }
                [_, _, _] => starts(char::is_ascii_alphabetic),
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn row(status: Status, code: &'static str) -> Row {
        Row {
            status,
            code,
            reading: Reading::Terminal,
            meaning: "",
        }
    }

    const ROWS: Rows = Rows(&[&[
        row(Status::Shown, "Shown"),
        row(Status::Shown, "Prefix*"),
        row(Status::Shown, "Group.*"),
        row(Status::Any4xx, "Client"),
        row(Status::Shown, "Inner*.Malformed"),
        row(Status::Is(401), "*"),
        row(Status::Is(429), ""),
        row(Status::Is(503), "Listed"),
    ]]);

    fn listed(status: u16, code: &str) -> bool {
        ROWS.find(status, code).is_some()
    }

    #[test]
    fn a_code_that_is_shown_with_any_status_is_a_refusal_but_not_in_a_fault() {
        for status in [200, 400, 404, 412, 429] {
            assert!(listed(status, "Shown"), "{status}");
        }
        for status in [0, 100, 302, 500, 502, 503] {
            assert!(!listed(status, "Shown"), "{status}");
        }
    }

    #[test]
    fn a_code_of_a_4xx_is_none_in_a_success_or_a_fault() {
        assert!(listed(400, "Client") && listed(499, "Client"));
        assert!(!listed(200, "Client") && !listed(500, "Client"));
    }

    #[test]
    fn a_fault_is_a_refusal_where_it_is_listed_so() {
        assert!(listed(503, "Listed"));
        assert!(!listed(503, "") && !listed(500, "Listed"));
    }

    #[test]
    fn a_star_stands_for_whatever_follows_and_nothing_else_does() {
        assert!(listed(200, "Prefix") && listed(200, "PrefixAndMore") && listed(200, "Prefix.X"));
        assert!(listed(200, "Group.X") && !listed(200, "Group") && !listed(200, "Groups"));
        assert!(!listed(200, "Pre") && !listed(200, "prefix") && !listed(200, "Shown.X"));
    }

    #[test]
    fn a_star_stands_for_any_text_in_the_middle_too() {
        assert!(listed(400, "InnerField.Malformed") && listed(400, "Inner.Malformed"));
        assert!(!listed(400, "InnerField.Unsupported") && !listed(400, "Field.Malformed"));
        assert!(!listed(400, "Inner"));
    }

    #[test]
    fn a_star_alone_takes_every_code_and_not_none() {
        assert!(listed(401, "Whatever") && !listed(401, "") && !listed(403, "Whatever"));
    }

    #[test]
    fn the_missing_permission_is_named_where_the_cloud_names_it() {
        for (message, named) in [
            (
                "Policy doesn't allow dcs:instance:cancelResizeTask to be performed.",
                Some("dcs:instance:cancelResizeTask"),
            ),
            (
                "User is not authorized to perform: ecs:DeleteScheduledInstance on resource: trn:ecs:cn-beijing:2100:instance/*",
                Some("ecs:DeleteScheduledInstance"),
            ),
            (
                "(as:CancelInstanceRefresh) qcs::as:ap-guangzhou:uin/1:auto-scaling-group/asg-1",
                Some("as:CancelInstanceRefresh"),
            ),
            ("see https://support.example/iam", None),
            ("at 12:30:00 denied: no", None),
            ("limit:200,time:1 minute", None),
            ("", None),
        ] {
            assert_eq!(permission(message), named, "{message}");
        }
    }

    #[test]
    fn what_says_no_is_no_fault_and_no_success() {
        for (status, code) in [(400, ""), (403, "X.1"), (429, ""), (200, "SomethingNew")] {
            assert!(says_no(status, code), "{status} {code}");
        }
        for (status, code) in [
            (0, ""),
            (200, ""),
            (302, ""),
            (500, "X.1"),
            (200, "InternalError.CallError"),
        ] {
            assert!(!says_no(status, code), "{status} {code}");
        }
    }

    #[test]
    fn a_row_without_a_code_takes_every_code_and_none() {
        assert!(listed(429, "") && listed(429, "Whatever"));
    }
}
