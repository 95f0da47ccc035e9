// SPDX-License-Identifier: Apache-2.0

package rules

import (
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Rule is what becomes of the requests to one place of a host. Of a hundred thousand rules most are alike but for their
// place and backend, so what is large and rare is behind pointers.
type Rule struct {
	// Where is the place in the object as its author finds it, "rules[0].paths[1]" for instance.
	Where   string
	Match   Match
	Backend Backend
	// Policies are what requests and responses meet on the way, in policy.Order. Like what follows they mean nothing where
	// the rule has a fault.
	Policies []policy.Policy
	// Balancing says which of the backend's endpoints a request goes to. Nil for the usual way.
	Balancing *snapshot.Balancing
	Timeouts  snapshot.Timeouts
	// Retries is how many further endpoints may be tried.
	Retries int
	// Fault keeps it from being served as it is written. Nil where nothing does.
	Fault *Fault
}

// Match says which of its host's requests a rule is for.
type Match struct {
	// Path is what the path is matched as, or what its author wrote where it cannot be matched.
	Path string
	Type snapshot.PathMatch
	// Senseless is set where the path is none to compare with.
	Senseless bool
}

// Backend is what is to answer: a port of a service of the object's namespace.
type Backend struct {
	Service string
	Port    int32
	// PortName is in place of Port where the backend names the Service's port.
	PortName string
	Protocol Protocol
	// TLS is what is written of it for HTTPS. Nil for nothing.
	TLS *BackendTLS
}

// Protocol is how a backend is spoken to.
type Protocol uint8

const (
	// HTTP is HTTP/1.1 without TLS.
	HTTP Protocol = iota
	// HTTPS is what the endpoints choose over TLS, HTTP/2 or HTTP/1.1.
	HTTPS
	// H2C is HTTP/2 without TLS.
	H2C
)

// BackendTLS is what a backend over HTTPS is to prove.
type BackendTLS struct {
	// CASecret or CAConfigMap names what has the certificates of the authorities that its own may come from.
	CASecret, CAConfigMap string
	// ServerName is the name that its certificate is for, if it is not the usual one.
	ServerName string
	// SkipVerify has it prove nothing.
	SkipVerify bool
}
