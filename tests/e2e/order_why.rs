//! `errand why` for what orders wait for; see `why.rs`.

use errand_simulator::{Fault, FaultKind, WorkspaceDesktop};
use errand_testbed::Bed;

use crate::command::{errand, shell};
use crate::support::{
    ORDER, first_reading, order_bed, pass_hours, resize, seed_desktop, subscribe, until_order,
};
use crate::why::assert_why_of;

fn ordered(name: &str, desktop: WorkspaceDesktop, payment: &str) -> Bed {
    let mut bed = first_reading(order_bed(name));
    seed_desktop(&bed, desktop);
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", payment));
    bed
}

#[test]
fn why_says_until_when_and_where_an_order_is_to_be_paid() {
    let bed = ordered("why-pay", WorkspaceDesktop::new("desk-1"), "Manual");
    until_order(&bed, "bigger", "WaitingForPayment");
    assert_why_of(&bed, "dor/bigger", "waiting-for-payment");
}

#[test]
pub fn why_names_the_operation_that_has_the_desktop() {
    let desktop = WorkspaceDesktop::new("desk-1").on_demand();
    let bed = ordered("why-locked", desktop, "Manual");
    until_order(&bed, "bigger", "WaitingForPayment");
    bed.apply(&subscribe(&bed, "month", "desk-1", "Manual"));
    until_order(&bed, "month", "TargetLocked");
    assert_why_of(&bed, "dor/month", "target-locked");
    // The line that it gives leads on.
    let why = errand(&bed, &["why", "dor/month"]).out;
    let mut lines = why.lines().map(str::trim);
    let line = lines.find(|line| line.starts_with("errand why "));
    let said = shell(line.unwrap_or_else(|| panic!("no command in {why}")));
    assert!(said.out.contains("WaitingForPayment"), "{}", said.out);
}

#[test]
fn why_of_an_order_that_nobody_can_know_warns_of_a_second_one() {
    let mut bed = first_reading(order_bed("why-unknown"));
    seed_desktop(&bed, WorkspaceDesktop::new("desk-1"));
    let kind = FaultKind::Error {
        status: 504,
        code: "APIGW.0201".into(),
        message: "Backend timeout".into(),
    };
    bed.simulator.fault(Fault::new(ORDER, kind));
    bed.start_operator();
    bed.apply(&resize(&bed, "bigger", "desk-1", "Automatic"));
    until_order(&bed, "bigger", "ResolvingAnswer");
    pass_hours(&bed, 15);
    until_order(&bed, "bigger", "AnswerUnknown");
    assert_why_of(&bed, "dor/bigger", "answer-unknown");
}
