//! The clients of one connection that an operation calls.

use crate::cloud::{Client, Service, huawei, tencent, volcengine};

/// The services of one connection that a kind calls, with one key.
#[derive(Clone, Debug)]
pub struct Clients {
    /// In the order of the kind's services.
    pub services: Vec<(&'static Service, Client)>,
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
    pub fn of(&self, service: &Service) -> &Client {
        let mut clients = self.services.iter();
        let found = clients.find(|(of, _)| *of == service);
        &found.expect("a service of the kind").1
    }

    /// Of a service of Huawei Cloud that is among the kind's.
    pub fn huawei(&self, service: &Service) -> &huawei::Client {
        match self.of(service) {
            Client::Huawei(client) => client,
            _ => unreachable!("a service of Huawei Cloud"),
        }
    }

    /// Of Volcengine ECS, for a kind that calls it.
    pub fn volcengine(&self) -> &volcengine::Client {
        match self.of(&volcengine::ecs::SERVICE) {
            Client::Volcengine(client) => client,
            _ => unreachable!("a service of Volcengine"),
        }
    }

    /// Of Tencent Cloud Auto Scaling, for a kind that calls it.
    pub fn tencent(&self) -> &tencent::Client {
        match self.of(&tencent::autoscaling::SERVICE) {
            Client::Tencent(client) => client,
            _ => unreachable!("a service of Tencent Cloud"),
        }
    }
}
