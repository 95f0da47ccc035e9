// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/transport"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// Downstream is the client's side of one exchange, whatever version of HTTP carries it.
type Downstream interface {
	// Content is the request's content, and AwaitContent bounds the waits for it from now on.
	Content() message.Reader
	AwaitContent()
	// RestContent lifts the limit on the waits for the request's content: a client may have nothing to say for a while. It
	// returns false if the protocol cannot (HTTP/1.1). It may be called while the content is read.
	RestContent() bool
	// LongHead says whether the request's head takes more memory than most, and ReleaseHead ends all views of it.
	LongHead() bool
	ReleaseHead()
	// SkipContent drops the content that is there already and says whether that was all.
	SkipContent() bool
	// WriteInformational sends a 1xx response.
	WriteInformational(*message.Response) error
	// WriteHead makes the final response's head pending. Until Started, another one can take its place.
	WriteHead(*message.Response)
	Response() message.Writer
	Started() bool
	// Socket is the connection below, or nil where content cannot go straight to it and come straight from it.
	Socket() *transport.TCP
	// BreakOff has the client told, if it can be, how the endpoint ended a response that is not sent whole or not begun.
	// It says whether it can.
	BreakOff(code message.Reset) bool
	// CloseAfter makes this the connection's last exchange.
	CloseAfter()
	// StopContent makes a Read of the content that waits, and all later ones, fail; ResumeContent ends that.
	StopContent()
	ResumeContent()
}

// Verdict is how an exchange ended for the connection that carried it.
type Verdict uint8

const (
	// Complete: the response was sent whole.
	Complete Verdict = iota
	// Torn: it was not, and the client must be able to see that.
	Torn
	// Upgraded: a 101 was sent; the bytes that follow are the tunnel's.
	Upgraded
)

// Exchange is one request on its way through the proxy. It is made for one connection at a time and used again.
type Exchange struct {
	engine *Engine
	down   Downstream
	// up is nil while the exchange has no connection to an endpoint.
	up     upstream.Exchange
	shared upstream.Stream // what up is where the connection is shared
	guard  *Guard
	origin *Origin
	number uint64

	// Record is what observers are told once the exchange is over. Its shard is also where this connection looks for idle
	// upstream connections first.
	observe.Record
	// memory is what the exchange is used again for.
	memory

	generation *routing.Generation
	route      *routing.Route
	// view is what the route's policies see.
	view policy.View
	// decision is empty where an endpoint is to be asked.
	decision decision
	// path is canonical, what the route was found by, before any rewriting.
	path []byte
	// idBuf is the memory of a request id that was made here.
	idBuf [32]byte

	// pool is where endpoints are chosen, hash what by; hold is the place at the one that was.
	pool   *balance.Pool
	hash   uint64
	hold   balance.Hold
	upload upload
	kept   kept
	// opening is that of a WebSocket whose client makes none.
	opening opening
	// stall is how long the endpoint may let the exchange rest, now.
	stall time.Duration
	// logsIn is set where the request logs in the connection that it takes.
	logsIn bool
	// marked is set where the request went through a proxy that leaves a mark.
	marked bool
	// informed is set once a 1xx response went to the client, cookie while it is to be given one.
	informed bool
	cookie   []byte

	// proxyStatus is what an answer of our own says in place of what its reason says as a rule, or nil.
	proxyStatus []byte
}

// memory is what an exchange keeps for the next one: lists and buffers that have grown, and nothing that was in them.
type memory struct {
	request message.Request
	// own is an answer of our own.
	own message.Response
	// tried are the endpoints that were chosen, the last one last.
	tried []*balance.Target
	// attempts are the same, for the record.
	attempts []observe.Attempt

	hostBuf, pathBuf, rewriteBuf, forwardedBuf, cookieBuf []byte
}

// empty forgets what was in the memory, and gives back what is too much to keep.
func (m *memory) empty() {
	for _, buf := range [...]*[]byte{&m.hostBuf, &m.pathBuf, &m.rewriteBuf, &m.forwardedBuf, &m.cookieBuf} {
		if cap(*buf) > keptBytes {
			*buf = nil
		}
	}
	if cap(m.request.Fields) > keptFields {
		m.request.Fields = nil
	}
	clear(m.tried)
	m.tried = m.tried[:0]
	clear(m.attempts)
	m.attempts = m.attempts[:0]
	m.request.Reset()
	m.own.Reset()
}

// Serve takes a request whose head was read through all phases. A panic ends this request alone.
func (x *Exchange) Serve() (v Verdict) {
	defer func() {
		if p := recover(); p != nil {
			x.engine.Logger.Error(fmt.Errorf("%v", p), "panic while serving a request", "stack", string(debug.Stack()))
			v = x.afterPanic()
		}
	}()
	x.number = x.guard.Begin()
	x.generation = x.engine.Generation.Load()
	return x.admit()
}

func (x *Exchange) afterPanic() Verdict {
	x.guard.Disarm()
	up := x.up
	if x.up = nil; up != nil {
		_ = up.Close()
	}
	x.stopUpload()
	if up != nil && up.Sole() == nil {
		up.EndExchange(false, x.Shard, x.engine.Clock.Now()) // the stream is part of what goes on
	}
	x.hold.Release()
	x.down.CloseAfter()
	if x.down.Started() {
		x.Reason = reason.InternalError
		return Torn
	}
	return x.Answer(reason.InternalError, "")
}

// admit takes a request to an answer of our own or to an endpoint.
func (x *Exchange) admit() Verdict {
	if x.engine.Tracer != nil {
		x.enterTrace()
	}
	switch why := x.decide(); why {
	case reason.None:
		return x.forward()
	case reason.ACMEChallenge:
		return x.answerChallenge(x.decision.proof)
	case reason.RedirectToHTTPS:
		return x.answerRedirect()
	default:
		return x.Answer(why, x.decision.detail)
	}
}

// answerChallenge hands a certificate authority what it asked for (RFC 8555, section 8.3).
func (x *Exchange) answerChallenge(proof string) Verdict {
	return x.respond(reason.ACMEChallenge, octetStream, proof)
}

// answerRedirect sends the client to the same URL under https, at that scheme's own port.
func (x *Exchange) answerRedirect() Verdict {
	x.own.Fields = append(x.own.Fields, message.Field{Name: []byte("Location"), Value: x.location()})
	return x.Answer(reason.RedirectToHTTPS, "")
}

func (x *Exchange) location() []byte {
	location := append([]byte("https://"), x.Host...)
	location = append(location, x.path...)
	return append(location, x.request.Query...)
}

// Answer ends the exchange with a line of text that says why.
func (x *Exchange) Answer(why reason.Reason, detail string) Verdict {
	if detail == "" {
		detail = why.Text()
	}
	return x.respond(why, plainText, why.String(), ": ", detail, "\n")
}

// Refuse answers a request whose head could not be taken.
func (x *Exchange) Refuse(refused *message.Error) Verdict {
	return x.Answer(reason.OfStatus(refused.Status), refused.Detail)
}

// respond ends the exchange with a response of our own.
func (x *Exchange) respond(why reason.Reason, mediaType []byte, content ...string) Verdict {
	x.Reason, x.Status = why, why.Status()
	if why == reason.ClientClosed {
		return Torn
	}
	if !x.down.SkipContent() {
		x.down.CloseAfter()
	}
	if x.route != nil && why != reason.InternalError { // which may be a policy's own
		x.own.Status = why.Status()
		for _, add := range x.route.Policies.Own {
			add(x.viewed(), &x.own)
		}
	}
	status := x.proxyStatus
	if status == nil {
		status = proxyStatusOf[why]
	}
	if err := answer(x.down, &x.own, why, status, string(x.request.Method) == "HEAD", mediaType, content...); err != nil {
		return Torn
	}
	return Complete
}

// An exchange keeps memory for keptFields fields, and keptBytes of each buffer: a rare long path is no reason to hold
// its memory.
const (
	keptFields = 64
	keptBytes  = 4 << 10
)

// release ends the exchange's hold on everything that is not its own memory.
func (x *Exchange) release() {
	x.kept.drop()
	if x.Trace != nil {
		x.engine.Tracer.End(x.Trace)
	}
	x.memory.empty()
	*x = Exchange{memory: x.memory}
}
