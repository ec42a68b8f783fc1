// Where the definitions of other projects' kinds are taken from, by which tests judge the
// objects of these kinds that we hand out. Nothing of these modules is built.
module errand.cloud/tools/crds

go 1.26.0

require (
	github.com/argoproj/argo-cd/v2 v2.14.21
	github.com/fluxcd/helm-controller v1.4.3
	github.com/fluxcd/kustomize-controller v1.7.3
	github.com/fluxcd/source-controller v1.8.5
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
