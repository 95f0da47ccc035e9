// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
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

func TestWhichKeysStayThatNoAccountIsRegisteredFor(t *testing.T) {
	for name, test := range map[string]struct {
		email v1alpha1.Email
		why   error
		kept  bool
	}{
		"that the authority refuses":            {"b..@example.com", &acme.Error{Kind: acme.Refused, Type: "invalidContact", Status: 400}, false},
		"that are the controller's own":         {"", &acme.Error{Kind: acme.Refused, Type: "invalidContact", Status: 400}, true},
		"of an account that is closed":          {"b@example.com", &acme.Error{Kind: acme.Refused, Detail: "the account is deactivated"}, true},
		"while the authority takes no more":     {"b@example.com", &acme.Error{Kind: acme.RateLimited, Status: 429}, true},
		"while the authority cannot be reached": {"b@example.com", &acme.Error{Kind: acme.Transient}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.accountPerEmail, s.authority.turnsAway = true, test.why
			s.certificate.Spec.Email = test.email
			for range 6 { // passes: the key, its registration, and what follows
				_, _ = s.pass()
			}
			if kept := len(s.accountsKept()) > 0; kept != test.kept {
				t.Errorf("it is kept: %t, want %t", kept, test.kept)
			}
			s.authority.turnsAway, s.now = nil, s.now.Add(day)
			s.passUntilIssued()
		})
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
	ours := map[string]string{accountClassLabel: "warren"}
	for name, test := range map[string]struct {
		email, directory string
		labels           map[string]string
		kept             bool
	}{
		"of an address that nobody names":                {"gone@example.com", "", ours, false},
		"of one that a TLSCertificate names":             {"named@example.com", "", ours, true},
		"of one that an order is under way for":          {"ordering@example.com", "", ours, true},
		"the controller's":                               {"admin@example.com", "", ours, true},
		"another class's":                                {"gone@example.com", "", map[string]string{accountClassLabel: "other"}, true},
		"an earlier version's":                           {"gone@example.com", "", nil, true},
		"that is the one of another controller's orders": {"gone@example.com", "", map[string]string{accountClassLabel: "warren", accountLabel: accountOwn}, true},
		"with another authority":                         {"gone@example.com", "https://other.test/directory", ours, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.email, s.accounts.email, s.accountPerEmail = "admin@example.com", "admin@example.com", true
			s.api.certificates = []v1alpha1.TLSCertificate{{Spec: v1alpha1.TLSCertificateSpec{Email: "named@example.com"}}}
			text, err := (&State{Attempt: &attempt{Email: "ordering@example.com"}}).encode()
			if err != nil {
				t.Fatal(err)
			}
			directory := test.directory
			if directory == "" {
				directory = s.Directory
			}
			account := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "account", Labels: test.labels,
				Annotations: map[string]string{cluster.DirectoryAnnotation: directory, emailAnnotation: test.email}}, Type: accountSecretType}
			working := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "order"}, Type: orderSecretType,
				Data: map[string][]byte{orderStateField: text}}
			for _, object := range []client.Object{account, working} {
				if err := s.api.Create(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			for range 30 { // looks
				s.collect()
			}
			if kept := s.accountsKept()[test.email]; kept != test.kept {
				t.Errorf("it is kept: %t, want %t", kept, test.kept)
			}
		})
	}
}

// collect looks for accounts that nothing names, an hour after the look before.
func (s *scene) collect() {
	s.t.Helper()
	s.now = s.now.Add(collectPause)
	if err := s.collectAccounts(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// A TLSCertificate that is made anew is missing for a moment, and the replica that looks may just have begun to.
func TestAnAccountIsKeptForADayAfterItWasNamed(t *testing.T) {
	const email = "b@example.com"
	s := newScene(t, 0)
	s.accountPerEmail = true
	s.certificate.Spec.Email = email
	s.passUntilIssued()
	named := []v1alpha1.TLSCertificate{*s.certificate}
	looks := func(times int, certificates []v1alpha1.TLSCertificate) {
		t.Helper()
		s.api.certificates = certificates
		for range times {
			if !s.accountsKept()[email] {
				t.Fatalf("at %s the account is deleted already", s.now)
			}
			s.collect()
		}
	}
	s.passUntil("the end of the order", func(state *State) bool { return state.Attempt == nil })
	s.now = s.now.Add(30 * day) // Nobody looked.
	looks(24, nil)
	looks(1, named)
	looks(24, nil)
	// An order that uses the account counts like a TLSCertificate that names it.
	if _, ok, err := s.accounts.account(t.Context(), email); !ok || err != nil {
		t.Fatalf("the account is not used: %v", err)
	}
	looks(26, nil)
	if s.accountsKept()[email] {
		t.Error("the account is kept, though nothing has named it for more than a day")
	}
}

func TestAccountsAreCollectedByWhoSeesAllThatNamesThem(t *testing.T) {
	for name, test := range map[string]struct {
		perEmail, ordersNothing bool
		namespaces              []string
		external                string
		want                    bool
	}{
		"an account for each address":       {true, false, nil, "", true},
		"one account":                       {false, false, nil, "", false},
		"no orders":                         {true, true, nil, "", false},
		"some namespaces":                   {true, false, []string{"shop"}, "", false},
		"accounts bound to an external one": {true, false, nil, "eab", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.accountPerEmail, s.accounts.external = test.perEmail, test.external
			c := &AccountCollector{Issuance: s.Issuance, OrdersNothing: test.ordersNothing, WatchNamespaces: test.namespaces}
			if got := c.collects(); got != test.want {
				t.Errorf("accounts are collected: %t, want %t", got, test.want)
			}
		})
	}
}

// Controllers of several classes in one namespace have one account for one address.
func TestAnAccountThatTwoClassesUseIsNotCollected(t *testing.T) {
	for name, own := range map[string]string{"for a TLSCertificate": "", "as its own": "b@example.com"} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 0)
			s.accountPerEmail = true
			s.certificate.Spec.Email = "b@example.com"
			s.passUntilIssued()
			s.passUntil("the end of the order", func(state *State) bool { return state.Attempt == nil })
			other := *s.accounts
			other.class, other.email = "other", own
			if _, ok, err := other.account(t.Context(), "b@example.com"); !ok || err != nil {
				t.Fatalf("the other class does not use the account: %v", err)
			}
			for range 30 {
				s.collect()
			}
			if !s.accountsKept()["b@example.com"] {
				t.Error("the account that another class uses is deleted")
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
