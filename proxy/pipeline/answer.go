// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"cmp"

	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

var (
	contentType = []byte("Content-Type")
	plainText   = []byte("text/plain; charset=utf-8")
	octetStream = []byte("application/octet-stream")
)

// certificateRefused is the value for UpstreamTLSFailed if the endpoint's certificate is to blame.
var certificateRefused = []byte(`warren; error=tls_certificate_error; details="UpstreamTLSFailed"`)

// answerChallenge gives a certificate authority the proof that it asked for (RFC 8555, section 8.3).
func (x *Exchange) answerChallenge(proof string) Verdict {
	return x.respond(reason.ACMEChallenge, octetStream, proof)
}

// answerRedirect sends the client to the same URL under https, at the default port of that scheme.
func (x *Exchange) answerRedirect() Verdict {
	x.Own.Fields = append(x.Own.Fields, message.Field{Name: []byte("Location"), Value: x.Location()})
	return x.Answer(reason.RedirectToHTTPS, "")
}

// answerOfRule answers with what the rule says, or a service that it asks, and otherwise with a line of text.
func (x *Exchange) answerOfRule(why reason.Reason) Verdict {
	content := x.Reply.Content
	if content == nil {
		return x.Answer(why, x.Reply.Detail)
	}
	if len(content.Type) > 0 {
		x.Own.Fields = append(x.Own.Fields, message.Field{Name: contentType, Value: content.Type})
	}
	x.Own.ContentLength = int64(len(content.Text))
	x.Own.NoContent = string(x.Head.Method) == "HEAD"
	return x.respond(why, nil, content.Text)
}

// changeOwn has the route's policies change an answer as they change an endpoint's response.
func (x *Exchange) changeOwn() {
	x.View.Own = true
	for _, change := range x.Route.Policies.Response {
		change(x.Viewed(), &x.Own)
	}
}

// Answer ends the exchange with a line of text that says why.
func (x *Exchange) Answer(why reason.Reason, detail string) Verdict {
	if detail == "" {
		detail = why.Text()
	}
	x.View.Encode = message.Identity // a line does not become shorter
	return x.respond(why, plainText, why.String(), ": ", detail, "\n")
}

// Refuse answers a request with a head that was refused while it was parsed.
func (x *Exchange) Refuse(refused *message.Error) Verdict {
	return x.Answer(reason.OfStatus(refused.Status), refused.Detail)
}

// endsConnection returns whether a request may go well over another connection that does not over this one: a client
// may show another certificate there, or name another host. HTTP/2 carries requests for other hosts, so there it is for
// the client to make one.
func endsConnection(why reason.Reason) bool {
	return why == reason.CertificateRequired || why == reason.MisdirectedRequest
}

// respond ends the exchange with a response of our own.
func (x *Exchange) respond(why reason.Reason, mediaType []byte, content ...string) Verdict {
	x.Reason, x.Status = why, cmp.Or(x.Reply.Status, why.Status())
	x.Own.Status = x.Status
	if why == reason.ClientClosed {
		return Torn
	}
	if !x.down.SkipContent() || endsConnection(why) {
		x.down.CloseAfter()
	}
	page := x.ownPage(why)
	if page != nil {
		defer page.Free()
		page.CoverOwn(&x.Own)
		x.Page, x.Status = page.Service, x.Own.Status
	}
	if page != nil || why == reason.Redirected || why == reason.FixedResponse { // somebody else's words
		x.changeOwn()
	}
	client.TellRequestID(&x.Own, x.RequestID)
	if x.Route != nil && why != reason.InternalError { // a panic may be a policy's own
		for _, add := range x.Backend.Policies.Own {
			add(x.Viewed(), &x.Own)
		}
		for _, add := range x.Route.Policies.Own {
			add(x.Viewed(), &x.Own)
		}
	}
	status := x.proxyStatus
	if status == nil {
		status = why.ProxyStatus()
	}
	var err error
	if page != nil {
		x.guard.Arm(nothing, x.engine.Clock.Now())
		defer x.guard.Disarm()
		err = client.AnswerWithPage(x.down, &x.Own, status, x.encode, page)
	} else {
		err = client.Answer(x.down, &x.Own, status, string(x.Head.Method) == "HEAD", x.encode, mediaType, content...)
	}
	if err != nil {
		return Torn
	}
	return Complete
}
