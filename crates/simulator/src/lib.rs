//! The clouds that Errand calls, on loopback, so that a person can try Errand and
//! a team can test its manifests without an account.
//!
//! A simulator verifies signatures and dates, keeps the state machines of the
//! services, writes every call and every effect into a [`Journal`], and injects
//! [`Fault`]s. It runs on a thread of its own and stops when it is dropped, so that
//! synchronous tests can use it; the same switches are an HTTP API under `/-/`.
//!
//! A cloud is a folder ([`huawei`], [`tencent`], [`volcengine`]), a service a module in
//! it. What they share (sockets, journal, faults, limits) knows no cloud. The package
//! must not depend on `errand`: its verification is its own reading of the contracts.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use errand_testclock::TestClock;
use jiff::Timestamp;
use tokio::sync::oneshot;

mod admin;
mod clouds;
mod faults;
pub mod huawei;
mod journal;
mod limits;
mod message;
mod readings;
mod rewrite;
mod seed;
mod server;
mod state;
pub mod tencent;
mod verification;
pub mod volcengine;
mod world;

pub use faults::{Fault, FaultId, FaultKind};
pub use huawei::bss::seed::{
    AfterFailure, BssReadings, DesktopOrderSeed, ListOrder, OrderAction, OrderLines,
    OrderResources, OrderTimes,
};
pub use huawei::bss::state::OrderState;
pub use huawei::clouddc::seed::{
    AfterTerminated, CloudDcError, CloudDcInstance, CloudDcReadings, CloudDcStatus, CloudDcStep,
    EmptyInstances, ErrorForm, NextMarker, NotFoundForm, Overloaded, ShuttingDown, UnknownInList,
};
pub use huawei::clouddc::state::CloudDcInstanceState;
pub use huawei::dcs::readings::{
    AfterCancel, DcsReadings, EmptyTasks, InstanceWord, ReplicaCount, TaskCount, TaskDetails,
    TaskName, TaskOrder, TaskTime, WaitingWord,
};
pub use huawei::dcs::seed::{DcsChange, DcsInstance, FinishedTask, PendingChange};
pub use huawei::dcs::state::{DcsInstanceState, DcsTaskState};
pub use huawei::workspace::change::DesktopChange;
pub use huawei::workspace::seed::{
    ExpandBy, JobWords, NoDataVolumes, OnDemandChanges, OrderTiming, SecondOrder, WorkspaceBusy,
    WorkspaceDesktop, WorkspaceProduct, WorkspaceProject, WorkspaceReadings, WorkspaceVolume,
    WorkspaceVolumeProduct,
};
pub use huawei::workspace::state::WorkspaceDesktopState;
pub use journal::{Call, Effect, Journal, LateArrival};
pub use message::Request;
pub use readings::Readings;
pub use rewrite::{Rewrite, TimeForm as RewrittenTime, Value as RewrittenValue};
pub use seed::{Account, BadSeed, Seed, When};
pub use state::{AccountState, State};
pub use tencent::scaling::seed::{
    BatchPause, CancelWhileRunning, ContinueWithoutFailure, EmptySet, FailProcess, RefreshAction,
    RefreshActivity, RefreshBatch, RefreshLists, RefreshSettings, RefreshTimes, RolledBack,
    ScalingGroup, ScalingReadings, StoppedLastBatch,
};
pub use tencent::scaling::state::{
    BatchStatus, RefreshActivityState, RefreshBatchState, RefreshStatus, ScalingGroupState,
};
pub use tencent::seed::{TencentAccount, TencentSeed};
pub use tencent::state::{TencentAccountState, TencentState};
pub use verification::{Unverified, Verified};
pub use volcengine::ecs::seed::{
    CancelledOrder, CountForm, Delivery, EcsReadings, EmptyInfo, EmptyResult, Reservation,
    ReservationAction, ReservationKind, StatusWords, TimeForm, UnsetTime,
};
pub use volcengine::ecs::state::ReservationState;
pub use volcengine::seed::{VolcengineAccount, VolcengineSeed};
pub use volcengine::state::{VolcengineAccountState, VolcengineState};

/// Documented: 5 minutes.
const TENCENT_WINDOW: Duration = Duration::from_secs(5 * 60);

/// How a simulator is started.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 takes a free one. The admin API answers loopback
    /// peers only, whatever the address.
    pub listen: SocketAddr,
    /// The clock of the state machines and of the date check.
    pub clock: Clock,
    /// Real time added to each cloud call.
    pub delay: Duration,
    /// How far the date of a signature may be from the simulator's time, either way.
    pub date_window: Duration,
    /// The same at Tencent Cloud, where it is shorter.
    pub tencent_date_window: Duration,
    /// Seconds by which the cloud's clock is ahead of [`Config::clock`]. It moves
    /// everything that the cloud dates: `Date`, the window check, the tasks.
    pub date_offset: i64,
    /// Where the random ids (request ids) start, so that a run can be repeated.
    pub seed: u64,
    /// How the points are read that the contracts leave open.
    pub readings: Readings,
    /// Calls per second of the simulator's clock, by API name; others are unlimited.
    pub rate_limits: BTreeMap<String, u32>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Clock::Wall,
            delay: Duration::ZERO,
            date_window: Duration::from_secs(15 * 60),
            tencent_date_window: TENCENT_WINDOW,
            date_offset: 0,
            seed: 0,
            readings: Readings::default(),
            rate_limits: BTreeMap::new(),
        }
    }
}

impl Config {
    /// The defaults with a test's clock and the signature validity of its timing.
    pub fn with_clock(clock: TestClock) -> Self {
        let validity = clock.timing().signature_validity;
        Self {
            date_window: validity,
            tencent_date_window: validity.min(TENCENT_WINDOW),
            clock: Clock::Test(clock),
            ..Self::default()
        }
    }
}

/// Where the simulator's time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The time of day.
    Wall,
    /// A clock that a test moves forward.
    Test(TestClock),
}

impl Clock {
    /// What this clock shows.
    pub fn now(&self) -> Timestamp {
        let now = match self {
            Self::Wall => SystemTime::now(),
            Self::Test(clock) => clock.now(),
        };
        Timestamp::try_from(now).expect("clocks stay within the years that jiff knows")
    }
}

/// A running simulator. Dropping it stops it and closes its connections.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Binds the address and serves it from a thread of its own.
    ///
    /// # Errors
    /// When the address cannot be bound or the thread cannot be started.
    pub fn start(config: Config) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let listener = std::net::TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(server::Shared::new(config));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let serving = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("errand-simulator".into())
            .spawn(move || runtime.block_on(server::serve(listener, serving, stopped)))?;
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The endpoint to give to a client: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds to what is there; an account or instance of the same id is replaced.
    ///
    /// # Panics
    /// When the seed is not usable; see [`Simulator::try_seed`].
    pub fn seed(&self, seed: Seed) {
        self.try_seed(seed).expect("a usable seed");
    }

    /// As [`Simulator::seed`].
    ///
    /// # Errors
    /// When the seed contradicts itself; then nothing of it was taken.
    pub fn try_seed(&self, seed: Seed) -> Result<(), BadSeed> {
        self.shared.world().seed(seed, false)
    }

    /// Forgets accounts, instances, limits and readings, then seeds. The journal
    /// and the faults stay.
    ///
    /// # Errors
    /// When the seed contradicts itself; then nothing was forgotten.
    pub fn replace_seed(&self, seed: Seed) -> Result<(), BadSeed> {
        self.shared.world().seed(seed, true)
    }

    /// Every cloud call and effect so far. Late requests that are due arrive first.
    pub fn journal(&self) -> Journal {
        let mut world = self.shared.world();
        world.catch_up();
        world.journal.clone()
    }

    /// When the first call came that is about this; without a copy of the journal.
    pub fn first_call_about(&self, part: &str) -> Option<Timestamp> {
        let world = self.shared.world();
        let mut calls = world.journal.all_calls().iter();
        calls.find(|call| call.is_about(part)).map(|call| call.time)
    }

    /// Injects a fault.
    ///
    /// # Panics
    /// When the fault is not usable (a status outside 200 to 599, `times` of 0).
    pub fn fault(&self, fault: Fault) -> FaultId {
        self.shared
            .world()
            .faults
            .add(fault)
            .expect("a usable fault")
    }

    /// Removes every fault that has not been used up. Requests that are already
    /// under way late stay so.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// What an instance would show to a caller now.
    pub fn dcs_instance(&self, project: &str, instance: &str) -> Option<DcsInstanceState> {
        let mut world = self.shared.world();
        let now = world.catch_up();
        let dcs = &mut world.clouds.huawei.services.dcs;
        dcs.state_of(project, instance, now)
    }

    /// What a desktop would show to a caller now.
    pub fn desktop(&self, project: &str, desktop: &str) -> Option<WorkspaceDesktopState> {
        let mut world = self.shared.world();
        let now = world.catch_up();
        let services = &mut world.clouds.huawei.services;
        services.settle(now);
        let workspace = &services.workspace;
        workspace.state_of(project, desktop, &services.bss, now)
    }

    /// What a CloudDC instance would show to a caller now.
    pub fn clouddc_instance(&self, project: &str, instance: &str) -> Option<CloudDcInstanceState> {
        let mut world = self.shared.world();
        let now = world.catch_up();
        let clouddc = &world.clouds.huawei.services.clouddc;
        clouddc.state_of(project, instance, now)
    }

    /// Gives a CloudDC instance another status, now. What was still to come of its
    /// script is forgotten.
    ///
    /// # Panics
    /// When there is no such instance, or no documented way leads to that status.
    pub fn act_on_clouddc(&self, project: &str, instance: &str, status: impl Into<CloudDcStatus>) {
        let mut world = self.shared.world();
        let acted = world.act_on_clouddc(project, instance, status.into());
        acted.expect("an instance that can become like this");
    }

    /// The orders for a desktop, in the order placed, whether BSS shows them yet or not.
    pub fn orders(&self, desktop: &str) -> Vec<OrderState> {
        let mut orders = self.state().orders;
        orders.retain(|order| order.desktop == desktop);
        orders
    }

    /// Does to an order what a person in the console, or the cloud itself, does.
    ///
    /// # Panics
    /// When there is no such order, or its status does not allow this.
    pub fn act_on_order(&self, order: &str, action: OrderAction) {
        let acted = self.shared.world().act_on_order(order, action);
        acted.expect("an order that can be treated like this");
    }

    /// A refresh activity of Tencent Cloud as it is now.
    pub fn refresh_activity(&self, id: &str) -> Option<RefreshActivityState> {
        let mut world = self.shared.world();
        world.catch_up();
        world.clouds.tencent.scaling.activity(id)
    }

    /// Does to a refresh activity what somebody else does in the console.
    ///
    /// # Panics
    /// When there is no such activity, or its status does not allow this.
    pub fn act_on_refresh(&self, activity: &str, action: RefreshAction) {
        let acted = self.shared.world().act_on_refresh(activity, action);
        acted.expect("an activity that can be treated like this");
    }

    /// A reservation of Volcengine as it is now, also when callers no longer see it.
    pub fn reservation(&self, id: &str) -> Option<ReservationState> {
        let mut world = self.shared.world();
        let now = world.catch_up();
        world.clouds.volcengine.ecs.reservation(id, now)
    }

    /// Does to a reservation what somebody else does in the console, or the cloud.
    ///
    /// # Panics
    /// When there is no such reservation, or its state does not allow this.
    pub fn act_on_reservation(&self, reservation: &str, action: ReservationAction) {
        let acted = self.shared.world().act_on_reservation(reservation, action);
        acted.expect("a reservation that can be treated like this");
    }

    /// Everything there is, without secrets.
    pub fn state(&self) -> State {
        self.shared.world().state()
    }

    /// The cloud's time: the clock plus the date offset.
    pub fn now(&self) -> Timestamp {
        self.shared.world().now()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
