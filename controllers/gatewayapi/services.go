// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	apivalidation "k8s.io/apimachinery/pkg/util/validation"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// The types of Services that Gateways may get.
const (
	ClusterIPServices    = "ClusterIP"
	LoadBalancerServices = "LoadBalancer"
)

// FirstTarget and LastTarget are the first and the last of the data plane's ports that Services of Gateways lead to.
// Each port of each Gateway has one for itself.
const (
	FirstTarget = 20000
	LastTarget  = 29999
	// MaxTargetsPerNamespace is how many of them the Gateways and ListenerSets of a namespace may have. Each is a socket
	// of every replica.
	MaxTargetsPerNamespace = 256
)

// Service is a Service of the cluster that may be a Gateway's own, with what counts of it. Whoever may write Services
// in its namespace may have written all of it.
type Service struct {
	types.NamespacedName
	UID types.UID
	// Gateway is the UID of the Gateway that it belongs to.
	Gateway types.UID
	// Targets has the target of each of its TCP ports that has a number for one.
	Targets map[uint16]uint16
	// Addresses are those at which clients reach it.
	Addresses []gatewayv1.GatewayStatusAddress
}

// AddAddress adds an address, unless it has the address already, or as many as a status may have.
func (s *Service) AddAddress(kind gatewayv1.AddressType, value string) {
	const most = 16 // as the schema says
	has := slices.ContainsFunc(s.Addresses, func(a gatewayv1.GatewayStatusAddress) bool { return *a.Type == kind && a.Value == value })
	if !has && value != "" && len(s.Addresses) < most {
		s.Addresses = append(s.Addresses, gatewayv1.GatewayStatusAddress{Type: &kind, Value: value})
	}
}

// ServicePlan is the Service that a Gateway is to have.
type ServicePlan struct {
	// Type is one of the types above.
	Type, Name string
	// Ports are sorted by Port. Each occurs once, and so does each Target of all plans. There are none if no port of the
	// data plane is left.
	Ports               []ServicePort
	Labels, Annotations map[string]string
	// Addresses are the IP addresses that the Gateway's author asks for, at most one of each family. If Unusable is set,
	// the author asks for what no Service can have. Then a Service that is there keeps what it has, and none is made.
	Addresses []netip.Addr
	Unusable  bool
	// There is the UID of the Service, empty while there is none that is the Gateway's own. Opened tells what the data
	// plane opens of it from all else that it might.
	There  types.UID
	Opened int64
}

// ServicePort is a port of a Gateway with the one of the data plane that its Service leads to.
type ServicePort struct{ Port, Target uint16 }

// Share is one port of one Gateway.
type Share struct {
	Gateway types.UID
	Port    uint16
}

// ownService is the Service of a Gateway of its own.
type ownService struct {
	// there is nil while there is none that is the Gateway's.
	there *Service
	// ports are those that it has, sorted.
	ports []uint16
	// opened has the port that the data plane opens for each port of the Gateway.
	opened map[uint16]uint16
	plan   *ServicePlan
}

// addresses returns those at which clients reach it. There are none if the Gateway is not to have a Service.
func (s *ownService) addresses() []gatewayv1.GatewayStatusAddress {
	if s.plan == nil || s.there == nil {
		return nil
	}
	return s.there.Addresses
}

// portFor returns the port of the data plane for a port of a listener, or what it waits for.
func (a *addresses) portFor(port gatewayv1.PortNumber) (target uint16, waits finding) {
	if a.service == nil {
		return uint16(port), finding{}
	}
	if target = a.service.opened[uint16(port)]; target == 0 {
		return 0, a.waits(uint16(port))
	}
	return target, finding{}
}

// waits says what a port waits for that is not opened yet.
func (a *addresses) waits(port uint16) finding {
	if slices.Contains(a.service.ports, port) {
		return finding{string(gatewayv1.ListenerReasonPending), "the Gateway's Service does not lead to the data plane yet"}
	}
	return finding{string(gatewayv1.ListenerReasonPortUnavailable), "no port of the data plane is left for it: the Gateways and ListenerSets of this namespace have " +
		strconv.Itoa(MaxTargetsPerNamespace) + ", or those of all have all that there are; delete some"}
}

// waits says what the first of its listeners waits for that waits for the Gateway's Service.
func (g *gateway) waits() finding {
	for _, l := range g.listeners {
		if l.waits.reason != "" {
			return l.waits
		}
	}
	return finding{}
}

// claim is a port of a Gateway that is to have one of the data plane.
type claim struct {
	g    *gateway
	port uint16
}

// assignServices decides which ports of the data plane the ports of each Gateway have, and which Service each Gateway
// is to have. They are asked for by right, so that younger ones go without where there are not enough, and counted for
// the namespace of who asks first: what ListenerSets of others ask for is not the Gateway's.
//
// What a Service says is what counts, so that all replicas open the same. But tenants may write Services. So a target
// counts only within the range. If several Services lead to one, it stays with the Gateway that had it in the build
// before, or else the older one is to keep it, and nobody gets it opened until the others' Services are written back.
// A Gateway that has no target yet gets the lowest that no Service leads to.
func (a *Attached) assignServices(in *Input) {
	if in.Services == "" {
		return
	}
	there := make(map[types.NamespacedName]*Service, len(in.OwnServices))
	led := make(map[uint16]bool) // targets that any Service leads to, whosever it is
	for _, s := range in.OwnServices {
		there[s.NamespacedName] = s
		for _, target := range s.Targets {
			led[target] = true
		}
	}
	t := targets{led: led, wanted: make(map[Share]bool), kept: make(map[uint16]bool), of: make(map[Share]uint16), next: FirstTarget, scarce: FirstTarget}
	for i := range a.gateways {
		g := &a.gateways[i]
		own := &ownService{opened: make(map[uint16]uint16)}
		g.addresses.service = own
		if s := there[g.serviceName()]; s != nil && s.Gateway == g.UID {
			own.there = s
		}
	}
	var wanted []claim // by right
	claims, by := make(map[uint16][]claim), make(map[string]int)
	for _, h := range a.byRight() {
		own := h.gateway.addresses.service
		for _, port := range h.ports() {
			if own.plan == nil {
				own.plan = h.gateway.planService(in.Services)
			}
			share := Share{h.gateway.UID, port}
			if t.wanted[share] || by[h.Namespace] == MaxTargetsPerNamespace {
				continue
			}
			by[h.Namespace]++
			t.wanted[share] = true
			c := claim{h.gateway, port}
			wanted = append(wanted, c)
			if own.there == nil {
				continue
			}
			if target := own.there.Targets[port]; target >= FirstTarget && target <= LastTarget {
				claims[target] = append(claims[target], c)
			}
		}
	}
	t.settle(claims, in.Held)
	for _, c := range wanted {
		if t.assign(Share{c.g.UID, c.port}) {
			c.g.addresses.service.ports = append(c.g.addresses.service.ports, c.port)
		}
	}
	a.Held = make(map[uint16]Share)
	for i := range a.gateways {
		if own := a.gateways[i].addresses.service; own.plan != nil {
			own.planPorts(&a.gateways[i], &t)
			for _, p := range own.plan.Ports {
				// What is planned, and led to by others, is not held yet: they may be the ones who had it before.
				if own.opened[p.Port] == p.Target || len(claims[p.Target]) == 0 {
					a.Held[p.Target] = Share{a.gateways[i].UID, p.Port}
				}
			}
		}
	}
}

// Own returns the addresses at which replicas take requests for Gateways with Services. of are those at which they take
// others.
func (a *Attached) Own(of []netip.AddrPort) (own []netip.AddrPort) {
	replicas := make(map[netip.Addr]bool)
	for _, at := range of {
		if replicas[at.Addr()] {
			continue
		}
		replicas[at.Addr()] = true
		for i := range a.gateways {
			if s := a.gateways[i].addresses.service; s != nil {
				for _, target := range s.opened {
					own = append(own, netip.AddrPortFrom(at.Addr(), target))
				}
			}
		}
	}
	slices.SortFunc(own, netip.AddrPort.Compare)
	return own
}

// ports returns the ports of the listeners of one object that may be opened, sorted, each once. There are none if its
// Gateway is not accepted.
func (h *holder) ports() (ports []uint16) {
	if h.gateway.addresses.refused.reason != "" {
		return nil
	}
	for _, l := range h.listeners {
		if l.refused.reason == "" && l.conflict.reason == "" {
			ports = append(ports, uint16(l.spec.Port))
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// serviceName returns the name of the Gateway's Service.
func (g *gateway) serviceName() types.NamespacedName {
	return types.NamespacedName{Namespace: g.Namespace, Name: ServiceName(g.Name, string(g.Spec.GatewayClassName))}
}

// planService returns the plan of a Gateway's Service without its ports.
func (g *gateway) planService(kind string) *ServicePlan {
	p := &ServicePlan{Type: kind, Name: g.serviceName().Name, Labels: make(map[string]string), Annotations: make(map[string]string),
		Unusable: g.addresses.unusable != ""}
	if infrastructure := g.Spec.Infrastructure; infrastructure != nil {
		for key, value := range infrastructure.Labels {
			p.Labels[string(key)] = string(value)
		}
		for key, value := range infrastructure.Annotations {
			p.Annotations[string(key)] = string(value)
		}
	}
	p.Labels[gatewayv1.GatewayNameLabelKey] = shortened(g.Name, apivalidation.LabelValueMaxLength)
	p.Labels[gatewayv1.GatewayClassNameLabelKey] = shortened(string(g.Spec.GatewayClassName), apivalidation.LabelValueMaxLength)
	for i := range g.Spec.Addresses {
		if address, err := netip.ParseAddr(g.Spec.Addresses[i].Value); err == nil && !p.Unusable {
			p.Addresses = append(p.Addresses, address)
		}
	}
	if s := g.addresses.service.there; s != nil {
		p.There = s.UID
	}
	return p
}

// targets are the data plane's ports while they are being assigned.
type targets struct {
	// wanted has all ports of all Gateways.
	wanted map[Share]bool
	// led are those that some Service leads to. kept are those that are assigned, and of has them by what they are
	// assigned to.
	led, kept map[uint16]bool
	of        map[Share]uint16
	// next and scarce are where to look for one that nobody has, and for one that nobody is assigned.
	next, scarce uint16
}

func (t *targets) keep(share Share, target uint16) {
	t.kept[target], t.of[share] = true, target
}

// settle assigns the targets that Services lead to, and opens those that are no others'. Then it assigns what is not
// led to at the moment to whom the build before assigned it.
func (t *targets) settle(claims map[uint16][]claim, held map[uint16]Share) {
	for target, of := range claims { // the oldest first
		keeps := max(0, slices.IndexFunc(of, func(c claim) bool { return held[target] == Share{c.g.UID, c.port} }))
		c := of[keeps]
		share := Share{c.g.UID, c.port}
		t.keep(share, target)
		if len(of) == 1 || held[target] == share {
			c.g.addresses.service.opened[c.port] = target
		}
	}
	for target, share := range held {
		if t.of[share] == 0 && t.wanted[share] && !t.kept[target] {
			t.keep(share, target)
		}
	}
}

// planPorts completes a Gateway's plan with its ports.
func (s *ownService) planPorts(g *gateway, t *targets) {
	sum := fnv.New64a()
	slices.Sort(s.ports)
	for _, port := range s.ports {
		s.plan.Ports = append(s.plan.Ports, ServicePort{port, t.of[Share{g.UID, port}]})
		if opened := s.opened[port]; opened != 0 {
			_, _ = sum.Write(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, port), opened)) // never fails
		}
	}
	s.plan.Opened = int64(sum.Sum64())
}

// assign assigns a target to what has none. It returns false if none is left.
func (t *targets) assign(share Share) bool {
	if t.of[share] == 0 {
		target := t.free()
		if target == 0 {
			return false
		}
		t.keep(share, target)
	}
	return true
}

// free returns a target that nobody has, and 0 if there is none. It takes one to which somebody has only written that
// his Service leads if there is no other: otherwise a tenant could have them all.
func (t *targets) free() uint16 {
	for ; t.next <= LastTarget; t.next++ {
		if !t.kept[t.next] && !t.led[t.next] {
			return t.next
		}
	}
	for ; t.scarce <= LastTarget; t.scarce++ {
		if !t.kept[t.scarce] {
			return t.scarce
		}
	}
	return 0
}

// ServiceName returns the name of the Service of a Gateway: those of the Gateway and of its class (GEP-1762). If that
// is no name of a Service, it is made one.
func ServiceName(gateway, class string) string {
	name := gateway + "-" + class
	if len(apivalidation.IsDNS1035Label(name)) == 0 {
		return name
	}
	safe := strings.ReplaceAll(name, ".", "-")
	if safe[0] < 'a' || safe[0] > 'z' {
		safe = "gateway-" + safe
	}
	return cut(safe, name, apivalidation.DNS1035LabelMaxLength)
}

// shortened returns a text that is at most so long, and tells the name from all others.
func shortened(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	return cut(name, name, limit)
}

// cut cuts a text and appends a digest of a name.
func cut(text, name string, limit int) string {
	digest := sha256.Sum256([]byte(name))
	suffix := "-" + hex.EncodeToString(digest[:])[:10]
	return strings.TrimRight(text[:min(len(text), limit-len(suffix))], "-.") + suffix
}

// checkForService notes which addresses that a Gateway's author asks for cannot be had by a Service of its own. Whether
// the others can be had is for the API server to say.
func (a *addresses) checkForService(gateway *gatewayv1.Gateway, kind string) {
	families := make(map[bool]bool)
	a.check(gateway, func(value string) bool {
		address, err := netip.ParseAddr(value)
		family := address.Is4() || kind == LoadBalancerServices
		if err != nil || address.Zone() != "" || address.Is4In6() || families[family] {
			return false
		}
		families[family] = true
		return true
	})
	if a.unusable == "" {
		return
	}
	a.unusable = "a Service has one address of each family: write one IP address, or an IPv4 and an IPv6 address"
	if kind == LoadBalancerServices {
		a.unusable = "a load balancer is asked for one address: write one IP address"
	}
}
