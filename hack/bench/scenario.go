// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import "fmt"

// scenario is one configuration, which every proxy gets in its own language.
type scenario struct {
	name string
	// Each host has each path, and all go to the same two backends. A path is a prefix by whole segments.
	hosts, paths []string
	// https adds the hosts' certificate and a second listener.
	https bool
	// http2 is spoken over HTTPS if the client offers it.
	http2 bool
	// webSocket lets connections become WebSockets.
	webSocket bool
	// policies are applied at policyPath. At limitedPath they are applied with a limit low enough to be seen.
	policies bool
	// conditions leave only requests with routeFields, which go to the two backends by their weights.
	conditions bool
	// fields has the changes of fields of the scenario of policies, and nothing else.
	fields bool
	// snippet is a configuration-snippet of ingress-nginx, or empty.
	snippet string
	// expressions has each host in an Ingress that is written for ingress-nginx. A path is an expression, and is taken off
	// before a request is sent on.
	expressions bool
	// compression is on: of nginx, gzip at the level 5.
	compression bool
	// passwords are asked for at privatePath, and nowhere else.
	passwords bool
	// authentication is how clients prove who they are.
	authentication authentication
}

// field is a header field that the rule of the scenario with conditions wants.
type field struct{ Name, Value string }

func routeFields() []field { return []field{{"X-Canary", "always"}, {"X-Group", "b"}} }

// weights are those of the two backends of that rule.
func weights() []int { return []int{80, 20} }

// The scenario of policies has two paths. At policyPath the limit is far above any load. limitedPath is the same, but
// its limit is so low that the check before the measurement meets it.
const (
	policyPath  = "/policy"
	limitedPath = "/limited"

	// highLimit and lowLimit are requests per second of one client.
	highLimit = 1_000_000
	lowLimit  = 1

	// deniedAddress is within loopback, so that allowedAddresses have it, and within deniedAddresses.
	deniedAddress = "127.0.9.9"

	// These are three changes in each direction.
	requestAddField    = "X-Request-Added"
	requestSetField    = "X-Request-Set"
	requestRemoveField = "X-Request-Removed"
	responseAddField   = "X-Response-Added"
	addedValue         = "added"
	setByProxy         = "proxy"
)

func allowedAddresses() []string {
	return []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}
}

func deniedAddresses() []string {
	return []string{"127.0.9.0/24", "10.0.50.0/24", "203.0.113.0/24"}
}

const mainHost = "app.bench.test"

func plainScenario() *scenario {
	return &scenario{name: "plain", hosts: []string{mainHost}, paths: []string{"/"}}
}

func httpsScenario() *scenario {
	return &scenario{name: "https", hosts: []string{mainHost}, paths: []string{"/"}, https: true}
}

func http2Scenario() *scenario {
	return &scenario{name: "http2", hosts: []string{mainHost}, paths: []string{"/"}, https: true, http2: true}
}

func webSocketScenario() *scenario {
	return &scenario{name: "websocket", hosts: []string{mainHost}, paths: []string{"/"}, webSocket: true}
}

func policiesScenario() *scenario {
	return &scenario{name: "policies", hosts: []string{mainHost}, paths: []string{policyPath, limitedPath}, policies: true}
}

func routesScenario() *scenario {
	return &scenario{name: "routes", hosts: []string{mainHost}, paths: []string{"/"}, conditions: true}
}

func compressionScenario() *scenario {
	return &scenario{name: "compression", hosts: []string{mainHost}, paths: []string{"/"}, compression: true}
}

func authenticationScenario(name string, by authentication) *scenario {
	return &scenario{name: name, hosts: []string{mainHost}, paths: []string{"/"}, authentication: by}
}

func passwordsScenario() *scenario {
	return &scenario{name: "passwords", hosts: []string{mainHost}, paths: []string{"/", privatePath}, passwords: true}
}

func hostsScenario() *scenario {
	s := &scenario{name: "hosts"}
	for i := range 1000 {
		s.hosts = append(s.hosts, fmt.Sprintf("host-%d.bench.test", i))
	}
	for i := range 10 {
		s.paths = append(s.paths, fmt.Sprintf("/section-%d", i))
	}
	return s
}

// fieldsScenario changes fields as the rule's own settings say.
func fieldsScenario() *scenario {
	return &scenario{name: "fields", hosts: []string{mainHost}, paths: []string{"/"}, fields: true}
}

// snippetFieldsScenario changes the same fields by a snippet.
func snippetFieldsScenario() *scenario {
	return &scenario{name: "snippet-fields", hosts: []string{mainHost}, paths: []string{"/"}, snippet: fieldsSnippet}
}

func snippetScenario() *scenario {
	return &scenario{name: "snippet", hosts: []string{mainHost}, paths: []string{"/"}, snippet: conditionsSnippet}
}

const (
	fieldsSnippet = `proxy_set_header ` + requestAddField + ` ` + addedValue + `;
proxy_set_header ` + requestSetField + ` ` + setByProxy + `;
proxy_set_header ` + requestRemoveField + ` "";
more_set_headers "` + responseAddField + `: ` + addedValue + `" "` + responseSetField + `: ` + setByProxy + `";
more_clear_headers ` + poweredByField + `;
`
	conditionsSnippet = `set $kind other;
if ($http_user_agent ~* (bot|crawler)) { set $kind bot; }
if ($request_method = POST) { set $kind form; }
if ($uri ~ ^/private/) { return 403; }
proxy_set_header ` + requestSetField + ` $kind;
add_header ` + responseAddField + ` $kind;
`
)

func expressionsScenario() *scenario {
	s := hostsScenario()
	s.name, s.expressions = "expressions", true
	return s
}

// limit returns the limit of a path with policies, in requests per second.
func limit(path string) int {
	if path == limitedPath {
		return lowLimit
	}
	return highLimit
}
