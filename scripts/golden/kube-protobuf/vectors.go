package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// objects are written in JSON as a user would, and sent as protobuf as kubectl would.
var objects = []string{
	`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","labels":{"a":"b"},"creationTimestamp":"2026-01-02T03:04:05Z"},"data":{"k":"AAEC"},"immutable":false,"type":"Opaque"}`,
	`{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","finalizers":["x.io/a"]},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"d"}},"strategy":{"rollingUpdate":{"maxSurge":"25%","maxUnavailable":1}},"template":{"metadata":{"labels":{"app":"d"}},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"web","image":"i:1","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}],"ports":[{"containerPort":80}],"resources":{"limits":{"cpu":"500m"}},"readinessProbe":{"httpGet":{"path":"/","port":"http"},"periodSeconds":5}}],"volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}},{"name":"w","configMap":{"name":"c"}}]}}}}`,
	`{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","metadata":{},"spec":{"user":"u","groups":["g"],"extra":{"e":["1","2"]},"resourceAttributes":{"verb":"get","resource":"pods"}}}`,
	`{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"h","leaseDurationSeconds":15,"renewTime":"2026-01-02T03:04:05.678901Z"}}`,
}

func printVectors() {
	serializer := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	lines := []string{}
	for _, text := range objects {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode([]byte(text), nil, nil)
		check(err)
		var sent bytes.Buffer
		check(serializer.Encode(runtime.Object(object), &sent))
		line, err := json.Marshal(map[string]interface{}{"object": json.RawMessage(text), "sent": base64.StdEncoding.EncodeToString(sent.Bytes())})
		check(err)
		lines = append(lines, string(line))
	}
	fmt.Print("[")
	for index, line := range lines {
		if index > 0 {
			fmt.Print(",")
		}
		fmt.Print("\n" + line)
	}
	fmt.Print("\n]\n")
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
