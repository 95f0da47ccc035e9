// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
)

// renewals is a controller with one certificate that it has ordered. The authority wants the certificate to be renewed
// when the controller starts again.
type renewals struct {
	*changing
	arguments  []string
	controller *controller
	https      string
}

// issuedOnce orders the first certificate.
func issuedOnce(t *testing.T, arguments ...string) *renewals {
	t.Helper()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	p := s.authorityFor(http01, https, nil)
	c := &changing{scene: s, p: p, clerk: startClerk(p), roots: p.roots(), system: s.namespace, email: "admin@example.com"}
	r := &renewals{changing: c, https: https,
		arguments: append(append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--leader-elect=false"), arguments...)}
	r.controller = s.start(r.arguments...)
	c.begin("TLSCertificate")
	r.due(c.issued())
	return r
}

// due makes the authority want a certificate to be renewed.
func (r *renewals) due(leaf *x509.Certificate) {
	r.t.Helper()
	id, err := acme.CertificateID(leaf)
	if err != nil {
		r.t.Fatal(err)
	}
	r.before = fmt.Sprintf("%x", leaf.SerialNumber)
	r.clerk.renew(id)
}

// restart makes the controller ask again when to renew.
func (r *renewals) restart() {
	r.t.Helper()
	r.controller.kill()
	r.controller = r.start(r.arguments...)
}

// refuses makes the authority refuse orders that name a certificate to be replaced.
func (r *renewals) refuses(status int, kind string) *atomic.Int32 {
	refused := new(atomic.Int32)
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	receive := r.p.instead
	r.p.instead = func(w http.ResponseWriter, request *http.Request) bool {
		_, _, named := r.clerk.count(r.namespace)
		if receive(w, request) {
			return true
		}
		if _, _, now := r.clerk.count(r.namespace); now == named {
			return false
		}
		refused.Add(1)
		problem(w, status, kind, "about what is replaced")
		return true
	}
	return refused
}

func TestARenewalGoesOnWhereTheAuthorityRefusesToReplace(t *testing.T) {
	for name, refusal := range map[string]struct {
		status int
		kind   string
	}{
		"as another account's":        {http.StatusForbidden, "unauthorized"},
		"as malformed":                {http.StatusBadRequest, "malformed"},
		"as replaced already":         {http.StatusConflict, "alreadyReplaced"},
		"by a fault":                  {http.StatusInternalServerError, "serverInternal"},
		"in words that nobody knows":  {http.StatusUnprocessableEntity, "somethingElse"},
		"as something that is absent": {http.StatusNotFound, "malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := issuedOnce(t)
			refused := r.refuses(refusal.status, refusal.kind)
			r.restart()
			r.issued()
			asked, placed, named := r.clerk.count(r.namespace)
			if asked != 3 || placed != 2 || named != 1 || refused.Load() != 1 {
				t.Errorf("%d orders were asked for, %d placed, and %d named a certificate, want 3, 2 and 1", asked, placed, named)
			}
			if n := len(r.ledgered(r.system)); n != 2 {
				t.Errorf("the ledger has %d orders, want 2", n)
			}
		})
	}
}

// The controller remembers the refusal before it places the order without what was refused.
func TestARefusalToReplaceIsKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	r := issuedOnce(t)
	r.refuses(http.StatusInternalServerError, "serverInternal")
	var killed atomic.Bool
	r.p.mu.Lock()
	// The order that names no certificate is the third that is asked for.
	r.p.before = func(request *http.Request) bool {
		if asked, _, _ := r.clerk.count(r.namespace); strings.HasSuffix(request.URL.Path, "/order-plz") && asked == 3 && killed.CompareAndSwap(false, true) {
			r.controller.kill()
			return true
		}
		return false
	}
	r.p.mu.Unlock()
	r.controller.kill()
	r.controller = r.start(r.arguments...)
	eventually(t, 2*orderLimit, "the controller to be killed", func() error {
		if !killed.Load() {
			return errors.New("it is not")
		}
		return nil
	})
	<-r.controller.ended
	r.start(r.arguments...)
	r.issued()
	if _, placed, named := r.clerk.count(r.namespace); placed != 2 || named != 1 {
		t.Errorf("%d orders were placed, and %d named a certificate, want 2 and 1", placed, named)
	}
	if n := len(r.ledgered(r.system)); n != 2 {
		t.Errorf("the ledger has %d orders, want 2", n)
	}
}

func TestARenewalNamesWhatItReplacesToTheAccountThatOrderedIt(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*renewals)
		named  int
	}{
		"the account that ordered it":            {func(*renewals) {}, 1},
		"another account, as the former is lost": {func(r *renewals) { r.delete(r.account()) }, 0},
		"another account, of another email": {func(r *renewals) {
			r.edits(func(s *v1alpha1.TLSCertificateSpec) { s.Email = "another@example.com" })
		}, 0},
		"a Secret that an earlier version wrote": {func(r *renewals) {
			secret := r.kept()
			r.change(secret, func() { delete(secret.Annotations, "ingress.warren.dev/acme-serial") })
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := issuedOnce(t)
			r.controller.kill()
			test.change(r)
			r.controller = r.start(r.arguments...)
			r.issued()
			if asked, placed, named := r.clerk.count(r.namespace); asked != 2 || placed != 2 || named != test.named {
				t.Errorf("%d orders were asked for, %d placed, and %d named a certificate, want 2, 2 and %d", asked, placed, named, test.named)
			}
		})
	}
}

func TestACertificateForOtherHostsIsOrderedAtOnce(t *testing.T) {
	for _, kind := range []string{"TLSCertificate", "Ingress", "networking.k8s.io"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			http01, https := ports.address(t), ports.address(t)
			p := s.authorityFor(http01, https, nil)
			c := &changing{scene: s, p: p, clerk: startClerk(p), roots: p.roots(), system: s.namespace, email: "admin@example.com"}
			s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https)...)
			c.begin(kind)
			c.issued()
			c.wants("renamed")
			c.issued()
			if asked, placed, named := c.clerk.count(s.namespace); asked != 2 || placed != 2 || named != 0 {
				t.Errorf("%d orders were asked for, %d placed, and %d named a certificate, want 2, 2 and none", asked, placed, named)
			}
		})
	}
}

// One authority's certificates live for seconds. It wants one ordered far more often than an authority allows whose
// certificates live for months.
func TestShortLivedCertificatesAreRenewedInTimeAgainAndAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	http01, https := ports.address(t), ports.address(t)
	const seconds, renewals = 45, 6 // the last third of the seconds is for the next order
	p := s.authorityFor(http01, https, []string{fmt.Sprintf("-validity=%d", seconds)})
	c := &changing{scene: s, p: p, clerk: startClerk(p), roots: p.roots(), system: s.namespace, email: "admin@example.com"}
	s.start(append(p.arguments(), "--http-address="+http01, "--https-address="+https, "--acme-orders-per-day=2")...)
	c.begin("TLSCertificate")
	leaf := c.issued()
	for range renewals {
		c.before = fmt.Sprintf("%x", leaf.SerialNumber)
		next := c.issued()
		if next.NotBefore.After(leaf.NotAfter) {
			t.Errorf("a certificate begins %s after the end of the one before", next.NotBefore.Sub(leaf.NotAfter))
		}
		leaf = next
	}
}
