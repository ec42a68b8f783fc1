//! The list of one kind: streamed where the API server can, else in pages of bounded
//! size.

use http::Method;
use kube::Resource;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::super::read::{self, NotRead};
use super::decode::decode;
use super::{Event, Fault, Watch};

/// Objects of the first page, when nothing is known of their size.
pub(super) const FIRST_PAGE: usize = 64;
/// Objects of a page at most.
const LARGEST_PAGE: usize = 500;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMetadata {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl<R> Watch<R>
where
    R: Resource<DynamicType = ()> + DeserializeOwned + Send + 'static,
{
    /// Lists the kind, and watches it where one stream does both.
    pub(super) async fn list(&mut self) -> Result<(), Fault> {
        if self.streams && !std::mem::take(&mut self.pages_next) {
            match self.stream(None).await {
                Err(Fault::NotRead(e)) if matches!(e.code(), Some(400 | 422)) => {
                    tracing::debug!(kind = self.heard.kind(), "the API server streams no lists");
                    self.streams = false;
                }
                ended => {
                    // Where a streamed list fails in another way, pages may get through.
                    self.pages_next = self.version.is_none();
                    return ended;
                }
            }
        }
        self.pages().await
    }

    async fn pages(&mut self) -> Result<(), Fault> {
        let mut next: Option<String> = None;
        loop {
            let mut query = format!("limit={}", self.objects);
            if let Some(next) = &next {
                query.push_str("&continue=");
                query.push_str(&encoded(next));
            }
            let url = self.url.with(&query);
            // One object is always read, however large: nothing smaller can be asked.
            let most = match self.objects {
                1 => usize::MAX,
                _ => self.limits.page,
            };
            let request = read::request(Method::GET, &url, None)?;
            let page = match read::timed(read::answer(&self.client, request, most)).await {
                Err(NotRead::TooLong(_)) => {
                    self.objects /= 2;
                    continue;
                }
                Err(NotRead::NoAnswer) => {
                    // It may be the size.
                    self.objects = (self.objects / 2).max(1);
                    return Err(NotRead::NoAnswer.into());
                }
                Err(e) if e.code() == Some(410) => return Err(Fault::Expired),
                page => page?,
            };
            if next.is_none() {
                self.tell(Event::Begin).await?;
            }
            let (metadata, count) = self.show(&page).await?;
            self.objects = page_after(self.objects, count, page.len(), self.limits.page);
            next = metadata.next.filter(|next| !next.is_empty());
            if next.is_none() {
                return self.listed(metadata.resource_version).await;
            }
        }
    }

    /// Shows the objects of a page; how many there were.
    async fn show(&self, page: &[u8]) -> Result<(PageMetadata, usize), Fault> {
        let page: Page<'_> = serde_json::from_slice(page)
            .map_err(|e| Fault::Broken(format!("a page is no list: {:?} error", e.classify())))?;
        let items = page.items.unwrap_or_default();
        let count = items.len();
        for item in items {
            self.tell(match decode(item.get().as_bytes()) {
                Ok(object) => Event::Shown(object),
                Err(unreadable) => Event::Unreadable(unreadable),
            })
            .await?;
        }
        Ok((page.metadata, count))
    }
}

/// How many objects the next page has: as many as fill half a page at the size that
/// they had, but no more than twice as many as now, as the next may be larger.
fn page_after(now: usize, count: usize, bytes: usize, page: usize) -> usize {
    match bytes.checked_div(count) {
        None => now,
        Some(each) => (page / 2 / each.max(1)).clamp(1, (now * 2).min(LARGEST_PAGE)),
    }
}

/// As a value of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
