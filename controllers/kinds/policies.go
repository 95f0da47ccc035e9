// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// policies are what a path asks for between the client and the backend.
type policies struct {
	// list is in policy.Order.
	list []policy.Policy
	// auth says what clients have to prove. Nil for nothing.
	auth      *rules.Auth
	balancing *snapshot.Balancing
	mirrors   []rules.Mirror
	pages     []rules.ErrorPage
	// persistence keeps sessions. Nil if none are kept.
	persistence *snapshot.Persistence
}

// add adds what a reader has read, unless that has a fault. Readers are in an order for users, so add puts each policy
// into its place.
func (p *policies) add(read policy.Policy, fault string) string {
	if fault != "" {
		return fault
	}
	i := len(p.list)
	for i > 0 && policy.Place(p.list[i-1]) > policy.Place(read) {
		i--
	}
	p.list = slices.Insert(p.list, i, read)
	return ""
}

// reader reads one thing that can be asked for. Each of our annotations, and each policy of a path, has one.
type reader struct {
	// name is the annotation's, without its prefix.
	name string
	// set reads an annotation that is about the Ingress as a whole, or is not YAML. Otherwise annotate reads the
	// annotation into the field of a path, and example is what a value looks like.
	set      func(a *asked, value string) (fault string)
	annotate func(path *v1alpha1.IngressPath, value, example string) (fault string)
	example  string
	// asks returns whether a path has the policy. read reads it, and returns what is wrong with it. Both are nil for what
	// is no policy.
	asks func(path *v1alpha1.IngressPath) bool
	read func(r *ruleReader, path *v1alpha1.IngressPath, into *policies) (fault string)
	// open is set if the policy can never be what keeps clients out. A path with any other policy is closed if it cannot
	// be read.
	open bool
}

// readers are in the order in which the names are listed for users. A path's policies are read in this order too, so of
// several faults the first is reported.
var readers = []reader{
	{name: "access-control", annotate: annotateAccess, example: "{allowedIPs: [10.0.0.0/8]}",
		asks: func(p *v1alpha1.IngressPath) bool { return p.AccessControl != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readAccess(p.AccessControl))
		}},
	{name: "rate-limit", annotate: annotateRateLimit, example: "{requestsPerSecond: 10, burst: 20}",
		asks: func(p *v1alpha1.IngressPath) bool { return p.RateLimit != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readRateLimit(p.RateLimit))
		}},
	{name: "connection-limit", example: "{connections: 10}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.ConnectionLimit { return &p.ConnectionLimit }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.ConnectionLimit != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readConnectionLimit(p.ConnectionLimit))
		}},
	{name: "auth", example: "{basic: {secretName: users, realm: admin}}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.Auth { return &p.Auth }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.Auth != nil },
		read: func(r *ruleReader, p *v1alpha1.IngressPath, into *policies) (fault string) {
			into.auth, fault = r.paths.readAuth(p.Auth)
			return fault
		}},
	{name: "hsts", open: true, example: "{maxAge: 8760h, includeSubDomains: true}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.HSTS { return &p.HSTS }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.HSTS != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readHSTS(p.HSTS))
		}},
	{name: "cors", open: true, example: "{allowOrigins: ['https://*.example.com'], allowCredentials: true}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.CORS { return &p.CORS }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.CORS != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readCORS(p.CORS))
		}},
	{name: "max-request-bytes", annotate: annotateMaxRequestBytes, example: "8Mi",
		asks: func(p *v1alpha1.IngressPath) bool { return p.MaxRequestBytes != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readMaxRequestBytes(p.MaxRequestBytes))
		}},
	{name: "request-buffering", open: true, example: "{maxBytes: 64Ki}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.RequestBuffering { return &p.RequestBuffering }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.RequestBuffering != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readRequestBuffering(p.RequestBuffering))
		}},
	{name: "compression", open: true, example: "{minBytes: 1Ki}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.Compression { return &p.Compression }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.Compression != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readCompression(p.Compression))
		}},
	{name: "headers", annotate: annotateHeaders, example: "{set: {X-App-Version: v1}, remove: [Server]}",
		asks: func(p *v1alpha1.IngressPath) bool { return p.Headers != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readHeaders(p.Headers))
		}},
	{name: "rewrite", open: true, annotate: annotateRewrite, example: "{stripPrefix: /v1}",
		asks: func(p *v1alpha1.IngressPath) bool { return p.Rewrite != nil },
		read: func(r *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(r.paths.readRewrite(p))
		}},
	{name: "location-rewrite", open: true, example: "{prefixes: [{from: 'http://shop.internal:8080/', to: /}]}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.LocationRewrite { return &p.LocationRewrite }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.LocationRewrite != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readLocationRewrite(p.LocationRewrite))
		}},
	{name: "cookie-rewrite", open: true, example: "{domains: [{from: shop.internal, to: example.com}], paths: [{from: /shop/, to: /}]}",
		annotate: annotateAny(func(p *v1alpha1.IngressPath) **v1alpha1.CookieRewrite { return &p.CookieRewrite }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.CookieRewrite != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readCookieRewrite(p.CookieRewrite))
		}},
	{name: "redirect", example: "{scheme: https, host: example.com}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.Redirect { return &p.Redirect }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.Redirect != nil },
		read: func(r *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(r.paths.readRedirect(p))
		}},
	{name: "fixed-response", example: "{statusCode: 503, body: back soon}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.FixedResponse { return &p.FixedResponse }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.FixedResponse != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			return into.add(readFixedResponse(p.FixedResponse))
		}},
	{name: "mirror", open: true, example: "{serviceName: shop-next, port: 8080, percent: 10}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.Mirror { return &p.Mirror }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.Mirror != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) string {
			mirror, fault := readMirror(p.Mirror)
			into.mirrors = []rules.Mirror{mirror}
			return fault
		}},
	{name: "error-pages", open: true, example: "[{statusCodes: [502, 503], serviceName: pages, port: 80, path: '/{status}.html'}]",
		annotate: annotateErrorPages,
		asks:     func(p *v1alpha1.IngressPath) bool { return len(p.ErrorPages) > 0 },
		read: func(r *ruleReader, p *v1alpha1.IngressPath, into *policies) (fault string) {
			into.pages, fault = r.paths.readErrorPages(p.ErrorPages)
			return fault
		}},
	{name: "load-balancing", open: true, example: "{policy: LeastRequest}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.LoadBalancing { return &p.LoadBalancing }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.LoadBalancing != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) (fault string) {
			into.balancing = new(snapshot.Balancing)
			*into.balancing, fault = readBalancing(p.LoadBalancing)
			return fault
		}},
	{name: "session-persistence", open: true, example: "{cookieName: session, absoluteTimeout: 1h}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.SessionPersistence { return &p.SessionPersistence }),
		asks:     func(p *v1alpha1.IngressPath) bool { return p.SessionPersistence != nil },
		read: func(_ *ruleReader, p *v1alpha1.IngressPath, into *policies) (fault string) {
			into.persistence, fault = readSessionPersistence(p)
			return fault
		}},
	{name: "timeouts", example: "{request: 30s}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.Timeouts { return &p.Timeouts })},
	{name: "retries", example: "{attempts: 2}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.Retries { return &p.Retries })},
	{name: "path-spelling", set: (*asked).readSpelling},
	{name: "backend-protocol", set: (*asked).readProtocol},
	{name: "backend-tls", example: "{caSecretName: backend-ca}",
		annotate: annotateSome(func(p *v1alpha1.IngressPath) **v1alpha1.BackendTLS { return &p.Backend.TLS })},
	{name: "redirect-http", set: (*asked).readRedirect},
	{name: "auto-ssl", set: (*asked).readAutoSSL},
	{name: "email", set: (*asked).readEmail},
	{name: clientCertificateName, set: (*asked).readClientCertificate, example: clientCertificateExample},
	{name: "ignore-annotations", set: (*asked).readIgnored},
}

// readerNames lists the annotations for people.
func readerNames() string {
	names := make([]string, len(readers))
	for i := range readers {
		names[i] = readers[i].name
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// readPolicies reads a path's policies. It returns nil for a path without any, and as fault what is wrong with the
// first one that it does not understand.
func (r *ruleReader) readPolicies(p *v1alpha1.IngressPath) (read *policies, fault string) {
	for i := range readers {
		policy := &readers[i]
		if policy.asks == nil || !policy.asks(p) {
			continue
		}
		if read == nil {
			read = new(policies)
		}
		if fault = policy.read(r, p, read); fault != "" {
			return nil, fault
		}
	}
	return read, ""
}

// apply adds the policies to a rule.
func (p *policies) apply(rule *rules.Rule) {
	rule.Policies, rule.Balancing, rule.Mirrors, rule.Persistence = p.list, p.balancing, p.mirrors, p.persistence
	rule.ErrorPages, rule.Auth = p.pages, p.auth
}
