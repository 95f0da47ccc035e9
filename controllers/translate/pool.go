// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// backend is what a pool is made for. variant tells apart pools of one service and port that have different endpoints
// or speak to them differently. It is empty, h2cVariant, faultyVariant, or what a backend over HTTPS has to prove.
type backend struct {
	namespace, service string
	port               int32
	// portName replaces port if the backend names the Service's port.
	portName string
	variant  string
	// byService is as in [rules.Backend].
	byService bool
	https     bool
	tls       backendTLS
}

// faultyVariant is for the backend of an invalid rule that keeps its place. It has no endpoints, whatever the service
// has, so that the fault shows as 503, and not as a rule without its policies.
const faultyVariant = "InvalidRule"

// h2cVariant is for the backend of a rule whose endpoints are known to speak HTTP/2 without TLS.
const h2cVariant = string(v1alpha1.ProtocolH2C)

func backendOf(namespace string, to *rules.Backend) backend {
	b := backend{namespace: namespace, service: to.Service, port: to.Port, portName: to.PortName, byService: to.ByService}
	if b.portName != "" {
		b.port = 0
	}
	switch to.Protocol {
	case rules.HTTPS:
		b.https, b.tls = true, backendTLSOf(to)
		b.variant = b.tls.variant()
	case rules.H2C:
		b.variant = h2cVariant
	}
	return b
}

// faulty returns the backend of an invalid rule.
func (b backend) faulty() backend {
	b.variant, b.https, b.tls, b.byService = faultyVariant, false, backendTLS{}, false
	return b
}

// byServiceVariant is in the ids of pools whose one endpoint is the Service's own address.
const byServiceVariant = "Service"

// id returns "namespace/service:port", followed by "/variant" if there is one, and by "/Service" if the Service's own
// address is asked.
func (b backend) id() string {
	id := b.namespace + "/" + b.service + ":" + b.portText()
	if b.variant != "" {
		id += "/" + b.variant
	}
	if b.byService {
		id += "/" + byServiceVariant
	}
	return id
}

// portText returns the port as the backend names it.
func (b backend) portText() string {
	if b.portName != "" {
		return b.portName
	}
	return strconv.Itoa(int(b.port))
}

// pools are the pools that rules refer to, each once.
type pools struct {
	list []pool
	// byID has their indexes. The data plane tells pools apart by their ids, and refuses two of one id. byBackend saves
	// making the id for backends that were seen before.
	byID      map[string]int32
	byBackend map[backend]int32
	// last saves a look into the map for the many rules that have the backend of the rule before them.
	last int32
}

type pool struct {
	snapshot.Pool
	backend backend
	// used is set if a route sends to the pool.
	used bool
	// finding is what there is to say about the backend. reason is empty if the backend is served all the same.
	finding, reason string
}

func newPool(b backend, id string) pool {
	return pool{backend: b, Pool: snapshot.Pool{ID: id, Service: b.namespace + "/" + b.service}}
}

func newPools(expected int) *pools {
	return &pools{list: make([]pool, 0, expected), byID: make(map[string]int32, expected), byBackend: make(map[backend]int32, expected)}
}

func (p *pools) index(b backend) int32 {
	if int(p.last) < len(p.list) && p.list[p.last].backend == b {
		return p.last
	}
	i, ok := p.byBackend[b]
	if !ok {
		id := b.id()
		if i, ok = p.byID[id]; !ok {
			i = int32(len(p.list))
			p.byID[id] = i
			p.list = append(p.list, newPool(b, id))
		}
		p.byBackend[b] = i
	}
	p.last = i
	return i
}

// use marks a pool as one that a route sends to, and returns its id.
func (p *pools) use(i int32) string {
	p.list[i].used = true
	return p.list[i].ID
}

// programmed returns the pools that routes send to.
func (p *pools) programmed() []snapshot.Pool {
	used := make([]snapshot.Pool, 0, len(p.list))
	for i := range p.list {
		if p.list[i].used {
			used = append(used, p.list[i].Pool)
		}
	}
	slices.SortFunc(used, func(a, b snapshot.Pool) int { return cmp.Compare(a.ID, b.ID) })
	return used
}

// resolve finds the endpoints of every pool, and why there are none.
func (p *pools) resolve(in Input, objects []object, networks *networks) {
	services := p.services(in, networks)
	authorities := newAuthorities(in, objects, p.list)
	for i := range p.list {
		pool := &p.list[i]
		pool.resolve(services[pool.backend.serviceKey()], authorities, in.Own)
	}
}

// resolve finds the endpoints of a pool in what is behind its service, or why there are none.
func (p *pool) resolve(s *service, authorities authorities, own []netip.AddrPort) {
	b := p.backend
	switch {
	case b.https:
		p.secure(s, authorities)
	case b.variant == faultyVariant: // The Accepted condition reports it.
	default:
		p.H2C = b.variant == h2cVariant
		p.Endpoints, p.reason, p.finding = s.endpoints(b)
	}
	if p.reason != "" && !slices.ContainsFunc(p.Endpoints, takesRequests) {
		p.Why = p.finding
	}
	p.noteOwn(own)
}

// noteOwn notes where requests to the first endpoint that is the controller itself end, unless there is another
// finding.
func (p *pool) noteOwn(own []netip.AddrPort) {
	if p.finding != "" {
		return
	}
	for i := range p.Endpoints {
		if address := p.Endpoints[i].Address; slices.Contains(own, address) {
			p.finding = address.String() + " is this controller itself: a request that comes back by the same rule is answered " +
				"with 508 LoopDetected, so name what is to answer it in its place"
			return
		}
	}
}

// secure resolves a pool that is spoken to over TLS. The pool has no endpoints if they could not be verified as they
// have to be.
func (p *pool) secure(s *service, authorities authorities) {
	terms, reason, finding := p.backend.terms(authorities)
	if shown := authorities.shown[p.backend.tls.ClientCertificate]; shown != nil {
		terms.ClientChain, terms.ClientKey = shown.Chain, shown.Key
	}
	p.TLS = terms
	if why := p.backend.tls.cannotShow(authorities); why != "" {
		p.reason, p.finding = v1alpha1.ReasonSecretNotFound, why
		return
	}
	if reason != "" && terms.Authorities == "" {
		p.reason, p.finding = reason, finding
		return
	}
	p.Endpoints, p.reason, p.finding = s.endpoints(p.backend)
	if p.reason == "" {
		p.reason = reason
	}
	switch {
	case p.finding == "":
		p.finding = finding
	case finding != "" && (p.reason == "" || p.reason == reason):
		p.finding += "; " + finding
	}
}

type serviceKey struct{ namespace, name string }

func (b backend) serviceKey() serviceKey { return serviceKey{b.namespace, b.service} }

// service is everything behind one serviceName.
type service struct {
	tasks    []*v1alpha1.Task
	object   *corev1.Service
	slices   []*discoveryv1.EndpointSlice
	networks *networks
}

// services gathers what is behind the services that pools name, and only those: a cluster has many more.
func (p *pools) services(in Input, networks *networks) map[serviceKey]*service {
	services := make(map[serviceKey]*service, len(p.list))
	for i := range p.list {
		services[p.list[i].backend.serviceKey()] = nil
	}
	named := func(namespace, name string) *service {
		key := serviceKey{namespace, name}
		s, ok := services[key]
		if ok && s == nil {
			s = &service{networks: networks}
			services[key] = s
		}
		return s
	}
	for _, task := range in.Tasks {
		if s := named(task.Namespace, string(task.Spec.ServiceName)); s != nil {
			s.tasks = append(s.tasks, task)
		}
	}
	for _, object := range in.Services {
		if s := named(object.Namespace, object.Name); s != nil {
			s.object = object
		}
	}
	for _, slice := range in.EndpointSlices {
		if s := named(slice.Namespace, slice.Labels[discoveryv1.LabelServiceName]); s != nil {
			s.slices = append(s.slices, slice)
		}
	}
	return services
}

// endpoints returns what serves a backend, each address once, sorted by id. If nothing takes requests, reason and
// finding say why. If only one of two sources could not be used, finding says so, and reason is empty.
func (s *service) endpoints(b backend) (endpoints []snapshot.Endpoint, reason, finding string) {
	if s == nil || len(s.tasks) == 0 && s.object == nil {
		return nil, v1alpha1.ReasonServiceNotFound, "no Task of the namespace has this serviceName, and no Service this name"
	}
	if b.portName != "" {
		if b.port, finding = s.portNamed(b.portName); finding != "" {
			return nil, v1alpha1.ReasonPortNotFound, finding
		}
	}
	if own, ok := s.itself(b); ok {
		return []snapshot.Endpoint{own}, "", ""
	}
	fromTasks, taskFault := s.taskEndpoints(b.port)
	fromSlices, serviceFault := s.sliceEndpoints(b)
	endpoints = mergeAddresses(append(fromTasks, fromSlices...))

	var findings []string
	for _, fault := range []sourceFault{taskFault, serviceFault} {
		if fault.text != "" {
			findings = append(findings, fault.text)
		}
	}
	finding = strings.Join(findings, "; ")
	failing := s.failing()
	switch {
	case slices.ContainsFunc(endpoints, func(e snapshot.Endpoint) bool { return takesRequests(e) && !failing[e.ID] }):
		return endpoints, "", finding
	case slices.ContainsFunc(endpoints, takesRequests):
		findings = append([]string{"the health check of every Task of it that could take requests fails"}, findings...)
	case len(endpoints) == 0 && (taskFault.port || serviceFault.port):
		return endpoints, v1alpha1.ReasonPortNotFound, finding
	case len(fromTasks) > 0:
		findings = append([]string{"every Task of it drains, is unhealthy or has weight 0"}, findings...)
	case s.object != nil && serviceFault.text == "":
		findings = append(findings, "its Service has no endpoint that is ready or serving")
	}
	return endpoints, v1alpha1.ReasonNoEndpoints, strings.Join(findings, "; ")
}

// sourceFault is why a source, the Tasks or the Service, exists but has no part in a backend.
type sourceFault struct {
	text string
	// port is set if the fault is about the port that the backend names.
	port bool
}

func takesRequests(e snapshot.Endpoint) bool {
	return !e.Draining && !e.Unhealthy && e.Weight > 0
}

// failing returns the ids of the endpoints that probes found unhealthy, nil if there is none.
func (s *service) failing() (ids map[string]bool) {
	for _, task := range s.tasks {
		if FailsProbes(task) {
			if ids == nil {
				ids = make(map[string]bool)
			}
			ids[taskIDPrefix+task.Namespace+"/"+task.Name] = true
		}
	}
	return ids
}

// mergeAddresses keeps one endpoint of each address, and sorts the result by id. The same address twice is one instance
// that two sources know, and it gets the share of one. It prefers the endpoint that takes requests: a Task that drains
// and its successor at the same address are a restart. Next it prefers the Task, which says more.
func mergeAddresses(endpoints []snapshot.Endpoint) []snapshot.Endpoint {
	slices.SortFunc(endpoints, func(a, b snapshot.Endpoint) int {
		return cmp.Or(
			a.Address.Compare(b.Address),
			-compareBool(takesRequests(a), takesRequests(b)),
			-compareBool(isTask(a), isTask(b)),
			cmp.Compare(a.ID, b.ID),
		)
	})
	endpoints = slices.CompactFunc(endpoints, func(a, b snapshot.Endpoint) bool { return a.Address == b.Address })
	slices.SortFunc(endpoints, func(a, b snapshot.Endpoint) int { return cmp.Compare(a.ID, b.ID) })
	return endpoints
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// listPorts lists ports for people, sorted, each once.
func listPorts(ports []int32) string {
	if len(ports) == 0 {
		return "none"
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	texts := make([]string, len(ports))
	for i, port := range ports {
		texts[i] = strconv.Itoa(int(port))
	}
	return strings.Join(rules.Bounded(texts), ", ")
}
