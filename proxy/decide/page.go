// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/errorpage"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// PageFor returns the page for a response with a status, nil if there is none. why is the reason of an answer of our
// own. A request in a loop may be one for a page. Whoever makes a call looks at no page: but everybody can say that he
// makes one, to see what a page is to hide, so it counts only where endpoints take calls.
func (d *Decision) PageFor(status int, why reason.Reason) *errorpage.Page {
	if d.Route == nil || d.Route.ErrorPages == nil {
		return nil
	}
	switch why {
	case reason.LoopDetected, reason.AmbiguousPath, reason.InternalError:
		return nil
	}
	if p := d.Backend.Pool; message.IsStream(d.Head.Fields) && p != nil && (p.H2C || p.TLS.ServerName != "") {
		return nil
	}
	return d.Route.ErrorPages.For(status)
}
