// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/health"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestWhatAProbeFinds(t *testing.T) {
	t.Parallel()
	at := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hint":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		case "/moved":
			w.WriteHeader(http.StatusFound)
		case "/hung":
			<-r.Context().Done()
		case "/torn":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	closed := closedPort(t)
	for _, test := range []struct {
		path    string
		address netip.AddrPort
		want    health.Finding
	}{
		{"/health", at.address, health.Finding{Healthy: false, Class: health.OtherAnswer, Text: "GET /health: 503"}},
		{"/hint", at.address, health.Finding{Healthy: true, Class: health.Succeeded, Text: "GET /hint: 204"}},
		{"/moved", at.address, health.Finding{Healthy: false, Class: health.OtherAnswer, Text: "GET /moved: 302"}},
		{"/hung", at.address, health.Finding{Healthy: false, Class: health.NoAnswer, Text: "GET /hung: no answer within 1s"}},
		{"/torn", at.address, health.Finding{Healthy: false, Class: health.NoAnswer, Text: "GET /torn: closed without an answer"}},
		{"/health", closed, health.Finding{Healthy: false, Class: health.NoConnection, Text: fmt.Sprintf("connecting to %s: connection refused", closed)}},
		{"", at.address, health.Finding{Healthy: true, Class: health.Succeeded, Text: "connected to " + at.address.String()}},
		{"", closed, health.Finding{Healthy: false, Class: health.NoConnection, Text: fmt.Sprintf("connecting to %s: connection refused", closed)}},
	} {
		t.Run(test.path+" "+test.want.Text, func(t *testing.T) {
			p := New(Config{})
			c := snapshot.Check{Address: test.address, Path: test.path, Expected: []snapshot.StatusRange{{First: 200, Last: 299}}, Timeout: patience}
			if test.path == "/hung" {
				c.Timeout = time.Second
			}
			probes := health.NewProbes(p.dialer, logr.Discard())
			if got := probes.Probe(t.Context(), &c); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

func TestProbesOverTLS(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "of nobody's trust")
	config := &tls.Config{Certificates: []tls.Certificate{a.sign(t, []string{"other"})}}
	secured := startTLSBackend(t, config, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	demanding := config.Clone()
	demanding.ClientAuth = tls.RequireAnyClientCert
	for name, test := range map[string]struct {
		address netip.AddrPort
		want    health.Finding
	}{
		"any certificate will do":             {secured.address, health.Finding{Healthy: true, Class: health.Succeeded, Text: "GET /health: 204"}},
		"a task without TLS":                  {named(t, "plain").address, health.Finding{Healthy: false, Class: health.NoTLS, Text: "GET /health: the service does not speak TLS at this port"}},
		"a task that demands a certificate":   {startTLSBackend(t, demanding, nil).address, health.Finding{Healthy: false, Class: health.NoTLS, Text: "GET /health: the service refused the TLS connection: certificate required"}},
		"a task that does not end handshakes": {startScript(t).address, health.Finding{Healthy: false, Class: health.NoAnswer, Text: "GET /health: no answer within 1s"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := New(Config{})
			c := snapshot.Check{Address: test.address, Path: "/health", TLS: true, Expected: []snapshot.StatusRange{{First: 200, Last: 299}}, Timeout: patience}
			if strings.Contains(test.want.Text, "no answer") {
				c.Timeout = time.Second
			}
			probes := health.NewProbes(p.dialer, logr.Discard())
			if got := probes.Probe(t.Context(), &c); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

// A server with several hosts chooses by the name that is sent, and wants the request to be for the same (RFC 9110,
// section 7.4).
func TestProbesOverTLSSendAName(t *testing.T) {
	t.Parallel()
	a := newAuthority(t, "of nobody's trust")
	cert := a.sign(t, []string{"app.example.com"})
	strict := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName != "app.example.com" {
			return nil, fmt.Errorf("no host is called %q", hello.ServerName)
		}
		return &cert, nil
	}}
	b := startTLSBackend(t, strict, func(w http.ResponseWriter, r *http.Request) {
		if name, _, _ := strings.Cut(r.Host, ":"); name != r.TLS.ServerName {
			w.WriteHeader(http.StatusMisdirectedRequest)
		}
	})
	for name, healthy := range map[string]bool{"app.example.com": true, "other.example.com": false, "": false} {
		p := New(Config{})
		c := snapshot.Check{Address: b.address, Path: "/health", TLS: true, ServerName: name, Expected: []snapshot.StatusRange{{First: 200, Last: 299}}, Timeout: patience}
		if got := health.NewProbes(p.dialer, logr.Discard()).Probe(t.Context(), &c); got.Healthy != healthy {
			t.Errorf("with the name %q: %+v, want healthy to be %t", name, got, healthy)
		}
	}
}
