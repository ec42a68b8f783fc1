//! The running operator: configuration, the lease, the watches, and an orderly
//! end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use errand_engine::{Span, Writer};
use futures::future::{BoxFuture, join_all};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::Api;
use kube::client::ClientBuilder;
use kube::runtime::controller::{Action, Config as ControllerConfig, Controller};
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher;
use kube::{Client, Config, Resource as _, ResourceExt};
use prometheus_client::registry::Registry;
use rand::Rng as _;
use tokio::sync::{mpsc, watch as signal};
use tokio::time::timeout;

use super::api_requests::CountRequests;
use super::connection_status;
use super::connections::Connections;
use super::context::{API_TIMEOUT, Context, Memories, Memory};
use super::endpoints::EndpointPolicy;
use super::finished::finished;
use super::keys::Keys;
use super::lease::{Elector, Leadership};
use super::ledger::Ledgers;
use super::metrics::Metrics;
use super::observability::{Health, bind, serve};
use super::session::{Rested, Session};
use super::timers::Timers;
use super::watches::{objects, received, version};
use crate::api::{CloudConnection, State};
use crate::clock::{Clock, duration};
use crate::cloud::Transport;
use crate::mistakes::Mistake;
use crate::operations::{Kind, Object, Visitor, each_kind};

/// How long running sessions may take to end after SIGTERM or a lost lease.
const DRAIN: Duration = Duration::from_secs(20);

/// What `errand run` is told.
pub struct Settings {
    /// The operator's own namespace: its lease is there.
    pub namespace: String,
    /// Work only on objects in this namespace; all of them if absent.
    pub watch_namespace: Option<String>,
    /// Where `/livez`, `/readyz` and `/metrics` listen.
    pub listen: SocketAddr,
    /// How many objects are worked on at the same time.
    pub concurrency: u16,
    /// Which endpoints may be used beside the vendors'.
    pub endpoints: EndpointPolicy,
    /// Which cluster this is; the uid of the namespace kube-system if absent and
    /// all namespaces are watched.
    pub cluster_id: Option<String>,
    /// The clock.
    pub clock: Clock,
}

/// Why the operator stopped, other than being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No usable configuration for the API server.
    #[error("no usable Kubernetes configuration: {0}")]
    Kubernetes(String),
    /// The port is taken, for instance.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// Something that has to work at start does not.
    #[error("cannot start: {0}")]
    Start(String),
    /// Another process leads now. The process ends; its replacement waits.
    #[error("the lease is lost")]
    LeaseLost,
}

/// Runs until SIGTERM or SIGINT, or until the lease is lost.
pub async fn run(settings: Settings) -> Result<(), RunError> {
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Config::infer()
        .await
        .map_err(|e| RunError::Kubernetes(e.to_string()))?;
    // Each write is retried knowingly or not at all; each read has an end.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(Duration::from_secs(295));
    config.write_timeout = Some(API_TIMEOUT);
    let metrics = Metrics::default();
    let client = ClientBuilder::try_from(config)
        .map_err(|e| RunError::Kubernetes(e.to_string()))?
        .with_layer(&CountRequests(metrics.api_requests.clone()))
        .build();

    let listen = settings.listen;
    let listener = bind(listen)
        .await
        .map_err(|e| RunError::Listen(listen, e))?;
    let address = listener
        .local_addr()
        .map_err(|e| RunError::Listen(listen, e))?;
    tracing::info!(%address, "serving /livez, /readyz and /metrics");
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let ready = Arc::new(AtomicBool::new(false));
    tokio::spawn(serve(
        listener,
        Health {
            ready: ready.clone(),
            registry: Arc::new(registry),
        },
    ));

    let (stopping, stop) = stop_signal()?;
    let writer = match Mistake::WriterIsPodName.is_made() {
        true => Writer(0),
        false => Writer(rand::rng().next_u64()),
    };
    let clock = settings.clock.clone();
    let leadership = Leadership::new(clock.clone());
    let elector = Elector {
        api: Api::namespaced(client.clone(), &settings.namespace),
        clock: clock.clone(),
        identity: format!("{}-{:016x}", hostname(), writer.0),
        lease: clock.rules().lease,
        leadership: leadership.clone(),
    };
    // A process that waits for its turn is ready to take it.
    ready.store(true, Ordering::SeqCst);
    tracing::info!(identity = %elector.identity, "waiting for the lease");
    tokio::select! {
        () = elector.acquire() => {}
        () = stopped(stop.clone()) => return Ok(()),
    }
    metrics.leader.set(1);
    tracing::info!("leading");

    let work = work(&settings, client, metrics.clone(), leadership, writer, stop);
    tokio::pin!(work);
    let lost = tokio::select! {
        result = &mut work => {
            result?;
            false
        }
        () = elector.keep() => true,
    };
    if lost {
        // Nothing more is sent. Running sessions end in order, so that an answer
        // that is on its way is still recorded.
        metrics.leader.set(0);
        let _ = stopping.send(true);
        work.await?;
    }
    metrics.leader.set(0);
    elector.release().await;
    match lost {
        true => Err(RunError::LeaseLost),
        false => Ok(()),
    }
}

/// Watches and works until told to stop, then lets running sessions end.
async fn work(
    settings: &Settings,
    client: Client,
    metrics: Metrics,
    leadership: Leadership,
    writer: Writer,
    stop: signal::Receiver<bool>,
) -> Result<(), RunError> {
    let clock = settings.clock.clone();
    let rules = clock.rules();
    let transport = Transport::new(clock.clone(), duration(rules.call_timeout))
        .map_err(|e| RunError::Start(e.to_string()))?;
    let namespace = settings.watch_namespace.as_deref();
    let (connections, connection_writer) = reflector::store();
    let connection_changes = objects(
        client.clone(),
        namespace,
        connection_writer,
        metrics.clone(),
        |_: &CloudConnection| {},
    );
    let (news_sender, news) = mpsc::unbounded_channel();
    let cluster_id = match (&settings.cluster_id, namespace) {
        (Some(given), _) => Some(given.clone()),
        (None, None) => cluster_id(&client).await,
        // One namespace is no cluster: its copy elsewhere would have the same uid.
        (None, Some(_)) => None,
    };
    let context = Arc::new(Context {
        connections: Connections {
            store: connections.clone(),
            keys: Keys::new(client.clone(), clock.clone(), rules.recheck),
            transport,
            endpoints: settings.endpoints.clone(),
            margin: rules.margin,
            news: news_sender,
        },
        events: Recorder::new(
            client.clone(),
            Reporter {
                controller: "errand".to_owned(),
                instance: Some(hostname()),
            },
        ),
        ledgers: Ledgers::new(client.clone(), settings.namespace.clone()),
        cluster_id,
        client: client.clone(),
        clock,
        rules,
        writer,
        leadership,
        metrics,
        memory: Memories::default(),
        started: Default::default(),
    });
    let mut start = Start {
        context: &context,
        settings,
        stop: &stop,
    };
    let (changed, kinds): (Vec<_>, Vec<_>) = each_kind(&mut start).into_iter().unzip();
    let mut known = HashMap::new();
    let changes = connection_changes.inspect_ok(move |connection: &CloudConnection| {
        // Operations wait for a change of its spec. Its status is written by this
        // process, and must not make a refused call be tried again.
        let spec = (connection.uid(), connection.meta().generation);
        let reference = ObjectRef::from_obj(connection);
        if known.insert(reference, spec.clone()) != Some(spec) {
            for kind in &changed {
                // Fails only while the process shuts down.
                let _ = kind.send(connection.clone());
            }
        }
    });
    // Sessions that end need the connections still: those are watched until the
    // last session has ended.
    let (ending, ended) = signal::channel(false);
    tokio::join!(
        control_connections(context.clone(), connections, changes, news, ended),
        async {
            join_all(kinds).await;
            let _ = ending.send(true);
        },
    );
    Ok(())
}

/// The uid of kube-system, which no two clusters share.
async fn cluster_id(client: &Client) -> Option<String> {
    let api: Api<Namespace> = Api::all(client.clone());
    match timeout(API_TIMEOUT, api.get("kube-system")).await {
        Ok(Ok(namespace)) => namespace.uid(),
        Ok(Err(e)) => {
            tracing::warn!(error = %e, "the namespace kube-system cannot be read, and --cluster-id is not given: nothing that costs money is sent");
            None
        }
        Err(_) => None,
    }
}

/// Starts the controller of each kind.
struct Start<'a> {
    context: &'a Arc<Context>,
    settings: &'a Settings,
    stop: &'a signal::Receiver<bool>,
}

impl<'a> Visitor for Start<'a> {
    /// A channel for connections that have changed, and the controller.
    type Output = (mpsc::UnboundedSender<CloudConnection>, BoxFuture<'a, ()>);

    fn visit<K: Kind>(&mut self) -> Self::Output {
        let (sender, changed) = mpsc::unbounded_channel();
        let (context, stop) = (self.context.clone(), self.stop.clone());
        let control = control::<K>(context, self.settings, changed, stop);
        (sender, Box::pin(control))
    }
}

/// Keeps the Ready condition of connections.
async fn control_connections(
    context: Arc<Context>,
    store: Store<CloudConnection>,
    changes: impl Stream<Item = Result<CloudConnection, watcher::Error>> + Send + 'static,
    news: mpsc::UnboundedReceiver<ObjectRef<CloudConnection>>,
    stop: signal::Receiver<bool>,
) {
    let (timers, due) = Timers::new(context.clock.clone());
    let control = Arc::new(connection_status::Control { context, timers });
    let unshown = stopped_unshown(stop.clone(), store.clone());
    let controller = Controller::for_stream(changes, store)
        .with_config(ControllerConfig::default().concurrency(4))
        .reconcile_on(due)
        .reconcile_on(received(news))
        .graceful_shutdown_on(stopped(stop))
        .run(connection_status::reconcile, |_, e, _| match *e {}, control)
        .for_each(|_| async {});
    tokio::select! {
        () = controller => {}
        () = unshown => {}
    }
}

/// What one kind's controller shares with its sessions.
struct Control<K: Kind> {
    context: Arc<Context>,
    cache: Store<K::Object>,
    timers: Timers<ObjectRef<K::Object>>,
}

/// Runs the controller of one kind.
async fn control<K: Kind>(
    context: Arc<Context>,
    settings: &Settings,
    connections: mpsc::UnboundedReceiver<CloudConnection>,
    stop: signal::Receiver<bool>,
) {
    let (cache, writer) = reflector::store();
    let parting = (context.clone(), cache.clone());
    let changes = objects(
        context.client.clone(),
        settings.watch_namespace.as_deref(),
        writer,
        context.metrics.clone(),
        move |gone: &K::Object| {
            let (context, cache) = parting.clone();
            let gone = gone.clone();
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
        },
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
    control.context.started.add(control.cache.clone());
    let shown = control.cache.clone();
    let census = &control.context.metrics.census;
    census.add(
        kind.clone(),
        Box::new(move || {
            let shown = shown.state();
            let states = shown.iter().map(|o| o.status().and_then(|s| s.state));
            states
                .map(|state| state.unwrap_or(State::Pending))
                .collect()
        }),
    );
    let unshown = stopped_unshown(stop.clone(), cache.clone());
    let controller = Controller::for_stream(changes, cache)
        .with_config(ControllerConfig::default().concurrency(settings.concurrency))
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
    store_answers(&control, usize::from(settings.concurrency)).await;
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
        let api = Api::<K::Object>::namespaced(context.client.clone(), &namespace);
        let name = object.name_any();
        let Ok(Ok(found)) = timeout(API_TIMEOUT, api.get(&name)).await else {
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

fn hostname() -> String {
    std::env::var("HOSTNAME").unwrap_or_else(|_| "errand".to_owned())
}

/// Becomes true on SIGTERM or SIGINT, or through the sender.
fn stop_signal() -> Result<(signal::Sender<bool>, signal::Receiver<bool>), RunError> {
    use tokio::signal::unix::{SignalKind, signal as on};
    let (sender, receiver) = signal::channel(false);
    let error = |e: std::io::Error| RunError::Start(e.to_string());
    let mut term = on(SignalKind::terminate()).map_err(error)?;
    let mut int = on(SignalKind::interrupt()).map_err(error)?;
    let told = sender.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        tracing::info!("stopping");
        let _ = told.send(true);
    });
    Ok((sender, receiver))
}

/// Ends when told to stop before the watch has shown every object. kube's controller
/// would wait for that first, however long the API server is away; no session can
/// run before it, so none is cut off.
async fn stopped_unshown<R>(stop: signal::Receiver<bool>, store: Store<R>)
where
    R: kube::Resource<DynamicType = ()> + Clone + 'static,
{
    stopped(stop).await;
    if timeout(Duration::ZERO, store.wait_until_ready())
        .await
        .is_ok()
    {
        futures::future::pending::<()>().await;
    }
}

async fn stopped(mut stop: signal::Receiver<bool>) {
    // An error means that the sender is gone, which it is not before the end.
    let _ = stop.wait_for(|stop| *stop).await;
}
