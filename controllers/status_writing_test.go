// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestARestartRewritesNothing(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	fine, lost := fixture.Ingress(k.Blue, "fine", "x.io", "api"), fixture.Ingress(k.Blue, "lost", "x.io", "api", "nobody")
	one := fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "c"},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"x.io"}, SecretName: "c", AutoRenew: new(false)}}
	objects := []client.Object{fine, lost, one, certificate}
	k.Make(objects...)
	publish := func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.PublishAddress = "203.0.113.7" }
	settled := func() {
		t.Helper()
		k.says(fine, served...)
		k.says(lost, "Accepted=False PathConflict", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
		k.says(one, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
		k.says(certificate, "Accepted=True Accepted", "Issuing=False NotRenewed", "Ready=False SecretNotFound")
	}
	first := k.start(publish)
	settled()
	first.idle(t)
	first.stop()
	settled() // which reads the objects once more, after the last write
	want := versions(objects)

	second := k.start(publish)
	k.afterAll(second)
	settled()
	if diff := cmp.Diff(want, versions(objects)); diff != "" {
		t.Errorf("resource versions (-before the restart +after):\n%s", diff)
	}
}

// afterAll makes sure that a replica has looked at every object. It has a new object's status written twice. After the
// first write, the objects that were there at the start are in the queue or done. Once the queue is empty, at most one
// is being worked on, and that one is done before the second write.
func (k *testCluster) afterAll(r *replica) {
	k.T.Helper()
	for i := range 2 {
		name := fmt.Sprint("marker-", i)
		ing, one := fixture.Ingress(k.Green, name, name+".io", name), fixture.Task(k.Green, name, name, "10.9.9.9")
		certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: k.Green, Name: name},
			Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{v1alpha1.CertificateHost(name + ".io")}, SecretName: v1alpha1.SecretName(name), AutoRenew: new(false)}}
		k.Make(one, ing, certificate)
		k.says(ing, served...)
		k.says(one, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
		k.says(certificate, "Accepted=True Accepted", "Issuing=False NotRenewed", "Ready=False SecretNotFound")
		r.idle(k.T)
	}
}

func versions(objects []client.Object) map[string]string {
	versions := map[string]string{}
	for _, object := range objects {
		versions[fmt.Sprintf("%T %s", object, object.GetName())] = object.GetResourceVersion()
	}
	return versions
}

func TestBuildsThatChangeNothingForAnObjectDoNotRewriteIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	lost := fixture.Ingress(k.Blue, "lost", "x.io", "nobody")
	k.Make(lost)
	r := k.start()
	lostSays := []string{"Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed"}
	k.says(lost, lostSays...)
	before := lost.ResourceVersion
	builds := r.proxy.applications()
	k.afterAll(r)
	if r.proxy.applications() == builds {
		t.Error("the snapshot was not built again")
	}
	k.says(lost, lostSays...)
	if lost.ResourceVersion != before {
		t.Errorf("the object was rewritten: %+v", lost.Status)
	}
}

func TestAReplicaThatIsNotTheLeaderServesAndWritesNothing(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// Another leader is alive for an hour.
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.OwnNamespace, Name: k.Blue},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: new("another"), LeaseDurationSeconds: new(int32(3600)),
			AcquireTime: &metav1.MicroTime{Time: time.Now()}, RenewTime: &metav1.MicroTime{Time: time.Now()}},
	}
	k.Make(lease)
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	k.Make(ing)
	r := k.start(func(mgr *ctrl.Options, _ *Options, _ *recordingProxy) {
		mgr.LeaderElection, mgr.LeaderElectionNamespace, mgr.LeaderElectionID = true, fixture.OwnNamespace, k.Blue
		mgr.LeaseDuration, mgr.RenewDeadline, mgr.RetryPeriod = new(10*time.Second), new(5*time.Second), new(50*time.Millisecond)
	})
	r.isReady(t)
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 []")
	k.Make(fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")
	k.says(ing)
	if got := r.writes.total(); got != 0 {
		t.Errorf("it wrote %d times", got)
	}

	k.Change(lease, func() { lease.Spec.HolderIdentity = new("") })
	k.says(ing, served...)
}

func TestAnIngressThatGoesToAnotherClassLosesOurStatusOnce(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ours := fixture.Ingress(k.Blue, "ours", "x.io", "api")
	k.Make(ours, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	r := k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.PublishAddress = "lb.example.com" })
	k.says(ours, served...)
	if diff := cmp.Diff([]v1alpha1.LoadBalancerIngress{{Hostname: "lb.example.com"}}, ours.Status.LoadBalancer.Ingress); diff != "" {
		t.Errorf("status.loadBalancer.ingress (-want +got):\n%s", diff)
	}
	k.ChangeStatus(ours, func() {
		ours.Status.Conditions = append(ours.Status.Conditions, metav1.Condition{Type: "example.com/Audited", Status: "True",
			Reason: "Audited", LastTransitionTime: metav1.Now(), ObservedGeneration: 2})
	})
	// This one was never ours. Its own controller writes it.
	theirs := fixture.Ingress(k.Blue, "theirs", "y.io", "api")
	theirs.Spec.IngressClassName = "internal"
	k.Make(theirs)
	k.ChangeStatus(theirs, func() {
		theirs.Status.ObservedGeneration = 1
		theirs.Status.Conditions = []metav1.Condition{{Type: "Accepted", Status: "True", Reason: "Accepted",
			LastTransitionTime: metav1.Now(), ObservedGeneration: 1}}
	})
	k.Change(theirs, func() { theirs.Spec.Rules[0].Host = "z.io" })
	version := theirs.ResourceVersion

	k.Change(ours, func() { ours.Spec.IngressClassName = "internal" })
	r.proxy.serves(t)
	k.says(ours, "example.com/Audited=True Audited")
	if diff := cmp.Diff(v1alpha1.IngressStatus{ObservedGeneration: v1alpha1.NoGeneration, Conditions: ours.Status.Conditions}, ours.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	cleared := ours.ResourceVersion
	k.afterAll(r)
	k.Reload(ours)
	k.Reload(theirs)
	if ours.ResourceVersion != cleared {
		t.Error("the Ingress was written again after its status was cleared")
	}
	if theirs.ResourceVersion != version {
		t.Error("the Ingress that was never ours was written")
	}
}

func TestTheAddressesOfAServiceArePublished(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// The Service is in a namespace that is not watched.
	balancer := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: k.Green, Name: "balancer"},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 80}}}}
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	k.Make(balancer, ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	k.start(func(mgr *ctrl.Options, o *Options, _ *recordingProxy) {
		mgr.Cache = cluster.CacheOptions(v1alpha1.DefaultIngressClassName, []string{k.Blue})
		o.PublishService = k.Green + "/balancer"
	})
	k.says(ing, served...)
	for _, want := range [][]v1alpha1.LoadBalancerIngress{
		{{IP: "203.0.113.7"}, {Hostname: "lb.example.com"}},
		{{IP: "203.0.113.8"}},
		nil,
	} {
		k.ChangeStatus(balancer, func() {
			balancer.Status.LoadBalancer.Ingress = nil
			for _, at := range want {
				balancer.Status.LoadBalancer.Ingress = append(balancer.Status.LoadBalancer.Ingress,
					corev1.LoadBalancerIngress{IP: at.IP, Hostname: at.Hostname})
			}
		})
		fixture.Eventually(t, func() error {
			k.Reload(ing)
			if diff := cmp.Diff(want, ing.Status.LoadBalancer.Ingress); diff != "" {
				return fmt.Errorf("status.loadBalancer.ingress (-want +got):\n%s", diff)
			}
			return nil
		})
	}
}

func TestARefusedSnapshotShowsOnWhatIsNewAndIsTriedAgain(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	old, young := fixture.Ingress(k.Blue, "old", "x.io", "api"), fixture.Ingress(k.Blue, "young", "y.io", "api")
	k.Make(old, fixture.Task(k.Blue, "one", "api", "10.0.0.1"))
	var refuse atomic.Bool
	r := k.start(func(_ *ctrl.Options, _ *Options, p *recordingProxy) {
		p.before = func(*snapshot.Snapshot) error {
			if refuse.Load() {
				return errors.New("host x.io: no")
			}
			return nil
		}
	})
	k.says(old, served...)
	refuse.Store(true)
	k.Make(young)
	k.says(young, "Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=False Rejected")
	if got, want := message(young, "Programmed"), "the data plane serves what was there before, because it refused this: host x.io: no"; got != want {
		t.Errorf("Programmed says %q, want %q", got, want)
	}
	k.says(old, served...)
	if !r.Ready() {
		t.Error("the replica is not ready though it serves the snapshot before")
	}
	refuse.Store(false)
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]", "y.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")
	k.says(young, served...)
}

func TestChangesOfConditionsAreEvents(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	one := fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	k.Make(one, fixture.Ingress(k.Blue, "shop", "x.io", "api"))
	k.start()
	type event struct{ Type, Reason, Action, Note string }
	happened := func(want event) {
		t.Helper()
		fixture.Eventually(t, func() error {
			var list eventsv1.EventList
			if err := k.List(t.Context(), &list, client.InNamespace(k.Blue)); err != nil {
				return err
			}
			var got []event
			for _, e := range list.Items {
				if e.Regarding.Kind == "Ingress" && e.Regarding.Name == "shop" {
					got = append(got, event{e.Type, e.Reason, e.Action, e.Note})
					if got[len(got)-1] == want {
						return nil
					}
				}
			}
			return fmt.Errorf("the events are\n\t%+v\nwant among them\n\t%+v", got, want)
		})
	}
	happened(event{"Normal", "Programmed", "Programmed", "the data plane serves what was accepted"})
	k.Remove(one)
	happened(event{"Warning", "ServiceNotFound", "ResolvedRefs",
		"api:80: no Task of the namespace has this serviceName, and no Service this name"})
}

func TestSetupRefusesOptionsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options Options
		want    string
	}{
		"no data plane": {Options{IngressClass: "warren"}, "setting up the controllers: there must be a data plane and an ingress class"},
		"no class":      {Options{Applier: &recordingProxy{}}, "setting up the controllers: there must be a data plane and an ingress class"},
		"two sources of addresses": {
			Options{Applier: &recordingProxy{}, IngressClass: "warren", PublishAddress: "203.0.113.7", PublishService: "a/b"},
			"a publish address and a publish service are given: leave one of them out",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Setup(nil, test.options)
			if diff := cmp.Diff(test.want, fixture.ErrorText(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}
