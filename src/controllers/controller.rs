//! The operations of one kind: what of an object is kept, what makes a reconcile pass
//! due, and the pass itself.

use std::sync::Arc;

use errand_engine::{Span, Tick};
use futures::{StreamExt as _, stream};
use kube::{Resource as _, ResourceExt as _};
use tokio::sync::{mpsc, watch as signal};
use tracing::Instrument as _;

use super::admission::Kept as Counted;
use super::context::{Context, Memory};
use super::dispatch::{Next, Told, Wake, Work, dispatch};
use super::expiry::{Expiry, expiry};
use super::finished::{finished, is_unsaid};
use super::metrics::Tally;
use super::observability::span;
use super::overdue;
use super::queue::{Owner, Urgency};
use super::read::{NotRead, get};
use super::session::{Rested, Session, deadline};
use super::shown::{Ended, Kept, ObjectKey, Shown};
use super::status::reason;
use super::surroundings::Change;
use super::unreadable::Unreadable;
use super::watches::{Reports, Watching, version};
use crate::api::{AnswerWord, REQUESTED_AT, Reason, State};
use crate::operations::{Kind, Object};

/// What nothing else wakes is looked at after this, should a wake-up have been lost.
const SLOW: Span = Span(600_000);

/// A deadline that is nearer than this goes before everything else.
const NEAR: Span = Span(3_600_000);

/// What the passes of one kind share.
pub(super) struct Operations<K: Kind> {
    pub(super) context: Arc<Context>,
    pub(super) shown: Shown<K::Object>,
    pub(super) reports: Reports,
}

/// Works on one kind until told to stop.
pub(super) async fn control<K: Kind>(
    context: Arc<Context>,
    watching: &Watching,
    concurrency: u16,
    mut changes: mpsc::UnboundedReceiver<Change>,
    stop: signal::Receiver<bool>,
) {
    let watched = watching.objects::<K::Object>();
    let shown = Shown::default();
    let work = Arc::new(Operations::<K> {
        context: context.clone(),
        shown: shown.clone(),
        reports: watched.reports,
    });
    context.started.add(Counted {
        shown: shown.clone(),
        heard: watched.heard,
    });
    let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
    let counted = shown.clone();
    let census = &context.metrics.census;
    census.add(kind, Box::new(move || counted.map(count)));
    let (wake, wakes) = mpsc::unbounded_channel();
    let forward = async move {
        while let Some(change) = changes.recv().await {
            // Fails only while the process shuts down.
            let _ = wake.send(Wake(affected(&shown, &change)));
        }
    };
    let places = usize::from(concurrency).max(1);
    let clock = context.clock.clone();
    let dispatching = dispatch(work.clone(), clock, places, watched.events, wakes, stop);
    tokio::select! {
        () = dispatching => {}
        () = async { forward.await; std::future::pending().await } => {}
    }
    store_answers(&work, usize::from(concurrency)).await;
}

/// What is counted of it.
fn count<O: Object>(kept: &Kept<O>) -> Tally {
    match kept {
        Kept::Whole(object) => {
            let status = object.status();
            let state = status.and_then(|status| status.state);
            let state = state.unwrap_or(State::Pending);
            Tally {
                state,
                blocked: status.and_then(reason).filter(|_| state == State::Blocked),
                overdue: overdue::is(object.as_ref()),
            }
        }
        Kept::Ended(ended) => Tally {
            state: ended.state,
            blocked: None,
            overdue: false,
        },
    }
}

/// Operations that have not ended and that the change may let go on.
fn affected<O: Object>(shown: &Shown<O>, change: &Change) -> Vec<ObjectKey> {
    let whole = shown.whole();
    let affected = whole.iter().filter(|object| {
        let state = object.status().and_then(|status| status.state);
        // A plan reports what would block it.
        let stopped = matches!(
            state,
            Some(State::Blocked | State::Suspended | State::Planned)
        );
        let affects = match change {
            Change::Connection(connection) => {
                object.namespace().as_deref() == Some(&connection.namespace)
                    && object.asked().connection.name == *connection.name
            }
            Change::Namespace(name) => stopped && object.namespace().as_ref() == Some(name),
            Change::Crd(name) => {
                stopped && *name == format!("{}.{}", O::plural(&()), O::group(&()))
            }
        };
        affects && !object.is_finished()
    });
    let keys = affected.map(|object| ObjectKey::of(object.as_ref()));
    keys.collect()
}

fn owner<O: Object>(object: &O) -> Owner {
    Owner {
        namespace: object.namespace().unwrap_or_default().into(),
        connection: object.asked().connection.name.as_str().into(),
    }
}

/// How urgent a look is at an object that has not ended.
fn urgency<O: Object>(object: &O, now: Tick) -> Urgency {
    let schedule = object.asked().schedule;
    let ends = schedule.and_then(|schedule| schedule.not_after);
    let mut ends = ends.into_iter().chain(object.possible_until(now));
    let near = ends.any(|at| (0..NEAR.0).contains(&(at.millis() - now.0)));
    let called = object.status().is_some_and(|s| !s.steps.is_empty());
    match (near, called) {
        (true, _) => Urgency::Deadline,
        (_, true) => Urgency::Call,
        _ => Urgency::Routine,
    }
}

/// Something has changed that a pause was not made for: what is asked, or the status by
/// somebody else. Our own writes and other metadata are no such change.
fn matters<O: Object>(before: &O, now: &O, written: u64) -> bool {
    fn asked<O: Object>(object: &O) -> (Option<i64>, bool, Option<&String>) {
        let meta = object.meta();
        let deleted = meta.deletion_timestamp.is_some();
        // All of it: status repeats only its beginning.
        let requested = object.annotations().get(REQUESTED_AT);
        (meta.generation, deleted, requested)
    }
    let foreign = version(now) > written && before.status() != now.status();
    asked(before) != asked(now) || foreign
}

impl<K: Kind> Work for Operations<K> {
    type Object = K::Object;

    fn shown(&self, object: K::Object) -> (ObjectKey, Told) {
        let (key, uid) = (ObjectKey::of(&object), object.uid().unwrap_or_default());
        let memory = &self.context.memory;
        let before = self.shown.kept(&key);
        if let Some(before) = &before
            && before.uid() != uid
        {
            self.gone(&key, None);
        }
        let before = before.filter(|before| before.uid() == uid);
        // A pass that is under way compares it itself: its writes are shown before it
        // hears of them.
        let written = match memory.knows(&uid) {
            true => memory.written(&uid),
            false => u64::MAX,
        };
        if let Some(Kept::Ended(ended)) = &before
            && version(&object) < ended.version
        {
            return (key, Told::Nothing);
        }
        let now = self.context.clock.now();
        if object.is_finished() {
            memory.forget_shown(&uid);
            self.context.started.forget(&uid);
            // A pass that is under way may not hear that it has ended the object.
            let untold = memory.may_be_untold(&uid) || is_unsaid(&object);
            let told = match (untold, expiry(&object)) {
                (true, _) => Told::Wake(owner(&object), Urgency::Routine),
                (false, Expiry::At(at)) => {
                    Told::At(owner(&object), Next::wall(at, now, Urgency::Routine))
                }
                (false, Expiry::Never | Expiry::TrackedBy(_)) => Told::Done,
            };
            let kept = match told {
                Told::Wake(..) => Kept::Whole(Arc::new(object)),
                _ => Kept::Ended(ended(&object)),
            };
            self.shown.put(key.clone(), kept);
            return (key, told);
        }
        memory.note_shown(&uid, object.meta().generation.unwrap_or_default(), now.wall);
        let due = match &before {
            Some(Kept::Whole(before)) => matters(before.as_ref(), &object, written),
            Some(Kept::Ended(_)) | None => true,
        };
        let told = match due {
            true => Told::Wake(owner(&object), urgency(&object, now.wall)),
            false => Told::Nothing,
        };
        self.shown.put(key.clone(), Kept::Whole(Arc::new(object)));
        (key, told)
    }

    fn unreadable(&self, unreadable: &Unreadable) {
        self.reports.tell(unreadable);
    }

    /// What this process knows of its call is recorded, and people are told.
    fn gone(&self, key: &ObjectKey, last: Option<K::Object>) {
        self.reports.gone(key);
        let Some(kept) = self.shown.remove(key) else {
            return;
        };
        let uid = kept.uid();
        let known = forget(&self.context, &uid);
        let last = last.filter(|last| last.uid().as_ref() == Some(&uid));
        let Some(gone) = last.or(match kept {
            Kept::Whole(object) => Some((*object).clone()),
            Kept::Ended(_) => None,
        }) else {
            return;
        };
        let (context, shown) = (self.context.clone(), self.shown.clone());
        let end = async move {
            let recorded = gone.status().is_some_and(|s| s.ledger_ref.is_some());
            match known {
                Some(known) => Session::<K>::new(&context, &shown, gone, known).end().await,
                None if recorded && context.leadership.holds() => {
                    context.ledgers.note_deleted::<K>(gone).await;
                }
                None => {}
            }
        };
        tokio::spawn(end.instrument(span::<K::Object>(key, &uid)));
    }

    fn keys(&self) -> Vec<ObjectKey> {
        self.shown.keys()
    }

    fn listed(&self) {
        self.shown.set_listed();
    }

    fn uid(&self, key: &ObjectKey) -> Option<String> {
        Some(self.shown.kept(key)?.uid())
    }

    fn owner(&self, key: &ObjectKey) -> Option<(Owner, Urgency)> {
        let object = self.shown.get(key)?;
        let now = self.context.clock.now().wall;
        Some((owner(object.as_ref()), urgency(object.as_ref(), now)))
    }

    async fn pass(&self, key: ObjectKey, changed: bool) -> Next {
        match self.shown.kept(&key) {
            None => Next::default(),
            Some(Kept::Ended(ended)) => self.expire(&key, &ended).await,
            Some(Kept::Whole(object)) if object.is_finished() => self.finish(&key, &object).await,
            Some(Kept::Whole(object)) => self.look(&key, (*object).clone(), changed).await,
        }
    }
}

impl<K: Kind> Operations<K> {
    /// The object from the API server, not as the watch has shown it.
    async fn read(&self, key: &ObjectKey) -> Result<Option<K::Object>, NotRead> {
        get(&self.context.client, Some(&*key.namespace), &key.name).await
    }

    /// One session of an object that has not ended.
    async fn look(&self, key: &ObjectKey, object: K::Object, changed: bool) -> Next {
        let context = &self.context;
        let uid = object.uid().unwrap_or_default();
        let memory = context.memory.take(&uid, context.writer);
        let object = match version(&object) < context.memory.written(&uid) {
            // The watch is behind what this process wrote itself.
            true => match self.read(key).await {
                Ok(Some(found)) if found.uid().as_ref() == Some(&uid) => found,
                // The watch is about to show that it is gone.
                Ok(_) => object,
                Err(e) => {
                    context.memory.keep(&uid, memory);
                    let pause = match e {
                        // The watch shows when it can be read again.
                        NotRead::Unreadable(_) => context.rules.recheck,
                        _ => context.rules.backoff,
                    };
                    let now = context.clock.now().wall;
                    let pause =
                        context
                            .rules
                            .within(pause, deadline(&context.rules, &object, now), now);
                    return Next::at(context.clock.after(pause), Urgency::Routine);
                }
            },
            false => object,
        };
        if object.is_finished() {
            context.memory.keep(&uid, memory);
            return self.finish(key, &object).await;
        }
        let mut session = Session::<K>::new(context, &self.shown, object, memory);
        session.changed = changed;
        let Rested {
            object,
            mut memory,
            decided,
            wake,
        } = Box::pin(session.run()).await;
        let (object, overdue) = overdue::note::<K>(context, object, &mut memory).await;
        context.memory.keep(&uid, memory);
        if self.shown.kept(key).map(|kept| kept.uid()).as_ref() != Some(&uid) {
            // Deleted meanwhile: nobody else will tell.
            if let Some(known) = forget(context, &uid) {
                let session = Session::<K>::new(context, &self.shown, object, known);
                Box::pin(session.end()).await;
            }
            return Next::default();
        }
        if object.is_finished() && !context.memory.is_to_be_told(&uid) {
            context.memory.forget(&uid);
            let ended = ended(&object);
            return match self.is_newest(key, &object) {
                true => {
                    self.shown.end(key, ended.clone());
                    self.until_expiry(&ended)
                }
                // It was edited meanwhile.
                false => Next::at(context.clock.now().mono, Urgency::Routine),
            };
        }
        let urgency = urgency(&object, decided.wall);
        let written = context.memory.written(&uid);
        if let Some(shown) = self.shown.get(key)
            && version(shown.as_ref()) > written
            && shown.status() != object.status()
        {
            // Somebody else has written it meanwhile.
            return Next::at(context.clock.now().mono, urgency);
        }
        let next = match wake {
            None => Next::at(decided.after(SLOW), urgency),
            Some(span) if is_deadline(&object) => {
                let at = Tick(decided.wall.0.saturating_add(span.0));
                Next::wall(at, decided, Urgency::Deadline)
            }
            // Their calls were answered at different times.
            Some(span) if awaits_proof(&object) => Next::at(decided.after(span), urgency),
            Some(span) => {
                // The engine has cut it; it is not to become longer than that again.
                let until = deadline(&context.rules, &object, decided.wall);
                let pause = context
                    .rules
                    .within(spread(span, &uid), until, decided.wall);
                Next::at(decided.after(pause), urgency)
            }
        };
        next.or(overdue)
    }

    /// What is left to do for an object that has ended.
    async fn finish(&self, key: &ObjectKey, object: &K::Object) -> Next {
        let context = &self.context;
        let uid = object.uid().unwrap_or_default();
        if let Some(memory) = context.memory.take_untold(&uid) {
            let session = Session::<K>::new(context, &self.shown, object.clone(), memory);
            Box::pin(session.run()).await;
        }
        context.memory.forget(&uid);
        context.started.forget(&uid);
        let (next, said) = finished::<K>(context, object).await;
        if said && self.is_newest(key, object) {
            self.shown.end(key, ended(object));
        }
        next
    }

    /// The watch has shown nothing newer.
    fn is_newest(&self, key: &ObjectKey, object: &K::Object) -> bool {
        let shown = self.shown.get(key);
        shown.is_none_or(|shown| version(shown.as_ref()) <= version(object))
    }

    fn until_expiry(&self, ended: &Ended) -> Next {
        let now = self.context.clock.now();
        let until = |at| Next::wall(at, now, Urgency::Routine);
        ended.expires.map_or(Next::default(), until)
    }

    /// An object that has ended, and of which only a record is kept, may be due to be
    /// deleted.
    async fn expire(&self, key: &ObjectKey, ended: &Ended) -> Next {
        let context = &self.context;
        let now = context.clock.now().wall;
        if ended.expires.is_none_or(|at| at > now) {
            return self.until_expiry(ended);
        }
        match self.read(key).await {
            Ok(Some(object))
                if object.uid().as_deref() == Some(&ended.uid) && object.is_finished() =>
            {
                finished::<K>(context, &object).await.0
            }
            // The watch tells.
            Ok(_) => Next::default(),
            Err(_) => Next::at(
                context.clock.after(context.rules.backoff_max),
                Urgency::Routine,
            ),
        }
    }
}

fn ended<O: Object>(object: &O) -> Ended {
    let state = object.status().and_then(|status| status.state);
    Ended {
        uid: object.uid().unwrap_or_default().into(),
        version: version(object),
        state: state.unwrap_or(State::Pending),
        expires: match expiry(object) {
            Expiry::At(at) => Some(at),
            Expiry::Never | Expiry::TrackedBy(_) => None,
        },
    }
}

/// It rests until a time that the schedule or the cloud has set.
fn is_deadline<O: Object>(object: &O) -> bool {
    let reason = object.status().and_then(reason);
    reason.is_some_and(Reason::is_dated)
}

/// It looks for the effect of a call that was accepted.
fn awaits_proof<O: Object>(object: &O) -> bool {
    let status = object.status();
    let last = status.and_then(|status| status.steps.last());
    last.is_some_and(|last| last.answer == Some(AnswerWord::Accepted))
}

/// Answers that could not be stored when they came get a last try before this
/// process forgets them. What the watch has shown may be too old for that.
async fn store_answers<K: Kind>(work: &Arc<Operations<K>>, concurrency: usize) {
    let context = &work.context;
    let left = work.shown.whole().into_iter().filter(|object| {
        let uid = object.uid().unwrap_or_default();
        context.memory.holds_an_answer(&uid)
    });
    let store = |object: Arc<K::Object>| {
        let key = ObjectKey::of(object.as_ref());
        let span = span::<K::Object>(&key, &object.uid().unwrap_or_default());
        let store = async move {
            let Ok(Some(found)) = work.read(&key).await else {
                tracing::warn!(operation = %object.target(), "an answer was not stored");
                return;
            };
            if found.uid() == object.uid() {
                work.look(&key, found, false).await;
            }
        };
        store.instrument(span)
    };
    stream::iter(left)
        .for_each_concurrent(concurrency, store)
        .await;
}

/// Forgets an object that is gone; gives what is known of its call and may not
/// be recorded.
fn forget(context: &Context, uid: &str) -> Option<Memory> {
    context.started.forget(uid);
    context.memory.forget_shown(uid);
    context.memory.part_with(uid)
}

/// The same pause for every object would wake them all at once.
fn spread(span: Span, uid: &str) -> Span {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    let tenth = span.0 / 10;
    Span(span.0 + i64::try_from(hasher.finish() % 1000).unwrap_or(0) * tenth / 1000)
}

#[cfg(test)]
mod tests;
