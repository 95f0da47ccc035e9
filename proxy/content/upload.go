// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Upload is the content of a request on its way. It may be gathered before an endpoint is asked. Each endpoint then
// gets what is there with the head, by Start. What did not come with its head is sent by Run. That runs beside the
// wait for the response: an endpoint may answer before it has read everything, and a client may want to read while it
// writes. Run and End are for a goroutine of their own. All other methods are for the one that waits for the response.
type Upload struct {
	// Limit bounds the content, in bytes. No endpoint sees more of it. 0 is for no bound.
	Limit int64
	// Changes are made to the trailers.
	Changes []func([]message.Field)
	// tees get the content too. Nil for nobody.
	tees     []*Tee
	kept     kept
	gathered gathered
	attempt
}

// attempt is what is known of the way to one endpoint.
type attempt struct {
	// place is up to where the gathered content was sent.
	place int
	// done is closed when the upload ends. Nil if there was no upload.
	done chan struct{}
	// sent is set before that, if the whole content was sent.
	sent bool
	// bounded is set once the exchange noticed the end. It bounds its waits for the response again then.
	bounded bool
	// answered is set once the endpoint has answered.
	answered bool
	// stopping is set once the exchange itself ends the upload.
	stopping atomic.Bool
	// conversation is set once the response begins while the upload runs, if anybody times both.
	conversation atomic.Pointer[Conversation]

	mu sync.Mutex // guards what follows
	// patience bounds the wait for the response that is on when the upload ends.
	patience time.Duration
	// over is set then.
	over bool
}

// sentWithHead bounds the content that is sent before the upload of the rest begins. Meanwhile the client may go on
// sending, and the endpoint may wait for somebody to read its response.
const sentWithHead = 64 << 10

// Start begins with another endpoint. It sends the head, which is pending, and the content that is there, in one
// write if they fit. With keep it keeps the content, whatever the endpoint speaks. whole says whether that was all.
// The errors say which side failed.
func (u *Upload) Start(
	r message.Reader, up upstream.Exchange, hasContent, keep bool, memory buffer.Share, buffers *buffer.Pool,
) (whole bool, readErr, writeErr error) {
	w := up.Request()
	u.attempt = attempt{}
	if !hasContent { // or it was found to be empty
		u.endTees(TeeWhole)
		return true, nil, w.End(nil)
	}
	if u.exceeds(int64(u.gathered.n)) {
		return false, errTooLong, nil
	}
	keep = keep || up.Sole() == nil // Only streams can be refused without a trace.
	if keep && !u.Resendable() {
		u.kept.begin(memory, buffers)
	}
	if err := u.kept.writeTo(w); err != nil {
		return false, nil, err
	}
	u.place = min(u.kept.n, u.gathered.n) // what is kept begins with what was gathered, or with its beginning
	if !keep {
		u.kept.drop()
	}
	if err := u.sendGathered(w, sentWithHead-u.place); err != nil {
		return false, nil, err
	}
	for u.place == u.gathered.n && !r.Ended() && r.Buffered() && w.Written() < sentWithHead {
		if readErr, writeErr := u.pass(r, w); readErr != nil || writeErr != nil {
			return false, readErr, writeErr
		}
	}
	if u.place == u.gathered.n && r.Ended() {
		u.endTees(TeeWhole)
		return true, nil, w.End(u.trailers(r))
	}
	return false, nil, w.Flush()
}

// sendGathered sends on what was gathered, at most limit bytes.
func (u *Upload) sendGathered(w message.Writer, limit int) error {
	for g := &u.gathered; u.place < g.n && limit > 0; {
		room, err := w.Room()
		if err != nil {
			return err
		}
		n := copy(room, g.buf[u.place:min(g.n, u.place+limit)])
		u.kept.add(room[:n])
		if err := w.Advance(n); err != nil {
			return err
		}
		u.place, limit = u.place+n, limit-n
	}
	return nil
}

// pass reads a piece of content and sends it on.
func (u *Upload) pass(r message.Reader, w message.Writer) (readErr, writeErr error) {
	room, err := w.Room()
	if err != nil {
		return nil, err
	}
	n, err := u.read(r, room)
	if err != nil && err != io.EOF {
		return err, nil
	}
	if u.exceeds(w.Written() + int64(n)) {
		return errTooLong, nil
	}
	u.conversation.Load().Note()
	u.kept.add(room[:n])
	return nil, w.Advance(n)
}

var errTooLong = &message.Error{Status: 413, Detail: "the content is longer than the rule allows"}

// exceeds says whether a content of that length is too long.
func (u *Upload) exceeds(length int64) bool { return u.Limit > 0 && length > u.Limit }

// Begin makes the upload of the rest begin. patience bounds the wait for the response that is on when it ends.
func (u *Upload) Begin(patience time.Duration) { u.done, u.patience = make(chan struct{}), patience }

// Run sends the rest. socket is the client's connection, if the content can be spliced from it, or nil. Run returns
// why the exchange is to be ended, or None. Whoever calls it calls End after it.
func (u *Upload) Run(r message.Reader, socket *transport.TCP, up upstream.Exchange, pipes *transport.Pipes) reason.Reason {
	readErr, writeErr := u.run(r, socket, up, pipes)
	switch {
	case errors.Is(writeErr, os.ErrDeadlineExceeded):
		return reason.UpstreamTimeout
	case writeErr != nil:
		return reason.None // An endpoint that closed the connection may have answered.
	case readErr != nil && !u.stopping.Load():
		return Cause(readErr)
	}
	return reason.None
}

func (u *Upload) run(r message.Reader, socket *transport.TCP, up upstream.Exchange, pipes *transport.Pipes) (readErr, writeErr error) {
	w := up.Request()
	if u.place < u.gathered.n {
		err := u.sendGathered(w, u.gathered.n)
		if err == nil && !r.Ended() {
			err = w.Flush()
		}
		if err != nil {
			return nil, err
		}
	}
	for !r.Ended() {
		if !u.teed() && !u.kept.whole() {
			if ok, readErr, writeErr := Splice(w, up.Sole().Socket(), r, socket, pipes); readErr != nil || writeErr != nil {
				return readErr, writeErr
			} else if ok {
				break
			}
		}
		await(r, w)
		if readErr, writeErr := u.pass(r, w); readErr != nil || writeErr != nil {
			return readErr, writeErr
		}
		if !r.Ended() {
			if err := w.Flush(); err != nil {
				return nil, err
			}
		}
	}
	u.endTees(TeeWhole)
	if err := w.End(u.trailers(r)); err != nil {
		return nil, err
	}
	u.finish(up)
	return nil, nil
}

// trailers returns those that go on. A content that was gathered whole has a length, and so no trailers.
func (u *Upload) trailers(r message.Reader) []message.Field {
	if u.gathered.whole {
		return nil
	}
	trailers := client.TrailersWithoutForwarding(r.Trailers())
	for _, change := range u.Changes {
		change(trailers)
	}
	return trailers
}

// finish bounds the exchange's wait for the response, now that the whole content was sent.
func (u *Upload) finish(up upstream.Exchange) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent, u.over = true, true
	if u.patience > 0 {
		up.BoundWait(u.patience)
	}
}

// End ends the upload.
func (u *Upload) End() { close(u.done) }

// await waits for content without holding a buffer, if the reader can. Of many requests that take their time, each
// would hold one otherwise.
func await(r message.Reader, w message.Writer) {
	waiter, ok := r.(interface{ Await() })
	if !ok || r.Buffered() {
		return
	}
	if w, ok := w.(interface{ Rest() }); ok {
		w.Rest()
	}
	waiter.Await()
}

// Cause returns why an exchange ends if reading the client's content failed.
func Cause(err error) reason.Reason {
	refused, malformed := errors.AsType[*message.Error](err)
	switch {
	case malformed:
		return reason.OfStatus(refused.Status)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return reason.RequestTimeout
	}
	return reason.ClientClosed
}

// Done is closed when the upload ends. It is nil if there was none.
func (u *Upload) Done() <-chan struct{} { return u.done }

// Sent says whether the whole content was sent, once the upload has ended.
func (u *Upload) Sent() bool { return u.done == nil || u.sent }

// BoundWaits makes d the bound of the waits for the response, once the upload has ended. It returns false while the
// upload runs, and true after that or if there was none. If a wait was on when the upload ended, the upload itself
// bounded it.
func (u *Upload) BoundWaits(up upstream.Exchange, d time.Duration) bool {
	if u.done == nil || u.bounded {
		return true
	}
	select {
	case <-u.done:
		u.bounded = true
		up.StallAfter(d)
		u.forget()
	default:
	}
	return u.bounded
}

// SetPatience makes d the bound of the waits for the response that come after the upload. The exchange calls it
// between two of them.
func (u *Upload) SetPatience(up upstream.Exchange, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.patience = d; u.over {
		up.StallAfter(d)
	}
}

// stops notes that the exchange itself ends the upload. It returns false if there is none to end.
func (u *Upload) stops() bool {
	if u.done == nil {
		return false
	}
	select {
	case <-u.done:
		return false
	default:
		u.stopping.Store(true)
		return true
	}
}

// Stop ends an upload from a client whose endpoint is gone, and waits for it.
func (u *Upload) Stop(from client.Side) {
	if u.stops() {
		from.StopContent()
		<-u.done
		from.ResumeContent()
	}
}

// grace is how long an upload may take to notice its end once the response has ended.
const grace = 50 * time.Millisecond

// Finish waits for the upload from a client after a whole response. If the endpoint answered without reading
// everything, it ends the upload, and the exchange of that number, so that a write that waits for the endpoint ends
// too. It says whether the whole request was sent.
func (u *Upload) Finish(from client.Side, g *guard.Guard, number uint64) bool {
	if u.done == nil {
		return true
	}
	select {
	case <-u.done:
	default:
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-u.done:
		case <-timer.C:
			g.End(number, reason.UpstreamReset)
			u.Stop(from)
		}
	}
	return u.sent
}

// Uploaded says whether the whole content was sent, now.
func (u *Upload) Uploaded() bool {
	select {
	case <-u.done:
		return u.sent
	default:
		return u.done == nil
	}
}

// Resendable says whether all that was sent of the content is still there.
func (u *Upload) Resendable() bool { return u.kept.whole() || u.gathered.whole }

// Answered forgets what no other endpoint will get, because this one has answered. What the upload still sends is
// forgotten once it has ended.
func (u *Upload) Answered() {
	u.kept.drop()
	u.answered = true
	u.forget()
}

// forget forgets the gathered content, once the endpoint has answered and no upload needs it. A response may last.
func (u *Upload) forget() {
	if u.answered && (u.done == nil || u.bounded) {
		u.gathered.drop()
	}
}

// Drop forgets the content.
func (u *Upload) Drop() {
	u.endTees(TeeTorn)
	u.kept.drop()
	u.gathered.drop()
}
