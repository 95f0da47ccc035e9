// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"bytes"
	"net/netip"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/upstream"
)

var (
	xForwardedFor   = []byte("X-Forwarded-For")
	xForwardedHost  = []byte("X-Forwarded-Host")
	xForwardedPort  = []byte("X-Forwarded-Port")
	xForwardedProto = []byte("X-Forwarded-Proto")
	xRealIP         = []byte("X-Real-IP")

	schemeHTTP  = []byte("http")
	schemeHTTPS = []byte("https")
)

// resolveClient finds the address of the client (the peer's, or where the peer is a trusted proxy the rightmost address
// in X-Forwarded-For that is not a trusted proxy's), whether it came over HTTPS, and replaces the forwarding fields,
// and the request's id: those of an untrusted peer are dropped before anything can read them, those of a trusted one
// are kept and added to.
func (x *Exchange) resolveClient() {
	o, req := x.origin, &x.request
	x.Client, x.Secure = o.Peer, o.Secure
	buf := x.forwardedBuf[:0]
	var hasHost, hasPort, hasProto bool
	for i := range req.Fields {
		f := &req.Fields[i]
		switch f.Kind {
		case message.XForwardedFor:
			if o.Trusted && len(f.Value) > 0 {
				// Several fields mean one list (RFC 9110, section 5.3).
				buf = append(buf, f.Value...)
				buf = append(buf, ", "...)
			}
			f.Kind = message.Dropped
		case message.XRealIP:
			f.Kind = message.Dropped
		case message.XForwardedHost:
			hasHost = o.Trusted
			o.dropUntrusted(f)
		case message.XForwardedPort:
			hasPort = o.Trusted
			o.dropUntrusted(f)
		case message.XForwardedProto:
			hasProto = o.Trusted
			x.Secure = x.Secure || o.Trusted && message.EqualFold(f.Value, "https")
			o.dropUntrusted(f)
		case message.Forwarded:
			o.dropUntrusted(f)
		case message.Authorization:
			x.logsIn = x.logsIn || upstream.LogsIn(f.Value)
		case message.CDNLoop:
			x.marked = true
		case message.XRequestID:
			x.takeRequestID(f)
		case message.Other:
			if imitatesForwarding(f.Name) {
				f.Kind = message.Dropped
			}
		}
	}
	forwardedFor := o.peerText
	realIP := o.peerText
	if len(buf) > 0 {
		x.Client = x.engine.rightmostUntrusted(buf[:len(buf)-2], o.Peer)
		buf = append(buf, o.peerText...)
		n := len(buf)
		buf = x.Client.AppendTo(buf)
		forwardedFor, realIP = buf[:n:n], buf[n:]
	}
	req.Fields = append(req.Fields,
		message.Field{Name: xForwardedFor, Value: forwardedFor},
		message.Field{Name: xRealIP, Value: realIP})
	if !hasProto {
		req.Fields = append(req.Fields, message.Field{Name: xForwardedProto, Value: o.scheme})
	}
	if !hasPort {
		req.Fields = append(req.Fields, message.Field{Name: xForwardedPort, Value: o.port})
	}
	if !hasHost && len(req.Authority) > 0 {
		req.Fields = append(req.Fields, message.Field{Name: xForwardedHost, Value: req.Authority})
	}
	x.forwardedBuf = buf
	x.makeRequestID()
}

// trailersWithoutForwarding drops the forwarding fields from a request's trailers: whoever sent them, nothing here has
// read them, and there are servers that merge trailers into the header.
func trailersWithoutForwarding(trailers []message.Field) []message.Field {
	for i := range trailers {
		f := &trailers[i]
		if f.Kind.Forwarding() || f.Kind == message.Other && imitatesForwarding(f.Name) {
			f.Kind = message.Dropped
		}
	}
	return trailers
}

func (o *Origin) dropUntrusted(f *message.Field) {
	if !o.Trusted {
		f.Kind = message.Dropped
	}
}

// imitatesForwarding says whether a name is a forwarding field's but for underscores in the place of hyphens. Programs
// that get fields as CGI's variables (RFC 3875, section 4.1.18) take it for the field itself, whoever sent it.
func imitatesForwarding(name []byte) bool {
	var hyphenated [len("X-Forwarded-Proto")]byte
	if len(name) < len("X-Real-IP") || len(name) > len(hyphenated) || name[0]|0x20 != 'x' || bytes.IndexByte(name, '_') < 0 {
		return false
	}
	for i, c := range name {
		if c == '_' {
			c = '-'
		}
		hyphenated[i] = c
	}
	return message.KindOf(hyphenated[:len(name)]) != message.Other
}

// rightmostUntrusted reads a list of addresses from the right, past those of trusted proxies. Where an element is no
// address, whatever is left of it is worth nothing: the last trusted proxy's own address is the best that is known.
func (g *Engine) rightmostUntrusted(list []byte, peer netip.Addr) netip.Addr {
	client := peer
	for end := len(list); end >= 0; {
		begin := end
		for begin > 0 && list[begin-1] != ',' {
			begin--
		}
		node := message.TrimSpace(list[begin:end])
		end = begin - 1
		if len(node) == 0 {
			continue // an empty element is none (RFC 9110, section 5.6.1.2)
		}
		address, ok := parseNode(node)
		if !ok {
			return client
		}
		client = address
		if !g.Trusts(client) {
			return client
		}
	}
	return client
}

// parseNode reads an address, with a port or brackets where somebody put them.
func parseNode(b []byte) (netip.Addr, bool) {
	s := string(b)
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		if a, err := netip.ParseAddr(s[1 : n-1]); err == nil {
			return a.Unmap().WithZone(""), true
		}
	}
	return netip.Addr{}, false
}
