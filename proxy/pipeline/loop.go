// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

var cdnLoop = []byte("CDN-Loop")

// refuseLoop refuses a request that was on its route before, or on too many routes.
func (x *Exchange) refuseLoop() reason.Reason {
	if x.marked && x.route.Loops(x.request.Fields) {
		return reason.LoopDetected
	}
	return reason.None
}

// mark leaves the route's mark on the request.
func (x *Exchange) mark() reason.Reason {
	x.request.Fields = append(x.request.Fields, x.markField())
	return reason.None
}

func (x *Exchange) markField() message.Field {
	return message.Field{Name: cdnLoop, Value: x.route.Mark, Kind: message.CDNLoop}
}
