// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"
)

// measuredRow is a row with what was measured.
type measuredRow struct {
	*row
	cells []cell
	// rate is what all proxies got in loadOpen, in requests per second.
	rate float64
}

// cell is one proxy in one row.
type cell struct {
	proxy string
	// results has one for each round, until one fails.
	results []loadResult
	// absent says why there are none. It is no failure.
	absent string
	// failure says what went wrong.
	failure error
}

// measure starts all proxies that take part in a row, measures them in turn, and ends them. A proxy that fails leaves
// the row and spoils nothing else. An error ends everything.
func (s *session) measure(ctx context.Context, r *row, t *table) (_ *measuredRow, err error) {
	say("%s: %s", r.name, r.title)
	measured := &measuredRow{row: r}
	var started []*running
	defer func() {
		for i, p := range started {
			if p != nil {
				// If it ended by itself, that spoils its own figures alone.
				measured.cells[i].failure = errors.Join(measured.cells[i].failure, p.child.stop())
			}
		}
	}()
	for _, p := range s.proxies {
		if p.name() == floorName && !r.floor {
			continue
		}
		c := cell{proxy: p.name(), absent: p.cannot(r.scenario)}
		var one *running
		if c.absent == "" {
			one, c.failure = s.startProxy(ctx, r, p)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if c.failure != nil {
				say("  %s: %v", c.proxy, c.failure)
			}
		}
		started = append(started, one)
		measured.cells = append(measured.cells, c)
	}

	if s.cluster != nil {
		defer func() { err = errors.Join(err, s.cluster.resume()) }()
	}
	if r.mode == loadOpen {
		if measured.rate, err = s.rate(ctx, r, started, t); err != nil {
			return nil, err
		}
	}
	rounds := s.options.rounds
	if r.once {
		rounds = 1
	}
	for round := range rounds {
		for _, i := range turns(len(started), round) {
			p := started[i]
			if p == nil || measured.cells[i].failure != nil {
				continue
			}
			if err := s.measureOnce(ctx, measured, &measured.cells[i], p); err != nil {
				return nil, err
			}
		}
	}
	return measured, nil
}

// measureOnce adds a result to the cell, or the failure.
func (s *session) measureOnce(ctx context.Context, r *measuredRow, c *cell, p *running) error {
	spec := r.spec(p, s)
	spec.Rate, spec.First = r.rate, p.sent
	finish := s.takeProfile(ctx, p)
	result, err := s.load(ctx, spec)
	if r.flood && err == nil {
		calm := result
		spec.First += calm.Sent
		if result, err = s.loadBesideFlood(ctx, spec); err == nil {
			result.CalmP99, result.Sent = calm.P99, result.Sent+calm.Sent
			result.Failed += calm.Failed
			result.FirstFailure = cmp.Or(calm.FirstFailure, result.FirstFailure)
		}
	}
	err = errors.Join(err, finish())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		c.failure = err
		say("  %s: %v", c.proxy, err)
		return nil
	}
	p.sent += result.Sent
	c.results = append(c.results, result)
	say("  %-8s %s", c.proxy, result.summary())
	return nil
}

// load runs one load while the Kubernetes API stands still.
func (s *session) load(ctx context.Context, spec *loadSpec) (loadResult, error) {
	if s.cluster != nil {
		if err := s.cluster.pause(ctx); err != nil {
			return loadResult{}, err
		}
	}
	return s.launcher.load(ctx, s.cores.load, spec)
}

// startProxy starts a proxy and checks that it does what the row's scenario wants.
func (s *session) startProxy(ctx context.Context, r *row, p proxy) (_ *running, err error) {
	c, err := s.configure(r, p)
	if err != nil {
		return nil, err
	}
	child, err := p.start(ctx, c)
	if child == nil {
		return nil, err
	}
	started := &running{proxy: p, child: child, http: c.HTTP, https: c.HTTPS}
	if err == nil {
		err = s.check(ctx, r, started)
	}
	if err != nil {
		// It is known by now if it ended by itself.
		_ = child.stop()
		return nil, err
	}
	return started, nil
}

func (s *session) check(ctx context.Context, r *row, p *running) error {
	limited, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	c := &checker{
		scenario: r.scenario, proxy: p, certificate: s.certificate.parsed, backends: len(s.backends), token: s.signers.of(r.scenario.authentication).tokens(1)[0],
	}
	if err := p.child.until(limited, func() error { return c.answers(limited) }); err != nil {
		return err
	}
	if err := c.check(limited); err != nil {
		return fmt.Errorf("it does not do what is to be measured: %w", err)
	}
	return nil
}

func listens(address string) error {
	connection, err := net.DialTimeout("tcp4", address, time.Second)
	if err != nil {
		return err
	}
	return connection.Close()
}

// rate returns half of the throughput of the first proxy, which is nginx if that takes part. The throughput is that of
// the row that is to be halved, or of a short run of the same load.
func (s *session) rate(ctx context.Context, of *row, started []*running, t *table) (float64, error) {
	const share = 0.5
	full := cmp.Or(of.halfOf, "keepalive")
	if perSecond := t.throughput(full); perSecond > 0 {
		return share * perSecond, nil
	}
	for _, p := range started {
		if p == nil {
			continue
		}
		for _, r := range rows() {
			if r.name != full {
				continue
			}
			result, err := s.load(ctx, r.spec(p, s))
			if err != nil {
				return 0, err
			}
			return share * result.perSecond(), nil
		}
	}
	// There is no proxy left to give a rate to.
	return 0, nil
}
