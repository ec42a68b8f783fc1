//! How the simulated clouds read what the contracts leave open.

use errand_simulator::{
    AfterCancel, AfterFailure, BssReadings, DcsReadings, ExpandBy, InstanceWord, ListOrder,
    OrderLines, OrderResources, Readings, SecondOrder, TaskCount, TaskName, TaskOrder, WaitingWord,
    WorkspaceReadings,
};

/// ERRAND_TEST_READINGS=other runs everything with the other readings, as
/// `.ci/full` does; `tests/e2e_other` what depends on them most.
#[allow(dead_code)]
pub fn chosen() -> Readings {
    match std::env::var("ERRAND_TEST_READINGS").as_deref() {
        Ok("other") => other(),
        Ok(unknown) => panic!("ERRAND_TEST_READINGS={unknown}: it can be other"),
        Err(_) => Readings::default(),
    }
}

/// Other words for a waiting change, a cancelled task that leaves the list, an
/// instance that looks idle meanwhile; orders that BSS shows late and by other
/// links, and refusals with 200.
pub fn other() -> Readings {
    Readings {
        dcs: DcsReadings {
            waiting: WaitingWord::Created,
            after_cancel: AfterCancel::Vanishes,
            instance_while_waiting: InstanceWord::Running,
            task_name: TaskName::Extend,
            task_count: TaskCount::Number,
            task_order: TaskOrder::OldestFirst,
            ..DcsReadings::default()
        },
        workspace: WorkspaceReadings {
            second_order: SecondOrder::Refused,
            job_id_in_answer: false,
            order_id_in_answer: true,
            expand_by: ExpandBy::Id,
            refusals_with_200: true,
            not_found_status: 500,
        },
        bss: BssReadings {
            visible_after: 60,
            order_lines: OrderLines::Desktop,
            order_resources: OrderResources::Nothing,
            after_failure: AfterFailure::Processing,
            list_order: ListOrder::OldestFirst,
        },
        ..Readings::default()
    }
}
