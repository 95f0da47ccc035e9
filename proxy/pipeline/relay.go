// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// awaitResponse reads the head of the final response. It relays the informational ones before it.
func (x *Exchange) awaitResponse(up upstream.Exchange) error {
	for range upstream.MaxInformational {
		x.boundWaits(up)
		if err := up.ReadResponse(x.Head.Method); err != nil {
			return err
		}
		resp := up.Response()
		if !resp.Informational() {
			return nil
		}
		x.invited = x.invited || resp.Status == 100
		x.informed = true
		if err := x.down.WriteInformational(resp); err != nil {
			x.guard.End(x.number, reason.ClientClosed)
			return err
		}
	}
	return upstream.ErrManyInformational
}

// relay sends the response on as it comes. It sends the head together with the content that is there already, and waits
// for no more.
func (x *Exchange) relay(up upstream.Exchange) (Verdict, *attempt.Failure) {
	resp, r, plain := up.Response(), up.Content(), x.down.Response()
	idle := x.Route.Timeouts.Idle
	stream := message.IsStream(resp.Fields) // before policies change what the endpoint says of it
	if stream {
		idle = 0
	}
	x.complete(resp)
	if x.awaitsContinue() && !x.boundWaits(up) {
		// The client need not send the content any more. What it sends next cannot be told from content (RFC 9110, section
		// 10.1.1).
		x.down.CloseAfter()
	}
	chunked := resp.ContentLength == message.UnknownLength
	w := x.encode(resp, plain)
	x.down.WriteHead(resp)
	if stream && resp.ContentLength == message.UnknownLength {
		x.down.LiftRate()
	}
	up.ReleaseHead()
	talk := x.converse(up, idle)
	defer talk.End()
	for !r.Ended() {
		bounded := x.boundWaits(up)
		if !r.Buffered() {
			flushes := w == plain || !comes(up, chunked) // to flush an encoder costs more than to ask
			// The upload may read behind the head. While nothing was sent, a page in place of the response may depend on it.
			if flushes && (bounded || x.Head.Version == message.HTTP2) {
				x.releaseHead()
			}
			if x.stall != idle { // it has begun to answer
				x.stall = idle
				if bounded {
					up.StallAfter(idle)
				} else {
					x.upload.SetPatience(up, idle)
				}
			}
			if flushes {
				if err := w.Flush(); err != nil {
					return x.clientWentAway(up), nil
				}
			}
			var socket *transport.TCP
			if bounded && w == plain { // splicing would not notice the end of the upload
				socket = x.down.Socket()
			}
			if ok, readErr, writeErr := content.Splice(w, socket, r, up.Sole().Socket(), &x.engine.Pipes); writeErr != nil {
				return x.clientWentAway(up), nil
			} else if readErr != nil {
				return x.tear(up, readErr)
			} else if ok {
				break
			}
		}
		room, err := w.Room()
		if err != nil {
			return x.clientWentAway(up), nil
		}
		n, err := r.Read(room)
		talk.Note()
		if err := w.Advance(n); err != nil {
			return x.tear(up, err)
		}
		if err != nil && err != io.EOF {
			return x.tear(up, err)
		}
	}
	if err := w.End(r.Trailers()); err != nil {
		return x.clientWentAway(up), nil
	}
	x.settle(up)
	return Complete, nil
}

// complete makes an endpoint's response what the client is to get.
func (x *Exchange) complete(resp *message.Response) {
	client.TellRequestID(resp, x.RequestID)
	for _, change := range x.Backend.Policies.Response {
		change(x.Viewed(), resp)
	}
	for _, change := range x.Route.Policies.Response {
		change(x.Viewed(), resp)
	}
	if len(resp.Upgrade) > 0 && message.NamesHTTPOrTLS(resp.Upgrade) {
		resp.Upgrade = nil // The client must not try what is never passed on.
	}
	if x.Cookie != nil {
		balance.SetCookie(resp, x.Cookie)
	}
	if x.Route.Sessions != nil {
		x.tellSession(resp)
	}
}

// converse stops timing the two directions apart if the response began before the request ended: the exchange then
// times out only once both are silent for the idle time, 0 for never. It returns nil if there is nothing to time, or
// if the client's protocol cannot lift the limit on the request's content.
func (x *Exchange) converse(up upstream.Exchange, idle time.Duration) *content.Conversation {
	if x.boundWaits(up) || !x.down.RestContent() || idle == 0 {
		return nil
	}
	return x.upload.Converse(x.engine.Clock, x.guard, x.number, idle)
}

// settle ends the exchange with the endpoint after a whole response.
func (x *Exchange) settle(up upstream.Exchange) {
	sent := x.upload.Finish(x.down, x.guard, x.number)
	x.boundWaits(up) // otherwise the next exchange on the connection would inherit a deadline it knows nothing of
	cause, late := x.disarm()
	x.up = nil
	x.Ended = x.engine.Clock.Now()
	// An endpoint that answered without asking for the content may not read it, and take it for the next request.
	up.EndExchange(sent && cause == reason.None && !late && !x.awaitsContinue(), x.Shard, x.Ended)
}

// tear ends an exchange whose response broke off. While nothing of it was sent, the client can still be told.
func (x *Exchange) tear(up upstream.Exchange, err error) (Verdict, *attempt.Failure) {
	failed := x.fail(up, err)
	failed.Again, failed.Stale, failed.Endpoint = false, false, false
	x.down.CloseAfter()
	if !x.down.Started() {
		return Torn, failed
	}
	if code, ok := errors.AsType[message.Reset](err); ok {
		x.down.BreakOff(code)
	}
	x.noteMalformed(failed)
	x.Reason, x.Cause = failed.Reason, failed.Malformed
	x.pool.Failed(failed.Reason)
	return Torn, nil
}

func (x *Exchange) clientWentAway(up upstream.Exchange) Verdict {
	x.guard.End(x.number, reason.ClientClosed)
	x.fail(up, nil)
	x.Reason = reason.ClientClosed
	return Torn
}
