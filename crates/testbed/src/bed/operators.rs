//! Several operators on one bed, and what one of them shows to others.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use errand_controlplane::guard::Guarded;

use super::Bed;

/// An operator beside the bed's own.
pub struct Replica {
    /// Its process.
    pub process: Guarded,
    number: u32,
}

impl Replica {
    /// The number of its log.
    pub fn number(&self) -> u32 {
        self.number
    }
}

impl Bed {
    /// Starts a further operator on the same namespace.
    pub fn start_replica(&mut self, arguments: &[&str], variables: &[(&str, &str)]) -> Replica {
        self.started += 1;
        Replica {
            process: self.spawn(self.started, arguments, variables),
            number: self.started,
        }
    }

    /// What one replica has logged.
    pub fn replica_log(&self, replica: &Replica) -> String {
        self.log_of(replica.number)
    }

    /// What one replica answers at that path, head included; nothing if it does
    /// not listen.
    pub fn replica_http(&self, replica: &Replica, path: &str) -> String {
        ask(&self.log_of(replica.number), path)
    }

    /// The same of the operator that was started last.
    pub fn http(&self, path: &str) -> String {
        ask(&self.log_of(self.started), path)
    }

    /// What the operator of that number has logged.
    pub fn log_of(&self, number: u32) -> String {
        let dir = self.plane.control_plane().dir();
        let file = dir.join(format!("{}-operator-{number}.log", self.namespace));
        fs::read_to_string(file).unwrap_or_default()
    }
}

/// Asks the process that wrote this log, which tells its address, in text or JSON.
fn ask(log: &str, path: &str) -> String {
    let mut told = log.lines().filter_map(|line| {
        let (_, rest) = line.split_once("address")?;
        let address = rest.trim_start_matches(['=', '"', ':']);
        let end = address.find(|c: char| c != '.' && c != ':' && !c.is_ascii_digit());
        address[..end.unwrap_or(address.len())]
            .parse::<SocketAddr>()
            .ok()
    });
    let address = told.next();
    address.map_or_else(String::new, |address| http_get(&address.to_string(), path))
}

/// What is answered at that address and path, head included; nothing if nobody
/// listens.
fn http_get(address: &str, path: &str) -> String {
    let Ok(mut stream) = TcpStream::connect(address) else {
        return String::new();
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: errand\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    match stream.write_all(request.as_bytes()) {
        Ok(()) => stream.read_to_string(&mut answer).unwrap_or_default(),
        Err(_) => 0,
    };
    answer
}
