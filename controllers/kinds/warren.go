// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// ReadWarren reads an Ingress of this API.
func ReadWarren(object *v1alpha1.Ingress) *rules.Object {
	o := identify(v1alpha1.IngressKind, object)
	o.ID = object.Namespace + "/" + object.Name
	o.Hosts = make([]rules.Host, len(object.Spec.Rules))
	r := ruleReader{backends: make(backendList, 0, countPaths(object))}
	for i := range object.Spec.Rules {
		from := &object.Spec.Rules[i]
		where := "rules[" + strconv.Itoa(i) + "]"
		o.Hosts[i] = rules.Host{Name: string(from.Host), Where: where, Index: i, Rules: make([]rules.Rule, len(from.Paths))}
		for j := range from.Paths {
			rule := &o.Hosts[i].Rules[j]
			*rule = r.warrenRule(&from.Paths[j])
			rule.Where = where + ".paths[" + strconv.Itoa(j) + "]"
		}
	}
	if tls := object.Spec.TLS; tls != nil {
		o.Certificates = []rules.Wish{{
			Secret: secretName(string(tls.SecretName), object.Name), Hosts: texts(tls.Hosts),
			Redirect: tls.RedirectHTTP == nil || *tls.RedirectHTTP, Ordered: tls.AutoSSL, Email: string(tls.Email),
		}}
		if tls.ClientCertificate != nil {
			o.ClientCertificate = readClientCertificate(tls.ClientCertificate, object.Namespace)
			o.ClientCertificate.Hosts = texts(tls.Hosts)
		}
	}
	return o
}

func countPaths(object *v1alpha1.Ingress) (n int) {
	for i := range object.Spec.Rules {
		n += len(object.Spec.Rules[i].Paths)
	}
	return n
}

func (r *ruleReader) warrenRule(p *v1alpha1.IngressPath) rules.Rule {
	backends, backendFault := r.readBackends(p)
	rule := rules.Rule{Backends: backends}
	from := place{path: string(p.Path), pathType: p.PathType, guarded: guarded(p)}
	if rule.Match, rule.Fault = r.paths.match(&from); rule.Fault != nil {
		return rule
	}
	conditions, fault := readConditions(p)
	if fault != "" {
		// It is not known which requests of its place the rule is for. Only one that may keep clients out closes all of them.
		if rule.Fault = invalid(fault); !from.guarded {
			rule.Fault = &rules.Fault{Text: fault}
		}
		return rule
	}
	rule.Match.Conditions = conditions
	rule.Fault = invalid(cmp.Or(r.terms(&rule, p), backendFault))
	rule.Expressions = Expressions(&rule)
	return rule
}

// readBackends reads what serves a path: one backend, several, or none if the path answers by itself. It returns what
// is wrong with the first that cannot be read.
func (r *ruleReader) readBackends(p *v1alpha1.IngressPath) (backends []rules.Backend, fault string) {
	answers := p.Redirect != nil || p.FixedResponse != nil
	switch named := p.Backend != (v1alpha1.IngressBackend{}); {
	case p.Redirect != nil && p.FixedResponse != nil:
		return nil, "the path has both redirect and fixedResponse: write one of them"
	case answers && (named || len(p.Backends) > 0):
		return nil, "the path answers by itself, and names a backend: write one of the two"
	case answers:
		return nil, ""
	case len(p.Backends) == 0:
		backend := readBackend(&p.Backend)
		backend.Service, backend.Port = string(p.Backend.ServiceName), int32(p.Backend.Port)
		return r.backends.only(backend), portFault(&backend)
	case named:
		return nil, "the path has both backend and backends: write one of them"
	case len(p.Backends) > maxBackends:
		return nil, "the path has more than " + strconv.Itoa(maxBackends) + " backends: write fewer"
	}
	backends = make([]rules.Backend, len(p.Backends))
	for i := range p.Backends {
		read, wrong := readWeighted("backends["+strconv.Itoa(i)+"]", &p.Backends[i])
		backends[i], fault = read, cmp.Or(fault, wrong)
	}
	return backends, fault
}

// maxBackends bounds the backends of a path, as the schema does.
const maxBackends = 16
