//! Creates drawn objects as a tenant does, many at a time, and reads them again.

use std::path::Path;

use errand_testbed::Plane;
use futures::{StreamExt as _, stream};
use http::{Method, Request};
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::draw::{Draw, Drawn};

/// Requests at a time.
const AT_ONCE: usize = 8;

/// A kind of object: its name, and the path of its list.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    api: &'static str,
    plural: &'static str,
}

/// Every kind that a tenant writes.
pub const KINDS: [Kind; 6] = [
    Kind {
        name: "CloudConnection",
        api: "errand.cloud/v1alpha1",
        plural: "cloudconnections",
    },
    Kind {
        name: "ResizeCancellation",
        api: "huawei.errand.cloud/v1alpha1",
        plural: "resizecancellations",
    },
    Kind {
        name: "DesktopOrder",
        api: "huawei.errand.cloud/v1alpha1",
        plural: "desktoporders",
    },
    Kind {
        name: "InstanceObservation",
        api: "huawei.errand.cloud/v1alpha1",
        plural: "instanceobservations",
    },
    Kind {
        name: "InstanceRefresh",
        api: "tencent.errand.cloud/v1alpha1",
        plural: "instancerefreshes",
    },
    Kind {
        name: "ScheduledInstanceReservation",
        api: "volcengine.errand.cloud/v1alpha1",
        plural: "scheduledinstancereservations",
    },
];

impl Kind {
    fn path(self, namespace: &str) -> String {
        format!("/apis/{}/namespaces/{namespace}/{}", self.api, self.plural)
    }
}

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

/// A client with the rights of one user.
pub struct Tenant {
    runtime: Runtime,
    client: kube::Client,
    namespace: String,
}

impl Tenant {
    /// With the rights that this kubeconfig gives.
    pub fn new(kubeconfig: &Path, namespace: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let file = Kubeconfig::read_from(kubeconfig).expect("its kubeconfig");
        let client = runtime.block_on(async {
            let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await;
            kube::Client::try_from(config.expect("a usable kubeconfig"))
        });
        Self {
            runtime,
            client: client.expect("a client"),
            namespace: namespace.to_owned(),
        }
    }

    /// With every right.
    pub fn admin(plane: &Plane, namespace: &str) -> Self {
        Self::new(plane.control_plane().kubeconfig(), namespace)
    }

    /// Creates this many objects, of which a hundredth is over 500 kB.
    pub fn flood(&self, kind: Kind, count: usize, seed: u64) -> Created {
        let mut draw = Draw::new(kind.name, seed);
        let mut created = Created::default();
        let mut left: Vec<(usize, bool)> = (0..count).map(|n| (n, n % 100 == 7)).collect();
        for _ in 0..40 {
            let drawn = left.iter().map(|(n, giant)| draw.object(*n, *giant));
            let work = drawn.map(|drawn| self.create(kind, drawn));
            let done = stream::iter(work).buffered(AT_ONCE).collect::<Vec<_>>();
            let done = self.runtime.block_on(done);
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
    async fn create(&self, kind: Kind, drawn: Drawn) -> Result<(usize, bool), String> {
        let path = kind.path(&self.namespace);
        let made = self.ask(Method::POST, &path, Some(&drawn.object)).await?;
        let name = drawn.object["metadata"]["name"].as_str().expect("a name");
        let mut bytes = made.to_string().len();
        let mut with_status = false;
        if let Some(status) = drawn.status {
            let body = json!({"status": status});
            let path = format!("{path}/{name}/status");
            if let Ok(written) = self.ask(Method::PATCH, &path, Some(&body)).await {
                bytes = written.to_string().len();
                with_status = true;
            }
        }
        if drawn.deleted {
            // It may have expired already.
            let _ = self
                .ask(Method::DELETE, &format!("{path}/{name}"), None)
                .await;
        }
        Ok((bytes, with_status))
    }

    /// Creates one object.
    pub fn post(&self, kind: Kind, object: &Value) {
        let path = kind.path(&self.namespace);
        let made = self.ask(Method::POST, &path, Some(object));
        self.runtime
            .block_on(made)
            .unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// All objects of a kind.
    pub fn list(&self, kind: Kind) -> Vec<Value> {
        self.pages(&kind.path(&self.namespace))
    }

    /// All events.
    pub fn events(&self) -> Vec<Value> {
        let path = format!(
            "/apis/events.k8s.io/v1/namespaces/{}/events",
            self.namespace
        );
        self.pages(&path)
    }

    fn pages(&self, path: &str) -> Vec<Value> {
        let (mut items, mut next) = (Vec::new(), String::new());
        loop {
            let url = format!("{path}?limit=200&continue={next}");
            let page = self.ask(Method::GET, &url, None);
            let mut page = self.runtime.block_on(page).expect("a page of the list");
            items.append(page["items"].as_array_mut().expect("items"));
            match page["metadata"]["continue"].as_str() {
                Some(more) if !more.is_empty() => next = more.to_owned(),
                _ => return items,
            }
        }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let sort = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", sort)
            .body(
                body.map(ToString::to_string)
                    .unwrap_or_default()
                    .into_bytes(),
            )
            .map_err(|e| e.to_string())?;
        match self.client.request::<Value>(request).await {
            Ok(answer) => Ok(answer),
            Err(kube::Error::Api(refusal)) => Err(refusal.message.chars().take(300).collect()),
            Err(e) => Err(e.to_string()),
        }
    }
}
