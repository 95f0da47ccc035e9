// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime/debug"
	"sync"
	"time"
)

const (
	// earlyShare is the share of the duration after which memory is first measured. By then everything has run for a
	// while.
	earlyShare = 0.2
	// reportInterval is the time between two lines that say how it goes.
	reportInterval = 10 * time.Second
)

// run sets everything up, lets the load run, takes everything down, and returns what was wrong.
func run(ctx context.Context, o options, out io.Writer) error {
	chosen, err := chooseKinds(o.kinds)
	if err != nil {
		return err
	}
	if err := openPoller(); err != nil {
		return err
	}
	before, err := readGauge()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s of load, -seed %d; at first: %s\n", o.duration, o.seed, before)
	books := &ledger{out: out}
	s, err := newSite(books, o.seed)
	if err != nil {
		return err
	}
	heap := underLoad(ctx, s, books, o, chosen)

	// From here on, the collector must not close anything in place of its owner.
	debug.SetGCPercent(-1)
	drained := drain(s, books)
	stopped := errors.Join(s.churn.stop(), s.stopEndpoints())
	left := checkLeftovers(before)
	after, err := readGauge()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "at the end: %s; %d lines of access log\n", after, s.log.lines)
	books.print()
	return errors.Join(books.verdict(), heap, drained, stopped, left)
}

// openPoller makes the runtime open the descriptors that it needs for any connection, so that they are not taken for
// leftovers.
func openPoller() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening on loopback: %w", err)
	}
	return l.Close()
}

// underLoad runs the clients and the swaps for the duration, or until ctx ends. It compares memory early and late.
func underLoad(ctx context.Context, s *site, books *ledger, o options, chosen []kind) error {
	load, stop := context.WithCancel(ctx)
	defer stop()
	var clients, others sync.WaitGroup
	swaps, stopSwaps := context.WithCancel(context.Background())
	defer stopSwaps()
	others.Go(func() { s.churn.run(swaps) })
	others.Go(func() { report(swaps, books, s) })
	others.Go(func() { s.lateness.watch(swaps) })
	number := 0
	for _, k := range chosen {
		t := books.open(k.name)
		for range k.clients {
			number++
			v := &visitor{
				site: s,
				rnd:  rand.New(rand.NewPCG(o.seed, uint64(number))),
				// It is an address of its own, so that what is kept by address concerns this client alone.
				from: netip.AddrFrom4([4]byte{127, 0, 1, byte(number)}),
			}
			clients.Go(func() { k.run(load, v, t) })
		}
	}
	err := measure(load, o.duration, books.out)
	stop()
	clients.Wait()
	stopSwaps()
	others.Wait()
	return err
}

var errNotCompared = errors.New("the load ended before memory could be compared")

// measure waits for the end of the load. It compares the memory in use early on with that at the end, still under load.
func measure(ctx context.Context, duration time.Duration, out io.Writer) error {
	began, early := time.Now(), time.Duration(float64(duration)*earlyShare)
	if !rest(ctx, early) {
		return errNotCompared
	}
	first := settledHeap()
	if !rest(ctx, time.Until(began.Add(duration))) {
		return errNotCompared
	}
	last := settledHeap()
	fmt.Fprintf(out, "memory under load: %.1f MiB after %s, %.1f MiB after %s\n",
		mebibytes(first), early.Round(time.Second), mebibytes(last), duration)
	return checkHeap(first, last)
}

// rest waits. It returns false if ctx ends before.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// report prints a line now and then until ctx ends.
func report(ctx context.Context, books *ledger, s *site) {
	began := time.Now()
	for rest(ctx, reportInterval) {
		g, err := readGauge()
		if err != nil {
			fmt.Fprintln(books.out, err)
			continue
		}
		ok, failed := books.totals()
		fmt.Fprintf(books.out, "%6s  %d ok, %d unexplained, generation %d, %s, %s late\n",
			time.Since(began).Round(time.Second), ok, failed, s.proxy.Generation(), g,
			s.lateness.between(time.Now().Add(-reportInterval), time.Now()).Round(time.Millisecond))
	}
}
