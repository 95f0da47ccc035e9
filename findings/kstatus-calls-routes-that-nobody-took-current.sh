#!/usr/bin/env bash
# kstatus, by which Helm 4, Flux and kpt wait until what they applied works, calls a Gateway "Current" at once, whether
# or not a controller has programmed it, and an HTTPRoute too, even one that each Gateway has refused. It looks for
# conditions by the names Ready, Reconciling and Stalled, and for an observedGeneration, beside the other conditions.
# Gateway API has Accepted and Programmed, has a generation in each condition, and has a route's conditions one level
# deeper, for each parent. For a kind that it does not know, kstatus takes the lack of bad news for good.
#
# One would guess that a wait knows the API that follows Kubernetes' conventions for conditions to the letter, or says
# that it can't tell. A Certificate with Ready False is waited for, in the same release, so that waiting seems to work.
# "Unknown" and "Waiting for controller", which the CRD itself writes into each new Gateway, look like what one waits
# for.
#
# Who is hurt: who runs tests against a new host after "helm upgrade --wait" or a Flux dependsOn. It is a race that the
# controller mostly wins, and is lost on a new cluster where a load balancer takes minutes. A refused route makes no
# rollout fail. What helps is "kubectl wait" for a Gateway's Programmed, and for routes an expression of one's own
# (healthCheckExprs of Flux, a jsonpath of kubectl wait).
#
# Versions: sigs.k8s.io/cli-utils v0.37.2, and the fork of Flux, github.com/fluxcd/cli-utils v1.2.2, the one of
# helm.sh/helm/v4 v4.3.2. Seen on linux/amd64, both alike:
#
#   Gateway, as the CRD makes it: Current
#   Gateway, taken and without an address: Current
#   HTTPRoute, new: Current
#   HTTPRoute, refused: Current
#   Certificate, not ready: InProgress
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
	github.com/fluxcd/cli-utils v1.2.2
	sigs.k8s.io/cli-utils v0.37.2
	k8s.io/apimachinery v0.37.2
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >objects.yaml <<'EOF'
said: Gateway, as the CRD makes it
object:
  apiVersion: gateway.networking.k8s.io/v1
  kind: Gateway
  metadata: {name: a, generation: 1}
  status:
    conditions:
    - {type: Accepted, status: Unknown, reason: Pending, message: Waiting for controller}
    - {type: Programmed, status: Unknown, reason: Pending, message: Waiting for controller}
---
said: Gateway, taken and without an address
object:
  apiVersion: gateway.networking.k8s.io/v1
  kind: Gateway
  metadata: {name: a, generation: 1}
  status:
    conditions:
    - {type: Accepted, status: "True", reason: Accepted, observedGeneration: 1}
    - {type: Programmed, status: "False", reason: AddressNotAssigned, observedGeneration: 1}
---
said: HTTPRoute, new
object:
  apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: {name: a, generation: 1}
---
said: HTTPRoute, refused
object:
  apiVersion: gateway.networking.k8s.io/v1
  kind: HTTPRoute
  metadata: {name: a, generation: 1}
  status:
    parents:
    - controllerName: a.example.com/controller
      parentRef: {name: a}
      conditions:
      - {type: Accepted, status: "False", reason: NotAllowedByListeners, observedGeneration: 1}
---
said: Certificate, not ready
object:
  apiVersion: cert-manager.io/v1
  kind: Certificate
  metadata: {name: a, generation: 1}
  status:
    conditions:
    - {type: Ready, status: "False", reason: DoesNotExist, observedGeneration: 1}
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"os"
	"strings"

	flux "github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := os.ReadFile("objects.yaml")
	must(err)
	for _, part := range strings.Split(string(text), "---\n") {
		var test struct {
			Said   string
			Object unstructured.Unstructured
		}
		must(yaml.Unmarshal([]byte(part), &test))
		result, err := status.Compute(&test.Object)
		must(err)
		ofFlux, err := flux.Compute(&test.Object)
		must(err)
		if string(ofFlux.Status) != string(result.Status) {
			panic(ofFlux.Status)
		}
		fmt.Printf("%s: %s\n", test.Said, result.Status)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
Gateway, as the CRD makes it: Current
Gateway, taken and without an address: Current
HTTPRoute, new: Current
HTTPRoute, refused: Current
Certificate, not ready: InProgress
EOF
go run . >got
diff want got
cat got
