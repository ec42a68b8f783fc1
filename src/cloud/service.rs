//! The services that operations call, as data: everything in which one differs from the
//! next. Each is a static of its own module.

use super::hosts::HostRule;
use super::{Needs, Reading, Row, Rows, huawei, tencent, volcengine};

/// A cloud's service. Nothing in it is a function.
#[derive(Debug)]
pub struct Service {
    /// Its name in metrics, ledgers and status, after that of its cloud: `huawei/dcs`.
    pub name: &'static str,
    /// Its key in `spec.endpoints` of a connection. One of its cloud's services has it.
    pub endpoint: &'static str,
    /// Whose it is, and how it is called.
    pub protocol: Protocol,
    /// Its documented hosts. The first one that serves the region and the site of a
    /// connection is used where the connection names none.
    pub hosts: &'static [HostRule],
    /// How its answers are read.
    pub rows: Rows,
    /// The calls of it that operations make, and what each needs.
    pub needs: &'static [Needs],
}

/// How requests to a service are addressed and signed.
#[derive(Clone, Copy, Debug)]
pub enum Protocol {
    /// By paths, in a project or account of Huawei Cloud.
    Huawei(HuaweiScope),
    /// By the name of an action of Volcengine.
    Volcengine(Actions),
    /// By the name of an action of Tencent Cloud.
    Tencent(Actions),
}

/// Whose resources a service of Huawei Cloud is about.
#[derive(Clone, Copy, Debug)]
pub enum HuaweiScope {
    /// A project's, in a region.
    Project,
    /// The account's, in every region.
    Account,
}

/// Actions of one service and version.
#[derive(Clone, Copy, Debug)]
pub struct Actions {
    /// The service's name in the signature.
    pub service: &'static str,
    /// The version of its API.
    pub version: &'static str,
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

/// Every service.
pub static SERVICES: [&Service; 6] = [
    &huawei::dcs::SERVICE,
    &huawei::workspace::SERVICE,
    &huawei::bss::SERVICE,
    &huawei::clouddc::SERVICE,
    &volcengine::ecs::SERVICE,
    &tencent::autoscaling::SERVICE,
];

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Service {}

impl Service {
    /// Whose it is.
    pub fn cloud(&self) -> Cloud {
        match self.protocol {
            Protocol::Huawei(_) => Cloud::Huawei,
            Protocol::Volcengine(_) => Cloud::Volcengine,
            Protocol::Tencent(_) => Cloud::Tencent,
        }
    }

    /// The row of an answer. One for every code says nothing of a code that is not the
    /// cloud's own, as a proxy's is.
    pub fn row(&self, status: u16, code: &str) -> Option<&'static Row> {
        let own = match self.protocol {
            Protocol::Huawei(_) => huawei::is_own_code(code),
            Protocol::Volcengine(_) | Protocol::Tencent(_) => true,
        };
        let row = self.rows.find(status, code);
        row.filter(|row| own || !matches!(row.code, "" | "*"))
    }

    /// How a refusal that is recorded in status was read. None: by what is not in
    /// the tables, so it has to be verified.
    pub fn recorded(&self, status: u16, code: &str) -> Option<Reading> {
        self.rows.find(status, code).map(|row| row.reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_services_have_one_name_nor_two_of_a_cloud_one_endpoint() {
        let mut names: Vec<_> = SERVICES.map(|service| service.name).into();
        let mut endpoints: Vec<_> = SERVICES
            .map(|service| (service.cloud(), service.endpoint))
            .into();
        names.sort_unstable();
        names.dedup();
        endpoints.sort_unstable();
        endpoints.dedup();
        assert_eq!(
            (names.len(), endpoints.len()),
            (SERVICES.len(), SERVICES.len())
        );
    }
}
