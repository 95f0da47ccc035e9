// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// findings are those of an Ingress. Paths of which the same is to be said are one finding.
type findings []Finding

// add adds a path to the finding that says the same, or a finding.
func (f *findings) add(found Finding, path string) {
	at := slices.IndexFunc(*f, func(o Finding) bool {
		return o.Kind == found.Kind && o.Verdict == found.Verdict && o.Text == found.Text
	})
	if at < 0 {
		at = len(*f)
		*f = append(*f, found)
	}
	if known := &(*f)[at]; path != "" && !slices.Contains(known.Paths, path) {
		known.Paths = append(known.Paths, path)
	}
}

// pathOf names a path of a host.
func pathOf(host *rules.Host, rule int) string {
	name := host.Name
	if name == "" {
		name = "(every host)"
	}
	if host.Where == "defaultBackend" {
		return name + " defaultBackend"
	}
	return name + host.Rules[rule].Match.Path
}

// paths says which paths of an object are not served.
func (a *auditor) paths(o *rules.Object, annotations []Annotation) []Finding {
	var found findings
	closing := slices.ContainsFunc(annotations, func(an Annotation) bool { return an.Verdict == Closes })
	for h := range o.Hosts {
		host := &o.Hosts[h]
		for r := range host.Rules {
			at := place{o.RuleID(h, r), host.Name}
			route, refused := a.routes[at], a.refused[at]
			switch {
			case refused != nil:
				if f, ok := a.notServed(host, refused); ok {
					found.add(f, pathOf(host, r))
				}
			case route != nil && route.Closed != "":
				text := "503: " + route.ClosedWhy
				if closing && o.Fault != nil && strings.Contains(route.ClosedWhy, o.Fault.Text) {
					text = "503, because of the annotations that close"
				}
				found.add(Finding{Kind: FindingClosed, Verdict: Closes, Text: text}, pathOf(host, r))
			}
		}
	}
	if o.Fault != nil && !closing && len(found) == 0 {
		found.add(Finding{Kind: FindingClosed, Verdict: Closes, Text: "503: " + o.Fault.Text}, "")
	}
	return found
}

// notServed says why a path is not served, and whether there is anything to say.
func (a *auditor) notServed(host *rules.Host, u *snapshot.Unserved) (Finding, bool) {
	switch u.Reason {
	case v1alpha1.ReasonCanaryUnused:
		return Finding{}, false // Something else says it.
	case v1alpha1.ReasonHostOwnedElsewhere:
		return Finding{Kind: FindingContested, Verdict: Contested, Text: u.Why + "; ingress-nginx served the paths of all namespaces"}, true
	case v1alpha1.ReasonPathConflict:
		if host.Default {
			return Finding{}, false // It is for what nothing else has.
		}
		if !a.others[host.Name] {
			return Finding{Kind: FindingOlder, Verdict: Same, Text: u.Why + "; it was so in ingress-nginx"}, true
		}
		return Finding{Kind: FindingContested, Verdict: Contested, Text: u.Why}, true
	case v1alpha1.ReasonPathClosed:
		return Finding{Kind: FindingClosed, Verdict: Closes, Text: "503: " + u.Why}, true
	}
	return Finding{Kind: FindingNotServed, Verdict: Refused, Text: u.Why}, true
}
