// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

var cdnLoop = []byte("CDN-Loop")

// refuseLoop refuses a request that was on its route before, or on too many routes.
func (d *Decision) refuseLoop() reason.Reason {
	if d.marked && d.Route.Loops(d.Head.Fields) {
		return reason.LoopDetected
	}
	return reason.None
}

// mark leaves the route's mark on the request, and on its head what becomes of the connection that takes it.
func (d *Decision) mark() reason.Reason {
	d.Head.EndsConnection = d.Route.EndsConnections
	d.Head.Fields = append(d.Head.Fields, d.MarkField())
	return reason.None
}

// MarkField returns the route's mark.
func (d *Decision) MarkField() message.Field {
	return message.Field{Name: cdnLoop, Value: d.Route.Mark, Kind: message.CDNLoop}
}
