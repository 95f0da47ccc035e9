// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
)

// named are the Secrets that an object names, each with what it is for. Without one, requests get no further.
func named(o *rules.Object) map[types.NamespacedName]string {
	all := make(map[types.NamespacedName]string)
	add := func(name types.NamespacedName, what string) {
		if name.Name != "" {
			all[name] = what
		}
	}
	if c := o.ClientCertificate; c != nil && !c.Authorities.ConfigMap {
		add(c.Authorities.NamespacedName, "the authorities of clients' certificates")
	}
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			rule := &o.Hosts[h].Rules[r]
			for b := range rule.EachBackend() {
				if b.TLS != nil {
					add(b.TLS.ClientCertificate, "the certificate that backends are shown")
				}
			}
			if rule.Auth != nil && rule.Auth.Basic != nil {
				add(rule.Auth.Basic.Users.NamespacedName, "the users and their passwords")
			}
		}
	}
	return all
}

// lookForSecrets finds out which of the Secrets that the Ingresses name are there.
func (a *auditor) lookForSecrets() (note string) {
	if a.Secrets == nil {
		return ""
	}
	all := make(map[types.NamespacedName]string)
	for _, o := range a.objects {
		maps.Copy(all, named(o))
	}
	if len(all) == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(all), func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	there, err := a.Secrets(names)
	if err != nil {
		return "whether the Secrets are there that Ingresses name is not known: " + err.Error()
	}
	a.lacking = make(map[types.NamespacedName]bool)
	for _, name := range names {
		a.lacking[name] = !there[name]
	}
	return ""
}

// secrets tells of the Secrets that an object names, and that are not there. It was the same in ingress-nginx.
func (a *auditor) secrets(o *rules.Object) []Finding {
	var found findings
	all := named(o)
	for _, name := range slices.SortedFunc(maps.Keys(all), func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) }) {
		if a.lacking[name] {
			found.add(Finding{Kind: FindingSecret, Verdict: Same, Text: "Secret " + rules.Clip(name.String()) + ", which has " + all[name] +
				", was not found: without it no request passes, as in ingress-nginx"}, "")
		}
	}
	return found
}
