// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

// fewDescriptors is how many a process may have open. silentConnections are more.
const fewDescriptors = 512

// Connections that send nothing must not take the descriptors that others need: neither those of their connections,
// nor those of the connections to their servers. Beside the replica, nginx has as many descriptors and as many such
// clients.
func TestConnectionsThatTakeAllDescriptors(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{descriptors: fewDescriptors})
	addresses := []string{s.replica().http}
	peer := startNginx(t, s.victim.backend, fewDescriptors)
	watching := s.victim
	if peer != nil {
		addresses, watching = append(addresses, peer.http), startVictim(t)
	}
	var saw experience
	s.besideSlow(attackTime, "connections that take all descriptors", func(ctx context.Context) {
		var running sync.WaitGroup
		for _, address := range addresses {
			for i := range silentConnections {
				running.Go(func() {
					await(ctx, attackTime/4*time.Duration(i)/silentConnections)
					for ctx.Err() == nil {
						restSilent(ctx, address, "")
						await(ctx, 10*pause)
					}
				})
			}
		}
		if peer != nil {
			running.Go(func() {
				var err error
				if saw, err = watching.ask(watchOrder{Addresses: addresses[1:], Host: victimHost, Answer: victimAnswer, For: attackTime}); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	})
	if peer != nil {
		fmt.Printf("%-44s p50 %.1f ms   p99 %.1f ms   %d requests, %d failed\n",
			"nginx, with as many", milliseconds(saw.P50), milliseconds(saw.P99), saw.Sent, saw.Failed)
	}
}
