// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// accountsKept returns the contacts of the accounts that have a Secret.
func (s *scene) accountsKept() map[string]bool {
	kept := map[string]bool{}
	for _, object := range s.api.objects {
		if secret, ok := object.(*corev1.Secret); ok && secret.Type == accountSecretType {
			kept[secret.Annotations[emailAnnotation]] = true
		}
	}
	return kept
}

func TestNoAccountIsMadeBeforeTheLedgerHasRoom(t *testing.T) {
	s := newScene(t, 1)
	s.accountPerEmail = true
	s.certificate.Spec.Email = "one-of-many@example.com"
	if _, _, err := s.Ledger.Reserve(t.Context(), ledger.Entry{ID: "other", Certificate: "other/tls", Names: "x", Time: today}); err != nil {
		t.Fatal(err)
	}
	s.passUntil("a limit", func(state *State) bool { return state.Reason == v1alpha1.ReasonOrderLimit })
	if len(s.authority.contacts) > 0 || len(s.accountsKept()) > 0 {
		t.Errorf("the accounts of %v are registered and %v are kept, want none", s.authority.contacts, s.accountsKept())
	}
	s.now = s.now.Add(2 * day)
	s.passUntilIssued()
	if diff := cmp.Diff([]string{"one-of-many@example.com"}, s.authority.contacts); diff != "" {
		t.Errorf("registered accounts (-want +got):\n%s", diff)
	}
}

func TestThereIsOneAccountUnlessTheOperatorAllowsMore(t *testing.T) {
	for name, test := range map[string]struct {
		allowed     bool
		own, named  string
		want, tells string
	}{
		"none is named":                {false, "admin@example.com", "", "admin@example.com", ""},
		"another is named":             {false, "admin@example.com", "b@example.com", "admin@example.com", "email has no effect, since one account orders all certificates: leave it out, or have the controller run with --acme-account-per-email"},
		"the same is named":            {false, "admin@example.com", "admin@example.com", "admin@example.com", ""},
		"one is named, and no own":     {false, "", "b@example.com", "", "email has no effect, since one account orders all certificates: leave it out, or have the controller run with --acme-account-per-email"},
		"another is named, and may":    {true, "admin@example.com", "b@example.com", "b@example.com", ""},
		"none is named, though it may": {true, "admin@example.com", "", "admin@example.com", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.accountPerEmail, s.email, s.accounts.email = test.allowed, test.own, test.own
			s.certificate.Spec.Email = v1alpha1.Email(test.named)
			s.passUntilIssued()
			if diff := cmp.Diff([]string{test.want}, s.authority.contacts); diff != "" {
				t.Errorf("registered accounts (-want +got):\n%s", diff)
			}
			if got := s.Ignores(&s.certificate.Spec); got != test.tells {
				t.Errorf("it says %q, want %q", got, test.tells)
			}
		})
	}
}

func TestAccountsThatNothingNamesAreCollected(t *testing.T) {
	const old = 2 * collectPause
	for name, test := range map[string]struct {
		email, directory string
		label            string
		age              time.Duration
		external         string
		allowed          bool
		kept             bool
	}{
		"of an address that nobody names":       {"gone@example.com", "", "", old, "", true, false},
		"of one that a TLSCertificate names":    {"named@example.com", "", "", old, "", true, true},
		"the same, where it has no effect":      {"named@example.com", "", "", old, "", false, false},
		"of one that an order is under way for": {"ordering@example.com", "", "", old, "", false, true},
		"the controller's":                      {"admin@example.com", "", "", old, "", true, true},
		"another controller's":                  {"other@example.com", "", accountOwn, old, "", true, true},
		"a new one":                             {"gone@example.com", "", "", 0, "", true, true},
		"with another authority":                {"gone@example.com", "https://other.test/directory", "", old, "", true, true},
		"bound to an external one":              {"gone@example.com", "", "", old, "eab", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.email, s.accounts.email, s.accounts.external, s.accountPerEmail = "admin@example.com", "admin@example.com", test.external, test.allowed
			s.api.certificates = []v1alpha1.TLSCertificate{{Spec: v1alpha1.TLSCertificateSpec{Email: "named@example.com"}}}
			text, err := (&State{Attempt: &attempt{Email: "ordering@example.com"}}).encode()
			if err != nil {
				t.Fatal(err)
			}
			directory := test.directory
			if directory == "" {
				directory = s.Directory
			}
			account := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "account", Labels: map[string]string{accountLabel: test.label},
				CreationTimestamp: metav1.Time{Time: today.Add(-test.age)},
				Annotations:       map[string]string{cluster.DirectoryAnnotation: directory, emailAnnotation: test.email}}, Type: accountSecretType}
			working := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "order"}, Type: orderSecretType,
				Data: map[string][]byte{orderStateField: text}}
			for _, object := range []client.Object{account, working} {
				if err := s.api.Create(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.collectAccounts(t.Context()); err != nil {
				t.Fatal(err)
			}
			if kept := s.accountsKept()[test.email]; kept != test.kept {
				t.Errorf("it is kept: %t, want %t", kept, test.kept)
			}
		})
	}
}

func TestTheControllersOwnAccountIsMarked(t *testing.T) {
	s := newScene(t, 0)
	s.email, s.accounts.email = "admin@example.com", "admin@example.com"
	if err := s.accounts.mark(t.Context()); err != nil {
		t.Fatal("without one:", err)
	}
	s.passUntilIssued()
	key := s.accounts.secretName(s.email)
	made := s.api.objects[key].(*corev1.Secret)
	if made.Labels[accountLabel] != accountOwn {
		t.Errorf("the labels of a new account are %v", made.Labels)
	}
	made.Labels = nil // as an earlier version made it
	if err := s.accounts.mark(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.api.objects[key].GetLabels()[accountLabel]; got != accountOwn {
		t.Errorf("the label of an older account is %q", got)
	}
}
