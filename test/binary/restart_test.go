// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// afterLeading is how long a new leader is watched for writes that it should not make.
const afterLeading = 2 * time.Second

// versions returns the resourceVersion of every object of ours, by kind and name. A write changes it.
func (s *scene) versions() (map[string]string, error) {
	var ingresses v1alpha1.IngressList
	var tasks v1alpha1.TaskList
	var certificates v1alpha1.TLSCertificateList
	for _, list := range []client.ObjectList{&ingresses, &tasks, &certificates} {
		if err := s.List(s.t.Context(), list, client.InNamespace(s.namespace)); err != nil {
			return nil, err
		}
	}
	versions := map[string]string{}
	for _, object := range ingresses.Items {
		versions["Ingress "+object.Name] = object.ResourceVersion
	}
	for _, object := range tasks.Items {
		versions["Task "+object.Name] = object.ResourceVersion
	}
	for _, object := range certificates.Items {
		versions["TLSCertificate "+object.Name] = object.ResourceVersion
	}
	return versions, nil
}

// unchanged returns an error if one of these objects was written.
func (s *scene) unchanged(before map[string]string) error {
	now, err := s.versions()
	if err != nil {
		return err
	}
	for name := range now {
		if _, ok := before[name]; !ok {
			delete(now, name)
		}
	}
	if diff := cmp.Diff(before, now); diff != "" {
		return fmt.Errorf("objects were written, their versions (-want +got):\n%s", diff)
	}
	return nil
}

// ingressSays waits for the conditions of an Ingress.
func (s *scene) ingressSays(i *v1alpha1.Ingress, want ...string) {
	s.t.Helper()
	s.says(i, func() []metav1.Condition { return i.Status.Conditions }, want...)
}

// served is what an Ingress says if it is in order.
var served = []string{"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed"}

// populate makes objects of every kind, in order and not, and waits until all of their statuses are written. It returns
// their versions. web-1 and web-2 serve the host "shop".
func (s *scene) populate() map[string]string {
	s.t.Helper()
	shop, lost := ingress("shop", s.host("shop"), "web"), ingress("lost", s.host("lost"), "nothing")
	rival := ingress("rival", s.host("rival"), "web")
	web1, web2, web3 := task("web", startBackend(s.t, "web-1")), task("web", startBackend(s.t, "web-2")), task("web", startBackend(s.t, "web-3"))
	web3.Spec.DesiredState = v1alpha1.DesiredStateDraining
	own := certificate("own", s.host("shop"))
	s.create(shop, lost, rival, web1, web2, web3, own)
	// Of two Ingresses for one host and path, the younger is told that it lost.
	s.change(rival, func() { rival.Spec.Rules = append(rival.Spec.Rules, ingress("", s.host("lost"), "web").Spec.Rules...) })

	s.ingressSays(shop, served...)
	s.ingressSays(rival, "Accepted=False PathConflict", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed")
	s.ingressSays(lost, "Accepted=True Accepted", "ResolvedRefs=False ServiceNotFound", "Programmed=True Programmed")
	for _, w := range []*v1alpha1.Task{web1, web2, web3} {
		s.says(w, func() []metav1.Condition { return w.Status.Conditions }, "Accepted=True Accepted", "Healthy=True NoHealthCheck")
	}
	s.says(own, func() []metav1.Condition { return own.Status.Conditions }, "Accepted=True")
	versions, err := s.versions()
	if err != nil {
		s.t.Fatal(err)
	}
	return versions
}

// leaderWrites makes an Ingress and waits until its status is written.
func (s *scene) leaderWrites(name string, limit time.Duration) time.Duration {
	s.t.Helper()
	i := ingress(name, s.host(name), "web")
	s.create(i)
	return eventually(s.t, limit, "the status of a new Ingress", func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(i), i); err != nil {
			return err
		}
		if i.Status.ObservedGeneration != i.Generation || len(i.Status.LoadBalancer.Ingress) == 0 {
			return errors.New("it has none")
		}
		return nil
	})
}

func TestAfterAKillRoutesAndStatusAreAsBeforeAndNothingIsWritten(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	killed := s.start().ready()
	versions := s.populate()
	_, before, err := killed.routes()
	if err != nil {
		t.Fatal(err)
	}
	leader, err := s.leader()
	if err != nil || leader == "" {
		t.Fatalf("the Lease is held by %q (%v), want the only controller", leader, err)
	}

	killed.kill()
	next := s.start().ready()
	_, after, err := next.routes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("routes after the kill (-want +got):\n%s", diff)
	}
	if err := answersAre(next.http, s.host("shop"), []string{from("web-1"), from("web-2")}); err != nil {
		t.Error(err)
	}
	if now, err := s.leader(); err != nil || now != leader {
		t.Errorf("the Lease is held by %q (%v) when routes are served, want still the killed %q", now, err, leader)
	}

	s.anotherLeader(leader)
	always(t, afterLeading, "a new leader should write nothing", func() error { return s.unchanged(versions) })
	// It writes what there is to write.
	s.leaderWrites("new", patience)
	if err := s.unchanged(versions); err != nil {
		t.Error(err)
	}
}
