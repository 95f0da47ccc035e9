// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// BenchmarkChange changes one of 100, and of 10,000, Ingresses of 10 paths, and makes of that all that the control
// plane makes of it in memory: the input, the snapshot, and what is to be said of each object. Every tenth has a
// certificate.
func BenchmarkChange(b *testing.B) {
	for _, count := range []int{100, 10_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) { benchmarkChange(b, count) })
	}
}

func benchmarkChange(b *testing.B, count int) {
	pair := fixture.NewKeyPair(b, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "*.x.io")
	secrets, pending := fixture.NewFixedObjects(pair.Secret("blue", "tls")), NewHoldOff()
	served := 0
	c := New(Config{
		Applier: applierFunc(func(s *snapshot.Snapshot) (uint64, error) { served = len(s.Hosts); return 1, nil }),
		Options: translate.Options{IngressClass: "warren"}, Pending: pending, Discovery: sources.NewDiscovery(nil, nil),
		Certificates: sources.NewCertificates(secrets, secrets, pending.Event),
		Authorities:  sources.NewAuthorities(secrets, secrets, secrets, pending.Event),
		Credentials:  sources.NewCredentials(secrets, secrets, pending.Event),
	})
	ingresses, tasks := c.lists.ingresses.Handler(toolscache.ResourceEventHandlerFuncs{}), c.lists.tasks.Handler(toolscache.ResourceEventHandlerFuncs{})
	object := func(i, version int) *v1alpha1.Ingress {
		ing := fixture.Ingress("blue", fmt.Sprint("shop-", i), fmt.Sprintf("host-%d.x.io", i))
		ing.UID, ing.Generation, ing.ResourceVersion = types.UID(ing.Name), int64(version), fmt.Sprint(version)
		for p := range 10 {
			path := v1alpha1.IngressPath{Path: v1alpha1.Path(fmt.Sprint("/", p)), PathType: v1alpha1.PathTypePrefix,
				Backend: v1alpha1.IngressBackend{ServiceName: v1alpha1.ServiceName(fmt.Sprint("service-", i%1000)), Port: 80}}
			if p == 0 {
				path.Path = v1alpha1.Path(fmt.Sprint("/version-", version))
			}
			ing.Spec.Rules[0].Paths = append(ing.Spec.Rules[0].Paths, path)
		}
		if i%10 == 0 {
			ing.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "tls"}
		}
		return ing
	}
	latest := make([]*v1alpha1.Ingress, count)
	for i := range latest {
		latest[i] = object(i, 1)
		ingresses.OnAdd(latest[i], true)
	}
	for i := range min(count, 1000) {
		task := fixture.Task("blue", fmt.Sprint("task-", i), fmt.Sprint("service-", i), fmt.Sprintf("10.0.%d.%d", i/250, i%250+1))
		task.UID, task.ResourceVersion = types.UID(task.Name), "1"
		tasks.OnAdd(task, true)
	}
	if err := c.rebuild(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := 1
	for b.Loop() {
		n++
		i := n * 7 % count
		next := object(i, n)
		ingresses.OnUpdate(latest[i], next)
		latest[i] = next
		if err := c.rebuild(b.Context()); err != nil || served != count {
			b.Fatal(err, served)
		}
		if c.Verdict(v1alpha1.IngressKind, next) == nil {
			b.Fatal("nothing is known of what has changed")
		}
	}
}
