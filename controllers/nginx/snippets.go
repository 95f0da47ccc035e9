// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"crypto/sha256"
	"io"
	"slices"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/script"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// The annotations with snippets that are compiled.
const (
	configurationSnippet = "configuration-snippet"
	serverSnippet        = "server-snippet"
	// locationSnippet is a key of the ConfigMap, which has server-snippet, too.
	locationSnippet = "location-snippet"
)

// snippetsOf returns the snippets of a path: that of its Ingress, and that of its host.
func (r *reading) snippetsOf(host string) snippet.Snippets {
	return snippet.Snippets{Configuration: r.terms.snippet, Server: r.shared[r.key(host)].snippet}
}

// followed returns snippets with those of the ConfigMap behind them.
func (r *reading) followed(s snippet.Snippets) snippet.Snippets {
	return snippet.Snippets{Configuration: follow(s.Configuration, r.terms.shared.Configuration), Server: follow(s.Server, r.terms.shared.Server)}
}

func follow(text, next string) string {
	if text == "" || next == "" {
		return text + next
	}
	return text + "\n" + next
}

func (r *reading) key(host string) hostKey { return hostKey{r.object.Namespace, host} }

// snippetContext returns what a snippet's meaning depends on at a path.
func (r *reading) snippetContext(host, path string, rule *rules.Rule, isExpression bool) snippet.Context {
	context := snippet.Context{Host: host, Namespace: r.object.Namespace, Ingress: r.object.Name, LocationPath: path, CORS: r.terms.cors.on}
	if isExpression {
		context.Path = "^" + path
	}
	if r.rewrites(path) {
		context.RewritePath, context.RewriteTarget = "(?i)"+path, r.terms.rewrite
	}
	if len(rule.Backends) > 0 {
		b := &rule.Backends[0]
		context.Service, context.ServicePort = b.Service, cmp.Or(b.PortName, strconv.Itoa(int(b.Port)))
	}
	return context
}

// checkSnippets closes the Ingress if one of its snippets cannot be kept, and its hosts if that is about them.
func (r *reading) checkSnippets() {
	if r.terms.snippet == "" && r.terms.serverSnippet == "" {
		return
	}
	if r.options.NoSnippets {
		for name, text := range map[string]string{configurationSnippet: r.terms.snippet, serverSnippet: r.terms.serverSnippet} {
			if text != "" {
				r.closing = append(r.closing, "annotation "+Prefix+name+": snippets are switched off by --nginx-snippets=false; or list it in ingress.warren.dev/ignore-annotations")
				r.closesHosts = r.closesHosts || name == serverSnippet
			}
		}
		slices.Sort(r.closing)
		return
	}
	context := snippet.Context{Namespace: r.object.Namespace, Ingress: r.object.Name}
	compiled, faults := snippet.Compile(snippet.Snippets{Configuration: r.terms.snippet, Server: r.terms.serverSnippet}, context)
	for _, f := range faults {
		r.closing = append(r.closing, "annotation "+Prefix+f.String()+snippetInstead)
		r.closesHosts = r.closesHosts || f.Kind == snippet.Server
	}
	if compiled == nil { // The host's may be fine.
		compiled, _ = snippet.Compile(snippet.Snippets{Server: r.terms.serverSnippet}, context)
	}
	if compiled == nil || len(compiled.Locations) == 0 {
		return
	}
	if !r.closesHosts {
		r.locating = compiled
	}
}

// tellOfOthers tells of other Ingresses whose server-snippet is for the same host. A host has one.
func (r *reading) tellOfOthers() {
	if r.terms.serverSnippet == "" {
		return
	}
	for _, name := range r.names() {
		host := r.shared[r.key(name)]
		switch {
		case host.by != "" && host.by != r.object.Name:
			r.told = append(r.told, "annotation "+Prefix+serverSnippet+": "+hostText(name)+" has that of Ingress "+rules.Clip(host.by)+", which comes first: this one does nothing there")
		case host.also != "":
			r.told = append(r.told, "annotation "+Prefix+serverSnippet+": "+hostText(name)+" has this one, and that of Ingress "+rules.Clip(host.also)+" does nothing there")
		}
	}
}

// snippetInstead is what to do about a snippet that cannot be kept.
const snippetInstead = "; or write what it does by annotations such as ingress.warren.dev/headers, or list it in ingress.warren.dev/ignore-annotations"

// script has a rule do what its snippets say. It returns what they were compiled to, nil if there are none, and why the
// rule has to be closed.
func (r *reading) script(rule *rules.Rule, host, path string, isExpression bool) (compiled *snippet.Result, closed string) {
	own := r.snippetsOf(host)
	texts := r.followed(own)
	if texts == (snippet.Snippets{}) || len(r.closing) > 0 {
		return nil, ""
	}
	if r.options.NoSnippets && own != (snippet.Snippets{}) {
		return nil, "the host has a server-snippet, and snippets are switched off by --nginx-snippets=false"
	}
	compiled, faults := snippet.Compile(texts, r.snippetContext(host, path, rule, isExpression))
	if len(faults) > 0 {
		var said []string
		for _, f := range faults {
			said = append(said, f.String())
		}
		return nil, strings.Join(rules.Bounded(said), "; ")
	}
	scripted, closed := r.located(compiled, host, path, rule.Match.Type == snapshot.MatchExact)
	if scripted != nil {
		rule.Policies = insert(rule.Policies, scripted)
	}
	closed = cmp.Or(closed, r.scriptAccess(rule, compiled))
	r.scriptSettings(rule, compiled)
	return compiled, closed
}

// scriptAccess has a rule admit whom its snippets admit: in a location, the annotations come first, and a server's
// rules hold where a location has none.
func (r *reading) scriptAccess(rule *rules.Rule, compiled *snippet.Result) (closed string) {
	list := r.lists(compiled)
	if len(list) == 0 || len(compiled.Access)+len(compiled.ServerAccess) == 0 {
		return ""
	}
	return r.setAccess(rule, list)
}

// lists returns the rules by which a path admits addresses. compiled may be nil.
func (r *reading) lists(compiled *snippet.Result) (list []snippet.AccessRule) {
	t := &r.terms
	for _, p := range t.denied {
		list = append(list, snippet.AccessRule{Prefix: p})
	}
	for _, p := range t.allowed {
		list = append(list, snippet.AccessRule{Allow: true, Prefix: p})
	}
	if len(t.allowed) > 0 {
		list = append(list, snippet.AccessRule{})
	}
	if compiled == nil {
		return list
	}
	if list = append(list, compiled.Access...); len(list) == 0 {
		list = compiled.ServerAccess
	}
	return slices.Clip(list)
}

// setAccess has a rule admit whom a list admits.
func (r *reading) setAccess(rule *rules.Rule, list []snippet.AccessRule) (closed string) {
	access, ok := r.admits(list)
	if !ok {
		return "allow and deny of its snippets have more turns than there is room for: write fewer"
	}
	rule.Policies = without(rule.Policies, &policy.Access{})
	if access != nil {
		rule.Policies = insert(rule.Policies, access)
	}
	return ""
}

// admission is whom a list of rules admits.
type admission struct {
	list   []snippet.AccessRule
	access *policy.Access
	ok     bool
}

// admits returns whom a list admits. Most paths have the list of the path before.
func (r *reading) admits(list []snippet.AccessRule) (access *policy.Access, ok bool) {
	same := func(a admission) bool { return slices.Equal(a.list, list) }
	if i := slices.IndexFunc(r.admissions, same); i >= 0 {
		return r.admissions[i].access, r.admissions[i].ok
	}
	access, ok = snippet.AccessOf(list)
	r.admissions = append(r.admissions, admission{list, access, ok})
	return access, ok
}

// without returns policies but for those of one type.
func without(list []policy.Policy, like policy.Policy) []policy.Policy {
	return slices.DeleteFunc(slices.Clone(list), func(p policy.Policy) bool { return policy.Place(p) == policy.Place(like) })
}

// scriptSettings has what else snippets say take the place of what annotations say.
func (r *reading) scriptSettings(rule *rules.Rule, c *snippet.Result) {
	if c.ConnectTimeout > 0 {
		rule.Timeouts.Connect = c.ConnectTimeout
	}
	if c.ReadTimeout > 0 || c.SendTimeout > 0 {
		read, send := cmp.Or(c.ReadTimeout, r.terms.read), cmp.Or(c.SendTimeout, r.terms.send)
		rule.Timeouts.Response, rule.Timeouts.Idle = read, max(read, send)
	}
	if c.Tries > 0 {
		rule.Retries = min(c.Tries-1, kinds.MaxRetries)
	}
	if c.MaxRequestBytes >= 0 {
		rule.Policies = without(rule.Policies, &policy.MaxRequestBytes{})
		if c.MaxRequestBytes > 0 {
			rule.Policies = insert(rule.Policies, &policy.MaxRequestBytes{Bytes: c.MaxRequestBytes})
		}
	}
	if len(c.Redirects) > 0 {
		rule.Policies = insert(without(rule.Policies, &policy.LocationRewrite{}), &policy.LocationRewrite{Changes: snippet.Changes(c.Redirects), Absolute: true})
	}
	if len(c.CookiePaths) > 0 {
		cookies := policy.CookieRewrite{Paths: snippet.Changes(c.CookiePaths)}
		if r.terms.cookieDomain != nil {
			cookies.Domains = []policy.ValueChange{*r.terms.cookieDomain}
		}
		rule.Policies = insert(without(rule.Policies, &policy.CookieRewrite{}), &cookies)
	}
	if c.UpstreamName == "" && !c.UpstreamNameOfRequest {
		return
	}
	for i := range rule.Backends {
		if b := &rule.Backends[i]; b.TLS != nil {
			tls := *b.TLS
			tls.ServerName, tls.ServerNameFromRequest = c.UpstreamName, c.UpstreamNameOfRequest
			b.TLS = &tls
		}
	}
}

// appendLocations adds the exact locations that a snippet has beside a path, or in it. The script of each path has the
// others. known are the exact paths of the host's rules.
func (r *reading) appendLocations(host *rules.Host, known map[string]bool, where string, kind snippet.Kind, compiled *snippet.Result) {
	for i := range compiled.Locations {
		l := &compiled.Locations[i]
		if l.Kind != kind || l.Match != snippet.Exact || known[l.Path] {
			continue
		}
		known[l.Path] = true
		match, fault := kinds.LiteralMatch(l.Path, true)
		rule := r.answering(where, match, withoutFile(l.Script))
		if fault == "" && len(l.Access) > 0 {
			fault = r.setAccess(&rule, l.Access)
		}
		r.block(&rule)
		if fault != "" || len(r.closing) > 0 {
			rule.Fault = &rules.Fault{Text: fault, Closing: rules.ForeignAnnotation}
		}
		rule.Expressions = kinds.Expressions(&rule)
		host.Rules = append(host.Rules, rule)
	}
}

// withoutFile returns the script of a location without its last step, which says that there is no file. Addresses are
// asked before nginx looks for one, and the rule's own answer says the same after that.
func withoutFile(of *policy.Script) *policy.Script {
	if of == nil || len(of.Location) == 0 {
		return of
	}
	last := len(of.Location) - 1
	if step := &of.Location[last]; step.Op != script.Return || step.Status != 404 || step.Value != "" {
		return of
	}
	shorter := *of
	if shorter.Location = of.Location[:last:last]; shorter.Equal(&policy.Script{}) {
		return nil
	}
	return &shorter
}

// answering returns a rule whose script answers, and which has no backend.
func (r *reading) answering(where string, match rules.Match, script *policy.Script) rules.Rule {
	rule := rules.Rule{Where: where, Match: match, Policies: []policy.Policy{&policy.FixedResponse{Status: 404}}}
	if script != nil {
		rule.Policies = insert(rule.Policies, script)
	}
	if h := r.terms.hstsOf(); h != nil {
		rule.Policies = insert(rule.Policies, h)
	}
	return rule
}

// unmatched returns what the Ingress makes of requests that no path of a host takes, by its server-snippet or, if it is
// the first of the host, by a redirect of all its paths.
func (r *reading) unmatched(host, where string) (hosts []rules.Host) {
	if to := r.elsewhere(); to != nil && r.shared[r.key(host)].first == r.object.Name && len(r.closing) == 0 {
		rule := r.sends("/", where, to)
		rule.Match.Type = snapshot.MatchPrefix
		return []rules.Host{{Name: host, Where: where, Index: -1, Default: true, Alone: true, Rules: []rules.Rule{rule}}}
	}
	if r.terms.serverSnippet == "" || r.shared[r.key(host)].by != r.object.Name || len(r.closing) > 0 {
		return nil
	}
	rule := rules.Rule{}
	compiled, closed := r.script(&rule, host, "/", false)
	if compiled == nil || len(rule.Policies)+len(compiled.ServerAccess) == 0 {
		return nil
	}
	scripted, fault := r.located(compiled, host, "/", false)
	closed = cmp.Or(closed, fault)
	made := r.answering(where, rules.Match{Path: "/", Type: snapshot.MatchPrefix}, scripted)
	if len(compiled.ServerAccess) > 0 {
		closed = cmp.Or(closed, r.setAccess(&made, compiled.ServerAccess))
	}
	r.block(&made)
	if closed != "" {
		made.Fault = &rules.Fault{Text: closed, Closing: rules.ForeignAnnotation}
	}
	made.Expressions = kinds.Expressions(&made)
	return []rules.Host{{Name: host, Where: where, Index: -1, Default: true, Alone: true, Rules: []rules.Rule{made}}}
}

// exactPaths returns the exact paths of rules.
func exactPaths(list []rules.Rule) map[string]bool {
	paths := make(map[string]bool)
	for i := range list {
		if m := &list[i].Match; m.Type == snapshot.MatchExact {
			paths[m.Path] = true
		}
	}
	return paths
}

// Shared is what Ingresses of a namespace have in common by a host: ingress-nginx makes one server of it, whichever of
// them has a path.
type Shared map[hostKey]sharedHost

type hostKey struct{ namespace, host string }

type sharedHost struct {
	// tls is set if some Ingress of the host has TLS, be it for another host: ingress-nginx then gave the host a
	// certificate of its own making, and sent plain requests to HTTPS. It is never set for every host.
	tls bool
	// expressed is set if the paths of the host are expressions.
	expressed bool
	// first is the name of the first Ingress of the host.
	first string
	// snippet is the server-snippet of the first Ingress that has one, by is the name of that, and sum stands for the
	// text. also is the name of the next that has one, which does nothing.
	snippet, by, also string
	sum               [sha256.Size]byte
	// routes are the paths of the host, if questions who gets in go to it.
	routes []sharedRoute
}

// Add adds an Ingress. Older ones have to come first.
func (s Shared) Add(object *networkingv1.Ingress) {
	if isCanary(object) {
		return
	}
	text := object.Annotations[Prefix+serverSnippet]
	if len(text) > ValueLimit || text != "" && slices.Contains(kinds.ReadAnnotated(object).Ignored(), Prefix+serverSnippet) {
		text = ""
	}
	text = strings.TrimSpace(text)
	for i := range object.Spec.Rules {
		key := hostKey{object.Namespace, object.Spec.Rules[i].Host}
		host := s[key]
		host.expressed = host.expressed || makesExpressions(object, &object.Spec.Rules[i])
		host.tls, host.first = host.tls || len(object.Spec.TLS) > 0 && key.host != "", cmp.Or(host.first, object.Name)
		switch {
		case text == "":
		case host.snippet == "":
			host.snippet, host.by, host.sum = text, object.Name, sha256.Sum256([]byte(text))
		case host.by != object.Name:
			host.also = cmp.Or(host.also, object.Name)
		}
		s[key] = host
	}
}

// Of tells what an Ingress has of it, in few bytes. Two that tell the same have the Ingress read alike.
func (s Shared) Of(object *networkingv1.Ingress, settings *Settings) string {
	told := sha256.New()
	_, _ = io.WriteString(told, s.asked(object, settings))
	for i := range object.Spec.Rules {
		host := s[hostKey{object.Namespace, object.Spec.Rules[i].Host}]
		_, _ = io.WriteString(told, strconv.FormatBool(host.tls)+strconv.FormatBool(host.expressed)+host.by+" "+host.also+" "+host.first+"\n")
		_, _ = told.Write(host.sum[:])
	}
	return string(told.Sum(nil))
}
