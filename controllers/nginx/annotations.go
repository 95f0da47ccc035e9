// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"math"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// acts makes an entry of a name that is acted on.
func acts(name, text string, read reader) Name { return Name{Name: name, Text: text, read: read} }

// guard makes an entry of a name that is acted on, and that says who gets in or what a backend sees.
func guard(name, text string, read reader) Name {
	return Name{Name: name, Text: text, read: read, guards: true}
}

// nothing makes an entry of a name that means nothing here.
func nothing(name, text string) Name { return Name{Name: name, Fate: Meaningless, Text: text} }

// closes makes an entry of a name that cannot be kept.
func closes(name, text string) Name { return Name{Name: name, Fate: Closes, Text: text} }

// closesUnless makes an entry of a name that cannot be kept, unless its value asks for nothing.
func closesUnless(off func(string) bool, name, text string) Name {
	return Name{Name: name, Fate: Closes, Text: text, off: off}
}

// Annotations are the annotations of ingress-nginx, without their prefix and sorted by name: those of its last version,
// those that versions before it had, and those that people write though it never had them.
var Annotations = sorted(
	redirectNames, pathNames, timeoutNames, backendNames, accessNames, limitNames, corsNames, balancingNames, headerNames, canaryNames,
	mirrorNames, errorPageNames, authenticationNames, authNames, clientCertificateNames, snippetNames, idleNames, goneNames, inventedNames,
)

var redirectNames = []Name{
	acts("ssl-redirect", "Plain requests for a host of an Ingress that has `tls`, be it for other hosts, are sent to HTTPS, with 308. It is on unless it says false.",
		boolean(func(t *Terms) *bool { return &t.sslRedirect })),
	guard("force-ssl-redirect", "As `ssl-redirect`, also for hosts of Ingresses without `tls`.", boolean(func(t *Terms) *bool { return &t.forceSSL })),
	acts("preserve-trailing-slash", "Keeps the slash with which a URL ends that is sent to HTTPS. Otherwise that is cut off.",
		boolean(func(t *Terms) *bool { return &t.keepSlash })),
	guard("permanent-redirect", "All requests are sent to that URL, with 301, and those that no path takes if it is the host's first Ingress. One that ends in `$request_uri` keeps the path and the query.",
		readURL(func(t *Terms) *string { return &t.permanent })),
	acts("permanent-redirect-code", "The status of `permanent-redirect`: 301, 302, 303, 307 or 308.", readCode(func(t *Terms) *int { return &t.permanentCode })),
	guard("temporal-redirect", "As `permanent-redirect`, with 302. It goes before that.", readURL(func(t *Terms) *string { return &t.temporal })),
	acts("temporal-redirect-code", "The status of `temporal-redirect`, likewise.", readCode(func(t *Terms) *int { return &t.temporalCode })),
	acts("app-root", "Requests for `/` alone are sent to that path, with 302.", readAppRoot),
	acts("from-to-www-redirect", "For `www.example.com` it has `example.com` sent there, and the other way round, with 308, unless an Ingress has that host.",
		boolean(func(t *Terms) *bool { return &t.www })),
}

// readURL returns a reader of a URL that requests are sent to.
func readURL(at func(*Terms) *string) reader {
	return func(t *Terms, value string) (fault string) {
		parsed, err := url.Parse(strings.TrimSuffix(value, requestURI))
		switch {
		case err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || !isURL.MatchString(strings.TrimSuffix(value, requestURI)):
			return rules.Quote(value) + " is no URL to send clients to: write one such as https://new.example.com/x, or https://new.example.com$request_uri"
		case strings.HasSuffix(value, requestURI) && (parsed.RawQuery != "" || parsed.Fragment != "" || !kinds.IsAuthority(parsed.Host)):
			return rules.Quote(value) + " has something between the path and $request_uri: write one such as https://new.example.com$request_uri"
		}
		*at(t) = value
		return ""
	}
}

// requestURI is the only variable that a URL may have, at its end.
const requestURI = "$request_uri"

// isURL matches what a URL in a header field may have.
var isURL = regexp.MustCompile(`^[!#%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+$`)

func readCode(at func(*Terms) *int) reader {
	return func(t *Terms, value string) (fault string) {
		switch code, _ := strconv.Atoi(value); code {
		case 301, 302, 303, 307, 308:
			*at(t) = code
			return ""
		}
		return rules.Quote(value) + " is no status that sends clients elsewhere: write 301, 302, 303, 307 or 308"
	}
}

func readAppRoot(t *Terms, value string) (fault string) {
	path, fault := kinds.CanonicalPath(value)
	if fault == "" {
		t.appRoot = path
	}
	return fault
}

var pathNames = []Name{
	guard("rewrite-target", "The path that the backend gets. `$1` is what the first group of the path matched. It makes every path of the host an expression.", readTarget),
	acts("use-regex", "Makes every path of the host an expression of RE2, in all Ingresses that have the host: without case, and open at its end.",
		boolean(func(t *Terms) *bool { return &t.regex })),
	guard("x-forwarded-prefix", "The field X-Forwarded-Prefix of requests, where a `rewrite-target` changes the path. It may have no `$1`.", readPrefix),
	guard("upstream-vhost", "The host that the backend is asked for. `$host` leaves it, and `$service_name`, `$service_port`, `$namespace` and `$ingress_name` are filled in.", readVhost),
	acts("server-alias", "Further names of the hosts, unless an Ingress has them as hosts. Expressions are not read.", readAliases),
}

func readTarget(t *Terms, value string) (fault string) {
	switch {
	case strings.Contains(value, "://"):
		return rules.Quote(value) + " is a URL: write permanent-redirect or temporal-redirect for that"
	case !isTarget.MatchString(value):
		return rules.Quote(value) + " is no path that a backend can be asked for: write one such as /$1, without a query and without other variables"
	}
	t.rewrite = value
	return ""
}

// isTarget matches a path with captures.
var isTarget = regexp.MustCompile(`^(/|\$[1-9])([!%&'()*+,\-./0-9:;=@A-Z_a-z~]|\$[1-9])*$`)

func readPrefix(t *Terms, value string) (fault string) {
	if !isPrefix.MatchString(value) {
		return rules.Quote(value) + " is no prefix of a path: write one such as /app, without $1"
	}
	t.prefix = value
	return ""
}

var isPrefix = regexp.MustCompile(`^/?[\-./0-9:A-Z_a-z~]*$`)

// hostVariables are what stands for the host that the client asked for.
var hostVariables = map[string]bool{"$host": true, "$http_host": true, "$best_http_host": true}

func readVhost(t *Terms, value string) (fault string) {
	filled := fillIn(value, "a", "a", "a", "80")
	if !hostVariables[value] && (!kinds.IsAuthority(filled) || strings.Contains(filled, "$")) {
		return rules.Quote(value) + " is no host: write a name in lower case such as internal.example.com, with a port if it needs one"
	}
	t.vhost = value
	return ""
}

// fillIn puts what is known of a path in the place of variables.
func fillIn(value, namespace, ingress, service, port string) string {
	return strings.NewReplacer("$namespace", namespace, "$ingress_name", ingress, "$service_name", service, "$service_port", port).Replace(value)
}

func readAliases(t *Terms, value string) (fault string) {
	t.aliases = nil
	for _, name := range fields(value) {
		if !rules.ValidHost(name) {
			fault = rules.Quote(name) + " is no host: write names such as shop.example.com or *.example.com, with commas between them"
			continue
		}
		t.aliases = append(t.aliases, name)
	}
	return fault
}

var timeoutNames = []Name{
	acts("proxy-connect-timeout", "How long making a connection to an endpoint may take, in seconds. 5 unless it says so.", seconds(func(t *Terms) *time.Duration { return &t.connect })),
	acts("proxy-read-timeout", "How long an endpoint may be silent, in seconds. 60 unless it says so.", seconds(func(t *Terms) *time.Duration { return &t.read })),
	acts("proxy-send-timeout", "How long an endpoint may take nothing, in seconds. 60 unless it says so. The longer of this and `proxy-read-timeout` holds once an answer has begun.",
		seconds(func(t *Terms) *time.Duration { return &t.send })),
	guard("proxy-body-size", "The most content of a request: `8m`, or `0` for no bound. 1m unless it says so.", readBodySize),
	acts("proxy-next-upstream", "After what a request is sent to another endpoint: `error`, `timeout`, `http_500` and the like, `off`. A request that may not be sent twice is not.", readRetry),
	acts("proxy-next-upstream-tries", "How often a request is sent at most, 3 unless it says so. `0` stands for 11.", number(func(t *Terms) *int { return &t.tries }, 0, math.MaxInt32)),
	nothing("proxy-next-upstream-timeout", "The number of tries bounds them, and the timeouts each of them."),
}

func readBodySize(t *Terms, value string) (fault string) {
	size, fault := readSize(value)
	if fault == "" {
		t.bodySize = size
	}
	return fault
}

func readRetry(t *Terms, value string) (fault string) {
	var list []string
	for _, word := range fields(value) {
		switch word {
		case "error", "timeout", "invalid_header", "off", "non_idempotent",
			"http_500", "http_502", "http_503", "http_504", "http_403", "http_404", "http_429", "updating":
			list = append(list, word)
		default:
			return rules.Quote(word) + " is unknown: write words such as error, timeout and http_502, with spaces between them, or off"
		}
	}
	t.retry = list
	return ""
}

var backendNames = []Name{
	guard("backend-protocol", "`HTTP`, `HTTPS`, `GRPC` or `GRPCS`. A backend over TLS has to prove nothing without `proxy-ssl-verify`. `AUTO_HTTP` and `FCGI` close.", readProtocol),
	guard("proxy-ssl-secret", "The Secret `NAMESPACE/NAME`, of the Ingress's own namespace, with the certificate that backends are shown, and the authorities of theirs.",
		text(func(t *Terms) *string { return &t.tls.secret })),
	guard("proxy-ssl-verify", "`on` has backends prove who they are, by the authorities in `proxy-ssl-secret`.", readOnOff(func(t *Terms) *bool { return &t.tls.verify })),
	guard("proxy-ssl-name", "The name that a backend's certificate is for, and that is asked for. `$host` is the host of each request.", readTLSName),
	acts("service-upstream", "`true` has the address of the Service asked in place of its endpoints. A Service without one is as without it. Sessions and hashes have one endpoint then.",
		boolean(func(t *Terms) *bool { return &t.byService })),
	acts("connection-proxy-header", "`close` has each connection to an endpoint end with its request. `keep-alive` keeps them, as they are without it; WebSockets work all the same.",
		oneOf(func(t *Terms) *string { return &t.connection }, "close", "keep-alive")),
	guard("proxy-http-version", "`1.1`. Anything else closes: HTTP/1.0 is not spoken to backends.", readVersion),
}

func readProtocol(t *Terms, value string) (fault string) {
	switch upper := strings.ToUpper(value); upper {
	case "HTTP", "HTTPS", "GRPC", "GRPCS":
		t.protocol = upper
		return ""
	case "AUTO_HTTP":
		return "backends are spoken to in one way, however the client came: write HTTP or HTTPS"
	case "FCGI":
		return "FastCGI is not spoken: put a server of HTTP before the backend, and write HTTP"
	}
	return rules.Quote(value) + " is unknown: write HTTP, HTTPS, GRPC or GRPCS"
}

func readOnOff(at func(*Terms) *bool) reader {
	return func(t *Terms, value string) (fault string) {
		if value != "on" && value != "off" {
			return rules.Quote(value) + " is neither on nor off: write one of them"
		}
		*at(t) = value == "on"
		return ""
	}
}

func readTLSName(t *Terms, value string) (fault string) {
	if t.tls.asked = hostVariables[value]; t.tls.asked {
		t.tls.name = ""
		return ""
	}
	if !rules.ValidHost(value) || strings.HasPrefix(value, "*") {
		if _, err := netip.ParseAddr(value); err != nil {
			return rules.Quote(value) + " is neither a DNS name nor an address: write what the backend's certificate is for"
		}
	}
	t.tls.name = value
	return ""
}

func readVersion(_ *Terms, value string) (fault string) {
	if value != "1.1" {
		return rules.Quote(value) + " is no version that backends are spoken to in: write 1.1"
	}
	return ""
}

var accessNames = []Name{
	guard("allowlist-source-range", "The addresses that get in. All others get 403. The older name counts where this one is missing.", addresses(func(t *Terms) *[]netip.Prefix { return &t.allowed })),
	guard("whitelist-source-range", "The older name of `allowlist-source-range`.", addresses(func(t *Terms) *[]netip.Prefix { return &t.allowed })),
	guard("denylist-source-range", "The addresses that get 403, also where the other list has them.", addresses(func(t *Terms) *[]netip.Prefix { return &t.denied })),
}

var limitNames = []Name{
	guard("limit-rps", "Requests a second of one client, at each replica. Beyond it and its burst: 429, where ingress-nginx said 503.", number(func(t *Terms) *int { return &t.perSecond }, 0, 1_000_000)),
	guard("limit-rpm", "Requests a minute, likewise. It closes beside `limit-rps`.", number(func(t *Terms) *int { return &t.perMinute }, 0, 1_000_000)),
	guard("limit-burst-multiplier", "How many times a limit may come at once after a pause. 5 unless it says so.", number(func(t *Terms) *int { return &t.burst }, 1, 1000)),
	guard("limit-connections", "Requests at a time of one client, at each replica. Beyond them: 429, where ingress-nginx said 503.", number(func(t *Terms) *int { return &t.connections }, 0, 1_000_000)),
	acts("limit-allowlist", "Addresses that these limits are not for. The older name counts where this one is missing.", addresses(func(t *Terms) *[]netip.Prefix { return &t.unlimited })),
	acts("limit-whitelist", "The older name of `limit-allowlist`.", addresses(func(t *Terms) *[]netip.Prefix { return &t.unlimited })),
	nothing("limit-rate", "Responses are as fast as clients take them."),
	nothing("limit-rate-after", "Responses are as fast as clients take them."),
}

var corsNames = []Name{
	acts("enable-cors", "Answers say which pages of other origins may read them, and every OPTIONS of such a page is answered here.", boolean(func(t *Terms) *bool { return &t.cors.on })),
	guard("cors-allow-origin", "The origins, with commas between them: `https://*.example.com`, `null`, or `*`, which is without it.", readOrigins),
	acts("cors-allow-methods", "The methods of such requests.", readTokens(func(t *Terms) *[]string { return &t.cors.methods })),
	acts("cors-allow-headers", "The header fields of such requests.", readTokens(func(t *Terms) *[]string { return &t.cors.fields })),
	acts("cors-expose-headers", "The header fields of answers that pages may read.", readTokens(func(t *Terms) *[]string { return &t.cors.expose })),
	guard("cors-allow-credentials", "Whether browsers send cookies. They do unless it says false, but not to origins that are all.", boolean(func(t *Terms) *bool { return &t.cors.credentials })),
	acts("cors-max-age", "How long a browser may remember, in seconds.", number(func(t *Terms) *int { return &t.cors.age }, 0, math.MaxInt32)),
}

var isOrigin = regexp.MustCompile(`^([a-z]+://(\*\.)?[A-Za-z0-9\-.]+(:[0-9]+)?|\*|null)$`)

func readOrigins(t *Terms, value string) (fault string) {
	var list []string
	for _, origin := range fields(value) {
		if !isOrigin.MatchString(origin) {
			return rules.Quote(origin) + " is no origin: write some such as https://shop.example.com or https://*.example.com, with commas between them, or *"
		}
		if origin == "*" {
			list = []string{"*"}
			break
		}
		list = append(list, origin)
	}
	if len(list) == 0 {
		return "it lists no origin: write one, or take it off"
	}
	t.cors.origins = list
	return ""
}

func readTokens(at func(*Terms) *[]string) reader {
	return func(t *Terms, value string) (fault string) {
		var list []string
		for _, name := range fields(value) {
			if !kinds.IsToken(name) {
				return rules.Quote(name) + " is no name: write letters, digits and hyphens, with commas between names"
			}
			list = append(list, name)
		}
		*at(t) = list
		return ""
	}
}

var balancingNames = []Name{
	acts("upstream-hash-by", "Requests with the same `$remote_addr`, `$http_NAME` or `$cookie_NAME` go to the same endpoint. Other variables do nothing.", readHashBy),
	acts("load-balance", "`round_robin`, or `ewma`, for which the endpoint with the fewest requests is taken.", oneOf(func(t *Terms) *string { return &t.balance }, "round_robin", "ewma")),
	acts("affinity", "`cookie` keeps a client with its endpoint.", oneOf(func(t *Terms) *string { return &t.session.affinity }, "cookie")),
	acts("session-cookie-name", "The name of that cookie. `INGRESSCOOKIE` unless it says so.", readCookieName(func(t *Terms) *string { return &t.session.name })),
	acts("session-cookie-path", "Its Path. Without it, the path of the rule.", readAttribute(func(t *Terms) *string { return &t.session.path })),
	acts("session-cookie-domain", "Its Domain.", readAttribute(func(t *Terms) *string { return &t.session.domain })),
	acts("session-cookie-samesite", "Its SameSite: `Strict`, `Lax` or `None`.", oneOf(func(t *Terms) *string { return &t.session.sameSite }, "Strict", "Lax", "None")),
	acts("session-cookie-secure", "`true` has the cookie be for HTTPS alone. It is in any case where the client came over HTTPS.", boolean(func(t *Terms) *bool { return &t.session.secure })),
	acts("session-cookie-max-age", "How long the client keeps it, and the session lasts, in seconds.", seconds(func(t *Terms) *time.Duration { return &t.session.age })),
	acts("session-cookie-expires", "As `session-cookie-max-age`.", seconds(func(t *Terms) *time.Duration { return &t.session.age })),
}

var hashVariable = regexp.MustCompile(`^\$\{?(binary_remote_addr|remote_addr|the_real_ip|http_[a-z0-9_]+|cookie_[A-Za-z0-9_]+)\}?$`)

func readHashBy(t *Terms, value string) (fault string) {
	found := hashVariable.FindStringSubmatch(value)
	if found == nil {
		return rules.Quote(value) + " is nothing that requests can be shared by here: write $remote_addr, or one variable such as $http_x_user or $cookie_session"
	}
	t.hashBy = found[1]
	return ""
}

func readCookieName(at func(*Terms) *string) reader {
	return func(t *Terms, value string) (fault string) {
		if !kinds.IsToken(value) {
			return rules.Quote(value) + " is no name of a cookie: write letters, digits and hyphens"
		}
		*at(t) = value
		return ""
	}
}

func readAttribute(at func(*Terms) *string) reader {
	return func(t *Terms, value string) (fault string) {
		if strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' || c >= 0x7f || c == ';' || c == ',' }) {
			return rules.Quote(value) + " cannot stand in a cookie: leave out spaces, commas and semicolons"
		}
		*at(t) = value
		return ""
	}
}

var headerNames = []Name{
	acts("proxy-redirect-from", "What a Location of a backend begins with that becomes `proxy-redirect-to`, or an expression after `~` or `~*`. `off` and `default` leave it.",
		text(func(t *Terms) *string { return &t.redirectFrom })),
	acts("proxy-redirect-to", "What it becomes. The scheme and host of the request come before a path.", text(func(t *Terms) *string { return &t.redirectTo })),
	acts("proxy-cookie-domain", "The Domain of cookies of a backend, and what it becomes: `localhost example.org`, or an expression after `~`. `off` leaves it.",
		readChange(func(t *Terms) **policy.ValueChange { return &t.cookieDomain })),
	acts("proxy-cookie-path", "The beginning of the Path of cookies of a backend, and what it becomes: `/one/ /`, or an expression after `~` or `~*`. `off` leaves it.",
		readChange(func(t *Terms) **policy.ValueChange { return &t.cookiePath })),
	guard("custom-headers", "The ConfigMap, `NAME` or `NAMESPACE/NAME` of the Ingress's own namespace, with fields that responses get. `global-allowed-response-headers` has to list them. A namespace has at most 16 such ConfigMaps, of 64 KiB each.",
		text(func(t *Terms) *string { return &t.headersFrom })),
}

// readChange returns a reader of what is changed and what it becomes, with a space between them.
func readChange(at func(*Terms) **policy.ValueChange) reader {
	return func(t *Terms, value string) (fault string) {
		words := strings.Fields(value)
		switch {
		case value == "off":
			*at(t) = nil
			return ""
		case len(words) != 2:
			return rules.Quote(value) + " is not what is changed and what it becomes: write both, with a space between them, or off"
		}
		change, fault := changeOf(words[0], words[1])
		if fault == "" {
			*at(t) = &change
		}
		return fault
	}
}

// changeOf reads what nginx writes of a change: a text, or an expression after ~ or ~*, and what that becomes.
func changeOf(from, to string) (change policy.ValueChange, fault string) {
	expression, isExpression := strings.CutPrefix(from, "~")
	if rest, folds := strings.CutPrefix(expression, "*"); isExpression && folds {
		expression = "(?i)" + rest
	}
	plain := to
	if isExpression {
		plain = capture.ReplaceAllString(to, "")
	}
	switch {
	case from == "" || strings.Contains(plain, "$") || !isExpression && strings.Contains(from, "$"):
		return change, rules.Quote(from+" "+to) + " has a variable of nginx, or says nothing: write it out"
	case strings.ContainsFunc(from+to, func(c rune) bool { return c <= ' ' || c >= 0x7f }):
		return change, rules.Quote(from+" "+to) + " has a character that no URL has: leave it out"
	case !isExpression:
		return policy.ValueChange{From: from, To: to}, ""
	}
	if fault = kinds.ExpressionFault("it:", expression); fault != "" {
		return change, fault
	}
	return policy.ValueChange{Expression: expression, To: groups(to)}, ""
}

// groups writes the groups of a substitution as Go has them.
func groups(to string) string {
	return capture.ReplaceAllStringFunc(to, func(group string) string { return "${" + group[1:] + "}" })
}

var capture = regexp.MustCompile(`\$[1-9]`)

var canaryNames = []Name{
	acts("canary", "Has the Ingress take a share of the requests of another one for the same host and path, and for all paths with that one's Service. Its other annotations count for nothing then.",
		boolean(func(t *Terms) *bool { return &t.canary.on })),
	acts("canary-by-header", "The header field that sends a request to the canary by `always`, and away from it by `never`.", readHeaderName),
	acts("canary-by-header-value", "The value that sends it there, in place of `always`.", text(func(t *Terms) *string { return &t.canary.value })),
	acts("canary-by-header-pattern", "An expression of RE2 in the place of a value.", readPattern),
	acts("canary-by-cookie", "The cookie that decides as `canary-by-header` does.", readCookieName(func(t *Terms) *string { return &t.canary.cookie })),
	acts("canary-weight", "How many of `canary-weight-total` requests the canary gets.", number(func(t *Terms) *int { return &t.canary.weight }, 0, rules.MaxWeight)),
	acts("canary-weight-total", "100 unless it says so.", number(func(t *Terms) *int { return &t.canary.total }, 1, rules.MaxWeight)),
}

func readHeaderName(t *Terms, value string) (fault string) {
	if !kinds.IsToken(value) {
		return rules.Quote(value) + " is no name of a header field: write letters, digits and hyphens, such as X-Canary"
	}
	t.canary.header = strings.ToLower(value)
	return ""
}

func readPattern(t *Terms, value string) (fault string) {
	if fault = kinds.ExpressionFault("it:", rules.Within(value)); fault == "" {
		t.canary.pattern = value
	}
	return fault
}

var mirrorNames = []Name{
	acts("mirror-target", "Copies of requests go there, if it is a Service of the Ingress's own namespace: `http://shadow.shop.svc.cluster.local$request_uri`.", readMirror),
	acts("mirror-request-body", "`off` has copies be without the content of requests.", readMirrorBody),
	acts("mirror-host", "The host that copies are for. It is that of `mirror-target` unless it says so. `$host` is that of the request.", readMirrorHost),
}

func readMirror(t *Terms, value string) (fault string) {
	if _, _, ok := mirrorOf(value, ""); !ok {
		return rules.Quote(value) + " is no Service of the Ingress's namespace: write its address, such as http://shadow:8080$request_uri; requests are copied to no other place"
	}
	t.mirrorTo = value
	return ""
}

func readMirrorBody(t *Terms, value string) (fault string) {
	var sent bool
	fault = readOnOff(func(*Terms) *bool { return &sent })(t, value)
	t.mirrorBare = fault == "" && !sent
	return fault
}

func readMirrorHost(t *Terms, value string) (fault string) {
	if !hostVariables[value] && !kinds.IsAuthority(value) {
		return rules.Quote(value) + " is no host: write a name in lower case such as shadow.example.com, with a port if it needs one, or $host"
	}
	t.mirrorHost = value
	return ""
}

// mirrorOf returns the Service and port that a URL names. namespace is the one that the Service has to be in, or empty
// for any.
func mirrorOf(value, namespace string) (service string, port int32, ok bool) {
	parsed, err := url.Parse(strings.TrimSuffix(value, requestURI))
	if err != nil || parsed.Scheme != "http" || parsed.Path != "" && parsed.Path != "/" || parsed.RawQuery != "" || parsed.User != nil {
		return "", 0, false
	}
	service, rest, dotted := strings.Cut(parsed.Hostname(), ".")
	in, zone, _ := strings.Cut(rest, ".")
	if service == "" || dotted && (in == "" || zone != "" && zone != "svc" && zone != "svc.cluster.local") || namespace != "" && dotted && in != namespace ||
		!rules.ValidHost(service) {
		return "", 0, false
	}
	port = 80
	if text := parsed.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return "", 0, false
		}
		port = int32(n)
	}
	return service, port, true
}

var authNames = sorted(
	[]Name{
		closesUnless(isOff, "enable-modsecurity", wafText), closesUnless(isOff, "enable-owasp-core-rules", wafText), closes("modsecurity-snippet", wafText),
		closesUnless(isOff, "ssl-passthrough", "TLS ends here, and the backend would see what it was not meant to: write a TLSRoute, or `backend-protocol: HTTPS`"),
	},
)

const wafText = "requests are not searched for attacks: put what does so before this controller, or between it and the backend"

var snippetNames = []Name{
	guard(configurationSnippet, "Is compiled: what its directives do is done here, and what cannot be kept closes, with the directive's name and line.",
		text(func(t *Terms) *string { return &t.snippet })),
	{Name: serverSnippet, Text: "Likewise, for the host, whichever Ingress has a path of it. It closes the whole host where it cannot be kept.",
		read: text(func(t *Terms) *string { return &t.serverSnippet }), guards: true, hosts: true},
}

// idleNames are the names of the last version that mean nothing here.
var idleNames = sorted(
	each(nothing("", "Nothing is buffered to be sent on in one piece: what an endpoint sends goes on as it comes."),
		"proxy-buffering", "proxy-buffers-number", "proxy-buffer-size", "proxy-busy-buffers-size", "proxy-max-temp-file-size", "client-body-buffer-size"),
	each(nothing("", "`--otlp-endpoint` is for all requests."), "enable-opentelemetry", "opentelemetry-trust-incoming-span", "opentelemetry-operation-name"),
	each(nothing("", "FastCGI is not spoken, and `backend-protocol: FCGI` closes."), "fastcgi-index", "fastcgi-params-configmap"),
	each(nothing("", "TLS is that of Go, with the cipher suites that are thought secure."), "ssl-ciphers", "ssl-prefer-server-ciphers", "proxy-ssl-ciphers"),
	each(nothing("", "Requests are shared among all endpoints."), "upstream-hash-by-subset", "upstream-hash-by-subset-size"),
	[]Name{
		nothing("proxy-request-buffering", "The content of a request goes on as it comes. `ingress.warren.dev/request-buffering` gathers some of it first."),
		nothing("proxy-ssl-protocols", "Backends are spoken to in TLS 1.2 or 1.3, as they choose."),
		nothing("proxy-ssl-verify-depth", "A chain of certificates may have any length."),
		nothing("proxy-ssl-server-name", "The name is always asked for."),
		nothing("affinity-mode", "A client stays with its endpoint as long as that takes requests."),
		nothing("affinity-canary-behavior", "A session keeps to the backend that it began with."),
		nothing("session-cookie-change-on-failure", "A session moves when its endpoint takes no requests."),
		nothing("session-cookie-conditional-samesite-none", "Browsers that misread SameSite=None are gone."),
		nothing("use-port-in-redirects", "Redirects have the port that the client used, where the scheme stays. To HTTPS they have none, which says 443. Where clients come to HTTPS at another port, write `permanent-redirect` with it."),
		nothing("relative-redirects", "Redirects have a whole URL, which every client takes."),
		nothing("http2-push-preload", "Browsers take nothing that is pushed any more."),
		nothing("enable-access-log", "`--access-log` is for all requests, and its lines have the Ingress for who filters."),
		nothing("enable-rewrite-log", "`explain` says how a path is rewritten."),
		nothing("modsecurity-transaction-id", "It names requests for a firewall that is not there."),
		nothing("stream-snippet", "It is about nginx's servers of TCP and UDP, and about no path."),
	},
)

// gone makes entries of names that a version dropped, and that the last one did not read any more.
func gone(version, text string, names ...string) []Name {
	return each(Name{Fate: Meaningless, Text: text, Gone: version}, names...)
}

// goneNames are the names that some version had and the last one had not.
var goneNames = sorted(
	gone("0.18", "Write `backend-protocol: HTTPS`, which took its place.", "secure-backends"),
	gone("0.18", "Write `backend-protocol: GRPC`, which took its place.", "grpc-backend"),
	gone("0.25", "Write `proxy-ssl-secret` and `proxy-ssl-verify`, which took its place.", "secure-verify-ca-secret"),
	gone("0.22", "The backend writes its own links.", "add-base-url", "base-url-scheme"),
	gone("0.24", "The cookie names no endpoint that a client could choose.", "session-cookie-hash"),
	gone("0.14", "Endpoints that fail are left out for a while.", "upstream-max-fails", "upstream-fail-timeout"),
	gone("0.20", "Metrics have the Ingress and the Service of each request.", "vts-filter-key"),
	gone("0.10", "`explain` says how a path is rewritten.", "rewrite-log"),
	gone("1.10", "`--otlp-endpoint` is for all requests.", "enable-opentracing", "opentracing-trust-incoming-span", "opentracing-operation-name"),
	gone("1.9", "Metrics are Prometheus's.", "enable-influxdb", "influxdb-host", "influxdb-measurement", "influxdb-port", "influxdb-server-name"),
	gone("0.25", "Sessions of TLS are kept.", "proxy-ssl-session-reuse"),
	gone("0.29", "Write `mirror-target`, which took its place.", "mirror-uri"),
	gone("0.9", "The content of a request is not sent to the service that is asked.", "auth-send-body"),
	gone("0.30", "nginx's parameters mean nothing here.", "proxy-pass-params"),
	each(Name{Fate: Closes, Gone: "1.12", Text: "replicas do not count together by a key: write `limit-rps`, or `ingress.warren.dev/rate-limit`, which all replicas share", off: isZero},
		"global-rate-limit", "global-rate-limit-window", "global-rate-limit-key", "global-rate-limit-ignored-cidrs"),
	each(Name{Fate: Closes, Gone: "0.26", Text: wafText, off: isOff}, "lua-resty-waf", "lua-resty-waf-allow-unknown-content-types", "lua-resty-waf-debug",
		"lua-resty-waf-extra-rules", "lua-resty-waf-ignore-rulesets", "lua-resty-waf-process-multipart-body", "lua-resty-waf-score-threshold"),
)

// invented makes entries of names that people write, and that ingress-nginx never read.
func invented(text string, names ...string) []Name {
	return each(Name{Fate: NeverExisted, Text: text}, names...)
}

// inventedNames are the names that people write, and that no version had.
var inventedNames = sorted(
	invented("Write `limit-rps` or `limit-rpm`.", "rate-limit", "rate-limit-window", "rate-limit-burst", "rate-limit-rps"),
	invented("WebSockets need nothing.", "websocket-services", "enable-websockets", "enable-websocket", "websocket", "upgrade", "proxy-websocket"),
	invented("It is a key of the ConfigMap. Set it there, or write `ingress.warren.dev/headers`.", "proxy-set-headers", "add-headers", "hide-headers"),
	invented("It is a key of the ConfigMap. Set it there, or write `ingress.warren.dev/hsts`.", "hsts", "hsts-max-age", "hsts-include-subdomains", "hsts-preload"),
	invented("It is a key of the ConfigMap. Set it there, or write `ingress.warren.dev/compression`.", "use-gzip", "enable-brotli"),
	invented("It is a key of the ConfigMap, and means nothing here.", "use-http2", "keep-alive", "use-forwarded-headers", "server-tokens", "ssl-protocols",
		"large-client-header-buffers", "limit-req-status-code", "limit-conn-status-code"),
	invented("The name is `server-snippet`, which is compiled.", "server-snippets"),
	invented("The name is `configuration-snippet`, which is compiled.", "location-snippet", "location-snippets"),
	invented("The name is `proxy-body-size`.", "client-max-body-size", "body-size", "max-body-size"),
	invented("The names are `proxy-connect-timeout`, `proxy-read-timeout` and `proxy-send-timeout`.", "proxy-timeout", "read-timeout", "send-timeout", "connect-timeout"),
	invented("The name is `proxy-next-upstream-tries`.", "retry-attempts", "proxy-retries"),
	invented("The name is `rewrite-target`.", "rewrite", "url-rewrite"),
	invented("The names are `ssl-redirect` and `force-ssl-redirect`.", "redirect-to-https", "force-https", "https-redirect", "tls-redirect"),
	invented("The names begin with `cors-`, and `enable-cors` switches them on.", "cors-enable", "cors", "cors-origin"),
	invented("Write `affinity: cookie`.", "session-affinity", "sticky-sessions"),
	invented("Write `ingress.warren.dev/headers`.", "custom-response-headers", "response-headers", "custom-request-headers", "request-headers"),
)

// annotationNamed returns the entry of an annotation, by its name without the prefix. It is nil for a name that is not
// known.
func annotationNamed(name string) *Name { return find(Annotations, name) }
