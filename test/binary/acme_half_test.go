// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// halfOfValidations is between an authority and a controller. It cuts off every second validation, beginning with the
// first.
type halfOfValidations struct {
	address string

	mu sync.Mutex
	// cut says of each token whether it was cut off. An authority looks at a token from several places, and again.
	cut map[string]bool
}

func startHalfOfValidations(t *testing.T, controller string) *halfOfValidations {
	t.Helper()
	listener, err := net.Listen("tcp", ports.address(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &halfOfValidations{address: listener.Addr().String(), cut: map[string]bool{}}
	target := &url.URL{Scheme: "http", Host: controller}
	forward := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.cuts(r.URL.Path) {
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return h
}

func (h *halfOfValidations) cuts(token string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	cut, known := h.cut[token]
	if !known {
		cut = len(h.cut)%2 == 0
		h.cut[token] = cut
	}
	return cut
}

// count returns how many validations there were, and how many of them were cut off.
func (h *halfOfValidations) count() (all, cut int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, was := range h.cut {
		if was {
			cut++
		}
	}
	return len(h.cut), cut
}

// tryAtOnce deletes the working Secret of a TLSCertificate whose last attempt failed. The documentation says to do so
// instead of waiting for the next one. If another attempt has begun meanwhile, it leaves it alone.
func (s *scene) tryAtOnce(certificate string) error {
	orders, err := s.orders(s.namespace)
	working := orders[certificate]
	if err != nil || working == nil {
		return err
	}
	var state struct {
		Failures int
		Attempt  json.RawMessage
	}
	if err := json.Unmarshal(working.Data["order.json"], &state); err != nil || state.Failures == 0 || state.Attempt != nil {
		return err
	}
	return s.Delete(s.t.Context(), working, client.Preconditions{UID: &working.UID, ResourceVersion: &working.ResourceVersion})
}

func TestEveryCertificateComesWhereHalfOfAllValidationsFail(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01 := ports.address(t)
	between := startHalfOfValidations(t, http01)
	p := s.authorityFor(between.address, ports.address(t), nil)
	c := s.start(append(p.arguments(), "--http-address="+http01)...)
	names := []string{"shop", "blog", "mail", "wiki"}
	s.create(task("web", startBackend(t, "web-1")))
	for _, name := range names {
		s.create(automatic(name, s.host(name)))
	}
	roots := p.roots()
	took := eventually(t, 3*orderLimit, "a certificate for every host", func() error {
		var missing []error
		for _, name := range names {
			if _, err := p.secured(c.https, s.host(name), roots); err != nil {
				missing = append(missing, fmt.Errorf("%s: %w", name, err), s.tryAtOnce(name+"-tls"))
			}
		}
		return errors.Join(missing...)
	})
	// Those that succeed and those that fail take turns over all certificates. So the last one to succeed ends the last
	// pair.
	want := 2 * len(names)
	all, cut := between.count()
	t.Logf("%d certificates came in %s, with %d of %d validations cut off", len(names), took, cut, all)
	if n := len(p.orders()); n != want || all != want || cut != len(names) {
		t.Errorf("%d orders were placed, and %d of %d validations cut off, want %d, and %d of %d", n, cut, all, want, len(names), want)
	}
}
