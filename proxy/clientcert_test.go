// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// asking returns a host that has its clients asked for certificates.
func asking(name string, by auth.ClientCertificate) snapshot.Host {
	h := hostOf(name, prefix("/", "pool"))
	h.Clients = by.Terms
	h.Routes[0].Policies = []policy.Policy{&by}
	return h
}

// requiring is what most hosts ask for that do.
func requiring(a *testAuthority) auth.ClientCertificate {
	return auth.ClientCertificate{Terms: &clientcert.Terms{Authorities: a.pem, Depth: 1}}
}

// startTold starts a backend that answers with the fields that it gets of a client's certificate.
func startTold(t *testing.T) *backend {
	return startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		told := []string{"b"}
		for name, values := range r.Header {
			plain := strings.ToLower(strings.ReplaceAll(name, "_", "-"))
			if strings.Contains(plain, "client-cert") || strings.HasPrefix(plain, "ssl-client") {
				told = append(told, name+"="+strings.Join(values, "|"))
			}
		}
		slices.Sort(told[1:])
		_, _ = io.WriteString(w, strings.Join(told, "\n"))
	})
}

// serveAsking serves hosts whose routes lead to a backend that says what it is told. It returns the address for TLS,
// and what applies further hosts.
func serveAsking(t *testing.T, hosts ...snapshot.Host) (p *served, address string, apply func(...snapshot.Host)) {
	t.Helper()
	b, key := startTold(t), ecdsaKey(t)
	p = serve(t, h2c)
	certificate := issue(t, "1", key)
	certificate.Default = true
	apply = func(hosts ...snapshot.Host) {
		t.Helper()
		p.apply(with(snapshotOf(hosts, poolOf("pool", b.address)), certificate))
	}
	apply(hosts...)
	return p, p.listen("127.0.0.1:0", p.ServeTLS), apply
}

// shows returns the configuration of a client that shows a certificate, whichever authorities it is told of. Without
// one it shows none.
func shows(server string, certificate ...tls.Certificate) *tls.Config {
	config := &tls.Config{ServerName: server, InsecureSkipVerify: true}
	if len(certificate) > 0 {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate[0], nil }
	}
	return config
}

// clientOnly makes a certificate one for clients.
func clientOnly(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

// askOver asks for a host over a new connection of HTTP/1.1 or HTTP/2, and returns the answer.
func askOver(t *testing.T, address string, config *tls.Config, host string, http2 bool, fields ...string) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	transport := &http.Transport{
		Protocols: &protocols, TLSClientConfig: config,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+host+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ": ")
		r.Header[name] = append(r.Header[name], value)
	}
	return answerTo(t, &http.Client{Transport: transport}, r)
}

func answerTo(t *testing.T, c *http.Client, r *http.Request) string {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Errorf("asking for %s: %v", r.URL, err)
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("asking for %s: %v", r.URL, err)
	}
	if status := resp.Header.Get("Proxy-Status"); status != "" {
		reason, _, _ := strings.Cut(string(body), "\n")
		return fmt.Sprintf("%d %s", resp.StatusCode, reason)
	}
	return string(body)
}

// overAll runs a test over both versions of HTTP and of TLS.
func overAll(t *testing.T, test func(t *testing.T, config func(*tls.Config) *tls.Config, http2 bool)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, http2 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, HTTP/2 %t", tls.VersionName(version), http2), func(t *testing.T) {
				test(t, func(c *tls.Config) *tls.Config {
					c.MinVersion, c.MaxVersion = version, version
					return c
				}, http2)
			})
		}
	}
}

// revoke returns a list of what an authority has revoked.
func (a *testAuthority) revoke(t *testing.T, expires time.Time, serials ...int64) string {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Hour), NextUpdate: expires}
	for _, serial := range serials {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: time.Now()})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.certificate, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
}

// below returns an authority that another one has made.
func (a *testAuthority) below(t *testing.T, name string, changes ...func(*x509.Certificate)) (*testAuthority, []byte) {
	t.Helper()
	made := a.sign(t, nil, append([]func(*x509.Certificate){func(c *x509.Certificate) {
		c.Subject, c.IsCA, c.BasicConstraintsValid, c.KeyUsage, c.ExtKeyUsage = pkix.Name{CommonName: name}, true, true, x509.KeyUsageCertSign, nil
	}}, changes...)...)
	parsed, err := x509.ParseCertificate(made.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return &testAuthority{certificate: parsed, key: made.PrivateKey.(crypto.Signer)}, made.Certificate[0]
}

func TestWhichClientsGetIn(t *testing.T) {
	t.Parallel()
	trusted, sibling := newAuthority(t, "trusted"), newAuthority(t, "trusted")
	middle, middleDER := trusted.below(t, "middle")
	deep, deepDER := middle.below(t, "deep")
	narrow, narrowDER := trusted.below(t, "narrow", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"inside.example.com"}
	})
	with := func(c tls.Certificate, chain ...[]byte) []tls.Certificate {
		c.Certificate = append(slices.Clone(c.Certificate), chain...)
		return []tls.Certificate{c}
	}
	signed := func(by *testAuthority, changes ...func(*x509.Certificate)) tls.Certificate {
		return by.sign(t, nil, append([]func(*x509.Certificate){clientOnly}, changes...)...)
	}
	numbered := func(serial int64) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.SerialNumber = big.NewInt(serial) }
	}
	self := newAuthority(t, "backend")
	selfDER, _ := pem.Decode([]byte(self.pem))
	strict, optional, listed, late, only, unverified := requiring(trusted), requiring(trusted), requiring(trusted), requiring(trusted), requiring(trusted), requiring(trusted)
	optional.Optional = true
	unverified.Optional, unverified.Unverified, unverified.Forward = true, true, clientcert.Nginx
	listed.Terms.Revocations = trusted.revoke(t, time.Now().Add(time.Hour), 66, 67)
	late.Terms.Revocations = trusted.revoke(t, time.Now().Add(-time.Minute))
	only.Terms.Subjects, only.Status = []string{"CN=somebody"}, 400
	missing := auth.ClientCertificate{Missing: "Secret blue/clients-ca does not exist"}
	_, address, _ := serveAsking(t, asking("strict", strict), asking("optional", optional), asking("listed", listed), asking("late", late), asking("only", only),
		asking("unverified", unverified), asking("missing", missing), hostOf("free", prefix("/", "pool")))
	const required = "403 CertificateRequired: "
	overAll(t, func(t *testing.T, over func(*tls.Config) *tls.Config, http2 bool) {
		for _, test := range []struct {
			name, host string
			shown      []tls.Certificate
			want       string
		}{
			{"sound", "strict", with(signed(trusted)), "b"},
			{"none", "strict", nil, required + "the client showed no certificate"},
			{"of a sibling of the same name", "strict", with(signed(sibling)), required + "the certificate is of no authority that is known here"},
			{"signed by itself", "strict", with(tls.Certificate{Certificate: [][]byte{selfDER.Bytes}, PrivateKey: self.key}), required +
				"the certificate is its own authority, which is not known here"},
			{"expired", "strict", with(signed(trusted, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), required + "the certificate has expired"},
			{"not valid yet", "strict", with(signed(trusted, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), required + "the certificate is not valid yet"},
			{"for servers", "strict", with(trusted.sign(t, nil)), required + "the certificate is not for clients: its extended key usage lacks clientAuth"},
			{"one between", "strict", with(signed(middle), middleDER), "b"},
			{"two between", "strict", with(signed(deep), deepDER, middleDER), required + "too many certificates stand between the client's and its authority's"},
			{"beyond its authority's names", "strict", with(signed(narrow, func(c *x509.Certificate) { c.DNSNames = []string{"outside.example.com"} }), narrowDER), required +
				"the certificate's authority may not issue it for its names"},
			{"none where it may", "optional", nil, "b"},
			{"of a sibling where there may be none", "optional", with(signed(sibling)), required + "the certificate is of no authority that is known here"},
			{"not revoked", "listed", with(signed(trusted)), "b"},
			{"revoked", "listed", with(signed(trusted, numbered(66))), required + "the certificate is revoked"},
			{"below one that may have been", "listed", with(signed(middle), middleDER), "503 AuthUnavailable: there is no list of revocations of the certificate's issuer"},
			{"the list has expired", "late", with(signed(trusted)), "503 AuthUnavailable: the list of revocations has expired"},
			{"another subject", "only", with(signed(trusted)), required + "the certificate is for a subject that may not come"},
			{"none, with another status", "only", nil, "400 CertificateRequired: the client showed no certificate"},
			{"the subject", "only", with(signed(trusted, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "somebody"} })), "b"},
			{"of no authority where it may be", "unverified", with(signed(sibling)),
				"b\nSsl-Client-Issuer-Dn=CN=trusted\nSsl-Client-Subject-Dn=CN=backend\nSsl-Client-Verify=FAILED:unable to verify the first certificate"},
			{"expired where it may be anybody's", "unverified", with(signed(trusted, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), required + "the certificate has expired"},
			{"no authority to judge by", "missing", with(signed(trusted)), "503 AuthUnavailable: nobody can say now who may come in"},
			{"nobody asks", "free", nil, "b"},
		} {
			if got := askOver(t, address, over(shows(test.host, test.shown...)), test.host, http2); got != test.want {
				t.Errorf("%s: got %q, want %q", test.name, got, test.want)
			}
		}
	})
}

func TestConnectionsAreForHostsWithTheSameTerms(t *testing.T) {
	t.Parallel()
	one, other := newAuthority(t, "one"), newAuthority(t, "other")
	p, address, _ := serveAsking(t, asking("a", requiring(one)), asking("same", requiring(one)), asking("b", requiring(other)),
		asking("*.w", requiring(one)), hostOf("free.w", prefix("/own", "pool")), hostOf("free", prefix("/", "pool")))
	const misdirected = "421 MisdirectedRequest: this connection was made for another host: make one for this host"
	certificate := one.sign(t, nil, clientOnly)
	overAll(t, func(t *testing.T, over func(*tls.Config) *tls.Config, http2 bool) {
		for _, test := range []struct{ server, host, want string }{
			{"a", "a", "b"}, {"a", "same", "b"}, {"a", "x.w", "b"}, {"a", "b", misdirected}, {"a", "free", misdirected}, {"free", "a", misdirected}, {"free", "free", "b"},
			{"A.", "a", "b"}, {"x.w", "a", "b"}, {"y.x.w", "x.w", misdirected}, {"", "a", misdirected},
			// The host asks for nothing, and what it does not match goes on to one that does.
			{"free.w", "free.w", "403 CertificateRequired: the connection was made without asking for a certificate"},
		} {
			config := over(shows(test.server, certificate))
			if test.server == "" {
				config.ServerName = "127.0.0.1" // which no client names
			}
			if got := askOver(t, address, config, test.host, http2); got != test.want {
				t.Errorf("%s over a connection for %q: got %q, want %q", test.host, test.server, got, test.want)
			}
		}
	})
	plain := "403 CertificateRequired"
	if got := p.get("a", "/").answer(); got != plain {
		t.Errorf("without TLS: got %q, want %q", got, plain)
	}
	if got := p.ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nClient-Cert: :AAAA:\r\n\r\n").answer(); got != plain {
		t.Errorf("without TLS, by a client that claims it: got %q, want %q", got, plain)
	}
}

func TestNobodyElseTellsOfACertificate(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	certificate := a.sign(t, nil, clientOnly)
	parsed, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	forged := []string{
		"Client-Cert: :AAAA:", "client-cert: :AAAA:", "CLIENT-CERT: :AAAA:", "Client_Cert: :AAAA:", "Client.Cert: :AAAA:", "client-cert-chain: :AAAA:", "Client-Cert_Chain: :AAAA:",
		"ssl-client-verify: SUCCESS", "SSL_CLIENT_VERIFY: SUCCESS", "Ssl-Client-Subject-Dn: CN=admin", "ssl_client-issuer-dn: CN=admin", "Ssl-Client-Cert: x", "ssl-client-s-dn: CN=admin",
		"X-Forwarded-Client-Cert: Hash=x", "x_forwarded_client_cert: Hash=x", "Connection: client-cert, ssl-client-verify, x-forwarded-client-cert, client-cert",
	}
	var hosts []snapshot.Host
	want := make(map[string]string)
	encoded := base64.StdEncoding.EncodeToString(certificate.Certificate[0])
	for form, told := range map[clientcert.Form]string{
		clientcert.Untold:  "b",
		clientcert.RFC9440: "b\nClient-Cert=:" + encoded + ":",
		clientcert.Nginx:   "b\nSsl-Client-Issuer-Dn=CN=a\nSsl-Client-Subject-Dn=CN=backend\nSsl-Client-Verify=SUCCESS",
		clientcert.Envoy:   "b\nX-Forwarded-Client-Cert=Hash=" + fmt.Sprintf("%x", sha256.Sum256(parsed.Raw)) + `;Cert="` + escaped(parsed) + `";Subject="CN=backend"`,
	} {
		by := requiring(a)
		by.Optional, by.Forward = true, form
		name := fmt.Sprintf("form%d", form)
		hosts, want[name] = append(hosts, asking(name, by)), told
	}
	p, address, _ := serveAsking(t, hosts...)
	overAll(t, func(t *testing.T, over func(*tls.Config) *tls.Config, http2 bool) {
		for host, told := range want {
			fields := forged
			if http2 {
				fields = fields[:len(fields)-1] // it has no Connection
			}
			if diff := cmp.Diff(told, askOver(t, address, over(shows(host, certificate)), host, http2, fields...)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", host, diff)
			}
			none := "b"
			if strings.Contains(told, "Ssl-Client") {
				none = "b\nSsl-Client-Verify=NONE"
			}
			if diff := cmp.Diff(none, askOver(t, address, over(shows(host)), host, http2, fields...)); diff != "" {
				t.Errorf("%s, of a client that showed none (-want +got):\n%s", host, diff)
			}
		}
	})
	request := "GET / HTTP/1.1\r\nHost: form2\r\n"
	for _, field := range forged {
		request += field + "\r\n"
	}
	if got := p.ask(request + "\r\n").answer(); got != "b\nSsl-Client-Verify=NONE" {
		t.Errorf("without TLS: got %q", got)
	}
}

// escaped returns a certificate as ingress-nginx and Envoy tell of it.
func escaped(c *x509.Certificate) string {
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	return strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20")
}

func TestTheLatestTermsHoldForConnectionsThatThereAre(t *testing.T) {
	t.Parallel()
	one, other := newAuthority(t, "one"), newAuthority(t, "other")
	by := func(change func(*clientcert.Terms)) snapshot.Host {
		c := requiring(one)
		change(c.Terms)
		return asking("a", c)
	}
	same := by(func(*clientcert.Terms) {})
	certificate := one.sign(t, nil, clientOnly, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(66) })
	_, address, apply := serveAsking(t, same)
	overAll(t, func(t *testing.T, over func(*tls.Config) *tls.Config, http2 bool) {
		var protocols http.Protocols
		protocols.SetHTTP1(!http2)
		protocols.SetHTTP2(http2)
		made := 0
		transport := &http.Transport{Protocols: &protocols, TLSClientConfig: over(shows("a", certificate)),
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				made++
				return new(net.Dialer).DialContext(ctx, network, address)
			}}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport}
		get := func() string {
			r, err := http.NewRequestWithContext(t.Context(), "GET", "https://a/", nil)
			if err != nil {
				t.Fatal(err)
			}
			return answerTo(t, client, r)
		}
		apply(same)
		for _, test := range []struct {
			name string
			host snapshot.Host
			want string
		}{
			{"as before", same, "b"},
			{"with another authority beside it", by(func(t *clientcert.Terms) { t.Authorities += other.pem }), "b"},
			{"with a list that does not have it", by(func(c *clientcert.Terms) { c.Revocations = one.revoke(t, time.Now().Add(time.Hour), 67) }), "b"},
			{"revoked", by(func(c *clientcert.Terms) { c.Revocations = one.revoke(t, time.Now().Add(time.Hour), 66) }), "403 CertificateRequired: the certificate is revoked"},
			{"as before again", same, "b"},
			{"of a former authority", by(func(t *clientcert.Terms) { t.Authorities = other.pem }), "403 CertificateRequired: the certificate is of no authority that is known here"},
			{"nobody is asked", hostOf("a", prefix("/", "pool")), "b"},
		} {
			apply(test.host)
			for range 2 {
				if got := get(); got != test.want {
					t.Errorf("%s: got %q, want %q", test.name, got, test.want)
				}
			}
		}
		if http2 && made > 1 {
			t.Errorf("%d connections were made", made)
		}
	})
}

func TestAConnectionThatWasNotAskedIsOfNoUse(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	_, address, apply := serveAsking(t, hostOf("a", prefix("/", "pool")))
	c, err := dialTLS(t, address, shows("a", a.sign(t, nil, clientOnly)))
	if err != nil {
		t.Fatal(err)
	}
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	if got := c.ask(request).answer(); got != "b" {
		t.Errorf("before: got %q", got)
	}
	apply(asking("a", requiring(a)))
	if got := c.ask(request).answer(); got != "421 MisdirectedRequest" {
		t.Errorf("a connection that was made before: got %q, want 421", got)
	}
}

// What a session was made with is judged anew each time, and by the terms that hold then.
func TestSessionsBringTheirCertificateAlong(t *testing.T) {
	t.Parallel()
	one := newAuthority(t, "one")
	strict, revoked := requiring(one), requiring(one)
	revoked.Terms.Revocations = one.revoke(t, time.Now().Add(time.Hour), 66)
	certificate := one.sign(t, nil, clientOnly, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(66) })
	_, address, apply := serveAsking(t, asking("a", strict))
	const request, refused = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "403 CertificateRequired"
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		apply(asking("a", strict))
		known := shows("a", certificate)
		known.MaxVersion, known.ClientSessionCache = version, tls.NewLRUClientSessionCache(1)
		visit := func(what string, resumed bool, want string) {
			t.Helper()
			c, err := dialTLS(t, address, known)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.ask(request).answer(); got != want || c.stream.ConnectionState().DidResume != resumed {
				t.Errorf("%s, %s: got %q, resumed %t, want %q, %t", tls.VersionName(version), what, got, c.stream.ConnectionState().DidResume, want, resumed)
			}
			_ = c.stream.Close()
		}
		visit("first", false, "b")
		visit("again", true, "b")
		apply(asking("a", revoked))
		visit("once it is revoked", false, refused)
		visit("again after that", true, refused)
		known.GetClientCertificate = nil
		known.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		apply(asking("a", strict))
		visit("without a certificate", false, refused)
		known.GetClientCertificate = shows("a", certificate).GetClientCertificate
		visit("with one by then", false, "b")
		apply(hostOf("a", prefix("/", "pool")))
		known.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		visit("nobody asks", false, "b")
		apply(asking("a", strict))
		visit("somebody asks", false, "b")
	}
}

// A certificate that expires while its connection is open lets in no further request.
func TestACertificateExpiresOnItsConnection(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	_, address, _ := serveAsking(t, asking("a", requiring(a)))
	at := ownAddress()
	serve(t).apply(listening(t, at, proving("a", a)))
	for _, test := range []struct {
		name, address, refused string
	}{{"a host's", address, "403 CertificateRequired"}, {"a listener's", at.String(), "421 MisdirectedRequest"}} {
		expires := time.Now().Add(2 * time.Second).Truncate(time.Second)
		c, err := dialTLS(t, test.address, shows("a", a.sign(t, nil, clientOnly, func(c *x509.Certificate) { c.NotAfter = expires })))
		if err != nil {
			t.Fatal(err)
		}
		const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		served := 0
		await(t, "a request after it has expired", func() bool {
			before := time.Now()
			got := c.ask(request).answer()
			switch {
			case got == "b" && before.Before(expires.Add(time.Second)):
				served++
				return false
			case got == test.refused && !time.Now().Before(expires):
				return true
			}
			t.Fatalf("%s: got %q at %v, and the certificate expires at %v", test.name, got, before, expires)
			return true
		})
		if served == 0 {
			t.Errorf("%s: no request was served before that", test.name)
		}
	}
}

// Whoever changes the authority a hundred times lets in nobody of another one, and keeps out nobody of the right one.
func TestAuthoritiesAreReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	stays, one, other := newAuthority(t, "stays"), newAuthority(t, "one"), newAuthority(t, "other")
	by := func(a *testAuthority) snapshot.Host {
		return asking("a", auth.ClientCertificate{Terms: &clientcert.Terms{Authorities: stays.pem + a.pem}})
	}
	_, address, apply := serveAsking(t, by(one))
	stranger := newAuthority(t, "stranger")
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for _, test := range []struct {
		of    *testAuthority
		http2 bool
		want  []string
	}{
		{stays, false, []string{"b"}}, {stays, true, []string{"b"}},
		{one, true, []string{"b", "403 CertificateRequired: the certificate is of no authority that is known here"}},
		{stranger, false, []string{"403 CertificateRequired: the certificate is of no authority that is known here"}},
		{nil, true, []string{"403 CertificateRequired: the client showed no certificate"}},
	} {
		config := shows("a")
		if test.of != nil {
			config = shows("a", test.of.sign(t, nil, clientOnly))
		}
		clients.Go(func() {
			for asked := 0; ; asked++ {
				select {
				case <-stop:
					if asked == 0 {
						t.Error("nothing was asked")
					}
					return
				default:
				}
				if got := askOver(t, address, config, "a", test.http2); !slices.Contains(test.want, got) {
					t.Errorf("got %q, want one of %q", got, test.want)
					return
				}
			}
		})
	}
	for i := range 100 {
		if i%2 == 0 {
			apply(by(other))
		} else {
			apply(by(one))
		}
		if got := askOver(t, address, shows("a", one.sign(t, nil, clientOnly)), "a", true); (got == "b") != (i%2 != 0) {
			t.Errorf("after change %d: got %q", i, got)
		}
	}
	close(stop)
	clients.Wait()
}

func TestExplainSaysWhatAClientWouldBeAskedFor(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	strict, forwards := requiring(a), requiring(a)
	forwards.Forward, forwards.Optional, forwards.Terms.Subjects = clientcert.RFC9440, true, []string{"CN=a"}
	missing := auth.ClientCertificate{Missing: "Secret blue/clients-ca does not exist"}
	p, _, _ := serveAsking(t, asking("strict", strict), asking("forwards", forwards), asking("missing", missing))
	for _, test := range []struct{ url, header, reason, policy string }{
		{"https://strict/", "", "", "would ask the client for a certificate of the host's authorities; goes on as if it had shown one"},
		{"https://forwards/", "", "", "would ask the client for a certificate of the host's authorities, for certain subjects, and let in a client without one too; " +
			"goes on as if it had shown one, of which the endpoint would be told (RFC9440)"},
		{"https://missing/", "", "AuthUnavailable", "Secret blue/clients-ca does not exist"},
		{"http://strict/", "", "CertificateRequired", ""},
		{"https://strict/", "Host: missing", "MisdirectedRequest", ""},
	} {
		q := &explain.Question{URL: test.url, AnyCertificate: true}
		if test.header != "" {
			q.Headers = []string{test.header}
		}
		e, err := p.Explainer().Explain(q)
		if err != nil {
			t.Fatal(err)
		}
		said := ""
		for _, of := range e.Policies {
			said += of.Text
		}
		if e.Answer.Reason != test.reason || said != test.policy {
			t.Errorf("%s %s: got %q, %q, want %q, %q", test.url, test.header, e.Answer.Reason, said, test.reason, test.policy)
		}
	}
}
