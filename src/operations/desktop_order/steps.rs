//! The one mutating call.

use super::super::Clients;
use super::open_orders::{Target, note_placed};
use crate::cloud::huawei::bss;
use crate::cloud::huawei::workspace::{self, ChangeOrder};
use crate::cloud::{Gate, Sent};

/// Places the order: the very bytes that were claimed, as both are
/// [`ChangeOrder::body`] of a spec that cannot change once a call was intended.
pub(super) async fn place(
    clients: &Clients,
    desktop: &str,
    order: &ChangeOrder<'_>,
    gate: Gate,
) -> Sent {
    let client = clients.huawei(&workspace::SERVICE);
    let sent = workspace::create_change_order(client, desktop, order, gate).await;
    if let Sent::Accepted { ids, .. } = &sent
        && let Some(order) = ids.get("order_id")
    {
        let bss = clients.huawei(&bss::SERVICE);
        note_placed(bss, order, Target::of(client, desktop));
    }
    sent
}
