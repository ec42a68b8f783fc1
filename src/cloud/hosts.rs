//! Rules for the vendors' own hosts, in which the region of the connection is filled in
//! (contracts: g.1, l.1, l.3, l.4).

use crate::api::Site;

/// A documented host of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRule {
    /// The host. `{region}` stands for the region of the connection.
    pub host: &'static str,
    /// The regions that it serves.
    pub regions: Regions,
    /// The site that it serves; absent: each.
    pub site: Option<Site>,
}

/// Regions, by their names. A name that begins with `*` stands for every region that
/// ends with what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regions {
    /// Each.
    All,
    /// These.
    Only(&'static [&'static str]),
    /// Each but these.
    AllBut(&'static [&'static str]),
}

/// A region that can stand in the name of a host: one DNS label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region<'a>(&'a str);

impl<'a> Region<'a> {
    /// None: it would make another host of the pattern, or none at all.
    pub fn new(name: &'a str) -> Option<Self> {
        is_dns_label(name).then_some(Self(name))
    }

    /// It is like `ap-guangzhou`. A single word in its place may be a host that is none of
    /// a region, like `internal`.
    fn has_parts(self) -> bool {
        self.0.split('-').count() > 1 && self.0.split('-').all(|part| !part.is_empty())
    }

    /// It is like `cn-north-4`. What is not may be a domain in which customers have hosts,
    /// like `obs` for object storage.
    fn is_numbered(self) -> bool {
        let parts: Vec<&str> = self.0.split('-').collect();
        let number = parts
            .last()
            .is_some_and(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit()));
        let words = parts[0].chars().all(|c| c.is_ascii_lowercase());
        parts.len() > 2 && number && words && parts.iter().all(|part| !part.is_empty())
    }
}

/// A label of a host name in lower case.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

impl Regions {
    fn include(self, region: Region<'_>) -> bool {
        let named = |names: &[&str]| {
            names.iter().any(|name| match name.strip_prefix('*') {
                Some(ending) => region.0.ends_with(ending),
                None => region.0 == *name,
            })
        };
        match self {
            Regions::All => true,
            Regions::Only(names) => named(names),
            Regions::AllBut(names) => !named(names) && region.is_numbered(),
        }
    }
}

impl HostRule {
    /// The host in that region, if it serves the region.
    pub fn in_region(&self, region: Region<'_>) -> Option<String> {
        let is_in_name = self.host.contains("{region}");
        let serves = self.regions.include(region) && (!is_in_name || region.has_parts());
        serves.then(|| self.host.replace("{region}", region.0))
    }

    /// The vendor's domain that the host is in: its last two labels.
    pub fn domain(&self) -> &'static str {
        let mut dots = self.host.rmatch_indices('.').map(|(at, _)| at);
        dots.nth(1).map_or(self.host, |at| &self.host[at + 1..])
    }
}

/// A host that every site of the vendor uses.
pub(super) const fn rule(host: &'static str, regions: Regions) -> HostRule {
    let site = None;
    HostRule {
        host,
        regions,
        site,
    }
}

/// A host of one site.
pub(super) const fn of_site(host: &'static str, site: Site) -> HostRule {
    HostRule {
        host,
        regions: Regions::All,
        site: Some(site),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Cloud, SERVICES};

    #[test]
    fn a_region_is_one_dns_label() {
        for good in ["cn-north-4", "eu-west-101", "in-here-1", "a"] {
            assert!(Region::new(good).is_some(), "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "-a",
            "a-",
            "A",
            "a.b",
            "x.obs",
            "evil.example/",
            "a/b",
            "a@b",
            "a:1",
            "a%2e",
            "ä",
            "*",
            " ",
            "a_b",
            "{region}",
            &long,
        ] {
            assert_eq!(Region::new(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_service_has_a_host_in_every_region_and_site() {
        let regions = [
            "cn-north-4",
            "eu-west-101",
            "ap-southeast-3",
            "ap-shanghai-fsi",
        ];
        for service in SERVICES {
            // Huawei Cloud numbers its regions.
            let has = |name: &&str| service.cloud() != Cloud::Huawei || !name.ends_with("fsi");
            let regions = regions.into_iter().filter(has);
            for region in regions.map(|name| Region::new(name).expect("a region")) {
                for (site, _) in Site::WORDS {
                    let serves = |rule: &&HostRule| {
                        rule.in_region(region).is_some() && rule.site.is_none_or(|of| of == site)
                    };
                    let found = service.hosts.iter().find(serves);
                    assert!(found.is_some(), "{} {region:?} {site:?}", service.name);
                }
            }
        }
    }

    #[test]
    fn a_host_is_in_a_domain_of_its_vendor() {
        for service in SERVICES {
            for rule in service.hosts {
                let ending = format!(".{}", rule.domain());
                assert!(rule.host.ends_with(&ending), "{}", rule.host);
                assert_eq!(rule.domain().matches('.').count(), 1, "{}", rule.host);
            }
        }
    }
}
