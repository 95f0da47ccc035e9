// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestWhatASecretHolds(t *testing.T) {
	pair, other := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "X.io", "*.x.io"), fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	nameless := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer)
	const advice = ": tls.crt must hold the certificate chain as PEM, the server's own certificate first, and tls.key the private key of that"
	tests := map[string]struct {
		chain, key []byte
		want       translate.Secret
	}{
		"a certificate and its key": {
			chain: pair.Chain, key: pair.Key,
			want: translate.Secret{Chain: string(pair.Chain), Key: string(pair.Key), Names: []string{"x.io", "*.x.io"}, NotBefore: fixture.Spring, NotAfter: fixture.Summer},
		},
		"a chain: the first certificate counts": {
			chain: slices.Concat(pair.Chain, other.Chain), key: pair.Key,
			want: translate.Secret{Chain: string(pair.Chain) + string(other.Chain), Key: string(pair.Key),
				Names: []string{"x.io", "*.x.io"}, NotBefore: fixture.Spring, NotAfter: fixture.Summer},
		},
		"a certificate without names: the common name is none": {
			chain: nameless.Chain, key: nameless.Key,
			want: translate.Secret{Chain: string(nameless.Chain), Key: string(nameless.Key), NotBefore: fixture.Spring, NotAfter: fixture.Summer},
		},
		"no certificate": {key: pair.Key,
			want: translate.Secret{Fault: "tls.crt is empty: put the certificate chain there as PEM, the server's own certificate first"}},
		"no key": {chain: pair.Chain,
			want: translate.Secret{Fault: "tls.key is empty: put the certificate's private key there as PEM"}},
		"no PEM": {chain: []byte("certificate"), key: pair.Key,
			want: translate.Secret{Fault: "tls: failed to find any PEM data in certificate input" + advice}},
		"another certificate's key": {chain: pair.Chain, key: other.Key,
			want: translate.Secret{Fault: "tls: private key does not match public key" + advice}},
		"the server's own certificate last": {
			chain: slices.Concat(other.Chain, pair.Chain), key: pair.Key,
			want: translate.Secret{Chain: string(pair.Chain) + string(other.Chain), Key: string(pair.Key),
				Names: []string{"x.io", "*.x.io"}, NotBefore: fixture.Spring, NotAfter: fixture.Summer},
		},
		"swapped": {chain: pair.Key, key: pair.Chain,
			want: translate.Secret{Fault: "tls: failed to find certificate PEM data in certificate input, but did find a private key; " +
				"PEM inputs may have been switched" + advice}},
		"what is not text in a block's type": {chain: []byte("-----BEGIN \xff-----\nAAAA\n-----END \xff-----\n"), key: pair.Key,
			want: translate.Secret{Fault: `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [?]` + advice}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := fixture.KeyPair{Chain: test.chain, Key: test.key}.Secret("blue", "s")
			test.want.Namespace, test.want.Name = "blue", "s"
			got := ParseSecret(object)
			if diff := cmp.Diff(&test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// The data plane must never refuse what is found usable here: it would refuse everything else with it.
			snapshot := &snapshot.Snapshot{Certificates: []snapshot.Certificate{{ID: "blue/s", Chain: got.Chain, Key: got.Key}}}
			if _, err := proxy.New(proxy.Config{}).Apply(snapshot); (err == nil) != (got.Fault == "") {
				t.Errorf("the data plane says %v, the fault is %q", err, got.Fault)
			}
		})
	}
}

func TestAVersionOfASecretIsParsedOnce(t *testing.T) {
	pair := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	next := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	at := func(uid types.UID, resourceVersion string) *corev1.Secret {
		object := pair.Secret("blue", "s")
		object.UID, object.ResourceVersion = uid, resourceVersion
		return object
	}
	named := map[types.NamespacedName]struct{}{{Namespace: "blue", Name: "s"}: {}}
	renewed := at("u", "2")
	renewed.Data = next.Secret("", "").Data
	tests := map[string]struct {
		between func(*SecretStore)
		second  *corev1.Secret
		again   bool
	}{
		"the same version":               {second: at("u", "1")},
		"a new version":                  {second: renewed, again: true},
		"a new version of the same":      {second: at("u", "2")},
		"another Secret of the name":     {second: at("v", "1"), again: true},
		"it was gone in between":         {between: func(s *SecretStore) { s.Read(nil, nil, named) }, second: at("u", "1"), again: true},
		"nothing named it in between":    {between: func(s *SecretStore) { s.Read([]*corev1.Secret{at("u", "1")}, nil, nil) }, second: at("u", "1"), again: true},
		"another one changed in between": {between: func(s *SecretStore) { s.Read([]*corev1.Secret{at("u", "1"), pair.Secret("blue", "t")}, nil, named) }, second: at("u", "1")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s SecretStore
			first := s.Read([]*corev1.Secret{at("u", "1")}, nil, named)
			if test.between != nil {
				test.between(&s)
			}
			second := s.Read([]*corev1.Secret{test.second}, nil, named)
			if len(first) != 1 || len(second) != 1 {
				t.Fatalf("read %v first, and then %v, want one of each", first, second)
			}
			if again := first[0] != second[0]; again != test.again {
				t.Errorf("parsed again: %v, want %v", again, test.again)
			}
		})
	}
}

func TestOnlySecretsThatAreNamedAreParsed(t *testing.T) {
	pair := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io")
	var s SecretStore
	got := s.Read([]*corev1.Secret{pair.Secret("blue", "s"), pair.Secret("blue", "t"), pair.Secret("green", "s")}, nil,
		map[types.NamespacedName]struct{}{{Namespace: "green", Name: "s"}: {}, {Namespace: "green", Name: "missing"}: {}})
	want := []*translate.Secret{{Namespace: "green", Name: "s", Chain: string(pair.Chain), Key: string(pair.Key),
		Names: []string{"x.io"}, NotBefore: fixture.Spring, NotAfter: fixture.Summer}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(s.parsed) != 1 {
		t.Errorf("%d Secrets were parsed, want 1", len(s.parsed))
	}
}

func TestHowLongValidityStaysAsItIs(t *testing.T) {
	from := func(a, b time.Time) *translate.Secret { return &translate.Secret{NotBefore: a, NotAfter: b} }
	tests := map[string]struct {
		secrets []*translate.Secret
		now     time.Time
		want    time.Duration
	}{
		"no certificate":              {now: fixture.Spring},
		"one that cannot be served":   {secrets: []*translate.Secret{{Fault: "no PEM"}}, now: fixture.Spring},
		"what a faulty one held":      {secrets: []*translate.Secret{{Fault: "no PEM", NotBefore: fixture.Spring, NotAfter: fixture.Summer}}, now: fixture.Summer, want: time.Second},
		"one that has expired":        {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer)}, now: fixture.Summer.Add(time.Second)},
		"the second before it ends":   {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer)}, now: fixture.Summer.Add(-time.Second), want: 2 * time.Second},
		"its last second":             {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer)}, now: fixture.Summer, want: time.Second},
		"before it begins":            {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer)}, now: fixture.Spring.Add(-time.Minute), want: 61 * time.Second},
		"never longer than the limit": {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer)}, now: fixture.Spring.AddDate(0, 1, 0), want: time.Hour},
		"the first of several": {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer), from(fixture.Spring, fixture.Spring.Add(9*time.Minute)), from(fixture.Spring, fixture.Spring.Add(99*time.Minute))},
			now: fixture.Spring, want: time.Second},
		"the first of several that is to come": {secrets: []*translate.Secret{from(fixture.Spring, fixture.Summer), from(fixture.Spring, fixture.Spring.Add(9*time.Minute)), from(fixture.Spring, fixture.Spring.Add(99*time.Minute))},
			now: fixture.Spring.Add(time.Minute), want: 8*time.Minute + time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := &translate.Input{Secrets: test.secrets, Now: test.now}
			v := Validity{}
			for _, later := range []time.Duration{time.Minute, 0, -time.Minute, 0} { // What was found for another time makes no difference.
				other := *in
				other.Now = in.Now.Add(later)
				if got, want := v.Until(&other, time.Hour), UntilValidityChanges(&other, time.Hour); got != want {
					t.Errorf("%v later: %v, want %v", later, got, want)
				}
			}
			if got := UntilValidityChanges(in, time.Hour); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestWhatTheCacheKeepsOfASecret(t *testing.T) {
	full := metav1.ObjectMeta{Namespace: "blue", Name: "s", UID: "u", ResourceVersion: "7",
		Annotations:   map[string]string{corev1.LastAppliedConfigAnnotation: "{}"},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}}
	got := keepCertificate(&corev1.Secret{ObjectMeta: full, Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{"tls.crt": []byte("c"), "tls.key": []byte("k"), "ca.crt": []byte("a"), "keystore.p12": []byte("p")}})
	want := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "blue", Name: "s", UID: "u", ResourceVersion: "7"},
		Type:       corev1.SecretTypeTLS, Data: map[string][]byte{"tls.crt": []byte("c"), "tls.key": []byte("k")}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a Secret held when it could be served is kept, with what is wrong with it now, for as long as something names
// it.
func TestWhatASecretHeldIsRemembered(t *testing.T) {
	pair, next := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "x.io"), fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "y.io")
	version := 0
	holding := func(p fixture.KeyPair) []*corev1.Secret {
		version++
		object := p.Secret("blue", "s")
		object.UID, object.ResourceVersion = "u", fmt.Sprint(version)
		return []*corev1.Secret{object}
	}
	named := map[types.NamespacedName]struct{}{{Namespace: "blue", Name: "s"}: {}}
	const emptyKey = "tls.key is empty: put the certificate's private key there as PEM"
	var s SecretStore
	for i, step := range []struct {
		objects []*corev1.Secret
		named   map[types.NamespacedName]struct{}
		chain   []byte
		fault   string
		gone    bool
		none    bool
	}{
		{objects: holding(fixture.KeyPair{Chain: pair.Chain}), named: named, fault: emptyKey},
		{objects: nil, named: named, none: true},
		{objects: holding(pair), named: named, chain: pair.Chain},
		{objects: holding(fixture.KeyPair{Chain: next.Chain}), named: named, chain: pair.Chain, fault: emptyKey},
		{objects: holding(fixture.KeyPair{Chain: next.Chain}), named: named, chain: pair.Chain, fault: emptyKey},
		{objects: nil, named: named, chain: pair.Chain, gone: true},
		{objects: nil, named: named, chain: pair.Chain, gone: true},
		{objects: holding(fixture.KeyPair{Chain: next.Chain}), named: named, chain: pair.Chain, fault: emptyKey},
		{objects: holding(next), named: named, chain: next.Chain},
		{objects: nil, named: named, chain: next.Chain, gone: true},
		{objects: nil, named: nil, none: true},
		{objects: nil, named: named, none: true},
	} {
		got := s.Read(step.objects, nil, step.named)
		if step.none {
			if len(got) != 0 {
				t.Errorf("step %d: got %+v, want nothing", i, got)
			}
			continue
		}
		if len(got) != 1 {
			t.Fatalf("step %d: got %d Secrets, want 1", i, len(got))
		}
		if s := got[0]; s.Chain != string(step.chain) || s.Fault != step.fault || s.Gone != step.gone || s.Namespace+s.Name != "blues" {
			t.Errorf("step %d: got the fault %q, gone %v, the chain %q, want %q, %v, %q", i, s.Fault, s.Gone, s.Chain, step.fault, step.gone, step.chain)
		}
	}
}
