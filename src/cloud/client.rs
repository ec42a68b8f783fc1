//! A client of any cloud, and the one way in which a call that changes something leaves.

use super::{Draft, Gate, Mutation, Sent, huawei, tencent, volcengine};

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

    /// Signs the request and sends it, once.
    pub async fn send(&self, call: &Mutation, draft: Draft, gate: Gate) -> Sent {
        let Draft { path, query, body } = draft;
        match (self, path) {
            (Client::Huawei(client), Some(path)) => {
                let body = body.into_bytes();
                client
                    .send(call.method, &path, body, gate, call.meaning)
                    .await
            }
            (Client::Volcengine(client), None) => {
                client
                    .send(call.method, call.name, &query, gate, call.meaning)
                    .await
            }
            (Client::Tencent(client), None) => {
                client
                    .send(call.method, call.name, body, gate, call.meaning)
                    .await
            }
            _ => unreachable!("a call's request has the form of its cloud"),
        }
    }
}
