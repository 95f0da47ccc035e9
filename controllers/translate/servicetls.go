// SPDX-License-Identifier: Apache-2.0

package translate

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// portNames are the names of the ports of Services. They are gathered once somebody asks.
type portNames struct {
	services []*corev1.Service
	names    map[servicePortKey]string
}

// first returns a backend with the port of its Service, if it asks for the first one of that.
func (p *portNames) first(namespace string, b *rules.Backend) *rules.Backend {
	if !b.FirstPort {
		return b
	}
	completed := *b
	completed.FirstPort = false
	for _, s := range p.services {
		if s.Namespace == namespace && s.Name == b.Service && len(s.Spec.Ports) > 0 {
			completed.Port = s.Spec.Ports[0].Port
		}
	}
	return &completed
}

// of returns the name of a port of a Service, empty if it has none or there is no such port.
func (p *portNames) of(namespace string, b *rules.Backend) string {
	if b.PortName != "" {
		return b.PortName
	}
	if p.names == nil {
		p.names = make(map[servicePortKey]string)
		for _, s := range p.services {
			for i := range s.Spec.Ports {
				if at := &s.Spec.Ports[i]; isTCP(&at.Protocol) {
					p.names[servicePortKey{serviceKey: serviceKey{s.Namespace, s.Name}, port: at.Port}] = at.Name
				}
			}
		}
	}
	return p.names[servicePortKey{serviceKey: serviceKey{namespace, b.Service}, port: b.Port}]
}

// secured returns a backend with what others than its author say of TLS with its Service. fault says why it cannot be
// spoken to, empty for nothing.
func (p *portNames) secured(namespace string, b *rules.Backend) (secured *rules.Backend, fault string) {
	of := b.ServiceTLS
	if of == nil {
		return b, ""
	}
	policy := of.All
	if len(of.Ports) > 0 {
		if own := of.Ports[p.of(namespace, b)]; own != nil {
			policy = own
		}
	}
	completed := *b
	switch {
	case policy != nil && policy.Fault != "":
		return b, policy.Fault
	case policy != nil:
		completed.Protocol, completed.TLS = rules.HTTPS, &rules.BackendTLS{Policy: policy, ClientCertificate: of.ClientCertificate}
	case b.Protocol == rules.HTTPS && of.ClientCertificate.Name != "":
		tls := rules.BackendTLS{}
		if b.TLS != nil {
			tls = *b.TLS
		}
		tls.ClientCertificate = of.ClientCertificate
		completed.TLS = &tls
	}
	return &completed, ""
}
