//! Metrics, with labels of bounded cardinality only: no names of objects, no ids.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// A cloud call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CloudCall {
    pub(super) service: &'static str,
    pub(super) call: &'static str,
    /// accepted, refused, unknown, not_sent, ok or failed.
    pub(super) result: &'static str,
}

/// A request to the API server that changes something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ApiWrite {
    /// Plural of the resource, with its subresource.
    pub(super) resource: String,
    /// ok, conflict, gone or failed.
    pub(super) result: &'static str,
}

/// How an operation ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Ended {
    pub(super) kind: String,
    /// Of the closed list.
    pub(super) outcome: String,
}

/// Something that a stream or a stored object did wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WatchFault {
    pub(super) kind: String,
    /// stream or malformed.
    pub(super) fault: &'static str,
}

/// Every metric of the operator.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    pub(super) cloud_calls: Family<CloudCall, Counter>,
    pub(super) api_writes: Family<ApiWrite, Counter>,
    pub(super) ended: Family<Ended, Counter>,
    pub(super) sessions: Counter,
    pub(super) watch_faults: Family<WatchFault, Counter>,
    pub(super) leader: Gauge,
}

impl Metrics {
    /// Names them for `/metrics`.
    pub(super) fn register(&self, registry: &mut Registry) {
        let r = registry.sub_registry_with_prefix("errand");
        r.register(
            "cloud_calls",
            "Calls to clouds, by service, call and result",
            self.cloud_calls.clone(),
        );
        r.register(
            "api_writes",
            "Writes to the Kubernetes API server, by resource and result",
            self.api_writes.clone(),
        );
        r.register(
            "operations_ended",
            "Operations that this process saw end, by kind and outcome",
            self.ended.clone(),
        );
        r.register(
            "sessions",
            "Times that an object was looked at",
            self.sessions.clone(),
        );
        r.register(
            "watch_faults",
            "Errors of watches and objects that could not be read, by kind",
            self.watch_faults.clone(),
        );
        r.register("leader", "1 while this process leads", self.leader.clone());
    }
}
