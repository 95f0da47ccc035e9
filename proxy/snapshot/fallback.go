// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"errors"
	"slices"

	"github.com/warren-dev/ingress/proxy/policy"
)

// Fallback is a pool that gets the requests of a route for which no endpoint takes requests. It gets them as the
// endpoint would have got them, and answers in its place.
type Fallback struct {
	// Pool is the id of the pool.
	Pool string
	// Fields go with such a request, in place of those of the same name. They are sorted by name. X-Format goes with it
	// too, and says what the client accepts.
	Fields []policy.Header
}

// Equal says whether another one sends the same to the same pool. Either may be nil.
func (f *Fallback) Equal(o *Fallback) bool {
	if f == nil || o == nil {
		return f == o
	}
	return f.Pool == o.Pool && slices.Equal(f.Fields, o.Fields)
}

// inspect returns what is wrong with the fallback, or nil.
func (f *Fallback) inspect() error {
	if f.Pool == "" {
		return errors.New("the fallback has no pool")
	}
	return nil
}
