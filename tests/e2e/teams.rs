//! Teams that share a cluster: each has a namespace, and a client of its own for what a
//! kubectl process would be too slow.

use std::path::Path;

use errand_simulator::{DcsInstance, Seed};
use errand_testbed::{Bed, DCS_PROJECT, Plane};
use futures::{StreamExt as _, stream};
use http::{Method, Request};
use jiff::Timestamp;
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{ending, seconds};

/// Requests of a team at a time.
pub const AT_ONCE: usize = 8;

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
    pub fn path(self, namespace: &str) -> String {
        format!("/apis/{}/namespaces/{namespace}/{}", self.api, self.plural)
    }
}

/// A client with the rights of one user.
pub struct Tenant {
    runtime: Runtime,
    client: kube::Client,
    pub namespace: String,
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

    /// Does all of this, many at a time; what came of each, in order.
    pub fn all<T>(&self, work: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
        let all = stream::iter(work).buffered(AT_ONCE).collect();
        self.runtime.block_on(all)
    }

    /// Creates one object.
    pub fn post(&self, kind: Kind, object: &Value) {
        let path = kind.path(&self.namespace);
        let made = self.ask(Method::POST, &path, Some(object));
        self.runtime
            .block_on(made)
            .unwrap_or_else(|e| panic!("{path}: {e}"));
    }

    /// Creates objects, many at a time: each as the API server made it, and when it
    /// answered.
    pub fn create(
        &self,
        kind: Kind,
        objects: impl IntoIterator<Item = Value>,
    ) -> Vec<(Value, Timestamp)> {
        let path = kind.path(&self.namespace);
        let create = async |object: Value| {
            let made = self.ask(Method::POST, &path, Some(&object)).await;
            (
                made.unwrap_or_else(|e| panic!("{path}: {e}")),
                Timestamp::now(),
            )
        };
        self.all(objects.into_iter().map(create))
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

    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
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

/// How soon operations of a team were observed.
pub struct Figures {
    /// From creation to the first call in the simulator's journal, in milliseconds.
    pub first: Vec<i64>,
}

impl Figures {
    pub fn at(&self, percent: usize) -> i64 {
        self.first[(self.first.len() - 1) * percent / 100]
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (count, half, most) = (self.first.len(), self.at(50), self.at(100));
        write!(
            f,
            "{count} operations first observed after: p50 {half} ms, p99 {} ms, longest {most} ms",
            self.at(99)
        )
    }
}

/// The operator's `VmRSS` or `VmHWM`, in MiB.
pub fn memory(bed: &mut Bed, field: &str) -> u64 {
    let pid = bed.operator().pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kib.expect("the operator runs") / 1024
}

/// A team that works as usual, while others do not.
pub struct Team {
    pub tenant: Tenant,
    /// Numbers its operations.
    number: usize,
}

impl Team {
    pub fn new(tenant: Tenant) -> Self {
        Self { tenant, number: 0 }
    }

    /// Creates operations one after another, each once the one before
    /// was observed, until there are so many or it is `enough`.
    pub fn work(&mut self, bed: &Bed, most: usize, enough: impl Fn() -> bool) -> Figures {
        let mut first = Vec::new();
        while first.len() < most && !enough() {
            self.number += 1;
            let name = format!("work-{}", self.number);
            let instance = DcsInstance::new(&name).pending_change("task", "redis.big", 48 * 3600);
            let simulator = &bed.simulator;
            simulator.seed(Seed::new().dcs(DCS_PROJECT, instance));
            let created = simulator.now();
            self.tenant.post(KINDS[1], &cancellation(&name));
            let mut seen = None;
            bed.wait_until(&format!("{name} is observed"), || {
                seen = bed.simulator.first_call_about(&name);
                seen.is_some()
            });
            let took = seen.expect("waited for").as_millisecond() - created.as_millisecond();
            first.push(took);
        }
        first.sort_unstable();
        Figures { first }
    }

    /// Every operation of [`Team::work`] was cancelled, once.
    pub fn assert_work_is_done(&self, bed: &Bed) {
        let mut left = Vec::new();
        bed.wait_until("the team's operations have ended", || {
            if bed.clock.is_some() {
                bed.advance_if_led(seconds(1));
            }
            left = self.tenant.list(KINDS[1]);
            left.retain(|object| ending(object).outcome != "Cancelled");
            left.is_empty()
        });
        let effects = bed.simulator.journal().effects("dcs.cancel");
        assert_eq!(effects, self.number, "one for each");
    }
}

/// A ResizeCancellation for the instance of its name.
pub fn cancellation(name: &str) -> Value {
    json!({
        "apiVersion": "huawei.errand.cloud/v1alpha1",
        "kind": "ResizeCancellation",
        "metadata": {"name": name},
        "spec": {
            "connectionRef": {"kind": "CloudConnection", "name": "huawei-prod"},
            "instanceId": name,
            "taskId": "task",
        },
    })
}
