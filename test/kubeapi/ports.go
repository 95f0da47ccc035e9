// SPDX-License-Identifier: Apache-2.0

package kubeapi

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"sync"
)

// Servers listen on these ports unless they are told others. Systems give out ports from 32768 on Linux, and from 49152
// elsewhere, to whoever connects or asks for any. Another process could take one of those in the seconds between its
// choice and the time that a server listens. The tests of the program use those from 20000 on.
const (
	firstPort = 12000
	lastPort  = 19999
)

// ports begin anywhere, because several processes may choose at once.
var ports = struct {
	sync.Mutex
	next int
}{next: firstPort + rand.IntN(lastPort-firstPort+1)}

// freePort returns a port of loopback that nothing listens on. It returns another one each time.
func freePort() (string, error) {
	ports.Lock()
	defer ports.Unlock()
	for range lastPort - firstPort + 1 {
		port := strconv.Itoa(ports.next)
		if ports.next++; ports.next > lastPort {
			ports.next = firstPort
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			return "", fmt.Errorf("closing port %s to give it out: %w", port, err)
		}
		return port, nil
	}
	return "", fmt.Errorf("no port from %d to %d is free on 127.0.0.1", firstPort, lastPort)
}

// freeURL returns the URL of a server at a free port.
func freeURL() (*url.URL, error) {
	port, err := freePort()
	return &url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", port)}, err
}
