//! Which endpoints a connection may name. What is sent there is signed with a
//! tenant's key, so neither a typing mistake nor a tenant decides it alone.

use crate::cloud::EndpointError;

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
        let vendor = host.ends_with(".myhuaweicloud.com");
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
