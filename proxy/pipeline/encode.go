// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// encode returns what the content of a response is written to. If the route's policies want it encoded, none of them
// has said meanwhile that it is, and there is memory for that, it is encoded on its way, and the response's head says
// so.
func (x *Exchange) encode(resp *message.Response, to message.Writer) message.Writer {
	if x.View.Encode == message.Identity || resp.NoContent || message.IsEncoded(resp.Fields) || !x.encoded.Begin(&x.engine.Encoders, x.encoderMemory(), resp, x.View.Encode, to) {
		return to
	}
	return &x.encoded
}

// encoderMemory counts what encoders take for the services of a namespace, or for all routes that ask no service.
func (x *Exchange) encoderMemory() *atomic.Int64 {
	if p := x.Backend.Pool; p != nil {
		return p.EncoderMemory
	}
	return &x.engine.ownEncoders
}

// longestFraming is about the most that stands between the contents of two chunks. Fewer bytes may have none.
const longestFraming = 64

// comes says whether more content of a response has come, as far as the kernel tells. It tells nothing of what is
// encrypted or shares its connection.
func comes(up upstream.Exchange, chunked bool) bool {
	socket := up.Sole().Socket()
	if socket == nil {
		return false
	}
	if chunked {
		return socket.Unread() > longestFraming
	}
	return socket.Unread() > 0
}
