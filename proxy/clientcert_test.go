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

// A client of HTTP/1.1 that asks again makes another connection, over which it is asked for its certificate.
func TestAConnectionOfHTTP1ThatIsOfNoUseIsClosed(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "a")
	_, address, apply := serveAsking(t, hostOf("a", prefix("/", "pool")), hostOf("free", prefix("/", "pool")))
	connect := func() *secured {
		c, err := dialTLS(t, address, shows("a", a.sign(t, nil, clientOnly)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := connect()
	before.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	apply(asking("a", requiring(a)), hostOf("free", prefix("/", "pool")))
	for name, test := range map[string]struct {
		c    *secured
		host string
	}{"made before the host asked": {before, "a"}, "made for another host": {connect(), "free"}} {
		got := test.c.ask("GET / HTTP/1.1\r\nHost: " + test.host + "\r\n\r\n")
		if got.answer() != "421 MisdirectedRequest" || !got.Close {
			t.Errorf("%s: got %q, and the connection ends: %t", name, got.answer(), got.Close)
		}
		if _, err := test.c.in.ReadByte(); err != io.EOF {
			t.Errorf("%s: after the answer comes %v, want the end", name, err)
		}
	}
	if got := connect().ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").answer(); got != "b" {
		t.Errorf("over another connection: got %q", got)
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
