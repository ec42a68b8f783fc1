//! Talking to clouds: one transport, the signers, and per cloud the typed calls
//! with their verdict tables. Knows nothing of Kubernetes.

pub mod huawei;
mod secret;
mod transport;
mod verdict;

pub use secret::{Key, SecretText};
pub use transport::{
    EndpointError, Gate, Method, Outcome, Reply, Request, Transport, TransportError,
};
pub use verdict::{Reading, Refusal, Row, Rows};
