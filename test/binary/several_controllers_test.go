// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// restWindow is how long controllers that have nothing to do must not write.
var restWindow = flag.Duration("rest", 10*time.Second, "how long controllers at rest are watched")

// stillness is how long nothing is written before a cluster counts as being at rest.
const stillness = 2 * time.Second

// shared is a Kubernetes API that several controllers serve. Nobody else uses it.
type shared struct {
	*scene
	config *rest.Config
}

func newShared(t *testing.T, namespaces ...string) *shared {
	t.Helper()
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	s := &shared{scene: newSceneIn(t, server.Config, kubeapi.Namespace(t, server.Config)), config: server.Config}
	for _, name := range namespaces {
		if err := s.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// install starts a controller of a class with its own namespace. It serves all namespaces.
//
// Of two controllers the older one writes. Kubernetes tells ages in whole seconds, so each is a second younger than the
// one before.
func (s *shared) install(namespace, class, address string, arguments ...string) *controller {
	s.t.Helper()
	eventually(s.t, patience, "a second in which no controller was installed", func() error {
		var elections coordinationv1.LeaseList
		if err := s.List(s.t.Context(), &elections); err != nil {
			return err
		}
		for i := range elections.Items {
			if l := &elections.Items[i]; l.CreationTimestamp.Unix() >= time.Now().Unix() {
				return fmt.Errorf("%s is from %s", l.Name, l.CreationTimestamp)
			}
		}
		return nil
	})
	return startController(s.t, append([]string{
		"--kubeconfig=" + s.kubeconfig, "--namespace=" + namespace, "--ingress-class=" + class,
		"--publish-address=" + address, "--drain-delay=0s", "--allow-local-tasks", "--peer-namespaces=*",
	}, arguments...)...).ready()
}

// These are renewed by themselves: Leases, and what API servers tell each other of themselves.
var (
	byItself = regexp.MustCompile(`resource="(leases|apiServerPeerIPInfo|masterleases)"`)
	writing  = regexp.MustCompile(`operation="(create|update|delete)"`)
)

var etcdWrite = regexp.MustCompile(`^etcd_request_duration_seconds_count\{(.*)\} (\S+)$`)

// etcdWrites returns what the API server says that it has written to etcd since it began, by operation and resource. It
// leaves out Leases.
func (s *shared) etcdWrites() map[string]int {
	s.t.Helper()
	clientset, err := kubernetes.NewForConfig(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := clientset.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	written := map[string]int{}
	for line := range strings.Lines(string(text)) {
		match := etcdWrite.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue
		}
		labels := match[1]
		if byItself.MatchString(labels) || !writing.MatchString(labels) {
			continue
		}
		count, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			s.t.Fatalf("the line %q: %v", line, err)
		}
		written[labels] = int(count)
	}
	if len(written) == 0 {
		s.t.Fatal("the API server's metrics have no writes to etcd")
	}
	return written
}

// writtenSince returns what was written since the metrics were before.
func (s *shared) writtenSince(before map[string]int) (total int, what []string) {
	s.t.Helper()
	now := s.etcdWrites()
	for _, labels := range slices.Sorted(maps.Keys(now)) {
		if n := now[labels] - before[labels]; n > 0 {
			total += n
			what = append(what, fmt.Sprintf("%d × {%s}", n, labels))
		}
	}
	return total, what
}

// rests waits until nothing is written any more. It fails if something is written within the window after that.
func (s *shared) rests() {
	s.t.Helper()
	last, since := s.etcdWrites(), time.Now()
	took := eventually(s.t, patience, "the controllers to come to rest", func() error {
		if n, what := s.writtenSince(last); n > 0 {
			last, since = s.etcdWrites(), time.Now()
			return fmt.Errorf("they wrote\n%s", strings.Join(what, "\n"))
		}
		if at := time.Since(since); at < stillness {
			return fmt.Errorf("they have rested for %s", at)
		}
		return nil
	})
	s.t.Logf("at rest after %s", took.Round(time.Millisecond))
	always(s.t, *restWindow, "nothing should be written at rest", func() error {
		if n, what := s.writtenSince(last); n > 0 {
			return fmt.Errorf("%d writes to etcd:\n%s", n, strings.Join(what, "\n"))
		}
		return nil
	})
}

// addresses waits until an Ingress of either kind has this address and no other.
func (s *shared) addresses(object client.Object, want string, limit time.Duration) time.Duration {
	s.t.Helper()
	return eventually(s.t, limit, "the address of "+object.GetName(), func() error {
		if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		var got []string
		switch o := object.(type) {
		case *v1alpha1.Ingress:
			for _, at := range o.Status.LoadBalancer.Ingress {
				got = append(got, at.IP)
			}
		case *networkingv1.Ingress:
			for _, at := range o.Status.LoadBalancer.Ingress {
				got = append(got, at.IP)
			}
		}
		if !slices.Equal(got, []string{want}) {
			return fmt.Errorf("it has %q, want %s", got, want)
		}
		return nil
	})
}

func (s *scene) healthy(name string, want v1alpha1.Health) {
	s.t.Helper()
	eventually(s.t, patience, "the health of "+name, func() error {
		var object v1alpha1.Task
		if err := s.Get(s.t.Context(), types.NamespacedName{Namespace: s.namespace, Name: name}, &object); err != nil {
			return err
		}
		if object.Status.Health != want {
			return fmt.Errorf("it is %q, want %q", object.Status.Health, want)
		}
		return nil
	})
}

func ofClass(i *v1alpha1.Ingress, class string) *v1alpha1.Ingress {
	i.Spec.IngressClassName = class
	return i
}

func checked(t *v1alpha1.Task) *v1alpha1.Task {
	t.Spec.HealthCheck = &v1alpha1.HealthCheck{Type: v1alpha1.HealthCheckTCP,
		Interval: &metav1.Duration{Duration: time.Second}}
	return t
}

// standardIngress is an Ingress of networking.k8s.io for a host, of the class if it is not empty.
func standardIngress(name, class, host, service string) *networkingv1.Ingress {
	object := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if class != "" {
		object.Spec.IngressClassName = &class
	}
	to := networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: service,
		Port: networkingv1.ServiceBackendPort{Number: servicePort}}}
	object.Spec.Rules = []networkingv1.IngressRule{{Host: host, IngressRuleValue: networkingv1.IngressRuleValue{
		HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{
			{Path: "/", PathType: new(networkingv1.PathTypePrefix), Backend: to},
		}},
	}}}
	return object
}

// classes makes IngressClasses. Each of them is marked as the default.
func (s *shared) classes(names ...string) {
	s.t.Helper()
	for _, name := range names {
		class := &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name,
			Annotations: map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}},
			Spec: networkingv1.IngressClassSpec{Controller: kinds.StandardController}}
		if err := s.Create(s.t.Context(), class); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestTwoControllersOfTwoClassesComeToRest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		// second is the namespace of the second controller, and class is its class. Those of the first are edge and public.
		second, class string
	}{
		{"in two namespaces", "inner", "internal"},
		{"in one namespace", "edge", "internal"},
		{"of one class in two namespaces", "inner", "public"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newShared(t, "edge", "inner")
			http01, https := ports.address(t), ports.address(t)
			authority := s.authorityFor(http01, https, nil)
			const public, internal = "203.0.113.1", "203.0.113.2"

			anyone, plain := ingress("anyone", s.host("anyone"), "web"), standardIngress("plain", "", s.host("plain"), "web")
			certified := automatic("certified", s.host("certified"))
			mine := ofClass(ingress("mine", s.host("mine"), "web"), "public")
			theirs := ofClass(ingress("theirs", s.host("theirs"), "theirs"), test.class)
			standardTheirs := standardIngress("standard-theirs", test.class, s.host("standard-theirs"), "web")
			web := checked(task("web", startBackend(t, "web-1")))
			ofTheirs := checked(task("theirs", startBackend(t, "theirs-1")))
			unused := checked(task("nothing", startBackend(t, "unused-1")))
			unchecked := task("web", startBackend(t, "unchecked-1"))
			ordered := certificate("ordered", s.host("ordered"))
			ordered.Spec.AutoRenew = nil
			// An Ingress that names no class is made before there is a default one. Otherwise the API server would write the
			// default's name into it.
			s.create(anyone, plain, certified, mine, theirs, web, ofTheirs, unused, unchecked,
				certificate("given", s.host("given")), ordered, ingress("ordered", s.host("ordered"), "web"))
			if test.class == "public" {
				s.classes("public")
			} else {
				s.classes("public", test.class)
			}
			s.create(standardTheirs)

			atPorts := []string{"--http-address=" + http01, "--https-address=" + https}
			s.install("edge", "public", public, append(authority.arguments(), atPorts...)...)
			s.addresses(anyone, public, patience)
			s.install(test.second, test.class, internal, authority.arguments()...)
			theirAddress := internal
			if test.class == "public" {
				theirAddress = public
			}
			s.addresses(theirs, theirAddress, patience)
			s.addresses(standardTheirs, theirAddress, patience)
			s.certifies(authority, https, s.host("certified"), 2*orderLimit)
			s.certificateSays("ordered", "Ready=True CertificateValid")
			s.healthy("web-1", v1alpha1.HealthHealthy)
			s.healthy("theirs-1", v1alpha1.HealthHealthy)
			s.rests()
			s.addresses(anyone, public, 0)
			s.addresses(plain, public, 0)
			s.addresses(mine, public, 0)
			s.healthy("theirs-1", v1alpha1.HealthHealthy)
		})
	}
}

func (s *shared) certificateSays(name string, want ...string) {
	s.t.Helper()
	object := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name}}
	s.says(object, func() []metav1.Condition { return object.Status.Conditions }, want...)
}

// takeoverLimit is how long another controller may take to write in the place of one that has ended without a word:
// three renewals that it may miss, six for which it is waited for, and some time for the machine.
const takeoverLimit = 90 * time.Second

func TestOfThreeControllersTheNextWritesWhenOneIsKilledAndLeavesItWhenThatIsBack(t *testing.T) {
	t.Parallel()
	s := newShared(t, "a", "b", "c")
	anyone := ingress("anyone", s.host("anyone"), "web")
	s.create(anyone, checked(task("web", startBackend(t, "web-1"))))
	first := s.install("a", "one", "203.0.113.1")
	s.addresses(anyone, "203.0.113.1", patience)
	s.install("b", "two", "203.0.113.2")
	s.install("c", "three", "203.0.113.3")
	s.rests()

	before := s.etcdWrites()
	first.kill()
	took := s.addresses(anyone, "203.0.113.2", takeoverLimit)
	t.Logf("another controller wrote %s after the first was killed", took.Round(time.Millisecond))
	s.rests()
	// There is one write for each object that they share, the Event of the Ingress, and what the new leader finds out
	// about health.
	if n, what := s.writtenSince(before); n > 6 {
		t.Errorf("%d writes to etcd since the first controller was killed:\n%s", n, strings.Join(what, "\n"))
	}

	before = s.etcdWrites()
	s.install("a", "one", "203.0.113.1")
	s.addresses(anyone, "203.0.113.1", patience)
	s.rests()
	if n, what := s.writtenSince(before); n > 12 {
		t.Errorf("%d writes to etcd since the first controller is back:\n%s", n, strings.Join(what, "\n"))
	}
}

// overwriteLimit is how many writes of ours may answer somebody who overwrites a status for ten seconds.
const overwriteLimit = 12

func TestAStatusThatSomebodyElseOverwritesIsWrittenLessAndLess(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := s.start("--ingress-class=" + s.namespace).ready()
	shop, one := ingress("shop", s.host("shop"), "web"), checked(task("web", startBackend(t, "web-1")))
	standard := standardIngress("standard", "", s.host("standard"), "web")
	standard.Annotations = map[string]string{"kubernetes.io/ingress.class": s.namespace}
	s.create(shop, one, standard)
	s.ingressSays(shop, served...)
	s.healthy("web-1", v1alpha1.HealthHealthy)

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	restored := map[string]int{}
	const (
		theirs = `{"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}`
		// The API server adds the generation to a status of ours that has none.
		unseen = `{"observedGeneration":-1,"loadBalancer":{"ingress":[{"ip":"192.0.2.9"}]}}`
	)
	overwrite := func(object client.Object, status string) {
		if err := s.Get(ctx, client.ObjectKeyFromObject(object), object); err != nil {
			return // The time is over.
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		var there struct{ Status, Wanted any }
		if err := errors.Join(json.Unmarshal(text, &there), json.Unmarshal([]byte(`{"wanted":`+status+`}`), &there)); err != nil {
			t.Fatal(err)
		}
		if reflect.DeepEqual(there.Status, there.Wanted) {
			return
		}
		restored[object.GetName()]++
		patch := client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/status","value":`+status+`}]`))
		if err := s.Status().Patch(ctx, object, patch, client.FieldOwner("reset")); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	}
	for ctx.Err() == nil {
		overwrite(shop, unseen)
		overwrite(one, `{"observedGeneration":-1,"health":"Unhealthy"}`)
		overwrite(standard, theirs)
	}
	for _, object := range []client.Object{shop, one, standard} {
		if n := restored[object.GetName()]; n < 3 || n > overwriteLimit {
			t.Errorf("the status of %s was written %d times, want 3 to %d", object.GetName(), n, overwriteLimit)
		}
	}
	got, err := c.scrape()
	if err != nil {
		t.Fatal(err)
	}
	if n := got["warren_ingress_status_contested_total"]; n != 3 {
		t.Errorf("warren_ingress_status_contested_total is %v, want 3", n)
	}
	// Each of its transitions is told once. That it is contested is told once, too.
	var events eventsv1.EventList
	if err := s.List(t.Context(), &events, client.InNamespace(s.namespace)); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for _, e := range events.Items {
		told[e.Regarding.Kind+" "+e.Reason]++
	}
	if told["Ingress StatusContested"] != 2 || told["Task StatusContested"] != 1 || told["Ingress Programmed"] > 3 {
		t.Errorf("the Events are %v, want StatusContested once for each object, and Programmed once for each Ingress", told)
	}
	if text := c.stderr.String(); !strings.Contains(text, `"writers":["reset"]`) {
		t.Errorf("the log does not name who overwrites statuses")
	}
	// A change by its author is answered at once.
	s.change(shop, func() { shop.Spec.Rules[0].Host = v1alpha1.Host(s.host("other")) })
	s.ingressSays(shop, served...)
}
