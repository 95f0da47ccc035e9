// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"cmp"
	"net/netip"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// Input is what there is of the Gateway API. The lists are in any order. Nothing in them is modified.
type Input struct {
	// Options are what the controller was told.
	Options
	Classes      []*gatewayv1.GatewayClass
	Gateways     []*gatewayv1.Gateway
	ListenerSets []*gatewayv1.ListenerSet
	Grants       []*gatewayv1.ReferenceGrant
	Routes       []*Route
	// BackendTLSPolicies are those of all Services. BackendTLSUnreadable is set if there may be others: the controller has
	// no right to read them.
	BackendTLSPolicies   []*gatewayv1.BackendTLSPolicy
	BackendTLSUnreadable bool
	// RoutePolicies are those of all routes.
	RoutePolicies []*v1alpha1.RoutePolicy
	// NamespaceLabels has the labels of each Namespace. It is nil if Namespaces cannot be read. Then no selector selects
	// any.
	NamespaceLabels map[string]map[string]string
	// OwnServices are the Services that may be those of Gateways, and Held is that of the Attached before.
	OwnServices []*Service
	Held        map[uint16]Share
}

// Options are what the controller's flags say about the Gateway API.
type Options struct {
	// Controller is the name by which GatewayClasses name the controller.
	Controller string
	// Addresses are the addresses of the machine that Gateways get for their own. Empty has all Gateways share all of the
	// machine's.
	Addresses []netip.Addr
	// Services is the type of the Service that each Gateway gets for itself. Empty has them get none. Then Addresses
	// counts.
	Services string
}

// Attached is what became of the objects of the Gateway API. It is immutable, but for what Judge completes.
type Attached struct {
	// Objects are the routes that are attached to some listener.
	Objects []*rules.Object
	// Listeners are those that the data plane serves.
	Listeners []*rules.Listener
	// Held has what each port of the data plane is for that a Service leads to, or is to lead to.
	Held map[uint16]Share
	// ClientCertificates are the Secrets with the certificates that backends are shown.
	ClientCertificates []types.NamespacedName
	// classes, gateways and sets are all of ours, whether they are served or not. routes and policies are all that there
	// are.
	classes  []*gatewayv1.GatewayClass
	gateways []gateway
	sets     []listenerSet
	routes   []attachedRoute
	policies *backendPolicies
	// routePolicies are all that there are.
	routePolicies routePolicies

	controller string
	// severalKinds is set if there are routes of more than one kind.
	severalKinds bool
}

// gateway is a Gateway of ours.
type gateway struct {
	*gatewayv1.Gateway
	holder
	addresses          addresses
	backendCertificate backendCertificate
}

// holder is what routes may name as a parent: a Gateway, or a ListenerSet.
type holder struct {
	Key
	// gateway is that Gateway, or the one that the ListenerSet is attached to.
	gateway   *gateway
	listeners []*listener
	// refused is why none of its listeners takes routes. Its reason is empty if they do.
	refused finding
}

// attachedRoute is a route with what became of it at each of its parents that is ours.
type attachedRoute struct {
	*Route
	// attached is the route's object with its hosts. Nil if it has none.
	attached *rules.Object
	// unresolved is what the route refers to in vain, and crowded which of its rules are left out or closed because others
	// are before them.
	unresolved, crowded finding
	parents             []parent
}

// parent is one parent of a route.
type parent struct {
	ref *gatewayv1.ParentReference
	// refused is why the route is not attached to it. Its reason is empty if it is.
	refused finding
	// attachments are the listeners of it that take the route.
	attachments []*attachment
}

// Attach attaches routes to the listeners of Gateways.
func Attach(in *Input) *Attached {
	a := &Attached{controller: in.Controller, severalKinds: haveSeveralKinds(in.Routes), routePolicies: newRoutePolicies(in.RoutePolicies)}
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
	grants, sockets, budget := newGrants(in.Grants), newSockets(), new(rules.ExpressionBudget)
	holders := make(map[Key]*holder, len(ours))
	a.gateways = make([]gateway, len(ours))
	for i, addresses := range in.assign(ours) {
		g := &a.gateways[i]
		key := Key{GatewayKind, types.NamespacedName{Namespace: ours[i].Namespace, Name: ours[i].Name}}
		*g = gateway{Gateway: ours[i], holder: holder{Key: key, gateway: g}, addresses: addresses, backendCertificate: readBackendCertificate(ours[i], grants)}
		g.listeners = readListeners(key, g, ours[i].Spec.Listeners, grants)
		holders[key] = &g.holder
		if secret := g.backendCertificate.secret; secret.Name != "" {
			a.ClientCertificates = append(a.ClientCertificates, secret)
		}
	}
	a.readListenerSets(in, holders, grants)
	a.assignServices(in)
	a.policies = readBackendPolicies(in.BackendTLSPolicies)
	a.policies.unreadable = in.BackendTLSUnreadable
	for _, h := range a.byRight() {
		a.open(h, sockets)
	}
	oldest := func(a, b *Route) int {
		return cmp.Or(rules.Older(a.object, b.object), cmp.Compare(a.object.ID, b.object.ID))
	}
	for _, route := range slices.SortedFunc(slices.Values(in.Routes), oldest) {
		attached := a.attach(route, holders, sockets, budget, grants, in.NamespaceLabels)
		if attached.attached != nil {
			a.Objects = append(a.Objects, attached.attached)
		}
		a.routes = append(a.routes, attached)
	}
	a.settleExpressions()
	return a
}

// open gives the listeners of one object their addresses.
func (a *Attached) open(h *holder, sockets *sockets) {
	for _, l := range h.listeners {
		if h.gateway.addresses.refused.reason == "" {
			sockets.open(l, &h.gateway.addresses)
		}
		a.Listeners = append(a.Listeners, l.served...)
	}
}

// attach attaches a route to those listeners of ours that its parents are and that take it. Older routes come first.
func (a *Attached) attach(route *Route, holders map[Key]*holder, sockets *sockets, budget *rules.ExpressionBudget, grants grants,
	namespaces map[string]map[string]string) (attached attachedRoute) {
	attached.Route = route
	var to []*attachment
	for i := range route.parents {
		ref := &route.parents[i]
		h := holders[parentKey(ref.Group, ref.Kind, ref.Namespace, ref.Name, route.object.Namespace)]
		if h == nil {
			continue
		}
		listeners, refused := h.listenersFor(ref, route, namespaces)
		if refused.reason == "" && a.severalKinds {
			listeners, refused = withoutConflict(listeners, route)
		}
		p := parent{ref: ref, refused: refused}
		for _, l := range listeners {
			at := slices.IndexFunc(to, func(t *attachment) bool { return t.listener == l })
			if at < 0 {
				at, to = len(to), append(to, &attachment{listener: l})
			}
			p.attachments = append(p.attachments, to[at])
		}
		attached.parents = append(attached.parents, p)
	}
	if len(attached.parents) == 0 {
		return attached // What was said of a former parent has to go.
	}
	sockets.findHosts(to, route)
	for i := range attached.parents {
		attached.parents[i].refuseIfOvershadowed()
	}
	list, unresolved := route.permitted(grants)
	list, unresolved = a.routePolicies.apply(route, list, unresolved)
	a.policies.noteUnreadable(list, &unresolved)
	attached.unresolved = unresolved
	if len(to) > 0 {
		list = attached.hold(list, budget)
	}
	object := *route.object
	secured := make(map[*gateway][]rules.Rule, 1)
	for _, l := range to {
		if l.overshadowed() {
			continue
		}
		if route.serves() { // Otherwise it is not accepted, and the API counts those alone that are.
			l.attached++
		}
		if secured[l.gateway] == nil {
			secured[l.gateway] = a.policies.secure(list, &object, l.gateway)
		}
		if a.severalKinds {
			l.take(route)
		}
		for i := range l.hosts {
			l.hosts[i].Rules = secured[l.gateway]
		}
		object.Hosts = append(object.Hosts, l.hosts...)
	}
	if len(object.Hosts) > 0 {
		attached.attached = &object
	}
	return attached
}

// listenersFor returns the listeners that a route's reference attaches it to, or why there is none.
func (h *holder) listenersFor(ref *gatewayv1.ParentReference, route *Route, namespaces map[string]map[string]string) ([]*listener, finding) {
	var named, allowed, list []*listener
	if h.refused.reason != "" {
		return nil, h.refused
	}
	for _, l := range h.listeners {
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
		return nil, finding{string(gatewayv1.RouteReasonNoMatchingParent), "the " + h.Kind + " has no listener of this sectionName and port: write those of one"}
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
	if l.spec.AllowedRoutes == nil || l.spec.AllowedRoutes.Namespaces == nil {
		return namespace == l.holder.Namespace
	}
	of := l.spec.AllowedRoutes.Namespaces
	return selects(or(of.From, gatewayv1.NamespacesFromSame), of.Selector, l.holder.Namespace, namespace, labelsOf)
}

// selects returns whether an object of the namespace own lets others of a namespace be attached to it.
func selects(from gatewayv1.FromNamespaces, selector *metav1.LabelSelector, own, namespace string, labelsOf map[string]map[string]string) bool {
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSame:
		return namespace == own
	case gatewayv1.NamespacesFromSelector:
		selector, err := metav1.LabelSelectorAsSelector(selector)
		of, known := labelsOf[namespace]
		return err == nil && known && selector.Matches(labels.Set(of))
	}
	return false
}
