//! Queries and times as the newer services read them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::message::query_pairs;

/// The parameters of a query, decoded. An empty value counts as absent.
pub(crate) struct Query(Vec<(String, String)>);

/// A value that cannot be read, or a page that is out of range.
pub(crate) struct BadQuery;

/// Which part of a list is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Page {
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

impl Query {
    pub(crate) fn of(query: &str) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let pairs = query_pairs(query).into_iter();
        Self(
            pairs
                .map(|(name, value)| (text(name), text(value)))
                .filter(|(_, value)| !value.is_empty())
                .collect(),
        )
    }

    /// Every value of a repeated parameter.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = move |pair: &&(String, String)| pair.0 == name;
        self.0.iter().filter(named).map(|(_, value)| value.as_str())
    }

    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, BadQuery> {
        let value = self.get(name).map(str::parse);
        value.transpose().map_err(|_| BadQuery)
    }

    /// A time as BSS writes it.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, BadQuery> {
        self.get(name)
            .map(|text| parse_seconds(text).ok_or(BadQuery))
            .transpose()
    }

    /// `limit` and `offset`.
    pub(crate) fn page(
        &self,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Page, BadQuery> {
        let limit = self.number("limit")?.unwrap_or(default);
        let offset = self.number("offset")?.unwrap_or(0);
        if !range.contains(&limit) {
            return Err(BadQuery);
        }
        Ok(Page {
            offset: offset as usize,
            limit: limit as usize,
        })
    }
}

impl Page {
    pub(crate) fn of<T>(self, all: Vec<T>) -> Vec<T> {
        let rest = all.into_iter().skip(self.offset);
        rest.take(self.limit).collect()
    }
}

/// `2019-05-06T08:05:01Z`: UTC, whole seconds.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn parse_seconds(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y-%m-%dT%H:%M:%SZ", text).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}
