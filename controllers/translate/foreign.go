// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// foreignPrefix begins the annotations of ingress-nginx, which are what many Ingresses come with that are given this class. Most
// of them make no difference here. Those that say who gets in must not be passed over in silence.
const foreignPrefix = "nginx.ingress.kubernetes.io/"

// canaryAnnotation marks an Ingress that shares the paths of another one, and would here contest them.
const canaryAnnotation = foreignPrefix + "canary"

// foreignAccess are the annotations of ingress-nginx that keep clients out, each with the annotation that does so here, if
// there is one.
func foreignAccess(name string) (instead string, ok bool) {
	short, ok := strings.CutPrefix(name, foreignPrefix)
	if !ok {
		return "", false
	}
	switch short {
	case "whitelist-source-range", "allowlist-source-range", "denylist-source-range":
		return annotationPrefix + "access-control", true
	case "auth-type", "auth-secret", "auth-url", "auth-tls-secret":
		return "", true
	}
	return "", false
}

func isForeign(name string) bool {
	_, access := foreignAccess(name)
	return access || name == canaryAnnotation
}

// readForeign looks for what another controller was told of who gets in, and this one is not.
func (a *asked) readForeign(annotations map[string]string) {
	if annotations[canaryAnnotation] == "true" {
		a.ignored = true
		a.fault = "annotation " + canaryAnnotation + ": there are no canaries here, and this Ingress would contest the paths of another: " +
			"it is left out; delete it, or give it paths of its own and take the annotation off"
		return
	}
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		instead, access := foreignAccess(name)
		switch {
		case !access || instead != "" && annotations[instead] != "":
		case instead != "":
			a.fault = cmp.Or(a.fault, "annotation "+name+" says who gets in, and is not acted on here: write "+instead+
				" beside it or in its place")
		default:
			a.fault = cmp.Or(a.fault, "annotation "+name+" says who gets in, and there is nothing like it here: take it off to serve the Ingress without it")
		}
	}
}
