//! The end-to-end suite again, where each guess of the contracts about DCS is
//! read the other way: other words for a waiting change, a cancelled task that
//! leaves the list, an instance that looks idle meanwhile.

#[path = "../e2e/costs.rs"]
mod costs;
#[path = "../e2e/decisions.rs"]
mod decisions;
#[path = "../e2e/endings.rs"]
mod endings;
#[path = "../e2e/kills.rs"]
mod kills;
#[path = "../e2e/operator.rs"]
mod operator;
#[path = "../e2e/robust.rs"]
mod robust;
#[path = "../e2e/support.rs"]
mod support;
#[path = "../e2e/weather.rs"]
mod weather;

use errand_simulator::{
    AfterCancel, DcsReadings, InstanceWord, Readings, TaskCount, TaskName, TaskOrder, WaitingWord,
};

fn readings() -> Readings {
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
    }
}
