// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// AllowedHostsAnnotation on a Namespace lists the hosts that it may have: names and wildcards, separated by commas.
const AllowedHostsAnnotation = "ingress.warren.dev/allowed-hosts"

// everyHost is the pattern that allows all hosts, including the rules for every host.
const everyHost = "*"

// allowances knows which hosts each namespace may have.
type allowances struct {
	texts    map[string]*string
	required bool
	// read has the allowances that were asked for.
	read map[string]*allowance
}

// allowance is the hosts that one namespace may have. Nil allows every host.
type allowance struct {
	// annotated is set if the namespace has the annotation. unknown is set if it is not known what any namespace has.
	// unseen is set if this one's Namespace has not been read yet.
	annotated, unknown, unseen bool
	patterns                   []string
	// unreadable are the patterns that allow nothing, because it is not clear what they were meant to allow.
	unreadable []string
}

func newAllowances(in *Input) *allowances {
	return &allowances{texts: in.AllowedHosts, required: in.Options.RequireAllowedHosts, read: make(map[string]*allowance)}
}

func (a *allowances) of(namespace string) *allowance {
	text, seen := a.texts[namespace]
	switch unseen := a.texts != nil && !seen; {
	case unseen:
		return &allowance{unseen: true}
	case text == nil && a.required:
		return &allowance{unknown: a.texts == nil}
	case text == nil:
		return nil
	}
	if read, ok := a.read[namespace]; ok {
		return read
	}
	read := &allowance{annotated: true}
	for written := range strings.SplitSeq(*text, ",") {
		written = strings.TrimSpace(written)
		switch pattern := strings.ToLower(written); {
		case written == "":
		case pattern == everyHost || rules.ValidHost(pattern):
			read.patterns = append(read.patterns, pattern)
		default:
			read.unreadable = append(read.unreadable, written)
		}
	}
	a.read[namespace] = read
	return read
}

// allows returns whether a namespace may have a host.
func (a *allowances) allows(namespace, host string) bool { return a.of(namespace).allows(host) }

// allows returns whether a pattern allows the host. A wildcard allows every host that ends in what follows its star,
// with any number of labels before that, and such wildcards too.
func (a *allowance) allows(host string) bool {
	return a == nil || slices.ContainsFunc(a.patterns, func(pattern string) bool {
		suffix, wildcard := strings.CutPrefix(pattern, "*")
		return pattern == host || wildcard && strings.HasSuffix(host, suffix)
	})
}

// forbids returns whether the namespace is known not to have the right to the host. An allowance that is not known
// forbids nothing, and allows nothing.
func (a *allowance) forbids(host string) bool {
	return a != nil && !a.unknown && !a.unseen && !a.allows(host)
}

// Forbidden returns a function that returns whether a namespace is known not to have the right to a host.
func Forbidden(in *Input) func(namespace, host string) bool {
	allowed := newAllowances(in)
	return func(namespace, host string) bool { return allowed.of(namespace).forbids(host) }
}

// refusal returns why a namespace may not have a host, and who can change that.
func (a *allowance) refusal(name string) string {
	who := "host " + rules.Quote(name)
	if name == "" {
		who = "the empty host, which is every host,"
	}
	const ask = "the cluster's administrator can change it"
	text := who + " is none that this namespace may have: "
	switch {
	case a.unseen:
		return who + " waits until the controller has read the Namespace, which says what is allowed"
	case a.unknown:
		return text + "the controller was told to ask Namespaces for that, and may not read them; " + ask
	case !a.annotated:
		return text + "the controller serves hosts alone that the Namespace's annotation " + AllowedHostsAnnotation +
			" allows, and it has none; " + ask
	case len(a.patterns) == 0:
		text += "the Namespace's annotation " + AllowedHostsAnnotation + " allows none"
	default:
		text += "the Namespace's annotation " + AllowedHostsAnnotation + " allows " + rules.ListNames(a.patterns)
	}
	if len(a.unreadable) > 0 {
		text += ", and what it says of " + rules.ListNames(a.unreadable) + ` cannot be read: write names such as "shop.example.com" or ` +
			`"*.team.example.com", with commas between them`
	}
	return text + "; " + ask
}

// notAllowed returns the problem of a rule whose host its namespace may not have.
func (h *hosts) notAllowed(entry int, namespace, name string) problem {
	return problem{entry: entry, rule: wholeHost, unserved: true, reason: v1alpha1.ReasonHostNotAllowed,
		text: h.allowed.of(namespace).refusal(name)}
}

// UnreadableAllowedHosts returns the parts of an annotation that allow nothing because they cannot be read.
func UnreadableAllowedHosts(text string) []string {
	a := allowances{texts: map[string]*string{"": &text}, read: make(map[string]*allowance)}
	return a.of("").unreadable
}
