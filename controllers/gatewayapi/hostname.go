// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// common returns the name of the hosts that two names have in common: the more specific of the two. ok is false if they
// have none.
func common(a, b string) (name string, ok bool) {
	switch {
	case rules.Covers(a, b):
		return b, true
	case rules.Covers(b, a):
		return a, true
	}
	return "", false
}

// hostnames returns the names of the hosts that a route has at a listener of a name, sorted. Without hostnames, a route
// has all hosts of the listener.
func hostnames(of []gatewayv1.Hostname, listener string) (names []string) {
	if len(of) == 0 {
		return []string{listener}
	}
	for _, hostname := range of {
		if name, ok := common(canonicalName(hostname), listener); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// canonicalName returns a hostname as hosts are compared with it. The schema takes lower case alone.
func canonicalName(name gatewayv1.Hostname) string { return strings.ToLower(string(name)) }

// moreSpecific returns whether a name is more specific than another one that covers the same host: an exact name is
// more specific than a wildcard, and a longer wildcard than a shorter one.
func moreSpecific(name, other string) bool {
	exact, otherExact := name != "" && !strings.HasPrefix(name, "*"), other != "" && !strings.HasPrefix(other, "*")
	if exact != otherExact {
		return exact
	}
	return len(name) > len(other)
}
