//! The controller of one kind: what wakes a session of an object, and what is
//! remembered between sessions.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use errand_engine::Span;
use futures::{StreamExt as _, stream};
use kube::runtime::controller::{Action, Config as ControllerConfig, Controller};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::{Resource as _, ResourceExt as _};
use tokio::sync::{mpsc, watch as signal};

use super::admission::Kept;
use super::context::{Context, Memories, Memory};
use super::finished::finished;
use super::read::get;
use super::session::{Rested, Session};
use super::stop::{stopped, stopped_unshown};
use super::timers::Timers;
use super::watches::{Watching, received, version};
use crate::api::{CloudConnection, State};
use crate::operations::{Kind, Object as _};

/// How long running sessions may take to end after SIGTERM or a lost lease.
const DRAIN: Duration = Duration::from_secs(20);

/// What one kind's controller shares with its sessions.
struct Control<K: Kind> {
    context: Arc<Context>,
    cache: Store<K::Object>,
    timers: Timers<ObjectRef<K::Object>>,
}

/// Runs the controller of one kind.
pub(super) async fn control<K: Kind>(
    context: Arc<Context>,
    watching: &Watching,
    concurrency: u16,
    connections: mpsc::UnboundedReceiver<CloudConnection>,
    stop: signal::Receiver<bool>,
) {
    let (cache, writer) = reflector::store();
    let parting = (context.clone(), cache.clone());
    let showing = context.clone();
    let watched = watching.objects(
        writer,
        move |object: &K::Object| shown::<K>(&showing, object),
        move |gone: &K::Object| deleted::<K>(&parting.0, &parting.1, gone),
    );
    let (timers, due) = Timers::new(context.clock.clone());
    let referring = {
        let (cache, memory) = (cache.clone(), context.memory.clone());
        move |connection: CloudConnection| waiting_for::<K>(&cache, &memory, &connection)
    };
    let control = Arc::new(Control::<K> {
        context,
        cache: cache.clone(),
        timers,
    });
    let kind = <K::Object as kube::Resource>::kind(&()).into_owned();
    control.context.started.add(Kept {
        store: control.cache.clone(),
        heard: watched.heard,
    });
    let shown = control.cache.clone();
    let census = &control.context.metrics.census;
    census.add(kind.clone(), Box::new(move || states::<K>(&shown)));
    let unshown = stopped_unshown(stop.clone(), cache.clone());
    let controller = Controller::for_stream(watched.objects, cache)
        .with_config(ControllerConfig::default().concurrency(concurrency))
        .watches_stream(received(connections).map(Ok), referring)
        .reconcile_on(due)
        .graceful_shutdown_on(async move {
            stopped(stop).await;
            // A session that does not end by then is cut off.
            tokio::spawn(async {
                tokio::time::sleep(DRAIN).await;
                tracing::error!("sessions did not end in time");
                std::process::exit(1);
            });
        })
        .run(
            reconcile::<K>,
            |_, e: &Infallible, _| match *e {},
            control.clone(),
        )
        .for_each(|result| {
            if let Err(e) = result {
                tracing::debug!(%kind, error = %e, "controller");
            }
            async {}
        });
    tokio::select! {
        () = controller => {}
        () = unshown => {}
    }
    store_answers(&control, usize::from(concurrency)).await;
}

/// The state of each object, for the metrics.
fn states<K: Kind>(shown: &Store<K::Object>) -> Vec<State> {
    let shown = shown.state();
    let states = shown.iter().map(|o| o.status().and_then(|s| s.state));
    states
        .map(|state| state.unwrap_or(State::Pending))
        .collect()
}

/// What is read of the cloud after this is not older than the object as it is now.
fn shown<K: Kind>(context: &Context, object: &K::Object) {
    let uid = object.uid().unwrap_or_default();
    let generation = object.meta().generation.unwrap_or_default();
    match object.is_finished() {
        true => context.memory.forget_shown(&uid),
        false => {
            let now = context.clock.now().wall;
            context.memory.note_shown(&uid, generation, now);
        }
    }
}

/// What this process knows of its call is recorded, and people are told.
fn deleted<K: Kind>(context: &Arc<Context>, cache: &Store<K::Object>, gone: &K::Object) {
    let (context, cache, gone) = (context.clone(), cache.clone(), gone.clone());
    let known = forget(&context, &gone);
    tokio::spawn(async move {
        let recorded = gone.status().is_some_and(|s| s.ledger_ref.is_some());
        match known {
            Some(known) => Session::<K>::new(&context, &cache, gone, known).end().await,
            None if recorded && context.leadership.holds() => {
                context.ledgers.note_deleted::<K>(gone).await;
            }
            None => {}
        }
    });
}

/// Answers that could not be stored when they came get a last try before this
/// process forgets them. What the watch has shown may be too old for that.
async fn store_answers<K: Kind>(control: &Arc<Control<K>>, concurrency: usize) {
    let context = &control.context;
    let left = control.cache.state().into_iter().filter(|object| {
        let uid = object.uid().unwrap_or_default();
        context.memory.holds_an_answer(&uid)
    });
    let store = |object: Arc<K::Object>| async move {
        let namespace = object.namespace().unwrap_or_default();
        let name = object.name_any();
        let found = get::<K::Object>(&context.client, Some(&namespace), &name).await;
        let Ok(Some(found)) = found else {
            tracing::warn!(operation = %object.target(), "an answer was not stored");
            return;
        };
        if found.uid() == object.uid() {
            context.memory.poke(&found.uid().unwrap_or_default());
            let Ok(_) = reconcile::<K>(Arc::new(found), control.clone()).await;
        }
    };
    stream::iter(left)
        .for_each_concurrent(concurrency, store)
        .await;
}

/// One session, unless nothing has changed since the last and its pause is not
/// over, or the cache is behind what this process wrote itself.
async fn reconcile<K: Kind>(
    object: Arc<K::Object>,
    control: Arc<Control<K>>,
) -> Result<Action, Infallible> {
    let context = &control.context;
    let uid = object.uid().unwrap_or_default();
    if object.is_finished() {
        if let Some(memory) = context.memory.take_untold(&uid) {
            let session = Session::<K>::new(context, &control.cache, (*object).clone(), memory);
            Box::pin(session.run()).await;
        }
        context.memory.forget(&uid);
        let again = finished::<K>(context, object.as_ref()).await;
        let reference = ObjectRef::from_obj(object.as_ref());
        let again = again.map(|span| context.clock.after(span));
        control.timers.set(reference, again);
        return Ok(Action::await_change());
    }
    let memory = context.memory.take(&uid, context.writer);
    let version = version(object.as_ref());
    let reference = ObjectRef::from_obj(object.as_ref());
    let quiet = memory.is_quiet(version, context.clock.now());
    if quiet || version < memory.version {
        if quiet {
            control.timers.set(reference, memory.quiet_until);
        }
        context.memory.keep(&uid, memory);
        return Ok(Action::await_change());
    }
    let session = Session::<K>::new(context, &control.cache, (*object).clone(), memory);
    let Rested {
        object,
        mut memory,
        decided,
        wake,
    } = Box::pin(session.run()).await;
    let wake = wake.map(|span| decided.after(spread(span, &uid)));
    memory.quiet_until = wake;
    context.memory.keep(&uid, memory);
    let shown = control.cache.get(&reference).and_then(|shown| shown.uid());
    if shown.as_ref() != Some(&uid) {
        // Deleted meanwhile: nobody else will tell.
        if let Some(known) = forget(context, &object) {
            let session = Session::<K>::new(context, &control.cache, object, known);
            Box::pin(session.end()).await;
        }
    }
    control.timers.set(reference, wake);
    Ok(Action::await_change())
}

/// Forgets an object that is gone; gives what is known of its call and may not
/// be recorded.
fn forget(context: &Context, gone: &impl kube::Resource) -> Option<Memory> {
    let uid = gone.uid().unwrap_or_default();
    context.started.forget(&uid);
    context.memory.forget_shown(&uid);
    context.memory.part_with(&uid)
}

/// The same pause for every object would wake them all at once.
fn spread(span: Span, uid: &str) -> Span {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    uid.hash(&mut hasher);
    let tenth = span.0 / 10;
    Span(span.0 + i64::try_from(hasher.finish() % 1000).unwrap_or(0) * tenth / 1000)
}

/// Operations that use this connection and are not finished.
fn waiting_for<K: Kind>(
    cache: &Store<K::Object>,
    memory: &Memories,
    connection: &CloudConnection,
) -> Vec<ObjectRef<K::Object>> {
    let name = connection.name_any();
    let namespace = connection.namespace();
    cache
        .state()
        .into_iter()
        .filter(|object| {
            object.namespace() == namespace
                && object.asked().connection.name == name
                && !object.is_finished()
        })
        .map(|object| {
            memory.poke(&object.uid().unwrap_or_default());
            ObjectRef::from_obj(object.as_ref())
        })
        .collect()
}
