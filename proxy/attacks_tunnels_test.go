// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"net/http"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// Who opens a tunnel, makes a call or asks for a preflight gets no further than by any other request.
func TestAttacksByTunnelsCallsAndPreflights(t *testing.T) {
	t.Parallel()
	besiege(t, func(s *siege) []attack {
		issuer, authority := newTokens(t, "k"), newAuthority(t, "a")
		answering := poolOf("auth", startBackend(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.Header.Get("Cookie"), "good"):
			case r.Header.Get("Cookie") != "":
				w.WriteHeader(http.StatusForbidden)
			default:
				w.WriteHeader(http.StatusUnauthorized)
			}
		}).address)
		password, token, service := s.guarding(basicAuth), s.guarding(issuer.takes("")), s.asks(askingService(), answering)
		gone := s.guarding(&auth.Basic{Missing: "gone"})
		certificate := s.serving(asking("a", requiring(authority)))
		unproven, denied, unavailable := refused(401, "AuthRequired"), refused(403, "AuthDenied"), refused(503, "AuthUnavailable")
		opening := func(fields ...string) asked { return asked{path: "/chat", webSocket: true, fields: fields} }
		call := func(fields ...string) asked {
			return asked{method: "POST", path: "/shop.Cart/Add", fields: append(fields, "Content-Type: application/grpc", "TE: trailers"), trailers: []string{"X-Sum: 1"}}
		}
		// A client of gRPC makes a code of the status where an answer is none of gRPC's: 16 of 401, 7 of 403 and 14 of 503
		// (https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md).
		noCall := func(of outcome) outcome {
			of.answer = append(of.answer[:len(of.answer):len(of.answer)], "Grpc-Status:", "Content-Type: text/plain; charset=utf-8")
			return of
		}
		tunnel := func(host string, fields ...string) asked { return asked{method: "CONNECT", host: host, fields: fields} }
		cors := &policy.CORS{AllowOrigins: []string{"https://a.io"}, AllowMethods: []string{"PUT"}}
		pages := s.guarding(cors, basicAuth)
		preflight := func(fields ...string) asked {
			return asked{method: "OPTIONS", fields: append([]string{"Origin: https://a.io"}, fields...)}
		}
		return []attack{
			{name: "a WebSocket without a password", before: password, asked: opening(), want: unproven},
			{name: "a WebSocket with a wrong password", before: password, asked: opening(knows("alice:x")), want: unproven},
			{name: "a WebSocket with a password in its subprotocol", before: password, asked: opening("Sec-WebSocket-Protocol: " + knows("alice:secret")[len("Authorization: Basic "):]), want: unproven},
			{name: "a WebSocket without a token", before: token, asked: opening(), want: unproven},
			{name: "a WebSocket with a token in its query", before: token, asked: asked{path: "/chat?access_token=" + issuer.token(nil), webSocket: true}, want: unproven},
			{name: "a WebSocket that a service does not know", before: service, asked: opening(), want: unproven},
			{name: "a WebSocket that a service refuses", before: service, asked: opening("Cookie: bad"), want: denied},
			{name: "a WebSocket while the Secret is gone", before: gone, asked: opening(knows("alice:secret")), want: unavailable},
			{name: "a WebSocket without a certificate", before: certificate, over: shows("a"), asked: opening(), want: refused(403, "CertificateRequired")},
			{name: "CONNECT without a password", before: password, asked: tunnel("a:80"), want: refused(501, "MethodNotSupported")},
			{name: "CONNECT with a password", before: password, asked: tunnel("a:80", knows("alice:secret")), want: refused(501, "MethodNotSupported")},
			{name: "CONNECT to another host", before: service, asked: tunnel("evil.example.com:443", "Cookie: good"), want: refused(501, "MethodNotSupported")},
			{name: "a call without a password", before: password, asked: call(), want: noCall(unproven)},
			{name: "a call with a bad token", before: token, asked: call(brings("x")), want: noCall(unproven)},
			{name: "a call that a service does not know", before: service, asked: call(), want: noCall(unproven)},
			{name: "a call that a service refuses", before: service, asked: call("Cookie: bad"), want: noCall(denied)},
			{name: "a call while the Secret is gone", before: gone, asked: call(knows("alice:secret")), want: noCall(unavailable)},
			{name: "a call without a certificate", before: certificate, over: shows("a"), asked: call(), want: noCall(refused(403, "CertificateRequired"))},
			{name: "none: a call that a service lets pass", before: service, asked: call("Cookie: good"), want: harmless()},
			{name: "none: a preflight without credentials", before: pages, asked: preflight("Access-Control-Request-Method: PUT"),
				want: refused(200, "PreflightAnswered", "Access-Control-Allow-Origin: https://a.io")},
			{name: "a preflight of another origin", before: pages, asked: asked{method: "OPTIONS", fields: []string{"Origin: https://b.io", "Access-Control-Request-Method: PUT"}},
				want: refused(200, "PreflightAnswered", "Access-Control-Allow-Origin:")},
			{name: "OPTIONS that is no preflight", before: pages, asked: preflight(), want: unproven},
			{name: "OPTIONS with an empty method to ask for", before: pages, asked: preflight("Access-Control-Request-Method: "), want: unproven},
			{name: "what a preflight is for", before: pages, asked: asked{method: "PUT", fields: []string{"Origin: https://a.io"}},
				want: refused(401, "AuthRequired", "Access-Control-Allow-Origin: https://a.io")},
			{name: "a GET in the clothes of a preflight", before: pages, asked: asked{fields: []string{"Origin: https://a.io", "Access-Control-Request-Method: PUT"}}, want: unproven},
			{name: "a preflight where there is no CORS", before: password, asked: preflight("Access-Control-Request-Method: PUT"), want: unproven},
			{name: "a preflight for a host with certificates, over a connection of another", before: s.serving(asking("a", requiring(authority)), hostOf("free", prefix("/", "pool"))),
				over: shows("free"), first: &asked{host: "free"}, asked: preflight("Access-Control-Request-Method: PUT"), want: refused(421, "MisdirectedRequest")},
		}
	})
}
