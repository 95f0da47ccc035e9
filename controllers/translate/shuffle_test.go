// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// generator makes inputs of so few names, hosts, paths and addresses that objects meet all the time.
type generator struct{ *rand.Rand }

func pick[T any](g generator, of ...T) T { return of[g.IntN(len(of))] }

// input returns an input without the Ingresses of this API, and those.
func (g generator) input() (translate.Input, []*v1alpha1.Ingress) {
	var ingresses []*v1alpha1.Ingress
	in := translate.Input{Now: today.Add(time.Hour), Options: translate.Options{IngressClass: "warren", AllowSharedHosts: g.IntN(4) == 0}}
	in.Options.RequireAllowedHosts = g.IntN(8) == 0
	if g.IntN(3) == 0 {
		in.AllowedHosts = map[string]*string{"blue": nil, "green": nil}
		in.AllowedHosts[pick(g, "blue", "green")] = new(pick(g, "*", "x.io,*.x.io", "y.io", "NOT.io, ?", ""))
	}
	for i := range g.IntN(12) {
		ing := newIngress(pick(g, "blue", "green"), fmt.Sprint("i", i), g.IntN(3))
		ing.Spec.IngressClassName = pick(g, "", "", "warren", "nginx")
		for range 1 + g.IntN(3) {
			rule := newRule(pick(g, "", "x.io", "*.x.io", "y.io", "NOT.io"))
			for range 1 + g.IntN(4) {
				rule.Paths = append(rule.Paths, g.path())
			}
			ing.Spec.Rules = append(ing.Spec.Rules, rule)
		}
		if g.IntN(2) == 0 {
			ing = withTLS(ing, pick(g, "s0", "s1", "s2", "s3"), pick(g, nil, nil, []string{"x.io"}, []string{"*.x.io", "a.x.io"})...)
			ing.Spec.TLS.RedirectHTTP = pick(g, nil, new(true), new(false))
		}
		ingresses = append(ingresses, ing)
	}
	for i := range g.IntN(8) {
		in.Tasks = append(in.Tasks, newTask(pick(g, "blue", "green"), fmt.Sprint("t", i), pick(g, "api", "web"), g.address(),
			pick(g, draining, unhealthy, weight(0), weight(3), listens(80, 8080), listens(443, 8443), func(*v1alpha1.Task) {})))
	}
	for _, namespace := range []string{"blue", "green"} {
		for i := range g.IntN(4) {
			from := g.IntN(4) - 2
			in.Secrets = append(in.Secrets, lasting(newSecret(namespace, fmt.Sprint("s", i), pick(g, "x.io", "*.x.io"), "y.io"),
				from, from+pick(g, 1, 9)))
		}
		for _, name := range []string{"api", "web"} {
			service := newService(namespace, name, corev1.ServicePort{Name: "p", Port: pick[int32](g, 80, 443)})
			service.Spec.Type = pick(g, corev1.ServiceTypeClusterIP, corev1.ServiceTypeClusterIP, corev1.ServiceTypeExternalName)
			if g.IntN(2) == 0 {
				in.Services = append(in.Services, service)
			}
			for i := range g.IntN(3) {
				in.EndpointSlices = append(in.EndpointSlices, newSlice(namespace, fmt.Sprint(name, i), name, slicePort("p", 8080),
					pick(g, ready, terminating, notReady)(g.address()), pick(g, ready, terminating, notReady)(g.address())))
			}
		}
	}
	return in, ingresses
}

func (g generator) standard() []*rules.Object {
	var list []*rules.Object
	for i := range g.IntN(6) {
		object := newStandard(pick(g, "blue", "green"), fmt.Sprint("i", i), g.IntN(3), pick(g, nil, []string{"x.io"}, []string{"", "*.x.io"})...)
		if g.IntN(2) == 0 {
			object = withDefault(object, pick(g, "api", "web"))
		}
		for j := range object.Spec.Rules {
			object.Spec.Rules[j].HTTP.Paths[0].Backend.Service.Port = pick(g,
				networkingv1.ServiceBackendPort{Number: 80}, networkingv1.ServiceBackendPort{Name: "p"})
			object.Spec.TLS = append(object.Spec.TLS, networkingv1.IngressTLS{SecretName: pick(g, "s0", "s1")})
		}
		object.Annotations = pick(g, nil, map[string]string{"ingress.warren.dev/retries": pick(g, "{attempts: 0}", "none")})
		list = append(list, kinds.ReadStandard(object))
	}
	return list
}

func (g generator) path() v1alpha1.IngressPath {
	p := pick(g, prefix, exact)(pick(g, "/", "/a", "/a/", "/a/b", "//"), pick(g, "api", "web", "none"))
	p.Backend.Port = pick[v1alpha1.Port](g, 80, 80, 443)
	p.Backend.Protocol = pick(g, v1alpha1.ProtocolHTTP, v1alpha1.ProtocolHTTP, v1alpha1.ProtocolH2C)
	if g.IntN(4) == 0 {
		p.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{pick[v1alpha1.AddressRange](g, "10.0.0.0/8", "ten")}}
	}
	if g.IntN(4) == 0 {
		p.Headers = &v1alpha1.Headers{Set: v1alpha1.HeaderFields{"a": "1", "b": "2", "c": "3", pick(g, "d", "no token", "B"): "4"}}
	}
	return p
}

func (g generator) address() string {
	return pick(g, "10.0.0.1", "10.0.0.2", "10.0.0.3", "::ffff:10.0.0.1", "nowhere")
}

func shuffled[T any](g generator, list []T) []T {
	list = append([]T(nil), list...)
	g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func TestTheOrderOfTheObjectsMakesNoDifference(t *testing.T) {
	const inputs, orders = 300, 3
	for seed := range uint64(inputs) {
		g := generator{rand.New(rand.NewPCG(seed, 0))}
		in, ingresses := g.input()
		in.Objects = append(asRules(ingresses), g.standard()...)
		snapshot, reports := translate.Build(in)
		checkSnapshot(t, seed, snapshot)
		for range orders {
			other := translate.Input{
				Objects: shuffled(g, in.Objects), Tasks: shuffled(g, in.Tasks), Services: shuffled(g, in.Services),
				EndpointSlices: shuffled(g, in.EndpointSlices), Secrets: shuffled(g, in.Secrets), Now: in.Now, Options: in.Options,
				AllowedHosts: in.AllowedHosts,
			}
			snapshot2, reports2 := translate.Build(other)
			if !snapshot.Equal(snapshot2) {
				t.Fatalf("seed %d: the snapshots differ:\n%v\n%v", seed, served(snapshot), served(snapshot2))
			}
			if diff := cmp.Diff(reports, reports2); diff != "" {
				t.Fatalf("seed %d: the reports differ:\n%s", seed, diff)
			}
		}
	}
	t.Logf("seeds 0 to %d, each in %d orders", inputs-1, orders)
}

// checkSnapshot checks what the proxy relies on: names, places and ids occur once and are sorted, and every route's
// pool exists.
func checkSnapshot(t *testing.T, seed uint64, snapshot *snapshot.Snapshot) {
	t.Helper()
	certificates := map[string]bool{}
	for _, c := range snapshot.Certificates {
		if certificates[c.ID] || len(c.Hosts) == 0 || !slices.IsSorted(c.Hosts) || len(slices.Compact(slices.Clone(c.Hosts))) != len(c.Hosts) {
			t.Fatalf("seed %d: certificate %q is there twice or for the hosts %q", seed, c.ID, c.Hosts)
		}
		certificates[c.ID] = true
	}
	pools := map[string]int{}
	for i, pool := range snapshot.Pools {
		if i > 0 && snapshot.Pools[i-1].ID >= pool.ID {
			t.Fatalf("seed %d: pool %q comes before %q", seed, snapshot.Pools[i-1].ID, pool.ID)
		}
		for j, e := range pool.Endpoints {
			if j > 0 && pool.Endpoints[j-1].ID >= e.ID {
				t.Fatalf("seed %d: endpoint %q comes before %q in %q", seed, pool.Endpoints[j-1].ID, e.ID, pool.ID)
			}
		}
		pools[pool.ID] = 0
	}
	for i, host := range snapshot.Hosts {
		if i > 0 && snapshot.Hosts[i-1].Name >= host.Name {
			t.Fatalf("seed %d: host %q comes before %q", seed, snapshot.Hosts[i-1].Name, host.Name)
		}
		for j, r := range host.Routes {
			if j > 0 {
				if p := host.Routes[j-1]; p.Path > r.Path || p.Path == r.Path && p.Match >= r.Match {
					t.Fatalf("seed %d: %v %s comes before %v %s", seed, p.Match, p.Path, r.Match, r.Path)
				}
			}
			if _, ok := pools[r.Pool]; !ok {
				t.Fatalf("seed %d: there is no pool %q", seed, r.Pool)
			}
			pools[r.Pool]++
			if by := strings.TrimPrefix(r.Rule.Ingress, "networking.k8s.io/"); host.Owner != "" && !strings.HasPrefix(by, host.Owner+"/") {
				t.Fatalf("seed %d: host %q, which is %s's, has a route of %s", seed, host.Name, host.Owner, by)
			}
		}
	}
	for id, routes := range pools {
		if routes == 0 {
			t.Fatalf("seed %d: no route sends to pool %q", seed, id)
		}
	}
}

func TestBuildModifiesNothingOfItsInput(t *testing.T) {
	for seed := range uint64(50) {
		in, ingresses := generator{rand.New(rand.NewPCG(seed, 0))}.input()
		in.Objects = asRules(ingresses)
		before := translate.Input{Now: in.Now, Options: in.Options, AllowedHosts: maps.Clone(in.AllowedHosts)}
		before.Objects = asRules(ingresses)
		for _, o := range in.Tasks {
			before.Tasks = append(before.Tasks, o.DeepCopy())
		}
		for _, o := range in.Services {
			before.Services = append(before.Services, o.DeepCopy())
		}
		for _, o := range in.EndpointSlices {
			before.EndpointSlices = append(before.EndpointSlices, o.DeepCopy())
		}
		for _, o := range in.Secrets {
			secret := *o
			secret.Names = slices.Clone(o.Names)
			before.Secrets = append(before.Secrets, &secret)
		}
		translate.Build(in)
		if diff := cmp.Diff(before, in, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
			t.Fatalf("seed %d (-before +after):\n%s", seed, diff)
		}
	}
}
