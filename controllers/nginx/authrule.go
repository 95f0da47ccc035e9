// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/nginx/snippet"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/policy"
)

// askedTimeout is how long nginx waits for the answer of a service that is asked.
const askedTimeout = time.Minute

// settleAuth makes what rules have in common of who gets in besides addresses. It finds what cannot be kept.
func (r *reading) settleAuth() {
	t := &r.terms.auth
	switch {
	case t.kind == "" && t.secret != "":
		r.closing = append(r.closing, "annotation "+Prefix+"auth-secret: it protects nothing without auth-type: write auth-type: basic, or take it off")
	case t.kind != "":
		name, fault := r.usersSecret()
		if fault != "" {
			r.closing = append(r.closing, "annotation "+Prefix+"auth-secret: "+fault)
		}
		r.basic = &rules.BasicAuth{Realm: t.realm, Users: rules.CredentialName{NamespacedName: name, Form: t.form}}
	}
	asks, prefix, suffix := &t.asks, "annotation "+Prefix+"auth-", ""
	if asks.to.written == "" {
		if !reflect.ValueOf(*asks).IsZero() {
			r.told = append(r.told, "annotations about a service that is asked, which begin with auth-, do nothing without auth-url")
		}
		asks, prefix, suffix = &t.asksAll, "key global-auth-", " of ConfigMap "+r.options.ConfigMap.String()
		if asks.to.written == "" || t.noGlobal {
			return
		}
	}
	if t.any && t.kind != "" {
		r.closing = append(r.closing, "annotation "+Prefix+"satisfy: any had one suffice of auth-type and "+strings.TrimPrefix(prefix, "annotation "+Prefix)+"url"+suffix+
			", and here both are asked: take one of them off, or write all")
	}
	r.asks = &auth.External{
		Path: asks.to.target, Method: asks.method, Host: asks.to.name, ForwardHeaders: []string{auth.AllFields}, ResponseHeaders: asks.responseHeaders,
		SignInURL: asks.signIn, SignInParam: asks.param, Timeout: askedTimeout, AlwaysSetCookie: asks.alwaysSetCookie, Nginx: true,
	}
	if asks.cacheKey != "" {
		r.asks.CacheKey, r.asks.CacheFor = asks.cacheKey, defaultCacheFor
		if asks.cacheFor != nil {
			r.asks.CacheFor = *asks.cacheFor
		}
	}
	if r.asks.CacheFor == 0 {
		r.asks.CacheKey = ""
	}
	var fault string
	if r.asks.Fields, fault = r.askedFields(asks); fault != "" {
		r.closing = append(r.closing, prefix+fault)
	}
	r.asksTo, r.asksBy = asks.to, prefix+"url"+suffix
	if asks.to.name != "" { // The same for all hosts.
		if _, fault := r.askedBackend(""); fault != "" {
			r.closing = append(r.closing, r.asksBy+": "+fault)
		}
	}
}

// checkAsked closes the Ingress if some of its hosts have no path that is to be asked who gets in.
func (r *reading) checkAsked() {
	if r.asks == nil || r.asksTo.name != "" {
		return
	}
	for _, host := range r.names() {
		if _, fault := r.askedBackend(host); fault != "" {
			r.closing = append(r.closing, r.asksBy+": "+fault)
			return
		}
	}
}

// usersSecret returns the name of the Secret with the users.
func (r *reading) usersSecret() (name types.NamespacedName, fault string) {
	t := &r.terms.auth
	namespace, short, dotted := strings.Cut(t.secret, "/")
	if !dotted {
		namespace, short = r.object.Namespace, t.secret
	}
	switch {
	case t.secret == "":
		return name, "auth-type asks for users, and no Secret has them: write the name of one"
	case short == "" || !rules.ValidHost(short) || short[0] == '*' || namespace == "" || !rules.ValidHost(namespace) || strings.Contains(namespace, "."):
		return name, rules.Quote(t.secret) + " is no name of a Secret: write one such as users"
	case namespace != r.object.Namespace && !t.foreign:
		return name, rules.Quote(t.secret) + " is a Secret of another namespace, which ingress-nginx takes only where allow-cross-namespace-resources says true: write one of namespace " + r.object.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: short}, ""
}

// askedFields returns the fields that a service gets besides those of the request. The fault goes on after the
// beginning of the names that say how it is asked.
func (r *reading) askedFields(asks *asking) (list []policy.Header, fault string) {
	values := make(map[string]policy.Header)
	set := func(h policy.Header) { values[strings.ToLower(h.Name)] = h }
	if asks.redirect != "" {
		set(policy.Header{Name: "X-Auth-Request-Redirect", Value: asks.redirect})
	}
	if asks.fields != "" {
		name, ok := mapName(asks.fields, r.object.Namespace)
		if !ok {
			return nil, "proxy-set-headers: " + rules.Quote(asks.fields) + " is no ConfigMap of namespace " + r.object.Namespace + ": write the name of one"
		}
		read, fault := readHeaders(r.maps, name, nil, patternFault)
		if fault != "" {
			return nil, "proxy-set-headers: " + fault
		}
		for _, h := range read {
			set(h)
		}
	}
	if asks.snippet != "" {
		if r.options.NoSnippets {
			return nil, "snippet: snippets are switched off by --nginx-snippets=false; or list it in ingress.warren.dev/ignore-annotations"
		}
		read, faults := snippet.AskedFields(asks.snippet)
		if len(faults) > 0 {
			return nil, strings.TrimPrefix(faults[0].String(), "auth-") + "; or list it in ingress.warren.dev/ignore-annotations"
		}
		for _, h := range read {
			if fault := patternFault(h.Value); fault != "" {
				return nil, "snippet: " + rules.Quote(h.Value) + " " + fault
			}
			set(h)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, values[name])
	}
	return list, ""
}

// authenticate has a rule ask who somebody is. any is set if a snippet has an address suffice. It returns why the rule
// has to be closed.
func (r *reading) authenticate(rule *rules.Rule, host, path string, compiled *snippet.Result) (closed string) {
	t := &r.terms
	switch {
	case r.basic == nil && r.asks == nil:
		return ""
	case t.permanent != "" || t.temporal != "": // nginx sends clients elsewhere before it asks who they are.
		return ""
	case slices.ContainsFunc(t.auth.openPaths, func(beginning string) bool { return strings.HasPrefix(path, beginning) }):
		return ""
	}
	if r.asking == nil {
		r.asking = make(map[string]*rules.Auth)
	}
	asked := r.asking[host]
	if asked == nil {
		asked = &rules.Auth{Basic: r.basic}
		if r.asks != nil {
			to, fault := r.askedBackend(host)
			if fault != "" {
				return r.asksBy + ": " + fault
			}
			asked.External = &rules.ExternalAuth{Backend: to, Asks: *r.asks}
			if compiled != nil {
				asked.External.Asks.Renamed = compiled.Given
			}
			if fault = asked.External.Fault(); fault != "" {
				return r.asksBy + ": " + fault
			}
		}
		r.asking[host] = asked
	}
	rule.Auth = asked
	if t.auth.any || compiled != nil && compiled.SatisfyAny {
		return r.suffice(rule, compiled)
	}
	return ""
}

// askedBackend returns the service that is asked for the requests to a host, or why none can be.
func (r *reading) askedBackend(host string) (b rules.Backend, fault string) {
	to := &r.asksTo
	b = rules.Backend{Protocol: rules.HTTP, Port: cmp.Or(to.port, 80)}
	if to.https {
		b.Port = cmp.Or(to.port, 443)
	}
	if to.service != "" {
		if b.Service = to.service; to.namespace != r.object.Namespace {
			b.Namespace = to.namespace
		}
		if to.https {
			b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{ServerName: to.name, SkipVerify: true}
		}
		return b, ""
	}
	path, _, _ := strings.Cut(to.target, "?")
	route := r.shared[r.key(cmp.Or(to.name, host))].route(path)
	const instead = ": write the address of the service that answers there, such as http://oauth2-proxy.auth.svc.cluster.local:4180/oauth2/auth"
	switch {
	case route == nil:
		return b, "no Ingress of this class and namespace has " + rules.Quote(path) + " of " + hostText(cmp.Or(to.name, host)) + ", and no other server is asked" + instead
	case route.why != "":
		return b, "the service of " + rules.Quote(path) + " cannot be asked, since its Ingress " + rules.Clip(route.by) + " " + route.why + instead
	}
	b.Service, b.Port, b.PortName = route.to.Service.Name, route.to.Service.Port.Number, route.to.Service.Port.Name
	if route.https {
		b.Protocol, b.TLS = rules.HTTPS, &rules.BackendTLS{SkipVerify: true}
	}
	return b, ""
}

func hostText(host string) string {
	if host == "" {
		return "every host"
	}
	return "host " + rules.Clip(host)
}

// suffice has whom the lists of a rule admit prove nothing, and has nobody else refused by them. nginx lets an address
// suffice only if a list has it: one that none has is asked.
func (r *reading) suffice(rule *rules.Rule, compiled *snippet.Result) (closed string) {
	if len(r.terms.blocked) > 0 {
		return "satisfy any would let in whom block-cidrs of the ConfigMap blocks, with a password: write all, or leave the addresses to one of the two"
	}
	list := r.lists(compiled)
	access, ok := r.admits(append(list, snippet.AccessRule{}))
	if !ok {
		return "allow and deny of its annotations and snippets have more turns than there is room for: write fewer"
	}
	rule.Policies = without(rule.Policies, &policy.Access{})
	switch {
	case access == nil: // Everybody is admitted.
		rule.Auth = nil
	case len(access.Allowed) > 0:
		rule.Policies = insert(rule.Policies, access)
		asked := *rule.Auth
		asked.Any, rule.Auth = true, &asked
	}
	return ""
}
