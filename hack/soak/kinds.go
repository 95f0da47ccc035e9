// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// client is one simulated client. A round is one exchange or a few. It ends by itself well within roundLimit.
type client interface {
	// round does one round. The note is empty, or names an outcome that is allowed and worth counting.
	round() (note string, err error)
	close()
}

// roundFunc is a client that keeps nothing from one round to the next.
type roundFunc func() (string, error)

func (f roundFunc) round() (string, error) { return f() }
func (roundFunc) close()                   {}

// kind is a number of clients that do the same.
type kind struct {
	name    string
	clients int
	// rest is how long a client rests between two rounds, on average. It bounds the load.
	rest time.Duration
	make func(*visitor) client
}

func kinds() []kind {
	return []kind{
		{"keep-alive", 8, 3 * time.Millisecond, newBrowser},
		// These rest long enough for another goroutine to take a connection over.
		{"resting", 24, 1200 * time.Millisecond, newBrowser},
		{"resting https", 12, 1200 * time.Millisecond, newSecureClient},
		{"crowd", crowds, 20 * time.Millisecond, newCrowd},
		{"rolling", 6, 5 * time.Millisecond, newRollingClient},
		{"uploads", 3, 40 * time.Millisecond, newUploader},
		{"downloads", 3, 100 * time.Millisecond, newDownloader},
		{"trailers", 2, 20 * time.Millisecond, newTrailerReader},
		{"events", 4, 50 * time.Millisecond, newEventReader},
		{"upgrades", 6, 100 * time.Millisecond, newUpgrader},
		{"http/2 sockets", 4, 100 * time.Millisecond, newSocketOpener},
		{"https", 4, 10 * time.Millisecond, newSecureClient},
		{"http/2", 4, 20 * time.Millisecond, newMultiplexedClient},
		{"new certificates", 2, 50 * time.Millisecond, newRotationWatcher},
		{"no certificate", 1, 100 * time.Millisecond, newStranger},
		{"toggles", 6, 10 * time.Millisecond, newToggleWatcher},
		{"policies", 3, 20 * time.Millisecond, newPolicyClient},
		{"rate limit", 2, 50 * time.Millisecond, newLimitedClient},
		{"proxy header", 2, 50 * time.Millisecond, newForwardedClient},
		{"pipelining", 2, 30 * time.Millisecond, newPipeliner},
		{"http/1.0", 2, 20 * time.Millisecond, newOldClient},
		{"100-continue", 2, 50 * time.Millisecond, newCautiousClient},
		{"early answers", 2, 100 * time.Millisecond, newHastyClient},
		{"slow", 4, 50 * time.Millisecond, newSlowClient},
		{"stalled", 3, 50 * time.Millisecond, newStalledClient},
		{"aborts", 6, 30 * time.Millisecond, newAborter},
		{"malformed", 3, 20 * time.Millisecond, newMalformedClient},
		{"mutants", 3, 20 * time.Millisecond, newMutator},
		{"broken answers", 8, 20 * time.Millisecond, newScriptClient},
		{"hurried", 2, 50 * time.Millisecond, newHurriedClient},
		{"fickle", 4, 10 * time.Millisecond, newFickleClient},
		{"refused", 2, 30 * time.Millisecond, newRefusedClient},
	}
}

// chooseKinds returns the kinds of those names, or all if there are no names.
func chooseKinds(names []string) ([]kind, error) {
	all := kinds()
	if len(names) == 0 {
		return all, nil
	}
	var chosen []kind
	for _, name := range names {
		i := slices.IndexFunc(all, func(k kind) bool { return k.name == name })
		if i < 0 {
			var known []string
			for _, k := range all {
				known = append(known, k.name)
			}
			return nil, fmt.Errorf("there is no kind of clients %q: use %s", name, strings.Join(known, ", "))
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// afterFault is how long a client rests at least after an error, so that a fault that lasts does not fill the machine.
const afterFault = 200 * time.Millisecond

// run is the life of one client.
func (k kind) run(ctx context.Context, v *visitor, t *tally) {
	c := k.make(v)
	defer c.close()
	for {
		// It is half to one and a half times the rest, so that clients of a kind do not march in step.
		pause := k.rest/2 + time.Duration(v.rnd.Int64N(int64(k.rest)))
		if !rest(ctx, pause) {
			return
		}
		began := time.Now()
		note, err := c.round()
		if _, timed := errors.AsType[timeoutError](err); timed && v.lateness.between(began, time.Now()) > tooLate {
			note, err = "timed out as the machine was busy", nil
		}
		t.count(note, err)
		if err != nil && !rest(ctx, afterFault) {
			return
		}
	}
}
