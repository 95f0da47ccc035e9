// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	// victimPace is the time between two requests of the victim, however long the earlier ones take.
	victimPace = 5 * time.Millisecond
	// victimConnections is how many requests can be under way.
	victimConnections = 64
	// victimPatience is how long the victim waits for an answer.
	victimPatience = 10 * time.Second
)

// victim is a client that sends requests at a constant rate. A request's latency counts from when it was due, so that a
// stall of the proxy shows in all requests that it delays.
type victim struct {
	host    string
	address string
	// want is the content of every answer.
	want   string
	client *http.Client

	mu        sync.Mutex
	latencies []time.Duration
	failures  []error
}

func newVictim(address, host, want string) *victim {
	return &victim{host: host, address: address, want: want, client: &http.Client{
		Timeout: victimPatience, Transport: &http.Transport{MaxIdleConnsPerHost: victimConnections},
	}}
}

// runVictims runs all of them, at the rate of one. It returns what became of their requests together.
func runVictims(ctx context.Context, victims []*victim) experience {
	var running sync.WaitGroup
	for _, v := range victims {
		running.Go(func() { v.run(ctx, victimPace*time.Duration(len(victims))) })
	}
	running.Wait()
	var e experience
	var latencies []time.Duration
	for _, v := range victims {
		latencies = append(latencies, v.latencies...)
		e.Failed += len(v.failures)
		for _, err := range v.failures[:min(len(v.failures), mostToldFailures)] {
			e.Failures = append(e.Failures, err.Error())
		}
	}
	slices.Sort(latencies)
	if e.Sent = len(latencies); e.Sent > 0 {
		e.P50, e.P99 = latencies[e.Sent/2], latencies[e.Sent*99/100]
	}
	return e
}

// run sends requests until ctx is done, and waits for their answers.
func (v *victim) run(ctx context.Context, pace time.Duration) {
	v.latencies, v.failures = nil, nil
	var running sync.WaitGroup
	places := make(chan struct{}, victimConnections)
	for due := time.Now(); ctx.Err() == nil; due = due.Add(pace) {
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			err := v.request()
			v.note(time.Since(due), err)
		})
	}
	running.Wait()
}

func (v *victim) note(latency time.Duration, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.latencies = append(v.latencies, latency)
	if err != nil {
		v.failures = append(v.failures, err)
	}
}

func (v *victim) request() error {
	request, err := http.NewRequest(http.MethodGet, "http://"+v.address+"/", nil)
	if err != nil {
		return err
	}
	request.Host = v.host
	response, err := v.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || string(content) != v.want {
		return fmt.Errorf("answered %d %.80q, want 200 %q", response.StatusCode, content, v.want)
	}
	return nil
}
