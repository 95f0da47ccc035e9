// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// loopPace is the time between two requests of a client for what leads back to the controller.
const loopPace = 50 * time.Millisecond

func TestLoops(t *testing.T) {
	s := newStage(t, "--h2c")
	s.serve(s.a, "loop", "loop.example.com", "/", s.replica().http)
	s.serve(s.b, "h2c", "unused.example.com", "/", s.replica().http)
	h2c := ingressOf(s.b, "loop", "h2c.example.com", "/")
	backend := &h2c.Spec.Rules[0].Paths[0].Backend
	backend.ServiceName, backend.Protocol = "h2c", v1alpha1.ProtocolH2C
	s.create(h2c)
	s.attack("backends that lead back", func(ctx context.Context) {
		var running sync.WaitGroup
		for _, host := range []string{"loop.example.com", "h2c.example.com"} {
			running.Go(func() {
				for ; ctx.Err() == nil; time.Sleep(loopPace) {
					sendOnce(ctx, s.replica().http, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
				}
			})
		}
		running.Wait()
	})
}
