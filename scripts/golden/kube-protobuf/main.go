// Command kube-protobuf prints, as a TypeScript module, the field numbers of the Kubernetes kinds that kubectl's typed clients send as
// protobuf. Numbers, names and types are read from the Go types by reflection.
//
// Usage: go run . > ../../../src/kube-memory/wire/protobuf-fields.ts
//
//	go run . vectors > ../../../test/golden/kube-protobuf.json
package main

import (
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var roots = []interface{}{
	corev1.ConfigMap{}, corev1.Endpoints{}, corev1.Event{}, corev1.Namespace{}, corev1.Node{}, corev1.PersistentVolumeClaim{},
	corev1.Pod{}, corev1.PodTemplate{}, corev1.Secret{}, corev1.Service{}, corev1.ServiceAccount{},
	appsv1.Deployment{}, appsv1.ReplicaSet{}, batchv1.Job{}, coordinationv1.Lease{}, discoveryv1.EndpointSlice{},
	networkingv1.Ingress{}, networkingv1.IngressClass{}, networkingv1.NetworkPolicy{},
	policyv1.PodDisruptionBudget{}, policyv1.Eviction{},
	rbacv1.Role{}, rbacv1.RoleBinding{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleBinding{},
	autoscalingv1.Scale{}, autoscalingv2.HorizontalPodAutoscaler{},
	authorizationv1.SelfSubjectAccessReview{}, authorizationv1.SubjectAccessReview{}, authorizationv1.LocalSubjectAccessReview{},
	authorizationv1.SelfSubjectRulesReview{}, authenticationv1.SelfSubjectReview{}, metav1.DeleteOptions{},
}

var special = map[string]string{
	"meta.v1.Time": "time", "meta.v1.MicroTime": "microTime", "resource.Quantity": "quantity", "intstr.IntOrString": "intOrString",
	"meta.v1.Duration": "duration", "meta.v1.FieldsV1": "fieldsV1", "runtime.RawExtension": "rawExtension",
}

var messages = map[string]string{}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "vectors" {
		printVectors()
		return
	}
	kinds := []string{}
	for _, root := range roots {
		kind := reflect.TypeOf(root)
		kinds = append(kinds, fmt.Sprintf("  %s: '%s',", quoted(kindKey(kind)), nameOf(kind)))
		visit(kind)
	}
	names := []string{}
	for name := range messages {
		names = append(names, name)
	}
	sort.Strings(names)
	sort.Strings(kinds)
	fmt.Println("// Made by scripts/golden/kube-protobuf from the Go types of k8s.io/api v0.34.3; do not edit.")
	fmt.Println("\n/** The message of each kind, by `apiVersion/Kind`. */")
	fmt.Println("export const MESSAGE_OF_KIND: Readonly<Record<string, string>> = {")
	fmt.Println(strings.Join(kinds, "\n"))
	fmt.Println("};")
	fmt.Println("\n/**\n * The fields of each message: `number name type`, where a type may be a pointer (`*`), a list (`[]`) or a map (`{}`),\n * and `~` stands for a field whose own fields are the message's in JSON.\n */")
	fmt.Println("export const FIELDS_OF_MESSAGE: Readonly<Record<string, string>> = {")
	for _, name := range names {
		fmt.Printf("  %s: '%s',\n", quoted(name), messages[name])
	}
	fmt.Println("};")
}

func visit(kind reflect.Type) {
	name := nameOf(kind)
	if _, known := messages[name]; known {
		return
	}
	messages[name] = ""
	if kind.Kind() == reflect.Slice {
		messages[name] = "1 items []" + typeOf(kind.Elem())
		return
	}
	fields := []string{}
	for index := 0; index < kind.NumField(); index++ {
		field := kind.Field(index)
		parts := strings.Split(field.Tag.Get("protobuf"), ",")
		if len(parts) < 3 {
			continue
		}
		json := strings.Split(field.Tag.Get("json"), ",")[0]
		if json == "" {
			json = "~"
		}
		fields = append(fields, fmt.Sprintf("%s %s %s", parts[1], json, typeOf(field.Type)))
	}
	messages[name] = strings.Join(fields, ", ")
}

func typeOf(kind reflect.Type) string {
	if found, ok := special[nameOf(kind)]; ok {
		return found
	}
	switch kind.Kind() {
	case reflect.Pointer:
		return "*" + typeOf(kind.Elem())
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		if kind.Name() != "" && kind.PkgPath() != "" && kind.Name() == "ExtraValue" {
			visit(kind)
			return nameOf(kind)
		}
		return "[]" + typeOf(kind.Elem())
	case reflect.Map:
		return "{}" + typeOf(kind.Elem())
	case reflect.Struct:
		visit(kind)
		return nameOf(kind)
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Float64:
		return "double"
	}
	return "int"
}

// nameOf gives `core.v1.Pod`, `meta.v1.Time`, `resource.Quantity`.
func nameOf(kind reflect.Type) string {
	parts := strings.Split(kind.PkgPath(), "/")
	last := parts[len(parts)-1]
	if strings.HasPrefix(last, "v") && len(parts) > 1 {
		last = parts[len(parts)-2] + "." + last
	}
	return last + "." + kind.Name()
}

func kindKey(kind reflect.Type) string {
	groups := map[string]string{
		"core": "", "apps": "apps/", "batch": "batch/", "policy": "policy/", "autoscaling": "autoscaling/", "meta": "",
		"coordination": "coordination.k8s.io/", "discovery": "discovery.k8s.io/", "networking": "networking.k8s.io/",
		"rbac": "rbac.authorization.k8s.io/", "authorization": "authorization.k8s.io/", "authentication": "authentication.k8s.io/",
	}
	parts := strings.Split(kind.PkgPath(), "/")
	return groups[parts[len(parts)-2]] + parts[len(parts)-1] + "/" + kind.Name()
}

func quoted(text string) string {
	return "'" + text + "'"
}
