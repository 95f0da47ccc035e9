// SPDX-License-Identifier: Apache-2.0

// Package nginx reads Ingresses of networking.k8s.io that were written for ingress-nginx into the plain values of
// package rules. It acts as ingress-nginx acted. What cannot be kept and says who gets in, or what a backend sees,
// closes.
//
// One table has every name that ingress-nginx had, or is believed to have had: the annotations, the keys of its
// ConfigMap, and the flags that matter. Each has one fate. The code, the page docs/ingress-nginx.md and messages come
// from that table.
//
// Read in this order: name.go (what an entry of the table is), annotations.go and configmap.go (the entries, each
// with what reads its values), value.go (how values are read), terms.go (what they ask for), settings.go (what all
// Ingresses have in common), object.go (an Ingress), sharedterms.go and policies.go (what its paths have in common),
// rule.go (one path of it), rewriting.go and redirect.go (what other path or host that leads to), blocked.go (whom the
// ConfigMap has refused), errorpages.go (pages for errors), snippets.go (what snippets do to a path), located.go (which
// of their locations take its requests), hosts.go (what else is made of its hosts), judgement.go (what becomes of one
// annotation), page.go (the table as a page).
package nginx
