// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/test/fixture"
)

// standard is an Ingress of networking.k8s.io of our class that sends everything for a host to a service.
func standard(namespace, name, host, service string) *networkingv1.Ingress {
	object := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	object.Spec.IngressClassName = new(v1alpha1.DefaultIngressClassName)
	object.Spec.Rules = []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{
			Path: "/", PathType: new(networkingv1.PathTypePrefix), Backend: networkingv1.IngressBackend{
				Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}}},
		}}},
	}}}
	return object
}

// ingressClass is an IngressClass of ours. All tests share them, as they are in no namespace.
func ingressClass(name string) *networkingv1.IngressClass {
	return &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: networkingv1.IngressClassSpec{Controller: kinds.StandardController}}
}

// published waits until the status of an Ingress has exactly these addresses.
func (k *testCluster) published(object *networkingv1.Ingress, want ...string) {
	k.T.Helper()
	fixture.Eventually(k.T, func() error {
		k.Reload(object)
		var got []string
		for _, at := range object.Status.LoadBalancer.Ingress {
			got = append(got, at.IP+at.Hostname)
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("the status of %s has the addresses %q, want %q", object.Name, got, want)
		}
		return nil
	})
}

// events returns the events of an Ingress of networking.k8s.io, "type reason action", sorted.
func (k *testCluster) events(object *networkingv1.Ingress) []string {
	k.T.Helper()
	var list eventsv1.EventList
	if err := k.List(k.T.Context(), &list, client.InNamespace(object.Namespace)); err != nil {
		k.T.Fatal(err)
	}
	var got []string
	for _, e := range list.Items {
		if e.Regarding.UID == object.UID {
			got = append(got, strings.Join([]string{e.Type, e.Reason, e.Action}, " "))
		}
	}
	slices.Sort(got)
	return got
}

// tells waits until an Ingress has exactly these events.
func (k *testCluster) tells(object *networkingv1.Ingress, want ...string) {
	k.T.Helper()
	slices.Sort(want)
	fixture.Eventually(k.T, func() error {
		if diff := cmp.Diff(want, k.events(object)); diff != "" {
			return fmt.Errorf("events (-want +got):\n%s", diff)
		}
		return nil
	})
}

func publishing(address string) func(*ctrl.Options, *Options, *recordingProxy) {
	return func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.PublishAddress = address }
}

func TestAStandardIngressIsServedWhileItIsOfOurClass(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	shop := standard(k.Blue, "shop", "shop.io", "web")
	k.Make(shop, fixture.Ingress(k.Blue, "shop", "other.io", "web"), fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(publishing("203.0.113.7"))
	pool := k.Blue + "/web:80"
	r.proxy.serves(t, "other.io /web -> "+pool+" [10.0.0.1:80]", "shop.io / -> "+pool+" [10.0.0.1:80]")
	k.published(shop, "203.0.113.7")
	k.tells(shop, "Normal Programmed Programmed")

	k.Change(shop, func() { shop.Spec.IngressClassName = new("theirs") })
	r.proxy.serves(t, "other.io /web -> "+pool+" [10.0.0.1:80]")
	k.published(shop)

	k.Change(shop, func() { shop.Spec.IngressClassName = new(v1alpha1.DefaultIngressClassName) })
	k.published(shop, "203.0.113.7")
	k.Remove(shop)
	r.proxy.serves(t, "other.io /web -> "+pool+" [10.0.0.1:80]")
}

func TestTheStatusOfAnotherClassIsLeftAlone(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	theirs, ours := standard(k.Blue, "theirs", "x.io", "web"), standard(k.Blue, "ours", "y.io", "web")
	theirs.Spec.IngressClassName = new("theirs")
	k.Make(theirs)
	k.ChangeStatus(theirs, func() {
		theirs.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "203.0.113.7"}}
	})
	r := k.start(publishing("203.0.113.7"))
	k.Make(ours)
	k.published(ours, "203.0.113.7")
	r.idle(t)
	k.published(theirs, "203.0.113.7")
	if events := k.events(theirs); len(events) > 0 {
		t.Errorf("of an Ingress of another class was told: %q", events)
	}
}

func TestEventsTellWhatBecomesOfAStandardIngress(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Spec.Rules[0].HTTP.Paths = append(shop.Spec.Rules[0].HTTP.Paths, networkingv1.HTTPIngressPath{
		Path: "/files", PathType: new(networkingv1.PathTypePrefix), Backend: networkingv1.IngressBackend{
			Resource: &corev1.TypedLocalObjectReference{APIGroup: new("example.com"), Kind: "Bucket", Name: "files"}}})
	k.Make(shop, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	first := k.start(publishing("203.0.113.7"))
	refused := []string{"Normal Programmed Programmed", "Warning InvalidRule Accepted"}
	k.tells(shop, refused...)
	first.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80 [10.0.0.1:80]", "shop.io /files -> "+k.Blue+"/:0/InvalidRule []")

	// An annotation counts although it does not change the generation.
	k.Change(shop, func() {
		shop.Annotations = map[string]string{"ingress.warren.dev/access-control": "{allowedIPs: [here]}"}
	})
	first.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80/InvalidRule []", "shop.io /files -> "+k.Blue+"/:0/InvalidRule []")
	k.tells(shop, append(slices.Clone(refused), "Warning NothingToProgram Programmed")...)
	k.Change(shop, func() {
		delete(shop.Annotations, "ingress.warren.dev/access-control")
		shop.Spec.Rules[0].HTTP.Paths = shop.Spec.Rules[0].HTTP.Paths[:1]
	})
	mended := append(slices.Clone(refused), "Warning NothingToProgram Programmed", "Normal Accepted Accepted", "Normal Programmed Programmed")
	k.tells(shop, mended...)
	first.stop()

	second := k.start(publishing("203.0.113.7"))
	after := standard(k.Blue, "after", "after.io", "web")
	k.Make(after)
	k.tells(after, "Normal Programmed Programmed")
	second.idle(t)
	if diff := cmp.Diff(len(mended), len(k.events(shop))); diff != "" {
		t.Errorf("another process tells again of an Ingress that is in order: events (-before +after):\n%s", diff)
	}
}

// Two events about one object that is not written between them are both kept, though only their notes differ.
func TestEachNoteAboutAStandardIngressIsAnEvent(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	shop := standard(k.Blue, "shop", "shop.io", "web")
	path := shop.Spec.Rules[0].HTTP.Paths[0]
	path.Path, path.Backend.Service = "/api", &networkingv1.IngressServiceBackend{Name: "api", Port: path.Backend.Service.Port}
	shop.Spec.Rules[0].HTTP.Paths = append(shop.Spec.Rules[0].HTTP.Paths, path)
	web, api := fixture.Task(k.Blue, "one", "web", "10.0.0.1"), fixture.Task(k.Blue, "two", "api", "10.0.0.2")
	k.Make(shop, web)
	k.start(publishing("203.0.113.7"))
	k.published(shop, "203.0.113.7")
	notes := func(want ...string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			var list eventsv1.EventList
			if err := k.List(t.Context(), &list, client.InNamespace(k.Blue)); err != nil {
				return err
			}
			var got []string
			for _, e := range list.Items {
				if e.Regarding.UID == shop.UID && e.Reason == v1alpha1.ReasonServiceNotFound {
					got = append(got, e.Note)
				}
			}
			slices.Sort(got)
			named := func(note, service string) bool { return strings.HasPrefix(note, service+":") }
			if !slices.EqualFunc(got, want, named) {
				return fmt.Errorf("the notes are %q, want one for each of %q", got, want)
			}
			return nil
		})
	}
	notes("api")
	k.Make(api)
	fixture.Eventually(t, func() error {
		if got := k.events(shop); !slices.Contains(got, "Normal ResolvedRefs ResolvedRefs") {
			return fmt.Errorf("the events are %q", got)
		}
		return nil
	})
	k.Remove(web)
	notes("api", "web")
}

// One event, sent once, lists the annotations of other controllers that have no effect, however their values change.
func TestOneEventNamesTheAnnotationsThatNothingIsDoneAbout(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	shop := standard(k.Blue, "shop", "shop.io", "web")
	shop.Annotations = map[string]string{
		"nginx.ingress.kubernetes.io/proxy-body-size": "8m", "haproxy.org/timeout-server": "5s", "konghq.com/strip-path": "true",
		"cert-manager.io/cluster-issuer": "letsencrypt",
	}
	k.Make(shop, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(publishing("203.0.113.7"))
	told := []string{"Normal AnnotationsIgnored Accepted", "Normal Programmed Programmed"}
	k.tells(shop, told...)
	r.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80 [10.0.0.1:80]")

	k.Change(shop, func() { shop.Annotations["nginx.ingress.kubernetes.io/proxy-body-size"] = "16m" })
	r.idle(t)
	k.tells(shop, told...)
	k.Change(shop, func() { shop.Annotations["nginx.ingress.kubernetes.io/auth-url"] = "https://auth.example.com" })
	r.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80/InvalidRule []")
	told = append(told, "Warning InvalidRule Accepted", "Warning NothingToProgram Programmed")
	k.tells(shop, told...)
	k.Change(shop, func() {
		shop.Annotations["ingress.warren.dev/ignore-annotations"] = "nginx.ingress.kubernetes.io/auth-url"
	})
	r.proxy.serves(t, "shop.io / -> "+k.Blue+"/web:80 [10.0.0.1:80]")
	k.tells(shop, append(told, "Normal Accepted Accepted", "Normal Programmed Programmed")...)
}

func TestAnIngressClassDecidesWhichStandardIngressesAreServed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	class := "warren-" + k.Blue
	classless, named := standard(k.Blue, "classless", "none.io", "web"), standard(k.Blue, "named", "named.io", "web")
	classless.Spec.IngressClassName, named.Spec.IngressClassName = nil, &class
	k.Make(classless, named, fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.IngressClass = class })
	r.isReady(t)
	r.proxy.serves(t)

	object := ingressClass(class)
	k.Make(object)
	t.Cleanup(func() { _ = k.Delete(context.Background(), object) }) // where the test failed before it did
	to := " / -> " + k.Blue + "/web:80 [10.0.0.1:80]"
	r.proxy.serves(t, "named.io"+to)
	k.Change(object, func() { object.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"} })
	r.proxy.serves(t, "named.io"+to, "none.io"+to)
	k.Remove(object)
	r.proxy.serves(t)
}

func TestWhatCannotBeReadKeepsNothingElseFromBeingServed(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.MakeOnce(ingressClass(v1alpha1.DefaultIngressClassName))
	k.user = "warren-ingress-" + k.Blue
	k.GrantRights(k.user, "-"+k.Blue, func(rule rbacv1.PolicyRule) bool { return !slices.Contains(rule.APIGroups, networkingv1.GroupName) })
	k.Make(fixture.Ingress(k.Blue, "ours", "ours.io", "web"), standard(k.Blue, "standard", "standard.io", "web"), fixture.Task(k.Blue, "one", "web", "10.0.0.1"))
	r := k.start()
	r.proxy.serves(t, "ours.io /web -> "+k.Blue+"/web:80 [10.0.0.1:80]")

	// Once it may be read, it is served. The client asks again after up to a minute.
	k.GrantRights(k.user, "-more-"+k.Blue, func(rule rbacv1.PolicyRule) bool { return slices.Contains(rule.APIGroups, networkingv1.GroupName) })
	for deadline := time.Now().Add(2 * fixture.Patience); len(r.proxy.snapshot().Hosts) < 2 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	r.proxy.serves(t, "ours.io /web -> "+k.Blue+"/web:80 [10.0.0.1:80]", "standard.io / -> "+k.Blue+"/web:80 [10.0.0.1:80]")
}
