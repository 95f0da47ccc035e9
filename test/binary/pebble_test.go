// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// pebble is a certificate authority that looks for challenges at one replica. A front sits before it and may do harm.
type pebble struct {
	t *testing.T
	// directory is the URL. caFile is what it is trusted by.
	directory, caFile string
	address, manage   string
	folder            string
	output            output
	mu                sync.Mutex
	before, after     func(*http.Request) bool
	// instead answers in the authority's place if it returns true.
	instead func(http.ResponseWriter, *http.Request) bool
	// seen is told of every answer of the authority's.
	seen func(*http.Response)
	// down stops listening at the directory's address until up.
	down, up func()
	placed   []string
	// target is where the authority itself is. Another one in its place has forgotten everything.
	target    atomic.Pointer[url.URL]
	transport atomic.Pointer[http.Transport]
}

// startPebble starts the authority. It looks for challenges at these addresses. The variables may make it misbehave.
func startPebble(t *testing.T, http01, tlsALPN string, arguments []string, variables ...string) *pebble {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(checkout, "bin", "pebble")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf(`%v: run "make pebble"`, err)
	}
	p := &pebble{t: t, address: ports.address(t), manage: ports.address(t), folder: t.TempDir()}
	p.caFile = filepath.Join(p.folder, "ca.pem")
	_, httpPort, _ := net.SplitHostPort(http01)
	_, tlsPort, _ := net.SplitHostPort(tlsALPN)
	command := exec.Command(program, append([]string{"-listen=" + p.address, "-management=" + p.manage, "-resolver=" + ports.address(t),
		"-http-port=" + httpPort, "-tls-port=" + tlsPort, "-folder=" + p.folder}, arguments...)...)
	command.Env = append(os.Environ(), append([]string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}, variables...)...)
	command.Stdout, command.Stderr = &p.output, &p.output
	command.SysProcAttr = childAttributes()
	started := make(chan error, 1)
	ended := make(chan struct{})
	go func() {
		// A child may be bound to the thread that starts it. So the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // It is killed.
		}
		close(ended)
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); <-ended })
	eventually(t, patience, "the authority", func() error {
		_, err := p.client().Get("https://" + p.address + "/dir")
		return err
	})
	p.front()
	return p
}

func (p *pebble) client() *http.Client {
	roots := x509.NewCertPool()
	content, _ := os.ReadFile(p.caFile) // Without it nothing is trusted, and the request says so.
	roots.AppendCertsFromPEM(content)
	return &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// front puts a server before the authority. It counts orders and does what the test wants.
func (p *pebble) front() {
	p.t.Helper()
	address := ports.address(p.t)
	target, err := url.Parse("https://" + p.address)
	if err != nil {
		p.t.Fatal(err)
	}
	server := newFrontCertificate(p.t, address)
	content, err := os.ReadFile(p.caFile)
	if err != nil {
		p.t.Fatal(err)
	}
	both := filepath.Join(p.folder, "both.pem")
	if err := os.WriteFile(both, append(content, server.pem...), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.target.Store(target)
	p.transport.Store(p.client().Transport.(*http.Transport))
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(p.target.Load()); r.Out.Host = r.In.Host },
		Transport: targetTransport{p},
		ModifyResponse: func(r *http.Response) error {
			p.mu.Lock()
			if strings.HasSuffix(r.Request.URL.Path, "/order-plz") && r.StatusCode == http.StatusCreated {
				p.placed = append(p.placed, time.Now().Format("15:04:05.000")+" "+r.Header.Get("Location"))
			}
			after, seen := p.after, p.seen
			p.mu.Unlock()
			if seen != nil {
				seen(r)
			}
			if after != nil && after(r.Request) {
				return errors.New("the answer is lost")
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		before, instead := p.before, p.instead
		p.mu.Unlock()
		if instead != nil && instead(w, r) {
			return
		}
		if before != nil && before(r) {
			tooMany(3)(w)
			return
		}
		proxy.ServeHTTP(w, r)
	})
	p.directory, p.caFile = "https://"+address+"/dir", both
	p.up = func() {
		p.t.Helper()
		listener, err := net.Listen("tcp", address)
		if err != nil {
			p.t.Fatal(err)
		}
		s := &http.Server{Handler: handler, ReadHeaderTimeout: patience, TLSConfig: &tls.Config{Certificates: []tls.Certificate{server.pair}}}
		go func() { _ = s.ServeTLS(listener, "", "") }()
		p.down = func() { _ = s.Close() }
	}
	p.up()
	p.t.Cleanup(func() { p.down() })
}

// targetTransport goes to where the authority is at the time.
type targetTransport struct{ p *pebble }

func (t targetTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return t.p.transport.Load().RoundTrip(r)
}

// orders returns the orders that were placed, with their times.
func (p *pebble) orders() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.placed...)
}

// roots returns what the authority's certificates are trusted by.
func (p *pebble) roots() *x509.CertPool {
	p.t.Helper()
	pool := x509.NewCertPool()
	content, err := os.ReadFile(filepath.Join(p.folder, "ca.pem"))
	if err != nil {
		p.t.Fatal(err)
	}
	front := x509.NewCertPool()
	front.AppendCertsFromPEM(content)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: front}}}
	// Pebble answers at its directory before it listens for management.
	eventually(p.t, patience, "the authority's root", func() error {
		response, err := client.Get("https://" + p.manage + "/roots/0")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		root, err := io.ReadAll(response.Body)
		if err == nil && !pool.AppendCertsFromPEM(root) {
			err = fmt.Errorf("it is no certificate: %q", root)
		}
		return err
	})
	return pool
}

// arguments make a controller order from the authority.
func (p *pebble) arguments() []string {
	return []string{"--acme-directory=" + p.directory, "--acme-ca-file=" + p.caFile, "--acme-email=admin@example.com", "--acme-account-per-email"}
}

// secured makes a verified handshake for the host. It returns the serial number of the certificate.
func (p *pebble) secured(address, host string, roots *x509.CertPool) (string, error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, &tls.Config{ServerName: host, RootCAs: roots})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return fmt.Sprintf("%x", conn.ConnectionState().PeerCertificates[0].SerialNumber), nil
}

// frontCertificate is the front's certificate, with its PEM.
type frontCertificate struct {
	pair tls.Certificate
	pem  []byte
}

func newFrontCertificate(t *testing.T, address string) frontCertificate {
	t.Helper()
	pair := selfSigned(t, address)
	return frontCertificate{pair: pair, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})}
}

var secretText = regexp.MustCompile(`PRIVATE KEY|[A-Za-z0-9_-]{22,}\.[A-Za-z0-9_-]{43}`)

// leaks returns the part of a text that no text may have.
func leaks(text string) []byte { return bytes.TrimSpace([]byte(secretText.FindString(text))) }
