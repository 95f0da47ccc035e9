// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"github.com/warren-dev/ingress/proxy/canonical"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

var (
	contentType  = []byte("Content-Type")
	plainText    = []byte("text/plain; charset=utf-8")
	octetStream  = []byte("application/octet-stream")
	proxyStatus  = []byte("Proxy-Status")
	noSniffField = message.Field{Name: []byte("X-Content-Type-Options"), Value: []byte("nosniff")}
)

// certificateRefused is the value for UpstreamTLSFailed if the endpoint's certificate is to blame.
var certificateRefused = []byte(`warren; error=tls_certificate_error; details="UpstreamTLSFailed"`)

// answer writes a response of the proxy's own. It has the status of why, status as Proxy-Status, which names the
// reason, and content, which comes in pieces. It also has the fields that resp has already. With head it leaves the
// content out, as a response to HEAD must. There is no other way to answer.
func answer(down Downstream, resp *message.Response, why reason.Reason, status []byte, head bool, mediaType []byte, content ...string) error {
	resp.Version = message.HTTP11
	resp.Status = why.Status()
	resp.NoContent = head
	resp.ContentLength = 0
	for _, piece := range content {
		resp.ContentLength += int64(len(piece))
	}
	resp.Fields = append(resp.Fields,
		message.Field{Name: contentType, Value: mediaType},
		message.Field{Name: proxyStatus, Value: status},
		noSniffField,
	)
	down.WriteHead(resp)
	w := down.Response()
	if !head {
		for _, piece := range content {
			if err := message.Write(w, piece); err != nil {
				return err
			}
		}
	}
	return w.End(nil)
}

// answerChallenge gives a certificate authority the proof that it asked for (RFC 8555, section 8.3).
func (x *Exchange) answerChallenge(proof string) Verdict {
	return x.respond(reason.ACMEChallenge, octetStream, proof)
}

// answerRedirect sends the client to the same URL under https, at the default port of that scheme.
func (x *Exchange) answerRedirect() Verdict {
	x.own.Fields = append(x.own.Fields, message.Field{Name: []byte("Location"), Value: x.location()})
	return x.Answer(reason.RedirectToHTTPS, "")
}

func (x *Exchange) location() []byte {
	location := append([]byte("https://"), x.Host...)
	path := x.path
	if _, host := canonical.BehindAuthority(x.sent, path); x.sent != nil && !host {
		path = x.sent
	}
	location = append(location, path...)
	return append(location, x.request.Query...)
}

// Answer ends the exchange with a line of text that says why.
func (x *Exchange) Answer(why reason.Reason, detail string) Verdict {
	if detail == "" {
		detail = why.Text()
	}
	return x.respond(why, plainText, why.String(), ": ", detail, "\n")
}

// Refuse answers a request with a head that was refused while it was parsed.
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
	client.TellRequestID(&x.own, x.RequestID)
	if x.route != nil && why != reason.InternalError { // a panic may be a policy's own
		x.own.Status = why.Status()
		for _, add := range x.backend.Policies.Own {
			add(x.viewed(), &x.own)
		}
		for _, add := range x.route.Policies.Own {
			add(x.viewed(), &x.own)
		}
	}
	status := x.proxyStatus
	if status == nil {
		status = why.ProxyStatus()
	}
	if err := answer(x.down, &x.own, why, status, string(x.request.Method) == "HEAD", mediaType, content...); err != nil {
		return Torn
	}
	return Complete
}
