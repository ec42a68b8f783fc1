//! How the simulated clouds read what the contracts leave open.

use serde::{Deserialize, Serialize};

use crate::*;

/// How the points are read that the contracts leave open, by service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Readings {
    /// Huawei DCS.
    pub dcs: DcsReadings,
    /// Huawei Workspace.
    pub workspace: WorkspaceReadings,
    /// Huawei BSS.
    pub bss: BssReadings,
    /// Huawei CloudDC.
    pub clouddc: CloudDcReadings,
    /// Tencent Auto Scaling.
    pub scaling: ScalingReadings,
    /// Volcengine ECS.
    pub ecs: EcsReadings,
}

impl Readings {
    /// Each point the other way than by default.
    ///
    /// Other words for a waiting change, a cancelled task that leaves the list, an
    /// instance that looks idle meanwhile; orders that BSS shows late and by other
    /// links and with other times, jobs that end in other words, and refusals with 200; a cancel that takes effect while a batch runs and
    /// shows late; reservations that stay when they are cancelled; instances that stay
    /// when they are terminated.
    pub fn other() -> Self {
        Self {
            dcs: DcsReadings {
                waiting: WaitingWord::Created,
                after_cancel: AfterCancel::Vanishes,
                instance_while_waiting: InstanceWord::Running,
                task_name: TaskName::Extend,
                task_count: TaskCount::Number,
                task_order: TaskOrder::OldestFirst,
                empty_tasks: EmptyTasks::Null,
                created_at: TaskTime::Offset,
                updated_at: TaskTime::MillisNumber,
                ..DcsReadings::default()
            },
            workspace: WorkspaceReadings {
                second_order: SecondOrder::Refused,
                job_id_in_answer: false,
                order_id_in_answer: true,
                expand_by: ExpandBy::Id,
                refusals_with_200: true,
                not_found_status: 500,
                job_words: JobWords::Client,
                on_demand_changes: OnDemandChanges::Refused,
                no_data_volumes: NoDataVolumes::Empty,
            },
            bss: BssReadings {
                visible_after: 60,
                order_lines: OrderLines::Desktop,
                order_resources: OrderResources::Nothing,
                after_failure: AfterFailure::Processing,
                list_order: ListOrder::OldestFirst,
                times: OrderTimes::Offset,
            },
            clouddc: CloudDcReadings {
                shutting_down: ShuttingDown::Underscore,
                after_terminated: AfterTerminated::Stays,
                not_found: NotFoundForm::Iam,
                overloaded: Overloaded::Text,
                unknown_id_in_list: UnknownInList::Refused,
                next_marker: NextMarker::Address,
                nothing: EmptyInstances::Null,
                ..CloudDcReadings::default()
            },
            scaling: ScalingReadings {
                cancel_while_running: CancelWhileRunning::TakesEffect,
                cancelled_after: 90,
                stopped_last_batch: StoppedLastBatch::Ends,
                continue_without_failure: ContinueWithoutFailure::ModeIgnored,
                rolled_back: RolledBack::Failed,
                times: RefreshTimes::Offset,
                nothing: EmptySet::Null,
                ..ScalingReadings::default()
            },
            ecs: EcsReadings {
                after_cancel: CancelledOrder::Stays,
                cancel_visible_after: 60,
                limit_inclusive: false,
                empty_result: EmptyResult::Null,
                errors_with_200: true,
                processing_for: 5,
                status_words: StatusWords::Numbered,
                time_form: TimeForm::Minutes,
                unset_time: UnsetTime::Zero,
                counts: CountForm::Text,
                nothing: EmptyInfo::Null,
                ..EcsReadings::default()
            },
        }
    }
}
