// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// Input is what there is of the Gateway API. The lists are in any order. Nothing in them is modified.
type Input struct {
	// Options are what the controller was told.
	Options
	Classes  []*gatewayv1.GatewayClass
	Gateways []*gatewayv1.Gateway
	Grants   []*gatewayv1.ReferenceGrant
	Routes   []*Route
	// NamespaceLabels has the labels of each Namespace. It is nil if Namespaces cannot be read. Then no selector selects
	// any.
	NamespaceLabels map[string]map[string]string
}

// Options are what the controller's flags say about the Gateway API.
type Options struct {
	// Controller is the name by which GatewayClasses name the controller.
	Controller string
	// Addresses are the addresses of the machine that Gateways get for their own. Empty has all Gateways share all of the
	// machine's.
	Addresses []netip.Addr
}

// Attached is what became of the objects of the Gateway API. It is immutable, but for what Judge completes.
type Attached struct {
	// Objects are the routes that are attached to some listener.
	Objects []*rules.Object
	// Listeners are those that the data plane serves.
	Listeners []*rules.Listener
	// classes and gateways are all of ours, whether they are served or not. routes are all that there are.
	classes  []*gatewayv1.GatewayClass
	gateways []gateway
	routes   []attachedRoute

	controller string
}

// gateway is a Gateway of ours.
type gateway struct {
	*gatewayv1.Gateway
	addresses addresses
	listeners []*listener
}

// attachedRoute is a route with what became of it at each of its parents that is a Gateway of ours.
type attachedRoute struct {
	*Route
	unresolved finding
	parents    []parent
}

// parent is one parent of a route.
type parent struct {
	ref *gatewayv1.ParentReference
	// refused is why the route is not attached to it. Its reason is empty if it is.
	refused finding
}

// Attach attaches routes to the listeners of Gateways.
func Attach(in *Input) *Attached {
	a := &Attached{controller: in.Controller}
	classes := make(map[string]bool)
	for _, class := range in.Classes {
		if string(class.Spec.ControllerName) == in.Controller {
			classes[class.Name] = true
			a.classes = append(a.classes, class)
		}
	}
	var ours []*gatewayv1.Gateway
	for _, g := range in.Gateways {
		if classes[string(g.Spec.GatewayClassName)] {
			ours = append(ours, g)
		}
	}
	slices.SortFunc(ours, func(a, b *gatewayv1.Gateway) int { return older(&a.ObjectMeta, &b.ObjectMeta) })
	grants, sockets := newGrants(in.Grants), make(sockets)
	byName := make(map[string]*gateway, len(ours))
	a.gateways = make([]gateway, len(ours))
	for i, addresses := range assign(ours, in.Addresses) {
		g := &a.gateways[i]
		*g = gateway{Gateway: ours[i], addresses: addresses, listeners: readListeners(ours[i], grants)}
		byName[g.Namespace+"/"+g.Name] = g
		for _, l := range g.listeners {
			if addresses.unsupported == "" {
				sockets.open(l, &addresses)
			}
			a.Listeners = append(a.Listeners, l.served...)
		}
	}
	for _, route := range slices.SortedFunc(slices.Values(in.Routes), func(a, b *Route) int { return rules.Older(a.object, b.object) }) {
		a.attach(route, byName, sockets, grants, in.NamespaceLabels)
	}
	return a
}

// older orders Gateways by their right to what both want: the older one first.
func older(a, b *metav1.ObjectMeta) int {
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// attach attaches a route to those listeners of ours that its parents are and that take it.
func (a *Attached) attach(route *Route, gateways map[string]*gateway, sockets sockets, grants grants, namespaces map[string]map[string]string) {
	attached := attachedRoute{Route: route}
	var to []*listener
	for i := range route.parents {
		ref := &route.parents[i]
		g := gateways[string(or(ref.Namespace, gatewayv1.Namespace(route.object.Namespace)))+"/"+string(ref.Name)]
		if g == nil || !isGateway(ref) {
			continue
		}
		listeners, refused := g.listenersFor(ref, route, namespaces)
		attached.parents = append(attached.parents, parent{ref, refused})
		for _, l := range listeners {
			if !slices.Contains(to, l) {
				to = append(to, l)
			}
		}
	}
	if len(attached.parents) == 0 {
		a.routes = append(a.routes, attached) // What was said of a former parent has to go.
		return
	}
	list, unresolved := route.permitted(grants)
	attached.unresolved = unresolved
	a.routes = append(a.routes, attached)
	object := *route.object
	for _, l := range to {
		l.attached++
		for _, served := range l.served {
			for _, name := range hostnames(route.hostnames, l.name) {
				if sockets.owner(served.Address, name) == served { // Another listener has all hosts of the name otherwise.
					object.Hosts = append(object.Hosts, rules.Host{Name: name, Where: "spec.hostnames", Listener: served, Rules: list})
				}
			}
		}
	}
	if len(object.Hosts) > 0 {
		a.Objects = append(a.Objects, &object)
	}
}

// listenersFor returns the listeners that a route's reference attaches it to, or why there is none.
func (g *gateway) listenersFor(ref *gatewayv1.ParentReference, route *Route, namespaces map[string]map[string]string) ([]*listener, finding) {
	var named, allowed, list []*listener
	for _, l := range g.listeners {
		if or(ref.SectionName, l.spec.Name) == l.spec.Name && or(ref.Port, l.spec.Port) == l.spec.Port {
			named = append(named, l)
		}
	}
	for _, l := range named {
		if slices.Contains(l.kinds, route.object.Kind) && l.allows(route.object.Namespace, namespaces) {
			allowed = append(allowed, l)
		}
	}
	for _, l := range allowed {
		if len(hostnames(route.hostnames, l.name)) > 0 {
			list = append(list, l)
		}
	}
	switch {
	case len(named) == 0:
		return nil, finding{string(gatewayv1.RouteReasonNoMatchingParent), "the Gateway has no listener of this sectionName and port: write those of one"}
	case len(allowed) == 0:
		return nil, finding{string(gatewayv1.RouteReasonNotAllowedByListeners),
			"no listener takes routes of this kind and namespace: its allowedRoutes says which it takes"}
	case len(list) == 0:
		return nil, finding{string(gatewayv1.RouteReasonNoMatchingListenerHostname),
			"no listener has a hostname in common with the route: write one of its hosts, or leave hostnames out"}
	}
	return list, finding{}
}

// allows returns whether a listener takes routes of a namespace.
func (l *listener) allows(namespace string, labelsOf map[string]map[string]string) bool {
	from := gatewayv1.NamespacesFromSame
	if l.spec.AllowedRoutes != nil && l.spec.AllowedRoutes.Namespaces != nil {
		from = or(l.spec.AllowedRoutes.Namespaces.From, from)
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return namespace == l.gateway.Namespace
	case gatewayv1.NamespacesFromSelector:
		selector, err := metav1.LabelSelectorAsSelector(l.spec.AllowedRoutes.Namespaces.Selector)
		of, known := labelsOf[namespace]
		return err == nil && known && selector.Matches(labels.Set(of))
	}
	return false
}
