// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// affinityKey returns the hash that the request's endpoint is chosen by. A request that has nothing to be told by gets
// a cookie where the route goes by one, and otherwise any endpoint.
func (x *Exchange) affinityKey(b *snapshot.Balancing) uint64 {
	switch b.HashOn {
	case snapshot.HashOnHeader:
		for i := range x.request.Fields {
			if f := &x.request.Fields[i]; f.Kind != message.Dropped && message.EqualFold(f.Name, b.Name) {
				return balance.Hash(f.Value)
			}
		}
		return balance.Scatter(uint64(x.route.Pool.Turn()))
	case snapshot.HashOnCookie:
		value := cookieValue(x.request.Fields, b.Name)
		if len(value) == 0 {
			value = x.makeCookie(b.Name)
		}
		return balance.Hash(value)
	}
	address := x.Client.As16()
	return balance.Hash(address[:])
}

// cookieValue returns the value of the first cookie of a name (RFC 6265, section 4.2.1).
func cookieValue(fields []message.Field, name string) []byte {
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

// makeCookie gives the client a cookie with the response and returns its value, which is random: it says nothing about
// the endpoint, and which endpoint it leads to is the ring's to say, as long as that endpoint is there.
func (x *Exchange) makeCookie(name string) []byte {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // it never fails
	b := x.cookieBuf[:0]
	b = append(b, name...)
	b = append(b, '=')
	begin := len(b)
	b = base64.RawURLEncoding.AppendEncode(b, secret[:])
	end := len(b)
	b = append(b, "; Path=/; HttpOnly; SameSite=Lax"...)
	if x.Secure {
		b = append(b, "; Secure"...)
	}
	x.cookieBuf, x.cookie = b, b
	return b[begin:end]
}

// setCookie adds the cookie that was made to a response, unless that sets one of the same name itself.
func (x *Exchange) setCookie(resp *message.Response) {
	prefix := x.cookie[:bytes.IndexByte(x.cookie, '=')+1]
	for i := range resp.Fields {
		f := &resp.Fields[i]
		if f.Kind == message.Other && message.EqualFold(f.Name, "set-cookie") && bytes.HasPrefix(f.Value, prefix) {
			return
		}
	}
	resp.Fields = append(resp.Fields, message.Field{Name: setCookieName, Value: x.cookie})
}

var setCookieName = []byte("Set-Cookie")
