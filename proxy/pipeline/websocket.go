// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"crypto/sha1"
	"encoding/base64"
	"math/rand/v2"

	"github.com/warren-dev/ingress/proxy/message"
)

// opening is the part of a WebSocket's opening (RFC 6455, section 4) that HTTP/1.1 has and HTTP/2 has not: a key, and
// the endpoint's proof that it has understood. It is made here where the client speaks HTTP/2 (RFC 8441, section 5).
// The zero value is none, which is answered by anything.
type opening struct {
	made bool
	key  [keyLength]byte
}

const (
	// keyBytes are in a key, keyLength is that of its base64.
	keyBytes  = 16
	keyLength = 24
	// acceptSuffix is what the endpoint appends to the key before it hashes it (RFC 6455, section 1.3).
	acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
	// socketProtocol, secKey and secAccept are compared with names in any case.
	socketProtocol = "websocket"
	secKey         = "sec-websocket-key"
	secAccept      = "sec-websocket-accept"
)

var secWebSocketKey = []byte("Sec-WebSocket-Key")

// begin adds a key to a request's fields, in the place of any that the client sent: there it has no meaning. It needs
// to be no secret, only to differ from others.
func (o *opening) begin(fields []message.Field) []message.Field {
	var key [keyBytes]byte
	for i := 0; i < keyBytes; i += 8 {
		bits := rand.Uint64()
		for j := range 8 {
			key[i+j] = byte(bits >> (8 * j))
		}
	}
	base64.StdEncoding.Encode(o.key[:], key[:])
	o.made = true
	message.DropNamed(fields, secKey)
	return append(fields, message.Field{Name: secWebSocketKey, Value: o.key[:]})
}

// OpenWebSocket adds to a request what the opening of a WebSocket has over HTTP/1.1, where the client asks for one by a
// protocol that has no such opening. The answer is the endpoint's to give as over HTTP/1.1.
func (x *Exchange) OpenWebSocket() {
	if len(x.request.Upgrade) > 0 {
		x.request.Fields = x.opening.begin(x.request.Fields)
	}
}

// finish says whether a 101 answers the handshake, and takes out of it what the client did not ask for.
func (o *opening) finish(resp *message.Response) bool {
	if !o.made {
		return true
	}
	sum := sha1.Sum(append(o.key[:], acceptSuffix...))
	var want [(sha1.Size + 2) / 3 * 4]byte
	base64.StdEncoding.Encode(want[:], sum[:])
	accepted := message.EqualFold(resp.Upgrade, socketProtocol)
	seen := false
	for i := range resp.Fields {
		if f := &resp.Fields[i]; message.EqualFold(f.Name, secAccept) {
			accepted = accepted && !seen && string(f.Value) == string(want[:])
			seen = true
		}
	}
	message.DropNamed(resp.Fields, secAccept)
	return accepted && seen
}

// taken says whether the client would take a response for the beginning of a tunnel that there is not: to it, a success
// is one.
func (o *opening) taken(resp *message.Response) bool {
	return o.made && 200 <= resp.Status && resp.Status < 300
}
