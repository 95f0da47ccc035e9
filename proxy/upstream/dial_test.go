// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"testing"
)

// An endpoint may go and come back within a moment. That makes no difference to the request whose connection was given
// up.
func TestDialThatIsGivenUpIsTheEndpointsRetirementThoughItResumes(t *testing.T) {
	t.Parallel()
	e := testEndpoint(Key{Address: deafAddress(t)})
	failed := make(chan error, 1)
	go func() {
		_, err := e.Dial(context.Background(), Demand{})
		failed <- err
	}()
	await(t, "the dial", func() bool { return e.Stats().Dialling == 1 })
	e.Retire()
	e.Resume()
	if err := receive(t, "the end of the dial", failed); err != ErrRetired {
		t.Errorf("got %v, want %v", err, ErrRetired)
	}
}
