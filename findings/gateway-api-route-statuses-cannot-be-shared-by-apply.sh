#!/usr/bin/env bash
# A controller that writes its part of an HTTPRoute's status by server-side apply takes the parts of all other controllers
# away. status.parents has an entry for each parent and controller, and each controller applies its own. But to the API
# server the list is one value (x-kubernetes-list-type: atomic), which belongs to one: without force the second controller
# gets a conflict, and with force, which controllers are told to use, its list replaces the other's. Each of them takes
# the list back when it sees what has become of it. The same goes for all routes, and for the ancestors of a policy.
#
# One would guess that this is what server-side apply is for, since the list's entries have owners by their
# controllerName, and the conditions inside an entry, the listeners of a Gateway and its conditions can all be shared.
# Gateway API forbids to touch others' entries, and says in a note for implementors that the list is no map, because
# its key would be an object, and that it has to be read, changed and written (RouteStatus.Parents, in the Go type; the
# note is left out of the CRD).
#
# Who is hurt: users of two controllers with one route, for example while they migrate. A test with one controller sees
# nothing. What helps is an Update, or a patch with the resourceVersion, of the whole list as it was read.
#
# Version: sigs.k8s.io/gateway-api v1.7.0, its clientset for tests, which merges with the API server's own code
# (k8s.io/apimachinery v0.37.2, managedfields). Seen on linux/amd64:
#
#   a.example.com/controller applies its entry: entries of a.example.com/controller
#   b.example.com/controller applies its entry: conflict on .status.parents
#   b.example.com/controller applies its entry by force: entries of b.example.com/controller
#   in the CRD the list is atomic
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
	k8s.io/apimachinery v0.37.2
	k8s.io/client-go v0.37.2
	sigs.k8s.io/gateway-api v1.7.0
	sigs.k8s.io/yaml v1.6.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	applyv1 "sigs.k8s.io/gateway-api/applyconfiguration/apis/v1"
	"sigs.k8s.io/gateway-api/pkg/client/clientset/versioned/fake"
	"sigs.k8s.io/yaml"
)

func main() {
	ctx := context.Background()
	routes := fake.NewClientset().GatewayV1().HTTPRoutes("shop")
	_, err := routes.Create(ctx, &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "r"}},
		metav1.CreateOptions{FieldManager: "somebody"})
	must(err)
	for _, c := range []struct {
		controller gatewayv1.GatewayController
		force      bool
	}{{"a.example.com/controller", false}, {"b.example.com/controller", false}, {"b.example.com/controller", true}} {
		status := applyv1.HTTPRouteStatus().WithParents(applyv1.RouteParentStatus().
			WithParentRef(applyv1.ParentReference().WithName("gateway")).WithControllerName(c.controller))
		_, err := routes.ApplyStatus(ctx, applyv1.HTTPRoute("r", "shop").WithStatus(status),
			metav1.ApplyOptions{FieldManager: string(c.controller), Force: c.force})
		fmt.Printf("%s applies its entry", c.controller)
		if c.force {
			fmt.Print(" by force")
		}
		if apierrors.IsConflict(err) {
			var fields []string
			for _, cause := range err.(apierrors.APIStatus).Status().Details.Causes {
				fields = append(fields, cause.Field)
			}
			fmt.Printf(": conflict on %s\n", strings.Join(fields, ", "))
			continue
		}
		must(err)
		route, err := routes.Get(ctx, "r", metav1.GetOptions{})
		must(err)
		var controllers []string
		for _, parent := range route.Status.Parents {
			controllers = append(controllers, string(parent.ControllerName))
		}
		fmt.Printf(": entries of %s\n", strings.Join(controllers, ", "))
	}

	text, err := os.ReadFile(os.Args[1])
	must(err)
	type property struct {
		ListType   string              `json:"x-kubernetes-list-type"`
		Properties map[string]property `json:"properties"`
	}
	var crd struct {
		Spec struct {
			Versions []struct{ Schema struct{ OpenAPIV3Schema property } }
		}
	}
	must(yaml.Unmarshal(text, &crd))
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	fmt.Printf("in the CRD the list is %s\n", schema.Properties["status"].Properties["parents"].ListType)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
EOF
cat >want <<'EOF'
a.example.com/controller applies its entry: entries of a.example.com/controller
b.example.com/controller applies its entry: conflict on .status.parents
b.example.com/controller applies its entry by force: entries of b.example.com/controller
in the CRD the list is atomic
EOF
go mod download sigs.k8s.io/gateway-api
crd=$(go list -m -f '{{.Dir}}' sigs.k8s.io/gateway-api)/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml
go run . "$crd" >got
diff want got
cat got
