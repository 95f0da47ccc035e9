// SPDX-License-Identifier: Apache-2.0

package decide

import (
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// allow has the methods that are passed on, beside any others that a service may know (RFC 9110, section 10.2.1).
var allow = message.Field{Name: []byte("Allow"), Value: []byte("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")}

// refuseTrace refuses TRACE. A server that knows it sends back the request that it got, with what proxies and browsers
// added to it and a script must not see (RFC 9110, section 9.3.8).
func (d *Decision) refuseTrace() reason.Reason {
	if string(d.Head.Method) != "TRACE" {
		return reason.None
	}
	d.Own.Fields = append(d.Own.Fields, allow)
	return reason.MethodNotAllowed
}

// answerOptions answers an OPTIONS that is for this proxy itself.
func (d *Decision) answerOptions() reason.Reason {
	d.Own.Fields = append(d.Own.Fields, allow)
	return reason.OptionsAnswered
}

// countForwards counts this proxy among those that an OPTIONS may pass through. It answers the one that may be passed
// on no further.
func (d *Decision) countForwards() reason.Reason {
	last, buf := d.Head.CountForwards(d.forwardsBuf)
	if d.forwardsBuf = buf; last {
		return d.answerOptions()
	}
	return reason.None
}
