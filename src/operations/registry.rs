//! The registry of kinds: a row for each. Controllers, roles, CRDs, the command
//! line and the documentation go by it.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use super::desktop_order::OrderDesktop;
use super::instance_observation::ObserveInstance;
use super::instance_refresh::SteerRefresh;
use super::resize_cancellation::CancelResize;
use super::scheduled_instance_reservation::SteerReservation;
use super::{Kind, Object as _};
use crate::api::{CloudConnection, OperationLedger, connection_crd, operation_crd};
use crate::cloud::SERVICES;

/// Something to do for each kind.
pub trait Visitor {
    /// What it gives.
    type Output;

    /// Does it for one.
    fn visit<K: Kind>(&mut self) -> Self::Output;
}

/// Does something for every kind, in the order in which they are shown to users.
pub fn each_kind<V: Visitor>(visitor: &mut V) -> Vec<V::Output> {
    vec![
        visitor.visit::<CancelResize>(),
        visitor.visit::<OrderDesktop>(),
        visitor.visit::<ObserveInstance>(),
        visitor.visit::<SteerRefresh>(),
        visitor.visit::<SteerReservation>(),
    ]
}

/// Every CustomResourceDefinition, in the order in which they are shown to users.
pub fn crds() -> Vec<CustomResourceDefinition> {
    struct Definition;
    impl Visitor for Definition {
        type Output = CustomResourceDefinition;

        fn visit<K: Kind>(&mut self) -> CustomResourceDefinition {
            operation_crd(K::Object::crd(), &K::Object::INFO, !K::CALLS.is_empty())
        }
    }
    let mut all = each_kind(&mut Definition);
    all.extend([
        connection_crd(
            CloudConnection::crd(),
            &SERVICES.map(|service| service.endpoint),
        ),
        OperationLedger::crd(),
    ]);
    all
}
