// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/controllers/orders"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// hostHistory is what happens to one host, which two tenants want.
type hostHistory struct {
	host    string
	r       *rand.Rand
	objects map[string]client.Object
	made    int
	// owner is the namespace that has the host. live is set if it has had it, with a rule, since before the present round.
	owner string
	live  bool
}

// acts has a tenant create, edit or delete an Ingress.
func (h *hostHistory) acts(k *testCluster, tenants []string) error {
	tenant := tenants[h.r.IntN(len(tenants))]
	var own []string
	for _, name := range slices.Sorted(maps.Keys(h.objects)) {
		if h.objects[name].GetNamespace() == tenant {
			own = append(own, name)
		}
	}
	if len(own) == 0 || len(own) < 3 && h.r.IntN(3) == 0 {
		h.made++
		var object client.Object = fixture.Ingress(tenant, fmt.Sprintf("%s-%d", strings.ReplaceAll(h.host, ".", "-"), h.made), h.some(), "web")
		if h.r.IntN(2) == 0 {
			object = fixture.StandardIngress(tenant, object.GetName(), h.some(), "web")
		}
		h.objects[tenant+"/"+object.GetName()] = object
		return k.Create(k.T.Context(), object)
	}
	name := own[h.r.IntN(len(own))]
	object := h.objects[name]
	if h.r.IntN(2) == 0 {
		before := object.DeepCopyObject().(client.Object)
		setHost(object, h.some())
		return k.Patch(k.T.Context(), object, client.MergeFrom(before))
	}
	delete(h.objects, name)
	return k.Delete(k.T.Context(), object)
}

// some returns the host, or one that nobody else wants.
func (h *hostHistory) some() string {
	if h.r.IntN(4) > 0 {
		return h.host
	}
	h.made++
	return fmt.Sprintf("other-%d.%s", h.made, h.host)
}

// decide works out whose the host is after what has happened.
func (h *hostHistory) decide() {
	var naming []client.Object
	owns := false
	for _, object := range h.objects {
		if hostOf(object) == h.host {
			naming = append(naming, object)
			owns = owns || object.GetNamespace() == h.owner
		}
	}
	if owns {
		return
	}
	h.owner = ""
	if len(naming) > 0 {
		h.owner = slices.MinFunc(naming, func(a, b client.Object) int {
			return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetNamespace(), b.GetNamespace()))
		}).GetNamespace()
	}
}

// Two hundred histories of creates, edits, deletes, restarts and restores run on the real API at once. In no snapshot
// of any replica does anybody but the owner answer a live host, and each host ends up with its owner.
func TestLiveHostsAreAnsweredByTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	const histories, rounds = 200, 5
	k := newCluster(t)
	k.Config = rest.CopyConfig(k.Config)
	k.Config.QPS = -1
	var err error
	if k.Client, err = client.New(k.Config, client.Options{Scheme: k.Scheme()}); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	tenants := []string{k.Blue, k.Green}
	all := make(map[string]*hostHistory)
	for i := range histories {
		host := fmt.Sprintf("h%d.io", i)
		all[host] = &hostHistory{host: host, r: rand.New(rand.NewPCG(seed, uint64(i+1))), objects: map[string]client.Object{}}
	}
	var mu sync.Mutex
	look := func(s *snapshot.Snapshot) error {
		mu.Lock()
		defer mu.Unlock()
		for host, owner := range answering(s) {
			if h := all[host]; h != nil && h.live && owner != h.owner {
				t.Errorf("seed %d: %s is answered by %s while it is %s's", seed, host, owner, h.owner)
			}
		}
		return nil
	}
	start := func() *replica {
		return k.start(func(_ *ctrl.Options, o *Options, p *recordingProxy) { p.before, o.ACME = look, orders.ACMEOptions{} })
	}
	replicas := []*replica{start(), start()}
	marks := 0
	// settle waits until both replicas have seen all that has happened, and serve it.
	settle := func() {
		t.Helper()
		marks++
		var want []string
		for _, tenant := range tenants {
			own := fixture.Ingress(tenant, fmt.Sprintf("mark-%d", marks), fmt.Sprintf("own-%d.%s.mark", marks, tenant), "web")
			standard := fixture.StandardIngress(tenant, fmt.Sprintf("mark-%d", marks), fmt.Sprintf("standard-%d.%s.mark", marks, tenant), "web")
			k.Make(own, standard)
			want = append(want, hostOf(own), hostOf(standard))
		}
		for _, r := range replicas {
			fixture.Eventually(t, func() error {
				snapshot := r.proxy.snapshot()
				if snapshot == nil {
					return errors.New("there is no snapshot")
				}
				answers := answering(snapshot)
				for _, mark := range want {
					if answers[mark] == "" {
						return fmt.Errorf("%s is not served yet", mark)
					}
				}
				for host, h := range all {
					if answers[host] != h.owner {
						return fmt.Errorf("%s is answered by %q, want %q", host, answers[host], h.owner)
					}
				}
				return nil
			})
		}
	}
	each := func(do func(*hostHistory) error) {
		t.Helper()
		var g errgroup.Group
		g.SetLimit(8)
		for _, h := range all {
			g.Go(func() error { return do(h) })
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	for round := range rounds {
		before := map[string]string{}
		each(func(h *hostHistory) error {
			mu.Lock()
			before[h.host], h.live = h.owner, false
			mu.Unlock()
			return h.acts(k, tenants)
		})
		mu.Lock()
		for _, h := range all {
			h.decide()
			h.live = h.owner != "" && h.owner == before[h.host]
		}
		mu.Unlock()
		settle()
		switch i := chance.IntN(2); round {
		default:
			continue
		case 1:
			replicas[i].stop()
			replicas[i] = start()
		case 3: // a backup is restored, and what it makes anew is younger
			replicas[0].stop()
			replicas[1].stop()
			each(func(h *hostHistory) error { return h.restore(k) })
			replicas = []*replica{start(), start()}
		}
		settle()
	}
}

// restore deletes and makes anew what there is, in any order.
func (h *hostHistory) restore(k *testCluster) error {
	for _, name := range slices.Sorted(maps.Keys(h.objects)) {
		if err := k.Delete(k.T.Context(), h.objects[name]); err != nil && !apierrors.IsNotFound(err) {
			return err
		}
	}
	for _, object := range h.objects { // in an order of chance
		object.SetResourceVersion("")
		object.SetUID("")
		object.SetCreationTimestamp(metav1.Time{})
		if err := k.Create(k.T.Context(), object); err != nil {
			return err
		}
	}
	return nil
}

// answering returns the namespace that answers each host.
func answering(s *snapshot.Snapshot) map[string]string {
	owners := make(map[string]string)
	for _, host := range s.Hosts {
		for _, route := range host.Routes {
			owners[host.Name], _, _ = strings.Cut(strings.TrimPrefix(route.Rule.Ingress, "networking.k8s.io/"), "/")
		}
	}
	return owners
}
