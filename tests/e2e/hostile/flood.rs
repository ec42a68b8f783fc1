//! Creates drawn objects as a tenant does, many at a time.

use http::Method;
use serde_json::json;

use super::draw::{Draw, Drawn};
use crate::teams::{Kind, Tenant};

/// What came of creating objects of a kind.
#[derive(Debug, Default)]
pub struct Created {
    pub objects: usize,
    pub statuses: usize,
    pub bytes: usize,
    /// Drawn, and refused by the API server; another one was drawn instead.
    pub refused: usize,
    pub last_refusal: String,
}

/// Creates this many objects, of which a hundredth is over 500 kB.
pub fn flood(tenant: &Tenant, kind: Kind, count: usize, seed: u64) -> Created {
    let mut draw = Draw::new(kind.name, seed);
    let mut created = Created::default();
    let mut left: Vec<(usize, bool)> = (0..count).map(|n| (n, n % 100 == 7)).collect();
    for _ in 0..40 {
        let drawn = left.iter().map(|(n, giant)| draw.object(*n, *giant));
        let done = tenant.all(drawn.map(|drawn| create(tenant, kind, drawn)));
        let mut again = Vec::new();
        for (of, made) in left.into_iter().zip(done) {
            match made {
                Ok((bytes, with_status)) => {
                    created.objects += 1;
                    created.statuses += usize::from(with_status);
                    created.bytes += bytes;
                }
                Err(refusal) => {
                    created.refused += 1;
                    created.last_refusal = refusal;
                    again.push(of);
                }
            }
        }
        left = again;
    }
    assert!(left.is_empty(), "{}: {created:?}", kind.name);
    created
}

/// The bytes of the object, and whether its status was accepted.
async fn create(tenant: &Tenant, kind: Kind, drawn: Drawn) -> Result<(usize, bool), String> {
    let path = kind.path(&tenant.namespace);
    let made = tenant.ask(Method::POST, &path, Some(&drawn.object)).await?;
    let name = drawn.object["metadata"]["name"].as_str().expect("a name");
    let mut bytes = made.to_string().len();
    let mut with_status = false;
    if let Some(status) = drawn.status {
        let body = json!({"status": status});
        let path = format!("{path}/{name}/status");
        if let Ok(written) = tenant.ask(Method::PATCH, &path, Some(&body)).await {
            bytes = written.to_string().len();
            with_status = true;
        }
    }
    if drawn.deleted {
        // It may have expired already.
        let _ = tenant
            .ask(Method::DELETE, &format!("{path}/{name}"), None)
            .await;
    }
    Ok((bytes, with_status))
}
