//! Where a connection's services are, and which endpoints it may name. What is
//! sent there is signed with a tenant's key, so neither a typing mistake nor a
//! tenant decides it alone.
//!
//! The vendors' documented hosts are used without a flag: those of the service, in the
//! region of the connection, with https and port 443. Every other host has to be admitted
//! by the operator's flag `--allow-endpoint`, as an alias of the vendor or as a cloud of
//! its own for one namespace. Decided for each service by itself, since a private cloud
//! has a host for each; an operation that calls several services needs all of them at the
//! vendor, or all of them at clouds of its own ([`one_cloud`]).

mod address;
mod admitted;

use self::address::{Address, HTTPS};
use self::admitted::{Admitted, As};
use crate::api::{CloudConnection, CloudConnectionSpec, Site};
use crate::cloud::{Cloud, Region, Service};
use crate::operations::HostOwner;

pub use self::admitted::AllowedEndpoint;

/// The endpoint that a connection names for a service.
pub(super) fn named<'a>(spec: &'a CloudConnectionSpec, service: &Service) -> Option<&'a str> {
    let endpoint = spec.endpoints.as_ref()?.get(service.endpoint)?;
    Some(&endpoint.as_ref()?.0)
}

/// Whose accounts and keys the hosts of a service know: what is remembered of a key, or
/// claimed at a target, belongs to one of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Authority {
    /// The vendor, at its own hosts or at an alias.
    Vendor(Cloud),
    /// A cloud of its own.
    Own {
        /// Its host, with the port if that is not 443.
        host: String,
    },
}

/// Where a service of a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Scheme, host and port.
    pub(super) url: String,
    pub(super) authority: Authority,
    /// Its host, with the port if that is not 443.
    pub(super) host: String,
    /// It is no host of the vendor's own: the operator's flags admit it.
    pub(super) admitted: bool,
    /// Of a service of the vendor that has several: which of the vendor's sites.
    pub(super) site: Option<Site>,
}

impl Origin {
    pub(super) fn owner(&self) -> HostOwner {
        match (&self.authority, self.admitted) {
            (Authority::Own { .. }, _) => HostOwner::Own,
            (Authority::Vendor(_), true) => HostOwner::Alias,
            (Authority::Vendor(_), false) => HostOwner::Vendor,
        }
    }

    /// In one word, which cloud that is.
    pub(super) fn cloud(&self) -> String {
        match (&self.authority, self.site) {
            (Authority::Own { host }, _) => host.clone(),
            // Hosts are in lower case.
            (Authority::Vendor(_), None) => "Vendor".to_owned(),
            (Authority::Vendor(_), Some(site)) => format!("Vendor/{}", site.word()),
        }
    }
}

/// Why an operation must not use these origins together: evidence from one cloud says
/// nothing of a call to another.
pub(super) fn one_cloud(origins: &[(&'static Service, Origin)]) -> Result<(), String> {
    let is_own = |origin: &Origin| matches!(origin.authority, Authority::Own { .. });
    let own = origins.iter().find(|(_, origin)| is_own(origin));
    let vendors = origins.iter().find(|(_, origin)| !is_own(origin));
    match (own, vendors) {
        (Some((own, at)), Some((vendors, _))) => Err(format!(
            "the endpoint of {} is {}, which is a cloud of its own, and that of {} is the vendor's. Name endpoints of one cloud for both",
            own.name, at.url, vendors.name
        )),
        _ => Ok(()),
    }
}

/// The region and the site of a connection to that cloud; none: it is to another cloud.
fn region_and_site(spec: &CloudConnectionSpec, cloud: Cloud) -> Option<(&str, Site)> {
    match cloud {
        Cloud::Huawei => {
            let huawei = spec.huawei.as_ref()?;
            Some((&huawei.region, huawei.site.unwrap_or_default()))
        }
        Cloud::Volcengine => Some((&spec.volcengine.as_ref()?.region, Site::default())),
        Cloud::Tencent => {
            let tencent = spec.tencent.as_ref()?;
            Some((&tencent.region, tencent.site.unwrap_or_default()))
        }
    }
}

/// The host that is used where none is named, and its site.
fn default_host(
    service: &'static Service,
    region: Region<'_>,
    site: Site,
) -> Option<(String, Option<Site>)> {
    let mut rules = service
        .hosts
        .iter()
        .filter(|rule| rule.site.is_none_or(|of| of == site));
    rules.find_map(|rule| Some((rule.in_region(region)?, rule.site)))
}

/// The vendor's endpoint that is used where none is named. `None`: the connection is of
/// another cloud, or its region has none.
pub(super) fn default_endpoint(
    spec: &CloudConnectionSpec,
    service: &'static Service,
) -> Option<String> {
    let (region, site) = region_and_site(spec, service.cloud())?;
    let (host, _) = default_host(service, Region::new(region)?, site)?;
    Some(format!("https://{host}"))
}

/// Which rule an endpoint breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Rule {
    #[error("it is not of the form https://HOST or https://HOST:PORT")]
    NotAUrl,
    #[error("its scheme is not https")]
    Scheme,
    #[error("http is for loopback addresses only, and only with the flag --allow-http-loopback")]
    Http,
    #[error("it has a path, a query or a fragment")]
    Path,
    #[error("its port is not a number from 1 to 65535")]
    Port,
    #[error("{0}")]
    Host(&'static str),
    #[error("link-local addresses are never used, since a cloud keeps its machines' keys there")]
    LinkLocal,
    #[error("the region is not one name of a-z, 0-9 and - that can stand in a host name")]
    Region,
    #[error("{0} is not a host of the vendor for this service and region, and not admitted")]
    NotAdmitted(String),
    #[error("its host is admitted with another port only")]
    OtherPort(String),
    #[error("{0} is not admitted for this namespace")]
    OwnElsewhere(String),
}

/// An endpoint that must not be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("endpoint {given} is not allowed: {rule}. {}", self.remedy())]
pub(super) struct EndpointError {
    given: String,
    rule: Rule,
    namespace: String,
    /// The vendor's endpoint.
    default: String,
}

impl EndpointError {
    fn remedy(&self) -> String {
        let Self {
            namespace, default, ..
        } = self;
        match &self.rule {
            Rule::NotAUrl | Rule::Path | Rule::Port | Rule::Host(_) => {
                "Write https://HOST or https://HOST:PORT".to_owned()
            }
            Rule::Scheme | Rule::Http => "Use https".to_owned(),
            Rule::LinkLocal => format!("Use {default}"),
            Rule::Region => "Correct spec: region".to_owned(),
            Rule::NotAdmitted(name) | Rule::OtherPort(name) => format!(
                "Use {default}, or have an administrator add the flag --allow-endpoint={name}"
            ),
            Rule::OwnElsewhere(name) => {
                format!("Have an administrator add the flag --allow-endpoint={namespace}={name}")
            }
        }
    }
}

/// Which endpoints other than the vendors' may be used, as what.
#[derive(Clone, Debug, Default)]
pub struct EndpointPolicy {
    admitted: Admitted,
}

impl EndpointPolicy {
    /// From the operator's flags; an error where they contradict each other.
    pub fn new(allowed: Vec<AllowedEndpoint>, http_loopback: bool) -> Result<Self, String> {
        let admitted = Admitted::new(allowed, http_loopback)?;
        Ok(Self { admitted })
    }

    /// From flags as they are written.
    #[cfg(test)]
    pub(super) fn of(flags: &[&str], http_loopback: bool) -> Result<Self, String> {
        let allowed: Result<Vec<_>, _> = flags.iter().map(|flag| flag.parse()).collect();
        Self::new(allowed?, http_loopback)
    }

    /// Any host beyond the vendors' is admitted.
    pub fn admits_hosts(&self) -> bool {
        !self.admitted.is_empty()
    }

    /// Where a service is: what the connection names, if that may be used, or the
    /// vendor's own. `None`: the connection is of another cloud.
    pub(super) fn origin(
        &self,
        connection: &CloudConnection,
        service: &'static Service,
    ) -> Option<Result<Origin, EndpointError>> {
        let spec = &connection.spec;
        let (name, site) = region_and_site(spec, service.cloud())?;
        let given = named(spec, service);
        let namespace = connection.metadata.namespace.as_deref().unwrap_or_default();
        let found = match (Region::new(name), given) {
            (None, _) => Err(Rule::Region),
            (Some(region), None) => vendors(service, region, site).ok_or(Rule::Region),
            (Some(region), Some(given)) => self.check(given, namespace, service, region, site),
        };
        Some(found.map_err(|rule| EndpointError {
            given: given.map_or_else(
                || format!("of {} in region {name}", service.name),
                str::to_owned,
            ),
            rule,
            namespace: namespace.to_owned(),
            default: default_endpoint(spec, service).unwrap_or_default(),
        }))
    }

    /// What is named, if it may be used.
    fn check(
        &self,
        given: &str,
        namespace: &str,
        service: &'static Service,
        region: Region<'_>,
        site: Site,
    ) -> Result<Origin, Rule> {
        let address = Address::parse(given)?;
        if !self.admitted.may_use(&address) {
            return Err(Rule::Http);
        }
        let (url, host, name) = (address.url(), address.host.to_string(), address.name());
        let vendor = |site| Origin {
            url: url.clone(),
            authority: Authority::Vendor(service.cloud()),
            host: name.clone(),
            admitted: false,
            site,
        };
        let mut documented = service.hosts.iter();
        let documented = documented.find(|rule| rule.in_region(region).as_ref() == Some(&host));
        let usual = address.https && address.port == HTTPS;
        if let Some(rule) = documented.filter(|_| usual) {
            return Ok(vendor(of_site(service, rule.site, site)));
        }
        match self.admitted.find(&address, namespace) {
            As::Own => Ok(Origin {
                url,
                authority: Authority::Own { host: name.clone() },
                host: name,
                admitted: true,
                site: None,
            }),
            As::Alias => Ok(Origin {
                admitted: true,
                ..vendor(of_site(service, None, site))
            }),
            As::OwnElsewhere => Err(Rule::OwnElsewhere(name)),
            As::OtherPort => Err(Rule::OtherPort(name)),
            As::Nothing if documented.is_some() => Err(Rule::OtherPort(name)),
            As::Nothing => Err(Rule::NotAdmitted(name)),
        }
    }
}

/// The vendor's own host for what names none.
fn vendors(service: &'static Service, region: Region<'_>, site: Site) -> Option<Origin> {
    let (host, of) = default_host(service, region, site)?;
    Some(Origin {
        url: format!("https://{host}"),
        authority: Authority::Vendor(service.cloud()),
        host,
        admitted: false,
        site: of_site(service, of, site),
    })
}

/// Which of the vendor's sites a host serves: the one that only it serves, or the
/// connection's. None: the service has no sites.
fn of_site(service: &'static Service, of: Option<Site>, connection: Site) -> Option<Site> {
    let has_sites = service.hosts.iter().any(|rule| rule.site.is_some());
    has_sites.then(|| of.unwrap_or(connection))
}

#[cfg(test)]
mod tests;
