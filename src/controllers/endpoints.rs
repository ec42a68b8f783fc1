//! Where a connection's services are, and which endpoints it may name. What is
//! sent there is signed with a tenant's key, so neither a typing mistake nor a
//! tenant decides it alone.

use crate::api::{Endpoints, HuaweiConnection, HuaweiSite};
use crate::cloud::EndpointError;
use crate::operations::Service;

/// The endpoint that a connection names for a service.
pub(super) fn named(endpoints: Option<&Endpoints>, service: Service) -> Option<&str> {
    let endpoints = endpoints?;
    match service {
        Service::HuaweiDcs => endpoints.dcs.as_deref(),
        Service::HuaweiWorkspace => endpoints.workspace.as_deref(),
        Service::HuaweiBss => endpoints.bss.as_deref(),
    }
}

/// The service's own endpoint (contracts: g.1).
pub(super) fn default_endpoint(huawei: &HuaweiConnection, service: Service) -> String {
    let region = &huawei.region;
    let domain = match region.as_str() {
        "eu-west-101" => "myhuaweicloud.eu",
        _ => "myhuaweicloud.com",
    };
    match (service, huawei.site.unwrap_or_default()) {
        (Service::HuaweiDcs, _) => format!("https://dcs.{region}.{domain}"),
        (Service::HuaweiWorkspace, _) => format!("https://workspace.{region}.{domain}"),
        (Service::HuaweiBss, HuaweiSite::China) => "https://bss.myhuaweicloud.com".to_owned(),
        (Service::HuaweiBss, HuaweiSite::International) => {
            "https://bss-intl.myhuaweicloud.com".to_owned()
        }
    }
}

/// Suffixes of the vendor's own hosts.
const VENDOR: [&str; 2] = [".myhuaweicloud.com", ".myhuaweicloud.eu"];

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
        let connection = |region: &str, site| HuaweiConnection {
            region: region.to_owned(),
            project_id: "p".to_owned(),
            site,
        };
        for (region, site, service, expected) in [
            (
                "cn-north-4",
                None,
                Service::HuaweiDcs,
                "https://dcs.cn-north-4.myhuaweicloud.com",
            ),
            (
                "cn-north-4",
                None,
                Service::HuaweiWorkspace,
                "https://workspace.cn-north-4.myhuaweicloud.com",
            ),
            (
                "eu-west-101",
                Some(HuaweiSite::International),
                Service::HuaweiWorkspace,
                "https://workspace.eu-west-101.myhuaweicloud.eu",
            ),
            (
                "cn-north-4",
                None,
                Service::HuaweiBss,
                "https://bss.myhuaweicloud.com",
            ),
            (
                "cn-north-4",
                Some(HuaweiSite::China),
                Service::HuaweiBss,
                "https://bss.myhuaweicloud.com",
            ),
            (
                "ap-southeast-1",
                Some(HuaweiSite::International),
                Service::HuaweiBss,
                "https://bss-intl.myhuaweicloud.com",
            ),
        ] {
            let endpoint = default_endpoint(&connection(region, site), service);
            assert_eq!(endpoint, expected);
            assert!(allows(&policy, &endpoint), "{endpoint}");
        }
    }

    #[test]
    fn each_service_is_reached_at_the_endpoint_that_is_named_for_it() {
        let endpoints = Endpoints {
            dcs: Some("https://d".to_owned()),
            workspace: Some("https://w".to_owned()),
            bss: Some("https://b".to_owned()),
        };
        let all = Service::ALL.map(|service| named(Some(&endpoints), service));
        assert_eq!(
            all,
            [Some("https://d"), Some("https://w"), Some("https://b")]
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
