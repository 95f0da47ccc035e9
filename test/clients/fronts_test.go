// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"testing"
)

// front is what a client talks to: the backend itself, the program, nginx or HAProxy.
type front struct {
	name string
	// plain is the address of HTTP, secure that of HTTPS, h2c that of HTTP/2 without TLS.
	plain, secure, h2c string
	process            *process
}

// base returns the URL to ask with a transport.
func (f *front) base(with transport) string {
	scheme, address := "http", f.plain
	switch with {
	case tls, h2:
		scheme, address = "https", f.secure
	case h2c:
		address = f.h2c
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		panic(err)
	}
	return scheme + "://localhost:" + port
}

// silent is for what servers say of broken connections.
var silent = log.New(io.Discard, "", 0)

// useUp sends the one request that a rate limit allows.
func useUp(t *testing.T, f *front) {
	t.Helper()
	eventually(t, f.name+" to limit requests", func() error {
		response, err := http.Get("http://" + f.plain + "/limited/upload")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusTooManyRequests {
			return fmt.Errorf("the answer is %s", response.Status)
		}
		return nil
	})
}
