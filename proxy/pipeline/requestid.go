// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"

	"github.com/warren-dev/ingress/proxy/message"
)

var xRequestID = []byte("X-Request-Id")

// maxRequestID is the longest id that is taken over.
const maxRequestID = 128

// takeRequestID keeps the id that a trusted proxy gave the request. Any other field of the name is dropped: an id that
// clients choose would lead whoever looks for it in a log to other requests.
func (x *Exchange) takeRequestID(f *message.Field) {
	if !x.origin.Trusted || x.RequestID != nil || len(f.Value) == 0 || len(f.Value) > maxRequestID {
		f.Kind = message.Dropped
		return
	}
	x.RequestID = f.Value
}

// makeRequestID gives the request an id if it has none: 128 random bits in hexadecimal, as much as a trace id.
func (x *Exchange) makeRequestID() {
	if x.RequestID != nil {
		return
	}
	var bits [16]byte
	binary.BigEndian.PutUint64(bits[:8], rand.Uint64())
	binary.BigEndian.PutUint64(bits[8:], rand.Uint64())
	hex.Encode(x.idBuf[:], bits[:])
	x.RequestID = x.idBuf[:]
	x.request.Fields = append(x.request.Fields, message.Field{Name: xRequestID, Value: x.RequestID, Kind: message.XRequestID})
}
