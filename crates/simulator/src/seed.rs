//! What a test or a person puts into the simulator before the calls come.
//!
//! Unknown fields are refused: a misspelt `runs_at` must not become a default.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::huawei::bss::seed::DesktopOrderSeed;
use crate::huawei::clouddc::seed::CloudDcInstance;
use crate::huawei::dcs::seed::{DcsChange, DcsInstance};
use crate::huawei::workspace::seed::{WorkspaceDesktop, WorkspaceProduct, WorkspaceProject};
use crate::readings::Readings;
use crate::tencent::scaling::seed::{RefreshActivity, ScalingGroup};
use crate::tencent::seed::{TencentAccount, TencentSeed};
use crate::volcengine::ecs::seed::Reservation;
use crate::volcengine::seed::{VolcengineAccount, VolcengineSeed};

/// State to put in. Every part may be absent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Huawei Cloud keys and what they may do.
    pub accounts: Vec<Account>,
    /// DCS instances by project id.
    pub dcs: BTreeMap<String, Vec<DcsInstance>>,
    /// Changes of DCS instances that are there already (or come with this seed).
    pub dcs_changes: Vec<DcsChange>,
    /// Desktops and products of Workspace by project id.
    pub workspace: BTreeMap<String, WorkspaceProject>,
    /// Orders for desktops that somebody else placed, or will place.
    pub desktop_orders: Vec<DesktopOrderSeed>,
    /// CloudDC instances by project id.
    pub clouddc: BTreeMap<String, Vec<CloudDcInstance>>,
    /// What Tencent Cloud has.
    pub tencent: TencentSeed,
    /// What Volcengine has.
    pub volcengine: VolcengineSeed,
    /// Calls per second by API name; replaces the limits of these APIs.
    pub rate_limits: BTreeMap<String, u32>,
    /// Replaces all readings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<Readings>,
}

impl Seed {
    /// An empty seed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an account.
    pub fn account(mut self, account: Account) -> Self {
        self.accounts.push(account);
        self
    }

    /// Adds a DCS instance to a project.
    pub fn dcs(mut self, project: impl Into<String>, instance: DcsInstance) -> Self {
        self.dcs.entry(project.into()).or_default().push(instance);
        self
    }

    /// Adds a change to a DCS instance.
    pub fn dcs_change(mut self, change: DcsChange) -> Self {
        self.dcs_changes.push(change);
        self
    }

    /// Adds a desktop to a project.
    pub fn desktop(mut self, project: impl Into<String>, desktop: WorkspaceDesktop) -> Self {
        let project = self.workspace.entry(project.into()).or_default();
        project.desktops.push(desktop);
        self
    }

    /// Adds a product for desktops to a project.
    pub fn product(mut self, project: impl Into<String>, product: WorkspaceProduct) -> Self {
        let project = self.workspace.entry(project.into()).or_default();
        project.products.push(product);
        self
    }

    /// Adds an order that somebody else placed, or will place.
    pub fn desktop_order(mut self, order: DesktopOrderSeed) -> Self {
        self.desktop_orders.push(order);
        self
    }

    /// Adds a CloudDC instance to a project.
    pub fn clouddc(mut self, project: impl Into<String>, instance: CloudDcInstance) -> Self {
        let project = self.clouddc.entry(project.into()).or_default();
        project.push(instance);
        self
    }

    /// Adds a key of Tencent Cloud.
    pub fn tencent_account(mut self, account: TencentAccount) -> Self {
        self.tencent.accounts.push(account);
        self
    }

    /// Adds a scaling group of Tencent Cloud that need not have an activity.
    pub fn scaling_group(mut self, group: ScalingGroup) -> Self {
        self.tencent.groups.push(group);
        self
    }

    /// Adds a refresh activity of Tencent Cloud.
    pub fn refresh(mut self, activity: RefreshActivity) -> Self {
        self.tencent.activities.push(activity);
        self
    }

    /// Adds a key of Volcengine.
    pub fn volcengine_account(mut self, account: VolcengineAccount) -> Self {
        self.volcengine.accounts.push(account);
        self
    }

    /// Adds an order for scheduled instances of Volcengine.
    pub fn reservation(mut self, reservation: Reservation) -> Self {
        self.volcengine.reservations.push(reservation);
        self
    }

    /// Limits an API to so many calls per second of the simulator's clock.
    pub fn rate_limit(mut self, api: impl Into<String>, per_second: u32) -> Self {
        self.rate_limits.insert(api.into(), per_second);
        self
    }
}

/// An access key and the account behind it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// The access key id.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// With a temporary key: the token that every request must carry, signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_token: Option<String>,
    /// The account's id; compared when a request sends `X-Domain-Id`, which global
    /// services demand.
    #[serde(default)]
    pub domain_id: String,
    /// The projects that the key may use.
    #[serde(default)]
    pub projects: Vec<String>,
    /// API names (`dcs.CancelInstanceResize`, or `dcs.` for a service) that answer 403.
    #[serde(default)]
    pub denied: Vec<String>,
}

impl Account {
    /// A permanent key without projects.
    pub fn new(access_key: impl Into<String>, secret_key: impl Into<String>) -> Self {
        Self {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            security_token: None,
            domain_id: String::new(),
            projects: Vec::new(),
            denied: Vec::new(),
        }
    }

    /// Lets the key use a project.
    pub fn project(mut self, id: impl Into<String>) -> Self {
        self.projects.push(id.into());
        self
    }

    /// Sets the account's id, which global services (BSS) need.
    pub fn domain(mut self, id: impl Into<String>) -> Self {
        self.domain_id = id.into();
        self
    }

    /// Makes the key a temporary one.
    pub fn security_token(mut self, token: impl Into<String>) -> Self {
        self.security_token = Some(token.into());
        self
    }

    /// Refuses an API (or a service: `dcs.`) with 403.
    pub fn deny(mut self, api: impl Into<String>) -> Self {
        self.denied.push(api.into());
        self
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("access_key", &self.access_key)
            .field("projects", &self.projects)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}

/// A time, written as `"2026-11-21T22:00:00Z"` or as `{"in": seconds}` from the
/// moment of seeding (negative: before it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// A point in time.
    At(Timestamp),
    /// Seconds from the moment of seeding.
    In(i64),
}

impl When {
    pub(crate) fn from(self, now: Timestamp) -> Result<Timestamp, BadSeed> {
        match self {
            Self::At(time) => Ok(time),
            Self::In(seconds) => now
                .checked_add(SignedDuration::from_secs(seconds))
                .map_err(|_| BadSeed::new("a time is out of range")),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(time) => time.serialize(serializer),
            Self::In(seconds) => serializer.collect_map([("in", seconds)]),
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a time such as "2026-11-21T22:00:00Z", or {"in": seconds}"#)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<When, E> {
                text.parse()
                    .map(When::At)
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<When, A::Error> {
                match map.next_entry::<String, i64>()? {
                    Some((key, seconds)) if key == "in" => match map.next_key::<String>()? {
                        None => Ok(When::In(seconds)),
                        Some(key) => Err(de::Error::unknown_field(&key, &["in"])),
                    },
                    Some((key, _)) => Err(de::Error::unknown_field(&key, &["in"])),
                    None => Err(de::Error::missing_field("in")),
                }
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// Why a seed (or a fault) was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSeed(String);

impl BadSeed {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for BadSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadSeed {}
