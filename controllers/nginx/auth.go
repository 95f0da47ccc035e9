// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
)

// authTerms say who gets in besides addresses.
type authTerms struct {
	// kind is basic, or empty for asking for no password. secret is the name of the Secret with the users, in form.
	kind, secret, realm string
	form                rules.CredentialForm
	// foreign lets secret be of another namespace.
	foreign bool
	// any has an address, or what is asked besides, suffice.
	any bool
	// asks is what the Ingress says of a service that is asked, and asksAll what the ConfigMap says for all Ingresses that
	// name none, unless noGlobal is set.
	asks, asksAll asking
	noGlobal      bool
	// openPaths are the beginnings of paths that are left out of all that.
	openPaths []string
}

// asking is how a service is asked.
type asking struct {
	to                        askedURL
	method, signIn, param     string
	responseHeaders           []string
	redirect, snippet, fields string
	cacheKey                  string
	cacheFor                  *time.Duration
	alwaysSetCookie           bool
}

// askedURL is the URL that a service is asked by.
type askedURL struct {
	// written is as its author wrote it. Empty for no service.
	written string
	// https is set if it is asked over TLS. port is 0 for the usual one.
	https bool
	port  int32
	// name is the host. Empty for the request's own. service and namespace are those of a Service, if it is one's.
	name, service, namespace string
	// target is the path and the query.
	target string
}

// defaultCacheFor is for how long ingress-nginx kept a verdict that lets a request pass, if it kept any.
const defaultCacheFor = 5 * time.Minute

var authenticationNames = sorted(
	[]Name{
		guard("auth-type", "`basic` asks for the name and the password of a user in `auth-secret`. `digest` closes.", readAuthType),
		guard("auth-secret", "The Secret with the users, of any type but TLS. Where it is missing, or nobody is in it, requests get 503. It is of the Ingress's namespace, unless `allow-cross-namespace-resources` says true.",
			text(func(t *Terms) *string { return &t.auth.secret })),
		guard("auth-secret-type", "`auth-file` has the users as a file of htpasswd under the key `auth`, `auth-map` has one in each key.", readSecretType),
		guard("auth-realm", "What a browser says that the password is for. Nothing unless it says so.", readRealm),
		guard("satisfy", "`any` lets in whom `allowlist-source-range` lists, and whoever proves what is asked. Beside both `auth-type` and `auth-url` it closes.", readSatisfy),
		guard("enable-global-auth", "`false` leaves the Ingress out of what `global-auth-url` of the ConfigMap asks.", readGlobalAuth),
		guard("auth-proxy-set-headers", "The ConfigMap of the Ingress's namespace with fields that the service gets. They may have variables.",
			text(func(t *Terms) *string { return &t.auth.asks.fields })),
	},
	askingNames("auth-", func(t *Terms) *asking { return &t.auth.asks }),
	each(nothing("", "Connections to the service are kept, as those to all endpoints."), "auth-keepalive", "auth-keepalive-requests", "auth-keepalive-share-vars", "auth-keepalive-timeout"),
)

// globalAuthKeys are the keys that say the same for all Ingresses.
var globalAuthKeys = sorted(
	askingNames("global-auth-", func(t *Terms) *asking { return &t.auth.asksAll }),
	[]Name{
		acts("no-auth-locations", "Paths that begin with one of these are left out of what is asked. `/.well-known/acme-challenge` unless it says so.", readOpenPaths),
		acts("allow-cross-namespace-resources", "`true` has `auth-secret` name Secrets of other namespaces too. All else that is named is of the Ingress's own namespace, but for the service of `auth-url`, which may be of any.", boolean(func(t *Terms) *bool { return &t.auth.foreign })),
	},
)

func readOpenPaths(t *Terms, value string) (fault string) {
	t.auth.openPaths = fields(value)
	return ""
}

// askingNames are the names that say how a service is asked, which annotations and keys of the ConfigMap share.
func askingNames(prefix string, at func(*Terms) *asking) []Name {
	return []Name{
		guard(prefix+"url", "The service that is asked whether a request may pass: `http://SERVICE.NAMESPACE.svc.cluster.local:PORT/PATH`, or `https://$host/PATH` where an Ingress of the namespace has that path. "+
			"The Service may be of any namespace, and by https nobody verifies its certificate, both as it was in ingress-nginx. A 2xx lets it pass, 401 and 403 are what the client gets, and anything else is 500. Any other URL closes.", readAskedURL(at)),
		guard(prefix+"method", "The method that it is asked with. GET unless it says so.", readMethod(at)),
		acts(prefix+"signin", "Where a client is sent, with 302, that the service answers with 401. `$host`, `$scheme`, `$escaped_request_uri` and the like are filled in; only the first two and their kind before the path.",
			readSignIn(at)),
		acts(prefix+"signin-redirect-param", "The parameter with the URL that the client came for. `rd` unless it says so.", readParam(at)),
		guard(prefix+"response-headers", "The fields of the service's answer that the backend gets, with commas between them. No client can set them.", readGiven(at)),
		guard(prefix+"request-redirect", "The field X-Auth-Request-Redirect that the service gets. `$request_uri` unless it says so.", readVariables(func(t *Terms) *string { return &at(t).redirect })),
		guard(prefix+"snippet", "Is compiled: `proxy_set_header` and `more_set_input_headers` set fields that the service gets. Anything else closes.", text(func(t *Terms) *string { return &at(t).snippet })),
		acts(prefix+"cache-key", "By what of a request the service's answer is kept, such as `$http_cookie`. Without a variable none is kept.", readCacheKey(at)),
		acts(prefix+"cache-duration", "For how long an answer that lets a request pass is kept: `200 202 10m`. 5 minutes unless it says so.", readCacheFor(at)),
		acts(prefix+"always-set-cookie", "Clients get the service's cookies with every answer, and not only with those of the usual statuses.",
			boolean(func(t *Terms) *bool { return &at(t).alwaysSetCookie })),
	}
}

func readAuthType(t *Terms, value string) (fault string) {
	switch value {
	case "", "basic":
		t.auth.kind = value
		return ""
	case "digest":
		return `"digest" is not asked: write basic, with bcrypt in the Secret, and serve the host over HTTPS`
	}
	return rules.Quote(value) + " is unknown: write basic"
}

func readSecretType(t *Terms, value string) (fault string) {
	if value == "" {
		return ""
	}
	forms := map[string]rules.CredentialForm{"auth-file": rules.UserFile, "auth-map": rules.UserMap}
	form, ok := forms[value]
	if !ok {
		return rules.Quote(value) + " is unknown: write auth-file or auth-map"
	}
	t.auth.form = form
	return ""
}

func readRealm(t *Terms, value string) (fault string) {
	t.auth.realm = value
	return kinds.RealmFault(value)
}

func readSatisfy(t *Terms, value string) (fault string) {
	if value == "" {
		return ""
	}
	var word string
	fault = oneOf(func(*Terms) *string { return &word }, "any", "all")(t, value)
	t.auth.any = word == "any"
	return fault
}

func readGlobalAuth(t *Terms, value string) (fault string) {
	var asked bool
	fault = boolean(func(*Terms) *bool { return &asked })(t, value)
	t.auth.noGlobal = fault == "" && !asked
	return fault
}

// askedForm divides a URL: scheme, authority, path and query.
var askedForm = regexp.MustCompile(`^(https?)://([^/?#@\s]+)([/?][!"$-~]*)?$`)

func readAskedURL(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		if value == "" {
			return ""
		}
		read, fault := parseAskedURL(value)
		if fault == "" {
			at(t).to = read
		}
		return fault
	}
}

func parseAskedURL(value string) (read askedURL, fault string) {
	parts := askedForm.FindStringSubmatch(value)
	if parts == nil {
		return read, rules.Quote(value) + " is no URL that a service can be asked by: write one such as http://oauth2-proxy.auth.svc.cluster.local:4180/oauth2/auth"
	}
	read = askedURL{written: value, https: parts[1] == "https", target: parts[3]}
	if !strings.HasPrefix(read.target, "/") {
		read.target = "/" + read.target
	}
	if fault := patternFault(read.target); fault != "" {
		return read, rules.Quote(value) + " " + fault
	}
	name, port, hasPort := strings.Cut(parts[2], ":")
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return read, rules.Quote(value) + " has no port behind its colon: write a number"
		}
		read.port = int32(n)
	}
	if hostVariables[name] {
		return read, ""
	}
	name = strings.TrimSuffix(name, ".")
	if !rules.ValidHost(name) || strings.HasPrefix(name, "*") {
		return read, rules.Quote(value) + " has " + rules.Quote(name) + " where a Service belongs: write its address, such as http://oauth2-proxy.auth.svc.cluster.local:4180/oauth2/auth"
	}
	read.name = name
	labels := strings.SplitN(name, ".", 3)
	if len(labels) == 3 && (labels[2] == "svc" || labels[2] == "svc.cluster.local") {
		read.service, read.namespace = labels[0], labels[1]
	}
	return read, ""
}

// patternFault returns what is wrong with a text with variables.
func patternFault(text string) string {
	if _, err := auth.ReadPattern(text); err != nil {
		return "has a variable that is not known here: " + err.Error()
	}
	return ""
}

func readMethod(at func(*Terms) *asking) reader {
	return oneOf(func(t *Terms) *string { return &at(t).method }, "", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
}

// signInForm divides a URL that clients are sent to. What stands before the path may have no variables but those of the
// host and the scheme: another one would let whoever makes a link choose where it leads.
var signInForm = regexp.MustCompile(`^(https?|[$]scheme|[$]pass_access_scheme)://([$]host|[$]http_host|[$]best_http_host|[a-z0-9.:\[\]-]+)([/?][!"$-~]*|[$]request_uri)?$`)

func readSignIn(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		parts := signInForm.FindStringSubmatch(value)
		if parts == nil || !strings.HasPrefix(parts[2], "$") && !kinds.IsAuthority(parts[2]) {
			return rules.Quote(value) + " is no URL to send clients to: write one such as https://$host/oauth2/start, with variables behind the host alone"
		}
		if fault := patternFault(value); fault != "" {
			return rules.Quote(value) + " " + fault
		}
		at(t).signIn = value
		return ""
	}
}

func readParam(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		if url.QueryEscape(value) != value {
			return rules.Quote(value) + " is no name of a parameter: write letters and digits"
		}
		at(t).param = value
		return ""
	}
}

func readGiven(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		var list []string
		for _, name := range fields(value) {
			if fault := kinds.HeaderFault(name, ""); fault != "" {
				return fault
			}
			if name == auth.AllFields {
				return `"*" lists no field, and no client can be kept from setting one whose name nobody knows: list the fields, such as X-Auth-Request-User`
			}
			list = append(list, strings.ToLower(name))
		}
		slices.Sort(list)
		at(t).responseHeaders = slices.Compact(list)
		return ""
	}
}

// readVariables returns a reader of a text that may have variables.
func readVariables(into func(*Terms) *string) reader {
	return func(t *Terms, value string) (fault string) {
		if fault := patternFault(value); fault != "" {
			return rules.Quote(value) + " " + fault
		}
		*into(t) = value
		return ""
	}
}

func readCacheKey(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		if fault := patternFault(value); fault != "" {
			return rules.Quote(value) + " " + fault
		}
		if !strings.Contains(value, "$") {
			return rules.Quote(value) + " tells nobody from anybody else, and all would get the answer of the first: write all that the answer depends on, such as $http_cookie$http_authorization"
		}
		at(t).cacheKey = value
		return ""
	}
}

// readCacheFor reads what nginx's proxy_cache_valid takes, with commas between several. What counts here is for how
// long a verdict is kept that lets a request pass: the shortest of the times for such statuses, 0 if there is none.
func readCacheFor(at func(*Terms) *asking) reader {
	return func(t *Terms, value string) (fault string) {
		shortest, known := time.Duration(0), false
		for part := range strings.SplitSeq(value, ",") {
			length, passes, ok := cacheTime(part)
			switch {
			case strings.TrimSpace(part) == "":
			case !ok:
				return rules.Quote(strings.TrimSpace(part)) + " is no time for statuses: write one such as 200 202 10m, and several with commas between them"
			case passes && (!known || length < shortest):
				shortest, known = length, true
			}
		}
		at(t).cacheFor = &shortest
		return ""
	}
}

// units are nginx's units of time.
var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "M": 30 * 24 * time.Hour, "y": 365 * 24 * time.Hour,
}

var cacheWord = regexp.MustCompile(`^([0-9]{1,6})(ms|s|m|h|d|w|M|y)$`)

// cacheTime reads statuses and a time. passes is set if the time is for a status that lets a request pass.
func cacheTime(text string) (length time.Duration, passes, ok bool) {
	statuses := false
	for word := range strings.FieldsSeq(text) {
		if parts := cacheWord.FindStringSubmatch(word); parts != nil {
			n, _ := strconv.Atoi(parts[1])
			length, ok = length+time.Duration(n)*units[parts[2]], true
			continue
		}
		status, err := strconv.Atoi(word)
		if word != "any" && (err != nil || status < 100 || status > 999) || ok {
			return 0, false, false
		}
		statuses, passes = true, passes || word == "any" || status >= 200 && status < 300
	}
	return length, passes || !statuses, ok
}
