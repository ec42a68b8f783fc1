//! The clouds' services that operations call, and clients of them.

use crate::cloud::huawei::{self, verdicts};
use crate::cloud::{Needs, Reading, Rows, tencent, volcengine};

/// A cloud service that operations call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Huawei Cloud Distributed Cache Service.
    HuaweiDcs,
    /// Huawei Cloud Workspace.
    HuaweiWorkspace,
    /// Huawei Cloud's billing, where orders are.
    HuaweiBss,
    /// Huawei Cloud CloudDC.
    HuaweiCloudDc,
    /// Volcengine ECS.
    VolcengineEcs,
    /// Tencent Cloud Auto Scaling.
    TencentAs,
}

/// Whose service it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cloud {
    /// Huawei Cloud.
    Huawei,
    /// Volcengine.
    Volcengine,
    /// Tencent Cloud.
    Tencent,
}

impl Cloud {
    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            Cloud::Huawei => "Huawei Cloud",
            Cloud::Volcengine => "Volcengine",
            Cloud::Tencent => "Tencent Cloud",
        }
    }
}

impl Service {
    /// Every service.
    pub const ALL: [Service; 6] = [
        Service::HuaweiDcs,
        Service::HuaweiWorkspace,
        Service::HuaweiBss,
        Service::HuaweiCloudDc,
        Service::VolcengineEcs,
        Service::TencentAs,
    ];

    /// Whose it is.
    pub fn cloud(self) -> Cloud {
        match self {
            Service::HuaweiDcs
            | Service::HuaweiWorkspace
            | Service::HuaweiBss
            | Service::HuaweiCloudDc => Cloud::Huawei,
            Service::VolcengineEcs => Cloud::Volcengine,
            Service::TencentAs => Cloud::Tencent,
        }
    }

    /// Bounded label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Service::HuaweiDcs => "huawei/dcs",
            Service::HuaweiWorkspace => "huawei/workspace",
            Service::HuaweiBss => "huawei/bss",
            Service::HuaweiCloudDc => "huawei/clouddc",
            Service::VolcengineEcs => "volcengine/ecs",
            Service::TencentAs => "tencent/as",
        }
    }

    /// How its answers are read.
    pub fn rows(self) -> Rows {
        match self {
            Service::HuaweiDcs => verdicts::DCS_ROWS,
            Service::HuaweiWorkspace => verdicts::WORKSPACE_ROWS,
            Service::HuaweiBss => verdicts::BSS_ROWS,
            Service::HuaweiCloudDc => verdicts::CLOUDDC_ROWS,
            Service::VolcengineEcs => volcengine::verdicts::ECS_ROWS,
            Service::TencentAs => tencent::verdicts::AS_ROWS,
        }
    }

    /// The calls of it that operations make, and what each needs.
    pub fn needs(self) -> &'static [Needs] {
        match self {
            Service::HuaweiDcs => huawei::dcs::NEEDS,
            Service::HuaweiWorkspace => huawei::workspace::NEEDS,
            Service::HuaweiBss => huawei::bss::NEEDS,
            Service::HuaweiCloudDc => huawei::clouddc::NEEDS,
            Service::VolcengineEcs => volcengine::ecs::NEEDS,
            Service::TencentAs => tencent::autoscaling::NEEDS,
        }
    }

    /// How a refusal that is recorded in status was read. None: by what is not in
    /// the tables, so it has to be verified.
    pub fn recorded(self, status: u16, code: &str) -> Option<Reading> {
        self.rows().find(status, code).map(|row| row.reading)
    }
}

/// A client of a service, with a key.
#[derive(Clone, Debug)]
pub enum Client {
    /// Of a service of Huawei Cloud.
    Huawei(huawei::Client),
    /// Of a service of Volcengine.
    Volcengine(volcengine::Client),
    /// Of a service of Tencent Cloud.
    Tencent(tencent::Client),
}

impl Client {
    /// How far the cloud's clock is from ours, in milliseconds.
    pub fn clock_offset(&self) -> i64 {
        match self {
            Client::Huawei(client) => client.clock_offset(),
            Client::Volcengine(client) => client.clock_offset(),
            Client::Tencent(client) => client.clock_offset(),
        }
    }
}

/// The services of one connection that a kind calls, with one key.
#[derive(Clone, Debug)]
pub struct Clients {
    /// In the order of the kind's services.
    pub services: Vec<(Service, Client)>,
    /// Since when this process knows of the object as it is now, in milliseconds of
    /// the operator's clock. A reading that began before may be older than the object.
    pub known_since: i64,
}

impl Clients {
    /// A cloud's clock is further from ours than this, in milliseconds.
    pub fn skewed(&self, margin: i64) -> bool {
        let mut clients = self.services.iter();
        clients.any(|(_, client)| client.clock_offset().abs() > margin)
    }

    /// The client of a service that is among the kind's.
    pub fn of(&self, service: Service) -> &Client {
        let mut clients = self.services.iter();
        let found = clients.find(|(of, _)| *of == service);
        &found.expect("a service of the kind").1
    }

    /// Of a service of Huawei Cloud that is among the kind's.
    pub fn huawei(&self, service: Service) -> &huawei::Client {
        match self.of(service) {
            Client::Huawei(client) => client,
            _ => unreachable!("a service of Huawei Cloud"),
        }
    }

    /// Of Volcengine ECS, for a kind that calls it.
    pub fn volcengine(&self) -> &volcengine::Client {
        match self.of(Service::VolcengineEcs) {
            Client::Volcengine(client) => client,
            _ => unreachable!("a service of Volcengine"),
        }
    }

    /// Of Tencent Cloud Auto Scaling, for a kind that calls it.
    pub fn tencent(&self) -> &tencent::Client {
        match self.of(Service::TencentAs) {
            Client::Tencent(client) => client,
            _ => unreachable!("a service of Tencent Cloud"),
        }
    }
}
