// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/test/fixture"
)

// verifiedBy has the Ingress's only backend speak HTTPS.
func verifiedBy(ing *v1alpha1.Ingress, tls v1alpha1.BackendTLS) *v1alpha1.Ingress {
	b := &ing.Spec.Rules[0].Paths[0].Backend
	b.Protocol, b.TLS = v1alpha1.ProtocolHTTPS, &tls
	return ing
}

// verifies waits until the only pool of the snapshot has this many endpoints, and they are to lead to these
// authorities.
func (p *recordingProxy) verifies(t *testing.T, endpoints int, authorities string) {
	t.Helper()
	fixture.Eventually(t, func() error {
		s := p.snapshot()
		if s == nil || len(s.Pools) != 1 {
			return fmt.Errorf("there is no snapshot of one pool")
		}
		if got := s.Pools[0]; len(got.Endpoints) != endpoints || got.TLS.Authorities != authorities {
			return fmt.Errorf("%d endpoints verified by %q, want %d by %q", len(got.Endpoints), got.TLS.Authorities, endpoints, authorities)
		}
		return nil
	})
}

func TestABackendIsVerifiedByTheAuthorityThatItNames(t *testing.T) {
	t.Parallel()
	first, second := string(fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a").Chain), string(fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "b").Chain)
	for name, test := range map[string]struct {
		tls  v1alpha1.BackendTLS
		make func(namespace, text string) client.Object
		put  func(object client.Object, text string)
	}{
		"in a Secret": {v1alpha1.BackendTLS{CASecretName: "api-ca"},
			func(namespace, text string) client.Object { return fixture.OpaqueSecret(namespace, "api-ca", text) },
			func(object client.Object, text string) { object.(*corev1.Secret).Data["ca.crt"] = []byte(text) }},
		"in a ConfigMap": {v1alpha1.BackendTLS{CAConfigMapName: "api-ca"},
			func(namespace, text string) client.Object { return fixture.ConfigMap(namespace, "api-ca", text) },
			func(object client.Object, text string) { object.(*corev1.ConfigMap).Data["ca.crt"] = text }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			ing := verifiedBy(fixture.Ingress(k.Blue, "shop", "x.io", "api"), test.tls)
			k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"), test.make(k.Green, first))
			r := k.start()
			says := func(resolved string) {
				t.Helper()
				k.says(ing, "Accepted=True Accepted", resolved, "Programmed=True Programmed")
			}
			says("ResolvedRefs=False CANotFound") // that of another namespace is another's
			r.proxy.verifies(t, 0, "")

			authority := test.make(k.Blue, first)
			k.Make(authority)
			says("ResolvedRefs=True ResolvedRefs")
			r.proxy.verifies(t, 1, first)

			k.Change(authority, func() { test.put(authority, first+second) })
			r.proxy.verifies(t, 1, first+second)

			k.Change(authority, func() { test.put(authority, "nothing") })
			says("ResolvedRefs=False CAInvalid")
			r.proxy.verifies(t, 1, first+second) // what was good goes on

			k.Change(authority, func() { test.put(authority, second) })
			says("ResolvedRefs=True ResolvedRefs")
			r.proxy.verifies(t, 1, second)

			k.Remove(authority)
			says("ResolvedRefs=False CANotFound")
			r.proxy.verifies(t, 0, "")
		})
	}
}

func TestTheFirstSnapshotHasTheAuthorities(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	text := string(fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a").Chain)
	k.Make(verifiedBy(fixture.Ingress(k.Blue, "shop", "x.io", "api"), v1alpha1.BackendTLS{CAConfigMapName: "api-ca"}),
		fixture.Task(k.Blue, "one", "api", "10.0.0.1"), fixture.ConfigMap(k.Blue, "api-ca", text))
	r := k.start()
	r.isReady(t)
	if s := r.proxy.snapshot(); r.proxy.applications() == 1 && (len(s.Pools) != 1 || s.Pools[0].TLS.Authorities != text) {
		t.Errorf("the first snapshot has the pools %+v, want one that is verified", s.Pools)
	}
}

func TestThatABackendIsNotVerifiedIsSaid(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := verifiedBy(fixture.Ingress(k.Blue, "shop", "x.io", "api"), v1alpha1.BackendTLS{InsecureSkipVerify: true})
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	r := k.start()
	k.says(ing, served...)
	const want = "every backend is there; served all the same: api:80: its certificate is not verified, as insecureSkipVerify says"
	if got := message(ing, v1alpha1.ConditionResolvedRefs); got != want {
		t.Errorf("ResolvedRefs says %q, want %q", got, want)
	}
	wantTLS := proxy.UpstreamTLS{ServerName: "api." + k.Blue + ".svc", SkipVerify: true}
	if got := r.proxy.snapshot().Pools[0].TLS; got != wantTLS {
		t.Errorf("the pool is spoken to by %+v, want %+v", got, wantTLS)
	}
}

// watching returns what reads authorities as somebody, until the test ends.
func (k *testCluster) watching(as string) (*authorities, context.Context) {
	k.T.Helper()
	config := rest.CopyConfig(k.Config)
	config.Impersonate.UserName = as
	c, err := client.New(config, client.Options{Scheme: k.Scheme()})
	if err != nil {
		k.T.Fatal(err)
	}
	ctx, cancel := context.WithCancel(k.T.Context())
	a := newAuthorities(c, k.metadata(ctx, config, "Secret"), k.metadata(ctx, config, "ConfigMap"), func() {})
	k.T.Cleanup(func() { cancel(); a.wait() })
	return a, ctx
}

// metadata returns what knows the objects of a kind in the cluster's namespaces, until ctx ends.
func (k *testCluster) metadata(ctx context.Context, config *rest.Config, kind string) *metadataCache {
	k.T.Helper()
	m := newMetadataCache(kind)
	options := m.options([]string{k.Blue, k.Green})
	options.Scheme = k.Scheme()
	var err error
	if m.Cache, err = cache.New(config, options); err != nil {
		k.T.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.Start(ctx) }()
	k.T.Cleanup(func() {
		if err := <-ended; err != nil {
			k.T.Error(err)
		}
	})
	return m
}

// reads returns what is read of authorities.
func (a *authorities) reads(ctx context.Context, t *testing.T, names ...translate.AuthorityName) []*translate.Authority {
	t.Helper()
	known, err := a.read(ctx, named(names...))
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func named(names ...translate.AuthorityName) map[translate.AuthorityName]struct{} {
	set := make(map[translate.AuthorityName]struct{})
	for _, name := range names {
		set[name] = struct{}{}
	}
	return set
}

func TestNothingIsHeldButTheCertificatesThatAreNamed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	text := string(fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a").Chain)
	k.Make(fixture.ConfigMap(k.Blue, "named", text), fixture.ConfigMap(k.Blue, "other", text), fixture.ConfigMap(k.Green, "named", text),
		fixture.OpaqueSecret(k.Blue, "named", text), fixture.OpaqueSecret(k.Blue, "other", text))
	a, ctx := k.watching(fixture.FullUser)
	inMap := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.Blue, Name: "named"}}
	inSecret := inMap
	inSecret.ConfigMap = false
	fixture.Eventually(t, func() error {
		if got := a.reads(ctx, t, inMap, inSecret); len(got) != 2 || got[0].Certificates != text || got[1].Certificates != text {
			return fmt.Errorf("read %+v", got)
		}
		return nil
	})
	var held []string
	secrets, _ := a.secrets.objects()
	for _, o := range secrets {
		held = append(held, fmt.Sprintf("Secret %s/%s %d", o.Namespace, o.Name, len(o.Data)))
	}
	maps, _ := a.configMaps.objects()
	for _, o := range maps {
		held = append(held, fmt.Sprintf("ConfigMap %s/%s %d", o.Namespace, o.Name, len(o.Data)))
	}
	if diff := cmp.Diff([]string{"Secret " + k.Blue + "/named 1", "ConfigMap " + k.Blue + "/named 1"}, held); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	if got := a.reads(ctx, t); len(got)+len(a.secrets.held)+len(a.configMaps.held)+len(a.parsed) != 0 {
		t.Errorf("%v are read, and %d and %d are held, that nothing names any more", got, len(a.secrets.held), len(a.configMaps.held))
	}
}

func TestAnAuthorityThatMayNotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, ctx := k.watching("nobody")
	name := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.Blue, Name: "named"}}
	want := []*translate.Authority{{Name: name, Missing: "may not be read by the controller: its role has to let it list and watch them"}}
	fixture.Eventually(t, func() error {
		if diff := cmp.Diff(want, a.reads(ctx, t, name)); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestWhatCertificatesOfAuthoritiesAre(t *testing.T) {
	t.Parallel()
	pair, other := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a"), fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "b")
	one, two := string(pair.Chain), string(other.Chain)
	block := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	broken, sequence := block("CERTIFICATE", []byte("no")), block("CERTIFICATE", []byte{0x30, 0})
	const advice = ": put the certificates of the authorities there as PEM"
	for name, test := range map[string]struct{ text, certificates, fault, leftOut, spoiled string }{
		"one":                       {text: one, certificates: one},
		"two":                       {text: one + two, certificates: one + two},
		"with words between":        {text: "# the first\n" + one + "\n# the second\n" + two, certificates: one + two},
		"behind a byte order mark":  {text: "\ufeff" + one, certificates: one},
		"with lines as Windows has": {text: strings.ReplaceAll(one+two, "\n", "\r\n"), certificates: one + two},
		"two without a line break":  {text: strings.TrimSpace(one) + two, certificates: one + two},
		"none":                      {text: "", fault: "ca.crt is empty" + advice},
		"no PEM":                    {text: "certificate", fault: "ca.crt holds no certificate" + advice},
		"only what is none":         {text: broken, fault: "block 1 of ca.crt cannot be read (x509: malformed certificate)" + advice},
		"a key beside it": {text: one + string(pair.Key), certificates: one,
			leftOut: `block 2 of ca.crt is of type "PRIVATE KEY"`},
		"a list of what is revoked": {text: block("X509 CRL", []byte{0x30, 0}) + one, certificates: one,
			leftOut: `block 1 of ca.crt is of type "X509 CRL"`},
		"one that Go does not take": {text: sequence + one, certificates: one,
			leftOut: "block 1 of ca.crt cannot be read (x509: malformed tbs certificate)"},
		"one that is none": {text: one + broken + two, certificates: one + two,
			leftOut: "block 2 of ca.crt cannot be read (x509: malformed certificate)",
			spoiled: "block 2 of ca.crt cannot be read (x509: malformed certificate)"},
		"one that was cut": {text: one + two[:len(two)/2], certificates: one,
			leftOut: "block 2 of ca.crt is damaged or cut short", spoiled: "block 2 of ca.crt is damaged or cut short"},
		"one that was cut, and one": {text: two[:len(two)/2] + "\n" + one, certificates: one,
			leftOut: "block 1 of ca.crt is damaged or cut short", spoiled: "block 1 of ca.crt is damaged or cut short"},
	} {
		t.Run(name, func(t *testing.T) {
			got, spoiled := parseAuthority(translate.AuthorityName{}, []byte(test.text))
			want := &translate.Authority{Certificates: test.certificates, Fault: test.fault, LeftOut: test.leftOut}
			if diff := cmp.Diff(want, got); diff != "" || spoiled != test.spoiled {
				t.Errorf("spoiled %q, want %q; (-want +got):\n%s", spoiled, test.spoiled, diff)
			}
		})
	}
}
