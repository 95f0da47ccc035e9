// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// verifiedBy has the Ingress's only backend speak HTTPS.
func verifiedBy(ing *v1alpha1.Ingress, tls v1alpha1.BackendTLS) *v1alpha1.Ingress {
	b := &ing.Spec.Rules[0].Paths[0].Backend
	b.Protocol, b.TLS = v1alpha1.ProtocolHTTPS, &tls
	return ing
}

// verifies waits until the only pool of the snapshot has this many endpoints, and has to be verified by these
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
	wantTLS := snapshot.UpstreamTLS{ServerName: "api." + k.Blue + ".svc", SkipVerify: true}
	if got := r.proxy.snapshot().Pools[0].TLS; got != wantTLS {
		t.Errorf("the pool is spoken to by %+v, want %+v", got, wantTLS)
	}
}
