// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"
	"time"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/guard"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// gathered is the content of a request that arrived before an endpoint was asked, from its beginning. It is sent to
// each endpoint that is tried.
type gathered struct {
	memory  buffer.Share
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
	if !g.memory.Take(size) {
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
		g.memory.Give(len(g.buf))
		g.buffers.Put(g.buf)
		g.buf = nil
	}
}

// drop forgets the content.
func (g *gathered) drop() {
	g.free()
	*g = gathered{}
}

// Gathered returns the content that was gathered. It is a view, up to the next call of another method.
func (u *Upload) Gathered() []byte { return u.gathered.buf[:u.gathered.n] }

// GatherFrom gathers the content that a client sends, for the exchange of that number. It returns the content's length
// if that is known now, and else UnknownLength. It also returns why the request is answered instead of being sent on,
// or None, and what replaces that reason's usual text.
func (u *Upload) GatherFrom(
	side client.Side, g *guard.Guard, number uint64, now time.Duration, most int64, known bool, memory buffer.Share, buffers *buffer.Pool,
) (length int64, why reason.Reason, detail string) {
	length = message.UnknownLength
	if !g.Arm(guard.Func(side.StopContent), now) {
		return length, g.Disarm(), ""
	}
	g.Uploading(number, true)
	defer g.Uploading(number, false)
	side.AwaitContent()
	length, why, err := u.gather(side.Content(), most, known, memory, buffers)
	switch {
	case err != nil:
		g.End(number, Cause(err))
	case why == reason.UpstreamBusy:
		detail = "too much content of other requests waits to be sent to the service"
	}
	if cause := g.Disarm(); cause != reason.None {
		side.ResumeContent()
		return length, cause, ""
	}
	return length, why, detail
}

// gather waits until the content is whole or has most bytes. known says whether the client said how long it is: then
// what is more goes on as it comes. Otherwise gather returns why the request is refused. It also returns the length of
// a content that is whole, and UnknownLength for another one. An error is the reader's.
func (u *Upload) gather(
	r message.Reader, most int64, known bool, memory buffer.Share, buffers *buffer.Pool,
) (length int64, why reason.Reason, err error) {
	g := &u.gathered
	if g.buf == nil { // or what is there counts as taken of another share
		g.memory, g.buffers = memory, buffers
	}
	var beyond [1]byte
	for !r.Ended() {
		await(r, nil)
		var room []byte
		switch {
		case int64(g.n) < most:
			room = g.room(most)
		case known:
			return message.UnknownLength, reason.None, nil
		default:
			room = beyond[:]
		}
		if room == nil {
			if known {
				return message.UnknownLength, reason.None, nil
			}
			return message.UnknownLength, reason.UpstreamBusy, nil
		}
		n, err := u.read(r, room)
		if err != nil && err != io.EOF {
			return message.UnknownLength, reason.None, err
		}
		if int64(g.n) == most && n > 0 {
			return message.UnknownLength, reason.ContentTooLarge, nil
		}
		g.n += n
	}
	g.whole = true
	return int64(g.n), reason.None, nil
}
