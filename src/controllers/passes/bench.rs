//! What a test of passes stands on: an API server that keeps objects, the simulated
//! clouds, a clock that the test moves, and the process that makes the passes.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use errand_engine::{Span, Writer as Process};
use errand_simulator::{Account, Config, Fault, FaultKind, Seed, Simulator};
use errand_simulator::{TencentAccount, VolcengineAccount};
use errand_testclock::{TestClock, Timing};
use kube::{Resource, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::cases::{Case, LARGER};
use crate::api::{CloudConnection, LEDGER_ENTRIES, PaidOperations, Reason};
use crate::clock::Clock;
use crate::cloud::Cloud;
use crate::cloud::Transport;
use crate::controllers::connection_status::Statuses;
use crate::controllers::connections::{Connections, place};
use crate::controllers::context::{Context, Memories};
use crate::controllers::controller::Operations;
use crate::controllers::dispatch::{Told, Wake, Work as _};
use crate::controllers::endpoints::EndpointPolicy;
use crate::controllers::events::Events;
use crate::controllers::fake_api::Objects;
use crate::controllers::keys::Keys;
use crate::controllers::lease::Leadership;
use crate::controllers::ledger::Ledgers;
use crate::controllers::metrics::Metrics;
use crate::controllers::money::Ceiling;
use crate::controllers::session::Session;
use crate::controllers::shown::{Kept, ObjectKey, Shown};
use crate::controllers::watches::Reports;
use crate::operations::{Claimant, Kind, Object as _, reason_of_word};

/// The project, or the region, of the connection, and another one of the same key,
/// where there is nothing.
pub(super) const HERE: (&str, &str) = ("0123456789abcdef0123456789abcdef", "in-here-1");
pub(super) const THERE: (&str, &str) = ("fedcba9876543210fedcba9876543210", "so-far-1");
pub(super) const ACCOUNT: &str = "domain-0001";
const KEY: (&str, &str) = ("ERRANDTESTACCESSKEY1", "ErrandTestSecretKey");
const NAMESPACE: &str = "ns";
pub(super) const SECRET: &str = "/api/v1/namespaces/ns/secrets/key";
pub(super) const CONNECTION: &str =
    "/apis/errand.cloud/v1alpha1/namespaces/ns/cloudconnections/cloud";
pub(super) const NAMESPACES: &str = "/api/v1/namespaces";
pub(super) const LEDGERS: &str =
    "/apis/errand.cloud/v1alpha1/namespaces/errand-system/operationledgers/";

/// One operation, and everything around it.
pub(super) struct Bench<K: Kind> {
    pub(super) case: Case,
    pub(super) cloud: Simulator,
    pub(super) api: Objects,
    pub(super) path: String,
    /// How long after the last pass the next is due; absent: on a change only.
    pub(super) wake: Option<Span>,
    clock: TestClock,
    ceiling: Ceiling,
    process: Passing<K>,
    file: std::path::PathBuf,
    /// The operator's flags --allow-endpoint.
    flags: Vec<String>,
}

thread_local! {
    /// What did not hold so far: in short, and in full.
    static FAILURES: RefCell<Vec<(String, String)>> = const { RefCell::new(Vec::new()) };
}

/// Fails if anything did not hold.
pub(super) fn conclude() {
    let failures = FAILURES.take();
    let short: Vec<&str> = failures.iter().map(|(short, _)| short.as_str()).collect();
    let first = failures.first().map(|(_, long)| long.as_str());
    assert!(
        failures.is_empty(),
        "{} checks failed; the first:\n{}\n{}",
        failures.len(),
        first.unwrap_or_default(),
        short.join("\n")
    );
}

/// The process that makes the passes.
struct Passing<K: Kind> {
    context: Arc<Context>,
    shown: Shown<K::Object>,
    connections: Shown<CloudConnection>,
    _news: mpsc::UnboundedReceiver<Wake>,
}

impl<K: Kind> Drop for Bench<K> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

impl<K: Kind> Bench<K> {
    /// The case's operation on target `a`, which the cloud has, as it has `b`. An
    /// accepted call shows so many seconds later.
    pub(super) fn new(case: Case, late: u32) -> Self {
        Self::with_offset(case, late, 0)
    }

    /// The same with a cloud whose clock is ahead by so many seconds.
    pub(super) fn with_offset(case: Case, late: u32, offset: i64) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("errand-passes-{}-{number}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let clock = TestClock::create(&file, Timing::default()).expect("a clock");
        clock.advance(until_noon(&clock));
        let cloud = simulator(&clock, offset);
        let mut seed = (case.seed)("a", late);
        add(&mut seed, (case.seed)("b", late));
        cloud.seed(seed);
        let api = Objects::default();
        api.put(SECRET, secret());
        api.put(CONNECTION, connection(case.cloud, &cloud.url()));
        let plural = <K::Object as Resource>::plural(&());
        let version = <K::Object as Resource>::api_version(&());
        let path = format!("/apis/{version}/namespaces/{NAMESPACE}/{plural}/op");
        let mut spec = (case.spec)("a");
        spec["connectionRef"] = json!({"kind": "CloudConnection", "name": "cloud"});
        api.put(
            &path,
            json!({
                "apiVersion": version,
                "kind": <K::Object as Resource>::kind(&()),
                "metadata": {
                    "name": "op",
                    "namespace": NAMESPACE,
                    "creationTimestamp": time_of(&clock, 0),
                },
                "spec": spec,
                "status": {},
            }),
        );
        let flags = vec!["127.0.0.1".to_owned()];
        let ceiling = Ceiling {
            paid_operations: PaidOperations::AutomaticPayment,
            namespaces: None,
        };
        let process = Passing::start(&api, &file, 1, (&flags, &ceiling));
        Self {
            case,
            ceiling,
            cloud,
            api,
            path,
            wake: None,
            clock,
            process,
            file,
            flags,
        }
    }

    /// Another process takes over, which remembers nothing.
    pub(super) fn restart(&mut self) {
        let next = self.process.context.writer.0 + 1;
        let settings = (&*self.flags, &self.ceiling);
        self.process = Passing::start(&self.api, &self.file, next, settings);
    }

    /// Another process takes over, whose administrators allow this and no more.
    pub(super) fn restart_under(&mut self, ceiling: Ceiling) {
        self.ceiling = ceiling;
        self.restart();
    }

    /// The labels of the operation's namespace.
    pub(super) fn label_namespace(&self, labels: Value) {
        let metadata = json!({"name": NAMESPACE, "labels": labels});
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata});
        self.api
            .put(&format!("{NAMESPACES}/{NAMESPACE}"), namespace);
    }

    /// The watch shows this of the connection while the next request to write below that
    /// path is carried out.
    pub(super) fn connection_at_write(&self, below: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.api.get(CONNECTION).expect("it is there");
        change(&mut object["spec"]);
        let shown = self.process.connections.clone();
        let happens = move || list::<CloudConnection>(&shown, Some(object));
        self.api.at_write(below, happens);
    }

    /// The operator is started with these flags --allow-endpoint.
    pub(super) fn admit(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        self.restart();
    }

    /// The operation is deleted and created again as it was.
    pub(super) fn recreate(&self) {
        let mut object = self.api.get(&self.path).expect("it is there");
        self.api.delete(&self.path);
        object["status"] = json!({});
        self.api.put(&self.path, object);
    }

    /// An operation of another namespace has claimed the target, as the connection is
    /// now; `held`: it is still there, and otherwise deleted.
    pub(super) fn claim_of_others(&self, held: bool) {
        let claimant = self.claimant().expect("its kind has a ledger");
        let kind = <K::Object as Resource>::kind(&());
        let mut theirs = self.api.get(&self.path).expect("it is there");
        let path = self.path.replace("/namespaces/ns/", "/namespaces/others/");
        theirs["metadata"]["namespace"] = "others".into();
        let step = json!({
            "number": 1, "id": "theirs-1", "name": K::CALLS[0].name, "writer": "1",
            "intendedAt": self.time(0), "sendBefore": self.time(60),
        });
        theirs["status"] = json!({"steps": [step]});
        self.api.put(&path, theirs);
        let uid = self.api.get(&path).expect("it is there")["metadata"]["uid"].clone();
        if !held {
            self.api.delete(&path);
        }
        let open = json!({
            "stepId": "theirs-1", "number": 1, "step": K::CALLS[0].name, "writer": "1",
            "object": {"kind": kind, "namespace": "others", "name": "op", "uid": uid},
            "operationKey": "theirs", "bodyDigest": "d", "body": "{}",
            "claimedAt": self.time(0), "sendBefore": self.time(60),
        });
        let ledger = json!({
            "apiVersion": "errand.cloud/v1alpha1",
            "kind": "OperationLedger",
            "metadata": {"name": claimant.ledger(), "namespace": "errand-system"},
            "spec": {"target": claimant.target, "open": open},
        });
        let path = format!("{LEDGERS}{}", claimant.ledger());
        self.api.put(&path, ledger);
    }

    /// What the operation claims, as its connection is now.
    fn claimant(&self) -> Option<Claimant> {
        let object = self.api.get(&self.path).expect("it is there");
        let object: K::Object = serde_json::from_value(object).expect("an operation");
        let connection = self.api.get(CONNECTION).expect("it is there");
        let connection = serde_json::from_value(connection).expect("a connection");
        let policy = &self.process.context.connections.endpoints;
        K::claimant(&object, &place(policy, &connection, NAMESPACE))
    }

    /// The ledger of the operation's target has no room; false: its kind has none.
    pub(super) fn fill_ledger(&self) -> bool {
        let Some(claimant) = self.claimant() else {
            return false;
        };
        let entry = |n| {
            json!({
                "stepId": format!("s-{n}"), "operationKey": format!("k-{n}"), "bodyDigest": "d",
                "object": {"kind": "DesktopOrder", "namespace": "x", "name": "x", "uid": "u"},
                "claimedAt": "2020-01-01T00:00:00Z", "closedAt": "2020-01-01T00:00:00Z",
                "result": "Delivered",
            })
        };
        let entries: Vec<Value> = (0..LEDGER_ENTRIES).map(entry).collect();
        let ledger = json!({
            "apiVersion": "errand.cloud/v1alpha1",
            "kind": "OperationLedger",
            "metadata": {"name": claimant.ledger(), "namespace": "errand-system"},
            "spec": {"target": claimant.target, "entries": entries},
        });
        self.api
            .put(&format!("{LEDGERS}{}", claimant.ledger()), ledger);
        true
    }

    /// A pass in which no status can be written: it ends before its intent.
    pub(super) async fn pass_before_intent(&mut self) {
        self.process.show(&self.api, &self.path);
        self.api.refuse(Some(&self.path));
        let object = self.api.get(&self.path).expect("it is there");
        self.pass_of(object).await;
        self.restart();
        self.api.refuse(None);
    }

    /// One reconcile pass of the operation as it stands.
    pub(super) async fn pass(&mut self) {
        self.process.show(&self.api, &self.path);
        if let Some(object) = self.api.get(&self.path) {
            self.pass_of(object).await;
        }
    }

    /// One reconcile pass of the operation as the watch showed it last.
    pub(super) async fn pass_of(&mut self, object: Value) {
        let object: K::Object = serde_json::from_value(object).expect("an object");
        if object.is_finished() {
            self.wake = None;
            return;
        }
        let context = &self.process.context;
        let uid = object.uid().expect("a uid");
        let memory = context.memory.take(&uid, context.writer);
        let session = Session::<K>::new(context, &self.process.shown, object, memory);
        let session = Box::pin(session.run());
        let rested = tokio::select! {
            rested = session => rested,
            never = time_goes_on(&self.clock) => match never {},
        };
        self.process.context.memory.keep(&uid, rested.memory);
        self.wake = rested.wake;
        self.check_wait();
    }

    /// Every wait becomes Overdue, or something else is known to end it.
    fn check_wait(&self) {
        let reason = reason_of_word(&self.reason());
        let waits = reason.filter(|_| self.state() == "Waiting");
        let ends = |reason: Reason| {
            reason.expected_wait().is_some() || Reason::ENDED_OTHERWISE.contains(&reason)
        };
        self.check(waits.is_none_or(ends), "this wait is never Overdue");
        // `errand why` names its end: schedule.notBefore or spec.interval.
        let named = ["BeforeWindow", "AwaitingState"];
        let recheck = self.process.context.rules.recheck.0;
        let long = self.wake.is_some_and(|wake| wake.0 > recheck * 12 / 10);
        let long = long && !self.object().is_finished();
        let told = reason.is_some_and(|reason| named.contains(&reason.word()));
        self.check(!long || told, "nothing says when Errand tries again");
    }

    /// What the process works with.
    pub(super) fn context(&self) -> &Context {
        &self.process.context
    }

    /// What the dispatcher works with.
    pub(super) fn operations(&self) -> Arc<Operations<K>> {
        Arc::new(Operations {
            context: self.process.context.clone(),
            shown: self.process.shown.clone(),
            reports: Reports::to_nobody(),
        })
    }

    /// The operation as it stands.
    pub(super) fn object(&self) -> K::Object {
        let object = self.api.get(&self.path).expect("it is there");
        serde_json::from_value(object).expect("an object")
    }

    /// A pass as the dispatcher makes it, of what the watch has shown.
    pub(super) async fn dispatched(&self, operations: &Operations<K>) {
        list(&self.process.connections, self.api.get(CONNECTION));
        operations.listed();
        let pass = operations.pass(ObjectKey::new(NAMESPACE, "op"), true);
        tokio::select! {
            _ = Box::pin(pass) => {}
            never = time_goes_on(&self.clock) => match never {},
        }
    }

    /// The watch shows the operation as it stands while a pass of it is under way, which
    /// then ends; and there is another pass if one is due.
    pub(super) async fn shown_during_a_pass(&self) {
        let context = &self.process.context;
        let object = self.object();
        let uid = object.uid().expect("a uid");
        let operations = self.operations();
        let memory = context.memory.take(&uid, context.writer);
        let (key, told) = operations.shown(object);
        context.memory.keep(&uid, memory);
        if matches!(told, Told::Wake(..)) {
            operations.pass(key, true).await;
        }
    }

    /// A pass of the connection as the watch showed it last; how long after it the next is
    /// due.
    pub(super) async fn pass_of_connection(&self, shown: Value) -> Span {
        let context = self.process.context.clone();
        list::<CloudConnection>(&self.process.connections, Some(shown));
        let statuses = Statuses {
            context: context.clone(),
            shown: self.process.connections.clone(),
            kinds: Vec::new(),
            reports: Reports::to_nobody(),
        };
        let next = statuses.pass(ObjectKey::new(NAMESPACE, "cloud"), false);
        let (at, _) = next.await.at.expect("it is looked at again");
        Span(at.0 - context.clock.now().mono.0)
    }

    /// Passes as they come due, until the operation has ended or needs a person, or
    /// that much time is over.
    pub(super) async fn passes(&mut self, seconds: i64) {
        let mut left = seconds;
        loop {
            self.pass().await;
            let pause = match self.wake {
                Some(Span(pause)) if !self.rests() => (pause / 1000).max(1),
                _ => return,
            };
            if pause > left {
                return;
            }
            self.advance(pause);
            left -= pause;
        }
    }

    /// Passes as they come due in that much time, whatever comes of them.
    pub(super) async fn during(&mut self, seconds: i64) {
        let mut left = seconds;
        self.pass().await;
        while let Some(Span(pause)) = self.wake {
            let pause = (pause / 1000).max(1);
            if pause > left {
                return;
            }
            self.advance(pause);
            left -= pause;
            self.pass().await;
        }
    }

    fn rests(&self) -> bool {
        matches!(
            self.state().as_str(),
            "Succeeded" | "Failed" | "Held" | "Blocked" | "Planned" | "Suspended"
        )
    }

    /// Time goes by.
    pub(super) fn advance(&self, seconds: i64) {
        let seconds = u64::try_from(seconds).expect("time goes on");
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The same, as long as a pause is.
    pub(super) fn advance_by(&self, span: Span) {
        let millis = u64::try_from(span.0).expect("time goes on");
        self.clock.advance(Duration::from_millis(millis));
    }

    /// Now, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let now = jiff::Timestamp::try_from(self.clock.now()).expect("a time");
        now.as_millisecond()
    }

    /// Now, and that many seconds, as the API writes it.
    pub(super) fn time(&self, seconds: i64) -> Value {
        time_of(&self.clock, seconds)
    }

    /// The user edits the operation.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Value)) {
        self.api
            .edit(&self.path, |object| change(&mut object["spec"]));
    }

    /// The spec is about another target; the rest stays.
    pub(super) fn retarget(&self, target: &str) {
        let target = (self.case.spec)(target);
        self.edit(|spec| {
            for (name, value) in target.as_object().expect("a spec") {
                spec[name] = value.clone();
            }
        });
    }

    /// A user who may do that writes its status.
    pub(super) fn forge(&self, change: impl FnOnce(&mut Value)) {
        self.api
            .edit(&self.path, |object| change(&mut object["status"]));
    }

    /// The watch shows that this object is gone, of which the process knows nothing.
    pub(super) async fn deleted(&self, object: K::Object) {
        self.process.context.ledgers.note_deleted::<K>(object).await;
    }

    /// The object is deleted, and its manifest is applied again.
    pub(super) async fn delete_and_apply_again(&self) {
        let context = &self.process.context;
        let gone = self.object();
        let uid = gone.uid().expect("a uid");
        let mut object = self.api.get(&self.path).expect("it is there");
        self.api.delete(&self.path);
        match context.memory.part_with(&uid) {
            Some(known) => {
                let session = Session::<K>::new(context, &self.process.shown, gone, known);
                Box::pin(session.end()).await;
            }
            None => self.deleted(gone).await,
        }
        object["status"] = json!({});
        self.api.put(&self.path, object);
    }

    /// The open claim of the ledger is that of an object in another namespace.
    pub(super) fn move_claim_to(&self, namespace: &str) {
        for ledger in self.api.paths(LEDGERS) {
            self.api.edit(&ledger, |ledger| {
                ledger["spec"]["open"]["object"]["namespace"] = namespace.into();
            });
        }
    }

    /// The user edits the connection.
    pub(super) fn edit_connection(&self, change: impl FnOnce(&mut Value)) {
        self.api
            .edit(CONNECTION, |object| change(&mut object["spec"]));
    }

    /// The spec that the connection had at first.
    pub(super) fn own_connection(&self) -> Value {
        connection(self.case.cloud, &self.cloud.url())["spec"].clone()
    }

    /// The user answers the question that stands there.
    pub(super) fn decide(&self, decision: &str) {
        let hold = self.status()["hold"]["id"].clone();
        self.edit(|spec| spec["resolution"] = json!({"holdId": hold, "decision": decision}));
    }

    /// The Secret and the connection are there, as they were at first.
    pub(super) fn put_back(&self) {
        self.api.put(SECRET, secret());
        let connection = connection(self.case.cloud, &self.cloud.url());
        self.api.put(CONNECTION, connection);
    }

    /// Every call of the case's service, reads and the mutating one, is answered so.
    pub(super) fn fault(&self, kind: FaultKind) {
        for service in self.case.services {
            self.cloud
                .fault(Fault::new(*service, kind.clone()).always());
        }
    }

    pub(super) fn status(&self) -> Value {
        let object = self.api.get(&self.path).unwrap_or_default();
        object["status"].clone()
    }

    /// Another one after each write.
    pub(super) fn version(&self) -> String {
        let object = self.api.get(&self.path).unwrap_or_default();
        text(&object["metadata"]["resourceVersion"])
    }

    pub(super) fn state(&self) -> String {
        text(&self.status()["state"])
    }

    pub(super) fn outcome(&self) -> String {
        text(&self.status()["outcome"])
    }

    pub(super) fn summary(&self) -> String {
        text(&self.status()["summary"])
    }

    /// The reason of Ready.
    pub(super) fn reason(&self) -> String {
        text(&self.condition("Ready")["reason"])
    }

    /// Ready, Stalled and Succeeded.
    pub(super) fn conditions(&self) -> [String; 3] {
        ["Ready", "Stalled", "Succeeded"].map(|name| text(&self.condition(name)["status"]))
    }

    fn condition(&self, name: &str) -> Value {
        let status = self.status();
        let all = status["conditions"].as_array().cloned().unwrap_or_default();
        let found = all.into_iter().find(|condition| condition["type"] == name);
        found.unwrap_or_default()
    }

    /// How many mutating calls there were, whatever became of them.
    pub(super) fn calls(&self) -> usize {
        let journal = self.cloud.journal();
        let calls = self.case.calls.iter();
        calls.map(|call| journal.calls(call)).sum()
    }

    /// The same, of those about that target.
    pub(super) fn calls_on(&self, target: &str) -> usize {
        let (journal, id) = (self.cloud.journal(), (self.case.id)(target));
        let calls = self.case.calls.iter();
        calls.map(|call| journal.calls_on(call, &id)).sum()
    }

    /// How many effects calls of ours had.
    pub(super) fn effects(&self) -> usize {
        let journal = self.cloud.journal();
        let effects = journal.all_effects().iter();
        effects.filter(|effect| effect.call > 0).count()
    }

    /// The cloud shows what the operation is for.
    pub(super) fn is_true(&self, target: &str) -> bool {
        (self.case.truth)(&self.cloud, target)
    }

    /// Notes what does not hold, with everything that there is to know; the test fails
    /// at its end, so that one run tells of every case.
    pub(super) fn check(&self, holds: bool, what: &str) {
        if holds {
            return;
        }
        let object = self.api.get(&self.path).unwrap_or_default();
        let short = format!(
            "{}: {what}\n    {}/{}: {}",
            self.case.name,
            self.state(),
            self.reason(),
            self.summary()
        );
        let long = format!(
            "{object:#}\n{:?}\n{}",
            self.api.events(),
            self.cloud.journal()
        );
        FAILURES.with_borrow_mut(|failures| failures.push((short, long)));
    }

    /// It is in that state, for that reason.
    pub(super) fn check_is(&self, what: &str, state: &str, reason: &str) {
        let found = (self.state(), self.reason());
        let wanted = (state.to_owned(), reason.to_owned());
        self.check(
            found == wanted,
            &format!("{what}: {found:?} and not {wanted:?}"),
        );
    }
}

impl<K: Kind> Passing<K> {
    fn start(
        api: &Objects,
        clock: &std::path::Path,
        writer: u64,
        (flags, ceiling): (&[String], &Ceiling),
    ) -> Self {
        // Fails only if one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clock = Clock::test(clock).expect("a clock");
        let rules = clock.rules();
        let client = api.client();
        // Loading the system's certificates takes longer than many passes.
        static TRANSPORT: OnceLock<Transport> = OnceLock::new();
        let transport = TRANSPORT.get_or_init(|| {
            let transport = Transport::new(Clock::system(), Duration::from_secs(30));
            transport.expect("a transport")
        });
        // What it learns is of this clock: hours ahead of it, another forgets all of it.
        let transport = transport.with_clock(clock.clone());
        let (news, received) = mpsc::unbounded_channel();
        let (connections, shown) = (Shown::default(), Shown::default());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let endpoints = EndpointPolicy::of(&flags, true).expect("good flags");
        let context = Arc::new(Context {
            connections: Connections {
                store: connections.clone(),
                keys: Keys::new(client.clone(), clock.clone(), rules.recheck, false),
                transport,
                endpoints,
                margin: rules.margin,
                news,
            },
            events: Events::new(client.clone(), "errand", "test"),
            ledgers: Ledgers::new(client.clone(), "errand-system".to_owned()),
            cluster_id: Some("cluster".to_owned()),
            ceiling: Arc::new(ceiling.clone()),
            client,
            rules,
            writer: Process(writer),
            leadership: Leadership::held(clock.clone()),
            clock,
            metrics: Metrics::default(),
            memory: Memories::default(),
            started: Default::default(),
        });
        Self {
            context,
            shown,
            connections,
            _news: received,
        }
    }

    /// The watches show what is stored.
    fn show(&self, api: &Objects, path: &str) {
        list(&self.shown, api.get(path));
        list(&self.connections, api.get(CONNECTION));
    }
}

fn list<R>(shown: &Shown<R>, object: Option<Value>)
where
    R: Resource<DynamicType = ()> + serde::de::DeserializeOwned + Clone,
{
    for key in shown.keys() {
        shown.remove(&key);
    }
    if let Some(object) = object {
        let object: R = serde_json::from_value(object).expect("an object");
        shown.put(ObjectKey::of(&object), Kept::Whole(Arc::new(object)));
    }
    shown.set_listed();
}

fn time_of(clock: &TestClock, seconds: i64) -> Value {
    let now = jiff::Timestamp::try_from(clock.now()).expect("a time");
    let then = now + jiff::SignedDuration::from_secs(seconds);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// A pass that waits, for a read that is paced say, waits for the test's clock: it goes
/// on a little, and a slow machine does not make that more than a few seconds.
async fn time_goes_on(clock: &TestClock) -> std::convert::Infallible {
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_millis(8)).await;
        clock.advance(Duration::from_millis(250));
    }
    std::future::pending().await
}

/// Simulated clouds with the bench's key and the products that orders are for.
fn simulator(clock: &TestClock, offset: i64) -> Simulator {
    let config = Config {
        date_offset: offset,
        ..Config::with_clock(clock.clone())
    };
    let cloud = Simulator::start(config).expect("a simulator");
    let (id, secret) = KEY;
    let (huawei, tencent, volcengine) = (
        Account::new(id, secret)
            .project(HERE.0)
            .project(THERE.0)
            .domain(ACCOUNT),
        TencentAccount::new(id, secret)
            .region(HERE.1)
            .region(THERE.1),
        VolcengineAccount::new(id, secret)
            .region(HERE.1)
            .region(THERE.1),
    );
    cloud.seed(
        Seed::new()
            .account(huawei)
            .tencent_account(tencent)
            .volcengine_account(volcengine)
            .product(HERE.0, errand_simulator::WorkspaceProduct::new(LARGER)),
    );
    cloud
}

impl<K: Kind> Bench<K> {
    /// Other clouds, on the same clock, where the same key is known and nothing is.
    pub(super) fn elsewhere(&self) -> Simulator {
        simulator(&self.clock, 0)
    }

    /// The key may not call that.
    pub(super) fn deny(&self, api: &str) {
        let (id, secret) = KEY;
        let huawei = Account::new(id, secret).project(HERE.0).domain(ACCOUNT);
        let tencent = TencentAccount::new(id, secret).region(HERE.1);
        let volcengine = VolcengineAccount::new(id, secret).region(HERE.1);
        self.cloud.seed(
            Seed::new()
                .account(huawei.deny(api))
                .tencent_account(tencent.deny(api))
                .volcengine_account(volcengine.deny(api)),
        );
    }
}

fn add(seed: &mut Seed, more: Seed) {
    let value = |seed: &Seed| serde_json::to_value(seed).expect("a seed");
    let mut both = value(seed);
    merge(&mut both, value(&more));
    *seed = serde_json::from_value(both).expect("a seed");
}

fn merge(one: &mut Value, more: Value) {
    match (one, more) {
        (Value::Array(one), Value::Array(more)) => one.extend(more),
        (Value::Object(one), Value::Object(more)) => {
            for (name, value) in more {
                merge(one.entry(name).or_insert(Value::Null), value);
            }
        }
        (one, more) => *one = more,
    }
}

fn secret() -> Value {
    use k8s_openapi::ByteString;
    let text = |text: &str| serde_json::to_value(ByteString(text.into())).expect("JSON");
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "key", "namespace": NAMESPACE},
        "data": {"accessKey": text(KEY.0), "secretKey": text(KEY.1)},
    })
}

fn connection(cloud: Cloud, url: &str) -> Value {
    let (name, place, services): (_, _, &[&str]) = match cloud {
        Cloud::Huawei => (
            "huawei",
            json!({"region": HERE.1, "projectId": HERE.0}),
            &["dcs", "workspace", "bss", "clouddc"],
        ),
        Cloud::Volcengine => ("volcengine", json!({"region": HERE.1}), &["ecs"]),
        Cloud::Tencent => ("tencent", json!({"region": HERE.1}), &["as"]),
    };
    let endpoints: serde_json::Map<String, Value> = services
        .iter()
        .map(|service| ((*service).to_owned(), url.into()))
        .collect();
    json!({
        "apiVersion": "errand.cloud/v1alpha1",
        "kind": "CloudConnection",
        "metadata": {"name": "cloud", "namespace": NAMESPACE},
        "spec": {
            "accountId": ACCOUNT,
            name: place,
            "credentials": {"secretRef": {"name": "key"}},
            "endpoints": endpoints,
            "policy": {"paidOperations": "AutomaticPayment", "clusterId": "cluster"},
        },
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// From now to noon of a day that is the same whenever the tests run, far from the
/// maintenance windows of the cases.
fn until_noon(clock: &TestClock) -> Duration {
    const NOON: Duration = Duration::from_secs(2_524_651_200); // 2050-01-01T12:00:00Z
    let now = clock.now().duration_since(std::time::UNIX_EPOCH);
    NOON.saturating_sub(now.unwrap_or_default())
}
