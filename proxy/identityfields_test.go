// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// forgeries are fields by which clients say themselves who they are.
var forgeries = []string{
	"Remote-User", "Remote_User", "REMOTE-USER", "Client-Cert", "Client_Cert", "Client-Cert-Chain", "Ssl-Client-Verify", "Ssl-Client-Cert",
	"Ssl-Client-Subject-Dn", "SSL_CLIENT_VERIFY", "X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "x_auth_request_user",
	"X-Auth-Request-Access-Token", "X-Forwarded-Client-Cert", "X_Forwarded_Client_Cert", "X-User", "x-user", "X_User", "X.User", "X-Groups", "X_Groups",
}

// Nothing by which a client says itself who it is gets to the endpoint: in no case, spelling or number, and not in
// trailers.
func TestForgedIdentities(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	for name, test := range map[string]struct {
		policies []policy.Policy
		proof    []string
		told     []string
	}{
		"password":             {[]policy.Policy{basicAuth}, []string{knows("carol:secret")}, nil},
		"token":                {[]policy.Policy{issuer.takes("")}, []string{brings(issuer.token(nil))}, []string{"X-User: alice", "X-Groups: buyers"}},
		"token without claims": {[]policy.Policy{issuer.takes("")}, []string{brings(issuer.token(map[string]any{"sub": "", "groups": nil}))}, nil},
		"address":              {[]policy.Policy{&policy.Access{Allowed: prefixes("127.0.0.0/8"), Any: true}, issuer.takes("")}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, h2c)
			p.apply(guardedBy(startEcho(t, "b"), test.policies...))
			overEach(t, p, func(t *testing.T, c prover) {
				all := slices.Clone(test.proof)
				for _, field := range forgeries {
					if _, tokens := test.policies[len(test.policies)-1].(*auth.JWT); !tokens && strings.HasPrefix(strings.ToLower(field), "x") && len(field) < 9 {
						continue // nobody tells anything by it
					}
					lines := []string{field + ": forged"}
					c.ask("GET", "/", append(slices.Clone(test.proof), lines...)...).expectPassed(t, field, test.told, "forged")
					all = append(all, lines[0], lines[0])
				}
				c.ask("GET", "/", all...).expectPassed(t, "all of them twice", test.told, "forged")
				if !c.h2 {
					c.ask("GET", "/", append(all, "Connection: X-User, Remote-User")...).expectPassed(t, "hop by hop", test.told, "forged")
				}
			})
		})
	}
}

// A claim that the endpoint is told cannot be taken out by a client that calls it a matter of its connection.
func TestATokensClaimsAreOfNoConnection(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	p := serve(t)
	p.apply(guardedBy(startEcho(t, "b"), issuer.takes("")))
	prover{p, false}.ask("GET", "/", "Connection: X-User, X-Groups", brings(issuer.token(nil))).
		expectPassed(t, "named in Connection", []string{"X-User: alice", "X-Groups: buyers"})
}

func TestForgedIdentitiesInTrailers(t *testing.T) {
	t.Parallel()
	issuer := newTokens(t, "k")
	b := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%v", r.Trailer)
	})
	p := serve(t, h2c)
	p.apply(guardedBy(b.address, issuer.takes("")))
	const want = "map[X-Sum:[1]]"
	fields := []string{brings(issuer.token(nil)), "Transfer-Encoding: chunked"}
	request := "POST / HTTP/1.1\r\nHost: a\r\n" + strings.Join(fields, "\r\n") + "\r\n\r\n5\r\nhello\r\n0\r\n"
	for _, field := range forgeries {
		request += field + ": forged\r\n"
	}
	if got := p.ask(request + "X-Sum: 1\r\n\r\n"); got.Body != want {
		t.Errorf("over HTTP/1.1, the endpoint got the trailers %s, want %s", got.Body, want)
	}
	f := p.dialFrames()
	f.request(1, false, head("POST", "/", pairs(fields[:1])...)...)
	f.check(f.WriteData(1, false, []byte("hello")))
	var trailers []string
	for _, field := range forgeries {
		trailers = append(trailers, strings.ToLower(field), "forged")
	}
	f.request(1, true, append(trailers, "x-sum", "1")...)
	if got := f.answer(1); got.body != want {
		t.Errorf("over HTTP/2, the endpoint got the trailers %s, want %s", got.body, want)
	}
}
