// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// What stands in this file is for the reader of another package: that of Ingresses written for ingress-nginx.

// Annotated is what our own annotations on a standard Ingress ask for. It is for a reader that takes those of another
// controller for the rest.
type Annotated struct {
	asked
	rule    rules.Rule
	backend rules.Backend
	says    map[string]bool
}

// ReadAnnotated reads our annotations, and leaves out those of other controllers.
func ReadAnnotated(object *networkingv1.Ingress) *Annotated {
	a := &Annotated{says: make(map[string]bool)}
	a.readOwn(object.Annotations)
	for name := range object.Annotations {
		if short, ours := strings.CutPrefix(name, annotationPrefix); ours {
			a.says[short] = true
		}
	}
	if a.fault == "" {
		a.fault = new(ruleReader).terms(&a.rule, &a.policies)
	}
	a.backend = readBackend(&a.policies.Backend)
	return a
}

// Fault says what is wrong with the annotations. It is empty if nothing is.
func (a *Annotated) Fault() string { return a.fault }

// Ignored lists the annotations of other controllers that the Ingress is served without, as its author asks.
func (a *Annotated) Ignored() []string { return a.ignore }

// MayGuard returns whether the annotations may say who gets in.
func (a *Annotated) MayGuard() bool { return guarded(&a.policies) }

// Certificates returns the certificates that the Ingress asks for. A fault in them is one of the annotations.
func (a *Annotated) Certificates(object *networkingv1.Ingress) []rules.Wish {
	return a.certificates(object)
}

// ClientCertificate returns what the clients of the Ingress's hosts have to show, nil for nothing.
func (a *Annotated) ClientCertificate(namespace string) *rules.ClientCertificate {
	return a.clients(namespace)
}

// ClosesHosts returns whether a fault of the annotations is about the hosts as a whole.
func (a *Annotated) ClosesHosts() bool { return a.closesHosts }

// Apply has what the annotations say take the place of what a rule and its backends have already. Of header fields,
// only those take another's place that have its name.
func (a *Annotated) Apply(rule *rules.Rule) {
	list := policies{list: slices.Clone(rule.Policies)}
	for _, said := range a.rule.Policies {
		if then, ok := said.(*policy.Headers); ok {
			said = headersAfter(list.list, then)
		}
		list.list = slices.DeleteFunc(list.list, func(p policy.Policy) bool { return policy.Place(p) == policy.Place(said) })
		list.add(said, "")
	}
	rule.Policies = list.list
	if a.rule.Auth != nil {
		rule.Auth = a.rule.Auth
	}
	if a.rule.Balancing != nil {
		rule.Balancing = a.rule.Balancing
	}
	if a.rule.Mirrors != nil {
		rule.Mirrors = a.rule.Mirrors
	}
	if a.rule.ErrorPages != nil {
		rule.ErrorPages = a.rule.ErrorPages
	}
	if a.rule.Persistence != nil {
		rule.Persistence = a.rule.Persistence
	}
	if a.says["timeouts"] {
		rule.Timeouts = a.rule.Timeouts
	}
	if a.says["retries"] {
		rule.Retries, rule.Retry = a.rule.Retries, a.rule.Retry
	}
	rule.Canonical = rule.Canonical || a.rule.Canonical
	if a.says["backend-protocol"] || a.says["backend-tls"] {
		for i := range rule.Backends {
			rule.Backends[i].Protocol, rule.Backends[i].TLS = a.backend.Protocol, a.backend.TLS
		}
	}
}

// headersAfter returns headers that change what those among policies have changed already.
func headersAfter(list []policy.Policy, then *policy.Headers) *policy.Headers {
	for _, p := range list {
		if first, ok := p.(*policy.Headers); ok {
			return &policy.Headers{Request: changesAfter(&first.Request, &then.Request), Response: changesAfter(&first.Response, &then.Response)}
		}
	}
	return then
}

// changesAfter returns changes that do what one does and then another.
func changesAfter(first, then *policy.HeaderChanges) (both policy.HeaderChanges) {
	replaced := namesOf(then.Set)
	for _, name := range then.Remove {
		replaced[name] = true
	}
	both.Set = joinHeaders(first.Set, replaced, then.Set)
	both.Add = joinHeaders(first.Add, replaced, nil)
	both.Append = joinHeaders(first.Append, replaced, then.Append)
	both.Remove = slices.DeleteFunc(slices.Clone(first.Remove), func(name string) bool { return replaced[name] })
	both.Remove = sortNames(append(both.Remove, then.Remove...))
	both.Add = joinHeaders(then.Add, namesOf(slices.Concat(both.Set, both.Add)), both.Add) // Those are there by then.
	return both
}

// namesOf returns the names of fields in lower case.
func namesOf(list []policy.Header) map[string]bool {
	names := make(map[string]bool, len(list))
	for _, h := range list {
		names[strings.ToLower(h.Name)] = true
	}
	return names
}

// joinHeaders returns the fields of a list without those of some names, and more fields, sorted by name.
func joinHeaders(list []policy.Header, without map[string]bool, more []policy.Header) []policy.Header {
	kept := slices.DeleteFunc(slices.Clone(list), func(h policy.Header) bool { return without[strings.ToLower(h.Name)] })
	kept = append(kept, more...)
	slices.SortStableFunc(kept, func(a, b policy.Header) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return kept
}

// LiteralMatch returns which requests a path is for that is compared as it is, or what is wrong with it.
func LiteralMatch(path string, exact bool) (match rules.Match, fault string) {
	pathType := v1alpha1.PathTypePrefix
	if exact {
		pathType = v1alpha1.PathTypeExact
	}
	match.Path, match.Type, fault = new(pathReader).read(clientSpelling(path), pathType)
	if fault != "" {
		match.Path = path
	}
	match.Senseless = fault != ""
	return match, fault
}

// CanonicalPath returns the canonical form of a path that is to be forwarded or redirected to, or what is wrong with
// it.
func CanonicalPath(path string) (canonical, fault string) {
	canonical, err := new(pathReader).canonical(path)
	if err != nil {
		return "", rules.Quote(path) + " cannot be the path of a request: " + pathFault(path, err)
	}
	return canonical, ""
}

// Alternates returns whether an expression may have alternatives that do not begin as it does.
func Alternates(expression string) bool { return alternates(expression) }

// SoundsLikeAccess returns whether the name of an annotation, without its prefix, suggests that it says who gets in.
func SoundsLikeAccess(name string) bool { return foreignKind.MatchString(strings.ToLower(name)) }

// AddressRange parses an address, or a range of addresses as a CIDR.
func AddressRange(text string) (netip.Prefix, bool) { return readRange(text) }

// HeaderFault returns why a header field cannot be put into a message, or nothing.
func HeaderFault(name, value string) string {
	switch {
	case !IsToken(name):
		return rules.Quote(name) + " is no name of a header field: write letters, digits and hyphens"
	case ownHeader(strings.ToLower(name)):
		return rules.Quote(name) + " is a field that the proxy writes itself: leave it out"
	case strings.ContainsFunc(value, isControl):
		return "the value of " + rules.Quote(name) + " has a control character, a line break perhaps: leave it out"
	}
	return ""
}

// IsAuthority returns whether a text is a host with an optional port.
func IsAuthority(text string) bool { return text != "" && validAuthority(text) }
