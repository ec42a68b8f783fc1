//! Orders and calls for the tests beside it.

use super::{OrderDesktop, call_of, order};
use crate::api::{AnswerWord, Common};
use crate::cloud::Sent;
use crate::cloud::huawei::workspace;
use crate::cloud::server::send;
use crate::operations::desktop_order::{
    DesktopChange, DesktopOrder, DesktopOrderSpec, ExpandVolume, Payment, Resize, Subscribe,
    TermUnit,
};
use crate::operations::{Clients, Kind as _, Recorded};

pub(super) fn resize() -> DesktopChange {
    DesktopChange {
        resize: Some(Resize {
            product_id: "p2".into(),
        }),
        ..DesktopChange::default()
    }
}

pub(super) fn expand() -> DesktopChange {
    DesktopChange {
        expand_volume: Some(ExpandVolume {
            volume_id: "v1".into(),
            size_gib: 100,
        }),
        ..DesktopChange::default()
    }
}

pub(super) fn subscribe() -> DesktopChange {
    DesktopChange {
        subscribe: Some(Subscribe {
            unit: TermUnit::Month,
            count: 3,
            auto_renew: None,
        }),
        ..DesktopChange::default()
    }
}

pub(super) fn asking(change: DesktopChange) -> DesktopOrder {
    let spec = DesktopOrderSpec {
        desktop_id: "d1".into(),
        payment: Payment::Manual,
        enterprise_project_id: None,
        change,
        operation_key: None,
        common: Common::through("c"),
    };
    DesktopOrder::new("order", spec)
}

/// A call of that time, which was sent within half an hour or not at all.
pub(super) fn call(at: i64, answer: Option<AnswerWord>, ids: &[(&str, &str)]) -> Recorded {
    let ids = ids
        .iter()
        .map(|(name, id)| ((*name).to_owned(), (*id).to_owned()));
    Recorded {
        intended_at: at,
        send_before: at + 30 * 60_000,
        answer,
        ids: ids.collect(),
        body: None,
        foreign: false,
        elsewhere: false,
        over: false,
    }
}

/// The same call of an operation that is gone, which asked for that.
pub(super) fn foreign(call: Recorded, change: DesktopChange) -> Recorded {
    let gone = asking(change);
    let body = order(&gone.spec).expect("one change").body();
    Recorded {
        body: Some(body),
        foreign: true,
        over: false,
        ..call
    }
}

/// Places the order of an object, and tells the kind if it was accepted.
pub(super) async fn place_order(clients: &Clients, object: &DesktopOrder) -> Sent {
    let order = order(&object.spec).expect("one change");
    let call = call_of(&object.spec, &order);
    let workspace = clients.huawei(&workspace::SERVICE);
    let client = clients.of(&workspace::SERVICE);
    let place = (workspace.scope.id(), "");
    let sent = send(client, call.rules.mutation, place, &call.arguments).await;
    if let Sent::Accepted { ids, .. } = &sent {
        OrderDesktop::accepted(clients, object, ids);
    }
    sent
}
