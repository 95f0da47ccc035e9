// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// churn swaps the configuration again and again. It announces what it changes: the clients of what stays must notice
// nothing, and those of what changes must see what is allowed at the time.
type churn struct {
	site      *site
	rnd       *rand.Rand
	tally     *tally
	endpoints *tally

	toggles []*toggle
	// weights are those of the stable endpoints.
	weights []int
	// rolling are the endpoints of rollingHost, the oldest first.
	rolling []*rollingEndpoint
	started int
	retired sync.WaitGroup
	// rotating is the certificate of rotatingHost. secure are those of secureHost and of the wildcard.
	rotating snapshot.Certificate
	secure   []snapshot.Certificate

	// begun is the version of the configuration that is being applied. applied is the last one that was. A request that is
	// sent while applied is a and answered while begun is b is served by a version from a to b.
	begun, applied atomic.Uint64
	generation     uint64
}

// rollingEndpoint is an endpoint that comes and goes.
type rollingEndpoint struct {
	*endpoint
	weight    int
	unhealthy bool
	// drainedFor counts the swaps since it was told to drain. It is 0 before.
	drainedFor int
}

const (
	swapInterval = 100 * time.Millisecond
	// A rolling endpoint starts every rollInterval swaps. The oldest one drains then, for drainSwaps swaps. Its server
	// goes on for retirement after it has left the configuration.
	rollInterval    = 4
	rollingCount    = 4
	drainSwaps      = 3
	retirement      = time.Second
	rotateInterval  = 7
	equalInterval   = 5
	invalidInterval = 9
	maxWeight       = 10
)

func newChurn(s *site, books *ledger, seed uint64) (*churn, error) {
	c := &churn{
		site:      s,
		rnd:       rand.New(rand.NewPCG(seed, 0)),
		tally:     books.open("swaps"),
		endpoints: books.open("rolling endpoints"),
		weights:   make([]int, stableEndpoints),
	}
	var err error
	if c.toggles, err = newToggles(s.authority); err != nil {
		return nil, err
	}
	for _, name := range []string{secureHost, wildcardHost} {
		certificate, err := s.authority.issue("soak/"+name, name, 1)
		if err != nil {
			return nil, err
		}
		c.secure = append(c.secure, certificate)
	}
	return c, nil
}

func (c *churn) applyFirst() error {
	if err := c.change(1); err != nil {
		return err
	}
	return c.apply(1)
}

// run swaps until ctx ends, and waits for the servers of retired endpoints.
func (c *churn) run(ctx context.Context) {
	defer c.retired.Wait()
	ticker := time.NewTicker(swapInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		c.tally.count("", c.swap(c.begun.Load()+1))
	}
}

func (c *churn) swap(version uint64) error {
	if version%invalidInterval == 0 {
		if err := c.refuse(); err != nil {
			return err
		}
	}
	if err := c.change(version); err != nil {
		return err
	}
	if err := c.apply(version); err != nil {
		return err
	}
	if version%equalInterval != 0 {
		return nil
	}
	generation, err := c.site.proxy.Apply(c.snapshot(version))
	if err != nil || generation != c.generation {
		return errors.Join(fmt.Errorf("an equal snapshot brought generation %d after %d", generation, c.generation), err)
	}
	return nil
}

// refuse applies snapshots that do not compile.
func (c *churn) refuse() error {
	lost, twice, garbled := c.snapshot(0), c.snapshot(0), c.snapshot(0)
	lost.Hosts[0].Routes[0].Pool = "nowhere"
	twice.Hosts = append(twice.Hosts, twice.Hosts[len(twice.Hosts)-1])
	garbled.Certificates[0].Chain = "not PEM"
	for _, s := range []*snapshot.Snapshot{lost, twice, garbled} {
		if generation, err := c.site.proxy.Apply(s); err == nil || generation != c.generation {
			return errors.Join(fmt.Errorf("an invalid snapshot brought generation %d after %d", generation, c.generation), err)
		}
	}
	return nil
}

// change decides what the next configuration is.
func (c *churn) change(version uint64) error {
	const seldom = 8
	for _, t := range c.toggles {
		if c.rnd.IntN(seldom) == 0 {
			t.phase.Add(1)
		}
	}
	c.reweigh()
	if err := c.roll(version); err != nil {
		return err
	}
	if version%rotateInterval != 1 {
		return nil
	}
	var err error
	c.rotating, err = c.site.authority.issue("soak/"+rotatingHost, rotatingHost, version)
	return err
}

// reweigh draws the weights of the stable endpoints. At least one has to take requests.
func (c *churn) reweigh() {
	for i := range c.weights {
		c.weights[i] = c.rnd.IntN(maxWeight)
	}
	c.weights[c.rnd.IntN(len(c.weights))]++
}

// roll starts an endpoint when it is time, drains the oldest one, and takes the drained ones away.
func (c *churn) roll(version uint64) error {
	wanted := len(c.rolling)
	if version%rollInterval == 0 {
		wanted++
	}
	for len(c.rolling) < max(wanted, rollingCount) {
		c.started++
		e, err := c.site.startService("rolling-"+strconv.Itoa(c.started), c.endpoints)
		if err != nil {
			return err
		}
		c.rolling = append(c.rolling, &rollingEndpoint{endpoint: e})
	}
	active := 0
	for _, e := range slices.Backward(c.rolling) {
		if active++; active > rollingCount {
			e.drainedFor++
		}
		e.weight, e.unhealthy = c.rnd.IntN(maxWeight), c.rnd.IntN(rollingCount) == 0
	}
	newest := c.rolling[len(c.rolling)-1]
	newest.weight, newest.unhealthy = 1, false
	return nil
}

// retire stops the endpoints that have left the applied configuration.
func (c *churn) retire() {
	for len(c.rolling) > 0 && c.rolling[0].drainedFor > drainSwaps {
		e := c.rolling[0].endpoint
		c.rolling = c.rolling[1:]
		c.retired.Go(func() {
			time.Sleep(retirement)
			ctx, cancel := context.WithTimeout(context.Background(), endpointPatience)
			defer cancel()
			if err := e.stop(ctx); err != nil {
				c.endpoints.fail(fmt.Errorf("stopping %s after it was drained: %w", e.name, err))
			}
		})
	}
}

// apply applies the configuration and announces it, before and after.
func (c *churn) apply(version uint64) error {
	s := c.snapshot(version)
	c.begun.Store(version)
	generation, err := c.site.proxy.Apply(s)
	if err != nil {
		return fmt.Errorf("applying version %d: %w", version, err)
	}
	if generation <= c.generation {
		return fmt.Errorf("version %d brought generation %d after %d", version, generation, c.generation)
	}
	c.generation = generation
	c.applied.Store(version)
	for _, t := range c.toggles {
		if t.phase.Load()%2 == 1 {
			t.phase.Add(1)
		}
	}
	c.retire()
	return nil
}

// snapshot writes down the configuration as it is to be.
func (c *churn) snapshot(version uint64) *snapshot.Snapshot {
	s := &snapshot.Snapshot{
		Hosts:        append(stableHosts(), c.rollingHost(version)),
		Pools:        append(c.site.stablePools(), c.stablePool(), c.rollingPool()),
		Certificates: append([]snapshot.Certificate{c.rotating}, c.secure...),
	}
	for _, t := range c.toggles {
		t.addTo(s, c.site.endpoints[0].address)
	}
	return sorted(s)
}

func (c *churn) rollingHost(version uint64) snapshot.Host {
	set := []policy.Header{{Name: versionField, Value: strconv.FormatUint(version, 10)}}
	return host(rollingHost, snapshot.Route{
		Path: "/", Pool: "rolling", Retries: int(version % 3),
		Policies: []policy.Policy{
			&policy.Headers{Request: policy.HeaderChanges{Set: set}, Response: policy.HeaderChanges{Set: set}},
		},
	})
}

func (c *churn) stablePool() snapshot.Pool {
	var endpoints []snapshot.Endpoint
	for i, weight := range c.weights {
		e := at(c.site.endpoints[i].address)
		e.Weight = weight
		endpoints = append(endpoints, e)
	}
	return pool("stable", endpoints...)
}

func (c *churn) rollingPool() snapshot.Pool {
	var endpoints []snapshot.Endpoint
	for _, e := range c.rolling {
		if e.drainedFor > drainSwaps {
			continue
		}
		endpoints = append(endpoints, snapshot.Endpoint{
			ID: "task/rolling/" + e.name, Address: e.address, Weight: e.weight, Unhealthy: e.unhealthy, Draining: e.drainedFor > 0,
		})
	}
	return pool("rolling", endpoints...)
}

// stop stops the endpoints that are still there.
func (c *churn) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), endpointPatience)
	defer cancel()
	var errs []error
	for _, e := range c.rolling {
		errs = append(errs, e.stop(ctx))
	}
	c.rolling = nil
	return errors.Join(errs...)
}
