//! The running operator: configuration, the lease, the watches, and an orderly
//! end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use errand_engine::Writer;
use futures::future::{BoxFuture, join_all};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Namespace;
use kube::client::ClientBuilder;
use kube::{Client, ResourceExt as _};
use prometheus_client::registry::Registry;
use rand::Rng as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch as signal};

use super::api_requests::CountRequests;
use super::connection_status::Statuses;
use super::connections::Connections;
use super::context::{API_TIMEOUT, Context, Memories};
use super::controller::control;
use super::dispatch::dispatch;
use super::endpoints::EndpointPolicy;
use super::events::Events;
use super::keys::Keys;
use super::lease::{Elector, Leadership};
use super::ledger::Ledgers;
use super::metrics::Metrics;
use super::money::Ceiling;
use super::observability::{Health, bind, serve_all, serve_probes};
use super::read::{self, get};
use super::shown::Shown;
use super::stop::{stop_signal, stopped};
use super::surroundings::{self, Change};
use super::watch::{Hearing, Turn};
use super::watches::Watching;
use crate::api::CloudConnection;
use crate::clock::{Clock, duration};
use crate::cloud::Transport;
use crate::kubernetes::{Cluster, Reached};
use crate::mistakes::Mistake;
use crate::operations::{Kind, Visitor, each_kind};
use crate::proxies::Proxies;

/// How many connections are looked at at the same time.
const CONNECTIONS_AT_ONCE: u16 = 8;

/// What `errand run` is told.
pub struct Settings {
    /// The operator's own namespace: its lease is there.
    pub namespace: String,
    /// Work only on objects in this namespace; all of them if absent.
    pub watch_namespace: Option<String>,
    /// Where `/livez`, `/readyz` and `/metrics` listen.
    pub listen: SocketAddr,
    /// A port of the same address where `/livez` and `/readyz` listen, too.
    pub probe_port: Option<u16>,
    /// How many objects are worked on at the same time.
    pub concurrency: u16,
    /// Which endpoints may be used in addition to the vendors'.
    pub endpoints: EndpointPolicy,
    /// Only Secrets with the label errand.cloud/credentials=true are used.
    pub require_secret_label: bool,
    /// Which cluster this is; the uid of the namespace kube-system if absent and
    /// all namespaces are watched.
    pub cluster_id: Option<String>,
    /// What operations may cost at most.
    pub ceiling: Ceiling,
    /// Proxies for cloud calls.
    pub cloud_proxies: Proxies,
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
    let watched = settings.watch_namespace.as_deref();
    if let Some(why) = settings.ceiling.unusable(watched) {
        return Err(RunError::Start(why.to_owned()));
    }
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let namespaces = [Some(&settings.namespace), settings.watch_namespace.as_ref()];
    for namespace in namespaces.into_iter().flatten() {
        let checked = read::list_url::<Lease>(Some(namespace));
        checked.map_err(|e| RunError::Start(format!("a namespace: {e}")))?;
    }
    let reached = Cluster::default().reach();
    let Reached { mut config, proxy } = reached.map_err(RunError::Kubernetes)?;
    if let Some(proxy) = proxy {
        tracing::info!(%proxy, "the API server is reached through a proxy");
    }
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

    let (listener, address) = listen(settings.listen)?;
    tracing::info!(%address, "serving /livez, /readyz and /metrics");
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    let ready = Arc::new(AtomicBool::new(false));
    let hearing = Hearing::default();
    registry.register_collector(Box::new(hearing.clone()));
    let health = Health {
        ready: ready.clone(),
        hearing: hearing.clone(),
        registry: Arc::new(registry),
    };
    if let Some(port) = settings.probe_port {
        let (listener, probes) = listen(SocketAddr::new(address.ip(), port))?;
        tracing::info!(%probes, "serving /livez and /readyz");
        tokio::spawn(serve_probes(listener, health.clone()));
    }
    tokio::spawn(serve_all(listener, health));

    let (stopping, stop) = stop_signal()?;
    let writer = match Mistake::WriterIsPodName.is_made() {
        true => Writer(0),
        false => Writer(rand::rng().next_u64()),
    };
    let clock = settings.clock.clone();
    let leadership = Leadership::new(clock.clone());
    let elector = Elector {
        client: client.clone(),
        namespace: settings.namespace.clone(),
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
    hearing.lead(true);
    tracing::info!("leading");
    let Ceiling {
        paid_operations,
        namespaces,
    } = &settings.ceiling;
    let namespaces = namespaces.as_ref().map(tracing::field::display);
    tracing::info!(%paid_operations, paid_namespaces = namespaces, "what operations may cost");

    let events = Events::new(client.clone(), "errand", &hostname());
    let watching = Watching {
        client,
        clock,
        namespace: settings.watch_namespace.clone(),
        metrics: metrics.clone(),
        hearing: hearing.clone(),
        events,
        turn: Turn::default(),
    };
    let work = work(&settings, watching, leadership, writer, stop);
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
        hearing.lead(false);
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

/// Opens the port, and says which one that is.
fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), RunError> {
    let failed = |e| RunError::Listen(address, e);
    let listener = bind(address).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Watches and works until told to stop, then lets running sessions end.
async fn work(
    settings: &Settings,
    watching: Watching,
    leadership: Leadership,
    writer: Writer,
    stop: signal::Receiver<bool>,
) -> Result<(), RunError> {
    let (client, clock) = (watching.client.clone(), watching.clock.clone());
    let rules = clock.rules();
    let proxies = settings.cloud_proxies.clone();
    let transport = Transport::through(proxies, clock.clone(), duration(rules.call_timeout))
        .map_err(|e| RunError::Start(e.to_string()))?;
    let namespace = settings.watch_namespace.as_deref();
    let connections = Shown::default();
    let watched = watching.objects::<CloudConnection>();
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
            keys: Keys::new(
                client.clone(),
                clock.clone(),
                rules.recheck,
                settings.require_secret_label,
            ),
            transport,
            endpoints: settings.endpoints.clone(),
            margin: rules.margin,
            news: news_sender,
        },
        events: watching.events.clone(),
        ledgers: Ledgers::new(client.clone(), settings.namespace.clone()),
        cluster_id,
        ceiling: Arc::new(settings.ceiling.clone()),
        client: client.clone(),
        clock,
        rules,
        writer,
        leadership,
        metrics: watching.metrics.clone(),
        memory: Memories::default(),
        started: Default::default(),
    });
    let mut start = Start {
        context: &context,
        watching: &watching,
        settings,
        stop: &stop,
    };
    let (changed, kinds): (Vec<_>, Vec<_>) = each_kind(&mut start).into_iter().unzip();
    let tell = {
        let kinds = changed.clone();
        move |change: Change| {
            for kind in &kinds {
                // Fails only while the process shuts down.
                let _ = kind.send(change.clone());
            }
        }
    };
    let statuses = Statuses {
        context: context.clone(),
        shown: connections,
        kinds: changed,
        reports: watched.reports,
    };
    // Sessions that end need the connections still: those are watched until the
    // last session has ended.
    let (ending, ended) = signal::channel(false);
    let clock = context.clock.clone();
    let of_connections = dispatch(
        Arc::new(statuses),
        clock,
        usize::from(CONNECTIONS_AT_ONCE),
        watched.events,
        news,
        ended,
    );
    let operations = async {
        tokio::join!(of_connections, async {
            join_all(kinds).await;
            let _ = ending.send(true);
        });
    };
    // The rights for it are those of a whole cluster.
    let around = async {
        if settings.watch_namespace.is_none() {
            surroundings::watch(client, tell).await;
        }
        std::future::pending().await
    };
    tokio::select! {
        () = operations => {}
        () = around => {}
    }
    Ok(())
}

/// The uid of kube-system, which no two clusters share.
async fn cluster_id(client: &Client) -> Option<String> {
    match get::<Namespace>(client, None, "kube-system").await {
        Ok(namespace) => namespace.and_then(|namespace| namespace.uid()),
        Err(e) => {
            tracing::warn!(error = %e, "the namespace kube-system cannot be read, and --cluster-id is not given: nothing that costs money is sent");
            None
        }
    }
}

/// Starts the controller of each kind.
struct Start<'a> {
    context: &'a Arc<Context>,
    watching: &'a Watching,
    settings: &'a Settings,
    stop: &'a signal::Receiver<bool>,
}

impl<'a> Visitor for Start<'a> {
    /// A channel for what has changed around its operations, and the controller.
    type Output = (mpsc::UnboundedSender<Change>, BoxFuture<'a, ()>);

    fn visit<K: Kind>(&mut self) -> Self::Output {
        let (sender, changed) = mpsc::unbounded_channel();
        let (context, stop) = (self.context.clone(), self.stop.clone());
        let concurrency = self.settings.concurrency;
        let control = control::<K>(context, self.watching, concurrency, changed, stop);
        (sender, Box::pin(control))
    }
}

fn hostname() -> String {
    std::env::var("HOSTNAME").unwrap_or_else(|_| "errand".to_owned())
}
