// SPDX-License-Identifier: Apache-2.0

package translate

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// appProtocols are what Services say that their ports speak, for those that say something that matters here.
type appProtocols map[servicePortKey]rules.Protocol

// servicePortKey names a port of a Service by its number or by its name.
type servicePortKey struct {
	serviceKey
	port int32
	name string
}

func newAppProtocols(services []*corev1.Service) appProtocols {
	var protocols appProtocols
	for _, s := range services {
		for i := range s.Spec.Ports {
			p := &s.Spec.Ports[i]
			protocol := protocolOf(p.AppProtocol)
			if protocol == rules.Unsaid || !isTCP(&p.Protocol) {
				continue
			}
			if protocols == nil {
				protocols = make(appProtocols)
			}
			key := serviceKey{s.Namespace, s.Name}
			protocols[servicePortKey{serviceKey: key, port: p.Port}] = protocol
			if p.Name != "" {
				protocols[servicePortKey{serviceKey: key, name: p.Name}] = protocol
			}
		}
	}
	return protocols
}

// protocolOf returns what an appProtocol stands for (KEP-3726). WebSockets need nothing of their own.
func protocolOf(appProtocol *string) rules.Protocol {
	if appProtocol == nil {
		return rules.Unsaid
	}
	switch *appProtocol {
	case "kubernetes.io/h2c":
		return rules.H2C
	case "https", "kubernetes.io/wss":
		return rules.HTTPS
	}
	return rules.Unsaid
}

// complete returns a backend with the protocol that its Service says, if its author said none.
func (a appProtocols) complete(namespace string, b *rules.Backend) *rules.Backend {
	if b.Protocol != rules.GRPC && (a == nil || b.Protocol != rules.Unsaid) {
		return b
	}
	key := servicePortKey{serviceKey: serviceKey{namespace, b.Service}, name: b.PortName}
	if b.PortName == "" {
		key.port = b.Port
	}
	protocol, ok := a[key]
	switch {
	case ok:
	case b.Protocol == rules.GRPC:
		protocol = rules.H2C
	default:
		return b
	}
	completed := *b
	completed.Protocol = protocol
	return &completed
}
