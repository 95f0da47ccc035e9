// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strconv"
)

// rollingClient uses a host whose endpoints, weights and header policy change all the time. It must notice nothing but
// the policy.
type rollingClient struct{ *session }

func newRollingClient(v *visitor) client { return rollingClient{newSession(v, v.dial)} }

// rollingSize bounds a transfer well below what an endpoint can do within its retirement.
const rollingSize = 256 << 10

func (c rollingClient) round() (string, error) {
	const seldom = 4
	if c.rnd.IntN(seldom) == 0 {
		return "", c.upload(rollingHost, c.rnd.Int64N(rollingSize), false)
	}
	earliest := c.churn.applied.Load()
	r, err := c.fetch(rollingHost, "", c.rnd.Int64N(rollingSize))
	if err != nil {
		return "", err
	}
	latest := c.churn.begun.Load()
	version, err := strconv.ParseUint(r.Header.Get(versionField), 10, 64)
	if err != nil {
		return "", fmt.Errorf("reading the version of the response: %w", err)
	}
	if seen := r.Header.Get(seenField); seen != r.Header.Get(versionField) {
		return "", fmt.Errorf("the request was changed by version %s of the configuration, its response by %d", seen, version)
	}
	if version < earliest || version > latest {
		return "", fmt.Errorf("served by version %d of the configuration, not by %d to %d", version, earliest, latest)
	}
	return "", nil
}
