// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// secureTraffic is 500 requests a second over TLS. Half go over connections that are kept, half over a new one each.
type secureTraffic struct {
	address, host string
	roots         *x509.CertPool
	stop          chan struct{}
	running       sync.WaitGroup

	mu         sync.Mutex // guards the rest
	kept       int
	handshakes []handshake
	failures   []error
}

// handshake is a new connection with its request.
type handshake struct {
	began, ended time.Time
	serial       string
}

const (
	securePace = 20 * time.Millisecond
	// secureClients is how many clients of either kind send one request at this pace: 250 a second.
	secureClients = 5
)

func startSecureTraffic(t *testing.T, address, host string, roots *x509.CertPool) *secureTraffic {
	t.Helper()
	tr := &secureTraffic{address: address, host: host, roots: roots, stop: make(chan struct{})}
	for range secureClients {
		tr.running.Go(func() { tr.each(tr.fresh) })
		c, err := tr.dial()
		if err != nil {
			t.Fatal(err)
		}
		tr.running.Go(func() {
			defer c.Close()
			tr.each(func() error { return tr.keep(c) })
		})
	}
	t.Cleanup(tr.end)
	return tr
}

func (tr *secureTraffic) end() {
	select {
	case <-tr.stop:
	default:
		close(tr.stop)
	}
	tr.running.Wait()
}

// each calls do at the pace, until the traffic is stopped.
func (tr *secureTraffic) each(do func() error) {
	ticker := time.NewTicker(securePace)
	defer ticker.Stop()
	for {
		select {
		case <-tr.stop:
			return
		case <-ticker.C:
		}
		if err := do(); err != nil {
			tr.mu.Lock()
			tr.failures = append(tr.failures, fmt.Errorf("at %s: %w", time.Now().Format("15:04:05.000"), err))
			tr.mu.Unlock()
		}
	}
}

// secureConnection is a connection with what was read ahead.
type secureConnection struct {
	*tls.Conn
	reader *bufio.Reader
}

func (tr *secureTraffic) dial() (*secureConnection, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", tr.address, &tls.Config{ServerName: tr.host, RootCAs: tr.roots})
	if err != nil {
		return nil, err
	}
	return &secureConnection{conn, bufio.NewReader(conn)}, nil
}

func (tr *secureTraffic) ask(c *secureConnection) error {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", tr.host); err != nil {
		return err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}

func (tr *secureTraffic) keep(c *secureConnection) error {
	err := tr.ask(c)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.kept++
	return err
}

func (tr *secureTraffic) fresh() error {
	h := handshake{began: time.Now()}
	c, err := tr.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	h.ended, h.serial = time.Now(), fmt.Sprintf("%x", c.ConnectionState().PeerCertificates[0].SerialNumber)
	tr.mu.Lock()
	tr.handshakes = append(tr.handshakes, h)
	tr.mu.Unlock()
	return tr.ask(c)
}

// firstOther returns when the first handshake ended that did not show the serial number. It returns the zero time if
// there was none.
func (tr *secureTraffic) firstOther(serial string) time.Time {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	var first time.Time
	for _, h := range tr.handshakes {
		if h.serial != serial && (first.IsZero() || h.ended.Before(first)) {
			first = h.ended
		}
	}
	return first
}

func TestARenewalUnderLoadFailsNoHandshakeAndIsServedAtOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	// The authority wants the first certificate to be renewed soon.
	var asked atomic.Bool
	p.mu.Lock()
	p.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/renewalInfo/") || !asked.CompareAndSwap(false, true) {
			return false
		}
		at := time.Now().Add(10 * time.Second)
		_, _ = fmt.Fprintf(w, `{"suggestedWindow": {"start": %q, "end": %q}}`, at.Format(time.RFC3339), at.Add(time.Second).Format(time.RFC3339))
		return true
	}
	p.mu.Unlock()
	s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
	host := s.host("shop")
	s.create(automatic("shop", host), task("web", startBackend(t, "web-1")))
	before := s.certifies(p, https, host, orderLimit)
	s.renewalIsNear("shop-tls", 6*time.Second)

	began := time.Now()
	tr := startSecureTraffic(t, https, host, p.roots())
	written := make(chan time.Time, 1)
	go func() { written <- s.certificateWritten("shop-tls", before) }()
	eventually(t, 2*orderLimit, "a handshake with another certificate", func() error {
		if tr.firstOther(before).IsZero() {
			return errors.New("there was none")
		}
		return nil
	})
	eventually(t, patience, "requests after the renewal", func() error {
		if time.Since(tr.firstOther(before)) < time.Second {
			return errors.New("it is less than a second ago")
		}
		return nil
	})
	tr.end()
	took := time.Since(began)

	at, first := <-written, tr.firstOther(before)
	if at.IsZero() {
		t.Fatal("the Secret was not seen to be written")
	}
	total := tr.kept + len(tr.handshakes)
	t.Logf("%d requests in %s, %.0f a second: %d over connections that were kept and %d over new ones; the new certificate was served %s after the Secret was seen to be written",
		total, took.Round(time.Millisecond), float64(total)/took.Seconds(), tr.kept, len(tr.handshakes), first.Sub(at).Round(time.Millisecond))
	if len(tr.failures) > 0 {
		t.Errorf("%d requests failed, the first one %v", len(tr.failures), tr.failures[0])
	}
	after := 0
	for _, h := range tr.handshakes {
		if h.serial != before {
			after++
		} else if h.began.After(first) {
			t.Errorf("a handshake that began %s after the new certificate was served shows the old one", h.began.Sub(first))
		}
	}
	if after == 0 || after == len(tr.handshakes) || tr.kept == 0 {
		t.Errorf("%d of %d handshakes show the new certificate, and %d requests were over kept connections, want some of each", after, len(tr.handshakes), tr.kept)
	}
}

// renewalIsNear waits until a certificate is due to be renewed within the time.
func (s *scene) renewalIsNear(name string, within time.Duration) {
	s.t.Helper()
	eventually(s.t, patience, "the time of the renewal", func() error {
		var c v1alpha1.TLSCertificate
		if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &c); err != nil {
			return err
		}
		if c.Status.RenewalTime == nil {
			return errors.New("it is not known")
		}
		if left := time.Until(c.Status.RenewalTime.Time); left > within {
			return fmt.Errorf("it is in %s", left)
		}
		return nil
	})
}

// certificateWritten returns when a Secret was first seen with another certificate than that with the serial number. It
// returns the zero time if that takes too long.
func (s *scene) certificateWritten(name, serial string) time.Time {
	for end := time.Now().Add(2 * orderLimit); time.Now().Before(end); time.Sleep(pause) {
		var secret corev1.Secret
		if s.Get(s.t.Context(), client.ObjectKey{Namespace: s.namespace, Name: name}, &secret) != nil {
			continue // The end of the test is one reason.
		}
		pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
		if err == nil && fmt.Sprintf("%x", pair.Leaf.SerialNumber) != serial {
			return time.Now()
		}
	}
	return time.Time{}
}
