// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/reason"
)

// keepSpelling lets the endpoint have the path as the client sent it, in place of the canonical one that all else was
// decided by. A signature may cover the path, and an empty segment may be part of a name. It does so only if the path
// is the same rule's in both spellings, so that nobody gets by a spelling what a rule keeps from him.
func (x *Exchange) keepSpelling() reason.Reason {
	sent := x.sent
	x.sent = nil
	if sent == nil || x.route.Canonical || &x.request.Path[0] != &x.path[0] || len(x.request.Path) != len(x.path) {
		return reason.None // a rewrite makes a path of our own
	}
	if x.generation.At(x.origin.Listener).Same(&x.request, x.Host, sent, x.path, x.route) {
		x.request.Path, x.respelled = sent, true
	}
	return reason.None
}
