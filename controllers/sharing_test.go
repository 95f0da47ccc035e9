// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/cluster"
)

// ofClass has a replica be of a controller of its own: of the class that is the test's and the suffix.
func (k *testCluster) ofClass(suffix, address string) func(*ctrl.Options, *Options, *recordingProxy) {
	return func(mgr *ctrl.Options, o *Options, _ *recordingProxy) {
		o.IngressClass, o.PublishAddress = k.blue+suffix, address
		mgr.LeaderElectionID = "leader-" + k.blue + suffix
		o.hostScope = o.IngressClass
		mgr.Cache = cluster.CacheOptions(o.IngressClass, []string{k.blue, k.green})
	}
}

// calm waits until replicas write nothing for a while.
func (k *testCluster) calm(replicas ...*replica) {
	k.t.Helper()
	written, since := -1, time.Now()
	eventually(k.t, func() error {
		now := 0
		for _, r := range replicas {
			now += r.writes.total()
		}
		if now != written {
			written, since = now, time.Now()
		}
		if calm := time.Since(since); calm < time.Second {
			return fmt.Errorf("the last of %d writes was %s ago", written, calm)
		}
		return nil
	})
}

// knowsController waits until a replica knows of another controller.
func (k *testCluster) knowsController(r *replica, class string) {
	k.t.Helper()
	eventually(k.t, func() error {
		if r.Peers.alive(ownNamespace+"/"+class) == nil {
			return fmt.Errorf("it knows %v, want %s", r.Peers.company.Load().all, class)
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
				class := ingressClass(k.blue + suffix)
				k.create(class)
			}
			shop, plain := ingress(k.blue, "shop", "x.io", "api"), standard(k.blue, "plain", "y.io", "api")
			plain.Spec.IngressClassName = new(k.blue + "-a")
			k.create(shop, plain, task(k.blue, "one", "api", "10.0.0.1"))
			a, _ := k.known("a", k.ofClass("-a", address.first))
			k.says(shop, served...)
			b, _ := k.known("b", k.ofClass("-b", address.second))
			k.knowsController(a, k.blue+"-b")
			k.knowsController(b, k.blue+"-a")
			at := map[string]string{"-a": address.first, "-b": address.second}
			for _, class := range []string{"-b", "-a", "", "-b"} {
				k.change(shop, func() { shop.Spec.IngressClassName = "" })
				if class != "" {
					k.change(shop, func() { shop.Spec.IngressClassName = k.blue + class })
					k.change(plain, func() { plain.Spec.IngressClassName = new(k.blue + class) })
				}
				k.calm(a, b)
				k.says(shop, served...)
				k.published(plain, at["-"+(*plain.Spec.IngressClassName)[len(k.blue)+1:]])
			}
		})
	}
}

func TestTheCertificateOfAnIngressWithoutAClassIsAskedForByOneController(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	// To the first controller the host is its own class's in another namespace, to the second it is free: they would make
	// and delete the TLSCertificate without end.
	holder := ingress(k.green, "holder", "x.io", "api")
	holder.Spec.IngressClassName = k.blue + "-a"
	k.create(holder)
	eventually(t, func() error { // Ages are whole seconds.
		k.read(holder)
		if !time.Now().After(holder.CreationTimestamp.Add(time.Second)) {
			return fmt.Errorf("it is not older yet")
		}
		return nil
	})
	ing, certificate := automatic(k.blue, "shop", "x.io")
	k.create(ing, task(k.blue, "one", "api", "10.0.0.1"))
	a, _ := k.known("a", k.ofClass("-a", "203.0.113.1"))
	k.knows(a, "a")
	b, _ := k.known("b", k.ofClass("-b", "203.0.113.2"))
	k.knowsController(a, k.blue+"-b")
	k.knowsController(b, k.blue+"-a")
	eventually(t, func() error { // Before the first write there is a calm too.
		k.read(ing)
		if message(ing, v1alpha1.ConditionAccepted) == "" {
			return errors.New("the Ingress has no status")
		}
		return nil
	})
	k.calm(a, b)
	var there v1alpha1.TLSCertificateList
	if err := k.List(t.Context(), &there, client.InNamespace(k.blue)); err != nil {
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
	k.knowsController(a, k.blue+"-b")
	k.knowsController(b, k.blue+"-a")
	one := task(k.blue, "one", "api", "10.0.0.1")
	k.create(one)
	k.calm(a, b)
	writers := func(want ...bool) {
		t.Helper()
		eventually(t, func() error {
			if got := []bool{a.writesTask(one), b.writesTask(one)}; got[0] != want[0] || got[1] != want[1] {
				return fmt.Errorf("they write the Task: %v, want %v", got, want)
			}
			return nil
		})
	}
	writers(true, false)
	theirs := ingress(k.blue, "theirs", "x.io", "api")
	theirs.Spec.IngressClassName = k.blue + "-b"
	k.create(theirs)
	writers(false, true)
	mine := standard(k.blue, "mine", "y.io", "api")
	mine.Annotations = map[string]string{"kubernetes.io/ingress.class": k.blue + "-a"}
	mine.Spec.IngressClassName = nil
	k.create(mine)
	writers(true, false)
	k.change(mine, func() { mine.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Name = "other" })
	writers(false, true)
	k.delete(theirs)
	writers(true, false)
}
