// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"runtime/debug"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// isGathered says whether the request's content is to be gathered. A call's messages are for the endpoint as they
// come, if it can be a call: everybody can claim to make one.
func (x *Exchange) isGathered() bool {
	if x.View.Gather == 0 || !x.Head.HasContent() {
		return false
	}
	p := x.Backend.Pool
	callable := p.H2C || p.TLS.ServerName != ""
	return !callable || !x.isCall()
}

// gather waits for as much content as the route gathers. It returns why the request is answered instead of being sent
// on, or None. A content that is whole by then has a length, and no trailers.
func (x *Exchange) gather() (why reason.Reason, detail string) {
	return x.gatherUpTo(x.View.Gather, x.Head.ContentLength != message.UnknownLength, x.contentMemory())
}

// gatherUpTo waits for the content, or for most bytes of it if its length is known.
func (x *Exchange) gatherUpTo(most int64, known bool, memory buffer.Share) (why reason.Reason, detail string) {
	if x.Head.ExpectContinue {
		x.Head.ExpectContinue = false
		if !x.down.Content().Buffered() {
			if err := x.down.WriteInformational(&continueResponse); err != nil {
				return reason.ClientClosed, ""
			}
		}
	}
	length, why, detail := x.upload.GatherFrom(x.down, x.guard, x.number, x.engine.Clock.Now(), most, known, memory, &x.engine.Buffers)
	if length != message.UnknownLength {
		x.Head.SetLength(length)
	}
	return why, detail
}

// contentMemory is where the exchange takes memory for content. All requests for the services of a namespace share it.
func (x *Exchange) contentMemory() buffer.Share {
	return x.engine.ContentMemory.Share(x.Backend.Pool.ContentMemory)
}

// measure gives the request's content a length, if the client did not say it and all of the content is there.
func (x *Exchange) measure(up upstream.Exchange) error {
	length, err := x.upload.Measure(x.down.Content(), up.Sole() == nil, x.contentMemory(), &x.engine.Buffers)
	if length != message.UnknownLength {
		x.Head.SetLength(length)
		x.Head.ExpectContinue = x.Head.ExpectContinue && x.Head.HasContent()
	}
	return err
}

// send sends the head and the content that is there. Then it starts the upload of the rest.
func (x *Exchange) send(up upstream.Exchange) error {
	x.invited = false
	whole, readErr, writeErr := x.upload.Start(x.down.Content(), up, x.Head.HasContent(), x.keepsContent(), x.contentMemory(), &x.engine.Buffers)
	switch {
	case readErr != nil:
		x.guard.End(x.number, content.Cause(readErr))
		return readErr
	case whole, writeErr != nil:
		return writeErr
	}
	// While the content is on its way, the endpoint has nothing to answer. Its time begins when the upload ends.
	up.StallAfter(0)
	if !x.upload.Resendable() && !x.awaitsContinue() && x.Route.ErrorPages == nil { // A page may depend on the head.
		x.releaseHead()
	}
	if up.Sole() == nil && x.isCall() { // HTTP/1.1 has no calls, whatever the client says
		x.down.LiftSendingRate()
	}
	x.upload.Begin(x.stall)
	go x.runUpload(up, x.guard, x.number)
	return nil
}

// keepsContent says whether content is kept because the endpoint may answer with a status after which it is sent again,
// or not answer at all.
func (x *Exchange) keepsContent() bool { return x.Route.Retry != nil && x.Head.Idempotent() }

// runUpload gets all that it shares with the exchange, beside the upload, as arguments. The exchange waits for the
// upload's end before it goes on to another request.
func (x *Exchange) runUpload(up upstream.Exchange, g *guard.Guard, number uint64) {
	defer x.upload.End()
	defer func() {
		if p := recover(); p != nil {
			x.engine.Logger.Error(fmt.Errorf("%v", p), "panic while sending a request's content", "stack", string(debug.Stack()))
			g.End(number, reason.InternalError)
		}
	}()
	g.Uploading(number, true)
	defer g.Uploading(number, false)
	x.down.AwaitContent()
	if cause := x.upload.Run(x.down.Content(), x.down.Socket(), up, &x.engine.Pipes); cause != reason.None {
		g.End(number, cause)
	}
}

// boundWaits bounds the waits for the response once the upload has ended, or at once if there was none. It returns
// false while the upload runs.
func (x *Exchange) boundWaits(up upstream.Exchange) bool { return x.upload.BoundWaits(up, x.stall) }
