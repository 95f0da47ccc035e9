// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"encoding/binary"
	"net/netip"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/warren-dev/ingress/proxy/authservice/wire"
	"github.com/warren-dev/ingress/proxy/message"
)

// The messages of Envoy's external authorization (envoy/service/auth/v3/external_auth.proto, attribute_context.proto)
// are written and read here by the numbers of their fields. Their Go types would bring half of Envoy's API along.

var (
	checkPath     = []byte("/envoy.service.auth.v3.Authorization/Check")
	contentType   = []byte("Content-Type")
	typeOfGRPC    = []byte("application/grpc")
	grpcTimeout   = []byte("Grpc-Timeout")
	userAgent     = []byte("User-Agent")
	ourUserAgent  = []byte("warren-ingress")
	partialBody   = "x-envoy-auth-partial-body"
	notPartial    = "false"
	lastTimeValue = 99999999 // the longest number that a Grpc-Timeout may have
)

// grpcPrefix is the length of what each message begins with: one byte that says whether it is compressed, and four for
// its length (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
const grpcPrefix = 5

// The numbers of the fields.
const (
	checkRequestAttributes = 1

	attributesSource  = 1
	attributesRequest = 4

	peerAddress   = 1
	socketAddress = 1
	socketAt      = 2
	socketPort    = 3

	requestTime = 1
	requestHTTP = 2

	timeSeconds = 1
	timeNanos   = 2

	httpID       = 1
	httpMethod   = 2
	httpHeaders  = 3
	httpPath     = 4
	httpHost     = 5
	httpScheme   = 6
	httpSize     = 9
	httpProtocol = 10
	httpBody     = 11
	httpRawBody  = 12

	entryKey   = 1
	entryValue = 2
)

// makeCall makes the call that a service of gRPC is asked by.
func (a *ask) makeCall() {
	s, v := a.service, a.view
	begin := len(a.memory)
	a.memory = append(a.memory, make([]byte, grpcPrefix)...)
	a.appendCheckRequest()
	binary.BigEndian.PutUint32(a.memory[begin+1:], uint32(len(a.memory)-begin-grpcPrefix))
	call := a.memory[begin:len(a.memory):len(a.memory)]

	head := &a.request.Head
	head.Version, head.Method, head.Path, head.Query = message.HTTP2, methodPost, checkPath, nil
	if head.Authority = s.host; len(s.host) == 0 {
		head.Authority = v.Host
	}
	head.ContentLength, head.AcceptsTrailers = message.UnknownLength, true
	a.add(contentType, typeOfGRPC)
	a.add(userAgent, ourUserAgent)
	a.add(grpcTimeout, a.make(func(to []byte) []byte { return appendTimeout(to, s.timeout) }))
	for i := range v.Request.Fields {
		if f := &v.Request.Fields[i]; f.Kind == message.CDNLoop || f.Kind == message.Traceparent || f.Kind == message.Tracestate {
			head.Fields = append(head.Fields, *f)
		}
	}
	if len(s.mark.Value) > 0 {
		head.Fields = append(head.Fields, s.mark)
	}
	for i := range s.fields {
		f := &s.fields[i]
		a.add(f.name, a.make(func(to []byte) []byte { return f.value.Append(to, v) }))
	}
	a.request.Content = func(w message.Writer) error { return message.Write(w, call) }
}

// appendTimeout appends a time as a call says how long its client waits.
func appendTimeout(to []byte, d time.Duration) []byte {
	return append(appendNumber(to, min(max(int64(d/time.Millisecond), 1), int64(lastTimeValue))), 'm')
}

func appendNumber(to []byte, n int64) []byte {
	if n >= 10 {
		to = appendNumber(to, n/10)
	}
	return append(to, byte('0'+n%10))
}

// appendCheckRequest appends a CheckRequest to the memory.
func (a *ask) appendCheckRequest() {
	a.inside(checkRequestAttributes, func() {
		v := a.view
		a.inside(attributesSource, func() { a.appendAddress(v.Client) })
		a.inside(attributesRequest, func() {
			a.inside(requestTime, func() {
				a.number(timeSeconds, uint64(v.Now.Unix()))
				a.number(timeNanos, uint64(v.Now.Nanosecond()))
			})
			a.inside(requestHTTP, a.appendHTTP)
		})
	})
}

func (a *ask) appendAddress(client netip.Addr) {
	a.inside(peerAddress, func() {
		a.inside(socketAddress, func() {
			a.inside(socketAt, func() { a.memory = client.AppendTo(a.memory) })
			a.memory = protowire.AppendTag(a.memory, socketPort, protowire.VarintType)
			a.memory = protowire.AppendVarint(a.memory, 0)
		})
	})
}

func (a *ask) appendHTTP() {
	v := a.view
	req := v.Request
	if id, ok := message.First(req.Fields, "x-request-id"); ok {
		a.bytes(httpID, id)
	}
	a.bytes(httpMethod, req.Method)
	a.entry(":method", req.Method)
	a.inside(httpHeaders, func() {
		a.text(entryKey, ":path")
		a.inside(entryValue, a.appendTarget)
	})
	a.entry(":authority", req.Authority)
	a.entry(":scheme", schemeOf(v))
	a.appendHeaders()
	a.inside(httpPath, a.appendTarget)
	a.bytes(httpHost, req.Authority)
	a.bytes(httpScheme, schemeOf(v))
	if req.ContentLength != 0 {
		a.number(httpSize, uint64(req.ContentLength))
	}
	a.text(httpProtocol, req.Version.String())
	if len(a.content) == 0 {
		return
	}
	if utf8.Valid(a.content) {
		a.bytes(httpBody, a.content)
	} else {
		a.memory = protowire.AppendBytes(protowire.AppendTag(a.memory, httpRawBody, protowire.BytesType), a.content)
	}
}

func (a *ask) appendTarget() {
	a.memory = append(append(a.memory, a.view.Path...), a.view.Request.Query...)
}

// appendHeaders appends the fields of the request that the service gets, those of one name in one entry.
func (a *ask) appendHeaders() {
	s, fields := a.service, a.view.Request.Fields
	for i := range fields {
		f := &fields[i]
		if !s.sends(f) || isLater(fields[:i], f, s) {
			continue
		}
		a.inside(httpHeaders, func() {
			a.inside(entryKey, func() {
				for _, c := range f.Name {
					if 'A' <= c && c <= 'Z' {
						c |= 0x20
					}
					a.memory = append(a.memory, c)
				}
			})
			a.inside(entryValue, func() {
				a.memory = wire.AppendText(a.memory, f.Value)
				separator := ","
				if message.EqualFold(f.Name, "cookie") {
					separator = "; "
				}
				for j := i + 1; j < len(fields); j++ {
					if next := &fields[j]; message.SameName(next.Name, f.Name) && s.sends(next) {
						a.memory = wire.AppendText(append(a.memory, separator...), next.Value)
					}
				}
			})
		})
	}
	if len(a.content) > 0 {
		a.inside(httpHeaders, func() {
			a.text(entryKey, partialBody)
			a.text(entryValue, notPartial)
		})
	}
}

// isLater says whether a field of the same name is among those before it.
func isLater(before []message.Field, f *message.Field, s *Service) bool {
	for i := range before {
		if message.SameName(before[i].Name, f.Name) && s.sends(&before[i]) {
			return true
		}
	}
	return false
}

// sends says whether a service of gRPC gets a field of the request.
func (s *Service) sends(f *message.Field) bool {
	switch {
	case !f.Kind.EndToEnd(), f.Kind == message.Trailer, message.EqualFold(f.Name, partialBody):
		return false
	case s.all, message.KindOf(f.Name).Forwarding():
		return true
	}
	return among(f.Name, s.forward) || among(f.Name, choosing)
}

// inside appends a field with a length, which make appends the inside of.
func (a *ask) inside(field protowire.Number, make func()) {
	a.memory = protowire.AppendTag(a.memory, field, protowire.BytesType)
	begin := len(a.memory)
	a.memory = append(a.memory, 0) // enough for most
	make()
	n := len(a.memory) - begin - 1
	more := protowire.SizeVarint(uint64(n)) - 1
	for range more {
		a.memory = append(a.memory, 0)
	}
	if more > 0 {
		copy(a.memory[begin+1+more:], a.memory[begin+1:begin+1+n])
	}
	protowire.AppendVarint(a.memory[:begin], uint64(n))
}

func (a *ask) bytes(field protowire.Number, value []byte) {
	if len(value) == 0 {
		return
	}
	a.inside(field, func() { a.memory = wire.AppendText(a.memory, value) })
}

func (a *ask) text(field protowire.Number, value string) {
	a.memory = protowire.AppendString(protowire.AppendTag(a.memory, field, protowire.BytesType), value)
}

func (a *ask) number(field protowire.Number, value uint64) {
	a.memory = protowire.AppendVarint(protowire.AppendTag(a.memory, field, protowire.VarintType), value)
}

// entry appends an entry of the map of fields.
func (a *ask) entry(key string, value []byte) {
	a.inside(httpHeaders, func() {
		a.text(entryKey, key)
		a.bytes(entryValue, value)
	})
}
