// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"strconv"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// allow has the methods that are passed on, beside any others that a service may know (RFC 9110, section 10.2.1).
var allow = message.Field{Name: []byte("Allow"), Value: []byte("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")}

// refuseTrace refuses TRACE. A server that knows it sends back the request that it got, with what proxies and browsers
// added to it and a script must not see (RFC 9110, section 9.3.8).
func (x *Exchange) refuseTrace() reason.Reason {
	if string(x.request.Method) != "TRACE" {
		return reason.None
	}
	x.own.Fields = append(x.own.Fields, allow)
	return reason.MethodNotAllowed
}

// answerOptions answers an OPTIONS that is for this proxy itself.
func (x *Exchange) answerOptions() reason.Reason {
	x.own.Fields = append(x.own.Fields, allow)
	return reason.OptionsAnswered
}

// isAsterisk says whether the request is for the server as a whole, and for none of its resources (RFC 9110, section
// 9.3.7). No rule can be for that.
func isAsterisk(req *message.Request) bool {
	return len(req.Path) == 1 && req.Path[0] == '*' && string(req.Method) == "OPTIONS"
}

// countForwards counts this proxy among those that an OPTIONS may pass through. It answers the one that may be passed
// on no further (RFC 9110, section 7.6.2).
func (x *Exchange) countForwards() reason.Reason {
	if string(x.request.Method) != "OPTIONS" {
		return reason.None
	}
	for i := range x.request.Fields {
		f := &x.request.Fields[i]
		if f.Kind != message.Other || !message.EqualFold(f.Name, "max-forwards") {
			continue
		}
		left, ok := message.ParseLength(f.Value)
		switch {
		case !ok: // It bounds nothing.
		case left == 0:
			return x.answerOptions()
		default:
			// The value may be a rule's, so it is not written over.
			begin := len(x.forwardsBuf)
			x.forwardsBuf = strconv.AppendInt(x.forwardsBuf, left-1, 10)
			f.Value = x.forwardsBuf[begin:]
		}
	}
	return reason.None
}
