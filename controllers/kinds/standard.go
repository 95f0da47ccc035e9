// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// StandardKind is the kind in reports on Ingresses of networking.k8s.io.
const StandardKind = "Ingress.networking.k8s.io"

// ReadStandard reads an Ingress of networking.k8s.io. Its annotations are YAML: reading them takes longer than all the
// rest of a build takes for an Ingress.
func ReadStandard(object *networkingv1.Ingress) *rules.Object {
	o := identify(StandardKind, object)
	o.ID = networkingv1.GroupName + "/" + object.Namespace + "/" + object.Name
	asked := readAnnotations(object)
	o.ClosesHosts, o.Unheeded = asked.closesHosts, unheeded(asked.unheeded)
	if !asked.ignored {
		o.Certificates = asked.certificates(object)
		o.ClientCertificate = asked.clients(object.Namespace)
		o.Hosts = asked.hosts(&object.Spec)
	}
	if asked.fault != "" {
		o.Fault = &rules.Fault{Text: asked.fault, Closing: asked.closed}
	}
	return o
}

// close closes all paths, unless a fault has closed them already.
func (a *asked) close(fault string) {
	if a.fault == "" {
		a.fault, a.closed = fault, rules.InvalidRule
	}
}

// hosts reads the rules, and appends what the default backend stands for: one rule for each host of the Ingress, or for
// every host if the Ingress has no rules. That rule gets what no other path matches.
func (a *asked) hosts(spec *networkingv1.IngressSpec) []rules.Host {
	r := standardReader{asked: a, backend: readBackend(&a.policies.Backend)}
	r.backends = make(backendList, 0, countStandardPaths(spec)+1)
	if a.fault != "" { // The object reports that fault already.
		r.like.Fault = &rules.Fault{Closing: a.closed}
	} else {
		r.like.Fault = invalid(r.terms(&r.like, &a.policies))
		r.like.Expressions = Expressions(&r.like)
	}
	hosts := make([]rules.Host, 0, len(spec.Rules))
	for i := range spec.Rules {
		host := rules.Host{Name: spec.Rules[i].Host, Where: "rules[" + strconv.Itoa(i) + "]", Index: i}
		if http := spec.Rules[i].HTTP; http != nil {
			host.Rules = make([]rules.Rule, len(http.Paths))
			for j := range http.Paths {
				host.Rules[j] = r.rule(&http.Paths[j])
				host.Rules[j].Where = host.Where + ".http.paths[" + strconv.Itoa(j) + "]"
			}
		}
		hosts = append(hosts, host)
	}
	if spec.DefaultBackend == nil {
		return hosts
	}
	last := r.like
	last.Where, last.Match.Path = defaultBackend, "/"
	r.lead(&last, spec.DefaultBackend)
	for _, name := range hostNames(spec) {
		hosts = append(hosts, rules.Host{Name: name, Where: defaultBackend, Index: -1, Default: true, Rules: []rules.Rule{last}})
	}
	return hosts
}

func countStandardPaths(spec *networkingv1.IngressSpec) (n int) {
	for i := range spec.Rules {
		if http := spec.Rules[i].HTTP; http != nil {
			n += len(http.Paths)
		}
	}
	return n
}

// defaultBackend is where authors find the rules of the default backend. Logs have -1 for it.
const defaultBackend = "defaultBackend"

// hostNames returns the hosts of an Ingress, each once, or the empty host, which stands for every host, if it has no
// rules.
func hostNames(spec *networkingv1.IngressSpec) (names []string) {
	for i := range spec.Rules {
		if name := spec.Rules[i].Host; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return []string{""}
	}
	return names
}

// standardReader reads the rules of one standard Ingress.
type standardReader struct {
	ruleReader
	asked *asked
	// like and backend have what all rules and their backends have in common.
	like    rules.Rule
	backend rules.Backend
}

// rule reads a path. ImplementationSpecific is compared like Prefix.
func (r *standardReader) rule(p *networkingv1.HTTPIngressPath) rules.Rule {
	rule := r.like
	from := place{path: p.Path, pathType: v1alpha1.PathTypePrefix, guarded: r.asked.fault != "" || guarded(&r.asked.policies)}
	switch {
	case p.PathType == nil || *p.PathType == networkingv1.PathTypeImplementationSpecific:
		if p.Path == "" { // No other type allows this.
			from.path = "/"
		}
		from.pattern = strings.ContainsAny(p.Path, `*()[]{}^$|\`) || strings.Contains(p.Path, "?") && WrittenAsExpression(p.Path)
	case *p.PathType != networkingv1.PathTypePrefix:
		from.pathType = v1alpha1.PathType(*p.PathType)
	}
	from.regex = r.asked.regex && strings.ContainsAny(p.Path, `*+?()[]{}^$|\`)
	if !from.pattern {
		from.path = clientSpelling(from.path)
	}
	r.lead(&rule, &p.Backend)
	match, fault := r.paths.match(&from)
	if rule.Match = match; fault != nil {
		rule.Fault = fault
	}
	return rule
}

// lead sets the backend of a rule.
func (r *standardReader) lead(rule *rules.Rule, to *networkingv1.IngressBackend) {
	fault := "backend.resource is not supported: name a Service under backend.service"
	backend := r.backend
	if to.Service != nil {
		backend.Service, backend.Port, backend.PortName = to.Service.Name, to.Service.Port.Number, to.Service.Port.Name
		fault = portFault(&backend)
	}
	if policy.Answers(rule.Policies) {
		return // An annotation answers in place of the backend, which the API demands.
	}
	rule.Backends = r.backends.only(backend)
	if rule.Fault == nil && fault != "" {
		rule.Fault = invalid(fault)
	}
}

// maxCertificateHosts is how many hosts the schema allows in a TLSCertificate.
const maxCertificateHosts = 64

// certificates returns the certificates that the Ingress asks for. A fault in them closes all paths.
func (a *asked) certificates(object *networkingv1.Ingress) (wishes []rules.Wish) {
	if a.autoSSL {
		wish, fault := a.ordered(object)
		if fault == "" {
			return []rules.Wish{wish}
		}
		a.close("annotation " + autoSSLAnnotation + ": " + fault)
	}
	for i := range object.Spec.TLS {
		// Without a Secret, the hosts get the certificate that is served for names without one.
		if tls := &object.Spec.TLS[i]; tls.SecretName != "" {
			wishes = append(wishes, rules.Wish{Secret: tls.SecretName, Hosts: slices.Clone(tls.Hosts), Redirect: a.redirectHTTP})
		}
	}
	if a.redirectHTTP && len(wishes) == 0 {
		a.close("annotation " + redirectAnnotation + ": it is true, and there is nothing to redirect to: name a Secret under tls, or take the annotation off")
	}
	return wishes
}

// ordered returns the certificate that is ordered for an Ingress, or why none can be. It accepts only what the schemas
// of this API's Ingress and of TLSCertificate would accept.
func (a *asked) ordered(object *networkingv1.Ingress) (wish rules.Wish, fault string) {
	wish = rules.Wish{Secret: secretName("", object.Name), Redirect: a.redirectHTTP, Ordered: true, Email: a.email}
	switch from := object.Spec.TLS; len(from) {
	case 0:
	case 1:
		wish.Secret, wish.Hosts = secretName(from[0].SecretName, object.Name), slices.Clone(from[0].Hosts)
	default:
		return wish, "it orders one certificate, and tls asks for several: make an Ingress for each"
	}
	hosts := make(map[string]bool)
	for _, host := range wish.Hosts {
		hosts[host] = true
	}
	for i := range object.Spec.Rules {
		if host := object.Spec.Rules[i].Host; len(wish.Hosts) == 0 && host != "" {
			hosts[host] = true
		}
	}
	if len(hosts) == 0 {
		return wish, "it needs a host to order a certificate for: list it under tls.hosts"
	}
	if len(wish.Secret) > validation.DNS1123SubdomainMaxLength {
		return wish, "the name of this Ingress is too long to derive the name of a Secret from: write secretName under tls"
	}
	if len(hosts) > maxCertificateHosts {
		return wish, "it orders for at most " + strconv.Itoa(maxCertificateHosts) + " hosts: make several Ingresses of this one"
	}
	for _, host := range slices.Sorted(maps.Keys(hosts)) {
		switch {
		case strings.HasPrefix(host, "*"):
			return wish, "it cannot order a certificate for the wildcard host " + rules.Quote(host) + ", which HTTP-01 cannot prove: list exact hosts under tls.hosts, " +
				"or take the annotation off and name a Secret"
		case !rules.ValidHost(host):
			return wish, "it cannot order a certificate for " + rules.Quote(host) + ", which is no name: list others under tls.hosts"
		}
	}
	return wish, ""
}
