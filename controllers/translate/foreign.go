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

// everybody in a list of who gets in is how cert-manager has its solvers answer in spite of a list for all Ingresses.
const everybody = "0.0.0.0/0"

// isForeign says whether an annotation is one of ingress-nginx that makes a difference with some value.
func isForeign(name string) bool {
	_, closes := foreignAccess(name, "10.0.0.0/8")
	return closes || name == canaryAnnotation
}

// foreignAccess says whether an annotation of ingress-nginx keeps clients out, and names the annotation that does so here, if
// there is one.
func foreignAccess(name, value string) (instead string, closes bool) {
	short, ok := strings.CutPrefix(name, foreignPrefix)
	if !ok || strings.TrimSpace(value) == "" {
		return "", false
	}
	switch short {
	case "whitelist-source-range", "allowlist-source-range":
		for listed := range strings.SplitSeq(value, ",") {
			if strings.TrimSpace(listed) == everybody {
				return "", false
			}
		}
		return annotationPrefix + "access-control", true
	case "denylist-source-range":
		return annotationPrefix + "access-control", true
	case "auth-type", "auth-secret", "auth-url", "auth-tls-secret":
		return "", true
	}
	return "", false
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
		instead, closes := foreignAccess(name, annotations[name])
		switch {
		case !closes || instead != "" && annotations[instead] != "":
		case instead != "":
			a.fault = cmp.Or(a.fault, "annotation "+name+" says who gets in, and is not acted on here: write "+instead+
				" beside it or in its place")
		default:
			a.fault = cmp.Or(a.fault, "annotation "+name+" says who gets in, and there is nothing like it here: take it off to serve the Ingress without it")
		}
	}
}
