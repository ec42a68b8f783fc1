//! A client of Volcengine that signs with its own few lines (contracts section f.3),
//! and the seeds of its tests.

use std::time::Duration;

use errand_simulator::{
    Config, EcsReadings, Reservation, ReservationState, Seed, Simulator, VolcengineAccount,
};
use errand_testclock::TestClock;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Answer, Seen, exchange, hex, keyed, started};

pub(crate) const AK: &str = "AKLTSIMULATOR";
pub(crate) const SK: &str = "vk-canary-3c07";
pub(crate) const REGION: &str = "cn-beijing";
pub(crate) const ESI: &str = "esi-3thhlu8byl4bwbha0001";
pub(crate) const DELETE: &str = "ecs.DeleteScheduledInstance";

pub(crate) fn volcengine_account() -> VolcengineAccount {
    VolcengineAccount::new(AK, SK).region(REGION)
}

pub(crate) fn volcengine(reservation: Reservation) -> (Simulator, TestClock) {
    volcengine_with(EcsReadings::default(), reservation)
}

pub(crate) fn volcengine_with(
    readings: EcsReadings,
    reservation: Reservation,
) -> (Simulator, TestClock) {
    let seed = Seed::new()
        .volcengine_account(volcengine_account())
        .reservation(reservation);
    let configure = |config: &mut Config| config.readings.ecs = readings;
    started(configure, seed)
}

pub(crate) fn now_of(simulator: &Simulator) -> ReservationState {
    simulator.reservation(ESI).expect("the reservation")
}

/// A call to be signed; the fields are what tests vary.
pub(crate) struct V4 {
    pub(crate) method: &'static str,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) access: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// The token is among the signed headers.
    pub(crate) signs_token: bool,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) date: Timestamp,
    /// The day of the scope; absent: that of the date.
    pub(crate) day: Option<String>,
    /// What X-Content-Sha256 says; absent: the truth.
    pub(crate) claimed_hash: Option<String>,
    /// A blank is sent as `+`, as the official SDK does.
    pub(crate) plus: bool,
}

impl V4 {
    pub(crate) fn new(simulator: &Simulator, action: &str, query: &[(&str, &str)]) -> Self {
        let usual = [("Action", action), ("Version", "2020-04-01")];
        let query = query.iter().chain(&usual);
        Self {
            method: "GET",
            query: query
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            access: AK.into(),
            secret: SK.into(),
            token: None,
            signs_token: true,
            region: REGION.into(),
            service: "ecs".into(),
            date: simulator.now(),
            day: None,
            claimed_hash: None,
            plus: false,
        }
    }

    pub(crate) fn shifted(mut self, seconds: i64) -> Self {
        self.date += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.query.retain(|(each, _)| each != name);
        self.query.push((name.into(), value.into()));
        self
    }

    fn sent_query(&self) -> String {
        let pairs = self.query.iter();
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        pairs.join("&")
    }

    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let date = self.date.strftime("%Y%m%dT%H%M%SZ").to_string();
        let day = self.day.as_deref().unwrap_or(&date[..8]);
        let scope = format!("{day}/{}/{}/request", self.region, self.service);
        let hash = hex(&Sha256::digest(""));
        let mut headers = vec![
            ("host", host.to_owned()),
            (
                "x-content-sha256",
                self.claimed_hash.clone().unwrap_or(hash.clone()),
            ),
            ("x-date", date.clone()),
        ];
        let mut unsigned = Vec::new();
        if let Some(token) = &self.token {
            let token = ("x-security-token", token.clone());
            if self.signs_token {
                headers.push(token);
            } else {
                unsigned.push(token);
            }
        }
        let lines: String = headers.iter().map(|(n, v)| format!("{n}:{v}\n")).collect();
        let names: Vec<&str> = headers.iter().map(|(n, _)| *n).collect();
        let names = names.join(";");
        let query = self.sent_query();
        let mut sorted: Vec<&str> = query.split('&').collect();
        sorted.sort_unstable();
        let canonical = format!(
            "{}\n/\n{}\n{lines}\n{names}\n{hash}",
            self.method,
            sorted.join("&")
        );
        let text = format!(
            "HMAC-SHA256\n{date}\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let mut key = self.secret.clone().into_bytes();
        for part in [day, &*self.region, &*self.service, "request"] {
            key = keyed(&key, part);
        }
        let signature = hex(&keyed(&key, &text));
        let wire = match self.plus {
            true => query.replace("%20", "+"),
            false => query,
        };
        let mut request = format!("{} /?{wire} HTTP/1.1\r\n", self.method);
        for (name, value) in headers.iter().chain(&unsigned) {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!(
            "Authorization: HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\
             Connection: close\r\n\r\n",
            self.access
        );
        request.into_bytes()
    }

    pub(crate) fn seen(&self, simulator: &Simulator) -> Seen {
        let host = simulator.address().to_string();
        exchange(simulator, &self.bytes(&host), Duration::from_secs(20))
    }

    pub(crate) fn send(&self, simulator: &Simulator) -> Answer {
        self.seen(simulator).answer()
    }
}

fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    text.bytes()
        .map(|b| match plain(b) {
            true => char::from(b).to_string(),
            false => format!("%{b:02X}"),
        })
        .collect()
}

pub(crate) fn delete_call(simulator: &Simulator, token: Option<&str>) -> V4 {
    let mut query = vec![("ScheduledInstanceId", ESI)];
    query.extend(token.map(|token| ("ClientToken", token)));
    V4::new(simulator, "DeleteScheduledInstance", &query)
}

pub(crate) fn delete(simulator: &Simulator) -> Answer {
    delete_call(simulator, None).send(simulator)
}

pub(crate) fn describe(simulator: &Simulator, query: &[(&str, &str)]) -> Value {
    let answer = V4::new(simulator, "DescribeScheduledInstances", query).send(simulator);
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["Result"].clone()
}

impl Answer {
    #[track_caller]
    pub(crate) fn assert_accepted(&self) {
        assert_eq!(self.status, 200, "{}", self.text);
        let metadata = &self.json()["ResponseMetadata"];
        assert!(metadata["RequestId"].is_string(), "{}", self.text);
        assert!(metadata.get("Error").is_none(), "{}", self.text);
    }

    #[track_caller]
    pub(crate) fn assert_refused(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        let metadata = &body["ResponseMetadata"];
        assert_eq!(metadata["Error"]["Code"], code, "{}", self.text);
        assert!(metadata["RequestId"].is_string(), "{}", self.text);
        assert!(body.get("Result").is_none(), "{}", self.text);
    }
}
