// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// finding is one reason why an object's certificates are not all that it asks for.
type finding struct{ reason, text string }

// certificates collects what becomes of the certificates that objects ask for.
type certificates struct {
	hosts   *hosts
	options Options
	now     time.Time
	// around knows what is of other islands. Nil if there are none.
	around  *Builder
	secrets map[types.NamespacedName]*Secret
	// served has the names that each Secret is served for.
	served map[*Secret][]string
	// redirects has, for each name with a certificate, whether plain requests are redirected.
	redirects map[string]redirect
	// keepers are the TLSCertificates by their names. ordered are the Secrets that some of them have certificates ordered
	// into.
	keepers map[types.NamespacedName]*v1alpha1.TLSCertificate
	ordered map[types.NamespacedName]int
}

// redirect is what the oldest object with a certificate for a name wants done with plain requests for it.
type redirect struct {
	namespace string
	wanted    bool
}

// certify finds out which certificates are served. It notes on each TLSCertificate, and on each object that asks for a
// certificate, what became of that. If nobody asks for one it costs nothing.
func (b *building) certify() {
	b.certificates = &certificates{hosts: b.hosts, options: b.in.Options, now: b.in.Now, around: b.around}
	c := b.certificates
	if len(b.tlsCertificates) == 0 && len(b.in.Listeners) == 0 && b.in.Options.DefaultCertificate.Name == "" &&
		!slices.ContainsFunc(b.objects, func(o object) bool { return len(o.Certificates) > 0 }) {
		return
	}
	c.served, c.redirects = make(map[*Secret][]string, len(b.in.Secrets)), make(map[string]redirect)
	if b.around == nil {
		c.know(b.in.Secrets, b.tlsCertificates)
	} else {
		c.secrets, c.keepers, c.ordered = b.around.secrets, b.around.keepers, b.around.ordered
	}
	for i := range b.objects { // oldest first: redirects depend on that
		for n := range b.objects[i].Certificates {
			c.add(&b.objects[i], &b.objects[i].Certificates[n])
		}
	}
	for i := range b.tlsCertificates {
		c.addCertificate(&b.tlsCertificates[i])
	}
}

// know gathers Secrets and TLSCertificates by their names.
func (c *certificates) know(secrets []*Secret, tlsCertificates []tlsCertificate) {
	c.secrets = make(map[types.NamespacedName]*Secret, len(secrets))
	c.keepers = make(map[types.NamespacedName]*v1alpha1.TLSCertificate, len(tlsCertificates))
	c.ordered = make(map[types.NamespacedName]int, len(tlsCertificates))
	for _, s := range secrets {
		c.secrets[types.NamespacedName{Namespace: s.Namespace, Name: s.Name}] = s
	}
	for i := range tlsCertificates {
		object := tlsCertificates[i].object
		c.keepers[types.NamespacedName{Namespace: object.Namespace, Name: object.Name}] = object
		if isOrdered(object) {
			c.ordered[secretOf(object)]++
		}
	}
}

// isOrdered returns whether a TLSCertificate is ordered and renewed.
func isOrdered(object *v1alpha1.TLSCertificate) bool {
	return object.Spec.AutoRenew == nil || *object.Spec.AutoRenew
}

// secretOf returns the name of the Secret of a TLSCertificate.
func secretOf(object *v1alpha1.TLSCertificate) types.NamespacedName {
	return types.NamespacedName{Namespace: object.Namespace, Name: string(object.Spec.SecretName)}
}

// serveNameless serves the default certificate, and those of listeners, for which no host has to be named.
func (c *certificates) serveNameless(listeners []*rules.Listener) {
	serve := func(at types.NamespacedName) {
		if secret := c.secrets[at]; secret != nil && secret.Chain != "" {
			if _, ok := c.served[secret]; !ok {
				c.served[secret] = nil
			}
		}
	}
	serve(c.options.DefaultCertificate)
	for _, l := range listeners {
		for _, at := range l.Certificates {
			serve(at)
		}
	}
}

// add serves the Secret that an object names for those hosts that it may be served for.
func (c *certificates) add(o *object, wish *rules.Wish) {
	name := wish.Secret
	at := types.NamespacedName{Namespace: o.Namespace, Name: name}
	secret := c.secrets[at]
	if wish.Ordered {
		o.certificateHosts = exact(c.wanted(o, wish))
		c.noteTaken(o, at)
	}
	switch {
	case secret == nil && c.ordered[at] > 0:
		o.findings = append(o.findings, finding{v1alpha1.ReasonNotYetIssued, "there is no certificate yet: TLSCertificate " +
			rules.Clip(name) + " says why"})
		return
	case secret == nil && wish.Ordered:
		o.findings = append(o.findings, finding{v1alpha1.ReasonNotYetIssued, "the first certificate is about to be ordered"})
		return
	case secret == nil:
		o.findings = append(o.findings, finding{v1alpha1.ReasonSecretNotFound, "there is no Secret " + rules.Clip(name) +
			" in this namespace: make it, with kubectl create secret tls for instance"})
		return
	case secret.Gone && c.ordered[at] > 0:
		o.findings = append(o.findings, finding{v1alpha1.ReasonNotYetIssued, "Secret " + rules.Clip(name) + " is not there any more, and what it held " +
			"goes on being served while another certificate is ordered: TLSCertificate " + rules.Clip(name) + " says how far it is"})
	case secret.Gone:
		o.findings = append(o.findings, finding{v1alpha1.ReasonSecretNotFound, "Secret " + rules.Clip(name) + " is not there any more, and what it " +
			"held goes on being served by the replicas that are not restarted: make it anew, or take tls from the Ingress"})
	case secret.Fault != "" && secret.Chain == "":
		o.findings = append(o.findings, finding{secret.reason(), "Secret " + rules.Clip(name) + " cannot be served: " + secret.Fault})
		return
	case secret.Partial:
		o.findings = append(o.findings, finding{secret.reason(), "Secret " + rules.Clip(name) + " cannot be served as it is, and for want of a " +
			"version before it what can be read of it is served alone, which many clients refuse: " + secret.Fault})
	case secret.Fault != "":
		o.findings = append(o.findings, finding{secret.reason(), "Secret " + rules.Clip(name) + " cannot be served, and what it held " +
			"before goes on being served by the replicas that are not restarted: " + secret.Fault})
	}
	if secret.Remark != "" {
		o.remarks = append(o.remarks, "Secret "+rules.Clip(name)+": "+secret.Remark)
	}
	validity := secret.validity(c.now)
	switch validity {
	case expired:
		o.findings = append(o.findings, finding{v1alpha1.ReasonExpired, "the certificate in Secret " + rules.Clip(name) +
			" has expired, and is served all the same: put a new one into the Secret"})
	case notYetValid:
		o.findings = append(o.findings, finding{v1alpha1.ReasonNotYetValid, "the certificate in Secret " + rules.Clip(name) +
			" is not valid yet: it is served all the same, but plain requests are not redirected to it"})
	}
	var uncovered []string
	names := o.certificateHosts
	if !wish.Ordered {
		names = c.wanted(o, wish)
	}
	for _, host := range names {
		if !secret.covers(host) {
			uncovered = append(uncovered, host)
			continue
		}
		c.served[secret] = append(c.served[secret], host)
		if _, ok := c.redirects[host]; !ok && validity != notYetValid {
			c.redirects[host] = redirect{o.Namespace, wish.Redirect}
		}
	}
	if len(uncovered) > 0 {
		named := "no host as a subject alternative name"
		if len(secret.Names) > 0 {
			named = rules.ListNames(secret.Names)
		}
		o.findings = append(o.findings, finding{v1alpha1.ReasonHostNotCovered,
			"the certificate in Secret " + rules.Clip(name) + " does not cover " + rules.ListNames(uncovered) + ": it names " + named})
	}
}

// noteTaken notes on an object that has a certificate ordered that the name of its TLSCertificate is taken. That name
// is also the Secret's.
func (c *certificates) noteTaken(o *object, at types.NamespacedName) {
	there := c.keepers[at]
	if there == nil {
		return
	}
	if owner := metav1.GetControllerOfNoCopy(there); owner == nil || owner.UID != o.UID {
		o.findings = append(o.findings, finding{v1alpha1.ReasonSecretConflict, "TLSCertificate " + rules.Clip(at.Name) +
			" is there and not this Ingress's, so none is made for it: write another tls.secretName, or leave autoSSL out"})
	}
}

// exact returns the names that can be ordered. With autoSSL, the schema already refuses wildcards.
func exact(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, "*") })
}

// wanted returns the hosts that an object's certificate is for and may be served for: those that its namespace owns. If
// it were served for others too, anybody could make somebody else's host answer with a certificate that no client
// trusts.
func (c *certificates) wanted(o *object, wish *rules.Wish) []string {
	ruled := c.ruled(o)
	asked := ruled
	if len(wish.Hosts) > 0 {
		asked = wish.Hosts
	}
	if len(asked) == 0 {
		o.findings = append(o.findings, finding{v1alpha1.ReasonHostNotCovered,
			"no rule has a host that a certificate could cover: list names under tls.hosts"})
	}
	names := make([]string, 0, len(asked))
	allowance := c.hosts.allowed.of(o.Namespace)
	for _, name := range asked {
		owner, routed := c.hosts.matching(name)
		if routed && (c.hosts.shared || owner == o.Namespace) && allowance.allows(name) {
			names = append(names, name)
			continue
		}
		// A wildcard that is no host of the namespace's rules stands for those hosts of this object's rules that are below
		// it.
		below := len(names)
		for _, host := range ruled {
			if wildcardOver(host) == name && allowance.allows(host) && c.hosts.has(o.Namespace, host) {
				names = append(names, host)
			}
		}
		switch {
		case len(names) > below:
		case !allowance.allows(name):
			o.findings = append(o.findings, finding{v1alpha1.ReasonHostNotAllowed, "no certificate is ordered or served for " +
				rules.Quote(name) + ": " + allowance.refusal(name)})
		case routed:
			o.findings = append(o.findings, finding{v1alpha1.ReasonHostOwnedElsewhere, "no certificate of this namespace is served for " +
				rules.Quote(name) + ", which belongs to another namespace"})
		default:
			o.findings = append(o.findings, finding{v1alpha1.ReasonHostNotRouted, "no certificate is served for " + rules.Quote(name) +
				", which no rule has as its host: add a rule, or take the name from tls.hosts"})
		}
	}
	return names
}

// ruled returns the hosts of an object's rules, each once, without invalid ones, those of listeners, which have their
// own certificates, and the empty host. That one stands for every host, and is no name that a certificate could cover.
func (c *certificates) ruled(o *object) []string {
	var names []string
	for e := range o.Hosts {
		name := o.Hosts[e].Name
		if o.Hosts[e].Listener == nil && rules.ValidHost(name) && name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// redirect marks the hosts whose plain requests are redirected. That is if an object of the owner has a certificate for
// the host, or for the wildcard over it, and wants the redirect. The empty host has no certificate.
func (c *certificates) redirect(programmed []snapshot.Host) {
	if len(c.redirects) == 0 && (c.around == nil || len(c.around.redirects) == 0) {
		return
	}
	for i := range programmed {
		name := programmed[i].Name
		if r, ok := c.redirectFor(name); ok && r.wanted {
			programmed[i].RedirectHTTPS = c.hosts.has(r.namespace, name)
		}
	}
}

// redirectFor returns what is wanted for a host, or for the wildcard over it.
func (c *certificates) redirectFor(name string) (r redirect, ok bool) {
	if r, ok = c.redirects[name]; ok {
		return r, true
	}
	over := wildcardOver(name)
	if r, ok = c.redirects[over]; !ok && c.around != nil {
		r, ok = c.around.redirects[over]
	}
	return r, ok
}

// list returns the certificates that are served for a host. Of several certificates for a name, the data plane takes
// the first that a client can use. So valid ones come first, and of those the latest.
func (c *certificates) list() []snapshot.Certificate {
	if c.served == nil {
		return nil
	}
	secrets := make([]*Secret, 0, len(c.served))
	for secret := range c.served {
		secrets = append(secrets, secret)
	}
	slices.SortFunc(secrets, func(a, b *Secret) int { return a.preferred(b, c.now) })
	list := make([]snapshot.Certificate, len(secrets))
	for i, secret := range secrets {
		names := c.served[secret]
		slices.Sort(names)
		list[i] = c.programmed(secret, slices.Compact(names))
	}
	return list
}

// programmed returns the certificate of a Secret as the data plane has it, for some hosts.
func (c *certificates) programmed(secret *Secret, hosts []string) snapshot.Certificate {
	return snapshot.Certificate{
		ID: secret.Namespace + "/" + secret.Name, Owner: c.hosts.ownerFor(secret.Namespace), Hosts: hosts, Chain: secret.Chain, Key: secret.Key,
		Default: secret.Namespace == c.options.DefaultCertificate.Namespace && secret.Name == c.options.DefaultCertificate.Name,
	}
}

// preferred orders the certificates of Secrets: valid ones first, and of those the latest.
func (s *Secret) preferred(o *Secret, now time.Time) int {
	return cmp.Or(
		cmp.Compare(s.validity(now), o.validity(now)),
		o.NotBefore.Compare(s.NotBefore),
		cmp.Compare(s.Namespace, o.Namespace),
		cmp.Compare(s.Name, o.Name),
	)
}

// certificateReady returns the condition of an object that asks for certificates. It is False if anything that the
// object asks for is missing.
func (o *object) certificateReady() metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionCertificateReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonCertificateValid,
		Message: "every certificate is valid, and served for every host",
	}
	if len(o.Certificates) == 1 {
		condition.Message = "the certificate in Secret " + rules.Clip(o.Certificates[0].Secret) + " is valid, and served for every host"
	}
	if len(o.remarks) > 0 {
		condition.Message += "; " + strings.Join(rules.Bounded(o.remarks), "; ")
	}
	if len(o.findings) == 0 {
		return condition
	}
	texts := make([]string, len(o.findings))
	for n, f := range o.findings {
		texts[n] = f.text
	}
	condition.Status = metav1.ConditionFalse
	condition.Reason = first(o.findings, func(f finding) string { return f.reason },
		v1alpha1.ReasonSecretConflict, v1alpha1.ReasonSecretNotFound, v1alpha1.ReasonNotYetIssued, v1alpha1.ReasonSecretInvalid,
		v1alpha1.ReasonSecretTooLarge, v1alpha1.ReasonKeyNotSupported, v1alpha1.ReasonExpired, v1alpha1.ReasonNotYetValid,
		v1alpha1.ReasonHostNotAllowed, v1alpha1.ReasonHostOwnedElsewhere, v1alpha1.ReasonHostNotCovered, v1alpha1.ReasonHostNotRouted)
	condition.Message = strings.Join(rules.Bounded(texts), "; ")
	return condition
}
