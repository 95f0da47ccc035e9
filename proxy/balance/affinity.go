// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"bytes"
	cryptorand "crypto/rand"
	"encoding/base64"
	"math/rand/v2"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Client is what is known of the client of a request.
type Client struct {
	Address netip.Addr
	// Secure is set if the client came over HTTPS.
	Secure bool
}

// Affinity returns the hash that a request's backend and endpoint are chosen by. If the route goes by a cookie and the
// request has none, it makes one. If the route goes by a header field and the request has none, the hash is random.
// cookie is the value of Set-Cookie, in buf, which grows as needed. It is nil if no cookie was made.
func Affinity(b *snapshot.Balancing, from Client, fields []message.Field, buf []byte) (hash uint64, cookie []byte) {
	switch b.HashOn {
	case snapshot.HashOnHeader:
		for i := range fields {
			if f := &fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, b.Name) {
				return Hash(f.Value), nil
			}
		}
		return rand.Uint64(), nil
	case snapshot.HashOnCookie:
		value := CookieValue(fields, b.Name)
		if len(value) == 0 {
			value, cookie = makeCookie(b.Name, from.Secure, buf)
		}
		return Hash(value), cookie
	}
	address := from.Address.As16()
	return Hash(address[:]), nil
}

// CookieValue returns the value of the first cookie of a name (RFC 6265, section 4.2.1).
func CookieValue(fields []message.Field, name string) []byte {
	for i := range fields {
		f := &fields[i]
		if f.Kind != message.Other || !message.EqualFold(f.Name, "cookie") {
			continue
		}
		for rest := f.Value; len(rest) > 0; {
			var pair []byte
			pair, rest, _ = bytes.Cut(rest, semicolon)
			if pair = message.TrimSpace(pair); len(pair) > len(name) && pair[len(name)] == '=' && string(pair[:len(name)]) == name {
				return pair[len(name)+1:]
			}
		}
	}
	return nil
}

var semicolon = []byte(";")

// makeCookie makes a cookie. Its value is random and says nothing about the endpoint: the ring leads it to the same
// endpoint, as long as that is there. It returns the value, and the value of Set-Cookie.
func makeCookie(name string, secure bool, buf []byte) (value, cookie []byte) {
	var secret [16]byte
	_, _ = cryptorand.Read(secret[:]) // it never fails
	b := buf[:0]
	b = append(b, name...)
	b = append(b, '=')
	begin := len(b)
	b = base64.RawURLEncoding.AppendEncode(b, secret[:])
	end := len(b)
	b = append(b, "; Path=/; HttpOnly; SameSite=Lax"...)
	if secure {
		b = append(b, "; Secure"...)
	}
	return b[begin:end], b
}

// SetCookie adds a cookie that [Affinity] made to a response. It adds none if the response sets one of that name
// itself.
func SetCookie(resp *message.Response, cookie []byte) {
	prefix := cookie[:bytes.IndexByte(cookie, '=')+1]
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind == message.Other && message.EqualFold(f.Name, "set-cookie") && bytes.HasPrefix(f.Value, prefix) {
			return
		}
	}
	resp.Fields = append(resp.Fields, message.Field{Name: setCookieName, Value: cookie})
}

var setCookieName = []byte("Set-Cookie")
