//! Metrics, with labels of bounded cardinality only: no names of objects, no ids.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::api_requests::ApiRequest;
use crate::api::State;

/// A cloud call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct CloudCall {
    pub(super) service: &'static str,
    pub(super) call: &'static str,
    /// accepted, refused, unknown, not_sent, ok or failed.
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
    /// stream, silent, expired, not_served or malformed.
    pub(super) fault: &'static str,
}

/// A look at an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Reconcile {
    pub(super) kind: String,
}

/// The states of the operations of one kind, and which of them are overdue.
type Count = Box<dyn Fn() -> Vec<(State, bool)> + Send + Sync>;

/// Counts operations by state when it is asked, from what the watches show.
#[derive(Clone, Default)]
pub(super) struct Census(Arc<Mutex<Vec<(String, Count)>>>);

impl Census {
    /// Counts this kind too.
    pub(super) fn add(&self, kind: String, count: Count) {
        self.lock().push((kind, count));
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Count)>> {
        self.0.lock().expect("no panic while it is held")
    }
}

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Census")
    }
}

impl Collector for Census {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Operations that the API server holds, by kind and state";
        let mut gauge = encoder.encode_descriptor(
            "errand_operations",
            help,
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        let mut overdue: Vec<(String, i64)> = Vec::new();
        for (kind, count) in self.lock().iter() {
            let mut states: BTreeMap<String, i64> = BTreeMap::new();
            let mut late = 0;
            for (state, is_overdue) in count() {
                *states.entry(state.word().to_owned()).or_default() += 1;
                late += i64::from(is_overdue);
            }
            overdue.push((kind.clone(), late));
            for (state, number) in states {
                let labels = [("kind", kind.as_str()), ("state", state.as_str())];
                let encoder = gauge.encode_family(&labels)?;
                ConstGauge::new(number).encode(encoder)?;
            }
        }
        let mut gauge = encoder.encode_descriptor(
            "errand_operations_overdue",
            "Operations that wait for longer than expected, by kind",
            None,
            prometheus_client::metrics::MetricType::Gauge,
        )?;
        for (kind, number) in overdue {
            let labels = [("kind", kind.as_str())];
            let encoder = gauge.encode_family(&labels)?;
            ConstGauge::new(number).encode(encoder)?;
        }
        Ok(())
    }
}

/// Every metric of the operator.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    pub(super) cloud_calls: Family<CloudCall, Counter>,
    pub(super) api_requests: Family<ApiRequest, Counter>,
    pub(super) ended: Family<Ended, Counter>,
    pub(super) reconciles: Family<Reconcile, Counter>,
    pub(super) census: Census,
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
            "api_requests",
            "Requests to the Kubernetes API server, by verb, resource and HTTP status",
            self.api_requests.clone(),
        );
        r.register(
            "operations_ended",
            "Operations that this process saw end, by kind and outcome",
            self.ended.clone(),
        );
        r.register(
            "reconciles",
            "Times that an operation was looked at, by kind",
            self.reconciles.clone(),
        );
        r.register(
            "watch_faults",
            "Errors of watches and objects that could not be read, by kind",
            self.watch_faults.clone(),
        );
        r.register("leader", "1 while this process leads", self.leader.clone());
        registry.register_collector(Box::new(self.census.clone()));
    }
}
