// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// sharedTerms are what all rules of an Ingress have in common, as the values that rules have.
type sharedTerms struct {
	// policies are in policy.Order, without those that depend on the path.
	policies    []policy.Policy
	timeouts    snapshot.Timeouts
	retries     int
	retry       *snapshot.Retry
	balancing   *snapshot.Balancing
	persistence *snapshot.Persistence
	mirrors     []rules.Mirror
	backend     rules.Backend
	// basic and asks say who gets in besides addresses. The latter is without its backend, which asksTo names, and asksBy
	// says for people where that is written. Both are nil for nothing.
	basic  *rules.BasicAuth
	asks   *auth.External
	asksTo askedURL
	asksBy string
}

// settle makes the values that all rules have in common. It finds what annotations contradict.
func (r *reading) settle() {
	t := &r.terms
	r.settleAuth()
	r.settlePolicies()
	r.timeouts = snapshot.Timeouts{Connect: t.connect, Response: t.read, Idle: max(t.read, t.send)}
	if t.read == 0 || t.send == 0 {
		r.timeouts.Idle = 0
	}
	r.retries, r.retry = t.retries()
	r.balancing = t.balancing()
	r.persistence = t.persistence()
	if t.mirrorTo != "" {
		if service, port, ok := mirrorOf(t.mirrorTo, r.object.Namespace); ok {
			r.mirrors = []rules.Mirror{{Backend: rules.Backend{Service: service, Port: port, Protocol: rules.HTTP}, Numerator: 1, Denominator: 1,
				Host: t.copiedFor(), Bare: t.mirrorBare}}
		} else {
			r.told = append(r.told, "annotation "+Prefix+"mirror-target: "+rules.Quote(t.mirrorTo)+" is a Service of another namespace: requests are copied to those of this one alone")
		}
	}
	r.settleBackend()
}

// copiedFor returns the host that copies are for. Empty for that of the request.
func (t *Terms) copiedFor() string {
	if hostVariables[t.mirrorHost] {
		return ""
	}
	parsed, err := url.Parse(strings.TrimSuffix(t.mirrorTo, requestURI))
	if err != nil || t.mirrorHost != "" {
		return t.mirrorHost
	}
	return strings.ToLower(parsed.Hostname())
}

// retries returns how often a request is tried again, and after what.
func (t *Terms) retries() (int, *snapshot.Retry) {
	if slices.Contains(t.retry, "off") {
		return 0, nil
	}
	n := kinds.MaxRetries
	if t.tries > 0 {
		n = min(n, t.tries-1)
	}
	var codes []int
	for _, word := range t.retry {
		if status, ok := strings.CutPrefix(word, "http_"); ok {
			code, _ := strconv.Atoi(status)
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 || n == 0 {
		return n, nil
	}
	slices.Sort(codes)
	return n, &snapshot.Retry{Codes: slices.Compact(codes)}
}

// balancing returns which endpoint takes a request. Nil for the usual way.
func (t *Terms) balancing() *snapshot.Balancing {
	if t.session.affinity != "" {
		return nil // Sessions go before the hash there, too.
	}
	header, byHeader := strings.CutPrefix(t.hashBy, "http_")
	cookie, byCookie := strings.CutPrefix(t.hashBy, "cookie_")
	switch {
	case byHeader:
		return &snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnHeader, Name: strings.ReplaceAll(header, "_", "-")}
	case byCookie:
		return &snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnCookie, Name: cookie}
	case t.hashBy != "":
		return &snapshot.Balancing{Policy: snapshot.Hash, HashOn: snapshot.HashOnClient}
	case t.balance == "ewma":
		return &snapshot.Balancing{Policy: snapshot.LeastRequest}
	}
	return nil
}

// persistence returns how sessions are kept. Nil for not at all.
func (t *Terms) persistence() *snapshot.Persistence {
	s := &t.session
	if s.affinity == "" {
		return nil
	}
	return &snapshot.Persistence{
		Name: s.name, Absolute: s.age, Permanent: s.age > 0,
		Cookie: snapshot.CookieAttributes{Path: s.path, Domain: s.domain, SameSite: cmp.Or(s.sameSite, snapshot.SameSiteUnsaid), Secure: s.secure},
	}
}

// settleBackend settles how backends are spoken to.
func (r *reading) settleBackend() {
	t := &r.terms
	b := &r.backend
	b.Weight, b.Protocol, b.ByService = 1, rules.HTTP, t.byService
	switch t.protocol {
	case "GRPC":
		b.Protocol = rules.H2C
		return
	case "HTTP":
		return
	}
	b.Protocol = rules.HTTPS
	b.TLS = &rules.BackendTLS{ServerName: t.tls.name, ServerNameFromRequest: t.tls.asked, SkipVerify: !t.tls.verify}
	if t.tls.secret == "" {
		if t.tls.verify {
			r.closing = append(r.closing, "annotation "+Prefix+"proxy-ssl-verify: there is nothing to verify backends by: name a Secret with ca.crt in "+Prefix+"proxy-ssl-secret")
		}
		return
	}
	namespace, name, ok := strings.Cut(t.tls.secret, "/")
	if !ok || namespace != r.object.Namespace || !rules.ValidHost(name) || name == "" || strings.HasPrefix(name, "*") {
		r.closing = append(r.closing, "annotation "+Prefix+"proxy-ssl-secret: "+rules.Quote(t.tls.secret)+" is no Secret of this namespace: write "+r.object.Namespace+"/NAME")
		return
	}
	b.TLS.MustShow = true
	b.TLS.ClientCertificate = types.NamespacedName{Namespace: namespace, Name: name}
	if t.tls.verify {
		b.TLS.CASecret = name
	}
}
