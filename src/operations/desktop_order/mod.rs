//! Order a change of a Workspace desktop, which may cost money.
//!
//! The desktop is the proof; the order in BSS, which a key often may not read,
//! says how far it is (contracts: e.4).

mod earlier;
mod facts;
mod left;
mod open_orders;
mod plan;
mod resource;
#[cfg(test)]
mod samples;
mod sentences;
mod standing;
mod trace;
mod words;

use errand_engine::{Class, Tick};

use self::open_orders::note_placed;
use super::{
    Asked, Assessment, Call, CallRules, Claimant, Clients, Guide, Kind, Object, Others, Place,
    Recorded,
};
use crate::api::{KindInfo, LedgerTarget, PaidOperations, Reason, Timestamp};
use crate::cloud::huawei::bss;
use crate::cloud::huawei::workspace::{self, Change, ChangeOrder, Period};
use crate::cloud::{Arguments, CallError, Ids, Service};
use crate::mistakes::Mistake;

pub use earlier::{Earlier, StillOpen};
pub use facts::{Candidate, Facts, Orders};
pub use open_orders::{About, OpenOrder, OpenOrders, Target, Unchecked};
pub use resource::{
    DesktopChange, DesktopObservation, DesktopOrder, DesktopOrderSpec, DesktopOrderStatus,
    ExpandVolume, Payment, Resize, Subscribe, TermUnit,
};

/// The kind.
#[derive(Clone, Copy, Debug)]
pub struct OrderDesktop;

/// Never: it has no idempotency token, each call may place another order, and one that
/// does not show may be there all the same.
static ORDER: CallRules = CallRules {
    ledger: true,
    payment: Some(payment),
    ..CallRules::new(
        0,
        "CreateChangeOrder",
        &workspace::CREATE_CHANGE_ORDER,
        Class::Never,
    )
};

fn payment(arguments: &Arguments) -> PaidOperations {
    match ChangeOrder::of(arguments) {
        Some(order) if !order.auto_pay => PaidOperations::ManualPayment,
        _ => PaidOperations::AutomaticPayment,
    }
}

/// The call that places that order.
fn call_of(spec: &DesktopOrderSpec, order: &ChangeOrder<'_>) -> Call {
    Call::new(&ORDER, order.arguments(&spec.desktop_id))
}

/// The order that a spec asks for; `None`: it does not name exactly one change,
/// which the API server should have refused.
fn order(spec: &DesktopOrderSpec) -> Option<ChangeOrder<'_>> {
    let asked = &spec.change;
    let change = match (&asked.resize, &asked.expand_volume, &asked.subscribe) {
        (Some(resize), None, None) => Change::Resize {
            product: &resize.product_id,
        },
        (None, Some(expand), None) => Change::ExpandVolume {
            volume: &expand.volume_id,
            size: expand.size_gib,
        },
        (None, None, Some(subscribe)) => Change::Subscribe {
            unit: match subscribe.unit {
                TermUnit::Month => Period::Month,
                TermUnit::Year => Period::Year,
            },
            count: subscribe.count,
            auto_renew: subscribe.auto_renew.unwrap_or(false),
        },
        _ => return None,
    };
    Some(ChangeOrder {
        change,
        enterprise_project: spec.enterprise_project_id.as_deref(),
        auto_pay: spec.payment == Payment::Automatic,
    })
}

/// The call that is to be traced, with what is known of it.
#[derive(Clone, Copy)]
struct OpenCall<'a> {
    recorded: &'a Recorded,
    /// Its order, if its answer or an earlier look told that.
    order_id: Option<&'a str>,
    job_id: Option<&'a str>,
    /// What it asked for.
    asks: Option<ChangeOrder<'a>>,
}

impl<'a> OpenCall<'a> {
    fn of(object: &'a DesktopOrder, recorded: &'a Recorded) -> Self {
        // What was observed is of this object's own call.
        let status = object.status.as_ref().filter(|_| !recorded.foreign);
        let observed = status.and_then(|status| status.observed.as_ref());
        let id = |name| recorded.ids.get(name).map(String::as_str);
        let asks = match recorded.body.as_deref() {
            Some(body) => ChangeOrder::read(body),
            None if recorded.foreign => None,
            None => order(&object.spec),
        };
        Self {
            recorded,
            order_id: id("order_id").or_else(|| observed?.order_id.as_deref()),
            job_id: id("job_id").or_else(|| observed?.job_id.as_deref()),
            asks,
        }
    }
}

impl Object for DesktopOrder {
    type Observed = DesktopObservation;

    const INFO: KindInfo = resource::INFO;

    fn asked(&self) -> Asked<'_> {
        Asked::of(&self.spec.common)
    }

    fn target(&self) -> String {
        match &self.spec.change.expand_volume {
            Some(expand) => format!("{}/{}", self.spec.desktop_id, expand.volume_id),
            None => self.spec.desktop_id.clone(),
        }
    }

    fn status(&self) -> Option<&DesktopOrderStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> Option<&mut DesktopOrderStatus> {
        self.status.as_mut()
    }

    fn announced_end(&self, reason: Reason) -> Option<Timestamp> {
        let observed = self.status.as_ref()?.observed.as_ref()?;
        let unpaid = reason == words::WAITING_FOR_PAYMENT;
        observed.payment_deadline.filter(|_| unpaid)
    }

    const DEADLINE: Option<&'static str> = Some("the time to pay the order ends");

    fn possible_until(&self, _: Tick) -> Option<Timestamp> {
        self.status.as_ref()?.observed.as_ref()?.payment_deadline
    }
}

impl Kind for OrderDesktop {
    type Object = DesktopOrder;
    type Facts = Facts;

    const CALLS: &'static [&'static CallRules] = &[&ORDER];
    const SERVICES: &'static [&'static Service] = &[&workspace::SERVICE, &bss::SERVICE];
    const REASONS: &'static [Reason] = words::REASONS;
    const GUIDES: &'static [Guide] = words::GUIDES;

    fn done(_: &DesktopOrder) -> Reason {
        Reason::DELIVERED
    }

    fn left_behind(object: &DesktopOrder, _: bool) -> Option<String> {
        left::behind(object)
    }

    fn claimant(object: &DesktopOrder, place: &Place) -> Option<Claimant> {
        let spec = &object.spec;
        let order = order(spec)?;
        let target = LedgerTarget {
            service: workspace::SERVICE.name.to_owned(),
            scope: place.scope.clone(),
            id: spec.desktop_id.clone(),
            host: None,
            unknown: Default::default(),
        };
        let given = match Mistake::KeyWithUid.is_made() {
            true => object.metadata.uid.as_deref(),
            false => spec.operation_key.as_deref(),
        };
        let call = call_of(spec, &order);
        Some(Claimant::new(target, place, given, call, order.body()))
    }

    async fn observe(
        clients: &Clients,
        object: &DesktopOrder,
        open: Option<&Recorded>,
    ) -> Result<Facts, CallError> {
        Self::observe_among(clients, object, open, &Others::default()).await
    }

    async fn observe_among(
        clients: &Clients,
        object: &DesktopOrder,
        open: Option<&Recorded>,
        others: &Others,
    ) -> Result<Facts, CallError> {
        let traced = open.filter(|recorded| !recorded.over);
        let call = traced.map(|recorded| OpenCall::of(object, recorded));
        // Nothing is ordered where the very same was ordered before.
        let ordered_before = open.is_some() && traced.is_none();
        let others = match ordered_before {
            true => &Others {
                locked: true,
                ..Others::default()
            },
            false => others,
        };
        facts::observe(clients, object, call, others).await
    }

    fn assess(
        object: &DesktopOrder,
        facts: &Facts,
        open: Option<&Recorded>,
    ) -> Assessment<DesktopObservation> {
        let call = open.map(|recorded| OpenCall::of(object, recorded));
        plan::assess(object, facts, call)
    }

    fn accepted(clients: &Clients, object: &DesktopOrder, ids: &Ids) {
        if let Some(order) = ids.get("order_id") {
            let workspace = clients.huawei(&workspace::SERVICE);
            let target = Target::of(workspace, &object.spec.desktop_id);
            note_placed(clients.huawei(&bss::SERVICE), order, target);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{asking, expand, resize, subscribe};
    use super::*;

    fn place() -> Place {
        Place {
            scope: "p1".into(),
            region: "r1".into(),
            account: "a1".into(),
            namespace: "n1".into(),
            hosts: Vec::new(),
        }
    }

    fn claim(object: &DesktopOrder) -> Claimant {
        OrderDesktop::claimant(object, &place()).expect("one change")
    }

    #[test]
    fn the_desktop_is_claimed_with_the_very_bytes_that_are_sent() {
        for change in [resize(), expand(), subscribe()] {
            let object = asking(change);
            let claimed = claim(&object);
            let target = &claimed.target;
            assert_eq!(
                (&*target.service, &*target.scope, &*target.id),
                ("huawei/workspace", "p1", "d1")
            );
            let sent = order(&object.spec).expect("one change").body();
            assert_eq!(claimed.body, sent);
            let draft = claimed.call.draft(&place()).expect("valid ids");
            assert_eq!(draft.body, sent);
        }
    }

    #[test]
    fn who_pays_and_for_which_project_makes_another_operation() {
        let object = asking(resize());
        assert_eq!(claim(&object).key, claim(&asking(resize())).key);
        let mut automatic = object.clone();
        automatic.spec.payment = Payment::Automatic;
        let mut project = object.clone();
        project.spec.enterprise_project_id = Some("e1".into());
        let mut keyed = object.clone();
        keyed.spec.operation_key = Some("again".into());
        for other in [&automatic, &project, &keyed, &asking(expand())] {
            assert_ne!(claim(other).key, claim(&object).key);
            assert_eq!(claim(other).ledger(), claim(&object).ledger());
        }
        assert_eq!(claim(&object).call.payment(), PaidOperations::ManualPayment);
        assert_eq!(
            claim(&automatic).call.payment(),
            PaidOperations::AutomaticPayment
        );
    }
}
