// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// upgrade relays a 101. What follows on both connections belongs to the tunnel.
func (x *Exchange) upgrade(up upstream.Exchange) (Verdict, *attempt.Failure) {
	resp := up.Response()
	if len(x.Head.Upgrade) == 0 || len(resp.Upgrade) == 0 || message.NamesHTTPOrTLS(resp.Upgrade) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a 101 that nobody asked for"})
	}
	if !x.opening.Finish(resp) {
		return Torn, x.fail(up, &message.Error{Status: 502, Detail: "a 101 that is no answer to the handshake"})
	}
	if !x.endUpload(up) {
		return Torn, x.fail(up, nil)
	}
	if cause, late := x.disarm(); cause != reason.None || late {
		return Torn, x.fail(up, nil) // while the client can be told
	}
	client.TellRequestID(resp, x.RequestID)
	if x.Route.Sessions != nil {
		x.tellSession(resp)
	}
	x.down.WriteHead(resp)
	if err := x.down.Response().End(nil); err != nil {
		return x.clientWentAway(up), nil
	}
	return Upgraded, nil
}

// endUpload waits until the client has sent the request's content, and says whether all of it reached the endpoint. The
// endpoint may change the protocol before that, but the client changes it only behind the content (RFC 9110, section
// 7.8).
func (x *Exchange) endUpload(up upstream.Exchange) bool {
	if x.upload.Done() == nil {
		return true
	}
	// Only a client of HTTP/1.1 sends content with such a request. Nothing else can end a wait for it.
	stop := guard.Func(func() {
		x.down.StopContent()
		_ = up.Close()
	})
	if !x.guard.Arm(stop, x.Started) {
		return false
	}
	<-x.upload.Done()
	if !x.upload.Sent() {
		x.guard.Disarm() // from here on nobody stops the content
		x.down.ResumeContent()
		return false
	}
	x.boundWaits(up) // otherwise the tunnel would inherit a deadline that it knows nothing of
	return true
}

// OpenWebSocket adds to a request what a WebSocket's opening has over HTTP/1.1, if the client asks for one by a
// protocol without it. The endpoint answers as over HTTP/1.1.
func (x *Exchange) OpenWebSocket() {
	if len(x.Head.Upgrade) > 0 {
		x.Head.Fields = x.opening.Begin(x.Head.Fields)
	}
}
