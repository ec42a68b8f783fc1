//! Hosts, ports and endpoints in one spelling, so that two texts name the same host
//! exactly if they are equal. What has no such spelling is refused. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Rule;
use crate::cloud::is_dns_label;

/// The port of https.
pub(super) const HTTPS: u16 = 443;

/// A name in lower case without a trailing dot, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host {
    text: String,
    address: Option<IpAddr>,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Host {
    /// The host that the text names. An IPv6 address stands in brackets.
    pub(super) fn parse(text: &str) -> Result<Self, Rule> {
        if text.is_empty() {
            return Err(Rule::Host("it names no host"));
        }
        if !text.is_ascii() {
            let why = "its host is not ASCII; an international name is written as xn--…";
            return Err(Rule::Host(why));
        }
        let text = text.to_ascii_lowercase();
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').unwrap_or_default();
            let address: Ipv6Addr = inner.parse().map_err(|_| Rule::Host(NO_IPV6))?;
            return Self::of_address(address.into());
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Self::of_address(address.into());
        }
        if text.ends_with('.') {
            return Err(Rule::Host("its host ends with a dot"));
        }
        let last = text.rsplit('.').next().unwrap_or_default();
        // Some programs read 2852039166, 0xa9fea9fe or 127.1 as an IPv4 address.
        let number = last.strip_prefix("0x").unwrap_or(last);
        if last.starts_with("0x") || number.chars().all(|c| c.is_ascii_digit()) {
            return Err(Rule::Host("its host is an IPv4 address in an unusual form"));
        }
        if text.len() > 253 || !text.split('.').all(is_dns_label) {
            let why = "its host is no DNS name (letters, digits and - between dots)";
            return Err(Rule::Host(why));
        }
        let address = None;
        Ok(Self { text, address })
    }

    fn of_address(address: IpAddr) -> Result<Self, Rule> {
        if let Some(v4) = inner_v4(address)
            && v4.is_link_local()
        {
            return Err(Rule::LinkLocal);
        }
        if let IpAddr::V6(v6) = address
            && v6.is_unicast_link_local()
        {
            return Err(Rule::LinkLocal);
        }
        let broadcast = inner_v4(address).is_some_and(|v4| v4.is_broadcast() || v4.is_multicast());
        let unspecified = inner_v4(address).is_some_and(|v4| v4.is_unspecified());
        if address.is_unspecified() || unspecified || address.is_multicast() || broadcast {
            return Err(Rule::Host("its host is the address of no single host"));
        }
        let text = match address {
            IpAddr::V4(v4) => v4.to_string(),
            IpAddr::V6(v6) => format!("[{v6}]"),
        };
        let address = Some(address);
        Ok(Self { text, address })
    }

    /// It is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let Some(address) = self.address else {
            return self.text == "localhost";
        };
        address.is_loopback() || inner_v4(address).is_some_and(|v4| v4.is_loopback())
    }

    /// It is that domain, or in it.
    pub(super) fn is_in(&self, domain: &str) -> bool {
        match self.text.strip_suffix(domain) {
            Some(before) => self.address.is_none() && (before.is_empty() || before.ends_with('.')),
            None => false,
        }
    }
}

/// The IPv4 address that an address is or stands for.
fn inner_v4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => match v6.segments() {
            // IPv4-compatible, and what NAT64 translates.
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => Some(last_four(v6)),
            [0x64, 0xff9b, 0, 0, 0, 0, _, _] => Some(last_four(v6)),
            _ => v6.to_ipv4_mapped(),
        },
    }
}

fn last_four(v6: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = v6.octets();
    Ipv4Addr::new(a, b, c, d)
}

const NO_IPV6: &str = "its host is no IPv6 address in brackets";

/// A host, and the text behind it: `:` and a port, or nothing.
pub(super) fn split_port(text: &str) -> Result<(&str, Option<u16>), Rule> {
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(Rule::Host(NO_IPV6));
    }
    let end = match text.starts_with('[') {
        true => text.find(']').ok_or(Rule::Host(NO_IPV6))? + 1,
        false => text.find(':').unwrap_or(text.len()),
    };
    let (host, rest) = text.split_at(end);
    if rest.is_empty() {
        return Ok((host, None));
    }
    let digits = rest.strip_prefix(':').ok_or(Rule::Host(NO_IPV6))?;
    let plain = !digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit());
    let port = digits.parse().ok().filter(|_| plain).ok_or(Rule::Port)?;
    Ok((host, Some(port)))
}

/// `https://HOST[:PORT]`, or with http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) https: bool,
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, Rule> {
        let (scheme, rest) = text.split_once("://").ok_or(Rule::NotAUrl)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(Rule::Scheme),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#', '\\']) {
            return Err(Rule::Path);
        }
        if rest.contains(['@', '%']) {
            return Err(Rule::NotAUrl);
        }
        let (host, port) = split_port(rest)?;
        let default = if https { HTTPS } else { 80 };
        Ok(Self {
            https,
            host: Host::parse(host)?,
            port: port.unwrap_or(default),
        })
    }

    /// The host, with its port if that is not 443.
    pub(super) fn name(&self) -> String {
        name(&self.host, self.port)
    }

    /// Scheme, host and port, without what is usual.
    pub(super) fn url(&self) -> String {
        let Self { https, host, port } = self;
        match (https, port) {
            (true, 443) => format!("https://{host}"),
            (true, port) => format!("https://{host}:{port}"),
            (false, 80) => format!("http://{host}"),
            (false, port) => format!("http://{host}:{port}"),
        }
    }
}

/// A host, with its port if that is not 443.
pub(super) fn name(host: &Host, port: u16) -> String {
    match port {
        HTTPS => host.to_string(),
        port => format!("{host}:{port}"),
    }
}
