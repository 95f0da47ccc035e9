// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// ruleReader reads rules one after the other, and reuses the buffers of pathReader.
type ruleReader struct {
	paths    pathReader
	backends backendList
}

// terms reads what a path asks for besides its place and its service. It returns what is wrong with the first thing
// that it does not understand. The rule then gets none of it.
func (r *ruleReader) terms(rule *rules.Rule, p *v1alpha1.IngressPath) (fault string) {
	policies, fault := r.readPolicies(p)
	if fault == "" {
		fault = limitsFault(p)
	}
	if fault == "" {
		fault = spellingFault(p.PathSpelling)
	}
	if fault == "" {
		fault = backendTLSFault(&p.Backend)
	}
	if fault != "" {
		return fault
	}
	if policies != nil {
		policies.apply(rule)
	}
	rule.Timeouts, rule.Retries, rule.Retry = readTimeouts(p), readRetries(p), readRetry(p)
	rule.Canonical = p.PathSpelling == v1alpha1.PathSpellingCanonical
	return ""
}

// invalid returns the fault of a rule that keeps its place, nil if nothing is wrong.
func invalid(fault string) *rules.Fault {
	if fault == "" {
		return nil
	}
	return &rules.Fault{Text: fault, Closing: rules.InvalidRule}
}
