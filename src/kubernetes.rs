//! How the operator and the command line reach the Kubernetes API server: a kubeconfig or
//! the pod's own account, and the proxy that kubectl would use.

use std::path::PathBuf;

use http::Uri;
use http::uri::Scheme;
use kube::Config;
use kube::config::{ExecAuthCluster, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::proxies::{Proxies, Proxy};

/// Namespace that the generated manifests install into.
pub const NAMESPACE: &str = "errand-system";

/// What a user says about the cluster.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// A kubeconfig instead of `KUBECONFIG` or `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// A context of it instead of the current one.
    pub context: Option<String>,
}

/// How to reach the API server.
pub struct Reached {
    /// For a client.
    pub config: Config,
    /// The proxy between.
    pub proxy: Option<Proxy>,
}

impl Cluster {
    /// Reads the kubeconfig; without one the pod's own account is used, unless the user
    /// has named one. The proxy is the kubeconfig's (`proxy-url`), or that of the
    /// environment.
    ///
    /// # Errors
    ///
    /// Nothing that can be used, in words without any credentials.
    pub fn reach(&self) -> Result<Reached, String> {
        let named = self.kubeconfig.is_some() || self.context.is_some();
        let (mut config, own) = match self.read() {
            Ok(found) => found,
            Err(e) if named => return Err(e),
            Err(kubeconfig) => match Config::incluster() {
                Ok(config) => (config, None),
                Err(pod) => return Err(format!("{kubeconfig}; and not in a pod: {pod}")),
            },
        };
        config.apply_debug_overrides();
        let proxy = match own {
            Some(own) => Some(own),
            None => {
                let all = Proxies::from_env().map_err(|e| e.to_string())?;
                all.of(&config.cluster_url).cloned()
            }
        };
        Ok(through(config, proxy))
    }

    fn read(&self) -> Result<(Config, Option<Proxy>), String> {
        let kubeconfig = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let kubeconfig = kubeconfig.map_err(|e| e.to_string())?;
        configured(kubeconfig, self.context.as_deref())
    }
}

/// With the proxy between. The client's tunnel takes port 443 where none is given, whatever
/// the scheme.
fn through(mut config: Config, proxy: Option<Proxy>) -> Reached {
    if let Some(proxy) = &proxy {
        config.proxy_url = Some(proxy.reveal().clone());
        config.cluster_url = with_port(config.cluster_url);
    }
    Reached { config, proxy }
}

/// The address with the port of http in it, if that is implied.
fn with_port(url: Uri) -> Uri {
    let host = url
        .host()
        .filter(|_| url.scheme() == Some(&Scheme::HTTP) && url.port().is_none());
    let Some(authority) = host.and_then(|host| format!("{host}:80").parse().ok()) else {
        return url;
    };
    let mut parts = url.clone().into_parts();
    parts.authority = Some(authority);
    Uri::from_parts(parts).unwrap_or(url)
}

/// The configuration of a context (the current one if none is named), and the proxy that
/// the kubeconfig itself names. As kube does it, but for the environment's proxy: where
/// `NO_PROXY` has an empty entry, kube fails.
fn configured(
    mut kubeconfig: Kubeconfig,
    context: Option<&str>,
) -> Result<(Config, Option<Proxy>), String> {
    let current = kubeconfig.current_context.take();
    let name = context.map(str::to_owned).or(current);
    let name = name.ok_or("the kubeconfig has no current context")?;
    let mut contexts = kubeconfig.contexts.into_iter();
    let found = contexts
        .find(|one| one.name == name)
        .and_then(|one| one.context);
    let context = found.ok_or_else(|| format!("the kubeconfig has no context {name}"))?;
    let mut clusters = kubeconfig.clusters.into_iter();
    let found = clusters
        .find(|one| one.name == context.cluster)
        .and_then(|one| one.cluster);
    let cluster = found.ok_or_else(|| {
        format!(
            "the kubeconfig has no cluster {}, which context {name} names",
            context.cluster
        )
    })?;
    let server = cluster.server.as_deref().unwrap_or_default();
    let server = server
        .parse()
        .map_err(|e| format!("server of the kubeconfig: {e}"))?;
    let mut config = Config::new(server);
    if let Some(namespace) = context.namespace {
        config.default_namespace = namespace;
    }
    // With the certificates read.
    let shown = ExecAuthCluster::try_from(&cluster).map_err(|e| e.to_string())?;
    if let Some(pem) = &shown.certificate_authority_data {
        let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
            .map(|one| one.map(|one| one.to_vec()))
            .collect();
        config.root_cert = Some(all.map_err(|e| format!("certificate-authority: {e}"))?);
    }
    let mut users = kubeconfig.auth_infos.into_iter();
    let user = users.find(|one| Some(&one.name) == context.user.as_ref());
    config.auth_info = user.and_then(|user| user.auth_info).unwrap_or_default();
    if let Some(exec) = &mut config.auth_info.exec
        && exec.provide_cluster_info
    {
        exec.cluster = Some(shown);
    }
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or_default();
    config.disable_compression = cluster.disable_compression.unwrap_or_default();
    config.tls_server_name = cluster.tls_server_name;
    let proxy = cluster.proxy_url.filter(|url| !url.is_empty());
    let proxy = proxy.map(|url| Proxy::parse(&url, "proxy-url of the kubeconfig"));
    Ok((config, proxy.transpose().map_err(|e| e.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
current-context: a
clusters:
- name: one
  cluster:
    server: https://one.example:6443
    insecure-skip-tls-verify: true
    tls-server-name: inner.example
    proxy-url: socks5h://user:canary@proxy.example:1080
- name: two
  cluster: {server: https://two.example}
- name: none
  cluster: {}
users:
- name: me
  user: {token: t}
contexts:
- name: a
  context: {cluster: one, user: me, namespace: team}
- name: b
  context: {cluster: two, user: someone}
- name: c
  context: {cluster: three}
- name: d
  context: {cluster: none}
";

    fn of(context: Option<&str>) -> Result<(Config, Option<Proxy>), String> {
        configured(Kubeconfig::from_yaml(TWO).expect("a kubeconfig"), context)
    }

    #[test]
    fn a_context_is_read_as_kube_reads_it() {
        let (config, proxy) = of(None).expect("the current one");
        assert_eq!(config.cluster_url, "https://one.example:6443/");
        assert_eq!(config.default_namespace, "team");
        assert!(config.accept_invalid_certs && config.auth_info.token.is_some());
        assert_eq!(config.tls_server_name.as_deref(), Some("inner.example"));
        let proxy = proxy.expect("its own").to_string();
        assert_eq!(proxy, "socks5://proxy.example:1080");
        let (config, proxy) = of(Some("b")).expect("another one");
        assert_eq!(config.cluster_url, "https://two.example/");
        assert_eq!(config.default_namespace, "default");
        assert!(!config.accept_invalid_certs && config.auth_info.token.is_none());
        assert_eq!(proxy, None);
    }

    #[test]
    fn a_server_without_tls_is_reached_on_port_80_through_a_proxy() {
        let proxy = || Proxy::parse("http://proxy.example:3128", "HTTP_PROXY").expect("a proxy");
        for (server, tunnelled) in [
            ("http://api.example", "http://api.example:80/"),
            ("http://api.example/a/b", "http://api.example:80/a/b"),
            ("http://[2001:db8::1]", "http://[2001:db8::1]:80/"),
            ("http://api.example:8080", "http://api.example:8080/"),
            ("https://api.example", "https://api.example/"),
        ] {
            let config = || Config::new(server.parse().expect("an address"));
            let reached = through(config(), Some(proxy()));
            assert_eq!(reached.config.cluster_url, tunnelled);
            let direct = through(config(), None);
            assert_eq!(direct.config.cluster_url, config().cluster_url);
        }
    }

    #[test]
    fn what_a_kubeconfig_lacks_is_named() {
        for (context, lacks) in [
            ("x", "no context x"),
            ("c", "no cluster three"),
            ("d", "server"),
        ] {
            let error = of(Some(context)).map(|_| ()).expect_err(context);
            assert!(error.contains(lacks), "{error}");
        }
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_reported_without_its_password() {
        let broken = TWO.replace("socks5h://", "gopher://");
        let broken = Kubeconfig::from_yaml(&broken).expect("a kubeconfig");
        let error = configured(broken, None).map(|_| ()).expect_err("no proxy");
        assert!(
            error.contains("proxy-url") && !error.contains("canary"),
            "{error}"
        );
    }
}
