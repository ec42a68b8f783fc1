//! How the operator and the command line reach the Kubernetes API server: a kubeconfig or
//! the pod's own account, and the proxy that kubectl would use.

use std::path::PathBuf;

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::proxies::{Proxies, Proxy};

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
    pub async fn reach(&self) -> Result<Reached, String> {
        let named = self.kubeconfig.is_some() || self.context.is_some();
        let (mut config, own) = match self.from_kubeconfig().await {
            Ok(found) => found,
            Err(e) if named => return Err(e.to_string()),
            Err(kubeconfig) => match Config::incluster() {
                Ok(config) => (config, None),
                Err(pod) => return Err(format!("{kubeconfig}; and not in a pod: {pod}")),
            },
        };
        config.apply_debug_overrides();
        let proxy = match own {
            Some(own) => Some(Proxy::parse(&own, "proxy-url of the kubeconfig")),
            None => {
                let all = Proxies::from_env().map_err(|e| e.to_string())?;
                all.of(&config.cluster_url).cloned().map(Ok)
            }
        };
        let proxy = proxy.transpose().map_err(|e| e.to_string())?;
        config.proxy_url = proxy.as_ref().map(|proxy| proxy.reveal().clone());
        Ok(Reached { config, proxy })
    }

    /// The configuration, and the proxy that the kubeconfig itself names.
    async fn from_kubeconfig(&self) -> Result<(Config, Option<String>), KubeconfigError> {
        let kubeconfig = match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path)?,
            None => Kubeconfig::read()?,
        };
        let own = self.proxy_url(&kubeconfig);
        let options = KubeConfigOptions {
            context: self.context.clone(),
            ..KubeConfigOptions::default()
        };
        let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
        Ok((config, own))
    }

    fn proxy_url(&self, kubeconfig: &Kubeconfig) -> Option<String> {
        let context = self
            .context
            .as_ref()
            .or(kubeconfig.current_context.as_ref())?;
        let mut contexts = kubeconfig.contexts.iter();
        let context = contexts
            .find(|one| one.name == *context)?
            .context
            .as_ref()?;
        let mut clusters = kubeconfig.clusters.iter();
        let cluster = clusters.find(|one| one.name == context.cluster)?;
        let url = cluster.cluster.as_ref()?.proxy_url.clone()?;
        (!url.is_empty()).then_some(url)
    }
}
