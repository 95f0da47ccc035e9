// SPDX-License-Identifier: Apache-2.0

package heads

import "github.com/warren-dev/ingress/proxy/message"

// Framing is how the end of a message's content is found (RFC 9112, section 6).
type Framing uint8

// A message's content ends in one of these ways.
const (
	FramedByNothing Framing = iota // there is no content
	FramedByLength                 // Content-Length says where it ends
	FramedByChunks                 // the last chunk ends it, and trailers may follow
	FramedByClose                  // the end of the connection ends it
)

// coding is what Transfer-Encoding says of the content.
type coding uint8

const (
	notCoded      coding = iota
	codedChunked         // chunked, once
	codedIdentity        // identity, once: a word of RFC 2616 for not coded
	codedUnknown         // anything else
)

// signals is what the fields of a head say about the connection and about the end of the content.
type signals struct {
	length    int64 // of Content-Length, or -1
	coding    coding
	closing   bool   // Connection: close
	keepAlive bool   // Connection: keep-alive
	upgrade   []byte // the Upgrade field's value, if Connection lists it
	upgrades  []byte // the Upgrade field's value, whether or not it does
	host      []byte
	hosts     int
	expect    bool // Expect: 100-continue
	trailers  bool // TE: trailers
}

// readSignals collects the framing fields, and marks the fields that Connection names as dropped (RFC 9110, section
// 7.6.1).
func readSignals(fields []message.Field) (signals, error) {
	sig := signals{length: message.UnknownLength}
	codings, connections := 0, 0
	for i := range fields {
		f := &fields[i]
		switch f.Kind {
		case message.Other:
		case message.Host:
			sig.hosts++
			sig.host = f.Value
		case message.ContentLength:
			if sig.length >= 0 {
				return sig, errLengthMany
			}
			n, ok := message.ParseLength(f.Value)
			if !ok {
				return sig, errLengthSyntax
			}
			sig.length = n
		case message.TransferEncoding:
			switch codings++; {
			case codings == 1 && message.EqualFold(f.Value, "chunked"):
				sig.coding = codedChunked
			case codings == 1 && message.EqualFold(f.Value, "identity"):
				sig.coding = codedIdentity
			default:
				sig.coding = codedUnknown
			}
		case message.Connection:
			connections++
		case message.Upgrade:
			sig.upgrades = f.Value
		case message.Expect:
			sig.expect = sig.expect || message.EqualFold(f.Value, "100-continue")
		case message.TE:
			message.Elements(f.Value, func(e []byte) bool {
				sig.trailers = sig.trailers || message.EqualFold(e, "trailers")
				return true
			})
		}
	}
	if sig.coding == codedChunked && sig.length >= 0 {
		return sig, errLengthAndCoding
	}
	if connections == 0 {
		return sig, nil
	}
	options, upgrading := 0, false
	for i := range fields {
		if fields[i].Kind != message.Connection {
			continue
		}
		message.Elements(fields[i].Value, func(option []byte) bool {
			switch {
			case message.EqualFold(option, "close"):
				sig.closing = true
			case message.EqualFold(option, "keep-alive"):
				sig.keepAlive = true
			case message.EqualFold(option, "upgrade"):
				upgrading = true
			default:
				drop(fields, option)
			}
			options++
			return options <= maxConnectionOptions
		})
		if options > maxConnectionOptions {
			return sig, errOptionsMany
		}
	}
	if upgrading {
		sig.upgrade = sig.upgrades
	}
	return sig, nil
}

// drop marks the end-to-end fields of that name. Fields of the connection are left out anyway, and what they say about
// framing holds whether or not Connection names them.
func drop(fields []message.Field, name []byte) {
	for i := range fields {
		if f := &fields[i]; f.Kind.EndToEnd() && message.SameName(f.Name, name) {
			f.Kind = message.Dropped
		}
	}
}
