// SPDX-License-Identifier: Apache-2.0

package snapshots

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// picky is a data plane that refuses some snapshots.
type picky struct {
	refuses func(*snapshot.Snapshot) error
	served  []string
	number  uint64
	checks  int
}

func (p *picky) Check(s *snapshot.Snapshot) error {
	p.checks++
	return p.refuses(s)
}

func (p *picky) Apply(s *snapshot.Snapshot) (uint64, error) {
	if err := p.refuses(s); err != nil {
		return p.number, err
	}
	p.number++
	p.served = nil
	for _, host := range s.Hosts {
		for i := range host.Routes {
			line := host.Name + host.Routes[i].Path
			if host.Routes[i].Closed != "" {
				line += " closed"
			}
			p.served = append(p.served, line)
		}
	}
	return p.number, nil
}

// ingressOf is an Ingress of one host, "NAME.io", and one path. Those of earlier letters are older.
func ingressOf(name string) *rules.Object {
	object := kinds.ReadWarren(&v1alpha1.Ingress{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID("uid-" + name), Generation: 1},
		Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{Host: v1alpha1.Host(name + ".io"), Paths: []v1alpha1.IngressPath{
			{Path: "/", Backend: v1alpha1.IngressBackend{ServiceName: "api", Port: 80}}}}}},
	})
	return object
}

// open returns whether a snapshot has a host with a route that lets requests through.
func open(s *snapshot.Snapshot, host string) bool {
	return slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool {
		return h.Name == host && slices.ContainsFunc(h.Routes, func(r snapshot.Route) bool { return r.Closed == "" })
	})
}

// hasPath returns whether a snapshot has a host with a route for a path, and not only one that closes the host.
func hasPath(s *snapshot.Snapshot, host string) bool {
	return slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool {
		return h.Name == host && slices.ContainsFunc(h.Routes, func(r snapshot.Route) bool { return r.Match != snapshot.MatchText })
	})
}

func has(s *snapshot.Snapshot, host string) bool {
	return slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool { return h.Name == host })
}

func TestAnObjectAtFaultKeepsNobodyElseFromBeingServed(t *testing.T) {
	refuse := func(is func(*snapshot.Snapshot) bool) func(*snapshot.Snapshot) error {
		return func(s *snapshot.Snapshot) error {
			if is(s) {
				return errors.New("it does not compile")
			}
			return nil
		}
	}
	all := func(hosts ...string) (names []string) {
		for _, name := range hosts {
			names = append(names, name+".io/")
		}
		return names
	}
	broken := ingressOf("c")
	broken.Hosts[0].Rules[0].Fault = &rules.Fault{Text: "a fault of no kind", Closing: 99} // translate.Build panics.
	guarded := ingressOf("c")
	guarded.Hosts[0].Rules[0].Policies = []policy.Policy{new(policy.Access)}
	for name, test := range map[string]struct {
		objects []*rules.Object
		refuses func(*snapshot.Snapshot) error
		want    []string
		// accepted is what Accepted says of each Ingress that is not accepted.
		accepted map[string]string
		err      string
	}{
		"nothing is refused": {refuses: refuse(func(*snapshot.Snapshot) bool { return false }), want: all("a", "b", "c", "d", "e")},
		"one does not compile": {refuses: refuse(func(s *snapshot.Snapshot) bool { return open(s, "c.io") }),
			want: []string{"a.io/", "b.io/", "c.io/ closed", "d.io/", "e.io/"}, accepted: map[string]string{"c": "False InvalidRule"}},
		"the first and the last do not": {refuses: refuse(func(s *snapshot.Snapshot) bool { return open(s, "a.io") || open(s, "e.io") }),
			want: []string{"a.io/ closed", "b.io/", "c.io/", "d.io/", "e.io/ closed"}, accepted: map[string]string{"a": "False InvalidRule", "e": "False InvalidRule"}},
		"two that do not go together, of which the older one stays": {refuses: refuse(func(s *snapshot.Snapshot) bool { return open(s, "b.io") && open(s, "d.io") }),
			want: []string{"a.io/", "b.io/", "c.io/", "d.io/ closed", "e.io/"}, accepted: map[string]string{"d": "False InvalidRule"}},
		"one that does not compile closed either": {refuses: refuse(func(s *snapshot.Snapshot) bool { return has(s, "c.io") }),
			want: all("a", "b", "d", "e"), accepted: map[string]string{"c": "False InvalidRule"}},
		"one that does not compile closed either, and says who gets in": {objects: []*rules.Object{ingressOf("a"), guarded, ingressOf("d")},
			refuses: refuse(func(s *snapshot.Snapshot) bool { return hasPath(s, "c.io") }),
			want:    []string{"a.io/", "c.io/ closed", "d.io/"}, accepted: map[string]string{"c": "False InvalidRule"}},
		"one that makes the data plane panic": {refuses: func(s *snapshot.Snapshot) error {
			if open(s, "c.io") {
				panic("index out of range")
			}
			return nil
		}, want: []string{"a.io/", "b.io/", "c.io/ closed", "d.io/", "e.io/"}, accepted: map[string]string{"c": "False InvalidRule"}},
		"one that makes the translation panic": {objects: []*rules.Object{ingressOf("a"), ingressOf("b"), broken, ingressOf("d")},
			refuses: refuse(func(*snapshot.Snapshot) bool { return false }), want: []string{"a.io/", "b.io/", "c.io/ closed", "d.io/"}, accepted: map[string]string{"c": "False InvalidRule"}},
		"something that is no object's": {refuses: refuse(func(*snapshot.Snapshot) bool { return true }), err: "applying the snapshot: it does not compile"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := test.objects
			if objects == nil {
				objects = []*rules.Object{ingressOf("e"), ingressOf("c"), ingressOf("a"), ingressOf("d"), ingressOf("b")}
			}
			p := &picky{refuses: test.refuses}
			c := New(Config{Pending: NewHoldOff(), Applier: p})
			err := c.apply(t.Context(), translate.Input{Objects: objects})
			if got := fmt.Sprint(err); err != nil && got != test.err || err == nil && test.err != "" {
				t.Errorf("the error is %v, want %q", err, test.err)
			}
			if diff := cmp.Diff(test.want, p.served); diff != "" {
				t.Errorf("served (-want +got):\n%s", diff)
			}
			if test.err != "" {
				return
			}
			accepted := map[string]string{}
			for key, verdict := range c.latest.Load().verdicts.all() {
				condition := meta.FindStatusCondition(verdict.Conditions, v1alpha1.ConditionAccepted)
				if condition.Status != metav1.ConditionTrue {
					accepted[key.Name] = string(condition.Status) + " " + condition.Reason
					if !strings.Contains(condition.Message, "the controller's log says why") {
						t.Errorf("%s is told %q", key.Name, condition.Message)
					}
				}
			}
			if diff := cmp.Diff(test.accepted, accepted); diff != "" && len(test.accepted)+len(accepted) > 0 {
				t.Errorf("not accepted (-want +got):\n%s", diff)
			}
			// What is at fault is known from then on.
			checks := p.checks
			if err := c.apply(t.Context(), translate.Input{Objects: objects}); err != nil {
				t.Error(err)
			}
			if p.checks != checks {
				t.Errorf("the next build looked for the fault again, %d times", p.checks-checks)
			}
		})
	}
}

func TestManyObjectsAtFaultOfOneNamespaceKeepNobodyElseFromBeingServed(t *testing.T) {
	of := func(namespace, name string) *rules.Object {
		object := ingressOf(name)
		object.Namespace = namespace
		return object
	}
	guarded := func(object *rules.Object) *rules.Object {
		object.Hosts[0].Rules[0].Policies = []policy.Policy{new(policy.Access)}
		return object
	}
	var bad, badGuarded, apart []*rules.Object
	for i := range 40 {
		bad = append(bad, of("tenant", fmt.Sprintf("x%02d", i)))
		badGuarded = append(badGuarded, guarded(of("tenant", fmt.Sprintf("x%02d", i))))
	}
	for i := range maxFound / 3 {
		apart = append(apart, guarded(of(fmt.Sprint("tenant-", i), fmt.Sprintf("x%02d", i))))
	}
	isBad := func(host string) bool { return host[0] == 'x' }
	for name, test := range map[string]struct {
		bad []*rules.Object
		// refuses says which hosts that begin with x the data plane refuses.
		refuses func(*snapshot.Snapshot, string) bool
		// tenant is what is served of them.
		tenant string
		also   *rules.Object
	}{
		"closed":                                     {bad: bad, refuses: open, tenant: "/ closed"},
		"left out":                                   {bad: bad, refuses: has},
		"with their hosts closed":                    {bad: badGuarded, refuses: hasPath, tenant: "/ closed"},
		"left out, and say who gets in":              {bad: badGuarded, refuses: has},
		"each of a namespace of its own":             {bad: apart, refuses: has},
		"left out, beside one that says who gets in": {bad: bad, refuses: has, also: guarded(of("tenant", "z"))},
	} {
		t.Run(name, func(t *testing.T) {
			objects := append(slices.Clone(test.bad), of("other", "good"))
			want := []string{"good.io/"}
			if test.tenant != "" {
				for _, o := range test.bad {
					want = append(want, o.Hosts[0].Name+test.tenant)
				}
			}
			if test.also != nil {
				objects = append(objects, test.also)
				want = append(want, test.also.Hosts[0].Name+"/ closed")
			}
			p := &picky{refuses: func(s *snapshot.Snapshot) error {
				if slices.ContainsFunc(s.Hosts, func(h snapshot.Host) bool { return isBad(h.Name) && test.refuses(s, h.Name) }) {
					return errors.New("it does not compile")
				}
				return nil
			}}
			c := New(Config{Pending: NewHoldOff(), Applier: p})
			if err := c.apply(t.Context(), translate.Input{Objects: objects}); err != nil {
				t.Error(err)
			}
			slices.Sort(p.served)
			if diff := cmp.Diff(want, p.served); diff != "" {
				t.Errorf("served (-want +got):\n%s", diff)
			}
			told := 0
			for key, verdict := range c.latest.Load().verdicts.all() {
				if condition := meta.FindStatusCondition(verdict.Conditions, v1alpha1.ConditionAccepted); condition.Status == metav1.ConditionFalse {
					told++
					if key.Namespace == "other" {
						t.Errorf("%s is told %q", key, condition.Message)
					}
				}
			}
			if told != len(objects)-1 {
				t.Errorf("%d objects are told that they are not served, want %d", told, len(objects)-1)
			}
		})
	}
}

func TestATaskOrACertificateAtFaultIsLeftOutAndTold(t *testing.T) {
	task := &v1alpha1.Task{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "one", UID: "t", Generation: 4},
		Spec: v1alpha1.TaskSpec{ServiceName: "api", Address: "10.0.0.1"}}
	certificate := &v1alpha1.TLSCertificate{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "mine", UID: "c", Generation: 5},
		Spec: v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"a.io"}, SecretName: "mine"}}
	in := translate.Input{Objects: []*rules.Object{ingressOf("a")}, Tasks: []*v1alpha1.Task{task},
		TLSCertificates: []*v1alpha1.TLSCertificate{certificate}}
	refused := map[string]func(translate.Input) bool{
		v1alpha1.TaskKind:           func(in translate.Input) bool { return len(in.Tasks) > 0 },
		v1alpha1.TLSCertificateKind: func(in translate.Input) bool { return len(in.TLSCertificates) > 0 },
	}
	for kind, wrong := range refused {
		t.Run(kind, func(t *testing.T) {
			var s suspect
			for _, s = range suspectsIn(in) {
				if s.kind == kind {
					break
				}
			}
			remedied, told := withRemedies(in, map[suspect]remedy{s: isLeftOut})
			if wrong(remedied) {
				t.Error("it is still there")
			}
			if len(told) != 1 || told[0].Kind != kind || told[0].UID != s.uid || told[0].Conditions[0].Status != metav1.ConditionFalse ||
				told[0].Conditions[0].ObservedGeneration != s.generation {
				t.Errorf("it is told %+v", told)
			}
			if !wrong(in) {
				t.Error("the input was changed")
			}
		})
	}
}

func TestAPanicOfABuildIsAnError(t *testing.T) {
	err := recovered(func() error { panic("a fault") })
	if err == nil || !strings.Contains(err.Error(), "panic: a fault") || !strings.Contains(err.Error(), "faulty_objects_test.go") {
		t.Errorf("the error is %v, want one with the panic and its stack", err)
	}
}
