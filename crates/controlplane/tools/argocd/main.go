// Command argocd-health reads JSON from its standard input: the data of a ConfigMap
// argocd-cm and an array of objects. It writes a JSON array with the health that
// Argo CD's evaluator gives to each by the scripts of the ConfigMap.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v2/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The keys are resource.customizations.health.GROUP_KIND.
const prefix = "resource.customizations.health."

type input struct {
	Data    map[string]string `json:"data"`
	Objects []json.RawMessage `json:"objects"`
}

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	overrides := lua.ResourceHealthOverrides{}
	for key, script := range in.Data {
		if kind, is := strings.CutPrefix(key, prefix); is {
			kind = strings.Replace(kind, "_", "/", 1)
			overrides[kind] = v1alpha1.ResourceOverride{HealthLua: script}
		}
	}
	verdicts := make([]verdict, 0, len(in.Objects))
	for _, raw := range in.Objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return err
		}
		health, err := overrides.GetResourceHealth(object)
		switch {
		case err != nil:
			return fmt.Errorf("%s %s: %w", object.GetKind(), object.GetName(), err)
		case health == nil:
			verdicts = append(verdicts, verdict{})
		default:
			verdicts = append(verdicts, verdict{string(health.Status), health.Message})
		}
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
