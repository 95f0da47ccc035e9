// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"fmt"
	"slices"
	"testing"

	coordinationv1 "k8s.io/api/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// leases returns the addresses for plain requests in the replicas' Leases, sorted.
func (s *scene) leases() ([]string, error) {
	var list coordinationv1.LeaseList
	if err := s.List(s.t.Context(), &list, client.InNamespace(s.namespace), client.MatchingLabels{"ingress.warren.dev/replica": "warren"}); err != nil {
		return nil, err
	}
	var addresses []string
	for _, lease := range list.Items {
		said := lease.Annotations
		addresses = append(addresses, said["ingress.warren.dev/address"]+":"+said["ingress.warren.dev/http-port"])
	}
	slices.Sort(addresses)
	return addresses, nil
}

func TestEachReplicaTellsInALeaseWhereItIsReachedUntilItEnds(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	tells := func(controllers ...*controller) {
		t.Helper()
		var want []string
		for _, c := range controllers {
			want = append(want, c.http)
		}
		slices.Sort(want)
		eventually(t, patience, "the replicas' Leases", func() error {
			got, err := s.leases()
			if err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("they tell %v, want %v", got, want)
			}
			return err
		})
	}
	first, second := s.start().ready(), s.start().ready()
	tells(first, second)
	second.terminate()
	if code := second.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
	tells(first)
}
