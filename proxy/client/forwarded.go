// SPDX-License-Identifier: Apache-2.0

package client

import (
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
)

// Finding is what a request's fields say of where it comes from.
type Finding struct {
	// Client is the peer's address. If the peer is a trusted proxy, it is the rightmost address in X-Forwarded-For that is
	// not a trusted proxy's.
	Client netip.Addr
	// Secure is set if the client came over HTTPS.
	Secure bool
	// RequestID is the id that a trusted proxy gave the request, or a new one.
	RequestID []byte
	// LogsIn is set if the request logs in the connection that it takes to an endpoint.
	LogsIn bool
	// Marked is set if the request went through a proxy that leaves a mark in CDN-Loop (RFC 8586).
	Marked bool
}

// Resolve finds out where a request comes from. It also replaces the forwarding fields and the request's id. It drops
// those of an untrusted peer before anything can read them. It keeps those of a trusted one and adds to them. What it
// adds is in id and in buf. It returns buf, grown if needed.
func (t Trusted) Resolve(o *Origin, req *message.Request, buf []byte, id *RequestID) (Finding, []byte) {
	found := Finding{Client: o.Peer}
	buf = buf[:0]
	var hasHost, hasPort, hasProto bool
	var said claims
	host := req.Authority
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
			if o.Trusted && !hasHost {
				hasHost, host = true, firstElement(f.Value)
			}
			o.dropUntrusted(f)
		case message.XForwardedPort:
			hasPort = o.Trusted
			o.dropUntrusted(f)
		case message.XForwardedProto:
			hasProto = o.Trusted
			first(&said.proto, claimOfScheme(f.Value))
			o.dropUntrusted(f)
		case message.Forwarded:
			first(&said.forwarded, claimOfForwarded(f.Value))
			o.dropUntrusted(f)
		case message.Authorization:
			found.LogsIn = found.LogsIn || upstream.LogsIn(f.Value)
		case message.CDNLoop:
			found.Marked = true
		case message.XRequestID:
			found.takeRequestID(o, f)
		case message.Other:
			o.takeRelative(f, &said)
		}
	}
	port, encrypts := o.port, o.Secure
	if scheme := said.best(); o.Trusted && scheme != silent {
		port, encrypts = nil, scheme == encrypted // what the proxy used itself does not matter any more
	}
	found.Secure = o.Secure || encrypts
	forwardedFor := o.peerText
	realIP := o.peerText
	if len(buf) > 0 {
		found.Client = t.rightmostUntrusted(buf[:len(buf)-2], o.Peer)
		buf = append(buf, o.peerText...)
		n := len(buf)
		buf = found.Client.AppendTo(buf)
		forwardedFor, realIP = buf[:n:n], buf[n:]
	}
	req.Fields = append(req.Fields,
		message.Field{Name: xForwardedFor, Value: forwardedFor},
		message.Field{Name: xRealIP, Value: realIP})
	if !hasProto {
		req.Fields = append(req.Fields, message.Field{Name: xForwardedProto, Value: schemeOf(encrypts)})
	}
	if !hasPort {
		if len(port) == 0 {
			port = portOf(host, encrypts)
		}
		req.Fields = append(req.Fields, message.Field{Name: xForwardedPort, Value: port})
	}
	if !hasHost && len(req.Authority) > 0 {
		req.Fields = append(req.Fields, message.Field{Name: xForwardedHost, Value: req.Authority})
	}
	found.makeRequestID(req, id)
	return found, buf
}

// TrailersWithoutForwarding drops the forwarding fields from a request's trailers. Nothing here has read them, whoever
// sent them, and some servers merge trailers into the header.
func TrailersWithoutForwarding(trailers []message.Field) []message.Field {
	for i := range trailers {
		f := &trailers[i]
		if f.Kind.Forwarding() || f.Kind == message.Other && relationOf(f.Name) != stranger {
			f.Kind = message.Dropped
		}
	}
	return trailers
}

// takeRelative drops a field of the family that the peer may not send, and takes what any other one says of the scheme.
func (o *Origin) takeRelative(f *message.Field, said *claims) {
	switch relationOf(f.Name) {
	case stranger:
	case member:
		if o.Trusted && len(f.Name) != len(proxyField) {
			said.takeOther(f)
			return
		}
		f.Kind = message.Dropped
	case imitation:
		f.Kind = message.Dropped // The field itself is ours, or is there too.
	}
}

func (o *Origin) dropUntrusted(f *message.Field) {
	if !o.Trusted {
		f.Kind = message.Dropped
	}
}

// rightmostUntrusted reads a list of addresses from the right and skips those of trusted proxies. If an element is not
// an address, all to the left of it is worth nothing. Then the last trusted proxy's own address is the best that is
// known.
func (t Trusted) rightmostUntrusted(list []byte, peer netip.Addr) netip.Addr {
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
		if !t.Has(client) {
			return client
		}
	}
	return client
}

// parseNode reads an address. It may have a port or brackets.
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
