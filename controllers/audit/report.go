// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"fmt"
	"strings"
)

// Verdict is what becomes of an Ingress, or what one thing makes of it.
type Verdict string

// The verdicts, the best first. An Ingress has the worst of all that is said of it.
const (
	// Same is for what does here what it did there.
	Same Verdict = "same"
	// Differs is for what is served, and not quite as it was.
	Differs Verdict = "differs"
	// Contested is for a host or path that another one has here, and that ingress-nginx shared out.
	Contested Verdict = "contested"
	// Refused is for a path that no request reaches.
	Refused Verdict = "refused"
	// Closes is for a path that answers 503.
	Closes Verdict = "closes"
)

// Verdicts are all of them, the best first.
var Verdicts = []Verdict{Same, Differs, Contested, Refused, Closes}

// rank orders verdicts.
func (v Verdict) rank() int {
	for i, known := range Verdicts {
		if v == known {
			return i
		}
	}
	return 0
}

// worse returns the worse of two verdicts.
func worse(a, b Verdict) Verdict {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// Report is what there is to say of all Ingresses.
type Report struct {
	Ingresses []Ingress `json:"ingresses"`
	// Expressions are the hosts of which every path is an expression.
	Expressions []Expressions `json:"expressions,omitempty"`
	// Contested are the hosts that several namespaces have.
	Contested []Host `json:"contested,omitempty"`
	// Notes are about what the Ingresses have in common.
	Notes []string `json:"notes,omitempty"`
	// Counts says how many Ingresses have each verdict.
	Counts map[Verdict]int `json:"counts"`
}

// Fails returns whether a path that ingress-nginx served is not served.
func (r *Report) Fails() bool {
	return r.Counts[Contested]+r.Counts[Refused]+r.Counts[Closes] > 0
}

// Ingress is what there is to say of one Ingress.
type Ingress struct {
	Namespace   string       `json:"namespace"`
	Name        string       `json:"name"`
	Verdict     Verdict      `json:"verdict"`
	Annotations []Annotation `json:"annotations,omitempty"`
	Findings    []Finding    `json:"findings,omitempty"`
}

// The fates of annotations, besides those of the table.
const (
	// Unknown is for names that neither ingress-nginx nor the table has.
	Unknown = "unknown"
	// DidNothing is for names that do nothing without another one that is missing, or because of their value.
	DidNothing = "did nothing"
	// NotKept is for what ingress-nginx did, and what cannot be done here.
	NotKept = "not kept"
	// Ignored is for those that the Ingress is to be served without.
	Ignored = "ignored"
)

// Annotation is what becomes of an annotation.
type Annotation struct {
	// Name is without the prefix of ingress-nginx.
	Name  string `json:"name"`
	Value string `json:"value"`
	// Fate is one of the table, or Unknown, DidNothing, NotKept or Ignored.
	Fate    string  `json:"fate"`
	Verdict Verdict `json:"verdict"`
	// Text says why, what differs, or what to write instead. Empty for what is acted on and the same.
	Text string `json:"text,omitempty"`
	// Directives are those of a snippet.
	Directives []Directive `json:"directives,omitempty"`
}

// Directive is what becomes of a directive of a snippet.
type Directive struct {
	Line int    `json:"line"`
	Name string `json:"name"`
	Fate string `json:"fate"`
	Text string `json:"text,omitempty"`
}

// The kinds of findings.
const (
	FindingClosed     = "closed"
	FindingNotServed  = "not served"
	FindingContested  = "contested"
	FindingOlder      = "an older one has it"
	FindingCanary     = "canary"
	FindingExpression = "expression"
	FindingSecret     = "secret"
)

// Finding is what there is to say of paths of an Ingress.
type Finding struct {
	Kind    string  `json:"kind"`
	Verdict Verdict `json:"verdict"`
	// Paths are hosts with their paths, or empty for the whole of the Ingress.
	Paths []string `json:"paths,omitempty"`
	Text  string   `json:"text"`
}

// Expressions is a host of which every path is an expression.
type Expressions struct {
	Host string `json:"host"`
	// By names the Ingresses that make it so, with the annotation that does.
	By []string `json:"by"`
	// Infected are the other Ingresses whose paths have become expressions.
	Infected []string `json:"infected,omitempty"`
}

// Host is a host that several namespaces have.
type Host struct {
	Name       string   `json:"name"`
	Namespaces []string `json:"namespaces"`
	// Owner is the namespace that is served. Empty if all are.
	Owner string `json:"owner,omitempty"`
}

// Fate says what becomes of the host.
func (h *Host) Fate() string {
	if h.Owner == "" {
		return "all of them are served"
	}
	return h.Owner + " has it, and ingress-nginx served all of them"
}

// Summary says how many Ingresses have which verdict.
func (r *Report) Summary() string {
	if len(r.Ingresses) == 0 {
		return "there is no Ingress that was written for ingress-nginx"
	}
	var parts []string
	for _, v := range Verdicts {
		if n := r.Counts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	ingresses := "Ingresses"
	if len(r.Ingresses) == 1 {
		ingresses = "Ingress"
	}
	return fmt.Sprintf("%d %s: %s", len(r.Ingresses), ingresses, strings.Join(parts, ", "))
}
