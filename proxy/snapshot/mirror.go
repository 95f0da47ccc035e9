// SPDX-License-Identifier: Apache-2.0

package snapshot

import "fmt"

// Mirror is a pool that gets copies of some of a route's requests, in addition to the endpoint that answers them. What
// it answers is dropped. It gets a request as the route's policies leave it, without those of the chosen backend.
type Mirror struct {
	// Pool is the id of the pool.
	Pool string
	// Numerator of Denominator requests are copied, chosen at random. Denominator is at least 1, and Numerator is from 0
	// to Denominator.
	Numerator, Denominator int
	// Host is the host that the pool is asked for, with its port. Empty leaves that of the request.
	Host string
	// Bare is set if copies are without the content of requests.
	Bare bool
}

// inspect returns what is wrong with the mirror, or nil.
func (m *Mirror) inspect() error {
	switch {
	case m.Pool == "":
		return fmt.Errorf("it has no pool")
	case m.Denominator < 1 || m.Numerator < 0 || m.Numerator > m.Denominator:
		return fmt.Errorf("there is no share of %d/%d requests", m.Numerator, m.Denominator)
	}
	return nil
}
