// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
)

// The annotations with snippets that are compiled.
const (
	configurationSnippet = "configuration-snippet"
	serverSnippet        = "server-snippet"
)

// snippetDirectives says what becomes of the directives of a snippet. A directive that cannot be kept closes the paths,
// and of a snippet with one the others are not told.
func snippetDirectives(made *Annotation, object *networkingv1.Ingress) {
	var of snippet.Snippets
	switch made.Name {
	case configurationSnippet:
		of.Configuration = made.Value
	case serverSnippet:
		of.Server = made.Value
	default:
		return
	}
	if made.Fate == DidNothing {
		return
	}
	result, faults := snippet.Compile(of, snippet.Context{Namespace: object.Namespace, Ingress: object.Name})
	for _, f := range faults {
		made.Directives = append(made.Directives, Directive{Line: f.Line, Name: cmp.Or(f.Directive, "snippet"), Fate: nginx.Closes.String(), Text: f.Text})
		made.Fate, made.Verdict = nginx.Closes.String(), Closes
	}
	if made.Verdict == Closes {
		return
	}
	for _, e := range result.Effects {
		fate := nginx.Meaningless
		if e.Kept {
			fate = nginx.ActedOn
		}
		made.Directives = append(made.Directives, Directive{Line: e.Line, Name: e.Directive, Fate: fate.String(), Text: e.Text})
	}
}
