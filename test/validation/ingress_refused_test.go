// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	ruleField = "spec.rules[0]"
	pathField = "spec.rules[0].paths[0]"
)

// oneHost is the spec of an Ingress for one host, given as YAML.
func oneHost(host string) string {
	return "rules: [{host: " + host + ", paths: [{path: /, backend: {serviceName: web, port: 8080}}]}]"
}

// onePath is the spec of an Ingress with one path for every host, given as YAML.
func onePath(path string) string {
	return "rules: [{paths: [{path: " + path + ", backend: {serviceName: web, port: 8080}}]}]"
}

// withPolicy is the spec of an Ingress with a field beside the backend of its one path, given as YAML in flow style.
func withPolicy(policy string) string {
	return "rules: [{paths: [{path: /, backend: {serviceName: web, port: 8080}, " + policy + "}]}]"
}

// backendTLS is the spec of an Ingress with a backend that speaks HTTPS, with the fields of its tls given as YAML in
// flow style.
func backendTLS(fields string) string {
	return "rules: [{paths: [{path: /, backend: {serviceName: web, port: 8443, protocol: HTTPS, tls: {" + fields + "}}}]}]"
}

// withTLS is the spec of an Ingress for api.example.com with the fields of tls given as YAML in flow style.
func withTLS(tls string) string {
	return oneHost("api.example.com") + "\ntls: {" + tls + "}"
}

func TestBackendTLSThatMakesNoSenseIsRefused(t *testing.T) {
	const field = pathField + ".backend"
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"of a backend that speaks HTTP", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 80, tls: {serverName: a}}}]}]", []cause{
			{field, "tls is for a backend that speaks HTTPS: write protocol: HTTPS, or leave tls out"}}},
		{"two authorities", backendTLS("caSecretName: a, caConfigMapName: b"), []cause{
			{field + ".tls", "write caSecretName or caConfigMapName, not both"}}},
		{"an authority that has no part", backendTLS("caSecretName: a, insecureSkipVerify: true"), []cause{
			{field + ".tls", "insecureSkipVerify takes every certificate, so an authority has no part in it: leave out one of the two"}}},
		{"a Secret that is no name", backendTLS("caSecretName: A_b"), []cause{{field + ".tls.caSecretName", "must be the name of a Secret"}}},
		{"a ConfigMap that is no name", backendTLS("caConfigMapName: A_b"), []cause{{field + ".tls.caConfigMapName", "it must be the name of a ConfigMap"}}},
		{"a server name with a port", backendTLS("serverName: 'api.internal:443'"), []cause{
			{field + ".tls.serverName", "serverName must be a DNS name in lower case such as api.internal, or an IP address"}}},
		{"two server names", backendTLS("serverName: a, serverNameFromRequest: true"), []cause{
			{field + ".tls", "write serverName or serverNameFromRequest, not both"}}},
		{"a server name that is a wildcard", backendTLS("serverName: '*.internal'"), []cause{
			{field + ".tls.serverName", "serverName must be a DNS name in lower case such as api.internal, or an IP address"}}},
	} {
		t.Run(test.name, func(t *testing.T) { requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want) })
	}
}

func TestIngressOfWrongShapeIsRefused(t *testing.T) {
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"no rules", "ingressClassName: warren", []cause{{"spec.rules", "Required value"}}},
		{"an empty rules list", "rules: []", []cause{{"spec.rules", "should have at least 1 items"}}},
		{"an empty rule", "rules: [{}]", []cause{{"spec.rules[0]", "a rule needs paths: write at least one"}}},
		{"a rule without paths", "rules: [{host: a.example.com}]", []cause{{"spec.rules[0]", "a rule needs paths: write at least one"}}},
		{"a rule with an empty paths list", "rules: [{host: a.example.com, paths: []}]", []cause{
			{"spec.rules[0]", "a rule needs paths: write at least one"}}},
		{"an empty path", "rules: [{paths: [{}]}]", []cause{
			{pathField + ".path", "Required value"}}},
		{"nothing that answers", "rules: [{paths: [{path: /}]}]", []cause{{pathField, "a path needs exactly one of backend, backends, redirect and fixedResponse"}}},
		{"an empty backend", "rules: [{paths: [{path: /, backend: {}}]}]", []cause{
			{pathField + ".backend.serviceName", "Required value"}, {pathField + ".backend.port", "Required value"}}},
		{"too many rules", "rules: [" + repeat("{paths: [{path: /, backend: {serviceName: web, port: 80}}]}", 65) + "]", []cause{
			{"spec.rules", "must have at most 64 items"}}},
		{"a class that is no name", "ingressClassName: Warren_1\n" + onePath("/"), []cause{
			{"spec.ingressClassName", "ingressClassName must be a class name such as warren, or absent"}}},
		{"an unknown pathType", "rules: [{paths: [{path: /, pathType: Regex, backend: {serviceName: web, port: 80}}]}]", []cause{
			{pathField + ".pathType", `Unsupported value: "Regex": supported values: "Prefix", "Exact", "RegularExpression"`}}},
		{"port 0", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 0}}]}]", []cause{
			{pathField + ".backend.port", "a port must be a number from 1 to 65535"}}},
		{"port 70000", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 70000}}]}]", []cause{
			{pathField + ".backend.port", "a port must be a number from 1 to 65535"}}},
		{"a port by name", "rules: [{paths: [{path: /, backend: {serviceName: web, port: http}}]}]", []cause{
			{pathField + ".backend.port", "must be of type integer"}}},
		{"a service name that is none", "rules: [{paths: [{path: /, backend: {serviceName: Web.prod, port: 80}}]}]", []cause{
			{pathField + ".backend.serviceName", "serviceName must be one DNS label of lower-case letters, digits and hyphens, such as api-v1"}}},
		{"an unknown protocol", "rules: [{paths: [{path: /, backend: {serviceName: web, port: 80, protocol: GRPC}}]}]", []cause{
			{pathField + ".backend.protocol", `supported values: "HTTP", "HTTPS", "H2C"`}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want)
		})
	}
}

func TestIngressWithUnknownFieldIsRefused(t *testing.T) {
	_, err := dryRun(t, object(t, v1alpha1.IngressKind, withPolicy("rateLimits: {}")))
	if err == nil || !strings.Contains(err.Error(), `unknown field "spec.rules[0].paths[0].rateLimits"`) {
		t.Errorf("want the unknown field named, got: %v", err)
	}
}

func TestIngressWithWrongHostIsRefused(t *testing.T) {
	const (
		shape   = "host must be a DNS name such as api.example.com, *.example.com for exactly one label, or empty for every host"
		alone   = "host is a name alone, without scheme, port or path: write api.example.com, not https://api.example.com:443/"
		address = "host must be a DNS name, not an address; leave it empty to serve requests to any address"
	)
	for _, test := range []struct {
		name string
		host string
		says string
	}{
		{"two wildcards", `"*.*.example.com"`, shape},
		{"a wildcard alone", `"*"`, shape},
		{"a wildcard within a label", `"api*.example.com"`, shape},
		{"a wildcard that is not first", `"api.*.com"`, shape},
		{"an underscore", "my_api.example.com", shape},
		{"a leading dot", ".example.com", shape},
		{"a trailing dot", "example.com.", shape},
		{"an empty label", "api..example.com", shape},
		{"a label of 64 letters", strings.Repeat("a", 64) + ".com", shape},
		{"a leading hyphen", `"-a.example.com"`, shape},
		{"a space", `"api .example.com"`, shape},
		{"no ASCII", "bücher.example.com", shape},
		{"upper case", "API.Example.com", "host must be in lower case: write api.example.com"},
		{"a port", `"api.example.com:8080"`, alone},
		{"a scheme", "https://api.example.com", alone},
		{"a path", "api.example.com/v1", alone},
		{"an IPv4 address", "192.168.1.10", address},
		{"an IPv6 address", `"2001:db8::1"`, address},
		{"an IPv6 address in brackets", `"[2001:db8::1]"`, address},
		{"254 characters", strings.Repeat("a.", 126) + "aa", "may not be more than 253 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.IngressKind, oneHost(test.host)), []cause{{ruleField + ".host", test.says}})
		})
	}
}

func TestIngressWithWrongPathIsRefused(t *testing.T) {
	const (
		slash    = "path must begin with a slash: write /v1"
		repeated = "path must not repeat a slash: requests are matched with repeated slashes merged, so write one"
		dots     = "path must not hold the segments . or ..: requests are matched with those resolved, so write the path that they lead to"
		query    = "path is matched without query and fragment: leave out ? or # and what follows"
		escape   = "a percent escape in path must be two upper-case hexadecimal digits of a character that needs it: write %2F, not %2f; a, not %61; %25 for the percent sign; and no control character such as %00"
		allowed  = "path may hold printable ASCII: percent-encode everything else, a space as %20 and é as %C3%A9, and write a slash for a backslash"
	)
	for _, test := range []struct {
		name string
		path string
		says string
	}{
		{"no leading slash", "v1", slash},
		{"a segment of one dot", "/a/./b", dots},
		{"a segment of two dots", "/a/../b", dots},
		{"one dot at the end", "/a/.", dots},
		{"two dots at the end", "/..", dots},
		{"an escaped dot", "/a/%2E%2E/b", escape},
		{"two slashes", "//a", repeated},
		{"two slashes at the end", "/a//", repeated},
		{"a query", `"/a?b=c"`, query},
		{"a fragment", `"/a#b"`, query},
		{"a backslash", `'/a\b'`, allowed},
		{"a NUL", `"/a\0"`, allowed},
		{"a line break", `"/a\nb"`, allowed},
		{"a DEL", `"/a\x7f"`, allowed},
		{"a space", "/a b", allowed},
		{"no ASCII", "/café", allowed},
		{"a percent sign at the end", `"/a%"`, escape},
		{"half an escape", "/a%4", escape},
		{"an escape of no hexadecimal digits", "/a%zz", escape},
		{"an escape in lower case", "/a%2fb", escape},
		{"an escaped letter", "/%61", escape},
		{"an escaped digit", "/%30", escape},
		{"an escaped tilde", "/%7Eme", escape},
		{"an escaped underscore", "/%5F", escape},
		{"an escaped NUL", "/a%00", escape},
		{"an escaped line break", "/a%0A", escape},
		{"an escaped DEL", "/a%7F", escape},
		{"513 characters", "/" + strings.Repeat("a", 512), "may not be more than 512 bytes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.IngressKind, onePath(test.path)), []cause{{pathField + ".path", test.says}})
		})
	}
}

func TestIngressWithEmptyPathIsRefused(t *testing.T) {
	requireRefused(t, object(t, v1alpha1.IngressKind, onePath(`""`)), []cause{
		{pathField + ".path", "should be at least 1 chars long"},
		{pathField + ".path", "path must begin with a slash: write /"},
	})
}

func TestIngressWithWrongPolicyIsRefused(t *testing.T) {
	const (
		block = "must be an IP address such as 10.0.50.7 or 2001:db8::1, or a CIDR such as 10.0.0.0/8 or 2001:db8::/32"
		rate  = "requestsPerSecond must be a number above zero and at most 1000000: write 100, or a fraction as a string such as '0.5'"
		open  = "accessControl keeps nobody out: list addresses under allowedIPs or deniedIPs, which are its only fields, or leave accessControl out"
		idle  = "headers changes nothing: write fields under add, set, remove or response, which are its only fields, or leave headers out"
		idler = "headers.response changes nothing: write fields under add, set or remove, which are its only fields, or leave response out"
		span  = " must be a duration of zero or more in h, m, s and ms, such as 500ms, "
		one   = "rewrite needs one of stripPrefix, replacePath, replacePrefix and regex, or host, and not two of the first four"
	)
	for _, test := range []struct {
		name   string
		policy string
		want   []cause
	}{
		{"an allowed name", "accessControl: {allowedIPs: [example.com]}", []cause{{".accessControl.allowedIPs[0]", block}}},
		{"a CIDR of too many bits", "accessControl: {allowedIPs: [10.0.0.0/33]}", []cause{{".accessControl.allowedIPs[0]", block}}},
		{"a CIDR of three octets", "accessControl: {deniedIPs: [10.0.0.0/8, 10.0.0/24]}", []cause{{".accessControl.deniedIPs[1]", block}}},
		{"an address with a port", `accessControl: {deniedIPs: ["10.0.0.1:80"]}`, []cause{{".accessControl.deniedIPs[0]", block}}},
		{"an address in brackets", `accessControl: {deniedIPs: ["[::1]"]}`, []cause{{".accessControl.deniedIPs[0]", block}}},
		{"an empty list of allowed addresses", "accessControl: {allowedIPs: []}", []cause{{".accessControl",
			"allowedIPs is empty: leave it out to admit everybody, or list 0.0.0.0/0 and ::/0 under deniedIPs to admit nobody"}}},

		{"access control that lists nothing", "accessControl: {}", []cause{{".accessControl", open}}},
		{"an empty list of denied addresses", "accessControl: {deniedIPs: []}", []cause{{".accessControl", open}}},
		{"headers that change nothing", "headers: {}", []cause{{".headers", idle}}},
		{"headers with empty lists", "headers: {add: {}, set: {}, remove: []}", []cause{{".headers", idle}}},
		{"headers of a response that change nothing", "headers: {response: {}}", []cause{{".headers.response", idler}}},

		{"a rate limit without rate", "rateLimit: {burst: 1}", []cause{{".rateLimit.requestsPerSecond", "Required value"}}},
		{"a rate that takes seconds to work out", `rateLimit: {requestsPerSecond: "1e-9999999"}`, []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate with an exponent", `rateLimit: {requestsPerSecond: "1e3"}`, []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate of 0", "rateLimit: {requestsPerSecond: 0}", []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate of 0 as a string", `rateLimit: {requestsPerSecond: "0"}`, []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a negative rate", "rateLimit: {requestsPerSecond: -1}", []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a negative rate as a string", `rateLimit: {requestsPerSecond: "-0.5"}`, []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate that no Quantity holds", `rateLimit: {requestsPerSecond: "1e1.5"}`, []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate above a million", "rateLimit: {requestsPerSecond: 1000001}", []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a rate above a million by suffix", "rateLimit: {requestsPerSecond: 2M}", []cause{{".rateLimit.requestsPerSecond", rate}}},
		{"a burst of 0", "rateLimit: {requestsPerSecond: 1, burst: 0}", []cause{{".rateLimit.burst", "should be greater than or equal to 1"}}},
		{"a negative burst", "rateLimit: {requestsPerSecond: 1, burst: -5}", []cause{{".rateLimit.burst", "should be greater than or equal to 1"}}},

		{"an unknown scope of a rate", "rateLimit: {requestsPerSecond: 1, scope: Node}", []cause{
			{".rateLimit.scope", `supported values: "Cluster", "Replica"`}}},

		{"no rewrite", "rewrite: {}", []cause{{".rewrite", one}}},
		{"both rewrites", "rewrite: {stripPrefix: /v1, replacePath: /v2}", []cause{{".rewrite", one}}},
		{"a prefix without a slash", "rewrite: {stripPrefix: v1}", []cause{{".rewrite.stripPrefix", "path must begin with a slash: write /v1"}}},
		{"a replacement with a query", `rewrite: {replacePath: "/v2?a=b"}`, []cause{{".rewrite.replacePath", "path is matched without query"}}},

		{"an unknown load balancing policy", "loadBalancing: {policy: Random}", []cause{
			{".loadBalancing.policy", `supported values: "RoundRobin", "LeastRequest", "Hash"`}}},
		{"no connection at all", "loadBalancing: {maxConnectionsPerEndpoint: 0}", []cause{
			{".loadBalancing.maxConnectionsPerEndpoint", "greater than or equal to 1"}}},
		{"a queue without a limit", "loadBalancing: {maxPending: 10}", []cause{
			{".loadBalancing", "maxPending belongs to maxConnectionsPerEndpoint, without which nothing waits: write both, or leave it out"}}},
		{"Hash on nothing", "loadBalancing: {policy: Hash}", []cause{
			{".loadBalancing", "policy Hash needs hashOn: write ClientIP, Header or Cookie"}}},
		{"Hash on something unknown", "loadBalancing: {policy: Hash, hashOn: Query}", []cause{
			{".loadBalancing.hashOn", `supported values: "ClientIP", "Header", "Cookie"`}}},
		{"hashOn without Hash", "loadBalancing: {hashOn: ClientIP}", []cause{
			{".loadBalancing", "hashOn belongs to policy Hash: write policy: Hash, or leave hashOn out"}}},
		{"hashOn Header without name", "loadBalancing: {policy: Hash, hashOn: Header}", []cause{
			{".loadBalancing", "hashOn Header or Cookie needs name: write the header's or the cookie's"}}},
		{"hashOn Cookie without name", "loadBalancing: {policy: Hash, hashOn: Cookie}", []cause{
			{".loadBalancing", "hashOn Header or Cookie needs name: write the header's or the cookie's"}}},
		{"hashOn ClientIP with name", "loadBalancing: {policy: Hash, hashOn: ClientIP, name: X-User}", []cause{
			{".loadBalancing", "name belongs to hashOn Header or Cookie: leave it out"}}},
		{"a cookie name with a space", `loadBalancing: {policy: Hash, hashOn: Cookie, name: "my session"}`, []cause{
			{".loadBalancing.name", "a header or cookie name may hold letters, digits and any of"}}},

		{"a negative request timeout", "timeouts: {request: -1s}", []cause{{".timeouts.request", "request" + span}}},
		{"a negative connect timeout", "timeouts: {connect: -500ms}", []cause{{".timeouts.connect", "connect" + span}}},
		{"a negative idle timeout", "timeouts: {idle: -1h}", []cause{{".timeouts.idle", "idle" + span}}},
		{"a timeout without unit", `timeouts: {idle: "30"}`, []cause{{".timeouts.idle", "idle" + span}}},
		{"a timeout in days", "timeouts: {idle: 1d}", []cause{{".timeouts.idle", "idle" + span}}},
		{"a timeout that no Duration holds", "timeouts: {idle: 9999999999h}", []cause{{".timeouts.idle", "idle" + span}}},
		{"a timeout that is a number", "timeouts: {idle: 30}", []cause{{".timeouts.idle", "must be of type string"}}},
		{"negative attempts", "retries: {attempts: -1}", []cause{{".retries.attempts", "should be greater than or equal to 0"}}},
		{"eleven attempts", "retries: {attempts: 11}", []cause{{".retries.attempts", "should be less than or equal to 10"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i := range test.want {
				test.want[i].field = pathField + test.want[i].field
			}
			requireRefused(t, object(t, v1alpha1.IngressKind, withPolicy(test.policy)), test.want)
		})
	}
}

// The first complaint names string beside integer. That is what to write instead. The API server makes the others about
// the alternatives that the schema of a Quantity has.
func TestIngressRateThatIsABareFractionIsRefused(t *testing.T) {
	requireRefused(t, object(t, v1alpha1.IngressKind, withPolicy("rateLimit: {requestsPerSecond: 0.5}")), []cause{
		{pathField + ".rateLimit.requestsPerSecond", `must be of type integer,string: "number"`},
		{pathField + ".rateLimit.requestsPerSecond", `must be of type integer: "number"`},
		{"<nil>", "must validate at least one schema (anyOf)"},
		{"<nil>", "must be of type integer"},
	})
}

func TestIngressWithWrongTLSIsRefused(t *testing.T) {
	const wildcard = "autoSSL cannot order a certificate for a wildcard host, which HTTP-01 cannot prove: list "
	for _, test := range []struct {
		name string
		spec string
		want []cause
	}{
		{"neither Secret nor autoSSL", withTLS(""), []cause{
			{"spec.tls", "tls needs secretName, the Secret that holds the certificate, or autoSSL: true to have one ordered"}}},
		{"autoSSL false and no Secret", withTLS("autoSSL: false"), []cause{{"spec.tls", "tls needs secretName"}}},
		{"an ordered wildcard", withTLS(`autoSSL: true, hosts: [api.example.com, "*.example.com"]`), []cause{
			{"spec.tls", wildcard + "exact hosts, or leave autoSSL out and name a Secret"}}},
		{"an ordered wildcard of a rule", oneHost(`"*.example.com"`) + "\ntls: {autoSSL: true}", []cause{
			{"spec", wildcard + "the hosts to order under tls.hosts, or leave autoSSL out and name a Secret"},
		}},
		{"autoSSL for every host", onePath("/") + "\ntls: {autoSSL: true}", []cause{
			{"spec", "autoSSL needs a host to order a certificate for: list it under tls.hosts"}}},
		{"a host with a port", withTLS(`secretName: tls, hosts: ["api.example.com:443"]`), []cause{
			{"spec.tls.hosts[0]", "host is a name alone, without scheme, port or path"}}},
		{"a host in upper case", withTLS("secretName: tls, hosts: [API.example.com]"), []cause{
			{"spec.tls.hosts[0]", "host must be in lower case: write api.example.com"}}},
		{"a host twice", withTLS("secretName: tls, hosts: [a.example.com, a.example.com]"), []cause{
			{"spec.tls.hosts[1]", `Duplicate value: "a.example.com"`}}},
		{"a Secret name that is none", withTLS("secretName: My_TLS"), []cause{
			{"spec.tls.secretName", "secretName must be the name of a Secret, in lower-case letters, digits, hyphens and dots, such as api-tls"}}},
		{"an email address without domain", withTLS("autoSSL: true, email: admin"), []cause{
			{"spec.tls.email", "email must be one address such as admin@example.com, without a name or mailto:"}}},
		{"two email addresses", withTLS(`autoSSL: true, email: "a@example.com, b@example.com"`), []cause{
			{"spec.tls.email", "email must be one address"}}},
		{"an email address with mailto", withTLS(`autoSSL: true, email: "mailto:a@example.com"`), []cause{
			{"spec.tls.email", "email must be one address"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			requireRefused(t, object(t, v1alpha1.IngressKind, test.spec), test.want)
		})
	}
}

func TestIngressOfTooLongANameToDeriveASecretNameIsRefused(t *testing.T) {
	made := object(t, v1alpha1.IngressKind, withTLS("autoSSL: true"))
	made.SetName(strings.Repeat("a", 250))
	requireRefused(t, made, []cause{{"<nil>", "the name of this Ingress is too long to derive the name of a Secret from: write tls.secretName"}})
}

func repeat(item string, times int) string {
	return strings.TrimSuffix(strings.Repeat(item+", ", times), ", ")
}
