// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"

	"github.com/warren-dev/ingress/proxy/http1"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/transport"
)

// spliceLeast is the length of content from which on it is cheaper to move it within the kernel than through a buffer.
// Below, the pipe's system calls cost more than the copies.
const spliceLeast = 256 << 10

// Splice moves the rest of a long content from one connection to the other within the kernel. Over TLS it
// cannot. ok says whether it did. The errors say which side failed.
func Splice(w message.Writer, to *transport.TCP, r message.Reader, from *transport.TCP, free *transport.Pipes) (ok bool, readErr, writeErr error) {
	if !transport.CanSplice || to == nil || from == nil {
		return false, nil, nil
	}
	ok, err := http1.Splice(w, r, spliceLeast, func(n int64) (taken, moved int64, err error) {
		return transport.Splice(to, from, n, free)
	})
	if fault, is := errors.AsType[*transport.SpliceFault](err); is {
		return ok, nil, fault.Cause
	}
	return ok, err, nil
}
