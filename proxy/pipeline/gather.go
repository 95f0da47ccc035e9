// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"io"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// Gathering is the memory that gathered contents of all requests may take.
type Gathering struct {
	// Limit is in bytes.
	Limit int64
	taken atomic.Int64
}

// take takes n bytes, or returns false.
func (g *Gathering) take(n int) bool {
	if g.taken.Add(int64(n)) > g.Limit {
		g.taken.Add(-int64(n))
		return false
	}
	return true
}

// Taken returns how many bytes are taken.
func (g *Gathering) Taken() int64 { return g.taken.Load() }

// gathered is the content of a request that arrived before an endpoint was asked, from its beginning. It is sent to
// each endpoint that is tried.
type gathered struct {
	memory  *Gathering
	buffers *buffer.Pool
	buf     []byte
	n       int
	// whole is set if there is no more content.
	whole bool
}

// room returns memory for more content, or nil if there is none.
func (g *gathered) room(most int64) []byte {
	if g.n < len(g.buf) {
		return g.buf[g.n:min(int64(len(g.buf)), most)]
	}
	size := buffer.SizeOf(int(min(max(int64(2*g.n), 1), most)))
	if !g.memory.take(size) {
		return nil
	}
	grown := g.buffers.Get(size)
	copy(grown, g.buf[:g.n])
	g.free()
	g.buf = grown
	return g.buf[g.n:min(int64(len(g.buf)), most)]
}

func (g *gathered) free() {
	if g.buf != nil {
		g.memory.taken.Add(-int64(len(g.buf)))
		g.buffers.Put(g.buf)
		g.buf = nil
	}
}

// drop forgets the content.
func (g *gathered) drop() {
	g.free()
	*g = gathered{}
}

// isGathered says whether the request's content is to be gathered. A call's messages are for the endpoint as they come.
func (x *Exchange) isGathered() bool {
	return x.view.Gather > 0 && x.request.HasContent() && len(x.request.Upgrade) == 0 && !x.isCall()
}

// gather waits for as much content as the route gathers. It returns why the request is answered instead of being sent
// on, or None. A content that is whole by then has a length, and no trailers.
func (x *Exchange) gather() (why reason.Reason, detail string) {
	content := x.down.Content()
	if x.request.ExpectContinue {
		x.request.ExpectContinue = false
		if !content.Buffered() {
			if err := x.down.WriteInformational(&message.Response{Status: 100, NoContent: true}); err != nil {
				return reason.ClientClosed, ""
			}
		}
	}
	if !x.guard.Arm(guard.Func(func() { x.down.StopContent() }), x.engine.Clock.Now()) {
		return x.guard.Disarm(), ""
	}
	x.down.AwaitContent()
	x.gathered.memory, x.gathered.buffers = &x.engine.Gathering, &x.engine.Buffers
	why, detail = x.fillGathered(content, x.view.Gather)
	if cause := x.guard.Disarm(); cause != reason.None {
		x.down.ResumeContent()
		why, detail = cause, ""
	}
	return why, detail
}

func (x *Exchange) fillGathered(content message.Reader, most int64) (why reason.Reason, detail string) {
	g, known := &x.gathered, x.request.ContentLength != message.UnknownLength
	var beyond [1]byte
	for !content.Ended() {
		awaitContent(content, nil)
		var room []byte
		switch {
		case int64(g.n) < most:
			room = g.room(most)
		case known:
			return reason.None, ""
		default:
			room = beyond[:]
		}
		if room == nil {
			if known {
				return reason.None, "" // the rest goes on as it comes
			}
			return reason.UpstreamBusy, "too much content of other requests waits to be sent to the service"
		}
		n, err := content.Read(room)
		if err != nil && err != io.EOF {
			contentBroke(x.guard, x.number, err)
			return reason.None, ""
		}
		if int64(g.n) == most && n > 0 {
			return reason.ContentTooLarge, ""
		}
		g.n += n
	}
	g.whole, x.request.ContentLength = true, int64(g.n)
	return reason.None, ""
}

// writeGathered sends what was gathered, from a place on, up to limit bytes. It returns the place after that.
func (x *Exchange) writeGathered(w message.Writer, from, limit int) (int, error) {
	for g := &x.gathered; from < g.n && limit > 0; {
		room, err := w.Room()
		if err != nil {
			return from, err
		}
		n := copy(room, g.buf[from:min(g.n, from+limit)])
		x.kept.add(room[:n])
		if err := w.Advance(n); err != nil {
			return from, err
		}
		from, limit = from+n, limit-n
	}
	return from, nil
}
