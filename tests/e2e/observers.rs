//! Many observers of one account share their reads.

use errand_simulator::{CloudDcInstance, Seed};
use errand_testbed::DCS_PROJECT;

use crate::support::{assert_ending, bed, ending, seconds};

const SHOW: &str = "clouddc.ShowInstanceStatus";
const LIST: &str = "clouddc.ListInstances";

#[test]
fn a_thousand_observers_of_one_account_share_a_list_and_write_only_what_changes() {
    const MANY: usize = 1000;
    let mut bed = bed("iob-many");
    let instances = (0..MANY).map(|n| CloudDcInstance::new(format!("i-{n}")).status("stopped"));
    let seed = instances.fold(Seed::new(), |seed, instance| {
        seed.clouddc(DCS_PROJECT, instance)
    });
    bed.simulator.seed(seed);
    let manifests: Vec<String> = (0..MANY)
        .map(|n| {
            let more = "  interval: 5m\n  until: {states: [running]}\n";
            bed.observation(&format!("o-{n}"), &format!("i-{n}"), more)
        })
        .collect();
    bed.apply(&manifests.join("---\n"));
    bed.start_operator();
    let waiting = || {
        let all = bed.list("iob");
        all.iter()
            .filter(|object| ending(object).reason == "AwaitingState")
            .count()
    };
    bed.wait_until("all wait", || waiting() == MANY);
    let writes = bed.operation_writes().len();
    assert_eq!(writes, MANY, "one each, that it waits");
    let calls = || {
        let journal = bed.simulator.journal();
        (journal.calls(SHOW), journal.calls(LIST))
    };
    let (shows, lists) = calls();
    assert!(shows <= 1, "the first one was alone: {shows}");
    // What the watch shows after a list began needs another one, and on a slow machine it
    // takes a while until all are shown.
    assert!(
        lists <= MANY / 50,
        "of {MANY} observers: {lists}\n{}",
        bed.simulator.journal()
    );
    bed.wait_until("some intervals have passed", || {
        bed.advance_if_led(seconds(15));
        calls().1 >= lists + 8
    });
    // Their pauses are spread, so some may have come too late for the list of the
    // others, and share their own from then on; and on a slow machine this test moves the
    // clock while some are still at work.
    let journal = bed.simulator.journal();
    let begun: Vec<_> = journal
        .all_calls()
        .iter()
        .filter(|call| call.api == LIST)
        .skip(lists)
        .map(|call| call.time)
        .collect();
    for four in begun.windows(4) {
        let took = four[3].duration_since(four[0]);
        assert!(took.as_secs() >= 300, "within an interval: {four:?}");
    }
    assert_eq!(calls().0, shows);
    assert_eq!(bed.operation_writes().len(), writes, "nothing has changed");
    bed.simulator.act_on_clouddc(DCS_PROJECT, "i-7", "running");
    bed.wait_until("it is reached", || {
        bed.advance_if_led(seconds(10));
        ending(&bed.get("iob", "o-7")).reason == "Reached"
    });
    let object = bed.get("iob", "o-7");
    assert_ending(&bed, &object, "Succeeded", "Reached");
    bed.wait_until("its end is told", || {
        let after = bed.operation_writes();
        after.len() > writes + 1
    });
    let after = bed.operation_writes();
    let told = ["update instanceobservations status", "create events"];
    assert_eq!(after[writes..], told, "its end and its event");
}
