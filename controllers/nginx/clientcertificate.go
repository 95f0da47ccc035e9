// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"math"
	"net/http"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/policy"
)

// clientTerms are what the clients of hosts have to show.
type clientTerms struct {
	// secret has the authorities. Empty for nothing to show.
	secret types.NamespacedName
	// verify is on, off, optional or optional_no_ca.
	verify string
	depth  int
	// page is where clients go that are not let in.
	page string
	// pass has backends get the certificate itself.
	pass bool
	// pattern is an expression for the subject.
	pattern string
}

// ofHosts makes an entry of a name that says who gets in for whole hosts. Without a value it says nothing, as it said
// nothing to ingress-nginx.
func ofHosts(name, text string, read reader) Name {
	return Name{Name: name, Text: text, read: read, guards: true, hosts: true, off: func(value string) bool { return value == "" }}
}

var clientCertificateNames = []Name{
	ofHosts("auth-tls-secret", "The Secret `NAMESPACE/NAME`, of the Ingress's own namespace, whose key `ca.crt` has the authorities of clients' certificates, and whose key `ca.crl` "+
		"what these have revoked. Clients of every path of the hosts have to show one. Of several Ingresses that say so, the oldest decides.", readClientSecret),
	ofHosts("auth-tls-verify-client", "`on`, `off`, or `optional`, which lets in clients without a certificate. `optional_no_ca` lets in those with one of any authority too, and "+
		"tells the backend by `ssl-client-verify`.", oneOf(func(t *Terms) *string { return &t.clients.verify }, "on", "off", "optional", "optional_no_ca")),
	ofHosts("auth-tls-verify-depth", "How many certificates may stand between the client's and the authority's. 1 unless it says so, as `0` does.",
		number(func(t *Terms) *int { return &t.clients.depth }, 0, math.MaxInt32)),
	acts("auth-tls-error-page", "A URL that clients are sent to whose certificate does not pass, with 302. Without it they get 400. A path is not taken.", readClientPage),
	acts("auth-tls-pass-certificate-to-upstream", "`true` has the backend get the certificate, as `ssl-client-cert`. It gets `ssl-client-verify`, `ssl-client-subject-dn` and "+
		"`ssl-client-issuer-dn` in any case.", boolean(func(t *Terms) *bool { return &t.clients.pass })),
	ofHosts("auth-tls-match-cn", "An expression of RE2 that has to match somewhere in the certificate's subject: `CN=robot`. Others get 403.", readClientPattern),
}

func readClientSecret(t *Terms, value string) (fault string) {
	namespace, name, ok := strings.Cut(value, "/")
	if !ok || !rules.ValidHost(namespace) || !rules.ValidHost(name) || namespace == "" || name == "" || strings.HasPrefix(name, "*") {
		return rules.Quote(value) + " names no Secret: write its namespace and its name, with a slash between them, such as shop/clients-ca"
	}
	t.clients.secret = types.NamespacedName{Namespace: namespace, Name: name}
	return ""
}

func readClientPage(t *Terms, value string) (fault string) {
	if fault = readURL(func(t *Terms) *string { return &t.clients.page })(t, value); fault == "" && strings.Contains(value, "$") {
		t.clients.page, fault = "", rules.Quote(value)+" has a variable: write a URL such as https://help.example.com/certificates"
	}
	return fault
}

func readClientPattern(t *Terms, value string) (fault string) {
	if !strings.HasPrefix(value, "CN=") {
		return rules.Quote(value) + " does not begin with CN=: write an expression such as CN=robot"
	}
	if fault = kinds.ExpressionFault("it:", value); fault == "" {
		t.clients.pattern = value
	}
	return fault
}

// settleClients returns what the clients of the Ingress's hosts have to show, nil for nothing.
func (r *reading) settleClients() *rules.ClientCertificate {
	if own := r.own.ClientCertificate(r.object.Namespace); own != nil {
		return own
	}
	c := &r.terms.clients
	switch {
	case c.secret.Name == "":
		if *c != defaults().clients {
			r.told = append(r.told, "annotations that begin with auth-tls do nothing without auth-tls-secret")
		}
		return nil
	case c.secret.Namespace != r.object.Namespace:
		r.closesHosts = true
		r.closing = append(r.closing, "annotation "+Prefix+"auth-tls-secret: "+rules.Quote(c.secret.String())+" is a Secret of another namespace: copy it into "+
			r.object.Namespace+", and write that")
		return nil
	case c.verify == "off":
		r.forgeNothing()
		return nil
	}
	of := &rules.ClientCertificate{
		Authorities: rules.AuthorityName{NamespacedName: c.secret}, Depth: c.depth, SubjectPattern: c.pattern, Optional: c.verify != "on",
		Unverified: c.verify == "optional_no_ca", Forward: clientcert.Nginx, Status: http.StatusBadRequest, OldestHolds: true,
	}
	if of.Depth == 0 {
		of.Depth = 1
	}
	if c.pass {
		of.Forward = clientcert.NginxCertificate
	}
	if c.page != "" {
		of.ErrorPage, of.Status = c.page, http.StatusFound
	}
	return of
}

// forgeNothing has backends learn that nobody was asked for a certificate, whatever a client says.
func (r *reading) forgeNothing() {
	changes := policy.HeaderChanges{
		Set:    []policy.Header{{Name: "ssl-client-verify", Value: "NONE"}},
		Remove: []string{"ssl-client-cert", "ssl-client-issuer-dn", "ssl-client-subject-dn"},
	}
	for i, p := range r.policies {
		h, ok := p.(*policy.Headers)
		if !ok {
			continue
		}
		changed := *h
		changed.Request.Set = append(slices.Clone(h.Request.Set), changes.Set...)
		slices.SortFunc(changed.Request.Set, func(a, b policy.Header) int { return compareNames(a.Name, b.Name) })
		changed.Request.Remove = append(slices.Clone(h.Request.Remove), changes.Remove...)
		slices.Sort(changed.Request.Remove)
		r.policies[i] = &changed
		return
	}
	r.add(&policy.Headers{Request: changes})
}
