// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"flag"
	"sync"
	"testing"
	"time"
)

// together is how long the attacks on memory run all at once.
var together = flag.Duration("together", 60*time.Second, "how long the attacks on memory run all at once")

const (
	// togetherReplicas are attacked at the same time.
	togetherReplicas = 3
	// togetherConnections is how many connections each variant has to each replica.
	togetherConnections = 10
	// ordinaryConnections hold no more requests in all than a server may have connections.
	ordinaryConnections = 3 * togetherConnections
	// ordinaryTime is how long ordinary requests are sent. All connections are opened in half of it, as in an attack.
	ordinaryTime = 20 * time.Second
)

// Clients and a tenant take memory of three replicas in every way at once.
func TestAllOfMemoryAtOnce(t *testing.T) {
	s := newStageToFill(t, togetherReplicas, "--h2c")
	s.serveHeld()
	s.most = memoryLimit / 2
	_, s.ordinary = s.beside(ordinaryTime, "ordinary requests, on three replicas", func(ctx context.Context) {
		var running sync.WaitGroup
		for _, r := range s.replicas {
			running.Go(func() {
				ordinaryRequests.runEvenly(ctx, r, ordinaryConnections, ordinaryTime/2)
			})
		}
		running.Wait()
	})
	s.attackFor(*together, "all of these at once, on three replicas", func(ctx context.Context) {
		var running sync.WaitGroup
		for _, r := range s.replicas {
			for _, variant := range headVariants() {
				running.Go(func() { variant.runEvenly(ctx, r, togetherConnections, ordinaryTime) })
			}
		}
		running.Go(func() { s.nameAuthorities(ctx) })
		running.Go(func() { s.fillWithSecrets(ctx) })
		running.Wait()
	})
}
