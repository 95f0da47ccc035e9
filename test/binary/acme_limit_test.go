// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestTheLimitOfOrdersIsKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	arguments := append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--acme-orders-per-day=1", "--leader-elect=false")
	first := s.start(arguments...)
	s.create(automatic("shop", s.host("shop")), task("web", startBackend(t, "web-1")))
	s.certifies(p, https, s.host("shop"), orderLimit)

	ordered := func(name string) *v1alpha1.TLSCertificate {
		c := certificate(name, s.host(name))
		c.Spec.AutoRenew = new(true)
		s.create(c, ingress(name, s.host(name), "web"))
		return c
	}
	waits := func(c *v1alpha1.TLSCertificate) {
		t.Helper()
		s.says(c, func() []metav1.Condition { return c.Status.Conditions }, "Issuing=False OrderLimit")
		if c.Status.NextAttemptTime == nil || c.Status.Failures != 0 {
			t.Errorf("the next attempt is at %v after %d failures, want a time and no failure", c.Status.NextAttemptTime, c.Status.Failures)
		}
	}
	waits(ordered("before"))
	first.kill()
	s.start(arguments...).ready()
	waits(ordered("after"))
	if n := len(p.orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}
