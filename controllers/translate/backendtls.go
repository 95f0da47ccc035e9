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

// AuthorityName names a Secret or ConfigMap that has the certificates of the authorities that a backend's may come
// from.
type AuthorityName struct {
	ConfigMap bool
	types.NamespacedName
}

// Authority is what one of these was found to hold. It is immutable.
type Authority struct {
	Name AuthorityName
	// Missing and Fault say, for people, why there are no certificates: it is not there, or what it holds is none.
	Missing, Fault string
	// Reason is that of the conditions that tell of the fault. Empty: CAInvalid.
	Reason string
	// LeftOut says, for people, what is there beside the certificates and is none that can be read. Empty for nothing.
	LeftOut string
	// Certificates are PEM, one at least where there is no fault. Beside a fault they are those of the last version that
	// had none.
	Certificates string
}

// AuthoritiesPerNamespace is how many Secrets and ConfigMaps with authorities the objects of a namespace may name:
// each is watched and held, whether it is there or not.
const AuthoritiesPerNamespace = 16

// NamedAuthorities returns the names that the backends of an input's objects name: of each namespace so many as one may
// name, those of its oldest objects first.
func NamedAuthorities(in *Input) map[AuthorityName]struct{} {
	if !slices.ContainsFunc(in.Objects, namesAuthority) {
		return nil // and nothing is sorted
	}
	return namedAuthorities(claim(*in))
}

func namesAuthority(object *rules.Object) bool {
	for h := range object.Hosts {
		for r := range object.Hosts[h].Rules {
			if _, ok := backendTLSOf(&object.Hosts[h].Rules[r].Backend).authorityName(object.Namespace); ok {
				return true
			}
		}
	}
	return false
}

// namedAuthorities is NamedAuthorities for objects in the order of their age.
func namedAuthorities(objects []object) map[AuthorityName]struct{} {
	names := make(map[AuthorityName]struct{})
	count := make(map[string]int) // by namespace
	for i := range objects {
		o := &objects[i]
		for h := range o.Hosts {
			for r := range o.Hosts[h].Rules {
				name, ok := backendTLSOf(&o.Hosts[h].Rules[r].Backend).authorityName(o.Namespace)
				if _, known := names[name]; ok && !known && count[name.Namespace] < AuthoritiesPerNamespace {
					names[name] = struct{}{}
					count[name.Namespace]++
				}
			}
		}
	}
	return names
}

// authorities are what there is to verify backends by.
type authorities struct {
	known map[AuthorityName]*Authority
	// named are those that may be used.
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

// backendTLS is a backend's tls as it is written. Pools that differ in it have no connection in common.
type backendTLS rules.BackendTLS

// backendTLSOf returns what a backend has, the zero value where it does not speak HTTPS.
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

// variant is part of a pool's id.
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
	if t.SkipVerify {
		v += ",insecureSkipVerify"
	}
	return v
}

// skipsVerification is what there is to say about a backend that proves nothing.
const skipsVerification = "its certificate is not verified, as insecureSkipVerify says"

// terms returns how a backend that speaks HTTPS is spoken to, or why it cannot be. The name that is expected by default
// is the one under which the cluster's own clients reach a Service, and for which its certificate is therefore made.
func (b backend) terms(from authorities) (terms snapshot.UpstreamTLS, reason, finding string) {
	terms = snapshot.UpstreamTLS{ServerName: b.tls.ServerName, SkipVerify: b.tls.SkipVerify}
	if terms.ServerName == "" {
		terms.ServerName = b.service + "." + b.namespace + ".svc"
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
