//! What an operation leaves behind that does not go on by itself. Pure.

use super::sentences::WORD;
use crate::api::Timestamp;
use crate::cloud::huawei::bss::OrderStatus;
use crate::operations::desktop_order::DesktopOrder;
use crate::text::line;

/// An order stays payable, or goes on, whatever becomes of its operation.
pub(super) fn behind(object: &DesktopOrder) -> Option<String> {
    let status = object.status.as_ref()?;
    let observed = status.observed.as_ref();
    let of_a_call = status
        .steps
        .iter()
        .rev()
        .find_map(|step| step.ids.get("order_id").filter(|_| step.may_have_acted()));
    let order = of_a_call.or_else(|| observed?.order_id.as_ref())?;
    let deadline = observed.and_then(|observed| observed.payment_deadline);
    let word = observed.and_then(|observed| observed.order_status.as_deref());
    stays(order, word, deadline)
}

/// What can still become of an order with that status, in the cloud's word.
pub(super) fn stays(
    order: &str,
    word: Option<&str>,
    deadline: Option<Timestamp>,
) -> Option<String> {
    let is = |status: OrderStatus| word == Some(status.word());
    if is(OrderStatus::Cancelled) || is(OrderStatus::Completed) {
        return None;
    }
    Some(match (word, deadline) {
        (_, Some(deadline)) => format!(
            "Order {order} stays open at the cloud and can be paid until {deadline}: cancel it there if it is not wanted."
        ),
        (Some(_), None) if is(OrderStatus::PendingPayment) => format!(
            "Order {order} stays open at the cloud and can be paid there; its deadline is not known. Cancel it there if it is not wanted."
        ),
        (Some(word), None) => format!(
            "Order {order} stays at the cloud ({}) and can still be carried out: cancel it there if it is not wanted.",
            line(word, WORD)
        ),
        (None, None) => format!(
            "Order {order} may still be open at the cloud, where it can then be paid: cancel it there if it is not wanted."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{asking, resize};
    use super::*;
    use crate::operations::desktop_order::{DesktopObservation, DesktopOrderStatus};

    fn left(word: Option<&str>, deadline: Option<&str>, answer: &str) -> Option<String> {
        let mut object = asking(resize());
        let step = serde_json::json!({
            "number": 1, "id": "w-1", "name": "CreateChangeOrder", "writer": "w",
            "intendedAt": "2026-11-21T12:00:00Z", "sendBefore": "2026-11-21T12:30:00Z",
            "answer": answer, "ids": {"order_id": "CS1"},
        });
        object.status = Some(DesktopOrderStatus {
            steps: vec![serde_json::from_value(step).expect("a step")],
            observed: Some(DesktopObservation {
                order_status: word.map(str::to_owned),
                payment_deadline: deadline
                    .map(|at| serde_json::from_value(at.into()).expect("a time")),
                ..DesktopObservation::default()
            }),
            ..DesktopOrderStatus::default()
        });
        behind(&object)
    }

    #[test]
    fn an_order_that_can_still_be_paid_is_named_with_its_deadline() {
        let at = "2026-11-28T12:01:00Z";
        assert_eq!(
            left(Some("PendingPayment"), Some(at), "Accepted").as_deref(),
            Some(
                "Order CS1 stays open at the cloud and can be paid until 2026-11-28T12:01:00Z: cancel it there if it is not wanted."
            )
        );
        for (word, said) in [
            (Some("PendingPayment"), "its deadline is not known"),
            (Some("PendingApproval"), "(PendingApproval)"),
            (Some("Processing"), "can still be carried out"),
            (None, "may still be open"),
        ] {
            let text = left(word, None, "Unknown").expect("it is left");
            assert!(text.contains("Order CS1") && text.contains(said), "{text}");
        }
    }

    #[test]
    fn nothing_is_left_of_an_order_that_is_over_or_was_never_placed() {
        assert_eq!(left(Some("Cancelled"), None, "Accepted"), None);
        assert_eq!(left(Some("Completed"), None, "Accepted"), None);
        assert_eq!(left(None, None, "Refused"), None);
        assert_eq!(behind(&asking(resize())), None);
    }

    #[test]
    fn an_order_that_was_only_found_is_left_behind_too() {
        let mut object = asking(resize());
        object.status = Some(DesktopOrderStatus {
            observed: Some(DesktopObservation {
                order_id: Some("CS7".into()),
                ..DesktopObservation::default()
            }),
            ..DesktopOrderStatus::default()
        });
        assert!(behind(&object).is_some_and(|text| text.contains("CS7")));
    }
}
