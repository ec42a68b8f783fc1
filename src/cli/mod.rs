//! Subcommands for people with a kubeconfig: `why`, `wait` and `resolve`; and `check`,
//! which `helm test` runs.
//!
//! They read and write the custom resources alone, never a cloud; an object is
//! read as JSON, so that one of another version of Errand can be shown too.

mod advice;
mod check;
#[cfg(test)]
mod codes;
mod connection;
mod json;
mod plain;
mod resolve;
mod types;
mod view;
mod wait;
mod why;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use kube::api::{Api, ListParams};
use kube::core::ApiResource;
use kube::{Client, ResourceExt as _};

use errand::kubernetes::{Cluster, Reached};
use errand::text::{chain, line, visible};
use plain::Plain;
use types::{Asked, Named, Type};
use view::View;

/// What the questions of the protocol offer, and what it means.
const DECISIONS: [(&str, &str); 4] = [
    (
        "SendAgain",
        "You have seen that the call had no effect: send it again.",
    ),
    (
        "LookAgain",
        "The cloud may only be slow: look for the effect for another verifyTimeout.",
    ),
    (
        "AssumeDone",
        "You have seen that it is done: end as Succeeded/AssumedDone.",
    ),
    (
        "GiveUp",
        "It is not wanted any more, or done by hand: end as Failed/GivenUp.",
    ),
];

/// Every decision, those that only kinds offer included, and what it means.
fn decisions() -> Vec<(&'static str, &'static str)> {
    let mut all = DECISIONS.to_vec();
    for choice in types::operations().iter().flat_map(Type::choices) {
        let word = choice.decision.word();
        if !all.iter().any(|(known, _)| *known == word) {
            all.push((word, choice.meaning));
        }
    }
    all
}

/// The time in which the API server has to answer.
const API_TIMEOUT: Duration = Duration::from_secs(30);

/// Longer than a watch, which the API server is asked to end after 290 s.
const WATCH_TIMEOUT: Duration = Duration::from_secs(295);

/// What somebody does first, for the help.
pub const FIRST_STEPS: &str = "\
For people with a kubeconfig: why, wait and resolve. They read and write the
operations alone, never a cloud. What there is:
  kubectl get errand -A
  errand why rsc/NAME -n NAMESPACE";

/// For the help of `why`.
pub const WHY_EXAMPLES: &str = "\
Examples:
  errand why rsc/keep-orders-cache-small
  errand why resizecancellation keep-orders-cache-small -n team
  errand why dor -l team=design
  errand why errand -A
  errand why cc/huawei-prod -o json

It prints the cause, what happens next and when, and what can be done; then what
was seen and sent. The exit code is 0 however the operation stands.

With -o json it prints an object, or {\"items\": [...]} for several objects or a
selector; docs/command-line.md lists the fields.";

/// For the help of `resolve`.
pub fn resolve_help() -> String {
    let all = decisions().into_iter();
    let meanings: Vec<_> = all
        .map(|(word, meaning)| format!("  {word:<10}  {meaning}\n"))
        .collect();
    format!(
        "Decisions, as far as the question offers them:\n{}\n\
         Example:\n  errand resolve rsc/keep-orders-cache-small --decision LookAgain\n\n\
         The answer is written to spec.resolution. With GitOps it belongs into Git too.",
        meanings.concat()
    )
}

/// The exit codes of `wait`, for its help.
pub const WAIT_EXIT_CODES: &str = "\
Exit codes:
  0  Succeeded, or Planned
  1  Failed
  2  Blocked or Held: it needs a fix or a decision (errand why)
  3  Suspended
  4  The timeout has passed
  5  Any error, a missing object for instance
Of several objects the first of 5, 4, 1, 2, 3 that holds for any of them.

Examples:
  errand wait rsc/keep-orders-cache-small --timeout 30m
  errand wait dor -l team=design

Each change is reported in a line on standard error; with -o json the result is on
standard output (docs/command-line.md).

Only a status of the object as it is now counts: after a change of the spec
Errand has to observe it first. A finished operation does not change any more.";

// Which cluster.
#[derive(Args, Clone)]
pub struct Access {
    /// The kubeconfig to use instead of KUBECONFIG or ~/.kube/config.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig to use instead of the current one.
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
}

// Which object.
#[derive(Args)]
pub struct Which {
    /// The operation, for instance rsc/NAME; also as two words. TYPE is what
    /// kubectl takes.
    #[arg(required = true, num_args = 1..=2, value_names = ["TYPE/NAME"])]
    object: Vec<String>,
    /// Its namespace; that of the kubeconfig's context if absent.
    #[arg(short, long)]
    namespace: Option<String>,
    #[command(flatten)]
    access: Access,
}

// Which objects.
#[derive(Args)]
pub struct WhichOnes {
    /// The objects, for instance rsc/NAME; also as TYPE NAME. With --selector or
    /// --all-namespaces types alone, as in rsc,dor. TYPE is what kubectl takes;
    /// errand is every operation.
    #[arg(required = true, num_args = 1.., value_names = ["TYPE/NAME"])]
    objects: Vec<String>,
    /// Only objects with these labels, as in a=b,c!=d.
    #[arg(short = 'l', long)]
    selector: Option<String>,
    /// Their namespace; that of the kubeconfig's context if absent.
    #[arg(short, long)]
    namespace: Option<String>,
    /// Of every namespace, whatever --namespace says; with types alone, as in errand.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// What is printed.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(flatten)]
    access: Access,
}

// What is printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

// `errand why`.
#[derive(Args)]
pub struct Why {
    #[command(flatten)]
    which: WhichOnes,
}

// `errand wait`.
#[derive(Args)]
pub struct Wait {
    #[command(flatten)]
    which: WhichOnes,
    /// How long to wait, like 90s, 30m or 1h.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = timeout)]
    timeout: Duration,
}

// `errand resolve`.
#[derive(Args)]
pub struct Resolve {
    #[command(flatten)]
    which: Which,
    /// The answer: one of the choices that `errand why` lists.
    #[arg(long, ignore_case = true, value_parser = PossibleValuesParser::new(decisions().into_iter().map(|(word, _)| word)))]
    decision: String,
}

// `errand check`.
#[derive(Args)]
pub struct Check {
    /// The operator's own namespace, where its lease is.
    #[arg(long, env = "POD_NAMESPACE", default_value = errand::kubernetes::NAMESPACE)]
    namespace: String,
    /// Where operations are looked for; in all namespaces if absent.
    #[arg(long, value_name = "NAMESPACE")]
    watch_namespace: Option<String>,
    /// How long the operator may take to show that it leads.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = timeout)]
    timeout: Duration,
    #[command(flatten)]
    access: Access,
}

fn timeout(word: &str) -> Result<Duration, String> {
    let duration: kube::core::Duration = word
        .parse()
        .map_err(|_| "not a duration like 90s, 30m or 1h".to_owned())?;
    match (word.is_empty(), duration.is_negative()) {
        (true, _) => Err("not a duration like 90s, 30m or 1h".to_owned()),
        (_, true) => Err("negative".to_owned()),
        _ => Ok(duration.into()),
    }
}

/// An object's place, and what the program is called there.
struct Place {
    named: Named,
    namespace: String,
    program: &'static str,
    /// Objects of every namespace are asked for, so the name alone is not enough.
    everywhere: bool,
}

impl Place {
    /// What a line calls it.
    fn shown(&self) -> String {
        match self.everywhere {
            true => format!("{} -n {}", self.named.reference(), self.namespace),
            false => self.named.reference(),
        }
    }

    fn command(&self, subcommand: &str) -> String {
        let (program, reference) = (self.program, self.named.reference());
        format!("{program} {subcommand} {reference} -n {}", self.namespace)
    }

    fn resolve_command(&self, decision: &str) -> String {
        format!("{} --decision {decision}", self.command("resolve"))
    }
}

/// What went wrong.
#[derive(Debug)]
struct Failure(String);

impl Failure {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// `errand why`.
pub fn why(why: Why, program: &'static str) -> ExitCode {
    end(1, |runtime| {
        let of = types::explained();
        let output = why.which.output;
        let chosen = runtime.block_on(choose(why.which, &of, program, API_TIMEOUT))?;
        let mut code = 0;
        let mut found = Vec::new();
        for choice in chosen.choices {
            match runtime.block_on(Explained::get(choice)) {
                Ok(explained) => found.push(explained),
                Err(Failure(message)) if chosen.several => {
                    report(&format!("errand: {message}"));
                    code = 1;
                }
                Err(failure) => return Err(failure),
            }
        }
        match output {
            Output::Text => {
                let pages: Vec<_> = found.iter().map(Explained::page).collect();
                print(&pages.join("\n"));
            }
            Output::Json => {
                let items = found.iter().map(Explained::json);
                print(&json::text(items.collect(), chosen.several));
            }
        }
        Ok(code)
    })
}

/// An object that is explained.
struct Explained {
    place: Place,
    object: Plain,
    /// The one that it uses.
    connection: Option<Plain>,
}

impl Explained {
    async fn get(Choice { place, api }: Choice) -> Result<Self, Failure> {
        let object = get(&api, &place).await?;
        let connection = match place.named.type_.is_connection() {
            true => None,
            false => connection(api.into_client(), &place, &object).await,
        };
        Ok(Self {
            place,
            object,
            connection,
        })
    }

    fn page(&self) -> String {
        match self.place.named.type_.is_connection() {
            true => connection::page(&self.place, &self.object, why::width()),
            false => {
                let connection = self.connection.as_deref();
                why::page(&self.place, &self.object, connection, why::width())
            }
        }
    }

    fn json(&self) -> serde_json::Value {
        match self.place.named.type_.is_connection() {
            true => json::of_connection(&self.place, &self.object),
            false => json::of_operation(&self.place, &self.object, self.connection.as_deref()),
        }
    }
}

/// `errand wait`.
pub fn wait(wait: Wait, program: &'static str) -> ExitCode {
    end(WAIT_ERROR, |runtime| {
        let of = types::operations();
        let output = wait.which.output;
        let chosen = runtime.block_on(choose(wait.which, &of, program, WATCH_TIMEOUT))?;
        let several = chosen.several;
        let waits = chosen
            .choices
            .into_iter()
            .map(|Choice { place, api }| async move {
                let ended = wait::wait(api, &place, wait.timeout, several).await;
                let ended = ended.map_err(|Failure(message)| {
                    report(&format!("errand: {message}"));
                    message
                });
                (place, ended)
            });
        let ended = runtime.block_on(futures::future::join_all(waits));
        if output == Output::Json {
            let items = ended.iter().map(|(place, end)| json::of_wait(place, end));
            print(&json::text(items.collect(), several));
        }
        let codes = ended.iter().map(|(_, end)| wait::code(end));
        Ok(wait::worst(codes))
    })
}

/// `errand resolve`.
pub fn resolve(resolve: Resolve, program: &'static str) -> ExitCode {
    let typed = &resolve.decision;
    let mut known = decisions().into_iter().map(|(word, _)| word);
    let decision = known.find(|word| word.eq_ignore_ascii_case(typed));
    end(1, |runtime| {
        let decision = decision.ok_or_else(|| Failure::new(format!("{typed} is no decision")))?;
        let (place, api) = runtime.block_on(connect(resolve.which, program, API_TIMEOUT))?;
        print(&runtime.block_on(resolve::resolve(api, &place, decision))?);
        Ok(0)
    })
}

/// `errand check`.
pub fn check(check: Check) -> ExitCode {
    end(1, |runtime| {
        let done = async {
            let (client, _) = client(check.access.clone(), API_TIMEOUT).await?;
            check::check(client, &check).await
        };
        print(&runtime.block_on(done)?);
        Ok(0)
    })
}

/// The exit code of `wait` for any error.
const WAIT_ERROR: u8 = 5;

/// The exit code for arguments that cannot be read: clap's own, but for
/// subcommands in which that one has a meaning.
pub fn usage_error(subcommand: Option<&str>) -> u8 {
    match subcommand {
        Some("wait") => WAIT_ERROR,
        Some("why" | "resolve") => 1,
        _ => 2,
    }
}

/// Runs it; `error` is the exit code if it fails.
fn end(error: u8, work: impl FnOnce(&tokio::runtime::Runtime) -> Result<u8, Failure>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(e.to_string()));
    match runtime.and_then(|runtime| work(&runtime)) {
        Ok(code) => ExitCode::from(code),
        Err(Failure(message)) => {
            report(&format!("errand: {message}"));
            ExitCode::from(error)
        }
    }
}

/// The one object that `errand resolve` is about.
async fn connect(
    which: Which,
    program: &'static str,
    read_timeout: Duration,
) -> Result<(Place, Api<Plain>), Failure> {
    let asked = Asked::parse(&which.object, &types::operations()).map_err(Failure::new)?;
    let Asked::Named(mut named) = asked else {
        return Err(Failure::new("name one object, as TYPE/NAME or TYPE NAME"));
    };
    let Some(one) = named.pop().filter(|_| named.is_empty()) else {
        return Err(Failure::new("name one object, as TYPE/NAME or TYPE NAME"));
    };
    let (client, default_namespace) = client(which.access, read_timeout).await?;
    let namespace = which.namespace.unwrap_or(default_namespace);
    Ok(Choice::new(&client, &namespace, one, program).into_parts())
}

/// An object, and the way to it.
struct Choice {
    place: Place,
    api: Api<Plain>,
}

impl Choice {
    fn new(client: &Client, namespace: &str, named: Named, program: &'static str) -> Self {
        let api = Api::namespaced_with(client.clone(), namespace, &named.type_.resource);
        let place = Place {
            named,
            namespace: namespace.to_owned(),
            program,
            everywhere: false,
        };
        Self { place, api }
    }

    fn everywhere(mut self, everywhere: bool) -> Self {
        self.place.everywhere = everywhere;
        self
    }

    fn into_parts(self) -> (Place, Api<Plain>) {
        (self.place, self.api)
    }
}

/// The objects that a command is about.
struct Chosen {
    choices: Vec<Choice>,
    /// The user has not named exactly one.
    several: bool,
}

async fn choose(
    which: WhichOnes,
    of: &[Type],
    program: &'static str,
    read_timeout: Duration,
) -> Result<Chosen, Failure> {
    let asked = Asked::parse(&which.objects, of).map_err(Failure::new)?;
    let (client, default_namespace) = client(which.access, read_timeout).await?;
    let namespace = which.namespace.unwrap_or(default_namespace);
    let everywhere = which.all_namespaces;
    let choice = |namespace: &str, named| {
        Choice::new(&client, namespace, named, program).everywhere(everywhere)
    };
    match (asked, which.selector) {
        (Asked::Named(_), _) if everywhere => Err(Failure::new(
            "give names or --all-namespaces, not both: a name is of one namespace",
        )),
        (Asked::Named(_), Some(_)) => Err(Failure::new("give names or --selector, not both")),
        (Asked::Types(_), None) if !everywhere => Err(Failure::new(
            "name objects, as TYPE/NAME or TYPE NAME, or select them with --selector or --all-namespaces",
        )),
        (Asked::Named(named), None) => Ok(Chosen {
            several: named.len() > 1,
            choices: named
                .into_iter()
                .map(|named| choice(&namespace, named))
                .collect(),
        }),
        (Asked::Types(types), selector) => {
            let within = Some(&*namespace).filter(|_| !everywhere);
            let mut choices = Vec::new();
            for type_ in types {
                let found = selected(&client, within, &type_, selector.as_deref()).await?;
                choices.extend(found.into_iter().map(|(namespace, name)| {
                    let type_ = type_.clone();
                    choice(&namespace, Named { type_, name })
                }));
            }
            if choices.is_empty() {
                let of = match within {
                    Some(namespace) => format!("in namespace {namespace}"),
                    None => "in any namespace".to_owned(),
                };
                let matches = selector.map(|selector| format!(" matches {selector}"));
                let matches = matches.unwrap_or_default();
                return Err(Failure::new(format!("no object {of}{matches}")));
            }
            Ok(Chosen {
                choices,
                several: true,
            })
        }
    }
}

/// Namespaces and names of the objects that a selector selects; of every namespace if none
/// is given.
async fn selected(
    client: &Client,
    namespace: Option<&str>,
    type_: &Type,
    selector: Option<&str>,
) -> Result<Vec<(String, String)>, Failure> {
    let (client, resource) = (client.clone(), &type_.resource);
    let api: Api<Plain> = match namespace {
        Some(namespace) => Api::namespaced_with(client, namespace, resource),
        None => Api::all_with(client, resource),
    };
    let parameters = ListParams {
        label_selector: selector.map(str::to_owned),
        ..ListParams::default()
    };
    let answer = tokio::time::timeout(API_TIMEOUT, api.list(&parameters)).await;
    let answer = answer.map_err(|_| Failure::new("the API server does not answer"))?;
    let list = answer.map_err(|e| failed_of_type("list", type_, &e))?;
    let id = |object: &Plain| (object.namespace().unwrap_or_default(), object.name_any());
    Ok(list.items.iter().map(id).collect())
}

/// A client, and the namespace of the kubeconfig's context.
async fn client(access: Access, read_timeout: Duration) -> Result<(Client, String), Failure> {
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let unusable = |e: String| Failure::new(format!("no usable Kubernetes configuration: {e}"));
    let cluster = Cluster {
        kubeconfig: access.kubeconfig,
        context: access.context,
    };
    let Reached { mut config, .. } = cluster.reach().map_err(unusable)?;
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(5));
    config.read_timeout = Some(read_timeout);
    config.write_timeout = Some(API_TIMEOUT);
    let namespace = config.default_namespace.clone();
    let client = Client::try_from(config).map_err(|e| unusable(e.to_string()))?;
    Ok((client, namespace))
}

async fn get(api: &Api<Plain>, place: &Place) -> Result<Plain, Failure> {
    let answer = tokio::time::timeout(API_TIMEOUT, api.get(&place.named.name)).await;
    let answer = answer.map_err(|_| Failure::new("the API server does not answer"))?;
    answer.map_err(|e| failed("read", place, &e))
}

/// The connection that an operation uses. Without it only some details are
/// missing, so that it may be neither there nor allowed to be read.
async fn connection(client: Client, place: &Place, object: &Plain) -> Option<Plain> {
    let name = View::new(object).text("/spec/connectionRef/name");
    if !errand::api::is_object_name(&name) {
        return None;
    }
    let resource = ApiResource::erase::<errand::api::CloudConnection>(&());
    let api: Api<Plain> = Api::namespaced_with(client, &place.namespace, &resource);
    let answer = tokio::time::timeout(API_TIMEOUT, api.get(&name)).await;
    answer.ok()?.ok()
}

/// A refusal of the API server, or its silence, in words.
fn failed(what: &str, place: &Place, e: &kube::Error) -> Failure {
    let (reference, namespace) = (place.named.reference(), &place.namespace);
    Failure::new(match e {
        kube::Error::Api(status) if status.code == 404 && status.reason == "NotFound" => {
            let plural = &place.named.type_.resource.plural;
            let name = &place.named.name;
            format!(
                "there is no {reference} in namespace {namespace}
If it was deleted, nothing of it was undone in the cloud. Existing objects, and events of the last hour:
  kubectl get {plural} -A
  kubectl get events -n {namespace} --field-selector involvedObject.name={name}"
            )
        }
        other => {
            return failed_of_type(&format!("{what} {reference} of"), &place.named.type_, other);
        }
    })
}

/// The same where no object is named.
fn failed_of_type(what: &str, type_: &Type, e: &kube::Error) -> Failure {
    let plural = &type_.resource.plural;
    Failure::new(match e {
        kube::Error::Api(status) if status.code == 404 => format!(
            "the cluster has no {plural}: Errand's CRDs are not installed, or are of another version"
        ),
        kube::Error::Api(status) => {
            format!("cannot {what} {plural}: {}", line(&status.message, 1024))
        }
        other => format!("cannot {what} {plural}: {}", chain(other)),
    })
}

/// The sentence about where an operation stands.
fn explain(view: &View) -> String {
    match view.text("/status/summary") {
        summary if summary.is_empty() => {
            let meaning = view.known_reason().map(|reason| reason.meaning());
            meaning.unwrap_or_default().to_owned()
        }
        summary => summary,
    }
}

/// On standard output; a reader that has gone is no reason to panic.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(shown(text).as_bytes());
}

/// A line on standard error.
fn report(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", shown(line));
}

/// What a terminal shows as it is: names and messages in it come from objects that others
/// have written.
fn shown(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n")
}
