// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// AuthorityName names a Secret or ConfigMap with the certificates of authorities that may have issued a backend's
// certificate.
type AuthorityName struct {
	ConfigMap bool
	types.NamespacedName
}

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
}

// AuthoritiesPerNamespace is how many Secrets and ConfigMaps with authorities the objects of a namespace may name. Each
// is watched and held, whether it exists or not.
const AuthoritiesPerNamespace = 16

// NamedAuthorities returns the authorities that backends in an input name: at most AuthoritiesPerNamespace of each
// namespace, those of its oldest objects first.
func NamedAuthorities(in *Input) map[AuthorityName]struct{} {
	if !slices.ContainsFunc(in.Objects, namesAuthority) {
		return nil // without sorting anything
	}
	return namedAuthorities(claim(*in))
}

func namesAuthority(object *rules.Object) bool {
	for h := range object.Hosts {
		for r := range object.Hosts[h].Rules {
			for b := range object.Hosts[h].Rules[r].EachBackend() {
				if _, ok := authorityOf(object, b); ok {
					return true
				}
			}
		}
	}
	return false
}

// authorityOf returns the authority that a backend of an object names.
func authorityOf(object *rules.Object, b *rules.Backend) (name AuthorityName, ok bool) {
	return backendTLSOf(b).authorityName(object.NamespaceOf(b))
}

// namedAuthorities is NamedAuthorities for objects that are sorted by age.
func namedAuthorities(objects []object) map[AuthorityName]struct{} {
	names := make(map[AuthorityName]struct{})
	count := make(map[string]int) // by namespace
	for i := range objects {
		o := &objects[i]
		for h := range o.Hosts {
			for r := range o.Hosts[h].Rules {
				for b := range o.Hosts[h].Rules[r].EachBackend() {
					name, ok := authorityOf(o.Object, b)
					if _, known := names[name]; ok && !known && count[name.Namespace] < AuthoritiesPerNamespace {
						names[name] = struct{}{}
						count[name.Namespace]++
					}
				}
			}
		}
	}
	return names
}

// authorities are the authorities that backends can be verified by.
type authorities struct {
	known map[AuthorityName]*Authority
	// named are the authorities that may be used.
	named map[AuthorityName]struct{}
}

func newAuthorities(in Input, objects []object, pools []pool) authorities {
	named := false
	for i := range pools {
		named = named || pools[i].backend.tls.CASecret != "" || pools[i].backend.tls.CAConfigMap != ""
	}
	if !named {
		return authorities{}
	}
	a := authorities{known: make(map[AuthorityName]*Authority, len(in.Authorities)), named: namedAuthorities(objects)}
	for _, authority := range in.Authorities {
		a.known[authority.Name] = authority
	}
	return a
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

// defaultServerName is what a certificate for a service in the cluster names.
func defaultServerName(service, namespace string) string { return service + "." + namespace + ".svc" }

// skipsVerification is the finding for a backend that has to prove nothing.
const skipsVerification = "its certificate is not verified, as insecureSkipVerify says"

// terms returns how to speak to a backend that speaks HTTPS, or why that cannot be done. The server name expected by
// default is the one under which clients in the cluster reach a Service: its certificate is made for that name.
func (b backend) terms(from authorities) (terms snapshot.UpstreamTLS, reason, finding string) {
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
	if _, ok := from.named[name]; !ok {
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
