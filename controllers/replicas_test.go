// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/replicas"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

// known starts a replica that keeps a Lease, in a class that no other test has. Closing the channel has it drain.
func (k *testCluster) known(name string, changes ...func(*ctrl.Options, *Options, *recordingProxy)) (*replica, chan struct{}) {
	draining := make(chan struct{})
	return k.start(append([]func(*ctrl.Options, *Options, *recordingProxy){func(m *ctrl.Options, o *Options, _ *recordingProxy) {
		// All that is tested here holds for replicas that do not lead too.
		m.LeaderElection, m.LeaderElectionID, m.LeaderElectionNamespace = true, "leader-"+k.Blue, fixture.OwnNamespace
		m.LeaderElectionReleaseOnCancel = true
		o.IngressClass, o.Namespace, o.Draining = k.Blue, fixture.OwnNamespace, draining
		o.Replica = replicas.Replica{Name: k.Blue + "-" + name, Address: netip.MustParseAddr("10.0.0.1"), HTTPPort: 8000, HealthPort: 8081}
	}}, changes...)...), draining
}

// knows waits until a replica knows these ready ones.
func (k *testCluster) knows(r *replica, want ...string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		var got []string
		for _, other := range r.Replicas.Ready() {
			got = append(got, other.Name[len(k.Blue)+1:])
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("ready replicas are %v, want %v", got, want)
		}
		return nil
	})
}

func (k *testCluster) lease(name string) (*coordinationv1.Lease, error) {
	lease := new(coordinationv1.Lease)
	return lease, k.Get(k.T.Context(), client.ObjectKey{Namespace: fixture.OwnNamespace, Name: "warren-replica-" + k.Blue + "-" + name}, lease)
}

func TestReplicasKnowEachOtherFromTheirLeases(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, _ := k.known("a")
	k.knows(a, "a")
	b, draining := k.known("b")
	for _, r := range []*replica{a, b} {
		k.knows(r, "a", "b")
	}
	want := replicas.Replica{Name: k.Blue + "-b", Address: netip.MustParseAddr("10.0.0.1"), HTTPPort: 8000, HealthPort: 8081}
	if diff := cmp.Diff(want, a.Replicas.Ready()[1], cmpopts.IgnoreUnexported(replicas.Replica{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("what a knows of b (-want +got):\n%s", diff)
	}

	close(draining)
	k.knows(a, "a")
	if lease, err := k.lease("b"); err != nil || lease.Annotations["ingress.warren.dev/ready"] != "false" {
		t.Errorf("while b drains its Lease says %v (%v), want that it is not ready", lease.Annotations, err)
	}
	b.stop()
	if _, err := k.lease("b"); !apierrors.IsNotFound(err) {
		t.Errorf("after b has ended, reading its Lease gives %v, want that there is none", err)
	}
}

// lateUpdates is a client whose updates of Leases arrive late once late is set: only when they were given up and the
// Lease is gone, as an update does that hangs in the network.
type lateUpdates struct {
	client.Client
	reader   client.Reader // asks the API server itself
	late     atomic.Bool
	waiting  chan struct{}
	answered chan error
}

func (c *lateUpdates) Update(ctx context.Context, object client.Object, options ...client.UpdateOption) error {
	lease, ok := object.(*coordinationv1.Lease)
	if !ok || !c.late.CompareAndSwap(true, false) {
		return c.Client.Update(ctx, object, options...)
	}
	close(c.waiting)
	<-ctx.Done()
	go func() {
		own := context.WithoutCancel(ctx)
		for !apierrors.IsNotFound(c.reader.Get(own, client.ObjectKeyFromObject(lease), new(coordinationv1.Lease))) {
			time.Sleep(time.Millisecond)
		}
		c.answered <- c.Client.Update(own, lease.DeepCopy())
	}()
	return ctx.Err()
}

func TestAnUpdateThatComesLateDoesNotBringALeaseBack(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	slow := &lateUpdates{reader: k.Client, waiting: make(chan struct{}), answered: make(chan error, 1)}
	a, draining := k.known("a", func(m *ctrl.Options, _ *Options, _ *recordingProxy) {
		m.NewClient = func(config *rest.Config, options client.Options) (client.Client, error) {
			var err error
			slow.Client, err = client.New(config, options)
			return slow, err
		}
	})
	k.knows(a, "a")
	slow.late.Store(true)
	close(draining)
	<-slow.waiting
	a.stop()
	if err := <-slow.answered; err == nil {
		t.Error("the API server took the update")
	}
	if _, err := k.lease("a"); !apierrors.IsNotFound(err) {
		t.Errorf("reading the Lease gives %v, want that there is none", err)
	}
}

func TestAControlPlaneThatEndsAloneKeepsItsLease(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, _ := k.known("a")
	k.knows(a, "a")
	a.stop()
	if _, err := k.lease("a"); err != nil {
		t.Errorf("reading the Lease: %v", err)
	}
	again, _ := k.known("a")
	k.knows(again, "a")
}

func TestAReplicaThatServesNothingYetIsNotKnown(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	var refuses atomic.Bool
	refuses.Store(true)
	a, _ := k.known("a", func(_ *ctrl.Options, _ *Options, p *recordingProxy) { p.before = refuseIf(&refuses) })
	b, _ := k.known("b")
	k.knows(b, "b")
	if _, err := k.lease("a"); !apierrors.IsNotFound(err) {
		t.Errorf("reading the Lease of a replica without a snapshot gives %v, want that there is none", err)
	}
	refuses.Store(false)
	k.Make(fixture.Ingress(k.Blue, "shop", "shop.example.com", "web"))
	for _, r := range []*replica{a, b} {
		k.knows(r, "a", "b")
	}
}

func TestAReplicaThatDoesNotServeAnIngressYetIsBehind(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	var refuses atomic.Bool
	a, _ := k.known("a")
	b, _ := k.known("b", func(_ *ctrl.Options, _ *Options, p *recordingProxy) { p.before = refuseIf(&refuses) })
	shop := fixture.Ingress(k.Blue, "shop", "shop.example.com", "web")
	k.Make(shop)
	behind := func(want ...string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			if len(a.Replicas.Ready()) != 2 {
				return fmt.Errorf("ready replicas are %v, want two", a.Replicas.Ready())
			}
			if got := a.Replicas.Behind(shop.UID); !slices.Equal(got, want) {
				return fmt.Errorf("behind are %v, want %v", got, want)
			}
			return nil
		})
	}
	a.proxy.serves(t, "shop.example.com /web -> "+k.Blue+"/web:80 []")
	b.proxy.serves(t, "shop.example.com /web -> "+k.Blue+"/web:80 []")
	behind()

	refuses.Store(true)
	k.Change(shop, func() { shop.Spec.Rules[0].Host = "other.example.com" })
	behind(k.Blue + "-b")
	refuses.Store(false)
	// Any event has the refused snapshot tried again.
	k.Make(fixture.Task(k.Blue, "web", "web", "10.0.0.7"))
	behind()
}

// refuseIf has a data plane refuse snapshots while the flag is set.
func refuseIf(refuses *atomic.Bool) func(*snapshot.Snapshot) error {
	return func(*snapshot.Snapshot) error {
		if refuses.Load() {
			return errors.New("refused by the test")
		}
		return nil
	}
}

func TestAnIngressIsProgrammedOnceEveryReadyReplicaServesIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	var refuses atomic.Bool
	a, _ := k.known("a")
	k.knows(a, "a")
	b, draining := k.known("b", func(_ *ctrl.Options, _ *Options, p *recordingProxy) { p.before = refuseIf(&refuses) })
	k.knows(a, "a", "b")
	shop := fixture.Ingress(k.Blue, "shop", "shop.example.com", "web")
	k.Make(shop, fixture.Task(k.Blue, "web", "web", "10.0.0.7"))
	says := func(programmed string) {
		t.Helper()
		k.says(shop, "Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", programmed)
	}
	says("Programmed=True Programmed")

	refuses.Store(true)
	k.Change(shop, func() { shop.Spec.Rules[0].Host = "other.example.com" })
	says("Programmed=Unknown Pending")
	refuses.Store(false)
	k.Make(fixture.Task(k.Blue, "web-2", "web", "10.0.0.8")) // any event has the refused snapshot tried again
	says("Programmed=True Programmed")

	// Nobody waits for a replica that goes.
	refuses.Store(true)
	k.Change(shop, func() { shop.Spec.Rules[0].Host = "third.example.com" })
	says("Programmed=Unknown Pending")
	close(draining)
	says("Programmed=True Programmed")
	b.stop()
}

// A replica may serve without being ready, and what listens beside it is no tenant's, whatever its class is.
func TestNoTaskIsAtTheAddressOfAReplicaOfAnotherClass(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	task := fixture.Task(k.Blue, "one", "web", "203.0.113.77")
	k.Make(fixture.Ingress(k.Blue, "web", "a.io", "web"), task)
	r, _ := k.known("a")
	r.isReady(t)
	says := func(reason string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			k.Reload(task)
			if accepted := meta.FindStatusCondition(task.Status.Conditions, v1alpha1.ConditionAccepted); accepted == nil || accepted.Reason != reason {
				return fmt.Errorf("the Task says %+v, want the reason %s", accepted, reason)
			}
			return nil
		})
	}
	says(v1alpha1.ReasonAccepted)
	// It tells no standing, so that it is no controller that other tests would give way to.
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.OwnNamespace, Name: "warren-replica-" + k.Blue + "-other",
			Labels: map[string]string{"ingress.warren.dev/replica": k.Blue + "-internal"},
			Annotations: map[string]string{"ingress.warren.dev/address": "203.0.113.76",
				"ingress.warren.dev/machine-addresses": "203.0.113.76,203.0.113.77", "ingress.warren.dev/ready": "false"}},
	}
	k.Make(lease)
	says(v1alpha1.ReasonAddressNotAllowed)
	k.Remove(lease)
	says(v1alpha1.ReasonAccepted)
}
