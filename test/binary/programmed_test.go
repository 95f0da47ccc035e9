// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

var programmedProbes = flag.Int("programmed-probes", 600, "how many requests each replica gets after Programmed is True, over all changes")

const programmedChanges = 10

// probe sends requests to a replica over one connection. It returns an error if one arrives with another path.
func probe(address, host, path string, requests int) error {
	c, err := connect(address, net.Dialer{})
	if err != nil {
		return err
	}
	defer c.Close()
	for n := range requests {
		got, err := c.exchange(host, "/", "", "")
		if err != nil {
			return err
		}
		if got.arrival.Path != path {
			return fmt.Errorf("request %d is answered with %s for the path %q, want %q", n, got, got.arrival.Path, path)
		}
	}
	return nil
}

// Somebody changes an Ingress and waits for Programmed. Then no replica serves what was before.
func TestNoReplicaServesAnOlderGenerationOnceAnIngressIsProgrammed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	web := startBackend(t, "web-1")
	host := s.host("shop")
	shop := ingress("shop", host, "web")
	s.create(shop, task("web", web))
	replicas := []*controller{s.start(), s.start(), s.start()}
	for _, r := range replicas {
		r.ready()
	}
	conditions := func() []metav1.Condition { return shop.Status.Conditions }
	s.says(shop, conditions, "Programmed=True")

	for change := range programmedChanges {
		want := fmt.Sprintf("/change/%d", change)
		s.change(shop, func() {
			shop.Spec.Rules[0].Paths[0].Rewrite = &v1alpha1.Rewrite{ReplacePath: v1alpha1.CanonicalPath(want)}
		})
		s.says(shop, conditions, "Programmed=True")
		var probing sync.WaitGroup
		failed := make([]error, len(replicas))
		for i, r := range replicas {
			probing.Go(func() { failed[i] = probe(r.http, host, want, *programmedProbes/programmedChanges) })
		}
		probing.Wait()
		if err := errors.Join(failed...); err != nil {
			t.Fatalf("after change %d: %v", change, err)
		}
	}
	t.Logf("%d requests to each of %d replicas over %d changes", *programmedProbes, len(replicas), programmedChanges)
}
