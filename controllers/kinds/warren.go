// SPDX-License-Identifier: Apache-2.0

package kinds

import (
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
	backend := readBackend(&p.Backend)
	backend.Service, backend.Port = string(p.Backend.ServiceName), int32(p.Backend.Port)
	rule := rules.Rule{Backends: r.backends.only(backend)}
	from := place{path: string(p.Path), pathType: p.PathType, guarded: guarded(p)}
	if rule.Match, rule.Fault = r.paths.match(&from); rule.Fault != nil {
		return rule
	}
	fault := r.terms(&rule, p)
	if fault == "" {
		fault = portFault(&backend)
	}
	rule.Fault = invalid(fault)
	return rule
}
