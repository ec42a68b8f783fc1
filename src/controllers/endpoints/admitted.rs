//! The operator's flag `--allow-endpoint [NAMESPACE=]HOST[:PORT]`: which hosts other than
//! the vendors' are admitted, and as what. Pure.

use std::fmt;
use std::str::FromStr;

use super::Rule;
use super::address::{Address, HTTPS, Host, name, split_port};
use crate::cloud::{SERVICES, is_dns_label};

/// What the flag says, once it is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedEndpoint {
    /// Absent: an alias of the vendor. Otherwise a cloud of its own, for that namespace.
    namespace: Option<String>,
    hosts: Hosts,
    port: Option<u16>,
}

impl fmt::Display for AllowedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(f, "{namespace}=")?;
        }
        match &self.hosts {
            Hosts::One(host) => write!(f, "{host}")?,
            Hosts::In(domain) => write!(f, ".{}", domain.trim_start_matches('.'))?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// Every host in that domain.
    In(String),
}

impl FromStr for AllowedEndpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, host) = match text.split_once('=') {
            Some((namespace, host)) => (Some(namespace), host),
            None => (None, text),
        };
        if namespace.is_some_and(|name| !is_dns_label(name)) {
            return Err("what stands before = is not the name of a namespace".to_owned());
        }
        if host.contains("://") || host.contains(['/', '?', '#', '@', '\\']) {
            return Err(format!("{FORM}, without scheme, user and path"));
        }
        if host.contains('*') {
            return Err(format!(
                "{FORM}. Wildcards are not known; .example.com stands for every host in example.com"
            ));
        }
        let said = |rule: Rule| format!("{rule}. {FORM}");
        let (host, port) = split_port(host).map_err(said)?;
        let hosts = match host.strip_prefix('.') {
            Some(domain) => Hosts::In(suffix(namespace, domain)?),
            None => Hosts::One(Host::parse(host).map_err(said)?),
        };
        if let (Some(_), Hosts::One(host)) = (namespace, &hosts)
            && let Some(vendor) = vendor_domains().find(|vendor| host.is_in(vendor))
        {
            return Err(format!(
                "{host} is in {vendor}, where the vendor's own hosts are, so it cannot be a cloud of its own. Leave out NAMESPACE="
            ));
        }
        Ok(Self {
            namespace: namespace.map(str::to_owned),
            hosts,
            port,
        })
    }
}

const FORM: &str = "Write HOST, HOST:PORT, or NAMESPACE=HOST[:PORT]";

fn suffix(namespace: Option<&str>, domain: &str) -> Result<String, String> {
    if namespace.is_some() {
        return Err(
            "a cloud of its own has one host. Write NAMESPACE=HOST[:PORT] for each host".to_owned(),
        );
    }
    let host = Host::parse(domain).map_err(|rule| format!("{rule}. {FORM}"))?;
    let domain = host.to_string();
    if !domain.contains('.') {
        return Err(format!(
            ".{domain} holds hosts of anyone. Write a domain of your own, of at least two names"
        ));
    }
    if host.is_loopback() || domain.starts_with('[') || domain.parse::<std::net::IpAddr>().is_ok() {
        return Err(format!(".{domain} is no domain. {FORM}"));
    }
    match vendor_domains().find(|vendor| host.is_in(vendor)) {
        Some(vendor) => Err(format!(
            ".{domain} is in {vendor}, where other customers of the vendor have hosts, such as object storage. Write each host"
        )),
        None => Ok(domain),
    }
}

/// The domains that the vendors' own hosts are in.
fn vendor_domains() -> impl Iterator<Item = &'static str> {
    let rules = SERVICES.into_iter().flat_map(|service| service.hosts);
    rules.map(|rule| rule.domain())
}

/// The admitted hosts of one operator.
#[derive(Clone, Debug, Default)]
pub(super) struct Admitted {
    all: Vec<AllowedEndpoint>,
    http_loopback: bool,
}

/// What an address is admitted as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// Another host of the vendor.
    Alias,
    /// A cloud of its own for the namespace that was asked about.
    Own,
    /// A cloud of its own for other namespaces only.
    OwnElsewhere,
    /// The host is admitted, with another port.
    OtherPort,
    Nothing,
}

impl Admitted {
    /// An error where two flags contradict each other.
    pub(super) fn new(all: Vec<AllowedEndpoint>, http_loopback: bool) -> Result<Self, String> {
        let admitted = Self { all, http_loopback };
        let own = |flag: &&AllowedEndpoint| flag.namespace.is_some();
        for own in admitted.all.iter().filter(own) {
            let same = |other: &&AllowedEndpoint| {
                let same_port = admitted.port(own) == admitted.port(other);
                other.namespace.is_none() && other.hosts == own.hosts && same_port
            };
            if let (Some(_), Hosts::One(host)) = (admitted.all.iter().find(same), &own.hosts) {
                let host = name(host, own.port.unwrap_or(HTTPS));
                return Err(format!(
                    "--allow-endpoint gives {host} both as an alias of the vendor and as a cloud of its own. The two keep separate ledgers, so give one of them"
                ));
            }
        }
        Ok(admitted)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// http is for loopback addresses, where the operator's flag says so.
    pub(super) fn may_use(&self, address: &Address) -> bool {
        address.https || address.host.is_loopback() && self.http_loopback
    }

    /// The port that a flag admits; none: each. Simulators listen on whatever port is
    /// free, so a loopback host without a port admits all of them where http to loopback
    /// is allowed.
    fn port(&self, flag: &AllowedEndpoint) -> Option<u16> {
        match (&flag.hosts, flag.port) {
            (Hosts::One(host), None) if host.is_loopback() && self.http_loopback => None,
            (_, port) => Some(port.unwrap_or(HTTPS)),
        }
    }

    /// What the address is for that namespace. What is a cloud of its own for one
    /// namespace is no alias for another: it would have two ledgers.
    pub(super) fn find(&self, address: &Address, namespace: &str) -> As {
        let of_host = self.all.iter().filter(|flag| match &flag.hosts {
            Hosts::One(host) => *host == address.host,
            Hosts::In(domain) => address.host.is_in(domain) && address.host.to_string() != *domain,
        });
        let (fitting, others): (Vec<_>, Vec<_>) =
            of_host.partition(|flag| self.port(flag).is_none_or(|port| port == address.port));
        let owners: Vec<_> = fitting
            .iter()
            .filter_map(|flag| flag.namespace.as_deref())
            .collect();
        match (owners.contains(&namespace), owners.is_empty()) {
            (true, _) => As::Own,
            (false, false) => As::OwnElsewhere,
            (false, true) if !fitting.is_empty() => As::Alias,
            (false, true) if !others.is_empty() => As::OtherPort,
            (false, true) => As::Nothing,
        }
    }
}
