//! Which object a reconcile pass is made of next. Pure: changes and times in, keys out.
//!
//! What is due is served by urgency, then each namespace in turn, then by time. Neither
//! namespaces nor connections have so many passes under way that nothing is left for
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

const URGENCIES: usize = 3;

/// Who the passes of an object count for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner {
    pub(super) namespace: Arc<str>,
    /// The name of its connection.
    pub(super) connection: Arc<str>,
}

/// Of the places that others leave free, a namespace takes half at most, and a connection
/// a quarter: where several of them hang, the next one finds a place.
const OF_A_NAMESPACE: usize = 2;
const OF_A_CONNECTION: usize = 4;

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
    /// Nothing is to be done; it waits to be forgotten, not for a pass.
    leaves: bool,
}

/// The keys of one kind.
pub(super) struct Queue<K> {
    /// How many passes may be under way.
    places: usize,
    entries: HashMap<K, Entry>,
    waiting: BTreeMap<Place, K>,
    ready: [Turns<K>; URGENCIES],
    /// The passes that are under way, and who each counted for when it began.
    running: HashMap<K, Owner>,
    number: u64,
}

/// Due keys of one urgency: namespaces take turns.
struct Turns<K> {
    order: VecDeque<Arc<str>>,
    due: HashMap<Arc<str>, Due<K>>,
}

/// Due keys of one namespace.
struct Due<K> {
    connections: HashMap<Owner, BTreeMap<Place, K>>,
    /// The connections by the first place of each, so that those that may have no further
    /// pass are passed over, and no others are looked at.
    firsts: BTreeMap<Place, Owner>,
}

impl<K: Clone + Eq + Hash> Queue<K> {
    pub(super) fn new(places: usize) -> Self {
        Self {
            places,
            entries: HashMap::new(),
            waiting: BTreeMap::new(),
            ready: std::array::from_fn(|_| Turns {
                order: VecDeque::new(),
                due: HashMap::new(),
            }),
            running: HashMap::new(),
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
            *woken = Some(woken.map_or(now, |at| at.min(now)));
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

    /// A time of the wall clock has come: it is due now.
    pub(super) fn hurry(&mut self, key: &K, urgency: Urgency, now: Tick) {
        if let Some(entry) = self.entries.get(key) {
            let owner = entry.owner.clone();
            self.set(key, owner, Some((now, urgency)), now);
        }
    }

    /// Nothing is to be done with it, unless the pass that is under way knows better. It
    /// is forgotten when it is calm: until then what happens to it is known as a change.
    pub(super) fn rest(&mut self, key: &K, now: Tick) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if let Stage::Running(woken) = &mut entry.stage {
            *woken = None;
            return;
        }
        entry.changed = false;
        let calm_at = entry.calm_at.max(Tick(now.0.saturating_add(CALM.0)));
        self.take_out(key);
        self.put(key, calm_at, Urgency::Routine, now);
        self.entries.get_mut(key).expect("put above").leaves = true;
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
        let (places, all) = (self.places, self.running.len());
        let (mut namespaces, mut connections) = (HashMap::new(), HashMap::new());
        for owner in self.running.values() {
            *namespaces.entry(&owner.namespace).or_insert(0) += 1;
            *connections.entry(owner).or_insert(0) += 1;
        }
        let may = |own: Option<&usize>, share| {
            let own = own.copied().unwrap_or_default();
            own * share + (all - own) < places
        };
        let open = |name: &Arc<str>| may(namespaces.get(name), OF_A_NAMESPACE);
        let free = |owner: &Owner| may(connections.get(owner), OF_A_CONNECTION);
        let key = self
            .ready
            .iter_mut()
            .find_map(|turns| turns.next(&open, &free))?;
        let entry = self.entries.get_mut(&key).expect("what is due is known");
        entry.stage = Stage::Running(None);
        let changed = std::mem::take(&mut entry.changed);
        if changed {
            entry.calm_at = Tick(now.0.saturating_add(CALM.0));
        }
        self.running.insert(key.clone(), entry.owner.clone());
        Some((key, changed))
    }

    /// Its pass has ended. It is due again at that time; or earlier, if it was woken
    /// since the pass began. False: its object is gone.
    pub(super) fn done(&mut self, key: &K, again: Option<(Tick, Urgency)>, now: Tick) -> bool {
        self.running.remove(key);
        let Some(entry) = self.entries.get_mut(key) else {
            return false;
        };
        let Stage::Running(woken) = entry.stage else {
            return true;
        };
        entry.stage = Stage::Idle;
        if entry.gone {
            self.entries.remove(key);
            return false;
        }
        entry.changed = woken.is_some();
        let woken = woken.map(|at| (at.max(entry.calm_at), entry.urgency));
        let next = woken.into_iter().chain(again).min_by_key(|(at, _)| *at);
        match next {
            Some((at, urgency)) => self.put(key, at, urgency, now),
            None => self.rest(key, now),
        }
        true
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
            leaves: false,
        });
        entry.gone = false;
        if entry.owner != owner {
            // It counts for another one from its next pass on.
            let (stage, urgency) = (entry.stage, entry.urgency);
            self.take_out(key);
            self.entries.get_mut(key).expect("made above").owner = owner;
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
        entry.leaves = false;
        match std::mem::replace(&mut entry.stage, Stage::Idle) {
            Stage::Waits(place) => drop(self.waiting.remove(&place)),
            Stage::Ready(place) => {
                let turns = &mut self.ready[entry.urgency as usize];
                drop(turns.take_out(&entry.owner, place));
            }
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
            if entry.leaves {
                self.entries.remove(&key);
                continue;
            }
            entry.stage = Stage::Ready(place);
            self.ready[entry.urgency as usize].put(&entry.owner, place, key);
        }
    }
}

impl<K> Turns<K> {
    fn put(&mut self, owner: &Owner, place: Place, key: K) {
        let due = self.due.entry(owner.namespace.clone()).or_insert_with(|| {
            self.order.push_back(owner.namespace.clone());
            Due {
                connections: HashMap::new(),
                firsts: BTreeMap::new(),
            }
        });
        due.change(owner, |keys| keys.insert(place, key));
    }

    fn take_out(&mut self, owner: &Owner, place: Place) -> Option<K> {
        let due = self.due.get_mut(&owner.namespace)?;
        let key = due.change(owner, |keys| keys.remove(&place));
        if due.firsts.is_empty() {
            self.due.remove(&owner.namespace);
            self.order.retain(|namespace| *namespace != owner.namespace);
        }
        key
    }

    /// The first key of the first namespace that may have another pass, whose turn is
    /// over with it.
    fn next(
        &mut self,
        open: &impl Fn(&Arc<str>) -> bool,
        free: &impl Fn(&Owner) -> bool,
    ) -> Option<K> {
        let mut turns = self.order.iter().enumerate();
        let (turn, place, owner) = turns.find_map(|(turn, namespace)| {
            let due = self.due.get(namespace).filter(|_| open(namespace))?;
            let (place, owner) = due.firsts.iter().find(|(_, owner)| free(owner))?;
            Some((turn, *place, owner.clone()))
        })?;
        let namespace = self.order.remove(turn)?;
        self.order.push_back(namespace);
        self.take_out(&owner, place)
    }
}

impl<K> Due<K> {
    fn change<T>(&mut self, owner: &Owner, change: impl FnOnce(&mut BTreeMap<Place, K>) -> T) -> T {
        let keys = self.connections.entry(owner.clone()).or_default();
        let first = |keys: &BTreeMap<Place, K>| keys.keys().next().copied();
        let before = first(keys);
        let changed = change(keys);
        let now = first(keys);
        if before != now {
            before.map(|place| self.firsts.remove(&place));
            match now {
                Some(place) => drop(self.firsts.insert(place, owner.clone())),
                None => drop(self.connections.remove(owner)),
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests;
