//! Lists that are given in pages, read to the last one.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use super::client::Client;
use crate::cloud::call::{CallError, parse};

/// Largest page that is asked for.
const PAGE: usize = 100;

/// Never read a list that is longer than this.
const MAX_ITEMS: usize = 10_000;

/// Every item of a list. `open` gives a page's items and how many the cloud says
/// there are in all. Where it does not say (`None`), only an empty page is the end.
pub(super) async fn all<P: DeserializeOwned, T, C: Into<Option<u64>>>(
    client: &Client,
    path: &str,
    filters: &[(&str, String)],
    mut open: impl FnMut(P) -> (Vec<T>, C),
) -> Result<Vec<T>, CallError> {
    let mut items: Vec<T> = Vec::new();
    loop {
        let paging = [
            ("offset", items.len().to_string()),
            ("limit", PAGE.to_string()),
        ];
        let query: Vec<(String, String)> = filters
            .iter()
            .chain(&paging)
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        let (page, count) = open(parse(&client.get(path, &query).await?)?);
        let got = page.len();
        items.extend(page);
        let Some(count) = count.into() else {
            match got {
                _ if items.len() >= MAX_ITEMS => return Err(incomplete(items.len(), "more")),
                0 => return Ok(items),
                _ => continue,
            }
        };
        let all = items.len() as u64 >= count;
        match got {
            _ if items.len() >= MAX_ITEMS => return Err(incomplete(items.len(), count)),
            0 if !all => return Err(incomplete(items.len(), count)),
            0..PAGE if all => return Ok(items),
            _ => {}
        }
    }
}

/// A list that is not whole proves nothing by what it lacks.
fn incomplete(got: usize, count: impl Display) -> CallError {
    CallError::unreadable(format!("the list is not complete: {got} of {count}"))
}
