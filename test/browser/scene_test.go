//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	host = "browser.test"
	// patience is for the start of a browser on a busy machine.
	patience = 3 * time.Minute
)

// scene is a proxy, the server behind it, and what both saw of one browser.
type scene struct {
	t       *testing.T
	proxy   *proxy.Proxy
	port    int
	key     string // of the certificate, as a browser wants it
	reports chan report
	log     *log
}

// serve starts a proxy with one host over TLS, and the server that has the pages.
func serve(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, reports: make(chan report, 1), log: &log{more: make(chan struct{}, 1)}}
	pages := httptest.NewServer(s.pages())
	t.Cleanup(pages.Close)
	s.proxy = proxy.New(proxy.Config{
		Logger:      logr.Discard(),
		ReadTimeout: patience, WriteTimeout: patience, IdleTimeout: patience, DrainTimeout: patience,
		MaxHeaderBytes: 64 << 10, MaxHeaders: 128,
		AccessLog: observe.LogJSON, AccessLogWriter: s.log,
	})
	certificate, key := issue(t)
	s.key = key
	const pool = "pages"
	_, err := s.proxy.Apply(&snapshot.Snapshot{
		Hosts: []snapshot.Host{{Name: host, Routes: []snapshot.Route{{
			Rule: snapshot.RuleID{Ingress: "default/pages"}, Path: "/", Match: snapshot.MatchPrefix, Pool: pool,
			Timeouts: snapshot.Timeouts{Connect: patience, Idle: patience},
		}}}},
		Pools: []snapshot.Pool{{ID: pool, Service: "default/pages", Endpoints: []snapshot.Endpoint{{
			ID: "task/default/pages", Address: netip.MustParseAddrPort(pages.Listener.Addr().String()), Weight: 1,
		}}}},
		Certificates: []snapshot.Certificate{certificate},
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.proxy.Watch(ctx) })
	running.Go(func() {
		if err := s.proxy.ServeTLS(l); err != nil {
			t.Errorf("serving: %v", err)
		}
	})
	t.Cleanup(func() {
		if err := s.proxy.Shutdown(context.Background()); err != nil {
			t.Errorf("shutting down: %v", err)
		}
		cancel()
		running.Wait()
	})
	return s
}

// issue makes a certificate for all hosts. It also returns the hash of its key, by which a browser is told to trust
// it.
func issue(t *testing.T) (c snapshot.Certificate, spki string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		DNSNames:     []string{host, wikiHost, issuerHost},
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(public)
	return snapshot.Certificate{
		ID: "default/" + host, Hosts: []string{host},
		Chain: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		Key:   string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})),
	}, base64.StdEncoding.EncodeToString(sum[:])
}

// log keeps what it is given. It says each time that there is more.
type log struct {
	mu   sync.Mutex
	text []byte
	more chan struct{}
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

// lines returns the whole lines.
func (l *log) lines() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text[:bytes.LastIndexByte(l.text, '\n')+1])
}

// expectRecords waits until the access log says this of each path, and nothing of others. A request is logged just
// after its response was sent.
func (s *scene) expectRecords(want map[string]string) {
	s.t.Helper()
	for late := time.After(patience); ; {
		diff := cmp.Diff(want, s.parse(s.log.lines()))
		if diff == "" {
			return
		}
		select {
		case <-s.log.more:
		case <-late:
			s.t.Errorf("what the proxy logged (-want +got):\n%s", diff)
			return
		}
	}
}

// awaitRecord waits until the access log has a record of the path.
func (s *scene) awaitRecord(path string) {
	s.t.Helper()
	for late := time.After(patience); s.parse(s.log.lines())[path] == ""; {
		select {
		case <-s.log.more:
		case <-late:
			s.t.Errorf("the proxy logged nothing of %s", path)
			return
		}
	}
}

func (s *scene) parse(lines string) map[string]string {
	s.t.Helper()
	records := make(map[string]string)
	for line := range strings.Lines(lines) {
		var r struct {
			Method, Path, Protocol, Reason string
			Status                         int
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		record := strings.TrimSpace(fmt.Sprintf("%s %d over %s %s", r.Method, r.Status, r.Protocol, r.Reason))
		if before, twice := records[r.Path]; twice {
			record = before + ", " + record
		}
		records[r.Path] = record
	}
	return records
}

// expectRequests compares the counts of requests that were logged, by code and reason.
func (s *scene) expectRequests(want map[string]float64) {
	s.t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s.proxy.Collector())
	families, err := registry.Gather()
	if err != nil {
		s.t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, family := range families {
		if family.GetName() != "warren_ingress_requests_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			code, reason := "", ""
			for _, label := range m.GetLabel() {
				switch label.GetName() {
				case "code":
					code = label.GetValue()
				case "reason":
					reason = label.GetValue()
				}
			}
			got["code="+code+" reason="+reason] += m.GetCounter().GetValue()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("requests that were counted (-want +got):\n%s", diff)
	}
}
