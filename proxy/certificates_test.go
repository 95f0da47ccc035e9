// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// issue makes a self-signed certificate with a key for these hosts. Its common name is id, which tells it apart in
// tests.
func issue(tb testing.TB, id string, key crypto.Signer, hosts ...string) snapshot.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: id},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     hosts,
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return snapshot.Certificate{
		ID: id, Hosts: hosts,
		Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}
}

func ecdsaKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func rsaKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// with adds certificates to a snapshot.
func with(s *snapshot.Snapshot, certificates ...snapshot.Certificate) *snapshot.Snapshot {
	s.Certificates = certificates
	return s
}

// secured is a client's TLS connection. The wire reads from the stream.
type secured struct {
	*wire
	stream *tls.Conn
}

// dialTLS connects to an address and secures the connection.
func dialTLS(tb testing.TB, address string, config *tls.Config) (*secured, error) {
	tb.Helper()
	below := dial(tb, address)
	return secure(below, config)
}

func secure(below *wire, config *tls.Config) (*secured, error) {
	c := config.Clone()
	c.InsecureSkipVerify = true // the test is about which certificate is served
	stream := tls.Client(below.TCPConn, c)
	if err := stream.Handshake(); err != nil {
		_ = below.Close()
		return nil, err
	}
	below.in = bufio.NewReader(stream)
	return &secured{below, stream}, nil
}

func (s *secured) send(text string) {
	s.tb.Helper()
	if _, err := io.WriteString(s.stream, text); err != nil {
		s.tb.Fatalf("sending %.80q: %v", text, err)
	}
}

// ask sends a request. It returns the whole response.
func (s *secured) ask(request string) reply {
	s.tb.Helper()
	s.send(request)
	return s.reply("GET")
}

// served returns the common name of the certificate that was served.
func (s *secured) served() string {
	return s.stream.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestServerNameDecidesOnTheCertificate(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	p := serve(t)
	p.apply(with(&snapshot.Snapshot{},
		issue(t, "1-exact", key, "api.example.com"),
		issue(t, "2-wildcard", key, "*.example.com"),
		issue(t, "3-several", key, "example.com", "*.shop.example.com", "shop.example.com"),
		issue(t, "4-second", key, "*.example.com", "api.example.com", "only.example.org"),
	))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	const unknown = "remote error: tls: unrecognized name"
	for name, want := range map[string]string{
		"api.example.com":        "1-exact",
		"API.Example.COM":        "1-exact",
		"www.example.com":        "2-wildcard",
		"WWW.example.com":        "2-wildcard",
		"example.com":            "3-several",
		"shop.example.com":       "3-several",
		"a.shop.example.com":     "3-several",
		"only.example.org":       "4-second",
		"a.b.shop.example.com":   unknown,
		"sub.api.example.com":    unknown,
		"example.org":            unknown,
		"www.example.org":        unknown,
		"com":                    unknown,
		"localhost":              unknown,
		"xample.com":             unknown,
		"":                       unknown,
		strings.Repeat("a", 200): unknown,
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			got := ""
			c, err := dialTLS(t, address, &tls.Config{ServerName: name, MinVersion: version, MaxVersion: version})
			if err != nil {
				got = err.Error()
			} else {
				got = c.served()
				_ = c.stream.Close()
			}
			if got != want {
				t.Errorf("%q by %s: got %q, want %q", name, tls.VersionName(version), got, want)
			}
		}
	}
}

func TestWithoutCertificatesEveryNameIsUnknown(t *testing.T) {
	t.Parallel()
	p := serve(t)
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, snapshot := range []*snapshot.Snapshot{nil, everything(startEcho(t, "b"))} {
		if snapshot != nil {
			p.apply(snapshot)
		}
		if _, err := dialTLS(t, address, &tls.Config{ServerName: "a"}); err == nil || !strings.Contains(err.Error(), "unrecognized name") {
			t.Errorf("got %v, want the alert unrecognized_name", err)
		}
	}
}

func TestNameWithoutACertificateGetsTheDefault(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	fallback := issue(t, "default", key, "default.example.com")
	named := issue(t, "named", key, "api.example.com", "*.shop.example.com")
	p := serve(t)
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, isDefault := range []bool{true, false} {
		fallback.Default = isDefault
		p.apply(with(&snapshot.Snapshot{}, fallback, named))
		for name, want := range map[string]string{
			"api.example.com": "named", "a.shop.example.com": "named", "default.example.com": "default",
			"other.example.org": "", "a.b.shop.example.com": "", "localhost": "", "": "",
		} {
			if want == "" && isDefault {
				want = "default"
			}
			got := ""
			c, err := dialTLS(t, address, &tls.Config{ServerName: name})
			if err == nil {
				got = c.served()
				_ = c.stream.Close()
			} else if !strings.Contains(err.Error(), "unrecognized name") {
				t.Errorf("%q: got %v, want the alert unrecognized_name", name, err)
			}
			if got != want {
				t.Errorf("%q with a default %v: got %q, want %q", name, isDefault, got, want)
			}
		}
	}
}

// Of two certificates for one name, each client gets the one that it understands.
func TestClientGetsTheKindOfKeyThatItUnderstands(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(&snapshot.Snapshot{}, issue(t, "1-ecdsa", ecdsaKey(t), "a"), issue(t, "2-rsa", rsaKey(t), "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for name, test := range map[string]struct {
		config *tls.Config
		want   string
	}{
		"TLS 1.3":            {&tls.Config{MinVersion: tls.VersionTLS13}, "1-ecdsa"},
		"TLS 1.2":            {&tls.Config{MaxVersion: tls.VersionTLS12}, "1-ecdsa"},
		"TLS 1.2 with ECDSA": {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, "1-ecdsa"},
		"TLS 1.2 with RSA":   {&tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}, "2-rsa"},
	} {
		test.config.ServerName = "a"
		c, err := dialTLS(t, address, test.config)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := c.served(); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
		_ = c.stream.Close()
	}
}

func TestOldVersionsOfTLSAreRefused(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		_, err := dialTLS(t, address, &tls.Config{ServerName: "a", MinVersion: version, MaxVersion: version})
		if err == nil || !strings.Contains(err.Error(), "protocol version not supported") {
			t.Errorf("%s: got %v, want the alert protocol_version", tls.VersionName(version), err)
		}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c, err := dialTLS(t, address, &tls.Config{ServerName: "a", MinVersion: version, MaxVersion: version})
		if err != nil || c.stream.ConnectionState().Version != version {
			t.Errorf("%s: got %v", tls.VersionName(version), err)
		}
	}
}

// A client may offer nothing but HTTP/1.0 in the handshake (curl -0).
func TestClientGetsAProtocolThatItOffers(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(everything(startEcho(t, "b")), issue(t, "a", ecdsaKey(t), "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, test := range []struct {
		name   string
		offers []string
		want   string
	}{
		{"nothing", nil, ""},
		{"HTTP/1.0", []string{"http/1.0"}, "http/1.0"},
		{"HTTP/1.1", []string{"http/1.1"}, "http/1.1"},
		{"both", []string{"http/1.0", "http/1.1"}, "http/1.1"},
	} {
		c, err := dialTLS(t, address, &tls.Config{ServerName: "a", NextProtos: test.offers})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := c.stream.ConnectionState().NegotiatedProtocol; got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if got := c.ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n"); got.Status != 200 {
			t.Errorf("%s: got %d, want 200", test.name, got.Status)
		}
	}
}

// What is not a handshake ends its own connection and nothing else.
func TestWhatIsNoHandshakeIsCutOff(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.apply(with(everything(startEcho(t, "b")), issue(t, "a", ecdsaKey(t), "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for name, sent := range map[string]string{
		"plain HTTP": "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"zeros":      strings.Repeat("\x00", 100),
		"an alert":   "\x15\x03\x01\x00\x02\x02\x28",
		"SSLv2":      "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80\x05\x00\x80\x06",
	} {
		c := dial(t, address)
		c.send(sent)
		if got, err := c.ending(); strings.Contains(got, "HTTP/1") || err != nil && !isReset(err) {
			t.Errorf("%s: got %q (%v), want the end", name, got, err)
		}
		peer := c.LocalAddr().String()
		await(t, "the cause in the log for "+name, func() bool {
			return strings.Contains(p.log.text(), `"closing a connection" "peer"="`+peer+`" "cause"="`)
		})
	}
	c, err := dialTLS(t, address, &tls.Config{ServerName: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(t); got != "b /" {
		t.Errorf("got %q, want b /", got)
	}
}

// Each failed handshake is counted by its cause.
func TestFailedHandshakesAreCountedByCause(t *testing.T) {
	t.Parallel()
	handshake := func(config *tls.Config) func(t *testing.T, address string) {
		return func(t *testing.T, address string) {
			below := dial(t, address)
			_ = tls.Client(below.TCPConn, config).Handshake() // it matters what the server makes of it
		}
	}
	send := func(text string) func(t *testing.T, address string) {
		return func(t *testing.T, address string) {
			c := dial(t, address)
			c.send(text)
			_ = c.CloseWrite()
			_, _ = c.ending()
		}
	}
	for _, test := range []struct {
		cause string
		fail  func(t *testing.T, address string)
	}{
		{"NotTLS", send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")},
		{"UnknownName", handshake(&tls.Config{ServerName: "b", InsecureSkipVerify: true})},
		{"UnknownName", handshake(&tls.Config{ServerName: "b", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})},
		{"MalformedHello", send(helloFor("a."))},
		{"NoCommonVersion", handshake(&tls.Config{ServerName: "a", InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})},
		{"NoCommonCipher", handshake(&tls.Config{ServerName: "a", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}})},
		{"NoCommonProtocol", handshake(&tls.Config{ServerName: "a", InsecureSkipVerify: true, NextProtos: []string{"smtp"}})},
		{"RefusedByClient", handshake(&tls.Config{ServerName: "a"})},
		{"ClosedByClient", send("\x16\x03\x01")},
	} {
		t.Run(test.cause, func(t *testing.T) {
			t.Parallel()
			p := serve(t)
			p.apply(with(&snapshot.Snapshot{}, issue(t, "a", ecdsaKey(t), "a")))
			test.fail(t, p.listen("127.0.0.1:0", p.ServeTLS))
			want := map[string]float64{}
			for _, cause := range []string{"ClientCertificate", "ClosedByClient", "MalformedHello", "NoCommonCipher", "NoCommonProtocol",
				"NoCommonVersion", "NotTLS", "Other", "RefusedByClient", "Timeout", "UnknownName"} {
				want["warren_ingress_tls_handshake_failures_total cause="+cause] = 0
			}
			want["warren_ingress_tls_handshake_failures_total cause="+test.cause] = 1
			p.expectSeries("warren_ingress_tls_handshake_failures_total", want)
		})
	}
}

// helloFor returns the first message of a handshake for a name, which crypto/tls itself would not ask for.
func helloFor(name string) string {
	extension := func(kind byte, content string) string {
		return string([]byte{0, kind, 0, byte(len(content))}) + content
	}
	list := "\x00\x00" + string([]byte{byte(len(name))}) + name
	extensions := extension(0, "\x00"+string([]byte{byte(len(list))})+list)
	hello := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + "\x00\x02\xc0\x2b" + "\x01\x00" +
		"\x00" + string([]byte{byte(len(extensions))}) + extensions
	message := "\x01\x00\x00" + string([]byte{byte(len(hello))}) + hello
	return "\x16\x03\x01\x00" + string([]byte{byte(len(message))}) + message
}

// New handshakes get the new certificate. Connections that were secured with the old one go on.
func TestSwapOfACertificateKeepsConnections(t *testing.T) {
	t.Parallel()
	b, key := startEcho(t, "b"), ecdsaKey(t)
	p := serve(t)
	p.apply(with(everything(b), issue(t, "old", key, "a")))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	config := &tls.Config{ServerName: "a"}
	before, err := dialTLS(t, address, config)
	if err != nil {
		t.Fatal(err)
	}
	const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	before.ask(request)
	p.apply(with(everything(b), issue(t, "new", key, "a")))
	after, err := dialTLS(t, address, config)
	if err != nil {
		t.Fatal(err)
	}
	if before.served() != "old" || after.served() != "new" {
		t.Errorf("served %s and then %s, want old and new", before.served(), after.served())
	}
	p.apply(with(everything(b)))
	if _, err := dialTLS(t, address, config); err == nil {
		t.Error("a certificate that is gone is served")
	}
	for _, c := range []*secured{before, after} {
		if got := c.ask(request).outcome(t); got != "b /" {
			t.Errorf("on the connection with the %s certificate: got %q, want b /", c.served(), got)
		}
	}
}

// The same certificate under new names is the same certificate. Another one under the same id is another.
func TestCertificateIsServedAsTheSnapshotSays(t *testing.T) {
	t.Parallel()
	key := ecdsaKey(t)
	one, two := issue(t, "one", key, "a"), issue(t, "two", key, "a")
	renamed, replaced := one, two
	renamed.Hosts = []string{"b"}
	replaced.ID = one.ID
	p := serve(t)
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for i, step := range []struct {
		certificates []snapshot.Certificate
		a, b         string
	}{
		{[]snapshot.Certificate{one}, "one", ""},
		{[]snapshot.Certificate{renamed}, "", "one"},
		{[]snapshot.Certificate{one}, "one", ""},
		{[]snapshot.Certificate{replaced}, "two", ""},
		{nil, "", ""},
		{[]snapshot.Certificate{one, two}, "one", ""},
		{[]snapshot.Certificate{two}, "two", ""},
	} {
		p.apply(with(&snapshot.Snapshot{}, step.certificates...))
		for name, want := range map[string]string{"a": step.a, "b": step.b} {
			got := ""
			if c, err := dialTLS(t, address, &tls.Config{ServerName: name}); err == nil {
				got = c.served()
				_ = c.stream.Close()
			}
			if got != want {
				t.Errorf("step %d, %s: got %q, want %q", i, name, got, want)
			}
		}
	}
}

// A ticket resumes a session without another full handshake, although the generation that gave it is gone.
func TestSessionsAreResumedAcrossASwap(t *testing.T) {
	t.Parallel()
	b, key := startEcho(t, "b"), ecdsaKey(t)
	p := serve(t)
	certificate := issue(t, "a", key, "a")
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{ServerName: "a", MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
		for i, snapshot := range []*snapshot.Snapshot{
			with(everything(b), certificate),
			with(everythingBy(retries(3), b), certificate),
			with(everything(b), issue(t, "renewed", key, "a")),
			with(everythingBy(retries(2), b), certificate, issue(t, "other", key, "other")),
		} {
			p.apply(snapshot)
			c, err := dialTLS(t, address, config)
			if err != nil {
				t.Fatalf("%s, generation %d: %v", tls.VersionName(version), i, err)
			}
			// Tickets of TLS 1.3 come after the handshake, at the latest with the response.
			if got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(t); got != "b /" {
				t.Errorf("%s, generation %d: got %q, want b /", tls.VersionName(version), i, got)
			}
			if got := c.stream.ConnectionState().DidResume; got != (i > 0) {
				t.Errorf("%s, generation %d: resumed %v, want %v", tls.VersionName(version), i, got, i > 0)
			}
			_ = c.stream.Close()
		}
	}
}

// During swaps, each handshake gets one of the certificates that there were. None fails.
func TestHandshakesDuringSwapsSucceed(t *testing.T) {
	t.Parallel()
	b, key := startEcho(t, "b"), ecdsaKey(t)
	generations := []*snapshot.Snapshot{with(everything(b), issue(t, "even", key, "a")), with(everything(b), issue(t, "odd", key, "a"))}
	p := serve(t)
	p.apply(generations[0])
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	var working sync.WaitGroup
	for range 4 {
		working.Go(func() {
			for i := range 25 {
				c, err := tls.Dial("tcp", address, &tls.Config{ServerName: "a", InsecureSkipVerify: true})
				if err != nil {
					t.Errorf("handshake %d: %v", i, err)
					return
				}
				if got := c.ConnectionState().PeerCertificates[0].Subject.CommonName; got != "even" && got != "odd" {
					t.Errorf("handshake %d: got %s", i, got)
				}
				_ = c.Close()
				if _, err := p.Apply(generations[i%2]); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
}

// A certificate that cannot be used is an error that names it. What was served before goes on.
func TestCertificateThatCannotBeUsedLeavesTheOldGeneration(t *testing.T) {
	t.Parallel()
	p := serve(t)
	good, other := issue(t, "default/good", ecdsaKey(t), "a"), issue(t, "default/bad", ecdsaKey(t), "a")
	p.apply(with(everything(startEcho(t, "b")), good))
	address := p.listen("127.0.0.1:0", p.ServeTLS)
	for name, change := range map[string]func(*snapshot.Certificate){
		"no chain":                func(c *snapshot.Certificate) { c.Chain = "" },
		"no key":                  func(c *snapshot.Certificate) { c.Key = "" },
		"a key of another":        func(c *snapshot.Certificate) { c.Key = good.Key },
		"a chain that is no PEM":  func(c *snapshot.Certificate) { c.Chain = "x" },
		"chain and key exchanged": func(c *snapshot.Certificate) { c.Chain, c.Key = c.Key, c.Chain },
	} {
		bad := other
		change(&bad)
		number, err := p.Apply(with(&snapshot.Snapshot{}, bad, good))
		if err == nil || !strings.Contains(err.Error(), `certificate "default/bad"`) || number != 1 {
			t.Errorf("%s: generation %d and %v, want 1 and an error that names the certificate", name, number, err)
		}
		c, err := dialTLS(t, address, &tls.Config{ServerName: "a"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := c.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").outcome(t); got != "b /" || c.served() != "default/good" {
			t.Errorf("%s: got %q with %s, want b / with default/good", name, got, c.served())
		}
		_ = c.stream.Close()
	}
}

// The endpoint is told if a request came over HTTPS, to a proxy in front of us or to us.
func TestEndpointsLearnOfHTTPS(t *testing.T) {
	t.Parallel()
	b, certificate := startEcho(t, "b"), issue(t, "a", ecdsaKey(t), "a")
	for name, test := range map[string]struct {
		config         func(*Config)
		preamble, sent string
		want           map[string][]string
	}{
		"by a client": {func(*Config) {}, "", "", map[string][]string{"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"https"}}},
		"by a client that forges": {func(*Config) {}, "", "X-Forwarded-Proto: http\r\nX-Forwarded-Port: 80\r\n",
			map[string][]string{"X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Proto": {"https"}}},
		"behind a PROXY header": {func(c *Config) { trust("127.0.0.1/32")(c); c.ProxyProtocol = true }, proxyV2(claimed), "",
			map[string][]string{"X-Forwarded-For": {claimed}, "X-Forwarded-Proto": {"https"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, test.config)
			p.apply(with(everything(b), certificate))
			address := p.listen("127.0.0.1:0", p.ServeTLS)
			below := dial(t, address)
			below.send(test.preamble)
			c, err := secure(below, &tls.Config{ServerName: "a"})
			if err != nil {
				t.Fatal(err)
			}
			test.want["X-Forwarded-Port"], test.want["X-Forwarded-Host"], test.want["X-Real-Ip"] = []string{"443"}, []string{"a"}, test.want["X-Forwarded-For"]
			got := forwarding(c.ask("GET / HTTP/1.1\r\nHost: a\r\n" + test.sent + "\r\n").header(t))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("fields at the endpoint (-want +got):\n%s", diff)
			}
		})
	}
}
