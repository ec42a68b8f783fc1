// Command crds writes one file with the definitions of the kinds of Argo CD, Flux and
// the Prometheus operator that our manifests use, out of the modules of these projects
// at the versions in go.mod; go.sum has their hashes.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// By module, relative to it.
var files = map[string][]string{
	"github.com/argoproj/argo-cd/v2":                     {"manifests/crds/application-crd.yaml"},
	"github.com/fluxcd/helm-controller":                  {"config/crd/bases/helm.toolkit.fluxcd.io_helmreleases.yaml"},
	"github.com/fluxcd/kustomize-controller":             {"config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"},
	"github.com/fluxcd/source-controller":                {"config/crd/bases/source.toolkit.fluxcd.io_gitrepositories.yaml"},
	"github.com/prometheus-operator/prometheus-operator": {"example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"},
}

// A requirement, or what was downloaded for it.
type module struct {
	Path, Version, Dir, Error string
}

func run(out string) error {
	// Not `go list`, which would ask for the go.mod of all that they require.
	text, err := exec.Command("go", "mod", "edit", "-json").Output()
	if err != nil {
		return err
	}
	var mod struct{ Require []module }
	if err := json.Unmarshal(text, &mod); err != nil {
		return err
	}
	download := []string{"mod", "download", "-json"}
	for _, required := range mod.Require {
		download = append(download, required.Path+"@"+required.Version)
	}
	// It fails also where its output says why.
	text, failed := exec.Command("go", download...).Output()
	var crds bytes.Buffer
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var found module
		if err := decoder.Decode(&found); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if found.Error != "" {
			return errors.New(found.Error)
		}
		for _, file := range files[found.Path] {
			crd, err := os.ReadFile(filepath.Join(found.Dir, file))
			if err != nil {
				return err
			}
			fmt.Fprintf(&crds, "---\n%s\n", crd)
		}
	}
	if failed != nil {
		return failed
	}
	return os.WriteFile(out, crds.Bytes(), 0o644)
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
