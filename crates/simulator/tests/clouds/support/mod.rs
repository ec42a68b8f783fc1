//! A client that is no HTTP library: it signs with its own few lines (contracts
//! section f.1, for paths and queries that need no encoding) and sees the socket.

pub(crate) mod desktops;
pub(crate) mod metal;
pub(crate) mod tencent;
pub(crate) mod volcengine;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use errand_simulator::{Account, Config, DcsInstance, Seed, Simulator};
use errand_testclock::{TestClock, Timing};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) const PROJECT: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const DOMAIN: &str = "d0123456789abcdef0123456789abcdef";
pub(crate) const INSTANCE: &str = "5560df16-cebf-4473-95c4-d1b573c16e79";
pub(crate) const TASK: &str = "8abfa7b2718d3e8a01718d4d0f5e0001";
pub(crate) const OLD: &str = "redis.ha.xu1.large.r2.4";
pub(crate) const NEW: &str = "redis.ha.xu1.large.r2.8";
pub(crate) const CANCEL: &str = "dcs.CancelInstanceResize";
pub(crate) const ACCESS: &str = "AKSIMULATOR";
pub(crate) const SECRET: &str = "sk-canary-5f1c";
pub(crate) const HOUR: i64 = 3600;

/// A clock of its own for each test, in a file that nobody else finds.
pub(crate) fn clock() -> TestClock {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("errand-simulator-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let clock = TestClock::create(&path, Timing::default()).unwrap();
    std::fs::remove_file(&path).unwrap();
    clock
}

/// An account with the project and an instance whose change starts in an hour.
pub(crate) fn seed() -> Seed {
    let instance = DcsInstance::new(INSTANCE).pending_change(TASK, NEW, HOUR);
    seed_with(instance)
}

pub(crate) fn seed_with(instance: DcsInstance) -> Seed {
    Seed::new()
        .account(Account::new(ACCESS, SECRET).project(PROJECT))
        .dcs(PROJECT, instance)
}

/// A simulator with [`seed`] and the clock that moves it.
pub(crate) fn simulator() -> (Simulator, TestClock) {
    started(|_| {}, seed())
}

pub(crate) fn started(configure: impl FnOnce(&mut Config), seed: Seed) -> (Simulator, TestClock) {
    let clock = clock();
    let mut config = Config::with_clock(clock.clone());
    configure(&mut config);
    let simulator = Simulator::start(config).unwrap();
    simulator.seed(seed);
    (simulator, clock)
}

pub(crate) fn cancel_path(task: &str) -> String {
    format!("/v2/{PROJECT}/instances/{INSTANCE}/resize/cancel/{task}")
}

pub(crate) fn instance_path() -> String {
    format!("/v2/{PROJECT}/instances/{INSTANCE}")
}

pub(crate) fn tasks_path(query: &str) -> String {
    format!("/v2/{PROJECT}/instances/{INSTANCE}/tasks{query}")
}

/// A request to be signed; the fields are what tests vary.
pub(crate) struct Signed {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) body: String,
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) date: Timestamp,
    /// Signed, beside host and date.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Sent without being signed.
    pub(crate) unsigned: Vec<(&'static str, String)>,
    pub(crate) patience: Duration,
}

impl Signed {
    pub(crate) fn new(simulator: &Simulator, method: &'static str, target: String) -> Self {
        Self {
            method,
            target,
            body: String::new(),
            access: ACCESS.into(),
            secret: SECRET.into(),
            date: simulator.now(),
            headers: vec![("x-project-id", PROJECT.into())],
            unsigned: Vec::new(),
            patience: Duration::from_secs(20),
        }
    }

    pub(crate) fn shifted(mut self, seconds: i64) -> Self {
        self.date += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn secret(mut self, secret: &str) -> Self {
        self.secret = secret.into();
        self
    }

    pub(crate) fn body(mut self, body: Value) -> Self {
        self.body = body.to_string();
        self
    }

    /// As for a global service.
    pub(crate) fn global(mut self) -> Self {
        self.headers = vec![("x-domain-id", DOMAIN.into())];
        self
    }

    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The request as bytes.
    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let date = self.date.strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut headers = self.headers.clone();
        headers.push(("host", host.into()));
        headers.push(("x-sdk-date", date.clone()));
        headers.sort();
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let mut query: Vec<&str> = query.split('&').collect();
        query.sort_unstable();
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        let names: Vec<&str> = headers.iter().map(|(n, _)| *n).collect();
        let names = names.join(";");
        let canonical = format!(
            "{}\n{path}/\n{}\n{lines}\n{names}\n{}",
            self.method,
            query.join("&"),
            hex(&Sha256::digest(&self.body))
        );
        let text = format!(
            "SDK-HMAC-SHA256\n{date}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let signature = hex(&keyed(self.secret.as_bytes(), &text));
        let mut request = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in headers.iter().chain(&self.unsigned) {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!(
            "Authorization: SDK-HMAC-SHA256 Access={}, SignedHeaders={names}, Signature={signature}\r\n",
            self.access
        );
        request += &format!(
            "Connection: close\r\nContent-Length: {}\r\n\r\n{}",
            self.body.len(),
            self.body
        );
        request.into_bytes()
    }

    pub(crate) fn send(&self, simulator: &Simulator) -> Seen {
        let host = simulator.address().to_string();
        exchange(simulator, &self.bytes(&host), self.patience)
    }
}

/// What a client saw.
#[derive(Debug)]
pub(crate) enum Seen {
    Answer(Answer),
    /// The connection ended; these bytes had come.
    Closed(Vec<u8>),
    /// Nothing came and the connection stayed open.
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Seen {
    #[track_caller]
    pub(crate) fn answer(self) -> Answer {
        match self {
            Self::Answer(answer) => answer,
            other => panic!("no answer: {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn assert_closed_without_a_byte(&self) {
        assert!(
            matches!(self, Self::Closed(bytes) if bytes.is_empty()),
            "{self:?}"
        );
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.json()["error_code"], code, "{}", self.text);
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
}

pub(crate) fn exchange(simulator: &Simulator, request: &[u8], patience: Duration) -> Seen {
    let mut socket = TcpStream::connect(simulator.address()).unwrap();
    socket.set_read_timeout(Some(patience)).unwrap();
    socket.write_all(request).unwrap();
    let mut bytes = Vec::new();
    match socket.read_to_end(&mut bytes) {
        Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            return Seen::Nothing;
        }
        Ok(_) | Err(_) => {}
    }
    let text = String::from_utf8_lossy(&bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Seen::Closed(bytes);
    };
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.into()))
        .collect();
    let answer = Answer {
        status: status.parse().unwrap(),
        headers,
        text: body.into(),
    };
    let whole = match answer.status {
        204 => body.is_empty(),
        _ => answer.header("content-length") == body.len().to_string(),
    };
    if !whole {
        return Seen::Closed(bytes);
    }
    Seen::Answer(answer)
}

/// The seed call, signed now.
pub(crate) fn cancel(simulator: &Simulator) -> Seen {
    Signed::new(simulator, "POST", cancel_path(TASK)).send(simulator)
}

pub(crate) fn get(simulator: &Simulator, target: String) -> Answer {
    Signed::new(simulator, "GET", target)
        .send(simulator)
        .answer()
}

pub(crate) fn admin(simulator: &Simulator, method: &str, path: &str, body: &str) -> Answer {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: simulator\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    exchange(simulator, request.as_bytes(), Duration::from_secs(20)).answer()
}

/// The HMAC-SHA256 of it.
fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
