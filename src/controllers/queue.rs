//! Which object a reconcile pass is made of next. Pure: changes and times in, keys out.
//!
//! What is due is served by urgency, then each namespace in turn, then by time. No
//! namespace and no connection has so many passes under way that nothing is left for
//! others. A key that is woken while its pass is under way is due again after it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use errand_engine::{Span, Tick};

/// How urgent a pass is; the first is served first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Urgency {
    /// A time of the schedule or of the cloud has come, or is near.
    Deadline,
    /// A call was made, or is about to be.
    Call,
    /// Everything else.
    #[default]
    Routine,
}

impl Urgency {
    const COUNT: usize = 3;
}

/// Who the passes of an object count for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner {
    pub(super) namespace: Arc<str>,
    /// The name of its connection.
    pub(super) connection: Arc<str>,
}

/// How many passes may be under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) all: usize,
    pub(super) namespace: usize,
    pub(super) connection: usize,
}

impl Limits {
    /// Of so many: half of them for one namespace, a quarter for one connection.
    pub(super) fn of(all: u16) -> Self {
        let all = usize::from(all).max(1);
        Self {
            all,
            namespace: all.div_ceil(2),
            connection: all.div_ceil(4),
        }
    }
}

/// At most one pass of an object because of changes begins in this time, so that a tool
/// that writes an object again and again does not take places from others.
pub(super) const CALM: Span = Span(2_000);

/// The place of a key among all: when it was due, and a number that tells keys of one
/// time apart.
type Place = (Tick, u64);

/// Where a key stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing is to be done.
    Idle,
    /// Until its time.
    Waits(Place),
    /// Due.
    Ready(Place),
    /// Its pass is under way; when it was woken since, if it was.
    Running(Option<Tick>),
}

struct Entry {
    owner: Owner,
    urgency: Urgency,
    stage: Stage,
    /// It is due because something has happened to it.
    changed: bool,
    /// No pass because of a change begins before this.
    calm_at: Tick,
    /// It was made of a key that is there no more when its pass ends.
    gone: bool,
}

/// The keys of one kind.
pub(super) struct Queue<K> {
    limits: Limits,
    entries: HashMap<K, Entry>,
    waiting: BTreeMap<Place, K>,
    ready: [Turns<K>; Urgency::COUNT],
    running: Running,
    number: u64,
}

/// Due keys of one urgency: namespaces take turns.
struct Turns<K> {
    order: VecDeque<Arc<str>>,
    /// By namespace and connection.
    due: HashMap<Arc<str>, HashMap<Arc<str>, Due<K>>>,
}

/// Due keys of one connection.
type Due<K> = BTreeMap<Place, K>;

impl<K> Default for Turns<K> {
    fn default() -> Self {
        Self {
            order: VecDeque::new(),
            due: HashMap::new(),
        }
    }
}

/// The passes that are under way.
#[derive(Default)]
struct Running {
    all: usize,
    namespaces: HashMap<Arc<str>, usize>,
    connections: HashMap<Owner, usize>,
}

impl<K: Clone + Eq + Hash> Queue<K> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: HashMap::new(),
            waiting: BTreeMap::new(),
            ready: Default::default(),
            running: Running::default(),
            number: 0,
        }
    }

    /// Something has happened to it: a pass is due now, or as soon as it is calm. One
    /// that is under way does not count.
    pub(super) fn wake(&mut self, key: &K, owner: Owner, urgency: Urgency, now: Tick) {
        // What is new is no change.
        let changed = self.entries.contains_key(key);
        let entry = self.entry(key, owner);
        if let Stage::Running(woken) = &mut entry.stage {
            woken.get_or_insert(now);
            return;
        }
        entry.changed |= changed;
        let at = now.max(entry.calm_at);
        self.put(key, at, urgency, now);
    }

    /// A pass is due at that time, and not before unless it is woken; absent: only when
    /// it is woken. One that is under way may not know of it.
    pub(super) fn set(&mut self, key: &K, owner: Owner, at: Option<(Tick, Urgency)>, now: Tick) {
        if let Stage::Running(woken) = &mut self.entry(key, owner).stage {
            let earlier = (*woken).into_iter().chain(at.map(|(at, _)| at)).min();
            *woken = earlier;
            return;
        }
        match at {
            Some((at, urgency)) => self.put(key, at, urgency, now),
            None => self.take_out(key),
        }
    }

    /// Its object is gone. A pass that is under way still counts until it ends.
    pub(super) fn remove(&mut self, key: &K) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        match &mut entry.stage {
            Stage::Running(woken) => {
                *woken = None;
                entry.gone = true;
            }
            _ => {
                self.take_out(key);
                self.entries.remove(key);
            }
        }
    }

    /// The next key whose pass may begin, and whether something has happened to it; its
    /// pass counts as under way.
    pub(super) fn next(&mut self, now: Tick) -> Option<(K, bool)> {
        self.move_due(now);
        if self.running.all >= self.limits.all {
            return None;
        }
        let (limits, running) = (self.limits, &self.running);
        let free = |namespace: &Arc<str>, connection: &Arc<str>| {
            let owner = Owner {
                namespace: namespace.clone(),
                connection: connection.clone(),
            };
            running.connections.get(&owner).copied().unwrap_or(0) < limits.connection
        };
        let open = |namespace: &Arc<str>| {
            running.namespaces.get(namespace).copied().unwrap_or(0) < limits.namespace
        };
        let key = self
            .ready
            .iter_mut()
            .find_map(|turns| turns.next(&open, &free))?;
        let entry = self.entries.get_mut(&key).expect("what is due is known");
        entry.stage = Stage::Running(None);
        let changed = std::mem::take(&mut entry.changed);
        if changed {
            entry.calm_at = after(now, CALM);
        }
        self.running.begin(&entry.owner);
        Some((key, changed))
    }

    /// Its pass has ended. It is due again at that time; or earlier, if it was woken
    /// since the pass began.
    pub(super) fn done(&mut self, key: &K, again: Option<(Tick, Urgency)>, now: Tick) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let Stage::Running(woken) = entry.stage else {
            return;
        };
        entry.stage = Stage::Idle;
        self.running.end(&entry.owner);
        if entry.gone {
            self.entries.remove(key);
            return;
        }
        entry.changed = woken.is_some();
        let woken = woken.map(|at| (at.max(entry.calm_at), entry.urgency));
        let next = woken.into_iter().chain(again).min_by_key(|(at, _)| *at);
        if let Some((at, urgency)) = next {
            self.put(key, at, urgency, now);
        }
    }

    /// When the next key is due that is not due yet.
    pub(super) fn next_time(&self) -> Option<Tick> {
        self.waiting.keys().next().map(|(at, _)| *at)
    }

    fn entry(&mut self, key: &K, owner: Owner) -> &mut Entry {
        let entry = self.entries.entry(key.clone()).or_insert_with(|| Entry {
            owner: owner.clone(),
            urgency: Urgency::default(),
            stage: Stage::Idle,
            changed: false,
            calm_at: Tick(i64::MIN),
            gone: false,
        });
        entry.gone = false;
        if entry.owner == owner {
            return self.entries.get_mut(key).expect("made above");
        }
        // It counts for another one from now on; a pass counts where it began.
        if let Stage::Running(_) = entry.stage {
            let before = std::mem::replace(&mut entry.owner, owner.clone());
            self.running.end(&before);
            self.running.begin(&owner);
        } else {
            let (stage, urgency) = (entry.stage, entry.urgency);
            self.take_out(key);
            let entry = self.entries.get_mut(key).expect("made above");
            entry.owner = owner;
            if let Stage::Waits((at, _)) | Stage::Ready((at, _)) = stage {
                self.put(key, at, urgency, Tick(i64::MIN));
            }
        }
        self.entries.get_mut(key).expect("made above")
    }

    /// Due at that time. What is due earlier already keeps its place.
    fn put(&mut self, key: &K, at: Tick, urgency: Urgency, now: Tick) {
        let entry = self.entries.get_mut(key).expect("its owner is known");
        if let Stage::Ready((due, _)) = entry.stage
            && due <= at
            && entry.urgency <= urgency
        {
            return;
        }
        let at = match entry.stage {
            Stage::Ready((due, _)) => due.min(at),
            _ => at,
        };
        self.take_out(key);
        self.number += 1;
        let place = (at, self.number);
        let entry = self.entries.get_mut(key).expect("its owner is known");
        entry.urgency = urgency;
        match at <= now {
            true => {
                entry.stage = Stage::Ready(place);
                self.ready[urgency as usize].put(&entry.owner, place, key.clone());
            }
            false => {
                entry.stage = Stage::Waits(place);
                self.waiting.insert(place, key.clone());
            }
        }
    }

    fn take_out(&mut self, key: &K) {
        let entry = self.entries.get_mut(key).expect("its owner is known");
        match std::mem::replace(&mut entry.stage, Stage::Idle) {
            Stage::Waits(place) => {
                self.waiting.remove(&place);
            }
            Stage::Ready(place) => self.ready[entry.urgency as usize].take_out(&entry.owner, place),
            Stage::Idle => {}
            running @ Stage::Running(_) => entry.stage = running,
        }
    }

    fn move_due(&mut self, now: Tick) {
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            let (place, key) = first.remove_entry();
            let entry = self.entries.get_mut(&key).expect("what waits is known");
            entry.stage = Stage::Ready(place);
            self.ready[entry.urgency as usize].put(&entry.owner, place, key);
        }
    }
}

impl<K: Clone> Turns<K> {
    fn put(&mut self, owner: &Owner, place: Place, key: K) {
        if !self.due.contains_key(&owner.namespace) {
            self.order.push_back(owner.namespace.clone());
        }
        let of_namespace = self.due.entry(owner.namespace.clone()).or_default();
        let of_connection = of_namespace.entry(owner.connection.clone()).or_default();
        of_connection.insert(place, key);
    }

    fn take_out(&mut self, owner: &Owner, place: Place) {
        let Some(of_namespace) = self.due.get_mut(&owner.namespace) else {
            return;
        };
        if let Some(of_connection) = of_namespace.get_mut(&owner.connection) {
            of_connection.remove(&place);
            if of_connection.is_empty() {
                of_namespace.remove(&owner.connection);
            }
        }
        if of_namespace.is_empty() {
            self.due.remove(&owner.namespace);
            self.order.retain(|namespace| *namespace != owner.namespace);
        }
    }

    /// The first key of the first namespace that may have another pass, whose turn is
    /// over with it.
    fn next(
        &mut self,
        open: &impl Fn(&Arc<str>) -> bool,
        free: &impl Fn(&Arc<str>, &Arc<str>) -> bool,
    ) -> Option<K> {
        let (turn, connection, place) =
            self.order
                .iter()
                .enumerate()
                .find_map(|(turn, namespace)| {
                    let due = self.due.get(namespace).filter(|_| open(namespace))?;
                    let may = due.iter().filter(|(name, _)| free(namespace, name));
                    let first = may.filter_map(|(name, keys)| Some((*keys.keys().next()?, name)));
                    let (place, name) = first.min()?;
                    Some((turn, name.clone(), place))
                })?;
        let namespace = self.order.remove(turn)?;
        self.order.push_back(namespace.clone());
        let keys = self.due.get_mut(&namespace)?.get_mut(&connection)?;
        let key = keys.get(&place)?.clone();
        let owner = Owner {
            namespace,
            connection,
        };
        self.take_out(&owner, place);
        Some(key)
    }
}

impl Running {
    fn begin(&mut self, owner: &Owner) {
        self.all += 1;
        *self.namespaces.entry(owner.namespace.clone()).or_default() += 1;
        *self.connections.entry(owner.clone()).or_default() += 1;
    }

    fn end(&mut self, owner: &Owner) {
        self.all -= 1;
        less(&mut self.namespaces, &owner.namespace);
        less(&mut self.connections, owner);
    }
}

/// One less; none is not kept.
fn less<K: Clone + Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

fn after(at: Tick, span: Span) -> Tick {
    Tick(at.0.saturating_add(span.0))
}

#[cfg(test)]
mod tests;
