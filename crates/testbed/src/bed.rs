//! One test's own corner: a namespace, an operator with its rights, a simulator
//! and a clock.

mod audit;
mod manifests;
mod objects;
mod operators;
mod recorder;

pub use manifests::{TENCENT_REGION, VOLCENGINE_REGION};
pub use operators::Replica;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use errand_controlplane::guard::Guarded;
use errand_simulator::{Account, Config, Seed, Simulator};
use errand_testclock::{TestClock, Timing};

use crate::plane::{Plane, repository};
use crate::proxy::Proxy;

/// The project id that every bed's connection uses.
pub const DCS_PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// The access key id of every bed's account.
pub const ACCESS_KEY: &str = "ERRANDTESTACCESSKEY1";
/// Its secret.
pub const SECRET_KEY: &str = "ErrandTestSecretKey-canary-4711";

/// The operator's --cluster-id, but for beds that work on every namespace.
pub const CLUSTER: &str = "bed-cluster";
/// The flag of the ceiling for what operations may cost.
const PAID_OPERATIONS: &str = "--paid-operations";
/// Set: every bed runs on the wall clock, as a release build of the operator has no other.
const SYSTEM_CLOCK: &str = "ERRAND_TEST_SYSTEM_CLOCK";
/// The account id (a domain id) of every bed's connection.
pub const DOMAIN: &str = "domain-0001";

/// Longest wait for anything that has to happen by itself.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a bed is made of.
pub struct BedOptions {
    /// The timing profile. The lease is long by default, so that an advance of
    /// the clock does not lose it.
    pub timing: Timing,
    /// The simulator, but for its clock.
    pub simulator: Config,
    /// The clock is a test clock; otherwise everything runs on the wall clock,
    /// as a release build of the operator does.
    pub test_clock: bool,
    /// Make the Secret and the CloudConnection; otherwise the caller does.
    pub connection: bool,
    /// The operator works on every namespace; for a control plane of one's own.
    pub cluster: bool,
    /// The operator reaches the API server through a [`Proxy`] of this seed.
    pub proxy: Option<u64>,
}

impl Default for BedOptions {
    fn default() -> Self {
        Self {
            timing: Timing {
                lease: Duration::from_secs(12 * 3600),
                ..Timing::default()
            },
            simulator: Config::default(),
            test_clock: true,
            connection: true,
            cluster: false,
            proxy: None,
        }
    }
}

/// A namespace with an account, an operator and a cloud of its own.
pub struct Bed {
    plane: Arc<Plane>,
    /// The namespace.
    pub namespace: String,
    /// The simulated clouds.
    pub simulator: Simulator,
    /// The clock that operator and simulator share.
    pub clock: Option<TestClock>,
    /// Between the operator and the API server.
    pub proxy: Option<Proxy>,
    clock_file: PathBuf,
    kubeconfig: PathBuf,
    binary: PathBuf,
    /// The program takes --paid-operations.
    knows_ceiling: bool,
    operator: Option<Guarded>,
    started: u32,
    cluster: bool,
    /// How long the audit log was before there was this bed.
    audit_from: u64,
}

impl Bed {
    /// Makes the namespace, the operator's rights in it, the Secret and the
    /// CloudConnection. `binary` is the operator, which is not started yet.
    pub fn new(plane: &Arc<Plane>, binary: &str, name: &str, options: BedOptions) -> Self {
        Self::try_new(plane, binary, name, options).unwrap_or_else(|e| panic!("{e}"))
    }

    fn try_new(
        plane: &Arc<Plane>,
        binary: &str,
        name: &str,
        options: BedOptions,
    ) -> Result<Self, String> {
        let number = {
            let mut counter = plane.counter.lock().expect("no panic while it is held");
            *counter += 1;
            *counter
        };
        let namespace = format!("{name}-{number}");
        let dir = plane.control_plane().dir();
        let clock_file = dir.join(format!("{namespace}.clock"));
        let text = |e: io::Error| e.to_string();
        let test_clock = options.test_clock && std::env::var_os(SYSTEM_CLOCK).is_none();
        let clock = match test_clock {
            true => Some(TestClock::create(&clock_file, options.timing).map_err(text)?),
            false => None,
        };
        let mut config = options.simulator;
        if let Some(clock) = &clock {
            // Far from the instances' usual maintenance windows, whenever it runs.
            clock.advance(until_noon(clock.now()));
            config.clock = errand_simulator::Clock::Test(clock.clone());
            config.date_window = options.timing.signature_validity;
        }
        let simulator = Simulator::start(config).map_err(text)?;
        simulator.seed(
            Seed::new().account(
                Account::new(ACCESS_KEY, SECRET_KEY)
                    .project(DCS_PROJECT)
                    .domain(DOMAIN),
            ),
        );

        let audit_log = plane.control_plane().audit_log();
        let audit_from = audit_log.and_then(|log| Some(fs::metadata(log).ok()?.len()));
        let audit_from = audit_from.unwrap_or_default();
        let rights = fs::read_to_string(repository().join("deploy/rbac.yaml")).map_err(text)?;
        let mut manifests = format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}}}\n---\n{}",
            rights.replace("errand-system", &namespace)
        );
        if options.connection {
            let url = simulator.url();
            for more in [
                manifests::secret(SECRET_KEY),
                manifests::connection("huawei-prod", &url),
            ] {
                manifests.push_str("---\n");
                manifests.push_str(&more);
            }
        }
        // kubectl costs a tenth of all tests' time, and here it is not what is tested.
        plane.create(&namespace, &manifests)?;
        let token = plane.token(&namespace, "errand")?;
        let kubeconfig = dir.join(format!("{namespace}.kubeconfig"));
        let control_plane = plane.control_plane();
        control_plane
            .write_kubeconfig(&kubeconfig, token.trim(), &namespace)
            .map_err(text)?;
        let proxy = match options.proxy {
            None => None,
            Some(seed) => {
                let (url, ca) = (control_plane.url(), control_plane.ca_pem());
                let proxy = Proxy::start(url, ca, seed).map_err(text)?;
                let direct = fs::read_to_string(&kubeconfig).map_err(text)?;
                fs::write(&kubeconfig, direct.replace(url, &proxy.url())).map_err(text)?;
                Some(proxy)
            }
        };
        Ok(Self {
            plane: Arc::clone(plane),
            namespace,
            simulator,
            clock,
            proxy,
            clock_file,
            kubeconfig,
            binary: PathBuf::from(binary),
            knows_ceiling: true,
            operator: None,
            started: 0,
            cluster: options.cluster,
            audit_from,
        })
    }

    /// Operators that are started from now on are this program of an earlier version,
    /// which has no ceiling for what operations may cost.
    pub fn set_earlier_binary(&mut self, binary: impl Into<PathBuf>) {
        self.binary = binary.into();
        self.knows_ceiling = false;
    }

    /// The operator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A path for a file of this bed's own.
    pub fn file(&self, name: &str) -> PathBuf {
        let dir = self.plane.control_plane().dir();
        dir.join(format!("{}-{name}", self.namespace))
    }

    /// Starts the operator, in this namespace only, and with the highest ceiling for what
    /// operations may cost.
    pub fn start_operator(&mut self) {
        self.start_operator_with(&[], &[]);
    }

    /// Starts the operator with further arguments and environment variables.
    pub fn start_operator_with(&mut self, arguments: &[&str], variables: &[(&str, &str)]) {
        self.started += 1;
        let operator = self.spawn(self.started, arguments, variables);
        self.operator = Some(operator);
    }

    fn spawn(&self, number: u32, arguments: &[&str], variables: &[(&str, &str)]) -> Guarded {
        let mut command = Command::new(&self.binary);
        command
            .args(["run", "--namespace", &self.namespace])
            .args([
                "--listen",
                "127.0.0.1:0",
                "--allow-endpoint",
                "127.0.0.1",
                "--allow-http-loopback",
            ])
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .envs(variables.iter().copied());
        if self.knows_ceiling && !arguments.contains(&PAID_OPERATIONS) {
            command.args([PAID_OPERATIONS, "AutomaticPayment"]);
        }
        if !self.cluster {
            command
                .args(["--watch-namespace", &self.namespace])
                .args(["--cluster-id", CLUSTER]);
        }
        if self.clock.is_some() {
            command.arg("--test-clock").arg(&self.clock_file);
        }
        let name = format!("{}-operator-{number}", self.namespace);
        let options = self.plane.control_plane().guard_options(&name);
        Guarded::start(&command, &options).expect("the operator starts")
    }

    /// The running operator.
    pub fn operator(&mut self) -> &mut Guarded {
        self.operator.as_mut().expect("an operator was started")
    }

    /// What the operators of this bed have logged.
    pub fn operator_log(&self) -> String {
        (1..=self.started).map(|n| self.log_of(n)).collect()
    }

    /// Waits until the operator has ended by itself; its exit status.
    pub fn wait_for_operator_to_end(&mut self) -> i32 {
        self.wait_for_operator_to_end_in_steps(Duration::ZERO)
    }

    /// The same while the clock moves on in steps of this length.
    pub fn wait_for_operator_to_end_in_steps(&mut self, step: Duration) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.operator().try_wait().expect("its watchdog tells") {
                self.operator = None;
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the operator is still running\n{}",
                self.operator_log()
            );
            if !step.is_zero() {
                self.advance_if_led(step);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// SIGTERM, and waits for its orderly end.
    pub fn stop_operator(&mut self) -> i32 {
        let mut operator = self.operator.take().expect("an operator was started");
        operator.stop().expect("it ends")
    }

    /// SIGKILL. The lease of the dead process is deleted, so that the next one
    /// need not wait for it to expire.
    pub fn kill_operator(&mut self) {
        if let Some(mut operator) = self.operator.take() {
            operator.kill().expect("it can be killed");
        }
        self.delete_lease();
    }

    /// Deletes the lease, whoever holds it.
    pub fn delete_lease(&self) {
        let _ = self.plane.delete(&self.path("lease", "errand"));
    }

    /// Waits until `condition` holds; panics with `what` and the operator's log
    /// if it does not.
    pub fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(
                Instant::now() < deadline,
                "waited in vain until {what}\n{}\n{}",
                self.simulator.journal(),
                self.operator_log()
            );
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// Moves the clock of operator and simulator.
    pub fn advance(&self, by: Duration) {
        self.clock
            .as_ref()
            .expect("this bed has a test clock")
            .advance(by);
    }

    /// Moves the clock as far as the leading operator has renewed its lease, so
    /// that it does not lose it, however slow the machine is; by a sixth of the
    /// lease at most.
    pub fn advance_if_led(&self, by: Duration) {
        let clock = self.clock.as_ref().expect("this bed has a test clock");
        let lease = clock.timing().lease;
        let found = self.find("lease", "errand").ok().flatten();
        let renewed: Option<jiff::Timestamp> =
            found.and_then(|found| found["spec"]["renewTime"].as_str()?.parse().ok());
        let Some(renewed) = renewed.map(SystemTime::from) else {
            return;
        };
        let since = clock.now().duration_since(renewed).unwrap_or_default();
        if since < lease / 3 {
            clock.advance(by.min(lease / 6));
        } else if since < lease * 11 / 20 {
            // It counts its pause, a sixth, from the answer to its renewal, and the
            // clock may have moved while that was under way.
            clock.advance(by.min(lease / 1800));
        }
    }
}

/// How long it is until the next 12:00 UTC.
fn until_noon(now: SystemTime) -> Duration {
    const DAY: u64 = 86_400;
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let second = since.as_secs() % DAY;
    Duration::from_secs((DAY + DAY / 2 - second) % DAY)
}
