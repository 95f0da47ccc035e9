// SPDX-License-Identifier: Apache-2.0

package message

import (
	"crypto/sha1"
	"encoding/base64"
	"math/rand/v2"
)

// Opening is the part of a WebSocket's opening (RFC 6455, section 4) that HTTP/1.1 has and HTTP/2 has not: a key, and
// the endpoint's proof that it has understood. It is made here where the client speaks HTTP/2 (RFC 8441, section 5).
// The zero value is none, which is answered by anything.
type Opening struct {
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

// Begin adds a key to a request's fields, in the place of any that the client sent: there it has no meaning. It needs
// to be no secret, only to differ from others.
func (o *Opening) Begin(fields []Field) []Field {
	var key [keyBytes]byte
	for i := 0; i < keyBytes; i += 8 {
		bits := rand.Uint64()
		for j := range 8 {
			key[i+j] = byte(bits >> (8 * j))
		}
	}
	base64.StdEncoding.Encode(o.key[:], key[:])
	o.made = true
	DropNamed(fields, secKey)
	return append(fields, Field{Name: secWebSocketKey, Value: o.key[:]})
}

// Finish says whether a 101 answers the handshake, and takes out of it what the client did not ask for.
func (o *Opening) Finish(resp *Response) bool {
	if !o.made {
		return true
	}
	sum := sha1.Sum(append(o.key[:], acceptSuffix...))
	var want [(sha1.Size + 2) / 3 * 4]byte
	base64.StdEncoding.Encode(want[:], sum[:])
	accepted := EqualFold(resp.Upgrade, socketProtocol)
	seen := false
	for i := range resp.Fields {
		if f := &resp.Fields[i]; EqualFold(f.Name, secAccept) {
			accepted = accepted && !seen && string(f.Value) == string(want[:])
			seen = true
		}
	}
	DropNamed(resp.Fields, secAccept)
	return accepted && seen
}

// Taken says whether the client would take a response for the beginning of a tunnel that there is not: to it, a success
// is one.
func (o *Opening) Taken(resp *Response) bool {
	return o.made && 200 <= resp.Status && resp.Status < 300
}
