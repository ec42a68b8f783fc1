//! What the ecosystem's own tools make of what Errand hands out: helm, kubeconform,
//! kustomize, the API server's admission, Flux and Argo CD.

mod chart;
mod evolution;
mod gitops;
mod health;
mod manifests;
mod policies;
mod recorded;
mod roles;
mod schemas;
mod tools;
