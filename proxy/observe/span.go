// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"net/netip"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Span is what became of a request that is recorded. Texts that the client chose are cut off after some hundred bytes
// and may hold any bytes.
type Span struct {
	Trace TraceID
	ID    SpanID
	// Parent is the span that sent the request. It is zero if the trace begins here.
	Parent SpanID
	// TraceState is what came with the parent, for others to read.
	TraceState string
	// Linked is where the request claims to belong, if that is not believed. Otherwise its ids are zero.
	Linked Link

	Start, End time.Time
	// Client is the client's address. Peer is the connection's.
	Client, Peer netip.Addr
	Method       string
	// Secure is set if the client came over HTTPS, to us or to a trusted proxy.
	Secure bool
	// Host is canonical. Authority is as it was sent.
	Host, Authority string
	// Path is the canonical one. Forwarded is the one that endpoints get, which a rewrite may have made. Both are without
	// the query.
	Path, Forwarded string
	Version         message.Version
	UserAgent       string
	RequestID       string

	// Route is nil if no rule was found.
	Route *RouteNames
	// Attempts are the endpoints that were tried, in their order.
	Attempts []AttemptSpan
	// Page is the service whose error page the client got. It is empty if it got none.
	Page string
	// Status is the response's, even if nobody got it.
	Status int
	// Reason is why we answered ourselves, or why the response broke off.
	Reason reason.Reason
}

// Link is a place in a trace that a span refers to.
type Link struct {
	Trace TraceID
	Span  SpanID
}

// RouteNames names the rule that a request was for.
type RouteNames struct {
	Rule snapshot.RuleID
	// Path is the rule's.
	Path string
	// Service is "namespace/name".
	Service string
}

// AttemptSpan is what became of a request at one endpoint. It is a span of its own, whose parent is the request's.
type AttemptSpan struct {
	ID         SpanID
	Start, End time.Time
	// Task names the object that the endpoint came from.
	Task     string
	Endpoint netip.AddrPort
	// Secure is set if the endpoint is spoken to over TLS.
	Secure bool
	// Status is that of the endpoint's response, or 0 if there was none.
	Status int
	// Reason is why there was none, or why it broke off.
	Reason reason.Reason
	// Cause says what is wrong with the response, if that is malformed.
	Cause string
}

// maxSpanText bounds each text of a span that a client chose. Otherwise a client could fill memory with spans that wait
// to be sent.
const maxSpanText = 512

// span returns what a trace tells of a request that has ended.
func (t *Tracer) span(r *Record) *Span {
	req, place := r.Request, r.Trace
	at := t.clock.Dates()
	userAgent, _ := message.First(req.Fields, "user-agent")
	s := &Span{
		Trace: place.own.trace, ID: place.own.span, Parent: place.parent.span, TraceState: place.state,
		Linked: Link{place.linked.trace, place.linked.span},
		Start:  at(r.Started), End: at(r.Ended),
		Client: r.Client, Peer: r.Peer,
		Method: spanText(req.Method), Secure: r.Secure,
		Host: spanText(r.Host), Authority: spanText(req.Authority), Path: spanText(r.Path), Forwarded: spanText(r.Forwarded),
		Version: req.Version, UserAgent: spanText(userAgent), RequestID: spanText(r.RequestID),
		Page: r.Page, Status: r.Status, Reason: r.Reason,
	}
	if r.Route != nil {
		route := *r.Route // what is recorded outlives the generation
		s.Route = &route
	}
	for i := range r.Attempts {
		a := &r.Attempts[i]
		if a.Left {
			continue
		}
		s.Attempts = append(s.Attempts, AttemptSpan{
			ID: a.ID, Start: at(a.Started), End: at(cmp.Or(a.Ended, r.Ended)),
			Task: a.Task, Endpoint: a.Address, Secure: a.Secure, Status: a.Status, Reason: a.Reason, Cause: a.Cause,
		})
	}
	return s
}

// spanText copies bytes that the request has in its connection's memory.
func spanText(b []byte) string { return string(b[:min(len(b), maxSpanText)]) }
