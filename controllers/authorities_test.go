// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/pem"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
)

// verifiedBy has the Ingress's only backend speak HTTPS.
func verifiedBy(ing *v1alpha1.Ingress, tls v1alpha1.BackendTLS) *v1alpha1.Ingress {
	b := &ing.Spec.Rules[0].Paths[0].Backend
	b.Protocol, b.TLS = v1alpha1.ProtocolHTTPS, &tls
	return ing
}

func configMap(namespace, name, text string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string]string{"ca.crt": text, "other": "text"}}
}

func opaqueSecret(namespace, name, text string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{"ca.crt": []byte(text), "other": []byte("text")}}
}

// verifies waits until the only pool of the snapshot has this many endpoints, and they are to lead to these authorities.
func (p *recordingProxy) verifies(t *testing.T, endpoints int, authorities string) {
	t.Helper()
	eventually(t, func() error {
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
	first, second := string(newKeyPair(t, spring, summer, "a").chain), string(newKeyPair(t, spring, summer, "b").chain)
	for name, test := range map[string]struct {
		tls  v1alpha1.BackendTLS
		make func(namespace, text string) client.Object
		put  func(object client.Object, text string)
	}{
		"in a Secret": {v1alpha1.BackendTLS{CASecretName: "api-ca"},
			func(namespace, text string) client.Object { return opaqueSecret(namespace, "api-ca", text) },
			func(object client.Object, text string) { object.(*corev1.Secret).Data["ca.crt"] = []byte(text) }},
		"in a ConfigMap": {v1alpha1.BackendTLS{CAConfigMapName: "api-ca"},
			func(namespace, text string) client.Object { return configMap(namespace, "api-ca", text) },
			func(object client.Object, text string) { object.(*corev1.ConfigMap).Data["ca.crt"] = text }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			ing := verifiedBy(ingress(k.blue, "shop", "x.io", "api"), test.tls)
			k.create(ing, task(k.blue, "one", "api", "10.0.0.1"), test.make(k.green, first))
			r := k.start()
			says := func(resolved string) {
				t.Helper()
				k.says(ing, "Accepted=True Accepted", resolved, "Programmed=True Programmed")
			}
			says("ResolvedRefs=False CANotFound") // that of another namespace is another's
			r.proxy.verifies(t, 0, "")

			authority := test.make(k.blue, first)
			k.create(authority)
			says("ResolvedRefs=True ResolvedRefs")
			r.proxy.verifies(t, 1, first)

			k.change(authority, func() { test.put(authority, first+second) })
			r.proxy.verifies(t, 1, first+second)

			k.change(authority, func() { test.put(authority, "nothing") })
			says("ResolvedRefs=False CAInvalid")
			r.proxy.verifies(t, 0, "")

			k.change(authority, func() { test.put(authority, second) })
			says("ResolvedRefs=True ResolvedRefs")
			r.proxy.verifies(t, 1, second)

			k.delete(authority)
			says("ResolvedRefs=False CANotFound")
			r.proxy.verifies(t, 0, "")
		})
	}
}

func TestTheFirstSnapshotHasTheAuthorities(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	text := string(newKeyPair(t, spring, summer, "a").chain)
	k.create(verifiedBy(ingress(k.blue, "shop", "x.io", "api"), v1alpha1.BackendTLS{CAConfigMapName: "api-ca"}),
		task(k.blue, "one", "api", "10.0.0.1"), configMap(k.blue, "api-ca", text))
	r := k.start()
	r.isReady(t)
	if s := r.proxy.snapshot(); r.proxy.applications() == 1 && (len(s.Pools) != 1 || s.Pools[0].TLS.Authorities != text) {
		t.Errorf("the first snapshot has the pools %+v, want one that is verified", s.Pools)
	}
}

func TestThatABackendIsNotVerifiedIsSaid(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := verifiedBy(ingress(k.blue, "shop", "x.io", "api"), v1alpha1.BackendTLS{InsecureSkipVerify: true})
	k.create(ing, task(k.blue, "one", "api", "10.0.0.1"))
	r := k.start()
	k.says(ing, served...)
	const want = "every backend is there; served all the same: api:80: its certificate is not verified, as insecureSkipVerify says"
	if got := message(ing, v1alpha1.ConditionResolvedRefs); got != want {
		t.Errorf("ResolvedRefs says %q, want %q", got, want)
	}
	wantTLS := proxy.UpstreamTLS{ServerName: "api." + k.blue + ".svc", SkipVerify: true}
	if got := r.proxy.snapshot().Pools[0].TLS; got != wantTLS {
		t.Errorf("the pool is spoken to by %+v, want %+v", got, wantTLS)
	}
}

// watching returns what reads authorities as somebody, until the test ends.
func (k *cluster) watching(as string) (*authorities, context.Context) {
	k.t.Helper()
	config := rest.CopyConfig(k.config)
	config.Impersonate.UserName = as
	scheme, err := Scheme()
	if err != nil {
		k.t.Fatal(err)
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		k.t.Fatal(err)
	}
	a := newAuthorities(c, func() {})
	ctx, cancel := context.WithCancel(k.t.Context())
	k.t.Cleanup(func() { cancel(); a.wait() })
	return a, ctx
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
	text := string(newKeyPair(t, spring, summer, "a").chain)
	k.create(configMap(k.blue, "named", text), configMap(k.blue, "other", text), configMap(k.green, "named", text),
		opaqueSecret(k.blue, "named", text), opaqueSecret(k.blue, "other", text))
	a, ctx := k.watching(fullUser)
	inMap := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.blue, Name: "named"}}
	inSecret := inMap
	inSecret.ConfigMap = false
	eventually(t, func() error {
		if got := a.read(ctx, named(inMap, inSecret)); len(got) != 2 || got[0].Certificates != text || got[1].Certificates != text {
			return fmt.Errorf("read %+v", got)
		}
		return nil
	})
	for name, w := range a.watched {
		var held []string
		for _, object := range w.objects.List() {
			switch o := object.(type) {
			case *corev1.Secret:
				held = append(held, fmt.Sprintf("%s/%s %d", o.Namespace, o.Name, len(o.Data)))
			case *corev1.ConfigMap:
				held = append(held, fmt.Sprintf("%s/%s %d", o.Namespace, o.Name, len(o.Data)))
			}
		}
		if diff := cmp.Diff([]string{k.blue + "/named 1"}, held); diff != "" {
			t.Errorf("%+v: held (-want +got):\n%s", name, diff)
		}
	}
	if a.read(ctx, nil); len(a.watched) != 0 {
		t.Errorf("%d are watched that nothing names any more", len(a.watched))
	}
}

func TestAnAuthorityThatMayNotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, ctx := k.watching("nobody")
	name := translate.AuthorityName{ConfigMap: true, NamespacedName: types.NamespacedName{Namespace: k.blue, Name: "named"}}
	want := []*translate.Authority{{Name: name, Missing: "may not be read by the controller: its role has to let it list and watch them"}}
	eventually(t, func() error {
		if diff := cmp.Diff(want, a.read(ctx, named(name))); diff != "" {
			return fmt.Errorf("(-want +got):\n%s", diff)
		}
		return nil
	})
}

func TestWhatCertificatesOfAuthoritiesAre(t *testing.T) {
	t.Parallel()
	pair := newKeyPair(t, spring, summer, "a")
	text := string(pair.chain)
	broken := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no")}))
	const advice = ": put the certificates of the authorities there as PEM"
	for name, test := range map[string]struct{ text, fault string }{
		"one":                        {text, ""},
		"two":                        {text + text, ""},
		"with words between":         {"# the first\n" + text + "\n# the second\n" + text, ""},
		"none":                       {"", "ca.crt is empty" + advice},
		"no PEM":                     {"certificate", "ca.crt holds no certificate" + advice},
		"a key":                      {text + string(pair.key), `ca.crt holds a block of type "PRIVATE KEY"` + advice},
		"one that is none":           {text + broken, "certificate 2 in ca.crt cannot be read" + advice},
		"one that was cut":           {text + text[:len(text)/2], "a certificate in ca.crt cannot be read" + advice},
		"one that was cut and a one": {text[:len(text)/2] + "\n" + text, "a certificate in ca.crt cannot be read" + advice},
	} {
		t.Run(name, func(t *testing.T) {
			got := parseAuthority(translate.AuthorityName{}, test.text)
			want := &translate.Authority{Fault: test.fault}
			if test.fault == "" {
				want.Certificates = test.text
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
