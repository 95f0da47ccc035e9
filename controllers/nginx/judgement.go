// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
)

// Judgement is what becomes of one annotation of an Ingress.
type Judgement struct {
	// Name is without the prefix. Value is as it is written.
	Name, Value string
	// Known is its entry in [Annotations]. Nil for a name that is not known.
	Known *Name
	// Closes is set if it closes the paths, and Unread if its value cannot be read, or not be kept, and counts as not
	// written. Text says why, and what to write instead.
	Closes, Unread bool
	Text           string
	// Ignored is set if the Ingress asks to be served without it, and Unused if it is no canary's and stands on a canary.
	Ignored, Unused bool
}

// Judge says what becomes of each annotation of an Ingress. shared is what it has in common with others.
func Judge(object *networkingv1.Ingress, s *Settings, shared Shared) (judged []Judgement) {
	r := &reading{Settings: s, object: object, shared: shared, own: kinds.ReadAnnotated(object), terms: s.terms}
	canary := isCanary(object)
	for _, full := range slices.Sorted(maps.Keys(object.Annotations)) {
		name, theirs := strings.CutPrefix(full, Prefix)
		if !theirs {
			continue
		}
		j := Judgement{Name: name, Value: object.Annotations[full], Known: annotationNamed(name)}
		switch {
		case slices.Contains(r.own.Ignored(), full):
			j.Ignored = true
		case canary && !ofCanary(name):
			j.Unused = true
		default:
			r.judge(&j)
		}
		judged = append(judged, j)
	}
	if !canary {
		r.judgeTogether(judged)
	}
	return judged
}

// judgeTogether looks for what annotations contradict, and for what the Ingress may not ask for.
func (r *reading) judgeTogether(judged []Judgement) {
	closing, told := len(r.closing), len(r.told)
	r.settle()
	r.settleClients()
	r.checkSnippets()
	r.checkAsked()
	for i := range judged {
		j := &judged[i]
		for _, text := range r.closing[closing:] {
			if !j.Closes && j.isMeant(text) {
				j.Closes, j.Text = true, afterName(text)
			}
		}
		for _, text := range r.told[told:] {
			if j.isMeant(text) {
				j.Unread, j.Text = true, afterName(text)
			}
		}
	}
}

// isMeant returns whether a text for the author begins with the annotation's name, perhaps with another one's.
func (j *Judgement) isMeant(text string) bool {
	names, _, _ := strings.Cut(text, ": ")
	return !j.Ignored && slices.ContainsFunc(strings.Fields(names), func(word string) bool { return strings.TrimSuffix(strings.TrimPrefix(word, Prefix), ",") == j.Name })
}

// afterName returns a text for the author without the names that it begins with.
func afterName(text string) string {
	if _, after, ok := strings.Cut(text, ": "); ok {
		return after
	}
	return text
}

// judge reads an annotation, and looks at what there is to say after that.
func (r *reading) judge(j *Judgement) {
	closing, told := len(r.closing), len(r.told)
	r.annotation(j.Name, j.Value)
	switch {
	case len(r.closing) > closing:
		j.Closes, j.Text = true, r.closing[closing]
	case len(r.told) > told:
		j.Unread, j.Text = j.Known != nil, r.told[told]
	}
	_, after, found := strings.Cut(j.Text, j.Name)
	if found {
		j.Text = strings.TrimLeft(after, ": ")
	}
}

// HasTLS returns whether an Ingress of one of the hosts of an Ingress has TLS.
func (s Shared) HasTLS(object *networkingv1.Ingress) bool {
	return slices.ContainsFunc(object.Spec.Rules, func(rule networkingv1.IngressRule) bool { return s[hostKey{object.Namespace, rule.Host}].tls })
}

// SnippetBy returns the name of an older Ingress, if that says the server-snippet of every host of an Ingress. A host
// has one.
func (s Shared) SnippetBy(object *networkingv1.Ingress) (name string) {
	for i := range object.Spec.Rules {
		if name = s[hostKey{object.Namespace, object.Spec.Rules[i].Host}].by; name == object.Name {
			return ""
		}
	}
	return name
}
