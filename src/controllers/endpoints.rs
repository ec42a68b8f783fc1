//! Where a connection's services are, and which endpoints it may name. What is
//! sent there is signed with a tenant's key, so neither a typing mistake nor a
//! tenant decides it alone.

use crate::api::{CloudConnectionSpec, Endpoints, HuaweiConnection, Site};
use crate::cloud::EndpointError;
use crate::operations::{Cloud, Service};

/// The endpoint that a connection names for a service.
pub(super) fn named(endpoints: Option<&Endpoints>, service: Service) -> Option<&str> {
    let endpoints = endpoints?;
    match service {
        Service::HuaweiDcs => endpoints.dcs.as_deref(),
        Service::HuaweiWorkspace => endpoints.workspace.as_deref(),
        Service::HuaweiBss => endpoints.bss.as_deref(),
        Service::HuaweiCloudDc => endpoints.clouddc.as_deref(),
        Service::VolcengineEcs => endpoints.ecs.as_deref(),
        Service::TencentAs => endpoints.auto_scaling.as_deref(),
    }
}

/// The service's own endpoint (contracts: g.1). `None`: the connection is of
/// another cloud.
pub(super) fn default_endpoint(
    connection: &CloudConnectionSpec,
    service: Service,
) -> Option<String> {
    match service.cloud() {
        Cloud::Huawei => connection
            .huawei
            .as_ref()
            .map(|huawei| of_huawei(huawei, service)),
        Cloud::Volcengine => connection
            .volcengine
            .as_ref()
            .map(|volcengine| of_volcengine(&volcengine.region)),
        Cloud::Tencent => {
            connection
                .tencent
                .as_ref()
                .map(|tencent| match tencent.site.unwrap_or_default() {
                    Site::China => "https://as.tencentcloudapi.com".to_owned(),
                    Site::International => "https://as.intl.tencentcloudapi.com".to_owned(),
                })
        }
    }
}

fn of_huawei(huawei: &HuaweiConnection, service: Service) -> String {
    let region = &huawei.region;
    let domain = match region.as_str() {
        "eu-west-101" => "myhuaweicloud.eu",
        _ => "myhuaweicloud.com",
    };
    let name = match service {
        Service::HuaweiWorkspace => "workspace",
        Service::HuaweiCloudDc => "clouddc",
        Service::HuaweiBss => {
            return match huawei.site.unwrap_or_default() {
                Site::China => "https://bss.myhuaweicloud.com".to_owned(),
                Site::International => "https://bss-intl.myhuaweicloud.com".to_owned(),
            };
        }
        _ => "dcs",
    };
    format!("https://{name}.{region}.{domain}")
}

/// Most regions are served by one endpoint; those that the vendor's SDK calls
/// bootstrap regions have their own.
fn of_volcengine(region: &str) -> String {
    let own = matches!(region, "ap-southeast-2" | "ap-southeast-3")
        || region.ends_with("-autodriving")
        || region.ends_with("-selfdrive");
    match own {
        true => format!("https://ecs.{region}.volcengineapi.com"),
        false => "https://open.volcengineapi.com".to_owned(),
    }
}

/// Suffixes of the vendors' own hosts.
const VENDOR: [&str; 5] = [
    ".myhuaweicloud.com",
    ".myhuaweicloud.eu",
    ".volcengineapi.com",
    ".volcengine-api.com",
    ".tencentcloudapi.com",
];

/// Which endpoints other than the vendors' may be used.
#[derive(Clone, Debug, Default)]
pub struct EndpointPolicy {
    /// Hosts, or suffixes of hosts that begin with a dot.
    pub allowed: Vec<String>,
    /// http to a loopback address is allowed.
    pub http_loopback: bool,
}

impl EndpointPolicy {
    /// The origin, if this policy lets it be used.
    pub(super) fn check(&self, given: &str) -> Result<String, EndpointError> {
        let refused = || EndpointError(given.to_owned());
        let uri: http::Uri = given.parse().map_err(|_| refused())?;
        let host = uri.host().ok_or_else(refused)?;
        let address: Option<std::net::IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let loopback = address.map_or(host == "localhost", |ip| ip.is_loopback());
        let link_local = match address {
            Some(std::net::IpAddr::V4(ip)) => ip.is_link_local(),
            Some(std::net::IpAddr::V6(ip)) => ip.is_unicast_link_local(),
            None => false,
        };
        let vendor = VENDOR.iter().any(|suffix| host.ends_with(suffix));
        let allowed = vendor
            || self
                .allowed
                .iter()
                .any(|pattern| match pattern.strip_prefix('.') {
                    Some(_) => host.ends_with(pattern.as_str()),
                    None => host == pattern,
                });
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => loopback && self.http_loopback,
            _ => false,
        };
        if !allowed || !secure || link_local || uri.path() != "/" {
            return Err(refused());
        }
        Ok(given.trim_end_matches('/').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &EndpointPolicy, given: &str) -> bool {
        policy.check(given).is_ok()
    }

    #[test]
    fn only_the_vendors_endpoints_are_allowed_without_a_flag() {
        let policy = EndpointPolicy::default();
        assert!(allows(&policy, "https://dcs.cn-north-4.myhuaweicloud.com"));
        assert!(!allows(&policy, "http://dcs.cn-north-4.myhuaweicloud.com"));
        assert!(!allows(&policy, "https://myhuaweicloud.com.evil.example"));
        assert!(!allows(&policy, "https://evilmyhuaweicloud.com"));
        assert!(!allows(&policy, "http://127.0.0.1:8080"));
    }

    #[test]
    fn every_service_has_an_endpoint_of_the_vendors_that_follows_region_and_site() {
        let policy = EndpointPolicy::default();
        let spec = |cloud: &str, region: &str, site: Option<Site>| {
            let mut place = serde_json::json!({"region": region});
            if cloud == "huawei" {
                place["projectId"] = "p".into();
            }
            if cloud != "volcengine" && site.is_some() {
                place["site"] = serde_json::to_value(site).expect("a word");
            }
            let mut spec = serde_json::json!({
                "accountId": "a",
                "credentials": {"secretRef": {"name": "s"}},
            });
            spec[cloud] = place;
            serde_json::from_value::<CloudConnectionSpec>(spec).expect("a connection")
        };
        let (china, international) = (Some(Site::China), Some(Site::International));
        for (cloud, region, site, service, host) in [
            (
                "huawei",
                "cn-north-4",
                None,
                Service::HuaweiDcs,
                "dcs.cn-north-4.myhuaweicloud.com",
            ),
            (
                "huawei",
                "cn-north-4",
                None,
                Service::HuaweiWorkspace,
                "workspace.cn-north-4.myhuaweicloud.com",
            ),
            (
                "huawei",
                "eu-west-101",
                international,
                Service::HuaweiWorkspace,
                "workspace.eu-west-101.myhuaweicloud.eu",
            ),
            (
                "huawei",
                "cn-east-3",
                None,
                Service::HuaweiCloudDc,
                "clouddc.cn-east-3.myhuaweicloud.com",
            ),
            (
                "huawei",
                "cn-north-4",
                None,
                Service::HuaweiBss,
                "bss.myhuaweicloud.com",
            ),
            (
                "huawei",
                "cn-north-4",
                china,
                Service::HuaweiBss,
                "bss.myhuaweicloud.com",
            ),
            (
                "huawei",
                "ap-southeast-1",
                international,
                Service::HuaweiBss,
                "bss-intl.myhuaweicloud.com",
            ),
            (
                "volcengine",
                "cn-beijing",
                None,
                Service::VolcengineEcs,
                "open.volcengineapi.com",
            ),
            (
                "volcengine",
                "ap-southeast-2",
                None,
                Service::VolcengineEcs,
                "ecs.ap-southeast-2.volcengineapi.com",
            ),
            (
                "tencent",
                "ap-guangzhou",
                None,
                Service::TencentAs,
                "as.tencentcloudapi.com",
            ),
            (
                "tencent",
                "ap-singapore",
                international,
                Service::TencentAs,
                "as.intl.tencentcloudapi.com",
            ),
        ] {
            let connection = spec(cloud, region, site);
            let endpoint = default_endpoint(&connection, service).expect("of this cloud");
            assert_eq!(endpoint, format!("https://{host}"));
            assert!(allows(&policy, &endpoint), "{endpoint}");
            for other in Service::ALL
                .iter()
                .filter(|other| other.cloud() != service.cloud())
            {
                assert_eq!(
                    default_endpoint(&connection, *other),
                    None,
                    "of another cloud"
                );
            }
        }
    }

    #[test]
    fn each_service_is_reached_at_the_endpoint_that_is_named_for_it() {
        let endpoints = Endpoints {
            dcs: Some("https://d".to_owned()),
            workspace: Some("https://w".to_owned()),
            bss: Some("https://b".to_owned()),
            clouddc: Some("https://c".to_owned()),
            ecs: Some("https://e".to_owned()),
            auto_scaling: Some("https://a".to_owned()),
        };
        let all = Service::ALL.map(|service| named(Some(&endpoints), service).unwrap_or_default());
        assert_eq!(
            all,
            [
                "https://d",
                "https://w",
                "https://b",
                "https://c",
                "https://e",
                "https://a"
            ]
        );
        assert_eq!(named(None, Service::HuaweiBss), None);
    }

    #[test]
    fn flags_allow_hosts_suffixes_and_http_to_loopback_but_never_link_local() {
        let policy = EndpointPolicy {
            allowed: vec![
                ".cloud.example".into(),
                "127.0.0.1".into(),
                "169.254.169.254".into(),
            ],
            http_loopback: true,
        };
        assert!(allows(&policy, "https://dcs.cloud.example"));
        assert!(!allows(&policy, "http://dcs.cloud.example"));
        assert!(allows(&policy, "http://127.0.0.1:8080"));
        assert!(!allows(&policy, "https://169.254.169.254"));
    }
}
