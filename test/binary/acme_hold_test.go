// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// refuse gives these answers to the first requests for a path that follow the first order, one each. It lets the others
// through. It returns the number of all of them.
func (p *pebble) refuse(path string, answers ...func(http.ResponseWriter)) (asked *atomic.Int32) {
	asked = new(atomic.Int32)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, path) || len(p.orders()) == 0 {
			return false
		}
		n := int(asked.Add(1))
		if n > len(answers) {
			return false
		}
		answers[n-1](w)
		return true
	}
	return asked
}

// tooMany answers 429 with a time to wait, in seconds.
func tooMany(seconds int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", fmt.Sprint(seconds))
		problem(w, http.StatusTooManyRequests, "rateLimited", "too many of these")
	}
}

func problem(w http.ResponseWriter, status int, kind, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"type":"urn:ietf:params:acme:error:%s","detail":%q,"status":%d}`, kind, detail, status) // It may have gone.
}

func TestNoRequestOfAnOrderThatIsRefusedForNowCostsAnother(t *testing.T) {
	for name, path := range map[string]string{"a nonce": "/nonce-plz", "an authorization": "/authZ/", "a challenge": "/chalZ/",
		"the order": "/my-order/", "finalizing": "/finalize-order/", "the download": "/certZ/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			http01, https := ports.address(t), ports.address(t)
			p := s.authorityFor(http01, https, nil)
			asked := p.refuse(path, tooMany(1),
				func(w http.ResponseWriter) {
					w.Header().Set("Retry-After", "1")
					w.WriteHeader(http.StatusServiceUnavailable)
				},
				func(w http.ResponseWriter) { problem(w, http.StatusInternalServerError, "serverInternal", "a fault") },
				func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
			s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
			s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
			s.certifies(p, https, s.host("shop"), 2*orderLimit)
			if n := len(p.orders()); n != 1 {
				t.Errorf("%d orders were placed, want 1", n)
			}
			if n := asked.Load(); n <= 4 {
				t.Errorf("there were %d such requests, want more than the 4 that were refused", n)
			}
		})
	}
}

func TestAnOrderThatTheAuthorityPutsOffIsKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	asked := p.refuse("/authZ/", tooMany(3600))
	arguments := append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--leader-elect=false")
	began := time.Now()
	c := s.start(arguments...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	putOff := func() {
		t.Helper()
		eventually(t, patience, "the order to be put off", func() error {
			var shop v1alpha1.TLSCertificate
			if err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &shop); err != nil {
				return err
			}
			issuing := meta.FindStatusCondition(shop.Status.Conditions, v1alpha1.ConditionIssuing)
			const want = "the certificate is being ordered: looking at the authorization: rateLimited: too many of these; it is tried again"
			if issuing == nil || issuing.Reason != v1alpha1.ReasonOrdering || issuing.Message != want {
				return fmt.Errorf("Issuing is %v, want %q", issuing, want)
			}
			if next := shop.Status.NextAttemptTime; next == nil || next.Time.Before(began.Add(59*time.Minute)) || shop.Status.Failures != 0 {
				t.Fatalf("it goes on at %v after %d failures, want in an hour and none", next, shop.Status.Failures)
			}
			return nil
		})
	}
	putOff()
	c.kill()
	c = s.start(arguments...).ready()
	always(t, 2*time.Second, "the authority should be left alone", func() error {
		if n := asked.Load(); n != 1 {
			return fmt.Errorf("it was asked %d times", n)
		}
		return c.running()
	})
	putOff()
	if n := len(p.orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}
