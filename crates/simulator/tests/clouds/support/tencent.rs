//! A client of Tencent Cloud that signs with its own few lines (contracts section
//! f.4), and the seeds of its tests.

use std::time::Duration;

use errand_simulator::{
    Config, RefreshActivity, RefreshActivityState, Seed, Simulator, TencentAccount,
};
use errand_testclock::TestClock;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Answer, Seen, exchange, hex, keyed, started};

pub(crate) const SECRET_ID: &str = "AKIDSIMULATOR";
pub(crate) const SECRET_KEY: &str = "tk-canary-91ad";
pub(crate) const REGION: &str = "ap-guangzhou";
pub(crate) const GROUP: &str = "asg-h7tgd87d";
pub(crate) const ACTIVITY: &str = "asr-juhf6ytr";
pub(crate) const CANCEL_REFRESH: &str = "as.CancelInstanceRefresh";
pub(crate) const CONFLICT: &str = "ResourceUnavailable.RefreshActivityStatusConflictWithOperation";

pub(crate) fn tencent_account() -> TencentAccount {
    TencentAccount::new(SECRET_ID, SECRET_KEY).region(REGION)
}

/// Three batches of one instance that take 100 seconds each.
pub(crate) fn activity() -> RefreshActivity {
    RefreshActivity::new(GROUP, ACTIVITY).batches(3, 100)
}

pub(crate) fn tencent_seed(activity: RefreshActivity) -> Seed {
    Seed::new()
        .tencent_account(tencent_account())
        .refresh(activity)
}

pub(crate) fn tencent(activity: RefreshActivity) -> (Simulator, TestClock) {
    tencent_with(|_| {}, activity)
}

pub(crate) fn tencent_with(
    configure: impl FnOnce(&mut Config),
    activity: RefreshActivity,
) -> (Simulator, TestClock) {
    started(configure, tencent_seed(activity))
}

pub(crate) fn now_of(simulator: &Simulator) -> RefreshActivityState {
    simulator.refresh_activity(ACTIVITY).expect("the activity")
}

/// A call to be signed; the fields are what tests vary.
pub(crate) struct Tc3 {
    pub(crate) action: String,
    pub(crate) version: String,
    pub(crate) region: Option<String>,
    pub(crate) body: String,
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) token: Option<String>,
    pub(crate) time: Timestamp,
    /// Of the scope; absent: that of the time.
    pub(crate) date: Option<String>,
    pub(crate) service: String,
    /// The form of the vendor's documentation, where the action is signed too.
    pub(crate) signs_action: bool,
}

impl Tc3 {
    pub(crate) fn new(simulator: &Simulator, action: &str, body: Value) -> Self {
        Self {
            action: action.into(),
            version: "2018-04-19".into(),
            region: Some(REGION.into()),
            body: body.to_string(),
            id: SECRET_ID.into(),
            key: SECRET_KEY.into(),
            token: None,
            time: simulator.now(),
            date: None,
            service: "as".into(),
            signs_action: false,
        }
    }

    pub(crate) fn shifted(mut self, seconds: i64) -> Self {
        self.time += SignedDuration::from_secs(seconds);
        self
    }

    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let timestamp = self.time.as_second().to_string();
        let date = self.time.strftime("%Y-%m-%d").to_string();
        let date = self.date.clone().unwrap_or(date);
        let scope = format!("{date}/{}/tc3_request", self.service);
        let mut headers = format!("content-type:application/json\nhost:{host}\n");
        let mut names = "content-type;host".to_owned();
        if self.signs_action {
            headers += &format!("x-tc-action:{}\n", self.action.to_lowercase());
            names += ";x-tc-action";
        }
        let canonical = format!(
            "POST\n/\n\n{headers}\n{names}\n{}",
            hex(&Sha256::digest(&self.body))
        );
        let text = format!(
            "TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let mut key = format!("TC3{}", self.key).into_bytes();
        for part in [&*date, &*self.service, "tc3_request"] {
            key = keyed(&key, part);
        }
        let signature = hex(&keyed(&key, &text));
        let mut request = format!(
            "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
             X-TC-Action: {}\r\nX-TC-Version: {}\r\nX-TC-Timestamp: {timestamp}\r\n\
             Authorization: TC3-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}\r\n\
             Connection: close\r\nContent-Length: {}\r\n",
            self.action,
            self.version,
            self.id,
            self.body.len()
        );
        for (name, value) in [("X-TC-Region", &self.region), ("X-TC-Token", &self.token)] {
            if let Some(value) = value {
                request += &format!("{name}: {value}\r\n");
            }
        }
        (request + "\r\n" + &self.body).into_bytes()
    }

    pub(crate) fn seen(&self, simulator: &Simulator) -> Seen {
        let host = simulator.address().to_string();
        exchange(simulator, &self.bytes(&host), Duration::from_secs(20))
    }

    pub(crate) fn send(&self, simulator: &Simulator) -> Answer {
        self.seen(simulator).answer()
    }
}

/// A call that names the activity.
pub(crate) fn call(simulator: &Simulator, action: &str) -> Answer {
    call_with(simulator, action, json!({}))
}

pub(crate) fn call_with(simulator: &Simulator, action: &str, more: Value) -> Answer {
    let mut body = json!({"AutoScalingGroupId": GROUP, "RefreshActivityId": ACTIVITY});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    Tc3::new(simulator, action, body).send(simulator)
}

pub(crate) fn stop_refresh(simulator: &Simulator) -> Answer {
    call(simulator, "StopInstanceRefresh")
}

pub(crate) fn cancel_refresh(simulator: &Simulator) -> Answer {
    call(simulator, "CancelInstanceRefresh")
}

pub(crate) fn resume_refresh(simulator: &Simulator, mode: Option<&str>) -> Answer {
    let more = mode.map_or(json!({}), |mode| json!({"ResumeMode": mode}));
    call_with(simulator, "ResumeInstanceRefresh", more)
}

pub(crate) fn describe(simulator: &Simulator, body: Value) -> Answer {
    Tc3::new(simulator, "DescribeRefreshActivities", body).send(simulator)
}

impl Answer {
    /// HTTP 200 with an empty success.
    #[track_caller]
    pub(crate) fn assert_done(&self) {
        assert_eq!(self.status, 200, "{}", self.text);
        let response = &self.json()["Response"];
        assert!(response["RequestId"].is_string(), "{}", self.text);
        assert!(response.get("Error").is_none(), "{}", self.text);
    }

    /// An error in HTTP 200.
    #[track_caller]
    pub(crate) fn assert_code(&self, code: &str) {
        assert_eq!(self.status, 200, "{}", self.text);
        let response = &self.json()["Response"];
        assert_eq!(response["Error"]["Code"], code, "{}", self.text);
        assert!(response["RequestId"].is_string(), "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
    }
}
