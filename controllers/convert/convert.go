// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Input is what is converted.
type Input struct {
	Options
	// Manifests are the objects as they are written. Made are the rules that were made of the Ingresses among them, with
	// Services and TLSCertificates, and Snapshot is what is served of these.
	Manifests []client.Object
	Made      translate.Input
	Snapshot  *snapshot.Snapshot
}

// Options say what the new objects have in common.
type Options struct {
	// Gateway is the name of the Gateways, one in each namespace that has an Ingress. Class is their GatewayClass.
	Gateway, Class string
	// HTTPPort and HTTPSPort are those of their listeners.
	HTTPPort, HTTPSPort int32
}

// Result is what Ingresses were converted to.
type Result struct {
	// Objects are sorted by namespace: a Gateway, its HTTPRoutes, their RoutePolicies.
	Objects []client.Object
	Remarks []Remark
	// Rules are those that were converted as they are.
	Rules []Rule
}

// Remark is something to know of the new objects.
type Remark struct {
	// Of is the Ingress, or a host, and the place in it.
	Of, Text string
	// Lost is set if something that an Ingress says is not said by the new objects.
	Lost bool
}

// Rule is a rule that was converted as it is.
type Rule struct {
	Host  string
	Match rules.Match
	// Of names the Ingress and the place in it.
	Of string
	// Secure is set if the host is served over HTTPS, and Redirected if plain requests for it are redirected to that.
	Secure, Redirected bool
}

// converter converts the Ingresses of all namespaces.
type converter struct {
	*Input
	result Result
	// policies has what each Ingress says of its paths, by the id of the object: of ours each path, and of a standard one
	// all paths alike.
	warren   map[string]*v1alpha1.Ingress
	standard map[string]*v1alpha1.IngressPath
	served   map[placed]*snapshot.Route
	refused  map[placed]*snapshot.Unserved
	// owners are the namespaces that hosts belong to, by name. It is empty for a host that several may have.
	owners map[string]string
	// closed are the names of the hosts that answer 500 as a whole.
	closed map[string]bool
	// names are those of objects that are taken, by kind and namespace.
	names map[string]bool
	// made are the RoutePolicies of a namespace by what they say.
	made map[string]string
	// pending are the RoutePolicies that no namespace has taken yet.
	pending []*v1alpha1.RoutePolicy
	// every are the hosts of all namespaces.
	every []host
}

// host is a name that a namespace has rules for.
type host struct{ namespace, name string }

// placed is a rule of a host. A default backend has one id for all of its hosts.
type placed struct {
	host string
	id   snapshot.RuleID
}

// piece is a rule of a host on its way to an HTTPRoute.
type piece struct {
	object *rules.Object
	// route is what is served of the rule today. It is nil for one that closes the host as a whole.
	route *snapshot.Route
	// of names the Ingress and the place in it. There are several if several rules became one.
	of   []string
	rule gatewayv1.HTTPRouteRule
}

// Convert converts the Ingresses that are served.
func Convert(in *Input) *Result {
	c := &converter{
		Input: in, warren: make(map[string]*v1alpha1.Ingress), standard: make(map[string]*v1alpha1.IngressPath),
		served: make(map[placed]*snapshot.Route), refused: make(map[placed]*snapshot.Unserved),
		owners: make(map[string]string), closed: make(map[string]bool), names: make(map[string]bool), made: make(map[string]string),
	}
	for _, object := range in.Manifests {
		switch o := object.(type) {
		case *v1alpha1.Ingress:
			c.warren[o.Namespace+"/"+o.Name] = o
		case *networkingv1.Ingress:
			c.standard[networkingv1.GroupName+"/"+o.Namespace+"/"+o.Name] = kinds.StandardPolicies(o)
		case *gatewayv1.Gateway:
			c.taken("Gateway", o.Namespace, o.Name)
		case *gatewayv1.HTTPRoute:
			c.taken("HTTPRoute", o.Namespace, o.Name)
		case *v1alpha1.RoutePolicy:
			c.taken(v1alpha1.RoutePolicyKind, o.Namespace, o.Name)
		}
	}
	for i := range in.Snapshot.Hosts {
		c.owners[in.Snapshot.Hosts[i].Name] = in.Snapshot.Hosts[i].Owner
		for j := range in.Snapshot.Hosts[i].Routes {
			route := &in.Snapshot.Hosts[i].Routes[j]
			c.served[placed{in.Snapshot.Hosts[i].Name, route.Rule}] = route
		}
	}
	for i := range in.Snapshot.Unserved {
		refused := &in.Snapshot.Unserved[i]
		c.refused[placed{refused.Host, refused.Rule}] = refused
	}
	objects := slices.DeleteFunc(slices.Clone(in.Made.Objects), func(o *rules.Object) bool { return c.warren[o.ID] == nil && c.standard[o.ID] == nil })
	slices.SortFunc(objects, func(a, b *rules.Object) int { return cmp.Or(rules.Older(a, b), cmp.Compare(a.ID, b.ID)) })
	c.convert(objects)
	return &c.result
}

func (c *converter) convert(objects []*rules.Object) {
	pieces := make(map[host][]piece)
	var hosts []host
	for _, o := range objects {
		for h := range o.Hosts {
			at := host{o.Namespace, o.Hosts[h].Name}
			list := c.pieces(o, h)
			if len(list) == 0 && c.owners[at.name] != at.namespace {
				continue
			}
			// A host without rules needs a listener too: its requests are for no other namespace's wildcard.
			if _, known := pieces[at]; !known {
				hosts = append(hosts, at)
			}
			pieces[at] = append(pieces[at], list...)
		}
	}
	slices.SortFunc(hosts, func(a, b host) int { return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name)) })
	terms := c.terms(objects)
	c.closeShared(hosts, terms)
	c.closeAsking(hosts)
	for at, list := range pieces {
		if c.closed[at.name] && len(list) > 0 {
			pieces[at] = []piece{{object: list[0].object}} // Without a backend it answers 500.
		}
	}
	c.result.Rules = slices.DeleteFunc(c.result.Rules, func(r Rule) bool { return c.closed[r.Host] })
	c.every = hosts
	for len(hosts) > 0 {
		end := slices.IndexFunc(hosts, func(h host) bool { return h.namespace != hosts[0].namespace })
		if end < 0 {
			end = len(hosts)
		}
		c.namespace(hosts[:end], pieces, terms)
		hosts = hosts[end:]
	}
}

// pieces converts the rules that an object has for a host.
func (c *converter) pieces(o *rules.Object, h int) (list []piece) {
	name := o.Hosts[h].Name
	if whole := c.served[placed{name, o.RuleID(h, -1)}]; whole != nil {
		c.lose(o.Kind+" "+o.Namespace+"/"+o.Name+" "+o.Hosts[h].Where, "the host answers 500 as a whole, in place of 503: "+whole.ClosedWhy)
		c.closed[name] = true
		list = append(list, piece{object: o})
	}
	for n := range o.Hosts[h].Rules {
		if p, ok := c.rule(o, h, n); ok {
			list = append(list, p)
		}
	}
	return list
}

// closeShared closes the hosts of which several namespaces say something. All of such a host would be one Gateway's,
// and what the other namespaces say of who gets in would be lost.
func (c *converter) closeShared(hosts []host, terms *terms) {
	if !c.Made.Options.AllowSharedHosts {
		return
	}
	for _, h := range hosts {
		same := func(o host) bool { return o.namespace != h.namespace && o.name == h.name }
		over := func(o host) bool {
			return o.namespace != h.namespace && o.name != h.name && rules.Covers(o.name, h.name)
		}
		certified := func(t certificate) bool { return t.secret.Namespace != h.namespace && t.isFor(h.name) }
		switch {
		case c.closed[h.name]:
		case slices.ContainsFunc(hosts, same), slices.ContainsFunc(terms.certificates, certified):
			c.closed[h.name] = true
			c.lose("host "+shown(h.name), "several namespaces say something of it, and the Gateway of one would have all of it: it answers 500 as a whole")
		case slices.ContainsFunc(hosts, over):
			c.lose("host "+shown(h.name), "what no rule of it takes goes to another namespace's rules today, and will be answered with 404")
		}
	}
}

// namespace makes the Gateway of a namespace and the routes of its hosts.
func (c *converter) namespace(own []host, pieces map[host][]piece, terms *terms) {
	namespace := own[0].namespace
	roots := c.roots(own)
	gateway := &gatewayv1.Gateway{}
	gateway.Namespace, gateway.Name, gateway.Spec.GatewayClassName = namespace, c.Gateway, gatewayv1.ObjectName(c.Class)
	for i := range roots {
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, c.listeners(namespace, &roots[i], len(roots) == 1, terms)...)
	}
	if n := len(gateway.Spec.Listeners); n > maxListeners {
		c.lose("Gateway "+namespace+"/"+c.Gateway, fmt.Sprintf("it has %d listeners, and the API takes at most %d: divide its Ingresses", n, maxListeners))
	}
	if c.taken("Gateway", namespace, c.Gateway) {
		c.lose("Gateway "+namespace+"/"+c.Gateway, "there is one of this name among the files, which this one would replace: write --gateway with another name")
	}
	first := len(c.result.Objects)
	c.add(gateway, "Gateway")
	redirects := make(map[string][]gatewayv1.Hostname)
	for _, h := range own {
		root := rootOf(roots, h.name)
		redirected := terms.redirected(namespace, h.name) && root.https != ""
		if redirected {
			redirects[root.http] = append(redirects[root.http], gatewayv1.Hostname(h.name))
		}
		for i := range c.result.Rules {
			if r := &c.result.Rules[i]; r.Host == h.name {
				r.Secure, r.Redirected = root.https != "", redirected
			}
		}
		c.routes(h, pieces[h], root.parents(c.Gateway, redirected))
	}
	for i := range roots {
		c.redirect(namespace, &roots[i], redirects[roots[i].http])
	}
	for _, p := range c.pending {
		if p.Namespace == namespace {
			c.add(p, v1alpha1.RoutePolicyKind)
		}
	}
	slices.SortStableFunc(c.result.Objects[first:], func(a, b client.Object) int { return cmp.Compare(rank(a), rank(b)) })
}

// rank orders the objects of a namespace.
func rank(object client.Object) int {
	switch object.(type) {
	case *gatewayv1.Gateway:
		return 0
	case *gatewayv1.HTTPRoute:
		return 1
	}
	return 2
}

// The bounds of the API.
const (
	maxListeners = 64
	maxRules     = 16
	maxMatches   = 128 // of a route
	maxAlternate = 64  // of a rule
	maxHostnames = 16
)

// routes makes the HTTPRoutes of a host. Those of one Ingress follow one another.
func (c *converter) routes(h host, pieces []piece, parents []gatewayv1.ParentReference) {
	for ties := c.ties(h, pieces); len(ties) > 0; {
		list := ties[0]
		for ties = ties[1:]; len(ties) > 0 && ties[0][0].object == list[0].object && fit(list, ties[0]); ties = ties[1:] {
			list = append(list, ties[0]...)
		}
		route := newRoute(h.namespace, c.name("HTTPRoute", h.namespace, list[0].object.Name), parents)
		if h.name != "" {
			route.Spec.Hostnames = []gatewayv1.Hostname{gatewayv1.Hostname(h.name)}
		}
		for _, p := range list {
			route.Spec.Rules = append(route.Spec.Rules, p.rule)
		}
		c.add(route, "HTTPRoute")
	}
}

// redirect makes the HTTPRoutes that redirect plain requests for hosts.
func (c *converter) redirect(namespace string, r *root, hosts []gatewayv1.Hostname) {
	for chunk := range slices.Chunk(hosts, maxHostnames) {
		route := newRoute(namespace, c.name("HTTPRoute", namespace, c.Gateway+"-redirect-http"), []gatewayv1.ParentReference{section(c.Gateway, r.http)})
		to := &gatewayv1.HTTPRequestRedirectFilter{Scheme: new("https"), StatusCode: new(308)}
		if c.HTTPSPort != 443 {
			to.Port = new(c.HTTPSPort)
		}
		route.Spec.Hostnames = chunk
		route.Spec.Rules = []gatewayv1.HTTPRouteRule{{Filters: []gatewayv1.HTTPRouteFilter{
			{Type: gatewayv1.HTTPRouteFilterRequestRedirect, RequestRedirect: to}}}}
		c.add(route, "HTTPRoute")
	}
}

func newRoute(namespace, name string, parents []gatewayv1.ParentReference) *gatewayv1.HTTPRoute {
	route := &gatewayv1.HTTPRoute{}
	route.Namespace, route.Name, route.Spec.ParentRefs = namespace, name, parents
	return route
}

// policy returns the name of the RoutePolicy in a namespace that says what a path does. Equal ones are one.
func (c *converter) policy(of *rules.Object, policies *v1alpha1.PathPolicies) string {
	text, err := json.Marshal(policies)
	key := of.Namespace + " " + string(text)
	if name := c.made[key]; err == nil && name != "" {
		return name
	}
	object := &v1alpha1.RoutePolicy{Spec: v1alpha1.RoutePolicySpec{PathPolicies: *policies}}
	object.Namespace, object.Name = of.Namespace, c.name(v1alpha1.RoutePolicyKind, of.Namespace, of.Name)
	c.made[key] = object.Name
	c.pending = append(c.pending, object)
	return object.Name
}

// name returns a name that no object of a kind has yet in a namespace: the wanted one, perhaps with a number.
func (c *converter) name(kind, namespace, wanted string) string {
	for n := 1; ; n++ {
		name := wanted
		if n > 1 {
			suffix := fmt.Sprintf("-%d", n)
			name = wanted[:min(len(wanted), 253-len(suffix))] + suffix
		}
		if !c.taken(kind, namespace, name) {
			return name
		}
	}
}

// taken returns whether a name is taken, and takes it.
func (c *converter) taken(kind, namespace, name string) (before bool) {
	key := strings.Join([]string{kind, namespace, name}, "/")
	before, c.names[key] = c.names[key], true
	return before
}

func (c *converter) add(object client.Object, kind string) {
	version := gatewayv1.GroupVersion.String()
	if kind == v1alpha1.RoutePolicyKind {
		version = v1alpha1.GroupVersion.String()
	}
	object.GetObjectKind().SetGroupVersionKind(schema.FromAPIVersionAndKind(version, kind))
	c.result.Objects = append(c.result.Objects, object)
}

// lose tells of something that the new objects do not say.
func (c *converter) lose(of, text string) {
	c.result.Remarks = append(c.result.Remarks, Remark{Of: of, Text: text, Lost: true})
}

func (c *converter) note(of, text string) {
	c.result.Remarks = append(c.result.Remarks, Remark{Of: of, Text: text})
}

// secretOf names a Secret.
func secretOf(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}
