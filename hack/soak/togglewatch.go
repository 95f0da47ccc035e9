// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
)

// toggleWatcher asks for what the configuration keeps switching. It checks that the answer fits the moment.
type toggleWatcher struct{ *session }

func newToggleWatcher(v *visitor) client { return toggleWatcher{newSession(v, v.dial)} }

func (c toggleWatcher) round() (string, error) {
	t := c.churn.toggles[c.rnd.IntN(len(c.churn.toggles))]
	before := t.phase.Load()
	outcome, err := c.try(t)
	if err != nil {
		return "", fmt.Errorf("%s: %w", t.host, err)
	}
	if allowed := t.allowed(before, t.phase.Load()); !slices.Contains(allowed, outcome) {
		return "", timely(outcome, fmt.Errorf("%s: got %s instead of %q", t.host, outcome, allowed))
	}
	return outcome, nil
}

func (c toggleWatcher) try(t *toggle) (outcome string, err error) {
	if t.kind == toggleCertificate {
		return c.handshake(t.host)
	}
	seed, size := c.rnd.Uint64(), c.rnd.Int64N(smallSize)
	q := c.call("GET", t.host, fmt.Sprintf("/bytes/%d/%d", seed, size))
	err = c.exchange(q, func(w *wire, r *reply) error {
		if outcome = r.outcome(); r.reason != "" {
			if want := "https://" + q.host + q.target; r.StatusCode == 308 && r.Header.Get("Location") != want {
				return fmt.Errorf("sent to %q instead of %q", r.Header.Get("Location"), want)
			}
			return r.explained()
		}
		if err := w.genuine(r, q, 200); err != nil {
			return err
		}
		return c.pattern.verify(r.Body, seed, size)
	})
	return outcome, err
}
