package proxy

import (
	"errors"

	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
)

// spliceLeast is the length of content from which on it is cheaper to move it within the kernel than through a
// buffer: below, the pipe's system calls cost more than the copies.
const spliceLeast = 256 << 10

// spliceFault is a failure of the side that takes the content; others are of the side that it comes from.
type spliceFault struct{ err error }

func (f *spliceFault) Error() string { return f.err.Error() }
func (f *spliceFault) Unwrap() error { return f.err }

// spliceContent moves the rest of a long content from one connection to the other without passing it through this
// process. It says whether it took that upon itself, and which side failed. A side without a transport of its own (TLS)
// cannot take part.
func spliceContent(w message.Writer, to *transport, r message.Reader, from *transport, free *pipes) (ok bool, readErr, writeErr error) {
	if !canSplice || to == nil || from == nil {
		return false, nil, nil
	}
	ok, err := http1.Splice(w, r, spliceLeast, func(n int64) (int64, error) { return splice(to, from, n, free) })
	if fault, is := errors.AsType[*spliceFault](err); is {
		return ok, nil, fault.err
	}
	return ok, err, nil
}
