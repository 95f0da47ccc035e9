#!/usr/bin/env bash
# An HTTPRoute can't match a query parameter such as filter[status], tags[] or user:id. The schema of
# HTTPRoute.spec.rules[].matches[].queryParams[].name is that of a header field's name: letters, digits and
# !#$%&'*+-.^_`|~ alone. That has a twist. "%" is one of these, so that the same name in percent-encoding is accepted, and
# nobody says what it matches: the API asks for an exact match of the name (HTTPQueryParamMatch), and says nothing of
# encoding. Go and browsers' URLSearchParams give decoded names, which filter%5Bstatus%5D never equals. And "&" and "#"
# are accepted, which no name in a query has undecoded.
#
# One would guess that any name can be matched, as RFC 3986, section 3.4, and HTML's form encoding know no forbidden
# names, and that of two ways to write one the plain one is accepted. The values have no pattern.
#
# Who is hurt: who moves rules for PHP, Rails or JSON:API applications to Gateway API, where brackets are everyday. Who
# implements it has to choose: compare with the decoded name, and filter%5Bstatus%5D is accepted for nothing, or with what
# is on the wire, and the same link matches or does not by how a client encodes it.
#
# Versions: the CRDs of sigs.k8s.io/gateway-api v1.7.0 (kubernetes-sigs/gateway-api#1796 brought the pattern), and the
# validation that the API server uses, k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad. Seen on linux/amd64, the
# name that Go 1.27.1 reads from a query by itself behind the arrow:
#
#   page: accepted; ?page=1 -> "page"
#   filter[status]: refused; ?filter[status]=1 -> "filter[status]"
#   filter%5Bstatus%5D: accepted; ?filter%5Bstatus%5D=1 -> "filter[status]"
#   user:id: refused; ?user:id=1 -> "user:id"
#   a&b: accepted; ?a&b=1 -> "a" "b"
#
# The script fails if one of these lines changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=go1.27.1 GOFLAGS=-mod=mod
cat >go.mod <<'EOF'
module finding

go 1.27.0

require (
	k8s.io/kube-openapi v0.0.0-20260721132016-d427ff9ee9ad
	sigs.k8s.io/gateway-api v1.7.0
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"

	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := os.ReadFile(os.Args[1])
	must(err)
	var crd struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct{ OpenAPIV3Schema json.RawMessage }
			}
		}
	}
	must(yaml.Unmarshal(text, &crd))
	var rules spec.Schema
	for _, version := range crd.Spec.Versions {
		if version.Name == "v1" {
			must(json.Unmarshal(version.Schema.OpenAPIV3Schema, &rules))
		}
	}
	validator := validate.NewSchemaValidator(&rules, nil, "", strfmt.Default)
	for _, name := range []string{"page", "filter[status]", "filter%5Bstatus%5D", "user:id", "a&b"} {
		said := "refused"
		if validator.Validate(routeFor(name)).IsValid() {
			said = "accepted"
		}
		read, err := url.ParseQuery(name + "=1")
		must(err)
		fmt.Printf("%s: %s; ?%s=1 ->", name, said, name)
		for _, name := range slices.Sorted(maps.Keys(read)) {
			fmt.Printf(" %q", name)
		}
		fmt.Println()
	}
}

func routeFor(name string) any {
	text, err := json.Marshal(name)
	must(err)
	var route any
	must(json.Unmarshal(fmt.Appendf(nil, `{"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
		"metadata": {"name": "a"}, "spec": {"rules": [{"matches": [{"queryParams": [{"name": %s, "value": "1"}]}]}]}}`, text),
		&route))
	return route
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
page: accepted; ?page=1 -> "page"
filter[status]: refused; ?filter[status]=1 -> "filter[status]"
filter%5Bstatus%5D: accepted; ?filter%5Bstatus%5D=1 -> "filter[status]"
user:id: refused; ?user:id=1 -> "user:id"
a&b: accepted; ?a&b=1 -> "a" "b"
EOF
go mod download sigs.k8s.io/gateway-api
crd=$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml
go run . "$crd" >got
diff want got
cat got
