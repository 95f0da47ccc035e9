// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"net/netip"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// sliceEndpoints returns the endpoints of the Kubernetes Service: those that are ready or, if none is ready, those that
// still serve. That is better than to answer 503 while the last Pods terminate. It returns a fault if the Service
// exists and cannot serve the backend at all.
func (s *service) sliceEndpoints(b backend) ([]snapshot.Endpoint, sourceFault) {
	if s.object == nil {
		return nil, sourceFault{}
	}
	if s.object.Spec.Type == corev1.ServiceTypeExternalName {
		return nil, sourceFault{text: "its Service is of type ExternalName, which names no endpoints: " +
			"make a Task for each address instead"}
	}
	name, ok := servicePort(s.object, b.port)
	if !ok {
		var others []int32
		for i := range s.object.Spec.Ports {
			if isTCP(&s.object.Spec.Ports[i].Protocol) {
				others = append(others, s.object.Spec.Ports[i].Port)
			}
		}
		return nil, sourceFault{port: true, text: "its Service has no TCP port " + strconv.Itoa(int(b.port)) +
			" (it has " + listPorts(others) + ")"}
	}
	var ready, serving []snapshot.Endpoint
	for _, slice := range s.slices {
		port, ok := slicePort(slice, name)
		if !ok || slice.AddressType != discoveryv1.AddressTypeIPv4 && slice.AddressType != discoveryv1.AddressTypeIPv6 {
			continue
		}
		for i := range slice.Endpoints {
			e := &slice.Endpoints[i]
			endpoint, ok := sliceEndpoint(b, e, port)
			if !ok {
				continue
			}
			// A source that does not know a condition leaves it out, which stands for true (discovery.k8s.io/v1).
			isReady := e.Conditions.Ready == nil || *e.Conditions.Ready
			isServing := e.Conditions.Serving == nil && isReady || e.Conditions.Serving != nil && *e.Conditions.Serving
			switch {
			case isReady:
				ready = append(ready, endpoint)
			case isServing:
				serving = append(serving, endpoint)
			}
		}
	}
	if len(ready) > 0 {
		return ready, sourceFault{}
	}
	return serving, sourceFault{}
}

// itself returns the Service's own address as an endpoint, if the backend asks for that and there is one.
func (s *service) itself(b backend) (own snapshot.Endpoint, ok bool) {
	if !b.byService || s.object == nil || s.object.Spec.Type == corev1.ServiceTypeExternalName || len(s.object.Spec.ClusterIPs) == 0 {
		return own, false
	}
	address, err := netip.ParseAddr(s.object.Spec.ClusterIPs[0]) // which is None where the Service has none
	if _, known := servicePort(s.object, b.port); err != nil || !known {
		return own, false
	}
	at := netip.AddrPortFrom(address, uint16(b.port))
	return snapshot.Endpoint{ID: "service/" + b.namespace + "/" + b.service + "/" + at.String(), Address: at, Weight: 1}, true
}

// servicePort returns the name of a Service's port, which its EndpointSlices have too. The name may be empty.
func servicePort(service *corev1.Service, port int32) (name string, ok bool) {
	for i := range service.Spec.Ports {
		p := &service.Spec.Ports[i]
		if p.Port == port && isTCP(&p.Protocol) {
			return p.Name, true
		}
	}
	return "", false
}

// portNamed returns the number of the Service's port with a name, or why there is none. Tasks know the port by that
// number too.
func (s *service) portNamed(name string) (port int32, fault string) {
	if s.object == nil {
		return 0, "a port has a name where there is a Service, and there is none of this name: write the port's number"
	}
	var others []string
	for i := range s.object.Spec.Ports {
		p := &s.object.Spec.Ports[i]
		if !isTCP(&p.Protocol) {
			continue
		}
		if p.Name == name {
			return p.Port, ""
		}
		others = append(others, p.Name)
	}
	return 0, "its Service has no TCP port named " + rules.Quote(name) + " (it has " + rules.ListNames(others) + ")"
}

// slicePort returns the number of the port with this name at a slice's endpoints.
func slicePort(slice *discoveryv1.EndpointSlice, name string) (port uint16, ok bool) {
	for i := range slice.Ports {
		p := &slice.Ports[i]
		named := ""
		if p.Name != nil {
			named = *p.Name
		}
		if named == name && isTCP(p.Protocol) && p.Port != nil && *p.Port > 0 && *p.Port <= 65535 {
			return uint16(*p.Port), true
		}
	}
	return 0, false
}

func isTCP(protocol *corev1.Protocol) bool {
	return protocol == nil || *protocol == "" || *protocol == corev1.ProtocolTCP
}

// sliceEndpoint returns one endpoint of a slice. Several addresses of an endpoint lead to the same instance, so it
// takes the first.
func sliceEndpoint(b backend, e *discoveryv1.Endpoint, port uint16) (snapshot.Endpoint, bool) {
	if len(e.Addresses) == 0 {
		return snapshot.Endpoint{}, false
	}
	address, err := netip.ParseAddr(e.Addresses[0])
	if err != nil || address.Zone() != "" {
		return snapshot.Endpoint{}, false
	}
	at := netip.AddrPortFrom(address.Unmap(), port)
	return snapshot.Endpoint{
		ID:      "endpoint/" + b.namespace + "/" + b.service + "/" + at.String(),
		Address: at,
		Weight:  1,
	}, true
}
