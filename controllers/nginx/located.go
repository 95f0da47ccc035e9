// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
)

// located returns the script of a path, with the locations of its snippets that take requests of the path: those with a
// beginning that is longer than what ingress-nginx looked for, and those with an expression. Exact ones are rules of
// their own. It is nil if there is nothing to do.
func (r *reading) located(compiled *snippet.Result, host, path string, exact bool) (made *policy.Script, closed string) {
	path = cmp.Or(path, "/")
	expressed := r.isExpression(path) || r.shared[r.key(host)].expressed
	if exact && !expressed {
		return compiled.Script, "" // Nothing goes before an exact path.
	}
	looked := len(strings.TrimSuffix(path, "/")) + 1 // of the location with a slash at its end
	var list []script.Location
	for i := range compiled.Locations {
		l := &compiled.Locations[i]
		of := script.Location{Line: l.Line, Text: l.Text(), Final: l.Match == snippet.Final, Nested: l.Kind == snippet.Configuration}
		switch l.Match {
		case snippet.Exact:
			continue
		case snippet.Final, snippet.Prefix:
			if of.Beginning = l.Path; !expressed && !of.Nested && len(l.Path) <= looked {
				continue // The path's own is the longest.
			}
		default:
			of.Expression, of.Fold = l.Path, l.Match == snippet.FoldedExpression
		}
		access, ok := r.admits(l.Access)
		if !ok {
			return nil, "allow and deny of its snippets have more turns than there is room for: write fewer"
		}
		if access != nil {
			of.Allowed, of.Denied = access.Allowed, access.Denied
		}
		if len(r.terms.blocked) > 0 {
			of.Denied = prefixSet(slices.Concat(of.Denied, r.terms.blocked))
		}
		if inner := withoutFile(l.Script); inner != nil {
			of.Does((*script.Script)(inner))
		}
		list = append(list, of)
	}
	if len(list) == 0 {
		return compiled.Script, ""
	}
	if !expressed { // Those in the path's location are found first, and those beside an expression before that.
		slices.SortStableFunc(list, func(a, b script.Location) int { return orderOf(a) - orderOf(b) })
	}
	made = &policy.Script{}
	if compiled.Script != nil {
		*made = *compiled.Script
	}
	made.Locations, made.Expressed = list, expressed
	if r.sound == nil || !made.Equal(r.sound) { // Most paths have the locations of the path before.
		if _, err := made.Compile(nil); err != nil {
			return nil, "the locations of its snippets cannot be compiled: " + err.Error()
		}
		sound := *made
		r.sound = &sound
	}
	if !expressed && !strings.HasSuffix(path, "/") {
		if match, fault := kinds.LiteralMatch(path, true); fault == "" {
			made.OwnPath, _ = url.PathUnescape(match.Path) // as nginx sees it
		}
	}
	return made, ""
}

// orderOf puts locations in a path's own before those beside it.
func orderOf(l script.Location) int {
	if l.Nested {
		return 0
	}
	return 1
}

// makesExpressions returns whether an Ingress makes the paths of a host expressions. What cannot be read does not.
func makesExpressions(object *networkingv1.Ingress, rule *networkingv1.IngressRule) bool {
	value := func(name string) string {
		text := strings.TrimSpace(object.Annotations[Prefix+name])
		if text != "" && slices.Contains(kinds.ReadAnnotated(object).Ignored(), Prefix+name) {
			return ""
		}
		return text
	}
	var t Terms
	if text := value("use-regex"); text != "" && annotationNamed("use-regex").read(&t, text) == "" && t.regex {
		return rule.HTTP != nil && len(rule.HTTP.Paths) > 0
	}
	if text := value("rewrite-target"); text == "" || readTarget(&t, text) != "" || rule.HTTP == nil {
		return false
	}
	return slices.ContainsFunc(rule.HTTP.Paths, func(p networkingv1.HTTPIngressPath) bool { return p.Path != t.rewrite })
}
