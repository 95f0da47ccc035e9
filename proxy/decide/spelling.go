// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/reason"
)

// keepSpelling lets the endpoint have the path as the client sent it, in place of the canonical one that all else was
// decided by. A signature may cover the path, and an empty segment may be part of a name. It does so only if the path
// is the same rule's in both spellings, so that nobody gets by a spelling what a rule keeps from him.
func (d *Decision) keepSpelling() reason.Reason {
	sent := d.sent
	d.sent = nil
	if sent == nil || d.Route.Canonical || &d.Head.Path[0] != &d.path[0] || len(d.Head.Path) != len(d.path) {
		return reason.None // a rewrite makes a path of our own
	}
	if d.Generation.At(d.Origin.Listener).Same(&d.Head, d.Host, sent, d.path, d.Route) {
		d.Head.Path, d.respelled = sent, true
	}
	return reason.None
}
