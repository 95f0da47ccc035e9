// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/script"
)

// Keys are the keys of ingress-nginx's ConfigMap, sorted by name. Those that are acted on are for all Ingresses, and
// annotations go before them.
var Keys = sorted(sharedKeys(), actingKeys, globalAuthKeys, closingKeys, idleKeys, goneKeys)

// sharedKeys are the keys that have the name of an annotation, and mean the same.
func sharedKeys() (list []Name) {
	for _, name := range []string{
		"ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash", "proxy-body-size", "proxy-connect-timeout", "proxy-read-timeout",
		"proxy-send-timeout", "proxy-next-upstream", "proxy-next-upstream-tries", "proxy-http-version", "whitelist-source-range",
		"denylist-source-range", "upstream-hash-by", "load-balance", "app-root", "proxy-cookie-domain", "proxy-cookie-path", "proxy-redirect-from", "proxy-redirect-to",
		"custom-http-errors", "disable-proxy-intercept-errors", "service-upstream",
	} {
		n := *annotationNamed(name)
		n.Text = "As the annotation, for all Ingresses that do not say it themselves."
		list = append(list, n)
	}
	return list
}

var actingKeys = []Name{
	acts("http-redirect-code", "The status of redirects to HTTPS and to www: 301, 302, 307 or 308, which it is unless it says so.", readCode(func(t *Terms) *int { return &t.httpsCode })),
	acts("no-tls-redirect-locations", "Paths that begin with one of these are not sent to HTTPS. `/.well-known/acme-challenge` unless it says so.", readLocations),
	acts("hsts", "Answers over HTTPS have browsers come over HTTPS alone. It is on unless it says false.", boolean(func(t *Terms) *bool { return &t.hsts.on })),
	acts("hsts-max-age", "For how long, in seconds. A year unless it says so.", number(func(t *Terms) *int { return &t.hsts.age }, 0, math.MaxInt32)),
	acts("hsts-include-subdomains", "Whether for all hosts below too. It is so unless it says false.", boolean(func(t *Terms) *bool { return &t.hsts.subDomains })),
	acts("hsts-preload", "Whether browsers may come with it.", boolean(func(t *Terms) *bool { return &t.hsts.preload })),
	acts("use-gzip", "Answers are compressed by what the client accepts: gzip, br or zstd.", boolean(func(t *Terms) *bool { return &t.compression.gzip })),
	acts("gzip-types", "The media types of what is compressed, besides text/html. `*` stands for all.", readTypes(func(t *Terms) *[]string { return &t.compression.gzipTypes })),
	acts("gzip-min-length", "The least length of what is compressed, in bytes. 256 unless it says so.", number(func(t *Terms) *int { return &t.compression.gzipLeast }, 0, math.MaxInt32)),
	acts("enable-brotli", "As `use-gzip`.", boolean(func(t *Terms) *bool { return &t.compression.brotli })),
	acts("brotli-types", "As `gzip-types`, where `use-gzip` is off.", readTypes(func(t *Terms) *[]string { return &t.compression.brotliTypes })),
	acts("brotli-min-length", "As `gzip-min-length`, where `use-gzip` is off. 20 unless it says so.", number(func(t *Terms) *int { return &t.compression.brotliLeast }, 0, math.MaxInt32)),
	guard("block-cidrs", "The addresses that get 403, whatever an Ingress says. What a snippet returns comes before that, as it did.", addresses(func(t *Terms) *[]netip.Prefix { return &t.blocked })),
	guard("block-user-agents", "The values of User-Agent that get 403, with commas between them: a text, or an expression of RE2 after `~` or `~*`. They do whatever else an Ingress says.", readBlocked("http_user_agent")),
	guard("block-referers", "Likewise for Referer.", readBlocked("http_referer")),
	guard(serverSnippet, "Is compiled for each host, behind the annotation. A `location` in it closes. `--nginx-snippets=false` leaves it, since the one who installs the controller writes it.",
		text(func(t *Terms) *string { return &t.shared.Server })),
	guard(locationSnippet, "Likewise for each path.", text(func(t *Terms) *string { return &t.shared.Configuration })),
	guard("hide-headers", "Fields that responses of backends lose.", readTokens(func(t *Terms) *[]string { return &t.hidden })),
	guard("global-allowed-response-headers", "The fields that `custom-headers` may set.", readTokens(func(t *Terms) *[]string { return &t.mayAnswer })),
	guard("proxy-set-headers", "The ConfigMap, as `NAMESPACE/NAME`, with fields that all requests get. Variables of nginx close.", readMapName),
	guard("add-headers", "The ConfigMap, likewise, with fields that all responses get.", readMapName),
}

var isMediaType = regexp.MustCompile(`^[a-z0-9!#$&^_.+-]+/([a-z0-9!#$&^_.+-]+|\*)$`)

// readTypes returns a reader of a list of media types.
func readTypes(at func(*Terms) *[]string) reader {
	return func(t *Terms, value string) (fault string) {
		var list []string
		for _, name := range fields(strings.ToLower(value)) {
			if name == "*" {
				name = "*/*"
			}
			if name != "*/*" && !isMediaType.MatchString(name) {
				return rules.Quote(name) + " is no media type: write some such as text/css, with spaces between them"
			}
			list = append(list, name)
		}
		*at(t) = list
		return ""
	}
}

func readLocations(t *Terms, value string) (fault string) {
	t.plainPaths = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
	return ""
}

// readBlocked returns a reader of values of a variable that are refused, as a map of nginx has them.
func readBlocked(variable string) reader {
	return func(t *Terms, value string) (fault string) {
		var steps []script.Step
		for listed := range strings.SplitSeq(value, ",") {
			step := script.Step{Text: "the ConfigMap blocks " + strings.TrimSpace(listed), Op: script.IfMatch, Variable: variable, Fold: true, Steps: 1}
			listed = unquoted(strings.TrimSpace(listed))
			switch expression, ok := strings.CutPrefix(listed, "~"); {
			case ok:
				step.Expression, step.Fold = strings.CutPrefix(expression, "*")
			case strings.ContainsAny(listed, " \t;{}$"):
				return rules.Quote(listed) + " is nothing that nginx's map has: write a text without spaces, or an expression after ~ or ~* in quotes, with commas between them"
			default:
				step.Expression = "^" + regexp.QuoteMeta(listed) + "$"
			}
			if fault = kinds.ExpressionFault(rules.Quote(listed)+":", step.Expression); fault != "" {
				return fault
			}
			steps = append(steps, step, script.Step{Text: "return 403", Op: script.Return, Status: 403})
		}
		t.blockedValues = append(slices.Clip(t.blockedValues), steps...)
		return ""
	}
}

// unquoted takes the quotes of nginx off a text.
func unquoted(text string) string {
	if n := len(text); n > 1 && text[0] == text[n-1] && (text[0] == '"' || text[0] == '\'') {
		return text[1 : n-1]
	}
	return text
}

// readMapName only checks a name: [NewSettings] reads what is in the ConfigMap.
func readMapName(_ *Terms, value string) (fault string) {
	namespace, name, _ := strings.Cut(value, "/")
	if len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return rules.Quote(value) + " is no ConfigMap: write its namespace and name, such as ingress-nginx/headers"
	}
	return ""
}

var closingKeys = sorted([]Name{
	closesUnless(isOff, "enable-modsecurity", wafText),
	closesUnless(isOff, "enable-owasp-modsecurity-crs", wafText),
	closes("modsecurity-snippet", wafText),
	closes("http-snippet", "maps, zones and the like are not read: write what uses them as conditions of `location-snippet` and `server-snippet`, or by annotations"),
})

var idleKeys = sorted(
	each(nothing("", "Write `--trusted-proxies`: forwarding fields of these are believed, and of nobody else."), "use-forwarded-headers", "forwarded-for-header", "forwarded-host-header",
		"compute-full-forwarded-for", "proxy-real-ip-cidr", "enable-real-ip", "forwarded-for-proxy-protocol-header"),
	each(nothing("", "Write `--proxy-protocol` and `--trusted-proxies`."), "use-proxy-protocol", "proxy-protocol-header-timeout"),
	each(nothing("", "What becomes of the annotation is said there."), "proxy-next-upstream-timeout", "proxy-request-buffering", "proxy-buffering", "proxy-buffers-number", "proxy-buffer-size", "proxy-busy-buffers-size", "proxy-max-temp-file-size",
		"client-body-buffer-size", "limit-rate", "limit-rate-after", "upstream-hash-by-subset", "upstream-hash-by-subset-size", "use-port-in-redirects", "relative-redirects"),
	each(nothing("", "Snippets are as `--nginx-snippets` and their annotations say."), "allow-snippet-annotations", "annotations-risk-level", "annotation-value-word-blocklist"),
	each(nothing("", "Paths are checked when they are read."), "strict-validate-path-type"),
	each(nothing("", "`--access-log` and `--access-log-fields` say what is logged."), "access-log-params", "access-log-path", "http-access-log-path", "stream-access-log-path", "disable-access-log",
		"disable-http-access-log", "disable-stream-access-log", "enable-access-log-for-default-backend", "enable-auth-access-log", "skip-access-log-urls", "log-format-escape-json",
		"log-format-escape-none", "log-format-upstream", "log-format-stream", "error-log-path", "error-log-level", "enable-syslog", "syslog-host", "syslog-port"),
	each(nothing("", "`--read-timeout`, `--idle-timeout` and `--max-header-bytes` bound what clients may do."), "client-header-buffer-size", "client-header-timeout", "client-body-timeout",
		"keep-alive", "keep-alive-requests", "large-client-header-buffers", "http2-max-field-size", "http2-max-header-size", "http2-max-requests", "http2-max-concurrent-streams"),
	each(nothing("", "TLS is that of Go, with the versions and suites that are thought secure."), "ssl-ciphers", "ssl-ecdh-curve", "ssl-dh-param", "ssl-protocols", "ssl-early-data", "ssl-session-cache",
		"ssl-session-cache-size", "ssl-session-tickets", "ssl-session-ticket-key", "ssl-session-timeout", "ssl-buffer-size", "enable-ocsp", "proxy-ssl-location-only"),
	each(nothing("", "A name without a certificate gets the alert unrecognized_name."), "ssl-reject-handshake"),
	each(nothing("", "HTTP/2 is always offered over TLS."), "use-http2"),
	each(nothing("", "How well answers are compressed is chosen by what that costs."), "gzip-level", "gzip-disable", "brotli-level"),
	each(nothing("", "`limit-rps` says 429."), "limit-req-status-code", "limit-conn-status-code", "limit-conn-zone-variable"),
	each(nothing("", "A request that may not be sent twice is sent once."), "retry-non-idempotent"),
	each(nothing("", "Names with underscores are taken off, as they were, and a field with another wrong name is refused."), "enable-underscores-in-headers", "ignore-invalid-headers"),
	each(nothing("", "Each request has an X-Request-ID, its own or a new one."), "generate-request-id"),
	each(nothing("", "`ingress.warren.dev/headers` may add it."), "proxy-add-original-uri-header"),
	each(nothing("", "No answer names the program."), "server-tokens", "allow-backend-server-header"),
	each(nothing("", "Answers of its own are text/plain."), "default-type"),
	each(nothing("", "`--otlp-endpoint` and the flags beside it say so."), "enable-opentelemetry", "opentelemetry-config", "opentelemetry-operation-name", "opentelemetry-trust-incoming-span",
		"otlp-collector-host", "otlp-collector-port", "otel-service-name", "otel-sampler", "otel-sampler-ratio", "otel-sampler-parent-based", "otel-max-queuesize",
		"otel-schedule-delay-millis", "otel-max-export-batch-size"),
	each(nothing("", "Write `--drain-timeout`: how long running requests have to finish."), "worker-shutdown-timeout"),
	each(nothing("", "It is about nginx's processes, memory and sockets."), "worker-cpu-affinity", "worker-processes", "enable-serial-reloads", "enable-multi-accept",
		"max-worker-connections", "max-worker-open-files", "map-hash-bucket-size", "server-name-hash-max-size", "server-name-hash-bucket-size", "proxy-headers-hash-max-size",
		"proxy-headers-hash-bucket-size", "variables-hash-bucket-size", "variables-hash-max-size", "enable-aio-write", "reuse-port", "bind-address", "disable-ipv6", "disable-ipv6-dns",
		"lua-shared-dicts", "debug-connections", "grpc-buffer-size-kb", "nginx-status-ipv4-whitelist", "nginx-status-ipv6-whitelist", "main-snippet",
		"upstream-keepalive-connections", "upstream-keepalive-time", "upstream-keepalive-timeout", "upstream-keepalive-requests"),
	each(nothing("", "It is about nginx's servers of TCP and UDP: write a TCPRoute or UDPRoute."), "stream-snippet", "proxy-stream-timeout", "proxy-stream-next-upstream",
		"proxy-stream-next-upstream-timeout", "proxy-stream-next-upstream-tries", "proxy-stream-responses"),
	each(nothing("", "Where an address is, is not looked up."), "use-geoip", "use-geoip2", "geoip2-autoreload-in-minutes"),
	each(nothing("", "Documented, and not read any more: `--otlp-endpoint` says where traces go."), "jaeger-baggage-header", "jaeger-collector-host", "jaeger-collector-port",
		"jaeger-debug-header", "jaeger-endpoint", "jaeger-propagation-format", "jaeger-sampler-host", "jaeger-sampler-param", "jaeger-sampler-port", "jaeger-sampler-type",
		"jaeger-service-name", "jaeger-trace-baggage-header-prefix", "jaeger-trace-context-header-name"),
)

// goneKeys are the keys that some version had and the last one had not.
var goneKeys = sorted(
	[]Name{{Name: "plugins", Fate: Closes, Gone: "1.12", Text: "Lua is not run: write what the plugins do by annotations, or take it out"}},
	gone("1.12", "What becomes of the annotations `global-rate-limit*` is said there.", "global-rate-limit-memcached-host", "global-rate-limit-memcached-port",
		"global-rate-limit-memcached-connect-timeout", "global-rate-limit-memcached-max-idle-timeout", "global-rate-limit-memcached-pool-size", "global-rate-limit-status-code"),
	gone("1.10", "`--otlp-endpoint` and the flags beside it say so.", "enable-opentracing", "opentracing-operation-name", "opentracing-location-operation-name", "opentracing-trust-incoming-span",
		"zipkin-collector-host", "zipkin-collector-port", "zipkin-sample-rate", "zipkin-service-name", "datadog-collector-host", "datadog-collector-port", "datadog-environment",
		"datadog-operation-name-override", "datadog-priority-sampling", "datadog-sample-rate", "datadog-service-name"),
	gone("0.26", "Requests were not searched for attacks by it unless an annotation said so.", "disable-lua-resty-waf"),
	gone("0.16", "Metrics have the Ingress and the Service of each request.", "enable-vts-status", "vts-default-filter-key", "vts-status-zone-size", "vts-sum-key"),
	gone("0.22", "Records of TLS grow as an answer does.", "enable-dynamic-tls-records"),
	gone("0.9", "Write the annotation `affinity`.", "enable-sticky-sessions"),
	gone("0.9", "HTTP/2 is always offered over TLS.", "enable-spdy"),
)

// Flags are the flags of ingress-nginx, sorted by name.
var Flags = sorted([]Name{
	{Name: "configmap", Text: "`--nginx-configmap`."},
	{Name: "ingress-class", Text: "`--nginx-class`."},
	{Name: "controller-class", Text: "IngressClasses with `k8s.io/ingress-nginx` are served. Give one with another controller's name the class of `--nginx-class`."},
	{Name: "watch-namespace", Text: "`--watch-namespaces`."},
	{Name: "default-ssl-certificate", Text: "`--default-certificate`."},
	{Name: "publish-service", Text: "`--publish-service`."},
	{Name: "publish-status-address", Text: "`--publish-address`."},
	{Name: "http-port", Text: "`--http-address`."},
	{Name: "https-port", Text: "`--https-address`."},
	{Name: "healthz-port", Text: "`--health-address`."},
	{Name: "healthz-host", Text: "`--health-address`."},
	{Name: "shutdown-grace-period", Text: "`--drain-delay`: how long listeners stay open, so that load balancers notice."},
	{Name: "disable-leader-election", Text: "`--leader-elect=false`."},
	{Name: "profiler-address", Text: "`--admin-address`, which has the profiles."},
	{Name: "version", Text: "`--version`."},
	nothing("watch-ingress-without-class", "Ingresses without a class are those of the cluster's default one."),
	nothing("ingress-class-by-name", "The name of the class always counts."),
	nothing("watch-namespace-selector", "`--watch-namespaces` lists names."),
	nothing("default-backend-service", "What no rule takes gets 404, and errors their own page. An Ingress with a `defaultBackend` alone takes unknown hosts. Write the annotation `default-backend` for pages."),
	nothing("tcp-services-configmap", "Write a TCPRoute."),
	nothing("udp-services-configmap", "Write a UDPRoute."),
	nothing("enable-ssl-passthrough", "Write a TLSRoute. The annotation `ssl-passthrough` closes."),
	nothing("ssl-passthrough-proxy-port", "Write a TLSRoute."),
	nothing("annotations-prefix", "The prefix is always `nginx.ingress.kubernetes.io`."),
	nothing("enable-annotation-validation", "Values are always checked."),
	nothing("deep-inspect", "Values are always checked, and none becomes a line of a configuration."),
	nothing("disable-catch-all", "An Ingress without a host takes what has no other."),
	nothing("disable-svc-external-name", "A Service of type ExternalName has no endpoints."),
	nothing("enable-topology-aware-routing", "All endpoints are asked."),
	nothing("enable-ssl-chain-completion", "A Secret has to have the whole chain of its certificate."),
	nothing("report-node-internal-ip-address", "`--publish-address` and `--publish-service` say what the status has."),
	nothing("update-status", "The status is written where `--publish-address` or `--publish-service` says what it has."),
	nothing("update-status-on-shutdown", "Addresses stay in the status when a replica goes: others serve them."),
	nothing("status-update-interval", "The status is written when it changes."),
	nothing("validating-webhook", "What is wrong is told by events, and closes what it has to close."),
	nothing("apiserver-host", "A Pod finds its API server. Outside a cluster, the variable `KUBECONFIG` counts."),
	nothing("kubeconfig", "A Pod finds its API server. Outside a cluster, the variable `KUBECONFIG` counts."),
	nothing("sync-period", "Changes are seen as they come."),
	nothing("sync-rate-limit", "Changes are served as they come."),
	nothing("disable-sync-events", "Events tell what became of an Ingress, and no more."),
	nothing("enable-metrics", "Metrics are always there, at `--metrics-address`."),
	nothing("health-check-timeout", "They answer at once."),
	nothing("post-shutdown-grace-period", "Nothing is left to do once the last request has ended, for which `--drain-timeout` waits."),
	nothing("health-check-path", "They are `/healthz` and `/readyz`."),
	nothing("profiling", "Profiles are at `--admin-address`, on loopback alone unless it says so."),
	nothing("profiler-port", "Profiles are at `--admin-address`."),
},
	each(nothing("", "`--metrics-address` has what [metrics](metrics.md) says, with buckets of their own."), "metrics-per-host", "metrics-per-undefined-host", "report-status-classes",
		"exclude-socket-metrics", "monitor-max-batch-size", "bucket-factor", "max-buckets", "length-buckets", "size-buckets", "time-buckets"),
	each(nothing("", "There is no process besides this one that a port would be for."), "default-server-port", "status-port", "stream-port", "internal-logger-address"),
	each(nothing("", "Nothing is reloaded, so there is nothing to test or to try again."), "disable-full-test", "dynamic-configuration-retries"),
	each(nothing("", "There is no webhook."), "validating-webhook-certificate", "validating-webhook-key"),
	each(nothing("", "The Lease is that of `--namespace`."), "election-id", "election-ttl"),
	each(nothing("", "Where an address is, is not looked up."), "maxmind-edition-ids", "maxmind-license-key", "maxmind-mirror", "maxmind-retries-count", "maxmind-retries-timeout"),
	each(nothing("", "The cluster's own authority counts, as the service account or `KUBECONFIG` names it."), "certificate-authority"),
)

// headerFault says what is wrong with a field in a ConfigMap. variables returns what is wrong with a value that has
// any. Nil is for values that may have none.
func headerFault(data map[string]string, name string, variables func(value string) (fault string)) string {
	value := data[name]
	if fault := kinds.HeaderFault(name, value); fault != "" {
		return fault
	}
	switch {
	case !strings.Contains(value, "$"):
	case variables == nil:
		return "the value of " + rules.Quote(name) + " has a variable of nginx: write it out, or leave it out"
	default:
		if fault := variables(value); fault != "" {
			return "the value of " + rules.Quote(name) + " " + fault
		}
	}
	return ""
}
