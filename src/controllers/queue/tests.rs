use std::collections::HashSet;

use super::*;

/// Two of them for a namespace, and one for a connection.
const PLACES: usize = 4;

fn owner(namespace: &str, connection: &str) -> Owner {
    Owner {
        namespace: namespace.into(),
        connection: connection.into(),
    }
}

fn all(queue: &mut Queue<&'static str>, now: i64) -> Vec<&'static str> {
    std::iter::from_fn(|| next(queue, now)).collect()
}

fn next(queue: &mut Queue<&'static str>, now: i64) -> Option<&'static str> {
    queue.next(Tick(now)).map(|(key, _)| key)
}

fn wide() -> Queue<&'static str> {
    Queue::new(1_000)
}

#[test]
fn what_came_first_is_served_first() {
    let mut queue = wide();
    for (at, key) in [(1, "a"), (2, "b"), (2, "c"), (3, "d")] {
        queue.wake(&key, owner("ns", "c"), Urgency::Routine, Tick(at));
    }
    // Woken again it keeps its place.
    queue.wake(&"a", owner("ns", "c"), Urgency::Routine, Tick(4));
    assert_eq!(all(&mut queue, 5), ["a", "b", "c", "d"]);
}

#[test]
fn what_is_urgent_is_served_before_and_namespaces_take_turns() {
    let mut queue = wide();
    for key in ["a1", "a2", "a3"] {
        queue.wake(&key, owner("a", "c"), Urgency::Routine, Tick(1));
    }
    for key in ["b1", "b2"] {
        queue.wake(&key, owner("b", "c"), Urgency::Routine, Tick(2));
    }
    queue.wake(&"call", owner("a", "c"), Urgency::Call, Tick(3));
    queue.wake(&"window", owner("a", "c"), Urgency::Deadline, Tick(4));
    let order = ["window", "call", "a1", "b1", "a2", "b2", "a3"];
    assert_eq!(all(&mut queue, 5), order);
}

#[test]
fn what_becomes_urgent_is_served_earlier_and_never_later() {
    let mut queue = wide();
    for key in ["a", "b"] {
        queue.wake(&key, owner("ns", "c"), Urgency::Routine, Tick(1));
    }
    queue.wake(&"b", owner("ns", "c"), Urgency::Deadline, Tick(2));
    queue.wake(&"b", owner("ns", "c"), Urgency::Routine, Tick(3));
    assert_eq!(all(&mut queue, 5), ["b", "a"]);
}

#[test]
fn no_namespace_and_no_connection_takes_every_place() {
    let mut queue = Queue::new(PLACES);
    for (key, connection) in [("a1", "x"), ("a2", "x"), ("a3", "y"), ("a4", "z")] {
        queue.wake(&key, owner("a", connection), Urgency::Call, Tick(1));
    }
    assert_eq!(all(&mut queue, 1), ["a1", "a3"]);
    queue.wake(&"b1", owner("b", "x"), Urgency::Routine, Tick(2));
    assert_eq!(all(&mut queue, 2), ["b1"], "a connection of the same name");
    queue.done(&"a3", None, Tick(3));
    assert_eq!(all(&mut queue, 3), ["a4"], "x has its one");
    queue.done(&"a1", None, Tick(3));
    assert_eq!(all(&mut queue, 3), ["a2"]);
    for key in ["a2", "a4", "b1"] {
        queue.done(&key, None, Tick(4));
    }
    assert!(queue.running.is_empty());
}

#[test]
fn however_many_namespaces_hang_another_one_finds_a_place() {
    let mut queue = Queue::new(64);
    let names: Vec<String> = (0..2_000).map(|n| format!("{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let (namespace, connection) = (format!("hangs-{}", n % 5), format!("{}", n % 3));
        queue.wake(name, owner(&namespace, &connection), Urgency::Call, Tick(1));
    }
    while queue.next(Tick(1)).is_some() {}
    let hanging = queue.running.len();
    assert!((48..64).contains(&hanging), "{hanging}");
    let other = "other".to_owned();
    queue.wake(&other, owner("well", "c"), Urgency::Routine, Tick(2));
    assert_eq!(queue.next(Tick(2)), Some((other, false)));
}

/// A connection is a name that its user makes up.
#[test]
fn of_many_connections_only_those_that_are_passed_over_are_looked_at() {
    let mut queue = Queue::new(1_000);
    for n in 0..1_000 {
        let owner = owner("a", &format!("{n}"));
        queue.wake(&n, owner, Urgency::Routine, Tick(n));
    }
    queue.move_due(Tick(1_000));
    let looked = std::cell::Cell::new(0);
    let free = |owner: &Owner| {
        looked.set(looked.get() + 1);
        !matches!(&*owner.connection, "0" | "1")
    };
    let turns = &mut queue.ready[Urgency::Routine as usize];
    assert_eq!(turns.next(&|_| true, &free), Some(2));
    assert_eq!(looked.get(), 3);
}

#[test]
fn a_time_that_was_set_is_kept_to_the_millisecond_and_another_one_replaces_it() {
    let mut queue = wide();
    let set = |queue: &mut Queue<_>, at: Option<i64>| {
        let at = at.map(|at| (Tick(at), Urgency::Deadline));
        queue.set(&"a", owner("ns", "c"), at, Tick(0));
    };
    set(&mut queue, Some(500));
    set(&mut queue, Some(1000));
    assert_eq!(queue.next_time(), Some(Tick(1000)));
    assert_eq!(next(&mut queue, 999), None);
    assert_eq!(next(&mut queue, 1000), Some("a"));
    queue.done(&"a", Some((Tick(2000), Urgency::Routine)), Tick(1001));
    set(&mut queue, None);
    assert_eq!(queue.next_time(), None);
    assert_eq!(next(&mut queue, 9000), None);
}

#[test]
fn a_change_during_a_pass_makes_another_one() {
    let mut queue = wide();
    let ns = || owner("ns", "c");
    queue.wake(&"a", ns(), Urgency::Routine, Tick(0));
    assert_eq!(next(&mut queue, 0), Some("a"));
    queue.wake(&"a", ns(), Urgency::Routine, Tick(1));
    assert_eq!(next(&mut queue, 1), None, "one pass at a time");
    queue.done(&"a", Some((Tick(9_000_000), Urgency::Routine)), Tick(5));
    assert_eq!(next(&mut queue, 5), Some("a"));
}

#[test]
fn changes_that_follow_one_another_make_a_pass_in_two_seconds_and_one_for_the_last() {
    let mut queue = wide();
    let ns = || owner("ns", "c");
    queue.wake(&"a", ns(), Urgency::Routine, Tick(0));
    let mut passes = Vec::new();
    for now in 0..10_000 {
        if now % 10 == 5 && now < 5_000 {
            queue.wake(&"a", ns(), Urgency::Routine, Tick(now));
        }
        if let Some(key) = next(&mut queue, now) {
            passes.push(now);
            queue.done(&key, Some((Tick(900_000), Urgency::Routine)), Tick(now));
        }
    }
    assert_eq!(
        passes,
        [0, 5, 2_005, 4_005, 6_005],
        "the last change counts"
    );
}

#[test]
fn changes_of_an_object_that_needs_no_pass_are_as_rare_and_it_is_forgotten_then() {
    let mut queue = wide();
    let mut passes = Vec::new();
    for now in 0..10_000 {
        if now % 10 == 5 && now < 5_000 {
            queue.wake(&"a", owner("ns", "c"), Urgency::Routine, Tick(now));
        }
        if let Some(key) = next(&mut queue, now) {
            passes.push(now);
            // The watch shows during the pass, or after it, what the pass has written.
            let during = passes.len() % 2 == 0;
            if during {
                queue.rest(&key, Tick(now));
            }
            queue.done(&key, None, Tick(now));
            if !during {
                queue.rest(&key, Tick(now));
            }
        }
    }
    assert_eq!(passes, [5, 15, 2_015, 4_015, 6_015]);
    assert!(queue.entries.is_empty() && queue.waiting.is_empty());
}

#[test]
fn what_is_gone_is_not_served_and_what_is_made_anew_is() {
    let mut queue = wide();
    let ns = || owner("ns", "c");
    for key in ["ready", "waits", "runs"] {
        queue.wake(&key, ns(), Urgency::Routine, Tick(0));
    }
    queue.set(&"waits", ns(), Some((Tick(10), Urgency::Routine)), Tick(0));
    queue.remove(&"ready");
    queue.remove(&"waits");
    assert_eq!(all(&mut queue, 20), ["runs"]);
    queue.wake(&"runs", ns(), Urgency::Routine, Tick(20));
    queue.remove(&"runs");
    queue.done(&"runs", Some((Tick(30), Urgency::Routine)), Tick(25));
    assert_eq!(all(&mut queue, 50), [""; 0]);
    assert!(queue.entries.is_empty());

    queue.wake(&"again", ns(), Urgency::Routine, Tick(60));
    assert_eq!(next(&mut queue, 60), Some("again"));
    queue.remove(&"again");
    queue.wake(&"again", ns(), Urgency::Routine, Tick(61));
    queue.done(&"again", None, Tick(62));
    assert_eq!(next(&mut queue, 62), Some("again"), "the new one");
}

#[test]
fn an_object_that_gets_another_connection_counts_for_that_from_its_next_pass_on() {
    let mut queue = Queue::new(PLACES);
    queue.wake(&"a", owner("ns", "x"), Urgency::Routine, Tick(0));
    assert_eq!(next(&mut queue, 0), Some("a"));
    queue.wake(&"a", owner("ns", "y"), Urgency::Routine, Tick(1));
    queue.wake(&"b", owner("ns", "x"), Urgency::Routine, Tick(1));
    assert_eq!(next(&mut queue, 1), None, "x has one");
    queue.wake(&"c", owner("ns", "y"), Urgency::Routine, Tick(1));
    assert_eq!(next(&mut queue, 1), Some("c"));
    queue.done(&"a", None, Tick(3));
    assert_eq!(next(&mut queue, 3_000), Some("b"), "y has one");
    queue.done(&"b", None, Tick(3_000));
    queue.done(&"c", None, Tick(3_000));
    assert_eq!(next(&mut queue, 3_000), Some("a"));
    queue.done(&"a", None, Tick(3_000));
    queue.wake(&"d", owner("ns", "y"), Urgency::Routine, Tick(3_000));
    queue.wake(&"d", owner("ns", "z"), Urgency::Routine, Tick(3_000));
    assert_eq!(next(&mut queue, 3_000), Some("d"), "while it was due");
}

/// What may happen to one object, in every order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Wake,
    Begin,
    End,
    Remove,
    Pass,
}

/// Every sequence of eight steps: as long as the object is there, a change is followed
/// by a pass that begins after it, whatever else happens.
#[test]
fn no_change_is_lost_in_any_order_of_change_pass_and_deletion() {
    const STEPS: [Step; 5] = [Step::Wake, Step::Begin, Step::End, Step::Remove, Step::Pass];
    const LENGTH: u32 = 8;
    let mut lost = HashSet::new();
    for number in 0..STEPS.len().pow(LENGTH) {
        let mut queue = wide();
        let (mut now, mut running, mut owed, mut there) = (0, false, false, false);
        let mut left = number;
        let mut steps = Vec::new();
        for _ in 0..LENGTH {
            let step = STEPS[left % STEPS.len()];
            left /= STEPS.len();
            steps.push(step);
            match step {
                Step::Wake => {
                    queue.wake(&"a", owner("ns", "c"), Urgency::Routine, Tick(now));
                    (owed, there) = (true, true);
                }
                Step::Begin => {
                    let begun = next(&mut queue, now).is_some();
                    assert!(!(begun && running), "{steps:?}");
                    assert!(!begun || there, "{steps:?}");
                    (running, owed) = (running || begun, owed && !begun);
                }
                Step::End => {
                    queue.done(&"a", None, Tick(now));
                    running = false;
                }
                Step::Remove => {
                    queue.remove(&"a");
                    (owed, there) = (false, false);
                }
                Step::Pass => now += 700,
            }
        }
        if running {
            queue.done(&"a", None, Tick(now));
        }
        let follows = next(&mut queue, now + CALM.0).is_some();
        if follows != owed {
            lost.insert(format!("{steps:?}"));
        }
    }
    assert!(
        lost.is_empty(),
        "{} orders, such as {:?}",
        lost.len(),
        lost.iter().next()
    );
}

#[test]
fn a_time_that_is_set_during_a_pass_counts_after_it() {
    let mut queue = wide();
    let ns = || owner("ns", "c");
    queue.wake(&"a", ns(), Urgency::Routine, Tick(0));
    assert_eq!(next(&mut queue, 0), Some("a"));
    let at = |at| Some((Tick(at), Urgency::Routine));
    queue.set(&"a", ns(), at(50), Tick(1));
    queue.set(&"a", ns(), None, Tick(1));
    queue.done(&"a", at(90), Tick(2));
    assert_eq!(queue.next_time(), Some(Tick(50)));
    // A change counts before a time that is further away.
    assert_eq!(next(&mut queue, 50), Some("a"));
    queue.set(&"a", ns(), at(9_000_000), Tick(51));
    queue.wake(&"a", ns(), Urgency::Routine, Tick(52));
    queue.done(&"a", None, Tick(53));
    assert_eq!(next(&mut queue, 3_000), Some("a"));
    queue.done(&"a", None, Tick(3_000));
    assert_eq!(next(&mut queue, 3_000 + CALM.0), None);
    assert!(queue.entries.is_empty(), "nothing is to be done");
}

#[test]
fn a_time_of_the_wall_clock_makes_it_as_urgent_as_that_time() {
    let mut queue = wide();
    let ns = || owner("ns", "c");
    for key in ["a", "b"] {
        queue.wake(&key, ns(), Urgency::Routine, Tick(0));
    }
    queue.hurry(&"b", Urgency::Deadline, Tick(1));
    queue.hurry(&"unknown", Urgency::Deadline, Tick(1));
    assert_eq!(all(&mut queue, 1), ["b", "a"]);
}
