//! What the admin API and a test do to the world: put things in, act as somebody in a
//! cloud's console, and look at everything.

use super::World;
use crate::huawei::bss::seed::OrderAction;
use crate::huawei::clouddc::seed::CloudDcStatus;
use crate::seed::{BadSeed, Seed};
use crate::state::{AccountState, State};
use crate::tencent::scaling::seed::RefreshAction;
use crate::volcengine::ecs::seed::ReservationAction;

impl World {
    /// Takes a seed whole or not at all: it is tried on a copy.
    pub(crate) fn seed(&mut self, seed: Seed, anew: bool) -> Result<(), BadSeed> {
        let now = self.catch_up();
        self.clouds.huawei.services.settle(now);
        let mut clouds = if anew {
            self.clouds.anew(&self.start)
        } else {
            self.clouds.clone()
        };
        clouds.put(seed, now)?;
        self.clouds = clouds;
        Ok(())
    }

    pub(crate) fn act_on_order(&mut self, id: &str, action: OrderAction) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let services = &mut self.clouds.huawei.services;
        services.settle(now);
        services.bss.act(id, action, now)?;
        services.settle(now);
        Ok(())
    }

    pub(crate) fn act_on_clouddc(
        &mut self,
        project: &str,
        instance: &str,
        status: CloudDcStatus,
    ) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let clouddc = &mut self.clouds.huawei.services.clouddc;
        clouddc.act(project, instance, status, now)
    }

    /// What somebody else starts in the console is an event of no call.
    pub(crate) fn act_on_refresh(
        &mut self,
        id: &str,
        action: RefreshAction,
    ) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let mut events = Vec::new();
        let scaling = &mut self.clouds.tencent.scaling;
        let acted = scaling.act(id, action, now, &mut events);
        self.record(events);
        acted
    }

    /// As [`World::act_on_refresh`].
    pub(crate) fn act_on_reservation(
        &mut self,
        id: &str,
        action: ReservationAction,
    ) -> Result<(), BadSeed> {
        let now = self.catch_up();
        let mut events = Vec::new();
        let ecs = &mut self.clouds.volcengine.ecs;
        let acted = ecs.act(id, action, now, &mut events);
        self.record(events);
        acted
    }

    pub(crate) fn state(&mut self) -> State {
        let time = self.catch_up();
        let readings = self.clouds.readings();
        let services = &mut self.clouds.huawei.services;
        services.settle(time);
        let accounts = self.clouds.huawei.gateway.accounts(time);
        State {
            time,
            accounts: accounts
                .map(|(account, locked_until)| AccountState {
                    access_key: account.access_key.clone(),
                    domain_id: account.domain_id.clone(),
                    projects: account.projects.clone(),
                    denied: account.denied.clone(),
                    locked_until,
                })
                .collect(),
            rate_limits: self.clouds.limits.per_second.clone(),
            readings,
            dcs: services.dcs.state(time),
            workspace: services.workspace.state(&services.bss, time),
            orders: services.bss.state(time),
            clouddc: services.clouddc.state(time),
            tencent: self.clouds.tencent.state(),
            volcengine: self.clouds.volcengine.state(time),
            faults: self.faults.pending().iter().cloned().collect(),
            late: self.late.len(),
        }
    }
}
