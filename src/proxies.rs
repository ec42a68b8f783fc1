//! Which proxy a request goes through: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, read as
//! kubectl reads them. The libraries read them in ways of their own: one compares
//! `NO_PROXY` with the proxy, another takes no ports in it.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

/// The address of a proxy, and what it may need to log in: that does not show anywhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Uri);

/// A proxy's address that cannot be used. It does not quote the address, which may hold a
/// password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{from} is not the address of a proxy that can be used: write http://HOST:PORT or https://HOST:PORT, and percent-encode special characters of user and password"
)]
pub struct ProxyError {
    /// Where it is given.
    from: &'static str,
}

impl Proxy {
    /// Reads an address. Without a scheme it is http.
    ///
    /// # Errors
    ///
    /// What is not the address of a proxy.
    pub fn parse(text: &str, from: &'static str) -> Result<Self, ProxyError> {
        let error = ProxyError { from };
        let text = text.trim();
        let text = match text.split_once("://") {
            // The name is looked up by the proxy in either case.
            Some(("socks5h", rest)) => format!("socks5://{rest}"),
            Some(_) => text.to_owned(),
            None => format!("http://{text}"),
        };
        let uri: Uri = text.parse().map_err(|_| error.clone())?;
        let known = matches!(uri.scheme_str(), Some("http" | "https" | "socks5"));
        let named = uri.host().is_some_and(|host| !host.is_empty());
        // The client's parser refuses more, and then uses no proxy without a word.
        let usable = reqwest::Url::parse(&text).is_ok();
        match known && named && usable {
            true => Ok(Self(uri)),
            false => Err(error),
        }
    }

    /// The whole address, for a client.
    pub fn reveal(&self) -> &Uri {
        &self.0
    }

    fn is_socks(&self) -> bool {
        self.0.scheme_str() == Some("socks5")
    }
}

/// Without user and password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or("http");
        write!(f, "{scheme}://{}", self.0.host().unwrap_or_default())?;
        match self.0.port_u16() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the environment says about proxies.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<Exception>,
}

/// An entry of `NO_PROXY`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exception {
    All,
    Network(IpNet),
    Address(IpAddr, Option<String>),
    /// `.example.com`, and whether `example.com` itself is meant as well.
    Domain(String, bool, Option<String>),
}

impl Proxies {
    /// Reads the environment of this process.
    ///
    /// # Errors
    ///
    /// A variable that does not hold the address of a proxy.
    pub fn from_env() -> Result<Self, ProxyError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables. Upper case wins over lower case; an empty one counts as absent.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ProxyError> {
        let given = |upper: &str, lower: &str| {
            let mut values = [upper, lower].into_iter().filter_map(&variable);
            values.find(|value| !value.trim().is_empty())
        };
        let proxy = |upper: &'static str, lower: &str| {
            let value = given(upper, lower);
            value.map(|value| Proxy::parse(&value, upper)).transpose()
        };
        let except = given("NO_PROXY", "no_proxy").unwrap_or_default();
        Ok(Self {
            http: proxy("HTTP_PROXY", "http_proxy")?,
            https: proxy("HTTPS_PROXY", "https_proxy")?,
            except: except.split(',').filter_map(Exception::parse).collect(),
        })
    }

    /// Those for cloud calls: of https alone, as a plain request through a proxy could not
    /// be told from one that the proxy answers by itself.
    ///
    /// # Errors
    ///
    /// No proxy for https, or one that cloud calls cannot use.
    pub fn for_clouds(self) -> Result<Self, ProxyError> {
        match &self.https {
            Some(proxy) if !proxy.is_socks() => Ok(Self { http: None, ..self }),
            _ => Err(ProxyError {
                from: "HTTPS_PROXY",
            }),
        }
    }

    /// The proxy for requests to that address; none: they go there directly. Loopback
    /// addresses are reached directly, unless the proxy is on loopback too.
    pub fn of(&self, target: &Uri) -> Option<&Proxy> {
        let (proxy, default) = match target.scheme_str()? {
            "http" => (self.http.as_ref()?, 80),
            "https" => (self.https.as_ref()?, 443),
            _ => return None,
        };
        let host = bare(target.host()?);
        if is_loopback(&host) && !is_loopback(&bare(proxy.0.host()?)) {
            return None;
        }
        let port = target.port_u16().unwrap_or(default).to_string();
        let direct = self.except.iter().any(|one| one.contains(&host, &port));
        (!direct).then_some(proxy)
    }
}

impl Exception {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::All);
        }
        if let Ok(network) = entry.parse() {
            return Some(Self::Network(network));
        }
        let (host, port) = match entry.rsplit_once(':') {
            // A bare IPv6 address has colons and no port.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, Some(port.to_owned()))
            }
            _ => (entry.as_str(), None),
        };
        let host = bare(host);
        if let Ok(address) = host.parse() {
            return Some(Self::Address(address, port));
        }
        let host = host
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(&host);
        match host.strip_prefix('.') {
            _ if host.is_empty() => None,
            Some(_) => Some(Self::Domain(host.to_owned(), false, port)),
            None => Some(Self::Domain(format!(".{host}"), true, port)),
        }
    }

    fn contains(&self, host: &str, port: &str) -> bool {
        let of_port = |of: &Option<String>| of.as_deref().is_none_or(|of| of == port);
        let address: Option<IpAddr> = host.parse().ok();
        match (self, address) {
            (Self::All, _) => true,
            (Self::Network(network), Some(address)) => network.contains(&address),
            (Self::Address(of, port), Some(address)) => *of == address && of_port(port),
            (Self::Domain(domain, itself, port), None) => {
                let named = host.ends_with(domain.as_str()) || *itself && host == &domain[1..];
                named && of_port(port)
            }
            _ => false,
        }
    }
}

/// In lower case, an IPv6 address without brackets.
fn bare(host: &str) -> String {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host).to_ascii_lowercase()
}

fn is_loopback(host: &str) -> bool {
    let address = host
        .parse()
        .is_ok_and(|address: IpAddr| address.is_loopback());
    address || host == "localhost"
}

#[cfg(test)]
mod tests;
