// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"net"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
)

// The attributes that the conventions have no name for.
const (
	ingressKey   = attribute.Key("warren.ingress")
	ruleKey      = attribute.Key("warren.rule")
	serviceKey   = attribute.Key("warren.service")
	taskKey      = attribute.Key("warren.task")
	attemptsKey  = attribute.Key("warren.attempts")
	reasonKey    = attribute.Key("warren.reason")
	requestIDKey = attribute.Key("warren.request_id")
	errorPageKey = attribute.Key("warren.error_page")
)

// The flags of a span and of a link (opentelemetry-proto, SpanFlags). All of ours belong to sampled traces.
const (
	sampled = 1
	// local and remote say whether the parent is in this process.
	local  = uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK)
	remote = local | uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK)
)

// appendSpans adds the span of a request, of kind SERVER, and a span of kind CLIENT for each endpoint that was tried.
func appendSpans(to []*tracepb.Span, s *observe.Span) []*tracepb.Span {
	server := &tracepb.Span{
		TraceId: s.Trace[:], SpanId: s.ID[:], TraceState: s.TraceState, Flags: sampled | local, Kind: tracepb.Span_SPAN_KIND_SERVER,
		Name: nameOf(s), StartTimeUnixNano: nanoseconds(s.Start), EndTimeUnixNano: nanoseconds(s.End), Attributes: attributesOf(s),
	}
	if s.Parent != (observe.SpanID{}) {
		server.ParentSpanId, server.Flags = s.Parent[:], sampled|remote
	}
	if s.Linked.Trace != (observe.TraceID{}) {
		server.Links = []*tracepb.Span_Link{{TraceId: s.Linked.Trace[:], SpanId: s.Linked.Span[:], Flags: remote}}
	}
	// A server is to blame neither for what it refuses nor for a client that goes away.
	if fault := faultOf(s.Status, s.Reason, 500); fault != "" {
		server.Attributes = append(server.Attributes, text(semconv.ErrorTypeKey, fault))
		server.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	to = append(to, server)
	for i := range s.Attempts {
		to = append(to, attemptSpan(s, i))
	}
	return to
}

func attemptSpan(s *observe.Span, i int) *tracepb.Span {
	a := &s.Attempts[i]
	client := &tracepb.Span{
		TraceId: s.Trace[:], SpanId: a.ID[:], ParentSpanId: s.ID[:], TraceState: s.TraceState, Flags: sampled | local, Kind: tracepb.Span_SPAN_KIND_CLIENT,
		Name: methodOf(s.Method, "HTTP"), StartTimeUnixNano: nanoseconds(a.Start), EndTimeUnixNano: nanoseconds(a.End),
		Attributes: append(methodAttributes(s.Method),
			text(semconv.URLFullKey, schemeOf(a.Secure)+"://"+a.Endpoint.String()+valid(s.Forwarded)),
			text(semconv.ServerAddressKey, a.Endpoint.Addr().String()),
			number(semconv.ServerPortKey, int(a.Endpoint.Port()))),
	}
	add := func(attributes ...*commonpb.KeyValue) { client.Attributes = append(client.Attributes, attributes...) }
	if a.Task != "" {
		add(text(taskKey, a.Task))
	}
	if a.Status != 0 {
		add(number(semconv.HTTPResponseStatusCodeKey, a.Status))
	}
	if i > 0 {
		add(number(semconv.HTTPRequestResendCountKey, i))
	}
	if a.Reason != reason.None {
		add(text(reasonKey, a.Reason.String()))
	}
	if fault := faultOf(a.Status, a.Reason, 400); fault != "" {
		add(text(semconv.ErrorTypeKey, fault))
		client.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: valid(a.Cause)}
	}
	return client
}

// nameOf returns the span's name. There are few names, whatever clients ask for.
func nameOf(s *observe.Span) string {
	name := methodOf(s.Method, "HTTP")
	if s.Route != nil {
		name += " " + s.Route.Path
	}
	return name
}

func attributesOf(s *observe.Span) []*commonpb.KeyValue {
	list := append(methodAttributes(s.Method),
		text(semconv.URLSchemeKey, schemeOf(s.Secure)),
		text(semconv.URLPathKey, valid(s.Path)),
		text(semconv.ClientAddressKey, s.Client.String()),
		text(semconv.NetworkPeerAddressKey, s.Peer.String()),
		text(semconv.NetworkProtocolVersionKey, strings.TrimPrefix(s.Version.String(), "HTTP/")))
	add := func(attributes ...*commonpb.KeyValue) { list = append(list, attributes...) }
	if s.Host != "" {
		add(text(semconv.ServerAddressKey, valid(s.Host)))
		if port := portOf(s.Authority); port != 0 {
			add(number(semconv.ServerPortKey, port))
		}
	}
	if s.UserAgent != "" {
		add(text(semconv.UserAgentOriginalKey, valid(s.UserAgent)))
	}
	if s.RequestID != "" {
		add(text(requestIDKey, valid(s.RequestID)))
	}
	if r := s.Route; r != nil {
		add(text(semconv.HTTPRouteKey, r.Path), text(ingressKey, r.Rule.Ingress),
			text(ruleKey, r.Rule.Place()), text(serviceKey, r.Service))
	}
	if n := len(s.Attempts); n > 0 {
		add(number(attemptsKey, n))
		if task := s.Attempts[n-1].Task; task != "" {
			add(text(taskKey, task))
		}
	}
	// A client that has gone is sent nothing.
	if s.Status != 0 && s.Status != reason.ClientClosed.Status() {
		add(number(semconv.HTTPResponseStatusCodeKey, s.Status))
	}
	if s.Reason != reason.None {
		add(text(reasonKey, s.Reason.String()))
	}
	if s.Page != "" {
		add(text(errorPageKey, s.Page))
	}
	return list
}

// faultOf returns what makes a span an error, empty if nothing does. That is the reason of our own answer or of a
// response that broke off, or a status of at least least.
func faultOf(status int, why reason.Reason, least int) string {
	switch {
	case why == reason.ClientClosed:
		return ""
	case why != reason.None && (status >= least || status < why.Status()):
		return why.String()
	case status >= least:
		return strconv.Itoa(status)
	}
	return ""
}

// methodAttributes replaces unknown methods, so that clients cannot make any number of them.
func methodAttributes(method string) []*commonpb.KeyValue {
	const other = "_OTHER"
	known := methodOf(method, other)
	list := make([]*commonpb.KeyValue, 0, 20)
	list = append(list, text(semconv.HTTPRequestMethodKey, known))
	if known == other && method != "" {
		list = append(list, text(semconv.HTTPRequestMethodOriginalKey, valid(method)))
	}
	return list
}

// methodOf returns the method if it is one of RFC 9110, section 9, or of RFC 5789, and other otherwise.
func methodOf(method, other string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return method
	}
	return other
}

func schemeOf(secure bool) string {
	if secure {
		return "https"
	}
	return "http"
}

func portOf(authority string) int {
	_, port, err := net.SplitHostPort(authority)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// valid makes valid UTF-8 of what a client sent: a collector would refuse a whole batch with anything else.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func nanoseconds(t time.Time) uint64 { return uint64(t.UnixNano()) }
