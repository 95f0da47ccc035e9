// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// serveTLS answers requests over TLS until the test ends. It sends a response in two records, so that a reader has to
// wait between them. connections counts the connections.
func serveTLS(t *testing.T) (address netip.AddrPort, connections func() int) {
	t.Helper()
	made, err := makeCertificate(t.TempDir(), mainHost)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(made.certificate, made.key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	wanted := len((&request{Method: "GET", Host: mainHost, Path: smallPath}).bytes())
	content := newResponses("tls").small
	accepted := make(chan struct{}, 1<<20)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			go func() {
				defer c.Close()
				buffer := make([]byte, wanted)
				for {
					if _, err := io.ReadFull(c, buffer); err != nil {
						return
					}
					for _, part := range [][]byte{content[:100], content[100:]} {
						if _, err := c.Write(part); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().(*net.TCPAddr).AddrPort(), func() int { return len(accepted) }
}

func TestLoadOverTLSKeepsOrRenewsItsConnections(t *testing.T) {
	tests := map[string]struct {
		mode loadMode
		// want says whether the number of connections fits the number of answers.
		want func(connections, answered int) bool
	}{
		"kept":              {mode: loadClosed, want: func(connections, _ int) bool { return connections == 4 }},
		"one for a request": {mode: loadHandshakes, want: func(connections, answered int) bool { return connections >= answered }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			address, connections := serveTLS(t)
			f := start(t)
			spec := loadSpec{
				Mode: test.mode, Address: address, ServerName: mainHost, Connections: 4, Sources: 4,
				Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
				Window: time.Hour, Enough: 40,
			}
			result, err := f.launcher.load(t.Context(), f.core, &spec)
			if err != nil {
				t.Fatal(err)
			}
			if result.Answered < spec.Enough || result.Failed > 0 {
				t.Errorf("%d requests were answered and %d failed (%s), want %d answered", result.Answered, result.Failed, result.FirstFailure, spec.Enough)
			}
			if made := connections(); !test.want(made, result.Answered) {
				t.Errorf("%d connections were made for %d responses", made, result.Answered)
			}
		})
	}
}

func TestIdleStreamsAreAnsweredAndStayOpen(t *testing.T) {
	for name, test := range map[string]struct {
		status, size int
		leaves       bool
		failure      string
	}{
		"answered":               {status: http.StatusOK, size: smallBody},
		"another size":           {status: http.StatusOK, size: 7, failure: "has 7 bytes, want 1024"},
		"another status":         {status: http.StatusTeapot, size: smallBody, failure: "has status 418"},
		"a server that says bye": {status: http.StatusOK, size: smallBody, leaves: true, failure: "the proxy says farewell"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if test.leaves {
					w.Header().Set("Connection", "close") // a GOAWAY, in HTTP/2
				}
				w.WriteHeader(test.status)
				_, _ = w.Write(make([]byte, test.size))
			}))
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			spec := loadSpec{
				Mode: loadIdle, Talk: talkStreams, Address: server.Listener.Addr().(*net.TCPAddr).AddrPort(), ServerName: mainHost, Connections: 3,
				Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody, Settle: 50 * time.Millisecond,
			}
			f := start(t)
			result, err := f.launcher.load(t.Context(), f.core, &spec)
			if err != nil {
				t.Fatal(err)
			}
			want := 0
			if test.failure != "" {
				want = spec.Connections
			}
			if result.Failed != want || !strings.Contains(result.FirstFailure, test.failure) {
				t.Errorf("%d failed (%s), want %d that say %q", result.Failed, result.FirstFailure, want, test.failure)
			}
		})
	}
}

func TestFarewellIsFoundAmongFrames(t *testing.T) {
	frames := func(write ...func(*http2.Framer) error) []byte {
		var out bytes.Buffer
		for _, w := range write {
			if err := w(http2.NewFramer(&out, nil)); err != nil {
				t.Fatal(err)
			}
		}
		return out.Bytes()
	}
	settings := func(f *http2.Framer) error {
		return f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20})
	}
	farewell := func(f *http2.Framer) error { return f.WriteGoAway(1, http2.ErrCodeNo, []byte("bye")) }
	for name, test := range map[string]struct {
		frames []byte
		want   bool
	}{
		"nothing":      {nil, false},
		"others":       {frames(settings, settings), false},
		"alone":        {frames(farewell), true},
		"after others": {frames(settings, settings, farewell), true},
		"torn":         {frames(settings)[:11], false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := saysFarewell(test.frames); got != test.want {
				t.Errorf("it says farewell: %t, want %t", got, test.want)
			}
		})
	}
}
