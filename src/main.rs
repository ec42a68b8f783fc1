//! The command line of Errand.

mod cli;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use errand::api::PaidOperations;
use errand::clock::Clock;
use errand::controllers::{
    self, AllowedEndpoint, Ceiling, EndpointPolicy, LabelSelector, Settings, rbac,
};
use errand::proxies::Proxies;
use serde::Serialize;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Carries out one-shot cloud operations that must not happen twice, and
/// verifies them.
#[derive(Parser)]
#[command(name = "errand", version, about, after_help = cli::FIRST_STEPS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the operator.
    Run(Run),
    /// Explain the state of operations and connections: why, and what to do now.
    #[command(after_help = cli::WHY_EXAMPLES)]
    Why(cli::Why),
    /// Wait until operations finish or need attention.
    #[command(after_help = cli::WAIT_EXIT_CODES)]
    Wait(cli::Wait),
    /// Answer the question of a held operation.
    #[command(after_help = cli::resolve_help())]
    Resolve(cli::Resolve),
    /// Print the CustomResourceDefinitions, for `kubectl apply --server-side -f -`.
    Crds {
        /// Write a file for each into this folder instead.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Write the generated pages of the documentation into a folder.
    Reference {
        /// The folder.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
    /// Print the service account and roles that the operator needs, for
    /// `kubectl apply -f -` and `kubectl delete -f -`. They are for the namespace
    /// errand-system, which is not among them: the ledgers are in it.
    Rbac {
        /// Write the rules alone into this folder instead, a file for each role, those
        /// for users included.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Check an installation: the CRDs are served, this account may read the
    /// operations, and an operator leads.
    Check(cli::Check),
    /// Print the completions for a shell.
    #[command(after_help = "Example:\n  source <(errand completions bash)")]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

#[derive(Args)]
struct Run {
    /// The operator's own namespace, where its lease is.
    #[arg(long, env = "POD_NAMESPACE", default_value = errand::kubernetes::NAMESPACE)]
    namespace: String,
    /// Work only on objects in this namespace.
    #[arg(long, value_name = "NAMESPACE")]
    watch_namespace: Option<String>,
    /// Which cluster this is: operations that cost money are sent only through
    /// connections whose policy.clusterId is the same. The uid of the namespace
    /// kube-system if not given; has to be given with --watch-namespace.
    #[arg(long, value_name = "ID")]
    cluster_id: Option<String>,
    /// What operations may cost: a ceiling over policy.paidOperations of every
    /// connection. Forbid: nothing. ManualPayment: orders are placed unpaid, and paid
    /// by a user at the cloud. AutomaticPayment: orders are paid from the account.
    #[arg(long, value_name = "CEILING", default_value = "Forbid", value_parser = paid_operations())]
    paid_operations: PaidOperations,
    /// Label selector of the namespaces whose operations may cost money, for instance
    /// paid=yes. All of them if not given. Cannot be combined with --watch-namespace.
    #[arg(long, value_name = "SELECTOR")]
    paid_namespace_selector: Option<LabelSelector>,
    /// Address of /livez, /readyz and /metrics. [::] is every address, of IPv4 as well;
    /// where the node has no IPv6, those of IPv4.
    #[arg(long, default_value = "[::]:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A port of its own for /livez and /readyz, at the address of --listen, so that no
    /// reader of metrics comes between the operator and its probes.
    #[arg(long, value_name = "PORT")]
    probe_port: Option<u16>,
    /// Reconcile passes at the same time, for each kind. A namespace takes half of the free
    /// ones at most, a connection a quarter.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// A host that connections may use as endpoint in addition to the vendors' own, with
    /// its port if that is not 443. HOST is an alias of the vendor; .DOMAIN stands for
    /// every host in that domain. NAMESPACE=HOST is a cloud of its own, with its own
    /// ledgers, for the connections of that namespace. Can be given several times.
    #[arg(long, value_name = "[NAMESPACE=]HOST[:PORT]")]
    allow_endpoint: Vec<AllowedEndpoint>,
    /// Use only Secrets with the label errand.cloud/credentials=true. If not given:
    /// where --allow-endpoint is.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    require_secret_label: Option<bool>,
    /// Let allowed endpoints on a loopback address use http, for a simulator. A loopback
    /// host without a port then stands for every port.
    #[arg(long)]
    allow_http_loopback: bool,
    /// Send cloud calls through the proxy of HTTPS_PROXY, but for the hosts of NO_PROXY.
    /// Without it they go directly, whatever these variables say, as a proxy that opens
    /// TLS sees requests and may answer in the cloud's place.
    #[arg(long)]
    cloud_proxy_from_env: bool,
    /// How log lines look.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Which log lines are written, as in RUST_LOG. Of libraries no more than warnings:
    /// below that they show what they send and receive.
    #[arg(long, env = "RUST_LOG", default_value = "info")]
    log: String,
    /// Take the time from this file (test builds).
    #[cfg(feature = "test-clock")]
    #[arg(long, value_name = "FILE")]
    test_clock: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

fn paid_operations() -> impl TypedValueParser<Value = PaidOperations> {
    let words = PaidOperations::ALL.map(PaidOperations::word);
    PossibleValuesParser::new(words).map(|given| {
        let mut all = PaidOperations::ALL.into_iter();
        all.find(|one| one.word() == given).unwrap_or_default()
    })
}

fn main() -> ExitCode {
    let program = program();
    let command = match parse(program) {
        Ok(cli) => cli.command,
        Err(e) => {
            // Help and the version are no errors, and a closed pipe is none.
            let _ = e.print();
            let subcommand = std::env::args().nth(1);
            return match e.use_stderr() {
                true => cli::usage_error(subcommand.as_deref()).into(),
                false => ExitCode::SUCCESS,
            };
        }
    };
    let result = match command {
        Command::Run(run) => operate(run),
        Command::Why(why) => return cli::why(why, program),
        Command::Wait(wait) => return cli::wait(wait, program),
        Command::Resolve(resolve) => return cli::resolve(resolve, program),
        Command::Check(check) => return cli::check(check),
        Command::Completions { shell } => completions(shell),
        Command::Crds { dir: None } => print_all(&errand::operations::crds()),
        Command::Crds { dir: Some(dir) } => write_crds(&dir),
        Command::Reference { dir } => write_all(&dir, errand::reference::pages()),
        Command::Rbac { dir: None } => print_all(&rbac::manifests()),
        Command::Rbac { dir: Some(dir) } => write_rules(&dir),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "errand: {message}");
            ExitCode::FAILURE
        }
    }
}

/// How it was started: as `kubectl-errand` it is a plugin of kubectl.
fn program() -> &'static str {
    let called = std::env::args_os().next().map(PathBuf::from);
    let plugin = called
        .as_deref()
        .and_then(Path::file_stem)
        .is_some_and(|name| name == "kubectl-errand");
    if plugin { "kubectl errand" } else { "errand" }
}

fn parse(program: &'static str) -> Result<Cli, clap::Error> {
    // Set in CI, CLICOLOR and CI colour any terminal, one that shows none as well.
    let color = match std::env::var_os("TERM") {
        Some(term) if term == "dumb" => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    let command = Cli::command().name(program).bin_name(program).color(color);
    Cli::from_arg_matches(&command.try_get_matches()?)
}

fn operate(run: Run) -> Result<(), String> {
    let filter = errand::log::filter(&run.log)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(errand::log::Log);
    let lines = match run.log_format {
        LogFormat::Text => lines.with_ansi(false).with_filter(filter).boxed(),
        LogFormat::Json => lines.json().with_filter(filter).boxed(),
    };
    tracing_subscriber::registry().with(lines).init();
    let required = run.require_secret_label;
    let require_secret_label = required.unwrap_or(!run.allow_endpoint.is_empty());
    let hosts = run.allow_endpoint.iter().map(ToString::to_string);
    let hosts = hosts.collect::<Vec<_>>().join(" ");
    tracing::info!(%hosts, require_secret_label, "hosts beyond the vendors', and whether Secrets need the label");
    let settings = Settings {
        clock: clock(&run)?,
        namespace: run.namespace,
        watch_namespace: run.watch_namespace,
        cluster_id: run.cluster_id,
        ceiling: Ceiling {
            paid_operations: run.paid_operations,
            namespaces: run.paid_namespace_selector,
        },
        cloud_proxies: cloud_proxies(run.cloud_proxy_from_env)?,
        listen: run.listen,
        probe_port: run.probe_port,
        concurrency: run.concurrency,
        require_secret_label,
        endpoints: EndpointPolicy::new(run.allow_endpoint, run.allow_http_loopback)?,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime
        .block_on(controllers::run(settings))
        .map_err(|e| e.to_string())
}

fn cloud_proxies(from_env: bool) -> Result<Proxies, String> {
    match from_env {
        false => Ok(Proxies::default()),
        true => Proxies::from_env()
            .and_then(Proxies::for_clouds)
            .map_err(|e| format!("--cloud-proxy-from-env: {e}")),
    }
}

#[cfg(feature = "test-clock")]
fn clock(run: &Run) -> Result<Clock, String> {
    match &run.test_clock {
        Some(file) => {
            Clock::test(file).map_err(|e| format!("--test-clock {}: {e}", file.display()))
        }
        None => Ok(Clock::system()),
    }
}

#[cfg(not(feature = "test-clock"))]
fn clock(_: &Run) -> Result<Clock, String> {
    Ok(Clock::system())
}

fn completions(shell: clap_complete::Shell) -> Result<(), String> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "errand", &mut script);
    match std::io::stdout().lock().write_all(&script) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(e.to_string()),
        _ => Ok(()),
    }
}

fn print_all(items: &[impl Serialize]) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    for item in items {
        match write!(out, "---\n{}", yaml(item)?) {
            // The reader has seen enough.
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(e) => return Err(e.to_string()),
            Ok(()) => {}
        }
    }
    Ok(())
}

fn write_crds(dir: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for crd in errand::operations::crds() {
        let name = crd.metadata.name.clone().unwrap_or_default();
        let note = "# Generated from the types in src by `cargo xtask generate`.";
        files.push((format!("{name}.yaml"), format!("{note}\n{}", yaml(&crd)?)));
    }
    write_all(dir, files)
}

fn write_rules(dir: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    for (name, rules) in rbac::rules().named().into_iter().chain(rbac::user_roles()) {
        let note = "# Generated from src/controllers/rbac.rs by `cargo xtask generate`.";
        files.push((format!("{name}.yaml"), format!("{note}\n{}", yaml(&rules)?)));
    }
    write_all(dir, files)
}

fn write_all<N: AsRef<Path>>(dir: &Path, files: Vec<(N, String)>) -> Result<(), String> {
    std::fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for (name, text) in files {
        let file = dir.join(name);
        std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(())
}

fn yaml(item: &impl Serialize) -> Result<String, String> {
    serde_yaml_ng::to_string(item).map_err(|e| e.to_string())
}
