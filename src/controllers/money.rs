//! Whether a call may cost money: the ceiling of the operator's administrators, the
//! namespaces that they have selected, and what the connection allows. Everything in it
//! that decides is pure.
//!
//! It is asked before a call is first sent, and again whenever it is sent: between the
//! intent and the send, and by another pass that finds an intent that was not sent. What
//! was sent, or may have been, is followed to its end, whatever is allowed by now.

use std::collections::BTreeMap;

use errand_engine::Trouble;
use http::Method;
use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::connections::Unusable;
use super::read::{NotRead, answer, list_url, request, timed};
use super::selector::LabelSelector;
use super::troubles::{AGAIN_SOON, QUIET_UNAVAILABLE, blocked};
use crate::api::{PaidOperations, Policy, Reason};

/// Bytes of an answer about the labels of one namespace.
const ONE_NAMESPACE: usize = 4 << 20;

/// What the administrators of the operator let operations cost. Nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Ceiling {
    /// What policy.paidOperations of a connection can allow at most: `--paid-operations`.
    pub paid_operations: PaidOperations,
    /// Namespaces without these labels may cost nothing: `--paid-namespace-selector`.
    pub namespaces: Option<LabelSelector>,
}

impl Ceiling {
    /// Why an operator that works in these namespaces cannot go by it.
    pub(super) fn unusable(&self, watch_namespace: Option<&str>) -> Option<&'static str> {
        // A Role gives no right to read a namespace's labels.
        (self.namespaces.is_some() && watch_namespace.is_some()).then_some(
            "--paid-namespace-selector cannot be combined with --watch-namespace: an operator for one namespace cannot read its labels. Leave the selector out, and say by --paid-operations whether that namespace may pay",
        )
    }
}

/// Whether the labels of a namespace match `--paid-namespace-selector`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Labels {
    /// There is no selector, or the answer changes nothing.
    NotAsked,
    Match,
    Differ,
    /// They could not be read, because of this.
    Unread(String),
}

/// What a call costs, and whether its namespace is one that may pay.
#[derive(Clone, Debug)]
pub(super) struct Charge {
    wanted: PaidOperations,
    namespace: String,
    labels: Labels,
}

impl Charge {
    /// For a call that costs money (`paid`) or does not, of an operation that is paid in
    /// that way. Reads the labels of its namespace if they count.
    pub(super) async fn of(
        client: &Client,
        ceiling: &Ceiling,
        namespace: &str,
        paid: bool,
        payment: PaidOperations,
    ) -> Self {
        let wanted = match paid {
            // A paid call costs something, whatever its kind says of its payment.
            true => payment.max(PaidOperations::ManualPayment),
            false => PaidOperations::Forbid,
        };
        let counts = wanted != PaidOperations::Forbid && ceiling.paid_operations >= wanted;
        let labels = match ceiling.namespaces.as_ref().filter(|_| counts) {
            None => Labels::NotAsked,
            Some(selector) => match labels(client, namespace).await {
                Ok(labels) if selector.matches(&labels) => Labels::Match,
                Ok(_) => Labels::Differ,
                Err(why) => Labels::Unread(why),
            },
        };
        Self {
            wanted,
            namespace: namespace.to_owned(),
            labels,
        }
    }

    /// Why the call must not be sent through a connection with that policy, or from
    /// this cluster.
    pub(super) fn refused(
        &self,
        ceiling: &Ceiling,
        policy: &Policy,
        cluster: Option<&str>,
    ) -> Option<Unusable> {
        if let Some(text) = self.forbidden(ceiling, policy) {
            let unusable = blocked(Reason::PAID_OPERATIONS_FORBIDDEN, text);
            return Some(match self.labels {
                Labels::Unread(_) => Unusable {
                    trouble: Trouble {
                        quiet: QUIET_UNAVAILABLE,
                        pause: Some(AGAIN_SOON),
                        ..unusable.trouble
                    },
                    ..unusable
                },
                _ => unusable,
            });
        }
        let text = self.elsewhere(policy, cluster)?;
        Some(blocked(Reason::CONNECTION_MISMATCH, text))
    }

    /// The one decision about money: everything that forbids the call, as a sentence.
    fn forbidden(&self, ceiling: &Ceiling, policy: &Policy) -> Option<String> {
        let wanted = self.wanted;
        if wanted == PaidOperations::Forbid {
            return None;
        }
        let mut by = Vec::new();
        if ceiling.paid_operations < wanted {
            by.push(format!(
                "--paid-operations of the operator (chart value operator.paidOperations) is {}",
                ceiling.paid_operations
            ));
        }
        if let Some(selector) = &ceiling.namespaces {
            let namespace = &self.namespace;
            let flag = format!(
                "--paid-namespace-selector of the operator (chart value operator.paidNamespaceSelector) is {selector}"
            );
            match &self.labels {
                Labels::Match | Labels::NotAsked => {}
                Labels::Differ => by.push(format!(
                    "{flag}, which the labels of namespace {namespace} do not match"
                )),
                Labels::Unread(why) => by.push(format!(
                    "{flag}, and the labels of namespace {namespace} cannot be read: {why}"
                )),
            }
        }
        let allowed = policy.paid_operations.unwrap_or_default();
        if allowed < wanted {
            by.push(format!(
                "policy.paidOperations of the connection is {allowed}"
            ));
        }
        (!by.is_empty()).then(|| format!("{}; this operation needs {wanted}.", by.join("; ")))
    }

    /// Why it is not sent from this cluster. A copy of the objects in another cluster
    /// must not order again what this one orders.
    fn elsewhere(&self, policy: &Policy, cluster: Option<&str>) -> Option<String> {
        if self.wanted == PaidOperations::Forbid {
            return None;
        }
        match (policy.cluster_id.as_deref(), cluster) {
            (Some(meant), Some(here)) if meant == here => None,
            (_, None) => Some("The operator was not told which cluster this is (--cluster-id), so it sends nothing that costs money.".to_owned()),
            (meant, Some(here)) => Some(format!(
                "policy.clusterId of the connection is {}, and this cluster is {here}: what costs money is sent from there only.",
                meant.unwrap_or("not given")
            )),
        }
    }
}

/// The labels of a namespace, from the API server and not from a watch. A list of one,
/// because the operator has the right to list namespaces and not to get each.
async fn labels(client: &Client, namespace: &str) -> Result<BTreeMap<String, String>, String> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        name: String,
        #[serde(default)]
        labels: BTreeMap<String, String>,
    }
    let read = async {
        let name = utf8_percent_encode(namespace, NON_ALPHANUMERIC);
        let url = list_url::<Namespace>(None)?;
        let url = url.with(&format!("fieldSelector=metadata.name%3D{name}"));
        timed(answer(
            client,
            request(Method::GET, &url, None)?,
            ONE_NAMESPACE,
        ))
        .await
    };
    let found = read.await.map_err(|e| match e {
        NotRead::Refused(status) if status.code == 403 => {
            "the operator may not list namespaces (errand rbac)".to_owned()
        }
        _ => "the API server does not answer".to_owned(),
    })?;
    let list: List =
        serde_json::from_slice(&found).map_err(|_| "the answer is not a list".to_owned())?;
    let mut items = list.items.into_iter();
    let found = items.find(|item| item.metadata.name == namespace);
    let found = found.ok_or_else(|| "the namespace does not exist".to_owned())?;
    Ok(found.metadata.labels)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fake_api::{block_on, client, failure};
    use super::PaidOperations::{AutomaticPayment, Forbid, ManualPayment};
    use super::*;
    use crate::operations::code;

    const FLAG: &str = "--paid-operations of the operator (chart value operator.paidOperations)";
    const SELECTOR: &str = "--paid-namespace-selector of the operator (chart value operator.paidNamespaceSelector) is pays=yes";
    const FIELD: &str = "policy.paidOperations of the connection";
    const ALL: [PaidOperations; 3] = [Forbid, ManualPayment, AutomaticPayment];

    fn ceiling(paid_operations: PaidOperations, selector: Option<&str>) -> Ceiling {
        let namespaces = selector.map(|text| text.parse().expect("a selector"));
        Ceiling {
            paid_operations,
            namespaces,
        }
    }

    fn policy(paid_operations: PaidOperations) -> Policy {
        Policy {
            paid_operations: Some(paid_operations),
            cluster_id: Some("here".to_owned()),
            ..Policy::default()
        }
    }

    fn charge(wanted: PaidOperations, labels: Labels) -> Charge {
        Charge {
            wanted,
            namespace: "team".to_owned(),
            labels,
        }
    }

    #[test]
    fn a_call_is_paid_only_where_every_limit_allows_it() {
        for wanted in ALL {
            for flag in ALL {
                for field in ALL {
                    for labels in [Labels::NotAsked, Labels::Match, Labels::Differ] {
                        let selector = (labels != Labels::NotAsked).then_some("pays=yes");
                        let charge = charge(wanted, labels.clone());
                        let told = charge.forbidden(&ceiling(flag, selector), &policy(field));
                        let free = wanted == Forbid;
                        let by = [
                            (FLAG, flag < wanted),
                            (SELECTOR, labels == Labels::Differ && !free),
                            (FIELD, field < wanted),
                        ];
                        let case = format!("{wanted} {flag} {field} {labels:?}: {told:?}");
                        let refused = by.iter().any(|(_, forbids)| *forbids);
                        assert_eq!(told.is_some(), refused, "{case}");
                        let told = told.unwrap_or_default();
                        for (name, forbids) in by {
                            assert_eq!(told.contains(name), forbids, "{name}: {case}");
                        }
                        let needs = format!("this operation needs {wanted}.");
                        assert!(!refused || told.ends_with(&needs), "{case}");
                    }
                }
            }
        }
    }

    #[test]
    fn without_a_policy_or_a_flag_nothing_costs_money() {
        let told = charge(ManualPayment, Labels::NotAsked)
            .forbidden(&Ceiling::default(), &Policy::default());
        let told = told.expect("forbidden");
        for words in [FLAG, FIELD] {
            assert!(told.contains(&format!("{words} is Forbid")), "{told}");
        }
    }

    #[test]
    fn what_costs_money_is_sent_from_one_cluster_only() {
        let all = ceiling(AutomaticPayment, None);
        let charge = |wanted| charge(wanted, Labels::NotAsked);
        let reason = |wanted, cluster| {
            let refused = charge(wanted).refused(&all, &policy(AutomaticPayment), cluster);
            refused.map(|unusable| unusable.trouble.code)
        };
        assert_eq!(reason(AutomaticPayment, Some("here")), None);
        for cluster in [None, Some("there")] {
            let mismatch = Some(code(Reason::CONNECTION_MISMATCH));
            assert_eq!(reason(ManualPayment, cluster), mismatch, "{cluster:?}");
            assert_eq!(reason(Forbid, cluster), None, "{cluster:?}");
        }
    }

    #[test]
    fn a_selector_is_for_an_operator_of_all_namespaces() {
        let selecting = ceiling(AutomaticPayment, Some("pays=yes"));
        assert_eq!(selecting.unusable(None), None);
        let why = selecting.unusable(Some("team")).expect("refused");
        for flag in ["--paid-namespace-selector", "--watch-namespace"] {
            assert!(why.contains(flag), "{why}");
        }
        assert_eq!(ceiling(AutomaticPayment, None).unusable(Some("team")), None);
    }

    /// What is read of a namespace, from an API server that answers so.
    fn read(
        paid: bool,
        ceiling: &Ceiling,
        answer: (u16, serde_json::Value),
    ) -> (Charge, Option<String>) {
        let (asked, urls) = std::sync::mpsc::channel();
        let charge = block_on(async {
            let client = client(move |request| {
                let url = request.uri().to_string();
                asked.send(url).expect("it is listened to");
                answer.clone()
            });
            Charge::of(&client, ceiling, "team", paid, AutomaticPayment).await
        });
        (charge, urls.try_recv().ok())
    }

    fn listed(labels: serde_json::Value) -> (u16, serde_json::Value) {
        let time = "9999-12-31T23:59:59Z";
        let metadata = json!({"name": "team", "labels": labels, "managedFields": [{"time": time}]});
        (200, json!({"items": [{"metadata": metadata}]}))
    }

    #[test]
    fn labels_are_read_each_time_and_only_where_they_count() {
        let all = ceiling(AutomaticPayment, Some("pays=yes"));
        let (charge, url) = read(true, &all, listed(json!({"pays": "yes"})));
        assert_eq!(charge.labels, Labels::Match);
        let url = url.expect("the API server was asked");
        assert!(
            url.ends_with("/api/v1/namespaces?fieldSelector=metadata.name%3Dteam"),
            "{url}"
        );
        for labels in [json!({"pays": "no"}), json!({}), json!(null)] {
            // Labels that are absent are no field at all.
            let answer = match labels.is_null() {
                true => (200, json!({"items": [{"metadata": {"name": "team"}}]})),
                false => listed(labels),
            };
            assert_eq!(read(true, &all, answer).0.labels, Labels::Differ);
        }
        for (paid, ceiling) in [
            (false, all.clone()),
            (true, ceiling(ManualPayment, Some("pays=yes"))),
            (true, ceiling(AutomaticPayment, None)),
        ] {
            let (charge, url) = read(paid, &ceiling, failure(500, "asked"));
            assert_eq!(
                (charge.labels, url),
                (Labels::NotAsked, None),
                "{ceiling:?}"
            );
        }
    }

    #[test]
    fn labels_that_cannot_be_read_forbid_it_and_are_read_again_soon() {
        let all = ceiling(AutomaticPayment, Some("pays=yes"));
        for (answer, why) in [
            (failure(403, "Forbidden"), "may not list namespaces"),
            (failure(500, "InternalError"), "does not answer"),
            ((200, json!({"items": []})), "does not exist"),
            ((200, json!({"kind": "Namespace"})), "not a list"),
        ] {
            let (charge, _) = read(true, &all, answer);
            let refused = charge.refused(&all, &policy(AutomaticPayment), Some("here"));
            let refused = refused.expect(why);
            assert!(refused.text.contains(why), "{}", refused.text);
            assert_eq!(
                refused.trouble.code,
                code(Reason::PAID_OPERATIONS_FORBIDDEN)
            );
            assert_eq!(refused.trouble.pause, Some(AGAIN_SOON));
        }
    }

    #[test]
    fn a_paid_call_costs_something_whatever_its_kind_says() {
        let charge = block_on(async {
            let client = client(|_| panic!("nothing is read"));
            Charge::of(&client, &Ceiling::default(), "team", true, Forbid).await
        });
        assert_eq!(charge.wanted, ManualPayment);
    }
}
