// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy"
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

// AuthoritiesPerNamespace is how many Secrets and ConfigMaps with authorities the Ingresses of a namespace may name:
// each is watched and held, whether it is there or not.
const AuthoritiesPerNamespace = 16

// NamedAuthorities returns the names that the backends of an input's Ingresses name, as far as they are ours: of each
// namespace so many as one may name, those of its oldest Ingresses first.
func NamedAuthorities(in *Input) map[AuthorityName]struct{} {
	named := slices.ContainsFunc(in.Ingresses, namesAuthority) ||
		slices.ContainsFunc(in.Standard, func(s *Standard) bool { return namesAuthority(s.object) })
	if !named {
		return nil // and nothing is sorted
	}
	return namedAuthorities(claim(*in))
}

func namesAuthority(object *v1alpha1.Ingress) bool {
	for r := range object.Spec.Rules {
		for p := range object.Spec.Rules[r].Paths {
			if _, ok := backendTLSOf(&object.Spec.Rules[r].Paths[p].Backend).authorityName(object.Namespace); ok {
				return true
			}
		}
	}
	return false
}

// namedAuthorities is NamedAuthorities for Ingresses in the order of their age.
func namedAuthorities(ingresses []ingress) map[AuthorityName]struct{} {
	names := make(map[AuthorityName]struct{})
	count := make(map[string]int) // by namespace
	for i := range ingresses {
		object := ingresses[i].object
		for r := range object.Spec.Rules {
			for p := range object.Spec.Rules[r].Paths {
				name, ok := backendTLSOf(&object.Spec.Rules[r].Paths[p].Backend).authorityName(object.Namespace)
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

func newAuthorities(in Input, ingresses []ingress, pools []pool) authorities {
	named := false
	for i := range pools {
		named = named || pools[i].backend.tls.caSecret != "" || pools[i].backend.tls.caConfigMap != ""
	}
	if !named {
		return authorities{}
	}
	a := authorities{known: make(map[AuthorityName]*Authority, len(in.Authorities)), named: namedAuthorities(ingresses)}
	for _, authority := range in.Authorities {
		a.known[authority.Name] = authority
	}
	return a
}

// backendTLS is a backend's tls as it is written. Pools that differ in it have no connection in common.
type backendTLS struct {
	caSecret, caConfigMap, serverName string
	skipVerify                        bool
}

// backendTLSOf returns what a backend has, the zero value where it does not speak HTTPS.
func backendTLSOf(b *v1alpha1.IngressBackend) backendTLS {
	if b.Protocol != v1alpha1.ProtocolHTTPS || b.TLS == nil {
		return backendTLS{}
	}
	return backendTLS{
		caSecret: string(b.TLS.CASecretName), caConfigMap: string(b.TLS.CAConfigMapName),
		serverName: string(b.TLS.ServerName), skipVerify: b.TLS.InsecureSkipVerify,
	}
}

// backendTLSFault says what is wrong with a backend's tls. Like all that is wrong with one path alone, the API refuses
// it beforehand.
func backendTLSFault(b *v1alpha1.IngressBackend) string {
	t := b.TLS
	switch {
	case t == nil:
		return ""
	case b.Protocol != v1alpha1.ProtocolHTTPS:
		return "backend.tls is for protocol HTTPS: write that, or leave tls out"
	case t.CASecretName != "" && t.CAConfigMapName != "":
		return "backend.tls has caSecretName and caConfigMapName: write one of the two"
	case t.InsecureSkipVerify && (t.CASecretName != "" || t.CAConfigMapName != ""):
		return "backend.tls has insecureSkipVerify and names an authority: write one of the two"
	case !validReference(string(t.CASecretName)) || !validReference(string(t.CAConfigMapName)):
		return "backend.tls names an authority that cannot be there: write the name of a Secret or ConfigMap, such as backend-ca"
	case !validReference(string(t.ServerName)) && !isAddress(string(t.ServerName)):
		return "backend.tls.serverName " + rules.Quote(string(t.ServerName)) + " is neither a DNS name nor an address: write what the backend's certificate is for"
	}
	return ""
}

// validReference says whether a text is empty, or a name that an object or a server may have.
func validReference(name string) bool { return rules.ValidHost(name) && !strings.HasPrefix(name, "*") }

func isAddress(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}

func (t backendTLS) authorityName(namespace string) (name AuthorityName, ok bool) {
	name.Namespace, name.Name = namespace, t.caSecret
	if t.caConfigMap != "" {
		name.ConfigMap, name.Name = true, t.caConfigMap
	}
	return name, name.Name != ""
}

// variant is part of a pool's id.
func (t backendTLS) variant() string {
	v := string(v1alpha1.ProtocolHTTPS)
	switch {
	case t.caConfigMap != "":
		v += ",caConfigMapName=" + t.caConfigMap
	case t.caSecret != "":
		v += ",caSecretName=" + t.caSecret
	}
	if t.serverName != "" {
		v += ",serverName=" + t.serverName
	}
	if t.skipVerify {
		v += ",insecureSkipVerify"
	}
	return v
}

// skipsVerification is what there is to say about a backend that proves nothing.
const skipsVerification = "its certificate is not verified, as insecureSkipVerify says"

// terms returns how a backend that speaks HTTPS is spoken to, or why it cannot be. The name that is expected by default
// is the one under which the cluster's own clients reach a Service, and for which its certificate is therefore made.
func (b backend) terms(from authorities) (terms proxy.UpstreamTLS, reason, finding string) {
	terms = proxy.UpstreamTLS{ServerName: b.tls.serverName, SkipVerify: b.tls.skipVerify}
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
