// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// forget puts another authority in the place of this one. It knows no account, order or nonce of the one before, and
// its certificates have another root.
func (c *changing) forget(http01, https string) {
	c.t.Helper()
	other := startPebble(c.t, http01, https, nil)
	target, err := url.Parse("https://" + other.address)
	if err != nil {
		c.t.Fatal(err)
	}
	// The front has trusted only the former one.
	c.p.transport.Store(other.client().Transport.(*http.Transport))
	c.p.target.Store(target)
	c.roots = other.roots()
}

// changed returns arguments with one more at the end. It overrides an earlier one.
func changed(arguments []string, flag, value string) []string {
	return append(append([]string{}, arguments...), flag+"="+value)
}

// The authority changes, or what the controller is told of it, after a first issuance and with one under way.
func TestACertificateGoesOnWhateverBecomesOfTheAuthority(t *testing.T) {
	type scenery struct {
		*changing
		http01, https string
		arguments     []string
		controller    *controller
	}
	restart := func(s *scenery, flag, value string) {
		s.controller.kill()
		s.controller = s.start(changed(s.arguments, flag, value)...)
	}
	// another starts another authority beside the first.
	another := func(s *scenery) *pebble {
		s.t.Helper()
		return startPebble(s.t, s.http01, s.https, nil)
	}
	// both makes a file of what two authorities are trusted by.
	both := func(s *scenery, other *pebble) string {
		s.t.Helper()
		file := filepath.Join(s.t.TempDir(), "cas.pem")
		var all []byte
		for _, name := range []string{s.p.caFile, other.caFile} {
			content, err := os.ReadFile(name)
			if err != nil {
				s.t.Fatal(err)
			}
			all = append(all, content...)
		}
		if err := os.WriteFile(file, all, 0o600); err != nil {
			s.t.Fatal(err)
		}
		return file
	}
	changes := map[string]struct {
		do func(*scenery)
		// costs is how many orders it costs at the first authority, besides the first.
		costs, costsUnderWay int
	}{
		"it forgets everything": {func(s *scenery) {
			s.forget(s.http01, s.https)
			if !s.underWay {
				s.delete(s.kept())
			}
		}, 1, 1},
		"another directory": {func(s *scenery) {
			other := another(s)
			s.arguments = changed(s.arguments, "--acme-ca-file", both(s, other))
			restart(s, "--acme-directory", other.directory)
			s.roots = other.roots()
		}, 0, 0},
		"another directory and back": {func(s *scenery) {
			other, first := another(s), s.roots
			s.arguments = changed(s.arguments, "--acme-ca-file", both(s, other))
			restart(s, "--acme-directory", other.directory)
			s.roots = other.roots()
			s.issued()
			s.clerk.hold(s.namespace, false)
			s.roots = first
			restart(s, "--acme-directory", s.p.directory)
		}, 1, 1},
		"another email of the controller's": {func(s *scenery) { restart(s, "--acme-email", "another@example.com") }, 0, 0},
		"a file of certificates that does not trust it, for a while": {func(s *scenery) {
			file := filepath.Join(s.t.TempDir(), "ca.pem")
			if err := os.WriteFile(file, newFrontCertificate(s.t, "127.0.0.1").pem, 0o600); err != nil {
				s.t.Fatal(err)
			}
			restart(s, "--acme-ca-file", file)
			s.controller.ready()
			restart(s, "--acme-ca-file", s.p.caFile)
		}, 0, 0},
		"the ledger is lost": {func(s *scenery) {
			s.delete(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.system, Name: "warren-ingress-acme-orders"}})
		}, 0, 0},
		"all that is kept is lost": {func(s *scenery) {
			s.controller.kill()
			s.delete(s.account())
			s.workingSecretLost()
			s.delete(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.system, Name: "warren-ingress-acme-orders"}})
			s.controller = s.start(s.arguments...)
		}, 0, 1},
	}
	for name, change := range changes {
		for _, underWay := range []bool{false, true} {
			when, costs := "after the first", change.costs
			if underWay {
				when, costs = "under way", change.costsUnderWay
			}
			t.Run(name+"/"+when, func(t *testing.T) {
				t.Parallel()
				s := &scenery{changing: &changing{scene: newScene(t), email: "admin@example.com", underWay: underWay},
					http01: ports.address(t), https: ports.address(t)}
				s.p = s.authorityFor(s.http01, s.https, nil)
				s.clerk, s.roots, s.system = startClerk(s.p), s.p.roots(), s.namespace
				s.clerk.hold(s.namespace, underWay)
				s.arguments = append(s.p.arguments(), "--http-address="+s.http01, "--https-address="+s.https, "--leader-elect=false")
				s.controller = s.start(s.arguments...)
				s.begin("TLSCertificate")
				if underWay {
					eventually(t, changesLimit, "the order to be under way", func() error {
						if !s.clerk.waits(s.namespace) {
							return errors.New("it is not")
						}
						return nil
					})
				} else {
					s.issued()
				}
				change.do(s)
				s.clerk.hold(s.namespace, false)
				s.issued()
				if _, placed, _ := s.clerk.count(s.namespace); placed > 1+costs {
					t.Errorf("%d orders were placed, want %d", placed, 1+costs)
				}
			})
		}
	}
}
