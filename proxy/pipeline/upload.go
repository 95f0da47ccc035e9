// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// upload sends the part of a request's content that did not come with its head. It runs beside the wait for the
// response: an endpoint may answer before it has read everything, and a client may want to read while it writes.
type upload struct {
	// done is closed when the upload ends. Nil if there was no upload.
	done chan struct{}
	// sent is set before that, if the whole content was sent.
	sent bool
	// bounded is set once the exchange noticed the end. It bounds its waits for the response again then.
	bounded bool
	// invited is set once the endpoint asked for the content with a 100.
	invited bool
	// stopping is set once the exchange itself ends the upload.
	stopping atomic.Bool
	// conversation is set from the response's head on, if the exchange is one.
	conversation atomic.Pointer[conversation]

	mu sync.Mutex // guards what follows
	// patience bounds the wait for the response that is on when the upload ends.
	patience time.Duration
	// over is set then.
	over bool
}

// finish bounds the exchange's wait for the response, now that the whole content was sent.
func (u *upload) finish(up upstream.Exchange) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent, u.over = true, true
	if u.patience > 0 {
		up.BoundWait(u.patience)
	}
}

// bound makes a duration the bound of the waits for the response that come after the upload. The exchange calls it
// between two of them.
func (u *upload) bound(up upstream.Exchange, d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.patience = d; u.over {
		up.StallAfter(d)
	}
}

// sentWithHead bounds the content that is sent before the upload of the rest begins. Meanwhile the client may go on
// sending, and the endpoint may wait for somebody to read its response.
const sentWithHead = 64 << 10

// send sends the head and the content that is there, in one write if they fit. Then it starts the upload of the rest.
func (x *Exchange) send(up upstream.Exchange) error {
	content, w := x.down.Content(), up.Request()
	x.upload = upload{}
	again := x.kept.whole()
	if up.Sole() == nil && x.request.HasContent() && !again && !x.gathered.whole {
		x.kept.begin(&x.engine.Buffers)
	}
	if err := x.kept.writeTo(w); err != nil {
		return err
	}
	if up.Sole() != nil {
		x.kept.drop() // Only streams can be refused without a trace.
	}
	sent := x.gathered.n
	if !again {
		var err error
		if sent, err = x.writeGathered(w, 0, sentWithHead); err != nil {
			return err
		}
	}
	for sent == x.gathered.n && !content.Ended() && content.Buffered() && w.Written() < sentWithHead {
		room, err := w.Room()
		if err != nil {
			return err
		}
		n, err := content.Read(room)
		if err != nil && err != io.EOF {
			contentBroke(x.guard, x.number, err)
			return err
		}
		x.kept.add(room[:n])
		if err := w.Advance(n); err != nil {
			return err
		}
	}
	if sent == x.gathered.n && content.Ended() {
		return w.End(client.TrailersWithoutForwarding(content.Trailers()))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	// While the content is on its way, the endpoint has nothing to answer. Its time begins when the upload ends.
	up.StallAfter(0)
	if !x.kept.whole() && !x.gathered.whole {
		x.releaseHead()
	}
	if x.isCall() {
		x.down.LiftRate()
	}
	x.upload.done, x.upload.patience = make(chan struct{}), x.stall
	go x.runUpload(up, sent, x.upload.done, x.guard, x.number)
	return nil
}

// boundWaits bounds the waits for the response once the upload has ended, or at once if there was none. It returns
// false while the upload runs. If a wait was on when the upload ended, the upload itself bounded it.
func (x *Exchange) boundWaits(up upstream.Exchange) bool {
	if x.upload.done == nil || x.upload.bounded {
		return true
	}
	select {
	case <-x.upload.done:
		x.upload.bounded = true
		up.StallAfter(x.stall)
	default:
	}
	return x.upload.bounded
}

// runUpload gets all that it shares with the exchange as arguments. The exchange waits for done before it goes on to
// another request.
func (x *Exchange) runUpload(up upstream.Exchange, sent int, done chan struct{}, g *guard.Guard, number uint64) {
	defer close(done)
	defer func() {
		if p := recover(); p != nil {
			x.engine.Logger.Error(fmt.Errorf("%v", p), "panic while sending a request's content", "stack", string(debug.Stack()))
			g.End(number, reason.InternalError)
		}
	}()
	g.Uploading(number, true)
	defer g.Uploading(number, false)
	x.down.AwaitContent()
	content, w := x.down.Content(), up.Request()
	if sent < x.gathered.n {
		_, err := x.writeGathered(w, sent, x.gathered.n)
		if err == nil && !content.Ended() {
			err = w.Flush()
		}
		if err != nil {
			uploadBroke(g, number, err)
			return
		}
	}
	for !content.Ended() {
		if ok, readErr, writeErr := spliceContent(w, up.Sole().Socket(), content, x.down.Socket(), &x.engine.Pipes); writeErr != nil {
			uploadBroke(g, number, writeErr)
			return
		} else if readErr != nil {
			x.uploadFailed(g, number, readErr)
			return
		} else if ok {
			break
		}
		awaitContent(content, w)
		room, err := w.Room()
		if err != nil {
			uploadBroke(g, number, err)
			return
		}
		n, err := content.Read(room)
		if err != nil && err != io.EOF {
			x.uploadFailed(g, number, err)
			return
		}
		x.upload.conversation.Load().note()
		x.kept.add(room[:n])
		if err := w.Advance(n); err != nil {
			uploadBroke(g, number, err)
			return
		}
		if !content.Ended() {
			if err := w.Flush(); err != nil {
				uploadBroke(g, number, err)
				return
			}
		}
	}
	if err := w.End(client.TrailersWithoutForwarding(content.Trailers())); err != nil {
		uploadBroke(g, number, err)
		return
	}
	x.upload.finish(up)
}

// awaitContent waits for content without holding a buffer, if the reader can. Of many requests that take their time,
// each would hold one otherwise.
func awaitContent(content message.Reader, w message.Writer) {
	waiter, ok := content.(interface{ Await() })
	if !ok || content.Buffered() {
		return
	}
	if w, ok := w.(interface{ Rest() }); ok {
		w.Rest()
	}
	waiter.Await()
}

// uploadFailed ends the exchange because of the client's content, unless the exchange itself ended the upload.
func (x *Exchange) uploadFailed(g *guard.Guard, number uint64, err error) {
	if !x.upload.stopping.Load() {
		contentBroke(g, number, err)
	}
}

// contentBroke ends the exchange because the client's content did not arrive whole and well-formed.
func contentBroke(g *guard.Guard, number uint64, err error) {
	refused, malformed := errors.AsType[*message.Error](err)
	switch {
	case malformed:
		g.End(number, reason.OfStatus(refused.Status))
	case errors.Is(err, os.ErrDeadlineExceeded):
		g.End(number, reason.RequestTimeout)
	default:
		g.End(number, reason.ClientClosed)
	}
}

// uploadBroke ends the exchange only if the endpoint stopped reading. An endpoint that closed the connection may have
// answered.
func uploadBroke(g *guard.Guard, number uint64, err error) {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		g.End(number, reason.UpstreamTimeout)
	}
}

// uploadGrace is how long an upload may take to notice its end once the response has ended.
const uploadGrace = 50 * time.Millisecond

// finishUpload waits for the upload after a whole response. If the endpoint answered without reading everything, it
// ends the upload. It says whether the whole request was sent.
func (x *Exchange) finishUpload() bool {
	if x.upload.done == nil {
		return true
	}
	select {
	case <-x.upload.done:
	default:
		timer := time.NewTimer(uploadGrace)
		defer timer.Stop()
		select {
		case <-x.upload.done:
		case <-timer.C:
			x.guard.End(x.number, reason.UpstreamReset) // this also ends a write that waits for the endpoint
			x.stopUpload()
		}
	}
	return x.upload.sent
}

// stopUpload ends an upload whose endpoint is gone and waits for it.
func (x *Exchange) stopUpload() {
	if x.upload.done == nil {
		return
	}
	select {
	case <-x.upload.done:
	default:
		x.upload.stopping.Store(true)
		x.down.StopContent()
		<-x.upload.done
		x.down.ResumeContent()
	}
}
