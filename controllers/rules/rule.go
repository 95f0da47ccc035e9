// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Rule is what becomes of the requests to one place of a host. Most of a hundred thousand rules differ only in place
// and backend, so large and rare parts are behind pointers.
type Rule struct {
	// Where is the place in the object as its author finds it, for instance "rules[0].paths[1]".
	Where   string
	Match   Match
	Backend Backend
	// Policies are applied to requests and responses, in policy.Order. If the rule has a fault, this field and those below
	// mean nothing.
	Policies []policy.Policy
	// Balancing decides which of the backend's endpoints a request goes to. Nil for the usual way.
	Balancing *snapshot.Balancing
	Timeouts  snapshot.Timeouts
	// Retries is how many further endpoints may be tried.
	Retries int
	// Canonical has the backend get the canonical path, however the client spelled it.
	Canonical bool
	// Fault keeps the rule from being served as it is written. Nil if there is no fault.
	Fault *Fault
}

// Match decides which of its host's requests a rule is for.
type Match struct {
	// Path is what the path is matched as, or what its author wrote if it cannot be matched.
	Path string
	Type snapshot.PathMatch
	// Conditions are what else a request has to have: method, header fields, query parameters. They are in the order that
	// the snapshot wants, and their regular expressions compile. Nil for nothing.
	Conditions *snapshot.Conditions
	// Senseless is set if the path cannot be compared with.
	Senseless bool
}

// Backend is what answers: a port of a service in the object's namespace.
type Backend struct {
	Service string
	Port    int32
	// PortName replaces Port if the backend names the Service's port.
	PortName string
	Protocol Protocol
	// TLS is what the author wrote about TLS, for HTTPS. Nil for nothing.
	TLS *BackendTLS
}

// Protocol is how a backend is spoken to.
type Protocol uint8

const (
	// HTTP is HTTP/1.1 without TLS.
	HTTP Protocol = iota
	// HTTPS is HTTP/2 or HTTP/1.1 over TLS, as the endpoint chooses.
	HTTPS
	// H2C is HTTP/2 without TLS.
	H2C
)

// BackendTLS is what a backend over HTTPS has to prove.
type BackendTLS struct {
	// CASecret or CAConfigMap names the object with the authorities that may have issued its certificate.
	CASecret, CAConfigMap string
	// ServerName is the name that its certificate is for, if that is not the usual one.
	ServerName string
	// ServerNameFromRequest puts the host of each request in the place of ServerName.
	ServerNameFromRequest bool
	// SkipVerify requires no proof.
	SkipVerify bool
	// Obsolete allows versions and cipher suites of TLS that are no longer thought secure.
	Obsolete bool
}
