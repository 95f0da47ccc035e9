// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"context"
	"fmt"
	"net"
	"runtime/pprof"
)

// listen lets the proxy serve another listener, until the test ends, and returns its address.
func (s *served) listen(address string, serve func(net.Listener) error) string {
	s.tb.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		s.tb.Fatal(err)
	}
	done := make(chan struct{})
	// The label is that of the proxy's other goroutines.
	label := fmt.Sprintf("%s %s", s.tb.Name(), s.address)
	pprof.Do(context.Background(), pprof.Labels("proxy", label), func(context.Context) {
		go func() {
			defer close(done)
			if err := serve(l); err != nil {
				s.tb.Errorf("serving %s: %v", address, err)
			}
		}()
	})
	s.tb.Cleanup(func() {
		if !s.ended {
			s.end()
		}
		<-done
	})
	return l.Addr().String()
}
