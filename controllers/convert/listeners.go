// SPDX-License-Identifier: Apache-2.0

package convert

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/rules"
)

// root is a host with the listeners that all hosts of a namespace below it share: what no rule of a host takes goes to
// less specific hosts of the same listener, as it goes to those of the same namespace today.
type root struct {
	name string
	// http and https are the names of the listeners. https is empty if no host has a certificate.
	http, https string
}

// roots returns the hosts of a namespace that need listeners of their own, sorted by name.
func (c *converter) roots(own []host) (roots []root) {
	for _, h := range own {
		over := func(r host) bool {
			return r.namespace == h.namespace && r.name != h.name && rules.Covers(r.name, h.name)
		}
		between := func(r host) bool {
			return slices.ContainsFunc(c.every, func(f host) bool {
				return f.namespace != h.namespace && f.name != r.name && f.name != h.name && rules.Covers(r.name, f.name) && rules.Covers(f.name, h.name)
			})
		}
		if slices.ContainsFunc(own, func(r host) bool { return over(r) && !between(r) }) {
			continue
		}
		if i := slices.IndexFunc(own, over); i >= 0 {
			c.lose("host "+shown(h.name), "what no rule of it takes goes to "+shown(own[i].name)+" today, and will be answered with 404: "+
				"a host of another namespace is between the two")
		}
		roots = append(roots, root{name: h.name})
	}
	for _, h := range own {
		if suffix, wildcard := strings.CutPrefix(h.name, "*"); wildcard {
			text := "the wildcard stands for exactly one label today, and will stand for any number of labels before " + suffix[1:]
			if slices.ContainsFunc(c.every, func(o host) bool { return o.name == "" }) {
				c.lose("host "+h.name, text+", which takes those hosts from the rules for every host")
			} else {
				c.note("host "+h.name, text)
			}
		}
	}
	return roots
}

// rootOf returns the most specific root of a host.
func rootOf(roots []root, name string) *root {
	var found *root
	for i := range roots {
		if r := &roots[i]; rules.Covers(r.name, name) && (found == nil || rules.Covers(found.name, r.name)) {
			found = r
		}
	}
	return found
}

// listeners makes the listeners of a root. only is set if the namespace has no other root.
func (c *converter) listeners(namespace string, r *root, only bool, terms *terms) []gatewayv1.Listener {
	suffix := ""
	if !only {
		suffix = "-" + strings.NewReplacer("*", "any", ".", "-").Replace(r.name)
		if r.name == "" {
			suffix = "-every"
		}
	}
	r.http = c.name("listener", namespace, "http"+suffix)
	plain := gatewayv1.Listener{Name: gatewayv1.SectionName(r.http), Port: c.HTTPPort, Protocol: gatewayv1.HTTPProtocolType}
	if r.name != "" {
		plain.Hostname = new(gatewayv1.Hostname(r.name))
	}
	list := []gatewayv1.Listener{plain}
	if secrets := terms.secrets(namespace, r.name); len(secrets) > 0 {
		r.https = c.name("listener", namespace, "https"+suffix)
		secure := plain
		secure.Name, secure.Port, secure.Protocol = gatewayv1.SectionName(r.https), c.HTTPSPort, gatewayv1.HTTPSProtocolType
		secure.TLS = &gatewayv1.ListenerTLSConfig{}
		for _, name := range secrets {
			secure.TLS.CertificateRefs = append(secure.TLS.CertificateRefs, gatewayv1.SecretObjectReference{Name: gatewayv1.ObjectName(name)})
		}
		list = append(list, secure)
	}
	return list
}

// parents returns what the routes of a host of the root are attached to. Those of a host that is redirected are served
// over HTTPS alone.
func (r *root) parents(gateway string, redirected bool) (refs []gatewayv1.ParentReference) {
	if !redirected {
		refs = append(refs, section(gateway, r.http))
	}
	if r.https != "" {
		refs = append(refs, section(gateway, r.https))
	}
	return refs
}

func section(gateway, listener string) gatewayv1.ParentReference {
	return gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway), SectionName: new(gatewayv1.SectionName(listener))}
}

// terms are what Ingresses and TLSCertificates say of TLS.
type terms struct {
	// redirects has what the oldest Ingress of a namespace that names a host says of plain requests.
	redirects map[host]bool
	// certificates are the Secrets, the oldest first, with the hosts that they are named for.
	certificates []certificate
}

type certificate struct {
	secret types.NamespacedName
	hosts  []string
}

// terms reads what the objects, the oldest first, say of TLS. A Secret that is not among the manifests counts as being
// there.
func (c *converter) terms(objects []*rules.Object) *terms {
	t := &terms{redirects: make(map[host]bool)}
	for _, o := range objects {
		for i := range o.Certificates {
			wish := &o.Certificates[i]
			hosts := wish.Hosts
			if len(hosts) == 0 {
				for h := range o.Hosts {
					if name := o.Hosts[h].Name; name != "" && !slices.Contains(hosts, name) {
						hosts = append(hosts, name)
					}
				}
			}
			t.certificates = append(t.certificates, certificate{secretOf(o.Namespace, wish.Secret), hosts})
			for _, name := range hosts {
				if _, ok := t.redirects[host{o.Namespace, name}]; !ok {
					t.redirects[host{o.Namespace, name}] = wish.Redirect
				}
			}
			if wish.Ordered {
				c.lose(o.Kind+" "+o.Namespace+"/"+o.Name, "no certificate is ordered for the listeners of Gateways: keep one in Secret "+wish.Secret+" by other means")
			}
		}
	}
	for _, o := range c.Made.TLSCertificates {
		found := certificate{secret: secretOf(o.Namespace, string(o.Spec.SecretName))}
		for _, name := range o.Spec.Hosts {
			found.hosts = append(found.hosts, string(name))
		}
		t.certificates = append(t.certificates, found)
	}
	return t
}

// redirected returns whether plain requests for a host of a namespace are redirected.
func (t *terms) redirected(namespace, name string) bool {
	wanted, ok := t.redirects[host{namespace, name}]
	if dot := strings.IndexByte(name, '.'); !ok && dot > 0 && !strings.HasPrefix(name, "*") {
		wanted = t.redirects[host{namespace, "*" + name[dot:]}]
	}
	return wanted && name != ""
}

// secrets returns the Secrets of a namespace that have certificates for hosts of a root.
func (t *terms) secrets(namespace, root string) (names []string) {
	for i := range t.certificates {
		c := &t.certificates[i]
		if c.secret.Namespace == namespace && !slices.Contains(names, c.secret.Name) && c.isFor(root) {
			names = append(names, c.secret.Name)
		}
	}
	return names
}

// isFor returns whether the certificate is named for a host, or for some of those that a name stands for.
func (c *certificate) isFor(name string) bool {
	return slices.ContainsFunc(c.hosts, func(of string) bool { return rules.Covers(name, of) || rules.Covers(of, name) })
}

func shown(name string) string {
	if name == "" {
		return "(every host)"
	}
	return name
}
