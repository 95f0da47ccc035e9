// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
)

// backend answers its name.
type backend struct {
	name    string
	address netip.AddrPort
	server  *httptest.Server
}

func startBackend(name string) backend {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }))
	return backend{name: name, address: netip.MustParseAddrPort(server.Listener.Addr().String()), server: server}
}
