// SPDX-License-Identifier: Apache-2.0

package client

import (
	"bytes"

	"github.com/warren-dev/ingress/proxy/message"
)

var (
	schemeHTTP  = []byte("http")
	schemeHTTPS = []byte("https")
)

// schemeOf returns the scheme of a client that used TLS, or that did not.
func schemeOf(secure bool) []byte {
	if secure {
		return schemeHTTPS
	}
	return schemeHTTP
}

// claim is what a trusted proxy says of the scheme that the client used.
type claim uint8

const (
	// silent: it says nothing of it.
	silent claim = iota
	// plain: the client did not use TLS, or nobody knows what it used.
	plain
	// encrypted: the client used TLS.
	encrypted
)

// claims are what the fields of one request say of the scheme, by how much each is worth. Many proxies write
// X-Forwarded-Proto and pass on whatever else a client sends. So a field counts only if those before it are not there.
type claims struct{ proto, forwarded, other claim }

func (c *claims) best() claim {
	for _, said := range [...]claim{c.proto, c.forwarded, c.other} {
		if said != silent {
			return said
		}
	}
	return silent
}

// schemeFields are the members of the family that tell the scheme, beside X-Forwarded-Proto and Forwarded.
var schemeFields = [...]struct {
	name string
	read func(value []byte) claim
}{
	{"x-forwarded-scheme", claimOfScheme},
	{"x-forwarded-protocol", claimOfScheme},
	{"x-forwarded-ssl", claimOfSwitch},
	{"front-end-https", claimOfSwitch},
	{"cloudfront-forwarded-proto", claimOfScheme},
	{"x-url-scheme", claimOfScheme},
	{"x-scheme", claimOfScheme},
}

// takeOther takes what a member of the family says of the scheme, if it does.
func (c *claims) takeOther(f *message.Field) {
	for i := range schemeFields {
		if message.EqualFold(f.Name, schemeFields[i].name) {
			first(&c.other, schemeFields[i].read(f.Value))
		}
	}
}

// first keeps the claim of the first field of a name. Each proxy appends to what it got, so the first one knows the
// client best.
func first(kept *claim, said claim) {
	if *kept == silent {
		*kept = said
	}
}

// firstElement returns the first element of a list, without the white space around it.
func firstElement(value []byte) (element []byte) {
	message.Elements(value, func(e []byte) bool {
		element = e
		return false
	})
	return element
}

// claimOfScheme reads a list of schemes. Some proxies name the protocol instead: ssl, or wss for a WebSocket.
func claimOfScheme(value []byte) claim {
	switch scheme := firstElement(value); {
	case len(scheme) == 0:
		return silent
	case message.EqualFold(scheme, "https"), message.EqualFold(scheme, "wss"), message.EqualFold(scheme, "ssl"):
		return encrypted
	}
	return plain
}

// claimOfSwitch reads a field that is on if the client used TLS.
func claimOfSwitch(value []byte) claim {
	switch {
	case len(value) == 0:
		return silent
	case message.EqualFold(value, "on"), message.EqualFold(value, "1"):
		return encrypted
	}
	return plain
}

// claimOfForwarded reads the proto parameter of the first element of a Forwarded field (RFC 7239, section 5.4). A
// quoted comma or semicolon in another parameter ends the search early, and no scheme has one.
func claimOfForwarded(value []byte) claim {
	for rest := firstElement(value); len(rest) > 0; {
		var pair []byte
		pair, rest, _ = bytes.Cut(rest, []byte(";"))
		if name, scheme, ok := bytes.Cut(pair, []byte("=")); ok && message.EqualFold(message.TrimSpace(name), "proto") {
			return claimOfScheme(bytes.Trim(message.TrimSpace(scheme), `"`))
		}
	}
	return silent
}
