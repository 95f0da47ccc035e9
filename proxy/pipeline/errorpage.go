// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"time"

	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/errorpage"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// nothing is what a guard closes where nothing is waited for but the client.
var nothing = guard.Func(func() {})

// getPage waits for a page. It returns nil if there is none, or if the exchange was ended meanwhile.
func (x *Exchange) getPage(p *errorpage.Page, within time.Duration) *errorpage.Answer {
	fetch := x.engine.ErrorPages.New(p, &errorpage.Cause{
		Within: within, Request: &x.Head, Host: x.Host, Path: x.AskedPath(), Query: x.Head.Query, Mark: x.MarkField(), LogsIn: x.LogsIn, Shard: x.Shard,
	})
	if !x.guard.Arm(guard.Func(fetch.End), x.engine.Clock.Now()) {
		return nil
	}
	defer x.guard.Disarm()
	return fetch.Get()
}

// ownPage waits for the page for an answer of our own. What ended the exchange, if that is what is answered, does not
// end the request for the page too.
func (x *Exchange) ownPage(why reason.Reason) *errorpage.Answer {
	p := x.PageFor(x.Status, why)
	if p == nil {
		return nil
	}
	x.number = x.guard.Begin()
	return x.getPage(p, 0)
}

// relayOrPage gives the client a page in place of the endpoint's response if there is one, and otherwise the response,
// which waits meanwhile.
func (x *Exchange) relayOrPage(up upstream.Exchange) (Verdict, *attempt.Failure) {
	p := x.PageFor(x.Status, reason.None)
	if p == nil {
		return x.relay(up)
	}
	page := x.pageInTime(p)
	if page == nil {
		if !x.guard.Arm(up, x.Started) {
			return Torn, x.fail(up, nil)
		}
		return x.relay(up)
	}
	defer page.Free()
	resp := &x.Own
	resp.Fields = resp.Fields[:0]
	page.Cover(resp, up.Response())
	x.drop(up)
	if !x.down.SkipContent() {
		x.down.CloseAfter()
	}
	x.complete(resp)
	x.attempts[len(x.attempts)-1].Status = x.Status // what the endpoint answered, whatever the client gets
	x.Page, x.Status = page.Service, resp.Status
	x.guard.Arm(nothing, x.engine.Clock.Now()) // whoever waits for a client watches how fast that is
	defer x.guard.Disarm()
	if err := client.SendPage(x.down, resp, x.encode, page); err != nil {
		x.Reason = reason.ClientClosed
		return Torn, nil
	}
	return Complete, nil
}

// pageMargin is what is left of a request's time for its response, if there is no page.
const pageMargin = 100 * time.Millisecond

// pageInTime waits for a page in place of an endpoint's response, so that there is time for that if there is no page.
func (x *Exchange) pageInTime(p *errorpage.Page) *errorpage.Answer {
	within := time.Duration(0)
	if d := x.Route.Timeouts.Request; d > 0 {
		if within = x.Started + d - x.engine.Clock.Now() - pageMargin; within <= 0 {
			return nil
		}
	}
	return x.getPage(p, within)
}

// drop ends the exchange with an endpoint whose response nobody gets. A connection with a short one can go on.
func (x *Exchange) drop(up upstream.Exchange) {
	content.Drain(up.Content(), rejectedMost, &x.engine.Buffers)
	if up.Content().Ended() {
		x.settle(up)
		x.Ended = 0 // There is still something to be sent to the client.
		return
	}
	x.guard.End(x.number, reason.UpstreamReset) // which one makes no difference
	x.fail(up, nil)
}
