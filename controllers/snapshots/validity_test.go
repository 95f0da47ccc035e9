// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestACertificateThatBeginsOrExpiresIsNoticedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().Truncate(time.Second)
		pair := fixture.NewKeyPair(t, start.Add(10*time.Minute), start.Add(150*time.Minute), "x.io")
		ing := fixture.Ingress("blue", "shop", "x.io", "api")
		ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop-tls"}
		ing.UID, ing.Generation = "u", 1
		type build struct {
			After      time.Duration
			Redirected bool
		}
		var builds []build
		secrets, pending := fixture.NewFixedObjects(pair.Secret("blue", "shop-tls")), NewHoldOff()
		c := New(Config{Applier: applierFunc(func(s *snapshot.Snapshot) (uint64, error) {
			builds = append(builds, build{time.Since(start).Truncate(time.Second), s.Hosts[0].RedirectHTTPS})
			return 1, nil
		}), Options: translate.Options{IngressClass: "warren"}, Pending: pending, Discovery: sources.NewDiscovery(nil, nil),
			Certificates: sources.NewCertificates(secrets, secrets, pending.Event),
			Authorities:  sources.NewAuthorities(secrets, secrets, secrets, pending.Event),
			Credentials:  sources.NewCredentials(secrets, secrets, pending.Event)})
		c.lists.ingresses.Handler(toolscache.ResourceEventHandlerFuncs{}).OnAdd(ing, true)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		pending.Event()
		var reasons []string
		c.run(ctx, func(ctx context.Context) error {
			err := c.rebuild(ctx)
			conditions, _ := c.Conditions(v1alpha1.IngressKind, ing)
			reasons = append(reasons, meta.FindStatusCondition(conditions, v1alpha1.ConditionCertificateReady).Reason)
			return err
		})
		c.Certificates.Wait()
		want := []build{{0, false}, {10*time.Minute + time.Second, true}, {70*time.Minute + time.Second, true},
			{130*time.Minute + time.Second, true}, {150*time.Minute + time.Second, true}}
		if diff := cmp.Diff(want, builds); diff != "" {
			t.Errorf("builds (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"NotYetValid", "CertificateValid", "CertificateValid", "CertificateValid", "Expired"}, reasons); diff != "" {
			t.Errorf("what CertificateReady says (-want +got):\n%s", diff)
		}
	})
}
