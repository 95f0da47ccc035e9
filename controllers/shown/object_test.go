// SPDX-License-Identifier: Apache-2.0

package shown

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubeyaml "sigs.k8s.io/yaml"
)

const (
	ours = `
metadata:
  name: web
  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
  managedFields: [{manager: kubectl}]
spec:
  rules:
  - host: a.example.com
    paths:
    - path: /
    - path: /api
      backend: {serviceName: api}
  - host: b.example.com
    paths: [{path: /b}]
`
	standard = `
metadata: {name: web}
spec:
  defaultBackend: {service: {name: rest}}
  rules:
  - host: a.example.com
    http:
      paths: [{path: /}, {path: "/<script>"}]
`
	route = `
metadata: {name: web}
spec:
  rules:
  - matches:
    - path: {value: /}
    - path: {value: "/x"}
    name: |
      two
      lines
`
)

func TestThePlaceInAnObjectIsMarked(t *testing.T) {
	for _, test := range []struct {
		name, object, place, prefix string
		// want are the marked lines.
		want string
	}{
		{"a path", ours, "0.1", "", "    - backend:\n        serviceName: api\n      path: /api"},
		{"the first path", ours, "0.0", "", "    - path: /"},
		{"a host", ours, "1.-1", "", "  - host: b.example.com\n    paths:\n    - path: /b"},
		{"a path of Kubernetes' own kind", standard, "0.1", "networking.k8s.io", "      - path: /<script>"},
		{"the default backend", standard, "-1.-1", "networking.k8s.io", "    service:\n      name: rest"},
		{"a match", route, "spec.rules[0].matches[1]", "httproute", "    - path:\n        value: /x"},
		{"a rule with text of two lines", route, "spec.rules[0]", "httproute", "  - matches:\n    - path:\n        value: /\n    - path:\n        value: /x\n    name: |\n      two\n      lines"},
		{"a path that is gone", ours, "0.7", "", ""},
		{"a rule that is gone", route, "spec.rules[3].matches[0]", "httproute", ""},
		{"nowhere", ours, "", "", ""},
		{"nonsense", ours, "spec.rules[x].[", "", ""},
	} {
		var object unstructured.Unstructured
		if err := kubeyaml.Unmarshal([]byte(test.object), &object.Object); err != nil {
			t.Fatal(err)
		}
		text, first, last, err := marked(&object, test.place, test.prefix)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		got := ""
		if first > 0 {
			got = strings.Join(strings.Split(text, "\n")[first-1:last], "\n")
		}
		if got != test.want {
			t.Errorf("%s: lines %d to %d are marked:\n%s\nwant:\n%s\nof:\n%s", test.name, first, last, got, test.want, text)
		}
		if strings.Contains(text, "managedFields") || strings.Contains(text, "last-applied") {
			t.Errorf("%s: the text has what only programs read:\n%s", test.name, text)
		}
	}
}
