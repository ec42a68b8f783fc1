//! `CloudConnection`: an account at a cloud, and the Secret with its key.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::Condition;

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
#[x_kube(validation = Rule::new("has(self.huawei)").message("exactly one cloud has to be given: huawei"))]
pub struct CloudConnectionSpec {
    /// The account, as the cloud names it (Huawei Cloud: the domain id). It keys
    /// what all connections to one account share.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub account_id: String,
    /// Huawei Cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub huawei: Option<HuaweiConnection>,
    /// The key.
    pub credentials: Credentials,
    /// What operations may do through this connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Endpoints other than the cloud's own. Each has to match the operator's
    /// flag --allow-endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,
}

/// What operations may do through a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// True: no operation of this connection sends anything further or polls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,
    /// How many operations of this connection may be under way, from their
    /// first call until they end. Not limited when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<i32>", range(min = 1, max = 10000))]
    pub max_concurrent: Option<u32>,
}

/// Region and project at Huawei Cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HuaweiConnection {
    /// Region, for instance cn-north-4.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,64}$"), length(max = 64))]
    pub region: String,
    /// Project id (`project_id`) in that region.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"), length(max = 64))]
    pub project_id: String,
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

/// Endpoints by service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// Distributed Cache Service, for instance `https://dcs.cn-north-4.myhuaweicloud.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^https?://[A-Za-z0-9.:-]{1,200}$"), length(max = 256))]
    pub dcs: Option<String>,
}

/// What Errand found out about the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudConnectionStatus {
    /// The generation of the object that this status is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready: the cloud accepted the key. Reasons: CredentialsAccepted, NotProbed,
    /// SecretNotFound, SecretKeyMissing, CredentialsRejected, EndpointNotAllowed,
    /// SuspendedBySpec.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Why a connection is ready, or not. Closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionReason {
    /// A cloud gave an authenticated answer, a refusal for lack of rights included.
    CredentialsAccepted,
    /// No operation has used the key yet.
    NotProbed,
    /// The Secret is not there.
    SecretNotFound,
    /// The Secret lacks a key, or holds something that cannot be one.
    SecretKeyMissing,
    /// The cloud does not accept the key.
    CredentialsRejected,
    /// The endpoint does not match the operator's flags.
    EndpointNotAllowed,
    /// policy.suspend is true.
    SuspendedBySpec,
}

impl ConnectionReason {
    /// Every reason.
    pub const ALL: &'static [ConnectionReason] = &[
        Self::CredentialsAccepted,
        Self::NotProbed,
        Self::SecretNotFound,
        Self::SecretKeyMissing,
        Self::CredentialsRejected,
        Self::EndpointNotAllowed,
        Self::SuspendedBySpec,
    ];
}
