// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"crypto/tls"
)

// way is how a request comes to a server.
type way struct {
	name string
	// ours is set if it leads through the controller.
	ours          bool
	address       string
	secure, http2 bool
}

// wayNames are the names of all ways but the direct one. Hosts have them as labels.
var wayNames = []string{"http", "https", "http2", "nginx", "haproxy"}

func (w way) dial(host string) (client, error) {
	var secure *tls.Config
	if w.secure {
		// The certificate is the test's own, and what is asked here is not whose it is.
		secure = &tls.Config{ServerName: host, InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	}
	if w.http2 {
		secure.NextProtos = []string{"h2"}
		return dialHTTP2(w.address, secure)
	}
	return dialHTTP1(w.address, secure)
}

func direct(port string) way { return way{name: "direct", address: local(port)} }
