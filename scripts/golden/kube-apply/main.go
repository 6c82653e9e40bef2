// Command kube-apply plays the stories of cases.json with Kubernetes' own Go implementation of server-side apply and of strategic
// merge patches, and prints one JSON document: what each step leaves, or how it fails.
//
// Usage: go run . < cases.json > ../../../test/golden/kube-apply.json
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/applyconfigurations"
	"k8s.io/client-go/kubernetes/scheme"
)

type step struct {
	Manager string                 `json:"manager"`
	How     string                 `json:"how"`
	Force   bool                   `json:"force,omitempty"`
	Object  map[string]interface{} `json:"object"`
}

type story struct {
	Title string `json:"title"`
	Steps []step `json:"steps"`
}

type patchCase struct {
	Title    string                 `json:"title"`
	Original map[string]interface{} `json:"original"`
	Patch    map[string]interface{} `json:"patch"`
}

type cases struct {
	Apply     []story     `json:"apply"`
	Strategic []patchCase `json:"strategic"`
}

type outcome struct {
	Error    string                 `json:"error,omitempty"`
	Object   map[string]interface{} `json:"object,omitempty"`
	Managers []interface{}          `json:"managers,omitempty"`
}

func main() {
	var given cases
	check(json.NewDecoder(os.Stdin).Decode(&given))
	apply := []interface{}{}
	for _, each := range given.Apply {
		apply = append(apply, map[string]interface{}{"title": each.Title, "steps": each.Steps, "outcomes": play(each)})
	}
	strategic := []interface{}{}
	for _, each := range given.Strategic {
		strategic = append(strategic, map[string]interface{}{
			"title": each.Title, "original": each.Original, "patch": each.Patch, "outcome": patch(each),
		})
	}
	fmt.Printf("{\"apply\":%s,\n\"strategic\":%s}\n", lines(apply), lines(strategic))
}

// lines puts each vector on a line of its own.
func lines(vectors []interface{}) string {
	texts := []string{}
	for _, each := range vectors {
		text, err := json.Marshal(each)
		check(err)
		texts = append(texts, string(text))
	}
	return "[\n" + strings.Join(texts, ",\n") + "\n]"
}

func play(told story) []outcome {
	first := unstructured.Unstructured{Object: told.Steps[0].Object}
	gvk := first.GroupVersionKind()
	manager := managedfieldstest.NewTestFieldManager(applyconfigurations.NewTypeConverter(scheme.Scheme), gvk)
	outcomes := []outcome{}
	for _, each := range told.Steps {
		object := &unstructured.Unstructured{Object: runtime.DeepCopyJSON(each.Object)}
		var err error
		if each.How == "apply" {
			err = manager.Apply(object, each.Manager, each.Force)
		} else {
			err = manager.Update(object, each.Manager)
		}
		if err != nil {
			outcomes = append(outcomes, outcome{Error: err.Error()})
			continue
		}
		live, convertErr := runtime.DefaultUnstructuredConverter.ToUnstructured(manager.Live())
		check(convertErr)
		managers := []interface{}{}
		for _, entry := range manager.ManagedFields() {
			var fields interface{}
			check(json.Unmarshal(entry.FieldsV1.Raw, &fields))
			managers = append(managers, map[string]interface{}{"manager": entry.Manager, "operation": entry.Operation, "fieldsV1": fields})
		}
		unstructured.RemoveNestedField(live, "metadata", "managedFields")
		outcomes = append(outcomes, outcome{Object: live, Managers: managers})
	}
	return outcomes
}

func patch(given patchCase) outcome {
	original, err := json.Marshal(given.Original)
	check(err)
	change, err := json.Marshal(given.Patch)
	check(err)
	var data interface{} = corev1.Pod{}
	switch given.Original["kind"] {
	case "Deployment":
		data = appsv1.Deployment{}
	case "Service":
		data = corev1.Service{}
	}
	result, err := strategicpatch.StrategicMergePatch(original, change, data)
	if err != nil {
		return outcome{Error: err.Error()}
	}
	var object map[string]interface{}
	check(json.Unmarshal(result, &object))
	return outcome{Object: object}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
