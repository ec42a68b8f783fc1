//! What the ecosystem's own tools make of what Errand hands out: helm, kubeconform,
//! the API server's admission, kustomize.

mod chart;
mod manifests;
mod schemas;
mod tools;
