//! Metrics, with labels of bounded cardinality only: no names of objects, no ids.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::api_requests::ApiRequest;
use super::watch::{Heard, Hearing, Standing};
use crate::api::{Reason, State};

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

/// What is counted of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) state: State,
    /// Why it is Blocked.
    pub(super) blocked: Option<Reason>,
    pub(super) overdue: bool,
}

/// The operations of one kind.
type Count = Box<dyn Fn() -> Vec<Tally> + Send + Sync>;

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
        let (mut states, mut overdue, mut blocked) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, count) in self.lock().iter() {
            let mut of_kind: BTreeMap<String, i64> = BTreeMap::new();
            let mut reasons: BTreeMap<String, i64> = BTreeMap::new();
            let mut late = 0;
            for counted in count() {
                *of_kind.entry(counted.state.word().to_owned()).or_default() += 1;
                if let Some(reason) = counted.blocked {
                    *reasons.entry(reason.to_string()).or_default() += 1;
                }
                late += i64::from(counted.overdue);
            }
            for (reason, number) in reasons {
                blocked.push((vec![("kind", kind.clone()), ("reason", reason)], number));
            }
            overdue.push((vec![("kind", kind.clone())], late));
            for (state, number) in of_kind {
                states.push((vec![("kind", kind.clone()), ("state", state)], number));
            }
        }
        let help = "Operations that the API server holds, by kind and state";
        gauge(&mut encoder, "errand_operations", help, states)?;
        let help = "Operations that are Blocked, by kind and reason";
        gauge(&mut encoder, "errand_operations_blocked", help, blocked)?;
        let help = "Operations that wait for longer than expected, by kind";
        gauge(&mut encoder, "errand_operations_overdue", help, overdue)
    }
}

/// A gauge whose values, each with its labels, are made when they are asked for.
pub(super) fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Vec<(&'static str, String)>, i64)>,
) -> fmt::Result {
    let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    for (labels, value) in values {
        ConstGauge::new(value).encode(gauge.encode_family(&labels)?)?;
    }
    Ok(())
}

impl Collector for Hearing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        type Value = fn(&Heard) -> i64;
        let gauges: [(&str, &str, Value); 3] = [
            (
                "errand_watch_silence_seconds",
                "Seconds since the API server was heard on the watch of a kind",
                |kind| kind.silence().max(0) / 1000,
            ),
            (
                "errand_watch_listed",
                "1 if all objects of a kind were listed since this process leads",
                |kind| i64::from(kind.standing() == Standing::Listed),
            ),
            (
                "errand_watch_served",
                "0 while the API server does not know a kind because its CRD is missing",
                |kind| i64::from(kind.standing() != Standing::NotServed),
            ),
        ];
        for (name, help, value) in gauges {
            let kinds = self.kinds();
            let values = kinds.iter().map(|kind| {
                let labels = vec![("kind", kind.kind().to_owned())];
                (labels, value(kind))
            });
            gauge(&mut encoder, name, help, values)?;
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
