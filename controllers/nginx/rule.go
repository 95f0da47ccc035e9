// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
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

// add adds a policy in its place.
func (s *sharedTerms) add(p policy.Policy) { s.policies = insert(s.policies, p) }

// insert returns policies with one more, in their order.
func insert(list []policy.Policy, p policy.Policy) []policy.Policy {
	at := len(list)
	for at > 0 && policy.Place(list[at-1]) > policy.Place(p) {
		at--
	}
	return slices.Insert(list, at, p)
}

func (r *reading) settlePolicies() {
	t := &r.terms
	if c := &t.cors; c.on {
		r.add(&policy.CORS{AllowOrigins: c.origins, AllowMethods: c.methods, AllowHeaders: c.fields, ExposeHeaders: c.expose,
			AllowCredentials: c.credentials, MaxAge: c.age, Always: true})
	}
	if len(t.allowed)+len(t.denied) > 0 {
		r.add(&policy.Access{Allowed: t.allowed, Denied: t.denied})
	}
	switch {
	case t.perSecond > 0 && t.perMinute > 0:
		r.closing = append(r.closing, "annotations "+Prefix+"limit-rps and limit-rpm: a path has one limit: write the one that is meant to hold, and take the other off")
	case t.perSecond > 0:
		r.add(&policy.RateLimit{PerSecond: float64(t.perSecond), Burst: t.perSecond*t.burst + 1, PerReplica: true, Exempt: t.unlimited})
	case t.perMinute > 0:
		r.add(&policy.RateLimit{PerSecond: float64(t.perMinute) / 60, Burst: t.perMinute*t.burst + 1, PerReplica: true, Exempt: t.unlimited})
	}
	if t.connections > 0 {
		r.add(&policy.ConnectionLimit{Connections: t.connections, Exempt: t.unlimited})
	}
	if t.bodySize > 0 {
		r.add(&policy.MaxRequestBytes{Bytes: t.bodySize})
	}
	var headers policy.Headers
	headers.Request.Set = slices.Clone(t.sent)
	headers.Response.Set = slices.Clone(t.answered)
	for _, name := range t.hidden {
		headers.Response.Remove = append(headers.Response.Remove, strings.ToLower(name))
	}
	slices.Sort(headers.Response.Remove)
	headers.Response.Remove = slices.Compact(headers.Response.Remove)
	if t.headersFrom != "" {
		headers.Response.Set = r.customised(headers.Response.Set)
	}
	if !headers.Equal(&policy.Headers{}) {
		r.add(&headers)
	}
	if h := t.hstsOf(); h != nil {
		r.add(h)
	}
	if c := t.compression.policy(); c != nil {
		r.add(c)
	}
	r.settleRewriting()
}

// policy returns what has answers compressed, nil for nothing.
func (c *compressionTerms) policy() policy.Policy {
	types, least := c.gzipTypes, c.gzipLeast
	switch {
	case c.gzip:
	case c.brotli:
		types, least = c.brotliTypes, c.brotliLeast
	default:
		return nil
	}
	types = append([]string{"text/html"}, types...)
	slices.Sort(types)
	return &policy.Compression{Types: slices.Compact(types), MinBytes: int64(least)}
}

// hstsOf returns what has browsers come over HTTPS, nil for nothing.
func (t *Terms) hstsOf() policy.Policy {
	if !t.hsts.on {
		return nil
	}
	return &policy.HSTS{MaxAge: int64(t.hsts.age), IncludeSubDomains: t.hsts.subDomains, Preload: t.hsts.preload}
}

// settleRewriting has what backends answer be rewritten for clients.
func (r *reading) settleRewriting() {
	t := &r.terms
	if from, to := t.redirectFrom, t.redirectTo; from != "off" && from != "default" && to != "off" {
		change, fault := changeOf(from, to)
		if fault == "" {
			r.add(&policy.LocationRewrite{Changes: []policy.ValueChange{change}, Absolute: true})
		} else {
			r.told = append(r.told, "annotations "+Prefix+"proxy-redirect-from and proxy-redirect-to: "+fault+"; until then they count as not written")
		}
	}
	var cookies policy.CookieRewrite
	if t.cookieDomain != nil {
		cookies.Domains = []policy.ValueChange{*t.cookieDomain}
	}
	if t.cookiePath != nil {
		cookies.Paths = []policy.ValueChange{*t.cookiePath}
	}
	if len(cookies.Domains)+len(cookies.Paths) > 0 {
		r.add(&cookies)
	}
}

// customised returns fields for responses with those of the ConfigMap that the Ingress names.
func (r *reading) customised(before []policy.Header) []policy.Header {
	name, ok := r.customHeaders()
	fault := "it names no ConfigMap of namespace " + r.object.Namespace + ": write the name of one"
	var list []policy.Header
	if ok {
		list, fault = readHeaders(r.maps, name, append([]string{}, r.terms.mayAnswer...), nil)
	}
	if fault != "" {
		r.closing = append(r.closing, "annotation "+Prefix+customHeaders+": "+fault)
		return before
	}
	for _, h := range list {
		before = slices.DeleteFunc(before, func(b policy.Header) bool { return strings.EqualFold(b.Name, h.Name) })
	}
	all := slices.Concat(before, list)
	slices.SortFunc(all, func(a, b policy.Header) int { return compareNames(a.Name, b.Name) })
	return all
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

// isExpression returns whether a path makes all paths of its host expressions.
func (r *reading) isExpression(path string) bool { return r.terms.regex || r.rewrites(path) }

// rewrites returns whether a backend gets another path than that of the rule.
func (r *reading) rewrites(path string) bool { return r.terms.rewrite != "" && r.terms.rewrite != path }

// rule reads a path.
func (r *reading) rule(host string, p *networkingv1.HTTPIngressPath) rules.Rule {
	path := cmp.Or(p.Path, "/")
	exact := p.PathType != nil && *p.PathType == networkingv1.PathTypeExact
	rule := rules.Rule{
		Policies: slices.Clone(r.policies), Timeouts: r.timeouts, Retries: r.retries, Retry: r.retry,
		Balancing: r.balancing, Persistence: r.persistence, Mirrors: r.mirrors, EndsConnections: r.terms.connection == "close",
	}
	var unreadable string
	if rule.Match, unreadable = kinds.LiteralMatch(path, exact); unreadable != "" {
		rule.Match.Fault = r.unreadable(host, path, unreadable)
	}
	rule.Expression = r.expression(path)
	closed := r.lead(&rule, &p.Backend)
	compiled, fault := r.script(&rule, host, path, r.isExpression(path))
	closed = cmp.Or(closed, fault)
	closed = cmp.Or(closed, r.authenticate(&rule, host, path, compiled))
	closed = cmp.Or(closed, r.rewrite(&rule, path, compiled != nil && compiled.Script != nil))
	r.redirect(&rule, host, path)
	r.errorPages(&rule)
	r.own.Apply(&rule)
	r.block(&rule)
	if policy.Answers(rule.Policies) {
		rule.Backends, rule.ErrorPages, rule.Fallback = nil, nil, nil
	}
	rule.Expressions = kinds.Expressions(&rule)
	if r.terms.canary.on {
		rule.Expressions = append(rule.Expressions, kinds.CanaryExpressions(r.canary())...)
	}
	switch {
	case len(r.closing) > 0:
		rule.Fault = &rules.Fault{Closing: rules.ForeignAnnotation}
	case closed != "":
		rule.Fault = &rules.Fault{Text: closed, Closing: rules.ForeignAnnotation}
	}
	return rule
}

// block has a rule refuse whom the ConfigMap blocks, whatever else says who gets in.
func (r *reading) block(rule *rules.Rule) {
	r.blockValues(rule)
	if len(r.terms.blocked) == 0 {
		return
	}
	var before *policy.Access
	for _, p := range rule.Policies {
		if access, ok := p.(*policy.Access); ok {
			before = access
		}
	}
	after := r.blocking[before]
	if after == nil {
		after = &policy.Access{Denied: r.terms.blocked}
		if before != nil {
			after.Allowed, after.Denied = before.Allowed, prefixSet(slices.Concat(before.Denied, after.Denied))
		}
		if r.blocking == nil {
			r.blocking = make(map[*policy.Access]*policy.Access)
		}
		r.blocking[before] = after
	}
	rule.Policies = insert(without(rule.Policies, after), after)
}

// blockValues has a rule refuse values of fields before anything else is done.
func (r *reading) blockValues(rule *rules.Rule) {
	steps := r.terms.blockedValues
	if len(steps) == 0 {
		return
	}
	for i, p := range rule.Policies {
		if of, ok := p.(*policy.Script); ok {
			made := *of
			made.Server = slices.Concat(steps, made.Server)
			rule.Policies = slices.Clone(rule.Policies)
			rule.Policies[i] = &made
			return
		}
	}
	if r.refusing == nil {
		r.refusing = &policy.Script{Server: steps}
	}
	rule.Policies = insert(rule.Policies, r.refusing)
}

// unreadable returns the fault of a path that cannot be matched. It closes what the path may have been meant for, if
// the Ingress may say who gets in.
func (r *reading) unreadable(host, path, fault string) *rules.Fault {
	t := &r.terms
	if len(r.closing) == 0 && len(t.allowed)+len(t.denied)+t.perSecond+t.perMinute+t.connections == 0 && r.basic == nil && r.asks == nil &&
		r.snippetsOf(host) == (snippet.Snippets{}) && !r.own.MayGuard() {
		return &rules.Fault{Text: fault}
	}
	return &rules.Fault{Text: fault, Closing: rules.UnreadablePath, Beginning: kinds.ClosedText(path, true)}
}

// expression returns what the path matches where paths of its host are expressions.
func (r *reading) expression(path string) *rules.Match {
	m, fault := kinds.OpenExpression(path)
	if fault != "" {
		m.Fault = &rules.Fault{Text: fault, Closing: rules.UnreadablePath, Beginning: kinds.ClosedText(path, true)}
	}
	return &m
}

// lead sets the backend of a rule. It returns why the rule has to be closed.
func (r *reading) lead(rule *rules.Rule, to *networkingv1.IngressBackend) (closed string) {
	if to.Service == nil {
		return "backend.resource is not supported: name a Service under backend.service"
	}
	b := r.backend
	b.Service, b.Port, b.PortName = to.Service.Name, to.Service.Port.Number, to.Service.Port.Name
	rule.Backends = []rules.Backend{b}
	return ""
}

// rewrite has a rule change the path and the host that the backend gets. scripted is set if a script of the rule
// changes the path. It returns why the rule has to be closed.
func (r *reading) rewrite(rule *rules.Rule, path string, scripted bool) (closed string) {
	t := &r.terms
	change := policy.Rewrite{Untold: true}
	if r.rewrites(path) {
		switch {
		case scripted: // It has the target in it.
		case capture.MatchString(t.rewrite):
			change.Path.Expression = rewritten(path)
			change.Path.Substitution = groups(t.rewrite)
			closed = kinds.ExpressionFault("path", change.Path.Expression)
		default:
			change.Path.Replace, closed = kinds.CanonicalPath(t.rewrite)
		}
		if t.prefix != "" {
			r.setPrefix(rule)
		}
	}
	if t.vhost != "" && !hostVariables[t.vhost] {
		var service, port string
		if len(rule.Backends) > 0 {
			b := &rule.Backends[0]
			service, port = b.Service, cmp.Or(b.PortName, strconv.Itoa(int(b.Port)))
		}
		change.Host = fillIn(t.vhost, r.object.Namespace, r.object.Name, service, port)
		if !kinds.IsAuthority(change.Host) {
			closed = cmp.Or(closed, "annotation "+Prefix+"upstream-vhost makes "+rules.Quote(change.Host)+" of this path, which is no host: write it out")
		}
	}
	if closed == "" && change != (policy.Rewrite{Untold: true}) {
		rule.Policies = insert(rule.Policies, &change)
	}
	return closed
}

// rewritten returns an expression for all of a path that nginx rewrites. nginx looks for the rule's path anywhere in
// that, and puts the target in the place of all that there is.
func rewritten(path string) string {
	switch {
	case kinds.Alternates(path):
		return `\A(?s:.*?)(?i:` + path + `)(?s:.*)`
	case strings.HasSuffix(path, "(.*)"):
		return `\A(?i:` + path + `)`
	}
	return `\A(?i:` + path + `)(?s:.*)`
}

// setPrefix tells the backend what x-forwarded-prefix says.
func (r *reading) setPrefix(rule *rules.Rule) {
	field := policy.Header{Name: "X-Forwarded-Prefix", Value: r.terms.prefix}
	for i, p := range rule.Policies {
		if h, ok := p.(*policy.Headers); ok {
			changed := *h
			changed.Request.Set = append(slices.DeleteFunc(slices.Clone(h.Request.Set), func(o policy.Header) bool { return strings.EqualFold(o.Name, field.Name) }), field)
			slices.SortFunc(changed.Request.Set, func(a, b policy.Header) int { return compareNames(a.Name, b.Name) })
			rule.Policies[i] = &changed
			return
		}
	}
	rule.Policies = insert(rule.Policies, &policy.Headers{Request: policy.HeaderChanges{Set: []policy.Header{field}}})
}

// redirect has a rule send its requests elsewhere, or those that came over plain HTTP to HTTPS.
func (r *reading) redirect(rule *rules.Rule, host, path string) {
	t := &r.terms
	switch to := r.elsewhere(); {
	case to != nil:
		rule.Policies = insert(rule.Policies, to)
	case !t.forceSSL && (!t.sslRedirect || !r.shared[r.key(host)].tls):
	case slices.ContainsFunc(t.plainPaths, func(beginning string) bool { return strings.HasPrefix(path, beginning) }):
	default:
		rule.Policies = insert(rule.Policies, &policy.HTTPSRedirect{Status: t.httpsCode, NoSlash: !t.keepSlash})
	}
}

// elsewhere returns the redirect of all paths, nil if there is none.
func (r *reading) elsewhere() *policy.Redirect {
	switch t := &r.terms; {
	case t.temporal != "":
		return redirectTo(t.temporal, t.temporalCode)
	case t.permanent != "":
		return redirectTo(t.permanent, t.permanentCode)
	}
	return nil
}

// redirectTo returns the redirect to a URL, which has been checked.
func redirectTo(to string, code int) *policy.Redirect {
	base, keeps := strings.CutSuffix(to, requestURI)
	if !keeps {
		return &policy.Redirect{Status: code, Location: to}
	}
	read := &policy.Redirect{Status: code}
	if parsed, err := url.Parse(base); err == nil {
		read.Scheme, read.Host = parsed.Scheme, parsed.Hostname()
		read.Port, _ = strconv.Atoi(parsed.Port())
		if beginning := strings.TrimSuffix(parsed.Path, "/"); beginning != "" {
			read.Path = policy.PathChange{Prefix: "/", Replacement: beginning + "/"}
		}
	}
	return read
}
