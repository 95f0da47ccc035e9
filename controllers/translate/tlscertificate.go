// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// tlsCertificate is a TLSCertificate and what has become of it.
type tlsCertificate struct {
	object *v1alpha1.TLSCertificate
	// refusals keep it from being ordered or served as it is written.
	refusals []finding
	// ready is the condition that its Secret leads to.
	ready metav1.Condition
	// unrouted are the hosts that no rule has.
	unrouted []string
}

// claimSecrets sorts the TLSCertificates by age. If several name one Secret, the oldest has it.
func claimSecrets(objects []*v1alpha1.TLSCertificate) []tlsCertificate {
	all := make([]tlsCertificate, len(objects))
	for i, object := range objects {
		all[i].object = object
	}
	slices.SortFunc(all, func(a, b tlsCertificate) int {
		return cmp.Or(a.object.CreationTimestamp.Compare(b.object.CreationTimestamp.Time),
			cmp.Compare(a.object.Namespace, b.object.Namespace), cmp.Compare(a.object.Name, b.object.Name))
	})
	keepers := make(map[types.NamespacedName]string, len(all))
	for i := range all {
		object := all[i].object
		secret := secretOf(object)
		if keeper, ok := keepers[secret]; ok {
			all[i].refusals = append(all[i].refusals, finding{v1alpha1.ReasonSecretConflict, "the older TLSCertificate " + rules.Clip(keeper) +
				" keeps its certificate in Secret " + rules.Clip(secret.Name) + ": write another secretName"})
			continue
		}
		keepers[secret] = object.Name
	}
	return all
}

// addCertificate serves a TLSCertificate's Secret for those of its hosts that its namespace owns, and notes what became
// of it.
func (c *certificates) addCertificate(cert *tlsCertificate) {
	spec := &cert.object.Spec
	secret := c.secrets[secretOf(cert.object)]
	conflict := len(cert.refusals) > 0
	ordered := isOrdered(cert.object)
	for _, host := range spec.Hosts {
		name := string(host)
		if ordered && strings.HasPrefix(name, "*") {
			cert.refusals = append(cert.refusals, finding{v1alpha1.ReasonWildcardHost, "a certificate for " + rules.Quote(name) +
				" cannot be ordered, since HTTP-01 cannot prove it: list exact hosts, or write autoRenew: false"})
			continue
		}
		if allowance := c.hosts.allowed.of(cert.object.Namespace); !allowance.allows(name) {
			cert.refusals = append(cert.refusals, finding{v1alpha1.ReasonHostNotAllowed, "no certificate is ordered or served for " +
				rules.Quote(name) + ": " + allowance.refusal(name)})
			continue
		}
		if c.hosts.ownedElsewhere(cert.object.Namespace, name) {
			cert.refusals = append(cert.refusals, finding{v1alpha1.ReasonHostOwnedElsewhere, "host " + rules.Quote(name) +
				" belongs to another namespace: no certificate of this namespace is ordered or served for it"})
			continue
		}
		_, routed := c.hosts.matching(name)
		if !routed {
			cert.unrouted = append(cert.unrouted, name)
		}
		if conflict || secret == nil || secret.Chain == "" || !secret.covers(name) {
			continue
		}
		if routed && !slices.Contains(c.served[secret], name) {
			c.served[secret] = append(c.served[secret], name)
		}
	}
	cert.ready = c.certificateInSecret(spec, secret, ordered && len(cert.refusals) == 0)
}

// certificateInSecret returns the condition Ready of a TLSCertificate.
func (c *certificates) certificateInSecret(spec *v1alpha1.TLSCertificateSpec, secret *Secret, ordered bool) metav1.Condition {
	name := rules.Clip(string(spec.SecretName))
	not := func(reason, message string) metav1.Condition {
		return metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: reason, Message: message}
	}
	missing := secret == nil || secret.Gone
	switch {
	case missing && ordered:
		return not(v1alpha1.ReasonNotYetIssued, "there is no certificate yet: Issuing says why")
	case missing:
		return not(v1alpha1.ReasonSecretNotFound, "there is no Secret "+name+" in this namespace")
	case secret.Partial:
		return not(secret.reason(), "Secret "+name+" cannot be served as it is, and what can be read of it is served alone: "+secret.Fault)
	case secret.Fault != "":
		return not(secret.reason(), "Secret "+name+" cannot be served: "+secret.Fault)
	case secret.validity(c.now) == expired:
		return not(v1alpha1.ReasonExpired, "the certificate in Secret "+name+" has expired, and is served all the same")
	case secret.validity(c.now) == notYetValid:
		return not(v1alpha1.ReasonNotYetValid, "the certificate in Secret "+name+" is not valid yet")
	}
	var uncovered []string
	for _, host := range spec.Hosts {
		if !secret.covers(string(host)) {
			uncovered = append(uncovered, string(host))
		}
	}
	if len(uncovered) > 0 {
		return not(v1alpha1.ReasonHostNotCovered, "the certificate in Secret "+name+" does not cover "+rules.ListNames(uncovered))
	}
	message := "Secret " + name + " holds a valid certificate for every host"
	if secret.Remark != "" {
		message += "; " + secret.Remark
	}
	return metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonCertificateValid, Message: message}
}

func (t *tlsCertificate) accepted() metav1.Condition {
	condition := accepted()
	if len(t.refusals) == 0 {
		return condition
	}
	texts := make([]string, len(t.refusals))
	for i, f := range t.refusals {
		texts[i] = f.text
	}
	condition.Status = metav1.ConditionFalse
	condition.Reason = first(t.refusals, func(f finding) string { return f.reason },
		v1alpha1.ReasonSecretConflict, v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonWildcardHost)
	condition.Message = strings.Join(rules.Bounded(texts), "; ")
	return condition
}
