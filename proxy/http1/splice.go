// SPDX-License-Identifier: Apache-2.0

package http1

import (
	"io"

	"github.com/warren-dev/ingress/proxy/http1/heads"
	"github.com/warren-dev/ingress/proxy/message"
)

// Splice lets move carry the rest of a content past the buffers of both connections, from the socket that r reads to
// the one that w writes. It does so only if the rest has a length on both sides, is at least least bytes long, and no
// part of it is buffered. move gets the number of bytes. It returns how many it took, and how many of these it carried
// to the other side. ok is whether Splice called move or failed before that.
func Splice(w message.Writer, r message.Reader, least int64, move func(n int64) (taken, moved int64, err error)) (ok bool, err error) {
	to, isWriter := w.(*writer)
	from, isReader := r.(*reader)
	if !isWriter || !isReader {
		return false, nil
	}
	n := from.remaining
	if from.ended || from.framing != heads.FramedByLength || n < least || from.Buffered() ||
		to.framing != heads.FramedByLength || to.remaining != n {
		return false, nil
	}
	if err := to.Flush(); err != nil {
		return true, err
	}
	taken, moved, err := move(n)
	from.remaining -= taken
	to.remaining -= moved
	to.written += moved
	to.sent = to.sent || moved > 0
	from.ended = from.remaining == 0
	if err == nil && !from.ended {
		err = io.ErrUnexpectedEOF
	}
	return true, err
}
