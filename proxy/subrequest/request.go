// SPDX-License-Identifier: Apache-2.0

package subrequest

import (
	"context"
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Request is a request of the proxy's own. Its owner sets the fields, calls [Request.Within], and then sends it to one
// endpoint after the other.
type Request struct {
	// Head is the request's head. Its length is that of the content.
	Head message.Request
	// Content sends the content. Nil if there is none.
	Content func(message.Writer) error
	// Read reads what an endpoint answered, and says whether it read all of it, so that the connection can go on. It
	// releases the answer's head when it is done with that. It is not called for a 101.
	Read func(upstream.Exchange) (whole bool)
	// Repeatable is set if the request does no harm twice, whatever its method.
	Repeatable bool
	// LogsIn is set if the request logs in the connection that it takes.
	LogsIn bool
	// Host is the canonical host of the request. Shard is where to look first for a connection.
	Host  []byte
	Shard uint32
	// Connect bounds the making of a connection. 0 is no bound. Limited is set if the number of connections is bounded.
	Connect time.Duration
	Limited bool
	Clock   transport.Clock

	guard  guard.Guard
	stream upstream.Stream // what the exchange is if the connection is shared
	// number is that of the exchange, and timer ends it.
	number uint64
	timer  *time.Timer
}

// Within begins the request, and ends it after d. [Request.Stop] has to be called when it is over.
func (r *Request) Within(d time.Duration) {
	r.number = r.guard.Begin()
	if r.timer == nil {
		r.timer = time.AfterFunc(d, func() { r.guard.End(r.number, reason.UpstreamRequestTimeout) })
		return
	}
	r.timer.Reset(d)
}

// Renew makes a request that is over ready for another use.
func (r *Request) Renew() { r.guard.Renew() }

// Stop stops the time. It returns false if that may end the request even now. Then the request must not be used again.
func (r *Request) Stop() bool { return r.timer.Stop() }

// Late says whether the time was over before the request was.
func (r *Request) Late() bool { return r.guard.Disarm() == reason.UpstreamRequestTimeout }

// Ended says whether the request was ended.
func (r *Request) Ended() bool { return r.guard.Disarm() != reason.None }

// End ends the request, wherever it is. Any goroutine may call it.
func (r *Request) End() {
	r.guard.Shut(reason.NoHealthyTask) // which one makes no difference
}

// SendTo says whether an endpoint answered the request. If an idle connection turns out to have ended, and the request
// does no harm twice, it goes out on a new one.
func (r *Request) SendTo(e *upstream.Endpoint) (answered bool) {
	if e.Follows() {
		e = e.For(r.Host)
		defer e.Leave()
	}
	d := upstream.Demand{
		Timeout: r.Connect, Sole: r.LogsIn, Stream: &r.stream, Shard: r.Shard, Now: r.Clock.Now(),
		Once: !r.Repeatable && (r.Head.HasContent() || !r.Head.Idempotent()), Limited: r.Limited,
	}
	if up := e.Take(d); up != nil {
		answered, again := r.exchange(up)
		if answered || !again {
			return answered
		}
	}
	up := r.dial(e, d)
	if up == nil {
		return false
	}
	answered, _ = r.exchange(up)
	return answered
}

// dial returns a new connection, or nil.
func (r *Request) dial(e *upstream.Endpoint, d upstream.Demand) upstream.Exchange {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if !r.guard.Arm(guard.Func(cancel), r.Clock.Now()) {
		return nil
	}
	up, err := e.Dial(ctx, d)
	ended := r.guard.Disarm() != reason.None
	switch {
	case err != nil:
		return nil
	case ended:
		r.leave(up)
		return nil
	}
	return up
}

// exchange sends the request on a connection and has the answer read. again is set if it may be sent on another one.
func (r *Request) exchange(up upstream.Exchange) (answered, again bool) {
	sole := up.Sole()
	if sole != nil && r.LogsIn {
		sole.Claim(nil) // nobody else's request may come to where this one logged in
	}
	up.StallAfter(0) // the guard bounds the whole
	up.StallWritesAfter(0)
	if !r.guard.Arm(up, r.Clock.Now()) {
		r.leave(up)
		return false, false
	}
	answered, whole := r.converse(up)
	ended := r.guard.Disarm() != reason.None
	if answered && whole && !ended {
		up.EndExchange(true, r.Shard, r.Clock.Now())
		return true, false
	}
	again = !ended && !answered && up.Reused() && !up.Answering() && (!up.Sent() || r.Repeatable || r.Head.Idempotent())
	r.leave(up)
	return answered, again
}

// converse sends the request and has the answer read. whole says whether that was read to its end, so that the
// connection can go on.
func (r *Request) converse(up upstream.Exchange) (answered, whole bool) {
	up.WriteHead(&r.Head)
	var sent error
	if r.Content != nil {
		sent = r.Content(up.Request())
	}
	if sent == nil {
		sent = up.Request().End(nil)
	}
	if err := upstream.ReadFinal(up, r.Head.Method); err != nil { // it may refuse a request that it did not take
		return false, false
	}
	sole := up.Sole()
	if sole != nil && sole.Reused() && !r.Head.HasContent() && sole.Unheard() {
		return false, false // It was sent before the request had arrived, so it is not the answer, which is still to come.
	}
	if sole != nil && upstream.AsksForLogin(up.Response()) {
		sole.Claim(nil)
	}
	if up.Response().Status == 101 { // nobody asked for that, and nothing says where its content ends
		return true, false
	}
	return true, r.Read(up) && sent == nil
}

// leave closes a connection that is of no more use.
func (r *Request) leave(up upstream.Exchange) {
	_ = up.Close()
	up.EndExchange(false, r.Shard, r.Clock.Now())
}

// drained bounds what is read of an answer that nobody wants, to keep its connection. It costs less to make another one
// than to read more.
const drained = 256 << 10

// Drain reads an answer that nobody wants, and says whether it read all of it.
func Drain(up upstream.Exchange, buffers *buffer.Pool) (whole bool) {
	up.ReleaseHead()
	r := up.Content()
	if r.Ended() {
		return true
	}
	buf := buffers.Get(buffer.Small)
	defer buffers.Put(buf)
	for left := drained; left > 0 && !r.Ended(); {
		n, err := r.Read(buf)
		if err != nil && err != io.EOF {
			return false
		}
		left -= n
	}
	return r.Ended()
}
