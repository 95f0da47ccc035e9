// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// ruleReader reads rules, one after the other. It holds the buffers of pathReader.
type ruleReader struct {
	paths pathReader
}

// terms reads what a path says beside its place and the service behind it, or says what is wrong with the first thing
// that is not understood. The rule then has nothing of it.
func (r *ruleReader) terms(rule *rules.Rule, p *v1alpha1.IngressPath) (fault string) {
	policies, fault := r.readPolicies(p)
	if fault == "" {
		fault = limitsFault(p)
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
	rule.Timeouts, rule.Retries = readTimeouts(p), readRetries(p)
	return ""
}

// invalid is the fault of a rule that keeps its place, nil where nothing is wrong.
func invalid(fault string) *rules.Fault {
	if fault == "" {
		return nil
	}
	return &rules.Fault{Text: fault, Closing: rules.InvalidRule}
}

// guarded says whether a path has something that may say who gets in. Where such a path cannot be read, its requests
// must not fall to another one.
func guarded(p *v1alpha1.IngressPath) bool {
	for i := range readers {
		if r := &readers[i]; r.asks != nil && !r.open && r.asks(p) {
			return true
		}
	}
	return false
}

// identify returns an object that has nothing yet but whose it is.
func identify(kind string, object metav1.Object) *rules.Object {
	return &rules.Object{
		Kind: kind, Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(), Generation: object.GetGeneration(),
		Created: object.GetCreationTimestamp().Time,
	}
}

// secretName returns the name of the Secret that a tls of an object is about.
func secretName(written, object string) string {
	if written != "" {
		return written
	}
	return object + "-tls"
}

func texts[T ~string](of []T) (list []string) {
	for _, text := range of {
		list = append(list, string(text))
	}
	return list
}
