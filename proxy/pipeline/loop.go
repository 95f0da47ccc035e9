// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
)

// A backend may be this proxy again, or another one that leads back here. Each pass would make the next, until memory
// or descriptors ran out. So each pass leaves a mark in CDN-Loop (RFC 8586), which is made for this, and which other
// proxies do not change. (Via would do, too, but some servers do not compress what goes through a proxy.)
//
// The mark is the route's. A request that comes by one route for the second time would come again and again. A request
// that a backend sends on to another route is no loop. Only those whom the request reaches know a mark, so that no
// client can have requests of others refused.

var cdnLoop = []byte("CDN-Loop")

// maxPasses bounds the passes of one request through proxies of this kind, over any routes: a rule can send its
// requests to the next one of a thousand.
const maxPasses = 10

// refuseLoop refuses a request that was on its route before, or on too many routes.
func (x *Exchange) refuseLoop() reason.Reason {
	if x.marked && x.loops() {
		return reason.LoopDetected
	}
	return reason.None
}

// loops says whether the request was on this route before, or on too many.
func (x *Exchange) loops() (found bool) {
	passes := 0
	for i := range x.request.Fields {
		f := &x.request.Fields[i]
		if f.Kind != message.CDNLoop {
			continue
		}
		message.Elements(f.Value, func(element []byte) bool {
			id, _, _ := bytes.Cut(element, []byte(";"))
			if id = message.TrimSpace(id); bytes.HasPrefix(id, []byte(routing.MarkPrefix)) {
				passes++
				found = passes >= maxPasses || bytes.Equal(id, x.route.Mark)
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// mark leaves the route's mark on the request.
func (x *Exchange) mark() reason.Reason {
	x.request.Fields = append(x.request.Fields, message.Field{Name: cdnLoop, Value: x.route.Mark, Kind: message.CDNLoop})
	return reason.None
}
