//! One running control plane: start, readiness, and how to reach it.

mod components;
mod processes;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::Error;
use crate::assets::{self, Assets, DEFAULT_PROGRAMS, Program};
use crate::guard::{self, Guarded, TempDir};
use crate::identity::{self, Identity};
use components::Audit;
pub(crate) use processes::tail;
use processes::{check, free_ports, listens, log_of, not_ready, options_for};

/// From the start of etcd to the first good answer. Seconds are usual; a
/// machine that is busy with other tests needs more.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often a component is looked at while it starts.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// A port that was free when we looked may be taken when it is used.
const STARTS: u32 = 3;

/// What kind of control plane is wanted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Write a line of JSON to [`ControlPlane::audit_log`] for every request.
    pub audit: bool,
    /// Also run kube-controller-manager. It is built for the first one who
    /// asks.
    pub controller_manager: bool,
    /// Also run kube-controller-manager, kube-scheduler and, with one node, kwok: pods
    /// are put on the node and told to run. Nothing runs in them: who wants them ready,
    /// or gone once they are deleted, has to say so.
    pub node: bool,
    /// The folder in which the instance makes its own; the system's folder for
    /// temporary files if `None`.
    pub parent: Option<PathBuf>,
}

impl Options {
    /// What runs beside etcd and kube-apiserver.
    fn others(&self) -> &'static [Program] {
        const ALL: [Program; 3] = [
            Program::KubeControllerManager,
            Program::KubeScheduler,
            Program::Kwok,
        ];
        match (self.node, self.controller_manager) {
            (true, _) => &ALL,
            (false, true) => &ALL[..1],
            (false, false) => &[],
        }
    }
}

/// A running etcd and kube-apiserver, stopped and removed when dropped or when
/// our process ends, in whatever way (see [`guard`]).
///
/// RBAC is on. Unless [`Options::controller_manager`] is set, nobody collects
/// garbage, makes the `default` service account of a namespace, or finishes
/// the deletion of a namespace: it stays Terminating. Nothing runs pods, and without
/// [`Options::node`] nothing says that they run.
#[derive(Debug)]
pub struct ControlPlane {
    // Dropped in this order: whoever writes to another goes first.
    others: Vec<(Program, Guarded)>,
    apiserver: Mutex<ApiServer>,
    etcd: Guarded,
    dir: TempDir,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    audit_log: Option<PathBuf>,
    url: String,
    ca_file: PathBuf,
    ca_pem: String,
    admin_token: String,
}

/// The one component that may be taken away for a while.
#[derive(Debug)]
struct ApiServer {
    command: Command,
    options: guard::Options,
    port: u16,
    /// Absent while it is taken away.
    running: Option<Guarded>,
}

impl ControlPlane {
    /// Finds or builds the programs, and returns once requests are answered.
    pub fn start(options: Options) -> Result<Self, Error> {
        let mut programs = DEFAULT_PROGRAMS.to_vec();
        programs.extend(options.others());
        let assets = assets::find_or_build(&programs)?;
        let mut starts = 1;
        loop {
            match Self::start_once(&assets, &options) {
                Err(Error::Exited { log, .. })
                    if starts < STARTS && log.contains("address already in use") =>
                {
                    starts += 1;
                }
                result => return result,
            }
        }
    }

    fn start_once(assets: &Assets, options: &Options) -> Result<Self, Error> {
        let parent = options.parent.clone().unwrap_or_else(std::env::temp_dir);
        let dir = TempDir::new_in(&parent, "errand-controlplane").map_err(Error::io(format!(
            "making a folder in {}",
            parent.display()
        )))?;
        let program = |program: Program| {
            assets
                .path(program)
                .ok_or_else(|| Error::io(program.name())(io::ErrorKind::NotFound.into()))
        };
        let deadline = Instant::now() + READY_WITHIN;
        let [etcd_port, port] = free_ports().map_err(Error::io("looking for free ports"))?;

        let apiserver_options = options_for(&dir, "kube-apiserver");
        let etcd_options = guard::Options {
            after: apiserver_options.marker.clone(),
            ..options_for(&dir, "etcd")
        };
        let command = components::etcd(program(Program::Etcd)?, dir.path(), etcd_port);
        let mut etcd = Guarded::start(&command, &etcd_options).map_err(Error::io("etcd"))?;

        // While etcd starts.
        let identity = Identity::create(dir.path())?;
        let url = format!("https://127.0.0.1:{port}");
        let kubeconfig = dir.path().join("kubeconfig");
        identity::write_kubeconfig(
            &kubeconfig,
            &url,
            &identity.ca_file,
            &identity.admin_token,
            "default",
        )
        .map_err(Error::io("writing the kubeconfig"))?;
        let policy = dir.path().join("audit-policy.yaml");
        let audit_log = options.audit.then(|| dir.path().join("audit.jsonl"));
        if options.audit {
            fs::write(&policy, components::AUDIT_POLICY)
                .map_err(Error::io("writing the audit policy"))?;
        }

        // A kube-apiserver that finds no etcd waits for a second before it
        // looks again.
        let log = log_of(&dir, "etcd");
        while !listens(etcd_port) {
            check(Program::Etcd, &mut etcd, &log)?;
            if Instant::now() > deadline {
                return Err(not_ready("etcd does not listen", &log));
            }
            thread::sleep(LOOK_EVERY);
        }
        let command = components::kube_apiserver(
            program(Program::KubeApiserver)?,
            &identity,
            audit_log.as_deref().map(|log| Audit {
                policy: &policy,
                log,
            }),
            etcd_port,
            port,
        );
        let apiserver = Guarded::start(&command, &apiserver_options)
            .map_err(Error::io("running kube-apiserver"))?;

        let mut plane = Self {
            others: Vec::new(),
            apiserver: Mutex::new(ApiServer {
                command,
                options: apiserver_options,
                port,
                running: Some(apiserver),
            }),
            etcd,
            dir,
            kubectl: program(Program::Kubectl)?.to_owned(),
            kubeconfig,
            audit_log,
            url,
            ca_file: identity.ca_file.clone(),
            ca_pem: identity.ca_pem.clone(),
            admin_token: identity.admin_token.clone(),
        };
        check(Program::Etcd, &mut plane.etcd, &log)?;
        plane.wait_until_ready(&mut plane.apiserver(), deadline)?;
        for &other in options.others() {
            let path = program(other)?;
            let command = match other {
                Program::KubeControllerManager => {
                    components::kube_controller_manager(path, &identity, &plane.kubeconfig)
                }
                Program::KubeScheduler => components::kube_scheduler(path, &plane.kubeconfig),
                _ => {
                    let stages = plane.dir.path().join("stages.yaml");
                    fs::write(&stages, components::STAGES).map_err(Error::io("writing stages"))?;
                    components::kwok(path, &stages, &plane.kubeconfig, port)
                }
            };
            let started = Guarded::start(&command, &options_for(&plane.dir, other.name()));
            let started = started.map_err(Error::io(format!("running {}", other.name())))?;
            plane.others.push((other, started));
        }
        if options.node {
            plane.add_node()?;
        }
        Ok(plane)
    }

    fn wait_until_ready(&self, apiserver: &mut ApiServer, deadline: Instant) -> Result<(), Error> {
        let log = log_of(&self.dir, Program::KubeApiserver.name());
        let mut last = "it does not listen".to_owned();
        loop {
            apiserver.check(&log)?;
            // A connection costs nothing; a kubectl costs more than the wait.
            if listens(apiserver.port) {
                match self.answers() {
                    Ok(()) => return Ok(()),
                    Err(why) => last = why,
                }
            }
            if Instant::now() > deadline {
                return Err(not_ready(&last, &log));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn apiserver(&self) -> MutexGuard<'_, ApiServer> {
        self.apiserver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the API server away, as a crash would: its connections break in
    /// the middle. etcd keeps what was stored.
    pub fn kill_api_server(&self) -> Result<(), Error> {
        match self.apiserver().running.take() {
            Some(mut running) => running.kill().map_err(Error::io("killing kube-apiserver")),
            None => Ok(()),
        }
    }

    /// Starts it again, at the same address; returns once it answers.
    pub fn start_api_server(&self) -> Result<(), Error> {
        let mut apiserver = self.apiserver();
        if apiserver.running.is_none() {
            let running = Guarded::start(&apiserver.command, &apiserver.options)
                .map_err(Error::io("running kube-apiserver"))?;
            apiserver.running = Some(running);
        }
        self.wait_until_ready(&mut apiserver, Instant::now() + READY_WITHIN)
    }

    fn answers(&self) -> Result<(), String> {
        // /readyz is good before the namespace is there into which most callers
        // put their first object.
        for path in ["/readyz", "/api/v1/namespaces/default"] {
            let output = self
                .kubectl()
                .args(["get", "--raw", path, "--request-timeout=5s"])
                .stdin(Stdio::null())
                .output()
                .map_err(|error| format!("kubectl: {error}"))?;
            if !output.status.success() {
                return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
            }
        }
        Ok(())
    }

    /// An error if a component has ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<(), Error> {
        let dir = &self.dir;
        let log = |program: Program| log_of(dir, program.name());
        check(Program::Etcd, &mut self.etcd, &log(Program::Etcd))?;
        self.apiserver().check(&log(Program::KubeApiserver))?;
        for (program, guarded) in &mut self.others {
            check(*program, guarded, &log(*program))?;
        }
        Ok(())
    }

    fn add_node(&self) -> Result<(), Error> {
        let file = self.dir.path().join("node.json");
        fs::write(&file, components::NODE).map_err(Error::io("writing the node"))?;
        let created = self.kubectl().arg("create").arg("-f").arg(&file).output();
        let created = created.map_err(Error::io("running kubectl"))?;
        match created.status.success() {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&created.stderr).into_owned();
                Err(Error::io("adding the node")(io::Error::other(said)))
            }
        }
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A kubectl that fits the API server, for the administrator. It reads and
    /// writes nothing in the user's `~/.kube`.
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            // Variables rather than flags, so that plugins get them too.
            .env("KUBECACHEDIR", self.dir.path().join("kubectl-cache"))
            .env("KUBERC", "off")
            // It ends before its garbage is worth collecting.
            .env("GOGC", "off");
        command
    }

    /// The program that [`Self::kubectl`] runs.
    pub fn kubectl_path(&self) -> &Path {
        &self.kubectl
    }

    /// The audit log, if [`Options::audit`] was set: a line of JSON
    /// (`audit.k8s.io/v1` Event, level Metadata) for every request that was
    /// answered. It may appear a moment after the answer.
    pub fn audit_log(&self) -> Option<&Path> {
        self.audit_log.as_deref()
    }

    /// The API server's address, as in `https://127.0.0.1:40001`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The certificate of the CA that signed the API server's certificate.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The bearer token of the kubeconfig's user, who may do everything.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// The instance's own folder, for callers' files too. It goes with the
    /// instance.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a kubeconfig for another identity, by its bearer token. It stays
    /// valid for as long as this instance runs.
    pub fn write_kubeconfig(&self, path: &Path, token: &str, namespace: &str) -> io::Result<()> {
        identity::write_kubeconfig(path, &self.url, &self.ca_file, token, namespace)
    }

    /// How to guard a process that uses this instance, such as an operator:
    /// output goes to `NAME.log` in [`Self::dir`], and the folder stays until
    /// the process has ended.
    pub fn guard_options(&self, name: &str) -> guard::Options {
        options_for(&self.dir, name)
    }

    /// Stops everything and removes the folder; so does dropping it.
    pub fn stop(self) {}
}

impl ApiServer {
    fn check(&mut self, log: &Path) -> Result<(), Error> {
        match &mut self.running {
            Some(running) => check(Program::KubeApiserver, running, log),
            None => Ok(()),
        }
    }
}
