// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/proxy/snapshot"
	"github.com/warren-dev/ingress/test/fixture"
)

func TestAnIngressAndItsTasksAreServedAndSaySo(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing, one := fixture.Ingress(k.Blue, "shop", "x.io", "api"), fixture.Task(k.Blue, "one", "api", "10.0.0.1")
	r := k.start()
	r.proxy.serves(t)
	k.Make(ing, one)

	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80]")
	k.says(ing, served...)
	k.says(one, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
	if ing.Status.ObservedGeneration != ing.Generation {
		t.Errorf("status.observedGeneration is %d, want %d", ing.Status.ObservedGeneration, ing.Generation)
	}

	two := fixture.Task(k.Blue, "two", "api", "10.0.0.2")
	k.Make(two)
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80 10.0.0.2:80]")

	k.ChangeStatus(one, func() { one.Status.Health = v1alpha1.HealthUnhealthy })
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80! 10.0.0.2:80]")
	k.says(one, "Accepted=True Accepted", "Healthy=False ReportedUnhealthy")

	k.Change(ing, func() { ing.Spec.Rules[0].Host = "y.io" })
	r.proxy.serves(t, "y.io /api -> "+k.Blue+"/api:80 [10.0.0.1:80! 10.0.0.2:80]")
	k.says(ing, served...)

	k.Remove(one)
	k.Remove(two)
	r.proxy.serves(t, "y.io /api -> "+k.Blue+"/api:80 []")
	k.says(ing, "Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
}

func TestAKubernetesServiceIsServedByItsEndpoints(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: k.Blue, Name: "api"},
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http", Port: 80}}}}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: k.Blue, Name: "api-1", Labels: map[string]string{discoveryv1.LabelServiceName: "api"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}},
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.1.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
	}
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	r := k.start()
	k.Make(ing, service)
	k.says(ing, "Accepted=True Accepted", "ResolvedRefs=False NoEndpoints", "Programmed=True Programmed")
	k.Make(slice)
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.1.0.1:8080]")
	k.says(ing, served...)

	k.Change(slice, func() { slice.Endpoints[0].Addresses[0] = "10.1.0.2" })
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.1.0.2:8080]")

	k.Change(service, func() { service.Spec.Ports[0].Port = 8000 })
	k.says(ing, "Accepted=True Accepted", "ResolvedRefs=False PortNotFound", "Programmed=True Programmed")
	if got, want := message(ing, "ResolvedRefs"), "api:80: its Service has no TCP port 80 (it has 8000)"; got != want {
		t.Errorf("ResolvedRefs says %q, want %q", got, want)
	}
}

func TestAnIngressFindsAServiceThatWasThereBeforeIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	service, slice := fixture.KubernetesService(k.Blue, "api", "10.1.0.1")
	k.Make(service, slice)
	r := k.start()
	r.isReady(t)
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	k.Make(ing)
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 [10.1.0.1:8080]")
	k.says(ing, served...)
}

func TestAWrongObjectSaysSoAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// Ages have a resolution of a second, and within it the names decide: it is chance whether k.Blue comes first.
	first, second := k.Blue, k.Green
	if second < first {
		first, second = second, first
	}
	owner := fixture.Ingress(first, "owner", "x.io", "api")
	rival := fixture.Ingress(first, "rival", "x.io", "api", "web")
	foreign := fixture.Ingress(second, "foreign", "x.io", "api")
	lost := fixture.Ingress(first, "lost", "y.io", "nobody", "api")
	invalid := &v1alpha1.Task{ObjectMeta: metav1.ObjectMeta{Namespace: first, Name: "one"},
		Spec: v1alpha1.TaskSpec{ServiceName: "api", Address: "10.0.0.1", HealthCheck: &v1alpha1.HealthCheck{Port: 80}}}
	certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: first, Name: "c"},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"x.io"}, SecretName: "c", AutoRenew: new(false)}}
	r := k.start()
	k.Make(owner, rival, foreign, lost, invalid, certificate, fixture.Task(first, "web", "web", "10.0.0.2"))

	r.proxy.serves(t,
		"x.io /api -> "+first+"/api:80 [10.0.0.1:80]",
		"x.io /web -> "+first+"/web:80 [10.0.0.2:80]",
		"y.io /api -> "+first+"/api:80 [10.0.0.1:80]",
		"y.io /nobody -> "+first+"/nobody:80 []",
	)
	k.says(owner, served...)
	k.says(rival, "Accepted=False PathConflict", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed")
	k.says(foreign, "Accepted=False HostOwnedElsewhere", "ResolvedRefs=True ResolvedRefs", "Programmed=False NothingToProgram")
	k.says(lost, "Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
	k.says(invalid, "Accepted=True Accepted", "Healthy=Unknown NotProbed")
	k.says(certificate, "Accepted=True Accepted", "Issuing=False NotRenewed", "Ready=False SecretNotFound")

	want := []string{
		"rules[0].paths[0]: Prefix /api of host x.io is served by rules[0].paths[0] of the older Ingress " + first + "/owner; its other paths are served",
		`rules[0]: host "x.io" belongs to another namespace: choose another host, or ask the cluster's ` +
			"administrator, whom kubectl warren hosts tells whose it is; no path of it is served",
		"nobody:80: no Task of the namespace has this serviceName, and no Service this name",
	}
	// A snapshot from when not everything was there says the same in other words.
	fixture.Eventually(t, func() error {
		k.Reload(lost)
		// Whether both were made within the same second is chance.
		said := strings.Replace(message(rival, "Accepted"), "Ingress "+first+"/owner, which is as old and goes first by its name",
			"the older Ingress "+first+"/owner", 1)
		if diff := cmp.Diff(want, []string{said, message(foreign, "Accepted"), message(lost, "ResolvedRefs")}); diff != "" {
			return errors.New("messages (-want +got):\n" + diff)
		}
		return nil
	})

	// What was in the way goes, and those behind it follow.
	k.Remove(owner)
	k.Remove(rival)
	r.proxy.serves(t,
		"x.io /api -> "+second+"/api:80 []",
		"y.io /api -> "+first+"/api:80 [10.0.0.1:80]",
		"y.io /nobody -> "+first+"/nobody:80 []",
	)
	k.says(foreign, "Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
}

func TestDeletingTheLastIngressServesTheEmptySnapshot(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := fixture.Ingress(k.Blue, "shop", "x.io", "api")
	k.Make(ing)
	r := k.start()
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 []")
	k.Remove(ing)
	r.proxy.serves(t)
	if diff := cmp.Diff(&snapshot.Snapshot{Hosts: []snapshot.Host{}, Pools: []snapshot.Pool{}}, r.proxy.snapshot()); diff != "" {
		t.Errorf("the snapshot is not empty (-want +got):\n%s", diff)
	}
}

func TestAHundredChangesAreFewBuilds(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.Make(fixture.Ingress(k.Blue, "shop", "x.io", "api"))

	// The second Apply of the data plane is held until all changes are made, so that it does not matter how fast this
	// machine makes them.
	const changes = 100
	held, release := make(chan struct{}), make(chan struct{})
	var applications int
	hold := sync.OnceFunc(func() { close(held); <-release })
	r := k.start(func(_ *ctrl.Options, _ *Options, p *recordingProxy) {
		p.before = func(*snapshot.Snapshot) error {
			if applications++; applications == 2 {
				hold()
			}
			return nil
		}
	})
	r.isReady(t)
	var want []string
	for i := range changes {
		address := fmt.Sprintf("10.0.0.%d", i+1)
		k.Make(fixture.Task(k.Blue, fmt.Sprintf("task-%03d", i), "api", address))
		want = append(want, address+":80")
		if i == 0 {
			<-held
		}
	}
	before := r.proxy.applications()
	close(release)
	r.proxy.serves(t, fmt.Sprintf("x.io /api -> %s/api:80 %v", k.Blue, want))
	if builds := r.proxy.applications() - before; builds > changes/2 {
		t.Errorf("%d changes led to %d builds", changes, builds)
	}
}

func TestOnlyTheWatchedNamespacesAreServed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	inside, outside := fixture.Ingress(k.Blue, "inside", "x.io", "api"), fixture.Ingress(k.Green, "outside", "y.io", "api")
	k.Make(outside, inside)
	r := k.start(func(mgr *ctrl.Options, _ *Options, _ *recordingProxy) {
		mgr.Cache = cluster.CacheOptions(v1alpha1.DefaultIngressClassName, []string{k.Blue})
	})
	r.proxy.serves(t, "x.io /api -> "+k.Blue+"/api:80 []")
	k.says(inside, "Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
	k.says(outside)
}

func TestAllNamespacesAreServedWhereNoneIsNamed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// The class is this test's own: a replica of the common one would write into the other tests' Ingresses.
	a, b := fixture.Ingress(k.Blue, "a", k.Blue+".io", "api"), fixture.Ingress(k.Green, "b", k.Green+".io", "api")
	a.Spec.IngressClassName, b.Spec.IngressClassName = k.Blue+"-all", k.Blue+"-all"
	k.Make(a, b)
	seen := make(chan int, 1000)
	k.start(k.ofClass("-all", "203.0.113.1"), func(mgr *ctrl.Options, o *Options, p *recordingProxy) {
		mgr.Cache = cluster.CacheOptions(o.IngressClass, nil)
		p.before = func(s *snapshot.Snapshot) error {
			ours := 0
			for _, host := range s.Hosts {
				for _, route := range host.Routes {
					if route.Rule.Ingress == k.Blue+"/a" || route.Rule.Ingress == k.Green+"/b" {
						ours++
					}
				}
			}
			select {
			case seen <- ours:
			default:
			}
			return nil
		}
	})
	if got := <-seen; got != 2 {
		t.Errorf("the first snapshot has %d routes of the two namespaces, want 2", got)
	}
}
