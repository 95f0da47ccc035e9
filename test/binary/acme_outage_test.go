// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"flag"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

var outage = flag.Duration("outage", 10*time.Second, "how long the authority is down in the test of that")

func TestAnOrderSurvivesAnOutageOfTheAuthorityAtAnyStep(t *testing.T) {
	for name, path := range map[string]string{"before it is placed": "/order-plz", "while its hosts are proven": "/authZ/", "before the download": "/certZ/"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			http01, https := ports.address(t), ports.address(t)
			p := s.authorityFor(http01, https, nil)
			fell := make(chan struct{})
			var once sync.Once
			// One answer is lost. After it, no other comes through until the authority is back.
			var away atomic.Bool
			p.mu.Lock()
			p.after = func(r *http.Request) bool {
				if strings.Contains(r.URL.Path, path) {
					once.Do(func() { away.Store(true); close(fell) })
				}
				return away.Load()
			}
			p.mu.Unlock()
			s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
			s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
			select {
			case <-fell:
			case <-time.After(patience):
				t.Fatal("the authority was not asked")
			}
			p.down()
			began := time.Now()
			always(t, *outage-time.Since(began), "there should be no certificate without the authority", func() error {
				err := s.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "shop-tls"}, &corev1.Secret{})
				if err == nil {
					return errors.New("there is a Secret")
				}
				return client.IgnoreNotFound(err)
			})
			c := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "shop-tls"}}
			s.says(c, func() []metav1.Condition { return c.Status.Conditions }, "Issuing=True")
			if c.Status.Failures != 0 {
				t.Errorf("the outage counts as %d failures, want none", c.Status.Failures)
			}
			away.Store(false)
			p.up()
			// The controller doubles its pause each time. So after the authority's return it takes at most as long as that was
			// away.
			s.certifies(p, https, s.host("shop"), orderLimit+*outage)
			if n := len(p.orders()); n != 1 {
				t.Errorf("%d orders were placed, want 1", n)
			}
		})
	}
}
