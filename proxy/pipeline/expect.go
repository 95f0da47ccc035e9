// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/attempt"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// An expectation is passed on, so that an endpoint can refuse an upload before it comes. An endpoint that knows no
// expectations answers with 417. To repeat the request without one is the client's to do (RFC 9110, section 10.1.1),
// and we are the endpoint's client: ours cannot know which endpoint it will meet the second time.

// continueResponse asks the client for its content.
var continueResponse = message.Response{Version: message.HTTP11, Status: 100, Reason: []byte("Continue"), NoContent: true}

// withdrawExpectation says whether the endpoint refused the request because of its expectation, and the request can be
// sent again without: nothing was taken of the content. Then the client is asked for the content.
func (x *Exchange) withdrawExpectation(up upstream.Exchange) bool {
	if up.Response().Status != 417 || !x.awaitsContinue() || x.upload.Done() == nil || x.released {
		return false
	}
	x.upload.Stop(x.down)
	if up.Request().Written() > 0 || x.down.Content().Ended() {
		if !x.upload.Sent() {
			x.down.CloseAfter() // the rest of the content cannot be told from a request
		}
		return false
	}
	x.Head.ExpectContinue = false
	x.informed = true
	if err := x.down.WriteInformational(&continueResponse); err != nil {
		x.guard.End(x.number, reason.ClientClosed)
	}
	return true
}

// awaitsContinue says whether the endpoint has not yet said that it wants the content of a client that asked.
func (x *Exchange) awaitsContinue() bool { return x.Head.ExpectContinue && !x.invited }

// leave ends an exchange with an endpoint that is to be asked once more, on another connection: on this one it may
// wait for the content.
func (x *Exchange) leave(up upstream.Exchange) *attempt.Failure {
	cause, _ := x.disarm()
	_ = up.Close()
	up.EndExchange(false, x.Shard, x.engine.Clock.Now())
	x.up = nil
	if cause != reason.None {
		return &attempt.Failure{Reason: cause}
	}
	return &attempt.Failure{Reason: reason.UpstreamReset, Stale: true}
}
