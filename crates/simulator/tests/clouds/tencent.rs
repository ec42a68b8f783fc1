//! Tencent's instance refresh: what an activity goes through, and what each call may
//! do to it (contracts sections c.1 to c.3).

use crate::support::tencent::*;
use crate::support::*;
use errand_simulator::{
    BatchPause, BatchStatus, CancelWhileRunning, Config, ContinueWithoutFailure, FailProcess,
    RefreshAction, RefreshActivity, RefreshBatch, RefreshStatus, RolledBack, ScalingReadings, Seed,
    Simulator, StoppedLastBatch,
};
use serde_json::json;

use BatchStatus as B;
use RefreshStatus as S;

/// The status and those of the batches.
fn at(simulator: &Simulator) -> (RefreshStatus, Vec<BatchStatus>) {
    let now = now_of(simulator);
    (now.status, now.batches.iter().map(|b| b.status).collect())
}

fn with(readings: ScalingReadings) -> impl FnOnce(&mut Config) {
    move |config| config.readings.scaling = readings
}

pub(crate) fn kinds(simulator: &Simulator) -> Vec<String> {
    let journal = simulator.journal();
    let effects = journal.all_effects().iter();
    effects.map(|effect| effect.kind.clone()).collect()
}

fn blocked(simulator: &Simulator) -> bool {
    simulator.state().tencent.groups[0].blocked
}

#[test]
fn batches_run_one_after_the_other_and_free_the_group_at_the_end() {
    let (simulator, clock) = tencent(activity());
    assert_eq!(
        at(&simulator),
        (S::Running, vec![B::Running, B::Waiting, B::Waiting])
    );
    clock.advance(seconds(110));
    assert_eq!(
        at(&simulator),
        (S::Running, vec![B::Successful, B::Running, B::Waiting])
    );
    assert!(blocked(&simulator));
    clock.advance(seconds(200));
    assert_eq!(at(&simulator), (S::Successful, vec![B::Successful; 3]));
    assert!(!blocked(&simulator));
    let expected = [
        "as.batch-ended",
        "as.batch-started",
        "as.batch-ended",
        "as.batch-started",
        "as.batch-ended",
        "as.ended",
    ];
    assert_eq!(kinds(&simulator), expected);
    let effects = simulator.journal();
    assert!(effects.all_effects().iter().all(|effect| effect.call == 0));
}

#[test]
fn an_activity_that_starts_later_is_init_until_then() {
    let seeded = RefreshActivity::new(GROUP, ACTIVITY).starts_in(50);
    let (simulator, clock) = tencent(seeded.batch(RefreshBatch::new(2, 100).init_for(30)));
    assert_eq!(at(&simulator), (S::Init, vec![B::Waiting]));
    stop_refresh(&simulator).assert_code(CONFLICT);
    clock.advance(seconds(60));
    assert_eq!(at(&simulator), (S::Running, vec![B::Init]));
    clock.advance(seconds(30));
    assert_eq!(at(&simulator), (S::Running, vec![B::Running]));
}

#[test]
fn a_stop_pauses_at_once_and_lets_the_batch_run_to_its_end() {
    let (simulator, clock) = tencent(activity());
    stop_refresh(&simulator).assert_done();
    assert_eq!(
        at(&simulator),
        (S::ManualPause, vec![B::Running, B::Waiting, B::Waiting])
    );
    assert!(now_of(&simulator).batch_in_flight());
    stop_refresh(&simulator).assert_code(CONFLICT);
    cancel_refresh(&simulator).assert_code(CONFLICT);
    clock.advance(seconds(1000));
    assert_eq!(
        at(&simulator),
        (S::ManualPause, vec![B::Successful, B::Waiting, B::Waiting])
    );
    assert!(blocked(&simulator), "a paused activity blocks its group");
    cancel_refresh(&simulator).assert_done();
    assert_eq!(
        at(&simulator),
        (
            S::Cancelled,
            vec![B::Successful, B::Cancelled, B::Cancelled]
        )
    );
    assert!(!blocked(&simulator));
    assert_eq!(
        kinds(&simulator),
        ["as.stop", "as.batch-ended", "as.cancel"]
    );
}

#[test]
fn a_stop_between_two_batches_keeps_the_next_from_starting() {
    let (simulator, clock) = tencent(activity().pause_between(60));
    clock.advance(seconds(110));
    stop_refresh(&simulator).assert_done();
    clock.advance(seconds(1000));
    let waiting = vec![B::Successful, B::Waiting, B::Waiting];
    assert_eq!(at(&simulator), (S::ManualPause, waiting));
    cancel_refresh(&simulator).assert_done();
}

#[test]
fn no_batch_follows_the_one_that_a_slow_cancel_spared() {
    let readings = ScalingReadings {
        cancel_while_running: CancelWhileRunning::TakesEffect,
        cancelled_after: 300,
        ..Default::default()
    };
    let (simulator, clock) = tencent_with(with(readings), activity());
    cancel_refresh(&simulator).assert_done();
    clock.advance(seconds(110));
    let waiting = vec![B::Successful, B::Waiting, B::Waiting];
    assert_eq!(at(&simulator), (S::Running, waiting));
    clock.advance(seconds(300));
    let cancelled = vec![B::Successful, B::Cancelled, B::Cancelled];
    assert_eq!(at(&simulator), (S::Cancelled, cancelled));
}

#[test]
fn a_cancel_during_a_batch_is_refused_or_spares_that_batch() {
    let (simulator, _) = tencent(activity());
    cancel_refresh(&simulator).assert_code(CONFLICT);
    assert_eq!(at(&simulator).0, S::Running);
    let readings = ScalingReadings {
        cancel_while_running: CancelWhileRunning::TakesEffect,
        ..Default::default()
    };
    let (simulator, clock) = tencent_with(with(readings), activity());
    cancel_refresh(&simulator).assert_done();
    assert_eq!(
        at(&simulator),
        (S::Cancelled, vec![B::Running, B::Cancelled, B::Cancelled])
    );
    clock.advance(seconds(500));
    assert_eq!(
        at(&simulator),
        (
            S::Cancelled,
            vec![B::Successful, B::Cancelled, B::Cancelled]
        )
    );
    assert_eq!(kinds(&simulator), ["as.cancel", "as.batch-ended"]);
}

#[test]
fn a_cancel_may_show_later_and_nothing_begins_meanwhile() {
    let readings = ScalingReadings {
        cancelled_after: 30,
        ..Default::default()
    };
    let (simulator, clock) = tencent_with(with(readings), activity().pause_between(60));
    clock.advance(seconds(110));
    cancel_refresh(&simulator).assert_done();
    let now = now_of(&simulator);
    assert_eq!((now.status, now.cancelling), (S::Running, true));
    cancel_refresh(&simulator).assert_code(CONFLICT);
    stop_refresh(&simulator).assert_code(CONFLICT);
    clock.advance(seconds(100));
    assert_eq!(
        at(&simulator),
        (
            S::Cancelled,
            vec![B::Successful, B::Cancelled, B::Cancelled]
        )
    );
    assert_eq!(
        kinds(&simulator),
        ["as.batch-ended", "as.cancel", "as.cancelled"]
    );
    let journal = simulator.journal();
    let [.., accepted, shown] = journal.all_effects() else {
        panic!()
    };
    assert_eq!(shown.time.duration_since(accepted.time).as_secs(), 30);
    assert_eq!((accepted.call, shown.call), (1, 0));
    let alone = journal.after(1).all_effects().to_vec();
    assert_eq!(alone.len(), 1, "what happened by itself since the call");
    assert!(journal.to_string().contains("as.cancelled"));
}

#[test]
fn init_pauses_and_gaps_can_be_cancelled() {
    for seeded in [
        activity().starts_in(500),
        activity().standing(S::AutoPause, 2),
        activity().standing(S::ManualPause, 2),
        activity().standing(S::FailedPause, 2),
    ] {
        let (simulator, clock) = tencent(seeded);
        cancel_refresh(&simulator).assert_done();
        clock.advance(seconds(1000));
        assert_eq!(now_of(&simulator).status, S::Cancelled);
    }
}

#[test]
fn nothing_is_stopped_cancelled_or_resumed_after_the_end() {
    for status in [S::Successful, S::Cancelled, S::Failed] {
        let (simulator, _) = tencent(activity().standing(status, 2));
        cancel_refresh(&simulator).assert_code(CONFLICT);
        stop_refresh(&simulator).assert_code(CONFLICT);
        resume_refresh(&simulator, None).assert_code(CONFLICT);
        assert!(!blocked(&simulator));
        assert_eq!(now_of(&simulator).status, status);
        assert!(kinds(&simulator).is_empty());
    }
}

#[test]
fn the_scale_in_phase_is_neither_stopped_nor_cancelled() {
    let (simulator, clock) = tencent(activity().scale_in_for(200));
    clock.advance(seconds(310));
    let now = now_of(&simulator);
    assert_eq!((now.status, now.scaling_in), (S::Running, true));
    stop_refresh(&simulator).assert_code(CONFLICT);
    cancel_refresh(&simulator).assert_code(CONFLICT);
    clock.advance(seconds(200));
    assert_eq!(now_of(&simulator).status, S::Successful);
}

#[test]
fn an_activity_pauses_by_itself_where_its_settings_say() {
    for (pause, pauses) in [
        (BatchPause::Automatic, 0),
        (BatchPause::FirstBatchPause, 1),
        (BatchPause::BatchIntervalPause, 2),
    ] {
        let (simulator, clock) = tencent(activity().batch_pause(pause));
        for _ in 0..pauses {
            clock.advance(seconds(1000));
            assert_eq!(now_of(&simulator).status, S::AutoPause);
            resume_refresh(&simulator, None).assert_done();
            assert_eq!(now_of(&simulator).status, S::Running);
        }
        clock.advance(seconds(1000));
        assert_eq!(now_of(&simulator).status, S::Successful, "{pause:?}");
    }
}

pub(crate) fn failing() -> RefreshActivity {
    let activity = RefreshActivity::new(GROUP, ACTIVITY);
    let activity = activity.batch(RefreshBatch::new(2, 100).fails(1));
    activity.batch(RefreshBatch::new(1, 100))
}

#[test]
fn a_failed_batch_pauses_and_is_retried_or_left_behind() {
    for (mode, then) in [
        (None, vec![B::Running, B::Waiting]),
        (Some("RETRY"), vec![B::Running, B::Waiting]),
        (Some("CONTINUE"), vec![B::PartiallySuccessful, B::Running]),
    ] {
        let (simulator, clock) = tencent(failing());
        clock.advance(seconds(110));
        assert_eq!(
            at(&simulator),
            (S::FailedPause, vec![B::Failed, B::Waiting])
        );
        stop_refresh(&simulator).assert_code(CONFLICT);
        resume_refresh(&simulator, mode).assert_done();
        assert_eq!(at(&simulator), (S::Running, then));
        clock.advance(seconds(500));
        assert_eq!(now_of(&simulator).status, S::Successful);
        let journal = simulator.journal();
        assert_eq!(journal.effects_on("as.resume", mode.unwrap_or("none")), 1);
    }
}

#[test]
fn continue_without_a_failure_changes_nothing_or_its_mode_is_ignored() {
    let (simulator, _) = tencent(activity().standing(S::AutoPause, 2));
    resume_refresh(&simulator, Some("CONTINUE")).assert_done();
    assert_eq!(now_of(&simulator).status, S::AutoPause);
    assert!(kinds(&simulator).is_empty());
    resume_refresh(&simulator, None).assert_done();
    assert_eq!(
        at(&simulator),
        (S::Running, vec![B::Successful, B::Running, B::Waiting])
    );
    let readings = ScalingReadings {
        continue_without_failure: ContinueWithoutFailure::ModeIgnored,
        ..Default::default()
    };
    let seeded = activity().standing(S::ManualPause, 1);
    let (simulator, _) = tencent_with(with(readings), seeded);
    resume_refresh(&simulator, Some("CONTINUE")).assert_done();
    assert_eq!(
        at(&simulator),
        (S::Running, vec![B::Running, B::Waiting, B::Waiting])
    );
}

#[test]
fn a_running_activity_is_not_resumed_and_a_stopped_one_goes_on() {
    let (simulator, clock) = tencent(activity());
    resume_refresh(&simulator, None).assert_code(CONFLICT);
    stop_refresh(&simulator).assert_done();
    resume_refresh(&simulator, None).assert_done();
    assert_eq!(now_of(&simulator).status, S::Running);
    clock.advance(seconds(310));
    assert_eq!(now_of(&simulator).status, S::Successful);
}

#[test]
fn an_activity_stopped_in_its_last_batch_stays_paused_or_ends() {
    for (reading, end) in [
        (StoppedLastBatch::Paused, S::ManualPause),
        (StoppedLastBatch::Ends, S::Successful),
    ] {
        let readings = ScalingReadings {
            stopped_last_batch: reading,
            ..Default::default()
        };
        let (simulator, clock) = tencent_with(with(readings), activity().standing(S::Running, 3));
        stop_refresh(&simulator).assert_done();
        clock.advance(seconds(200));
        assert_eq!(at(&simulator), (end, vec![B::Successful; 3]));
    }
}

#[test]
fn an_activity_can_be_seeded_to_end_as_failed() {
    let (simulator, clock) = tencent(activity().ends_failed());
    clock.advance(seconds(310));
    assert_eq!(now_of(&simulator).status, S::Failed);
}

#[test]
fn somebody_else_pauses_resumes_and_cancels_without_an_effect_of_a_call() {
    let (simulator, clock) = tencent(activity());
    simulator.act_on_refresh(ACTIVITY, RefreshAction::Pause);
    assert_eq!(now_of(&simulator).status, S::ManualPause);
    clock.advance(seconds(110));
    simulator.act_on_refresh(ACTIVITY, RefreshAction::Resume);
    assert_eq!(
        at(&simulator),
        (S::Running, vec![B::Successful, B::Running, B::Waiting])
    );
    let path = format!("/-/refreshes/{ACTIVITY}");
    let refused = admin(&simulator, "POST", &path, r#""cancel""#);
    assert_eq!(refused.status, 400, "a batch runs: {}", refused.text);
    assert_eq!(admin(&simulator, "POST", &path, r#""pause""#).status, 200);
    clock.advance(seconds(110));
    assert_eq!(admin(&simulator, "POST", &path, r#""cancel""#).status, 200);
    assert_eq!(now_of(&simulator).status, S::Cancelled);
    let journal = simulator.journal();
    assert_eq!(journal.effects("as.cancel") + journal.effects("as.stop"), 0);
}

#[test]
fn a_seed_that_cannot_be_is_refused_whole() {
    let (simulator, _) = tencent(activity());
    let bad = |activity: RefreshActivity| {
        let seed = Seed::new().refresh(activity);
        assert!(simulator.try_seed(seed).is_err());
    };
    bad(RefreshActivity::new("asg-1", "asr-1"));
    bad(RefreshActivity::new("asg-1", "asr-1")
        .batches(2, 10)
        .standing(S::AutoPause, 3));
    bad(RefreshActivity::new("asg-1", "asr-1")
        .batches(2, 10)
        .standing(S::Init, 1));
    bad(RefreshActivity::new(GROUP, "asr-second").batches(1, 10));
    assert_eq!(simulator.state().tencent.activities.len(), 1);
}

#[test]
fn a_person_seeds_tencent_over_http() {
    let (simulator, _) = tencent(activity());
    let seed = json!({
        "tencent": {
            "accounts": [{"secret_id": "AKID2", "secret_key": "k", "token": "t",
                          "regions": [REGION], "denied": ["as."]}],
            "groups": [{"id": "asg-9"}],
            "activities": [{"group": "asg-1", "id": "asr-1", "status": "AUTO_PAUSE",
                "at_batch": 2, "batch_pause": "FIRST_BATCH_PAUSE",
                "batches": [{}, {"instances": 3, "runs_for": 60, "init_for": 5, "fails": 1}]}],
        },
        "readings": {"scaling": {"cancel_while_running": "takes_effect", "cancelled_after": 5}},
    });
    let answer = admin(&simulator, "PUT", "/-/seed", &seed.to_string());
    assert_eq!(answer.status, 200, "{}", answer.text);
    let state = admin(&simulator, "GET", "/-/state", "");
    assert!(!state.text.contains("\"k\""), "no secret");
    let state = state.json();
    assert_eq!(state["tencent"]["activities"][0]["status"], "AUTO_PAUSE");
    assert_eq!(state["tencent"]["activities"][0]["current_batch"], 1);
    assert_eq!(state["tencent"]["groups"][0]["blocked"], true);
    assert_eq!(state["readings"]["scaling"]["cancelled_after"], 5);
}

#[test]
fn a_failed_batch_ends_the_activity_where_its_settings_say() {
    let failing = |fail_process| {
        RefreshActivity::new(GROUP, ACTIVITY)
            .batch(RefreshBatch::new(2, 100).fails(1))
            .batches(1, 100)
            .fail_process(fail_process)
    };
    let (simulator, clock) = tencent(failing(FailProcess::AutoCancel));
    clock.advance(seconds(110));
    assert_eq!(
        at(&simulator),
        (S::Cancelled, vec![B::Failed, B::Cancelled])
    );
    assert!(!blocked(&simulator));

    for (reading, status) in [
        (RolledBack::Cancelled, S::Cancelled),
        (RolledBack::Failed, S::Failed),
    ] {
        let readings = ScalingReadings {
            rolled_back: reading,
            ..ScalingReadings::default()
        };
        let (simulator, clock) = tencent_with(with(readings), failing(FailProcess::AutoRollback));
        clock.advance(seconds(110));
        assert_eq!(at(&simulator).0, status);
        let back = simulator.refresh_activity(&format!("{ACTIVITY}-back"));
        assert_eq!(back.expect("it began").status, S::Running);
        assert!(blocked(&simulator));
        clock.advance(seconds(100));
        let back = simulator.refresh_activity(&format!("{ACTIVITY}-back"));
        assert_eq!(back.expect("it has ended").status, S::Successful);
    }
}
