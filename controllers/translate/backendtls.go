// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// AuthorityName names a Secret or ConfigMap with the certificates of authorities.
type AuthorityName = rules.AuthorityName

// Authority is what such an object was found to hold. It is immutable.
type Authority struct {
	Name AuthorityName
	// Missing and Fault tell people why there are no certificates: the object does not exist, or it holds none.
	Missing, Fault string
	// Reason is the reason of the conditions that report the fault. Empty stands for CAInvalid.
	Reason string
	// LeftOut tells people what the object holds besides certificates that can be read. Empty for nothing.
	LeftOut string
	// Certificates are PEM, at least one if there is no fault. With a fault, they are those of the last version without
	// one.
	Certificates string
	// Revocations are the lists of what authorities have revoked, nil if the object has no key for them.
	Revocations *Revocations
}

// backendTLS is a backend's tls as its author wrote it. Pools that differ in it share no connection.
type backendTLS rules.BackendTLS

// backendTLSOf returns a backend's tls, the zero value if it does not speak HTTPS.
func backendTLSOf(b *rules.Backend) backendTLS {
	if b.Protocol != rules.HTTPS || b.TLS == nil {
		return backendTLS{}
	}
	return backendTLS(*b.TLS)
}

func (t backendTLS) authorityName(namespace string) (name AuthorityName, ok bool) {
	name.Namespace, name.Name = namespace, t.CASecret
	if t.CAConfigMap != "" {
		name.ConfigMap, name.Name = true, t.CAConfigMap
	}
	return name, name.Name != ""
}

// variant returns the part of a pool's id that stands for this tls.
func (t backendTLS) variant() string {
	v := string(v1alpha1.ProtocolHTTPS)
	if t.ClientCertificate.Name != "" {
		v += ",clientCertificate=" + t.ClientCertificate.String()
		if t.MustShow {
			v += "!"
		}
	}
	if t.Policy != nil {
		return v + ",policy=" + t.Policy.Name
	}
	switch {
	case t.CAConfigMap != "":
		v += ",caConfigMapName=" + t.CAConfigMap
	case t.CASecret != "":
		v += ",caSecretName=" + t.CASecret
	}
	if t.ServerName != "" {
		v += ",serverName=" + t.ServerName
	}
	if t.ServerNameFromRequest {
		v += ",serverNameFromRequest"
	}
	if t.SkipVerify {
		v += ",insecureSkipVerify"
	}
	if t.Obsolete {
		v += ",allowObsolete"
	}
	return v
}

// cannotShow returns why a backend cannot be shown the certificate that it has to be shown, empty if it can.
func (t backendTLS) cannotShow(from authorities) string {
	if !t.MustShow {
		return ""
	}
	switch shown := from.shown[t.ClientCertificate]; {
	case shown == nil:
		return "there is no Secret " + t.ClientCertificate.Name + ", whose certificate it is to be shown"
	case shown.Chain == "" && t.CASecret == "":
		return "Secret " + t.ClientCertificate.Name + " holds no certificate that it could be shown: " + shown.Fault
	}
	return ""
}

// defaultServerName is what a certificate for a service in the cluster names.
func defaultServerName(service, namespace string) string { return service + "." + namespace + ".svc" }

// skipsVerification is the finding for a backend that has to prove nothing.
const skipsVerification = "its certificate is not verified, as insecureSkipVerify says"

// terms returns how to speak to a backend that speaks HTTPS, or why that cannot be done. The server name expected by
// default is the one under which clients in the cluster reach a Service: its certificate is made for that name.
func (b backend) terms(from authorities) (terms snapshot.UpstreamTLS, reason, finding string) {
	if b.tls.Policy != nil {
		return policyTerms(b.tls.Policy, from)
	}
	terms = snapshot.UpstreamTLS{
		ServerName: b.tls.ServerName, ServerNameFromRequest: b.tls.ServerNameFromRequest,
		SkipVerify: b.tls.SkipVerify, Obsolete: b.tls.Obsolete,
	}
	if terms.ServerName == "" {
		terms.ServerName = defaultServerName(b.service, b.namespace)
	}
	if address, err := netip.ParseAddr(terms.ServerName); err == nil {
		terms.ServerName = address.Unmap().String()
	}
	if terms.SkipVerify {
		return terms, "", skipsVerification
	}
	name, ok := b.tls.authorityName(b.namespace)
	if !ok {
		return terms, "", ""
	}
	kind := "Secret "
	if name.ConfigMap {
		kind = "ConfigMap "
	}
	authority := from.known[name]
	if !from.named(name) {
		return terms, v1alpha1.ReasonTooManyAuthorities, kind + name.Name + ", which it is to be verified by, is not read: the Ingresses of a " +
			"namespace may name 16 Secrets and ConfigMaps with authorities, and older ones name as many: put the certificates together into fewer"
	}
	switch {
	case authority == nil:
		return terms, v1alpha1.ReasonCANotFound, "there is no " + kind + name.Name + " to verify it by"
	case authority.Missing != "":
		return terms, v1alpha1.ReasonCANotFound, kind + name.Name + ", which it is to be verified by, " + authority.Missing
	case authority.Fault != "":
		reason = cmp.Or(authority.Reason, v1alpha1.ReasonCAInvalid)
		finding = kind + name.Name + ", which it is to be verified by: " + authority.Fault
		if authority.Certificates != "" {
			finding += "; what it held before goes on being used by the replicas that are not restarted"
		}
	case authority.LeftOut != "":
		finding = kind + name.Name + ", which it is verified by, is used without what is no certificate: " + authority.LeftOut
	}
	terms.Authorities = authority.Certificates
	return terms, reason, finding
}

// policyTerms returns how a policy has a backend spoken to, or why that cannot be done.
func policyTerms(p *rules.TLSPolicy, from authorities) (terms snapshot.UpstreamTLS, reason, finding string) {
	terms = snapshot.UpstreamTLS{ServerName: p.ServerName, AltNames: p.AltNames}
	if len(p.Authorities) == 0 {
		return terms, "", ""
	}
	var faults []string
	terms.Authorities, faults = from.known.join(p.Authorities)
	if terms.Authorities == "" {
		return terms, v1alpha1.ReasonNoEndpoints, "BackendTLSPolicy " + p.Name + ": " + strings.Join(rules.Bounded(faults), "; ")
	}
	return terms, "", ""
}
