//! The frames of a watch: a JSON document in each line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kube::core::Status;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::read::NotRead;
use super::Fault;

/// Bytes of one line. etcd's limit for an object is far below.
const LONGEST: usize = 64 << 20;

/// What has come and is no whole line yet.
#[derive(Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Up to here no line ends.
    searched: usize,
}

impl Lines {
    /// More has come.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), Fault> {
        if self.bytes.len() + chunk.len() > LONGEST {
            return Err(Fault::Broken(format!(
                "a line is longer than {LONGEST} bytes"
            )));
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The next whole line.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.bytes[self.searched..].iter().position(|b| *b == b'\n');
        let Some(end) = end else {
            self.searched = self.bytes.len();
            return None;
        };
        let rest = self.bytes.split_off(self.searched + end + 1);
        self.searched = 0;
        Some(std::mem::replace(&mut self.bytes, rest))
    }
}

/// What an event says of its object.
pub(super) enum Sort {
    Shown,
    Gone,
    Bookmark {
        version: Option<String>,
        /// All that was there when the list was asked for has been shown.
        ends_list: bool,
    },
    /// A newer API server's.
    Unknown,
}

/// One event.
pub(super) struct Line<'a> {
    pub(super) sort: Sort,
    pub(super) object: &'a RawValue,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type", borrow)]
    type_: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Mark {
    metadata: MarkMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MarkMetadata {
    resource_version: Option<String>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl<'a> Line<'a> {
    /// An error that the API server tells in the stream is one here, too.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, Fault> {
        let broken = |e: serde_json::Error| {
            // Without its text, which quotes the line.
            Fault::Broken(format!("a line is no event: {:?} error", e.classify()))
        };
        let Frame { type_, object } = serde_json::from_slice(line).map_err(broken)?;
        let sort = match &*type_ {
            "ADDED" | "MODIFIED" => Sort::Shown,
            "DELETED" => Sort::Gone,
            "BOOKMARK" => {
                let Mark { metadata } = serde_json::from_str(object.get()).map_err(broken)?;
                let annotations = metadata.annotations.unwrap_or_default();
                let end = annotations.get("k8s.io/initial-events-end");
                Sort::Bookmark {
                    version: metadata.resource_version,
                    ends_list: end.is_some_and(|end| end == "true"),
                }
            }
            "ERROR" => {
                let status: Status = serde_json::from_str(object.get()).map_err(broken)?;
                return Err(match status.code {
                    410 => Fault::Expired,
                    _ => Fault::NotRead(NotRead::Refused(Box::new(status))),
                });
            }
            _ => Sort::Unknown,
        };
        Ok(Self { sort, object })
    }
}
