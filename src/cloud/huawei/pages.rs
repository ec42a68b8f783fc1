//! Lists that are given in pages, read to the last one.

use std::fmt::Display;

use serde::Deserializer;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::client::Client;
use crate::cloud::call::{CallError, parse};
use crate::cloud::room::Pages;
use crate::cloud::{Path, Query, lenient};

/// Largest page that is asked for.
const PAGE: u32 = 100;

/// Bytes of a page; no documented one is nearly as long.
const LONGEST_PAGE: usize = 1 << 20;

/// Never read a list that is longer than this.
const MAX_ITEMS: usize = 10_000;

/// Most pages that are read where the cloud does not say how many items there are.
const MAX_PAGES: usize = 100;

/// Every item of a list. `open` gives a page's items and how many the cloud says
/// there are in all. Where it does not say (`None`), or says fewer than it has given,
/// only an empty page is the end.
pub(super) async fn all<P: DeserializeOwned, T, C: Into<Option<u64>>>(
    client: &Client,
    call: &'static str,
    path: &Path,
    filters: &Query,
    mut open: impl FnMut(P) -> (Vec<T>, C),
) -> Result<Vec<T>, CallError> {
    let mut items: Vec<T> = Vec::new();
    let mut before = None;
    let mut pages = Pages::new(&client.transport, &client.key.namespace);
    for number in 1.. {
        let offset = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let query = filters.clone().number("offset", offset);
        let query = query.number("limit", PAGE);
        let body = client.get(call, path, &query).await?;
        let length = body.len();
        if length > LONGEST_PAGE {
            return Err(incomplete(items.len(), "more"));
        }
        let digest = Some(Sha256::digest(&body[..]));
        let (page, count) = open(parse(&body)?);
        drop(body);
        let got = page.len();
        pages.add::<T>(length, got).await?;
        items.extend(page);
        let read = items.len();
        let count = count.into().filter(|count| *count >= read as u64);
        let said = count.map_or_else(|| "more".to_owned(), |count| count.to_string());
        let whole = match count {
            Some(count) => got < PAGE as usize && count == read as u64,
            None => got == 0,
        };
        if got > 0 && digest == before {
            // The offset was ignored, so it cannot be told where the list ends.
            return Err(incomplete(read, said));
        }
        if whole && read < MAX_ITEMS {
            return Ok(items);
        }
        if got == 0 || read >= MAX_ITEMS || count.is_none() && number >= MAX_PAGES {
            return Err(incomplete(read, said));
        }
        before = digest;
    }
    unreachable!("the pages are counted")
}

/// How many there are in all; `None`: something else is in its place.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let number = lenient::number(from)?;
    Ok(number.and_then(|number| number.try_into().ok()))
}

/// A list that is not whole proves nothing by what it lacks.
fn incomplete(got: usize, count: impl Display) -> CallError {
    CallError::unreadable(format!("the list is not complete: {got} of {count}"))
}
