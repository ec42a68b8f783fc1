// Command kstatus reads JSON from its standard input: an array of objects and, as in
// a Kustomization of Flux, healthCheckExprs. It writes a JSON array with what Flux
// makes of each object: by the expressions for its kind, else by the kstatus library.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type input struct {
	HealthCheckExprs []kustomize.CustomHealthCheck `json:"healthCheckExprs"`
	Objects          []json.RawMessage             `json:"objects"`
}

type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func compute(object *unstructured.Unstructured, exprs []kustomize.CustomHealthCheck) (*status.Result, error) {
	for _, check := range exprs {
		if check.APIVersion != object.GetAPIVersion() || check.Kind != object.GetKind() {
			continue
		}
		evaluator, err := cel.NewStatusEvaluator(&check.HealthCheckExpressions)
		if err != nil {
			return nil, err
		}
		return evaluator.Evaluate(context.Background(), object)
	}
	return status.Compute(object)
}

func run() error {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		return err
	}
	verdicts := make([]verdict, 0, len(in.Objects))
	for _, raw := range in.Objects {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(raw); err != nil {
			return err
		}
		result, err := compute(object, in.HealthCheckExprs)
		if err != nil {
			// As Flux does: not done, and looked at again.
			result = &status.Result{Status: status.UnknownStatus, Message: err.Error()}
		}
		verdicts = append(verdicts, verdict{result.Status.String(), result.Message})
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
