// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	rollouts     = 10
	rolloutTasks = 10
	// rolloutPace makes all clients together send 200 requests a second.
	rolloutPace = clients * time.Second / 200
)

// replaceTask puts a new Task in the place of the oldest one. The old server ends as soon as no replica sends to it. It
// finishes what it was sent and closes its connections.
func (c *churn) replaceTask(service string) {
	c.t.Helper()
	c.addTask(service)
	old := c.services[service][0]
	c.services[service] = slices.Delete(c.services[service], 0, 1)
	c.apply(func() { c.delete(old.Task) })
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	if err := old.backend.server.Shutdown(ctx); err != nil {
		c.t.Errorf("the server of a Task that was removed still has requests: %v", err)
	}
}

func TestRollingReplacementOfAllTasksLosesNoRequest(t *testing.T) {
	s := newScene(t)
	c := &churn{scene: s, controller: s.start().ready(), services: map[string][]*instance{}, hosts: map[string]*v1alpha1.Ingress{}}
	host := s.host("rolled")
	c.addHost(host, "rolled", "rolled")
	for range rolloutTasks {
		c.addTask("rolled")
	}
	traffic := startTraffic(t, c.controller.http, []string{host}, rolloutPace, c.verdict)
	for range rollouts {
		for range rolloutTasks {
			c.replaceTask("rolled")
		}
	}
	traffic.finish()
	if c.made != rolloutTasks*(rollouts+1) {
		t.Errorf("%d Tasks were made, want %d", c.made, rolloutTasks*(rollouts+1))
	}
}
