// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// metricsReaders ask for all metrics again and again, and restingConnections are opened to each of the ports for
	// metrics and probes.
	metricsReaders     = 8
	restingConnections = 1000
	// mostResting is how many of these may stay open on each port: 32 of one address. otherDescriptors is how many the
	// replica has open besides, for the victim and for itself.
	mostResting, otherDescriptors = 32, 256
	// probePace is the time between two probes of readiness, and probeTimeout is the one that Kubernetes gives a probe.
	probePace    = 100 * time.Millisecond
	probeTimeout = time.Second
)

// Clients read metrics as fast as they can, and open connections to the ports for metrics and probes that they let
// rest. Probes have to be answered meanwhile.
func TestReadersOfMetrics(t *testing.T) {
	s := newStage(t)
	var read, opened, probes atomic.Int64
	most := 0
	s.attack("readers of metrics, and resting connections", func(ctx context.Context) {
		var running sync.WaitGroup
		client := &http.Client{Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(attacker)}}).DialContext,
			MaxIdleConnsPerHost: metricsReaders}}
		defer client.CloseIdleConnections()
		for range metricsReaders {
			running.Go(func() {
				for ctx.Err() == nil {
					if status, _ := get(ctx, client, s.replica().metrics, "", "/metrics", ""); status == http.StatusOK {
						read.Add(1)
					}
				}
			})
		}
		for i := range 2 * restingConnections {
			running.Go(func() {
				await(ctx, attackTime/2*time.Duration(i)/(2*restingConnections))
				restSilent(ctx, []string{s.replica().metrics, s.replica().health}[i%2], "")
				opened.Add(1)
			})
		}
		running.Go(func() {
			for ; ctx.Err() == nil; await(ctx, 10*pause) {
				most = max(most, s.replica().descriptors())
			}
		})
		running.Go(func() {
			kubelet := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: probeTimeout}
			for ; ctx.Err() == nil; await(ctx, probePace) {
				if err := probe(ctx, kubelet, s.replica().health); err == nil {
					probes.Add(1)
				} else if ctx.Err() == nil {
					t.Errorf("a probe beside the attack: %v", err)
				}
			}
		})
		running.Wait()
	})
	fmt.Printf("%-44s %d scrapes, %d connections, at most %d descriptors, %d probes\n", "what they led to",
		read.Load(), opened.Load(), most, probes.Load())
	if read.Load() == 0 || probes.Load() == 0 || opened.Load() < 2*restingConnections {
		t.Errorf("%d scrapes and %d probes were answered, and %d connections opened: it was no attack", read.Load(), probes.Load(), opened.Load())
	}
	if allowed := 2*mostResting + otherDescriptors; most > allowed {
		t.Errorf("the replica had %d descriptors open, at most %d are allowed", most, allowed)
	}
}

// probe asks whether the process is ready.
func probe(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("/readyz is %d", response.StatusCode)
	}
	return err
}
