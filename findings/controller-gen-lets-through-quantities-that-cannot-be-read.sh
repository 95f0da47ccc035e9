#!/usr/bin/env bash
# The schema that controller-gen writes for a field of type resource.Quantity lets values through that resource.Quantity
# can't be read from. The API server stores them, and from then on no list of that kind can be decoded in Go: informers of
# the kind do not start, and those that run see no change any more. What fails is the whole list, and the error names no
# object.
#
# One would guess that a schema which is generated from the Go type takes what the type takes. Both come from the same
# project, and the grammar in the type's documentation (k8s.io/apimachinery/pkg/api/resource, Quantity) has decimalExponent
# as "e" or "E" and a signed number, and a number may have a fraction: 1e1.5 is valid by the grammar and by the pattern,
# and ParseQuantity refuses it.
#
# Who is hurt: operators of controllers for several tenants, where one object of one tenant stops the work for all. Authors
# of a CRD have to narrow the pattern by a rule of their own, such as one with CEL's isQuantity().
#
# Versions: sigs.k8s.io/controller-tools v0.23.0, k8s.io/apimachinery v0.37.2 and the validation that the API server uses,
# k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad (kubernetes-sigs/controller-tools#665,
# kubernetes/kubernetes#109839). Seen on linux/amd64:
#
#   "100m": the schema takes it, read as 100m
#   "1e3": the schema takes it, read as 1e3
#   "1e1.5": the schema takes it, the list of 2 objects: quantities must match the regular expression
#   "1.5e.5": the schema takes it, the list of 2 objects: quantities must match the regular expression
#   "1K": the schema refuses it
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.26.8 GOFLAGS=-mod=mod
mkdir v1
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	k8s.io/apimachinery v0.37.2
	k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad
	sigs.k8s.io/controller-tools v0.23.0
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >v1/types.go <<'EOF'
// +groupName=example.com
// +kubebuilder:object:generate=true
package v1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// +kubebuilder:object:root=true
type Limit struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Rate resource.Quantity `json:"rate"`
}

// +kubebuilder:object:root=true
type LimitList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Limit `json:"items"`
}
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"

	v1 "finding/v1"
)

func main() {
	var crd struct {
		Spec struct {
			Versions []struct{ Schema struct{ OpenAPIV3Schema json.RawMessage } }
		}
	}
	text, err := os.ReadFile("crd/example.com_limits.yaml")
	must(err)
	must(yaml.Unmarshal(text, &crd))
	var rules spec.Schema
	must(json.Unmarshal(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &rules))
	validator := validate.NewSchemaValidator(&rules, nil, "", strfmt.Default)

	scheme := runtime.NewScheme()
	scheme.AddKnownTypes(schema.GroupVersion{Group: "example.com", Version: "v1"}, &v1.Limit{}, &v1.LimitList{})
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()

	for _, rate := range []string{"100m", "1e3", "1e1.5", "1.5e.5", "1K"} {
		object := fmt.Sprintf(`{"apiVersion": "example.com/v1", "kind": "Limit", "metadata": {"name": "a"}, "rate": %q}`, rate)
		var value any
		must(json.Unmarshal([]byte(object), &value))
		if !validator.Validate(value).IsValid() {
			fmt.Printf("%q: the schema refuses it\n", rate)
			continue
		}
		list := `{"apiVersion": "example.com/v1", "kind": "LimitList", "items": [{"metadata": {"name": "b"}, "rate": "1"}, ` +
			object + `]}`
		decoded, _, err := decoder.Decode([]byte(list), nil, nil)
		if err != nil {
			said, _, _ := strings.Cut(err.Error(), " '^") // without the expression
			fmt.Printf("%q: the schema takes it, the list of 2 objects: %s\n", rate, said)
			continue
		}
		fmt.Printf("%q: the schema takes it, read as %s\n", rate, decoded.(*v1.LimitList).Items[1].Rate.String())
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
"100m": the schema takes it, read as 100m
"1e3": the schema takes it, read as 1e3
"1e1.5": the schema takes it, the list of 2 objects: quantities must match the regular expression
"1.5e.5": the schema takes it, the list of 2 objects: quantities must match the regular expression
"1K": the schema refuses it
EOF
go run sigs.k8s.io/controller-tools/cmd/controller-gen object crd paths=./v1 output:crd:dir=crd >&2
go run . >got
diff want got
cat got
