// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/identity"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	challengeToken = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0"
	challengeProof = challengeToken + ".9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI"
)

func http01(host, token, proof string) snapshot.Challenge {
	return snapshot.Challenge{Type: snapshot.ChallengeHTTP01, Host: host, Token: token, KeyAuthorization: proof}
}

func alpn01(host, proof string) snapshot.Challenge {
	return snapshot.Challenge{Type: snapshot.ChallengeTLSALPN01, Host: host, Token: "token", KeyAuthorization: proof}
}

// challenged adds challenges to a snapshot.
func challenged(s *snapshot.Snapshot, challenges ...snapshot.Challenge) *snapshot.Snapshot {
	s.Challenges = challenges
	return s
}

func TestHTTPChallengeIsAnsweredAheadOfEverythingElse(t *testing.T) {
	t.Parallel()
	denied := prefix("/", "b")
	accessOf(&denied).Denied = prefixes("0.0.0.0/0")
	redirecting := hostOf("shop.example.com", denied)
	redirecting.RedirectHTTPS = true
	s := snapshotOf([]snapshot.Host{redirecting, hostOf("", prefix("/", "b"))}, echoes(t, "b")...)
	const other = "another.proof"
	p := serve(t)
	p.apply(with(challenged(s,
		http01("new.example.com", challengeToken, other),
		http01("shop.example.com", "A_second-token", other),
		http01("shop.example.com", challengeToken, challengeProof),
		snapshot.Challenge{Type: snapshot.ChallengeTLSALPN01, Host: "shop.example.com", Token: "T", KeyAuthorization: challengeProof},
	), issue(t, "shop", ecdsaKey(t), "shop.example.com")))
	const path = identity.ChallengePath + challengeToken
	const redirected, denial, forwarded = "308 RedirectToHTTPS", "403 AccessDenied", "b "
	for _, test := range []struct{ name, method, host, target, want string }{
		{"a host that is redirected and refuses everybody", "GET", "shop.example.com", path, challengeProof},
		{"another token of the host", "GET", "shop.example.com", identity.ChallengePath + "A_second-token", other},
		{"the same token of another host", "GET", "new.example.com", path, other},
		{"a port, capitals and a last dot", "GET", "Shop.EXAMPLE.com.:80", path, challengeProof},
		{"an unusual spelling of the path", "GET", "shop.example.com", "/x/..//.well-known/%61cme-challenge/./" + challengeToken, challengeProof},
		{"a query", "GET", "shop.example.com", path + "?a=b", challengeProof},
		{"an absolute target", "GET", "shop.example.com", "http://shop.example.com" + path, challengeProof},
		{"HEAD", "HEAD", "shop.example.com", path, ""},
		{"an unknown token", "GET", "shop.example.com", path + "x", redirected},
		{"no token", "GET", "shop.example.com", identity.ChallengePath, redirected},
		{"part of the token", "GET", "shop.example.com", path[:len(path)-1], redirected},
		{"the token in another case", "GET", "shop.example.com", identity.ChallengePath + strings.ToLower(challengeToken), redirected},
		{"something behind the token", "GET", "shop.example.com", path + "/", redirected},
		{"something before the path", "GET", "shop.example.com", "/x" + path, redirected},
		{"another method", "POST", "shop.example.com", path, redirected},
		{"the token of a TLS-ALPN-01 challenge", "GET", "shop.example.com", identity.ChallengePath + "T", redirected},
		{"a host without challenges", "GET", "www.example.com", path, forwarded + path},
		{"a host below", "GET", "a.shop.example.com", path, forwarded + path},
		{"no host", "GET", "", path, forwarded + path},
	} {
		got := p.ask(fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", test.method, test.target, test.host))
		if got.reason() != "ACMEChallenge" {
			if outcome := got.outcome(t); outcome != test.want {
				t.Errorf("%s: got %q, want %q", test.name, outcome, test.want)
			}
			continue
		}
		if got.Status != 200 || got.Body != test.want || got.Header.Get("Content-Type") != "application/octet-stream" || got.Close {
			t.Errorf("%s: got %d %q as %s, close %v, want 200 %q as application/octet-stream and an open connection",
				test.name, got.Status, got.Body, got.Header.Get("Content-Type"), got.Close, test.want)
		}
		if test.method == "HEAD" && got.Length != int64(len(challengeProof)) {
			t.Errorf("%s: the length is %d, want that of the answer to GET, %d", test.name, got.Length, len(challengeProof))
		}
	}
	c, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), &tls.Config{ServerName: "shop.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ask("GET " + path + " HTTP/1.1\r\nHost: shop.example.com\r\n\r\n").outcome(t); got != denial {
		t.Errorf("over HTTPS: got %q, want %q", got, denial)
	}
}

// The proxy in front may have redirected the authority to HTTPS. It ends TLS itself.
func TestHTTPChallengeIsAnsweredBehindAProxyThatEndsTLS(t *testing.T) {
	t.Parallel()
	p := serve(t, trust("127.0.0.1/32"))
	p.apply(challenged(&snapshot.Snapshot{}, http01("a", challengeToken, challengeProof)))
	got := p.ask("GET " + identity.ChallengePath + challengeToken + " HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n")
	if got.Body != challengeProof {
		t.Errorf("got %d %q, want the proof", got.Status, got.Body)
	}
}

func TestAnswerToAChallengeIsAsLongAsItIs(t *testing.T) {
	t.Parallel()
	proof := strings.Repeat("0123456789", 10_000)
	p := serve(t)
	p.apply(challenged(&snapshot.Snapshot{}, http01("a", "long", proof)))
	if got := p.get("a", identity.ChallengePath+"long"); got.Body != proof {
		t.Errorf("got %d bytes, want %d", len(got.Body), len(proof))
	}
}

func TestChallengesComeAndGoWithTheSnapshot(t *testing.T) {
	t.Parallel()
	p := serve(t)
	first, second := http01("a", challengeToken, "first"), http01("a", challengeToken, "second")
	for i, step := range []struct {
		challenges []snapshot.Challenge
		want       string
		generation uint64
	}{
		{nil, "404 RouteNotFound", 1},
		{[]snapshot.Challenge{first}, "first", 2},
		{[]snapshot.Challenge{first}, "first", 2},
		{[]snapshot.Challenge{second}, "second", 3},
		{[]snapshot.Challenge{alpn01("a", "first")}, "404 RouteNotFound", 4},
		{nil, "404 RouteNotFound", 5},
	} {
		number, err := p.Apply(challenged(&snapshot.Snapshot{}, step.challenges...))
		if err != nil || number != step.generation {
			t.Errorf("step %d: generation %d (%v), want %d", i, number, err, step.generation)
		}
		reply := p.get("a", identity.ChallengePath+challengeToken)
		got := reply.Body
		if reply.reason() != "ACMEChallenge" {
			got = reply.outcome(t)
		}
		if got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestChallengesInAnotherOrderAreRefused(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(&snapshot.Snapshot{})
	inOrder := []snapshot.Challenge{http01("a", "1", "x"), http01("a", "2", "x"), alpn01("a", "x"), http01("b", "1", "x")}
	for i := range len(inOrder) - 1 {
		swapped := slices.Clone(inOrder)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		twice := slices.Clone(inOrder)
		twice[i+1] = twice[i]
		for name, list := range map[string][]snapshot.Challenge{"swapped": swapped, "twice": twice} {
			if _, err := p.Apply(challenged(&snapshot.Snapshot{}, list...)); err == nil || !strings.Contains(err.Error(), "not sorted or occur twice") {
				t.Errorf("%s at %d: got %v, want an error", name, i, err)
			}
		}
	}
	if _, err := p.Apply(challenged(&snapshot.Snapshot{}, inOrder...)); err != nil {
		t.Errorf("in order: %v", err)
	}
}

// No log has the token that is asked for, or its answer.
func TestChallengesLeaveNoSecretInTheLogs(t *testing.T) {
	t.Parallel()
	for _, format := range []observe.LogFormat{observe.LogJSON, observe.LogCombined} {
		written := &pages{}
		p := serve(t, logTo(written, format))
		p.apply(challenged(&snapshot.Snapshot{}, http01("a", challengeToken, challengeProof), alpn01("a", challengeProof)))
		address := p.listen("127.0.0.1:0", p.ServeTLS)
		p.get("a", identity.ChallengePath+challengeToken)
		p.get("a", identity.ChallengePath+challengeToken+"x")
		p.get("a", identity.ChallengePath+challengeToken+"/%zz") // it has no canonical form
		c, err := dialTLS(t, address, acmeClient("a"))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(c.stream)
		lines := written.lines(t, 3)
		for _, line := range lines {
			if !strings.Contains(line, identity.ChallengePath) {
				t.Errorf("%s: the line %q does not say what was asked for", format, line)
			}
		}
		if format == observe.LogJSON {
			answered := func(line string) bool { // of requests on several connections, any may be logged first
				got := parsedLine(t, line)
				return got["reason"] == "ACMEChallenge" && got["status"] == 200.0
			}
			if !slices.ContainsFunc(lines, answered) {
				t.Errorf("got %q, want one with the reason ACMEChallenge", lines)
			}
		}
		for _, text := range append(lines, p.log.text()) {
			if strings.Contains(text, challengeToken) || strings.Contains(text, challengeProof) {
				t.Errorf("%s: a secret is in %q", format, text)
			}
		}
	}
}

// acmeClient asks for a challenge as a certificate authority does.
func acmeClient(host string) *tls.Config {
	return &tls.Config{ServerName: host, NextProtos: []string{"acme-tls/1"}}
}

func TestTLSChallengeIsAnsweredWithItsCertificate(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(challenged(everything(startEcho(t, "b")), alpn01("shop.example.com", challengeProof)),
		issue(t, "served", ecdsaKey(t), "shop.example.com")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := acmeClient("shop.example.com")
		config.MinVersion, config.MaxVersion = version, version
		config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		for range 2 { // no session is resumed: the certificate is the answer
			c, err := dialTLS(t, address, config)
			if err != nil {
				t.Fatalf("%s: %v", tls.VersionName(version), err)
			}
			state := c.stream.ConnectionState()
			if state.NegotiatedProtocol != "acme-tls/1" || state.DidResume || state.Version != version {
				t.Errorf("%s: the protocol is %q, resumed %v", tls.VersionName(version), state.NegotiatedProtocol, state.DidResume)
			}
			expectProof(t, state.PeerCertificates, "shop.example.com", challengeProof)
			if rest, err := io.ReadAll(c.stream); err != nil || len(rest) > 0 {
				t.Errorf("%s: %q and %v after the handshake, want the orderly end", tls.VersionName(version), rest, err)
			}
			_ = c.Close()
		}
	}
}

// expectProof checks a chain as RFC 8737, section 3, tells an authority to.
func expectProof(t *testing.T, chain []*x509.Certificate, host, proof string) {
	t.Helper()
	if len(chain) != 1 {
		t.Fatalf("%d certificates, want 1", len(chain))
	}
	leaf := chain[0]
	if err := leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature); err != nil {
		t.Errorf("the certificate is not self-signed: %v", err)
	}
	if !slices.Equal(leaf.DNSNames, []string{host}) || len(leaf.IPAddresses)+len(leaf.EmailAddresses)+len(leaf.URIs) > 0 {
		t.Errorf("the certificate names %q and others, want %s alone", leaf.DNSNames, host)
	}
	found := 0
	for _, extension := range leaf.Extensions {
		if extension.Id.String() != "1.3.6.1.5.5.7.1.31" {
			continue
		}
		found++
		var got []byte
		if rest, err := asn1.Unmarshal(extension.Value, &got); err != nil || len(rest) > 0 {
			t.Errorf("the extension is %x (%v), want an OCTET STRING", extension.Value, err)
		}
		if want := sha256.Sum256([]byte(proof)); !extension.Critical || !bytes.Equal(got, want[:]) {
			t.Errorf("the extension is %x, critical %v, want %x and critical", got, extension.Critical, want)
		}
	}
	if found != 1 {
		t.Errorf("%d acmeIdentifier extensions, want 1", found)
	}
}

// Only a client that offers that protocol and no other one gets the answer to a challenge.
func TestOtherClientsDoNotGetTheAnswerToATLSChallenge(t *testing.T) {
	t.Parallel()
	p := serve(t)
	key := ecdsaKey(t)
	p.apply(with(challenged(everything(startEcho(t, "b")), alpn01("shop.example.com", challengeProof)),
		issue(t, "served", key, "shop.example.com", "plain.example.com")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	const refused = "remote error: tls: no application protocol"
	for _, test := range []struct {
		name, host string
		offered    []string
		want       string
	}{
		{"offering nothing", "shop.example.com", nil, "served"},
		{"offering HTTP", "shop.example.com", []string{"http/1.1"}, "served by http/1.1"},
		{"offering both", "shop.example.com", []string{"acme-tls/1", "http/1.1"}, "served by http/1.1"},
		{"offering both the other way", "shop.example.com", []string{"http/1.1", "acme-tls/1"}, "served by http/1.1"},
		{"asking for a challenge that there is not", "plain.example.com", []string{"acme-tls/1"}, refused},
		{"asking for a challenge of an unknown name", "none.example.com", []string{"acme-tls/1"}, refused},
		{"asking for a challenge of no name", "", []string{"acme-tls/1"}, refused},
		{"offering something else", "shop.example.com", []string{"acme-tls/2"}, refused},
		{"asking for it", "Shop.Example.com", []string{"acme-tls/1"}, "ACME challenge by acme-tls/1"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			got := ""
			c, err := dialTLS(t, address, &tls.Config{ServerName: test.host, NextProtos: test.offered, MinVersion: version, MaxVersion: version})
			if err != nil {
				got = err.Error()
			} else {
				got = c.served()
				if by := c.stream.ConnectionState().NegotiatedProtocol; by != "" {
					got += " by " + by
				}
			}
			if got != test.want {
				t.Errorf("%s, %s: got %q, want %q", test.name, tls.VersionName(version), got, test.want)
			}
		}
	}
}

func TestCertificateOfATLSChallengeIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := serve(t)
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	answer := func() []byte {
		c, err := dialTLS(t, address, acmeClient("a"))
		if err != nil {
			t.Fatal(err)
		}
		return c.stream.ConnectionState().PeerCertificates[0].Raw
	}
	p.apply(challenged(&snapshot.Snapshot{}, alpn01("a", "first")))
	first := answer()
	p.apply(challenged(&snapshot.Snapshot{}, alpn01("a", "first"), alpn01("b", "first")))
	if !bytes.Equal(first, answer()) {
		t.Error("the certificate of a challenge that stays was made anew")
	}
	p.apply(challenged(&snapshot.Snapshot{}, alpn01("a", "second")))
	if bytes.Equal(first, answer()) {
		t.Error("another key authorization has the certificate of the one before")
	}
	second := answer()
	p.apply(&snapshot.Snapshot{})
	p.apply(challenged(&snapshot.Snapshot{}, alpn01("a", "second")))
	if bytes.Equal(second, answer()) {
		t.Error("an answer is kept though its challenge was gone")
	}
}

// A handshake does not tell which of several challenges it is for. So the first is answered, whatever else there is.
func TestFirstOfSeveralTLSChallengesForAHostIsAnswered(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(challenged(&snapshot.Snapshot{},
		snapshot.Challenge{Type: snapshot.ChallengeTLSALPN01, Host: "a", Token: "1", KeyAuthorization: "first"},
		snapshot.Challenge{Type: snapshot.ChallengeTLSALPN01, Host: "a", Token: "2", KeyAuthorization: "second"}))
	c, err := dialTLS(t, p.listen("127.0.0.1:0", p.ServeTLS), acmeClient("a"))
	if err != nil {
		t.Fatal(err)
	}
	expectProof(t, c.stream.ConnectionState().PeerCertificates, "a", "first")
}
