//! `CloudConnection`: an account at a cloud, and the Secret with its key.

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::Timestamp;
use super::status::{Condition, ConditionStatus};
use super::words::words;

/// An account at a cloud that operations of the same namespace may use.
#[derive(Clone, Debug, PartialEq, Eq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "errand.cloud",
    version = "v1alpha1",
    kind = "CloudConnection",
    plural = "cloudconnections",
    shortname = "cc",
    namespaced,
    status = "CloudConnectionStatus",
    doc = "An account at a cloud, its region and its credentials, for the operations of the same namespace.",
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].reason"
    ),
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.accountId"),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("[has(self.huawei), has(self.volcengine), has(self.tencent)].exists_one(given, given)").message("exactly one cloud has to be given: huawei, volcengine or tencent")
)]
pub struct CloudConnectionSpec {
    /// The account, as the cloud names it (Huawei Cloud: `domain_id`; Volcengine:
    /// `AccountId`; Tencent Cloud: `Uin`). It keys what all connections to one
    /// account share.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub account_id: String,
    /// Region and project, for an account at Huawei Cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huawei: Option<HuaweiConnection>,
    /// Region, for an account at Volcengine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volcengine: Option<VolcengineConnection>,
    /// Region and site, for an account at Tencent Cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tencent: Option<TencentConnection>,
    /// The key that requests are signed with.
    pub credentials: Credentials,
    /// What operations may do through this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Endpoints by service, where the default is not used. Another endpoint that the vendor
    /// documents for the region needs nothing else; every other host has to be admitted by
    /// the operator's flag --allow-endpoint, with its port if that is not 443.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 32))]
    pub endpoints: Option<BTreeMap<String, Option<Endpoint>>>,
}

/// What operations may do through a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.paidOperations) || self.paidOperations == 'Forbid' || has(self.clusterId)").message("clusterId has to be given where paidOperations is not Forbid: what costs money is sent from that cluster only")
)]
pub struct Policy {
    /// True: no operation of this connection sends anything further or polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// How many operations of this connection may be under way, from their
    /// first call until they end. Not limited when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 1, max = 10000))]
    pub max_concurrent: Option<u32>,
    /// Whether operations that cost money may be sent (Forbid when absent). The
    /// operator's --paid-operations and --paid-namespace-selector have to allow it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_operations: Option<PaidOperations>,
    /// The one cluster that operations which cost money are sent from, so that a
    /// copy of the objects in another cluster sends none: the operator's
    /// --cluster-id, which is the uid of the namespace kube-system if not given.
    /// Has to be given unless paidOperations is Forbid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[A-Za-z0-9._-]{1,64}$"), length(max = 64))]
    pub cluster_id: Option<String>,
}

words! {
    /// Whether operations may cost money.
    #[derive(
        Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
    )]
    pub enum PaidOperations {
        /// Nothing that costs money is sent.
        #[default]
        Forbid = "Forbid",
        /// Orders may be placed, unpaid; a person pays them.
        ManualPayment = "ManualPayment",
        /// Orders may be placed and are paid from the account at once.
        AutomaticPayment = "AutomaticPayment",
    }
}

impl PaidOperations {
    /// Each, from the one that allows least.
    pub const ALL: [Self; 3] = [Self::Forbid, Self::ManualPayment, Self::AutomaticPayment];
}

/// Region and project at Huawei Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HuaweiConnection {
    /// The id of the `region`, for instance cn-north-4.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,64}$"), length(max = 64))]
    pub region: String,
    /// Project id (`project_id`) in that region.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub project_id: String,
    /// The website that the account was opened at, which decides where its orders
    /// are: China (when absent) at `bss.myhuaweicloud.com`, International at
    /// `bss-intl.myhuaweicloud.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
}

/// Region at Volcengine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VolcengineConnection {
    /// The `Region`, for instance cn-beijing.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,64}$"), length(max = 64))]
    pub region: String,
}

/// Region and site at Tencent Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TencentConnection {
    /// The `Region`, for instance ap-guangzhou.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,64}$"), length(max = 64))]
    pub region: String,
    /// The website that the account was opened at: China (when absent) is served
    /// at `as.tencentcloudapi.com`, International at `as.intl.tencentcloudapi.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<Site>,
}

/// The website that the account was opened at, which decides where its calls go. Without a
/// description in a schema, where it would take the place of what the field says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "")]
pub enum Site {
    /// The vendor's website for China.
    #[default]
    China,
    /// The vendor's international website.
    International,
}

impl Site {
    /// Each, with its word.
    pub const WORDS: [(Self, &'static str); 2] = [
        (Self::China, "China"),
        (Self::International, "International"),
    ];

    /// Its word.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(site, _)| *site == self);
        found.map_or("", |(_, word)| word)
    }
}

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credentials {
    /// A Secret in the connection's namespace.
    pub secret_ref: SecretRef,
}

/// A Secret and the names of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Names of the keys in it, where they are not accessKey, secretKey and
    /// securityToken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<SecretKeys>,
}

/// Names of keys in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeys {
    /// Key of the access key id (accessKey when absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub access_key: Option<String>,
    /// Key of the secret access key (secretKey when absent).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub secret_key: Option<String>,
    /// Key of the token of temporary credentials (securityToken when absent;
    /// the Secret need not have it).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub security_token: Option<String>,
}

/// A URL without a path, for instance `https://dcs.cn-north-4.myhuaweicloud.com`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Endpoint(
    #[schemars(regex(pattern = "^https?://[A-Za-z0-9.:-]{1,200}$"), length(max = 256))]
    pub String,
);

/// What Errand found out about the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudConnectionStatus {
    /// The generation of the object that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready: the cloud accepted the key. Reasons: CredentialsAccepted, NotProbed,
    /// SecretNotFound, SecretKeyMissing, CredentialsRejected, KeyLocked,
    /// EndpointNotAllowed, ClockSkew, SuspendedBySpec, ObjectUnreadable, SecretNotLabelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

impl CloudConnectionStatus {
    /// The schema's default, which a new connection has before anybody has looked at it.
    pub(super) fn not_probed() -> serde_json::Value {
        let ready = Condition {
            type_: "Ready".to_owned(),
            status: ConditionStatus::Unknown,
            observed_generation: None,
            last_transition_time: Some(Timestamp::NOT_YET),
            reason: ConnectionReason::NotProbed.word().to_owned(),
            message: "Errand has not observed it yet.".to_owned(),
        };
        serde_json::json!({"conditions": [ready]})
    }
}

/// Declares the list once: each word with what it means.
macro_rules! connection_reasons {
    ($($name:ident $word:literal: $meaning:literal,)*) => {
        /// Why a connection is ready, or not. Closed list.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ConnectionReason {
            $(#[doc = $meaning] $name,)*
        }

        impl ConnectionReason {
            /// Every reason.
            pub const ALL: &'static [ConnectionReason] = &[$(Self::$name,)*];

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// The word of the API.
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

connection_reasons! {
    CredentialsAccepted "CredentialsAccepted": "A cloud gave an authenticated answer, a refusal for lack of rights included.",
    NotProbed "NotProbed": "No operation has used the key yet; the first one tries it.",
    SecretNotFound "SecretNotFound": "The Secret is not there.",
    SecretKeyMissing "SecretKeyMissing": "The Secret lacks a key, or holds something that cannot be one.",
    CredentialsRejected "CredentialsRejected": "The cloud does not accept the key.",
    KeyLocked "KeyLocked": "The cloud has locked the key after too many bad signatures, for everybody who uses it.",
    EndpointNotAllowed "EndpointNotAllowed": "The endpoint is neither one of the vendor's for the service and region nor admitted by the operator's flag --allow-endpoint.",
    ClockSkew "ClockSkew": "The operator's clock and the cloud's differ by more than 10 minutes.",
    SuspendedBySpec "SuspendedBySpec": "policy.suspend is true.",
    ObjectUnreadable "ObjectUnreadable": "Errand cannot read the field of the connection that the message names.",
    SecretNotLabelled "SecretNotLabelled": "The Secret lacks the label errand.cloud/credentials=true, which it needs where Errand may use hosts other than the vendors'.",
}

impl ConnectionReason {
    /// Another key in the Secret may fix it.
    pub fn is_about_the_key(self) -> bool {
        match self {
            Self::SecretNotFound
            | Self::SecretKeyMissing
            | Self::SecretNotLabelled
            | Self::CredentialsRejected
            | Self::KeyLocked => true,
            Self::CredentialsAccepted
            | Self::NotProbed
            | Self::EndpointNotAllowed
            | Self::ClockSkew
            | Self::SuspendedBySpec
            | Self::ObjectUnreadable => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use kube::CustomResourceExt as _;
    use serde_json::Value;

    use super::*;

    fn description(pointer: &str) -> String {
        let crd = serde_json::to_value(CloudConnection::crd()).expect("a CRD");
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
        let found = schema.pointer(&format!("{pointer}/description"));
        found.and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    #[test]
    fn the_schema_names_every_reason_of_ready() {
        let said = description("/status/properties/conditions");
        let words = said.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.collect();
        for reason in ConnectionReason::ALL {
            assert!(words.contains(&reason.word()), "{}: {said}", reason.word());
        }
    }

    #[test]
    fn the_site_of_a_cloud_names_the_hosts_of_that_cloud_alone() {
        let (orders, scaling) = ("bss", "as.");
        for (cloud, own, other) in [("huawei", orders, scaling), ("tencent", scaling, orders)] {
            let said = description(&format!("/spec/properties/{cloud}/properties/site"));
            assert!(said.contains(&format!("`{own}")), "{cloud}: {said}");
            assert!(!said.contains(&format!("`{other}")), "{cloud}: {said}");
        }
    }
}
