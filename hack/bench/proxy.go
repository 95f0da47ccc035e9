// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"context"
	"net/netip"
)

// proxy is one of those that are compared.
type proxy interface {
	// name is how the table and the flags call it.
	name() string
	// version returns one line of what it says of itself.
	version() string
	// cannot says why the proxy has no configuration equal to the others' for a scenario. It is empty if it has one.
	cannot(s *scenario) string
	// start runs it with that configuration. It may not serve yet.
	start(ctx context.Context, c *configuration) (*child, error)
}

// The names of those that are no peers.
const (
	warrenName = "warren"
	floorName  = "floor"
	// referenceName is the proxy that ratios are to.
	referenceName = "nginx"
	// besideName is a second one that the controller is compared to.
	besideName = "haproxy"
)

// proxyNames returns all names, in the order in which they take their turns.
func proxyNames() []string {
	names := make([]string, 0, 7)
	for _, p := range knownPeers() {
		names = append(names, p.called)
	}
	return append(names, warrenName, floorName)
}

// configuration is what a proxy is started with. Templates are executed on one.
type configuration struct {
	*scenario
	launcher *launcher
	cores    coreSet
	// HTTP and HTTPS are the addresses to listen on.
	HTTP, HTTPS netip.AddrPort
	// Backends take the requests in turn.
	Backends []netip.AddrPort
	// Folder is the proxy's own, for its files.
	Folder string
	// Root is what a peer's package was unpacked into.
	Root string
	// Both is a file of the certificate and the key; the other two hold one each.
	Certificate, Key, Both string
	// KeySet has the keys that clients' tokens are signed with, as a JSON Web Key Set.
	KeySet []byte
	// Users has the name and the hashed password of who is let in where passwords are asked for.
	Users []byte
	// OpenFiles is the limit. Connections is how many clients at once have room in it.
	OpenFiles, Connections int
	// User is the user that workers go on as if root starts the proxy: root, because it owns the folder. It is empty
	// otherwise.
	User string
}

// running is a proxy that was started for a row.
type running struct {
	proxy       proxy
	child       *child
	http, https netip.AddrPort
	// sent is how many requests it got in the rounds before.
	sent int
}
