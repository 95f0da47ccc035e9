// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
	"github.com/warren-dev/ingress/test/fixture"
)

// ofClass makes a replica belong to a controller of its own, with a class made of the test's and the suffix.
func (k *testCluster) ofClass(suffix, address string) func(*ctrl.Options, *Options, *recordingProxy) {
	return func(mgr *ctrl.Options, o *Options, _ *recordingProxy) {
		o.IngressClass, o.PublishAddress = k.Blue+suffix, address
		mgr.LeaderElectionID = "leader-" + k.Blue + suffix
		o.hostScope = o.IngressClass
		mgr.Cache = cluster.CacheOptions(o.IngressClass, []string{k.Blue, k.Green})
	}
}

// calm waits until replicas write nothing for a while.
func (k *testCluster) calm(replicas ...*replica) {
	k.T.Helper()
	written, since := -1, time.Now()
	fixture.Eventually(k.T, func() error {
		count := 0
		for _, r := range replicas {
			count += r.writes.total()
		}
		if count != written {
			written, since = count, time.Now()
		}
		if calm := time.Since(since); calm < time.Second {
			return fmt.Errorf("the last of %d writes was %s ago", written, calm)
		}
		return nil
	})
}

// knowsController waits until a replica knows of another controller.
func (k *testCluster) knowsController(r *replica, class string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		if known := r.Peers.Controllers(); !slices.Contains(known, fixture.OwnNamespace+"/"+class) {
			return fmt.Errorf("it knows %v, want %s", known, class)
		}
		return nil
	})
}

func TestAnIngressThatGoesBetweenClassesComesToRest(t *testing.T) {
	t.Parallel()
	for _, address := range []struct{ name, first, second string }{
		{"of different addresses", "203.0.113.1", "203.0.113.2"},
		{"of one address", "203.0.113.1", "203.0.113.1"},
	} {
		t.Run(address.name, func(t *testing.T) {
			t.Parallel()
			k := newCluster(t)
			for _, suffix := range []string{"-a", "-b"} {
				class := ingressClass(k.Blue + suffix)
				k.Make(class)
			}
			shop, plain := fixture.Ingress(k.Blue, "shop", "x.io", "api"), standard(k.Blue, "plain", "y.io", "api")
			plain.Spec.IngressClassName = new(k.Blue + "-a")
			k.Make(shop, plain, fixture.Task(k.Blue, "one", "api", "10.0.0.2"))
			a, _ := k.known("a", k.ofClass("-a", address.first))
			k.says(shop, served...)
			b, _ := k.known("b", k.ofClass("-b", address.second))
			k.knowsController(a, k.Blue+"-b")
			k.knowsController(b, k.Blue+"-a")
			at := map[string]string{"-a": address.first, "-b": address.second}
			for _, class := range []string{"-b", "-a", "", "-b"} {
				k.Change(shop, func() { shop.Spec.IngressClassName = "" })
				if class != "" {
					k.Change(shop, func() { shop.Spec.IngressClassName = k.Blue + class })
					k.Change(plain, func() { plain.Spec.IngressClassName = new(k.Blue + class) })
				}
				k.calm(a, b)
				k.says(shop, served...)
				k.published(plain, at["-"+(*plain.Spec.IngressClassName)[len(k.Blue)+1:]])
			}
		})
	}
}

func TestTheCertificateOfAnIngressWithoutAClassIsAskedForByOneController(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// To the first controller the host belongs to its own class in another namespace, to the second it is free: they would
	// make and delete the TLSCertificate without end.
	holder := fixture.Ingress(k.Green, "holder", "x.io", "api")
	holder.Spec.IngressClassName = k.Blue + "-a"
	k.Make(holder)
	fixture.Eventually(t, func() error { // Ages are whole seconds.
		k.Reload(holder)
		if !time.Now().After(holder.CreationTimestamp.Add(time.Second)) {
			return fmt.Errorf("it is not older yet")
		}
		return nil
	})
	ing, certificate := automatic(k.Blue, "shop", "x.io")
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.2"))
	a, _ := k.known("a", k.ofClass("-a", "203.0.113.1"))
	k.knows(a, "a")
	b, _ := k.known("b", k.ofClass("-b", "203.0.113.2"))
	k.knowsController(a, k.Blue+"-b")
	k.knowsController(b, k.Blue+"-a")
	fixture.Eventually(t, func() error { // Before the first write there is a calm too.
		k.Reload(ing)
		if message(ing, v1alpha1.ConditionAccepted) == "" {
			return errors.New("the Ingress has no status")
		}
		return nil
	})
	k.calm(a, b)
	var there v1alpha1.TLSCertificateList
	if err := k.List(t.Context(), &there, client.InNamespace(k.Blue)); err != nil {
		t.Fatal(err)
	}
	if len(there.Items) > 0 {
		t.Errorf("there is the TLSCertificate %s, want none: the controller that writes refuses the host", certificate.Name)
	}
}

func TestATaskIsReportedByTheControllerThatProbesIt(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	a, _ := k.known("a", k.ofClass("-a", "203.0.113.1"))
	k.knows(a, "a")
	b, _ := k.known("b", k.ofClass("-b", "203.0.113.2"))
	k.knowsController(a, k.Blue+"-b")
	k.knowsController(b, k.Blue+"-a")
	one := fixture.Task(k.Blue, "one", "api", "10.0.0.2")
	k.Make(one)
	k.calm(a, b)
	writers := func(want ...bool) {
		t.Helper()
		fixture.Eventually(t, func() error {
			if got := []bool{a.WritesTask(one), b.WritesTask(one)}; got[0] != want[0] || got[1] != want[1] {
				return fmt.Errorf("they write the Task: %v, want %v", got, want)
			}
			return nil
		})
	}
	writers(true, false)
	theirs := fixture.Ingress(k.Blue, "theirs", "x.io", "api")
	theirs.Spec.IngressClassName = k.Blue + "-b"
	k.Make(theirs)
	writers(false, true)
	mine := standard(k.Blue, "mine", "y.io", "api")
	mine.Annotations = map[string]string{"kubernetes.io/ingress.class": k.Blue + "-a"}
	mine.Spec.IngressClassName = nil
	k.Make(mine)
	writers(true, false)
	k.Change(mine, func() { mine.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name = "other" })
	writers(false, true)
	k.Remove(theirs)
	writers(true, false)
}
