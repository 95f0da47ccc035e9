// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"strconv"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// canary says which requests a canary gets, if ingress-nginx gave it others. There a canary was told from an ordinary
// backend by its service. One whose service and port some older Ingress of the namespace had already was never picked,
// and nothing said so.
func (a *auditor) canary(object *networkingv1.Ingress, o *rules.Object) []Finding {
	if o.Canary == nil {
		return nil
	}
	var found findings
	for h := range o.Hosts {
		host := &o.Hosts[h]
		for r := range host.Rules {
			refused := a.refused[place{o.RuleID(h, r), host.Name}]
			unused := refused != nil && refused.Reason == v1alpha1.ReasonCanaryUnused
			user, sure := a.userOf(object, o, &host.Rules[r])
			switch {
			case user != "" && !unused && refused == nil:
				text := "was never picked, would be now: Ingress " + user + " has its service as an ordinary backend"
				if !sure {
					text = "was never picked if Ingress " + user + " is older, which has its service as an ordinary backend; would be now"
				}
				found.add(Finding{Kind: FindingCanary, Verdict: Differs, Text: text}, pathOf(host, r))
			case user != "" && unused:
				found.add(Finding{Kind: FindingCanary, Verdict: Differs,
					Text: refused.Why + "; in ingress-nginx it was an ordinary path, or the answer for every unknown host, because Ingress " + user +
						" has its service as an ordinary backend"}, pathOf(host, r))
			case unused:
				found.add(Finding{Kind: FindingCanary, Verdict: Same, Text: refused.Why}, pathOf(host, r))
			}
		}
	}
	return found
}

// userOf returns the first other Ingress of the namespace that has the service of a canary's rule as an ordinary
// backend, unless it is younger. sure is set if it is older.
func (a *auditor) userOf(object *networkingv1.Ingress, o *rules.Object, rule *rules.Rule) (name string, sure bool) {
	if len(rule.Backends) == 0 {
		return "", false
	}
	of := &rule.Backends[0]
	for i, other := range a.objects {
		if other == o || other.Canary != nil || other.Namespace != o.Namespace || known(other, o) && rules.Older(other, o) > 0 {
			continue
		}
		if !uses(a.Ingresses[i], of) {
			continue
		}
		if older := known(other, o); name == "" || older && !sure {
			name, sure = object.Namespace+"/"+other.Name, older
		}
	}
	return name, sure
}

// known returns whether it is known which of two objects comes first. Those of files have no ages.
func known(a, b *rules.Object) bool { return !a.Created.IsZero() || !b.Created.IsZero() }

// displaced says which paths of an Ingress were not served in ingress-nginx: those whose service and port an Ingress
// before all others that have it made a canary's alone.
func (a *auditor) displaced(o *rules.Object) []Finding {
	if o.Canary != nil {
		return nil
	}
	var found findings
	for h := range o.Hosts {
		host := &o.Hosts[h]
		for r := range host.Rules {
			if len(host.Rules[r].Backends) == 0 {
				continue
			}
			b := &host.Rules[r].Backends[0]
			first := a.users[user{o.Namespace, b.Service, portText(b.PortName, b.Port)}]
			if first != nil && first.Canary != nil && known(first, o) {
				found.add(Finding{Kind: FindingCanary, Verdict: Differs, Text: "was not served, is now: the Ingress " + first.Namespace + "/" + first.Name +
					" comes first, and made its service a canary's alone"}, pathOf(host, r))
			}
		}
	}
	return found
}

// user is what a backend was known by in ingress-nginx.
type user struct{ namespace, service, port string }

// findUsers finds which Ingress is the first to have each service and port.
func (a *auditor) findUsers(byAge []*rules.Object) {
	a.users = make(map[user]*rules.Object)
	for _, o := range byAge {
		for h := range o.Hosts {
			for r := range o.Hosts[h].Rules {
				for i := range o.Hosts[h].Rules[r].Backends {
					b := &o.Hosts[h].Rules[r].Backends[i]
					if of := (user{o.Namespace, b.Service, portText(b.PortName, b.Port)}); a.users[of] == nil {
						a.users[of] = o
					}
				}
			}
		}
	}
}

// uses returns whether an Ingress has a service and its port as a backend.
func uses(object *networkingv1.Ingress, b *rules.Backend) bool {
	is := func(backend *networkingv1.IngressBackend) bool {
		if backend == nil || backend.Service == nil || backend.Service.Name != b.Service {
			return false
		}
		return portText(backend.Service.Port.Name, backend.Service.Port.Number) == portText(b.PortName, b.Port)
	}
	if is(object.Spec.DefaultBackend) {
		return true
	}
	for i := range object.Spec.Rules {
		if object.Spec.Rules[i].HTTP == nil {
			continue
		}
		for j := range object.Spec.Rules[i].HTTP.Paths {
			if is(&object.Spec.Rules[i].HTTP.Paths[j].Backend) {
				return true
			}
		}
	}
	return false
}

func portText(name string, number int32) string {
	if name != "" {
		return name
	}
	return strconv.Itoa(int(number))
}
