// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

const (
	// watchedServices is the number of services whose changes clients look at.
	watchedServices = 20
	// watchedEvery is how many changes there are for one that a client looks at.
	watchedEvery = 20
	// lookInterval is the time between two requests of a client that waits for an effect. It is the resolution of what the
	// client sees.
	lookInterval = 2 * time.Millisecond
	// effectLimit is when a change counts as one without effect.
	effectLimit = 10 * time.Second
)

// changes are made at a steady rate, whether earlier ones have ended or not.
type changes struct {
	options
	client   client.Client
	address  string
	backends [2]backend
	http     http.Client

	mu      sync.Mutex
	written int
	effects []time.Duration
	failed  error
}

// run makes changes until the time is over. It returns when all of them have ended.
func (c *changes) run(ctx context.Context) error {
	ticker := time.NewTicker(time.Second / time.Duration(c.rate))
	defer ticker.Stop()
	var running sync.WaitGroup
	turns := make([]chan struct{}, watchedServices) // one change of each at a time
	for i := range turns {
		turns[i] = make(chan struct{}, 1)
	}
	at := make([]int, watchedServices) // the backend that each is at
	for n := range int(c.duration.Seconds() * float64(c.rate)) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if n%watchedEvery > 0 {
			running.Go(func() { c.note(c.reweigh(ctx), 0) })
			continue
		}
		service := n / watchedEvery % watchedServices
		running.Go(func() {
			turns[service] <- struct{}{}
			defer func() { <-turns[service] }()
			at[service] = 1 - at[service]
			took, err := c.move(ctx, service, &c.backends[at[service]])
			c.note(err, took)
		})
	}
	running.Wait()
	return c.failed
}

func (c *changes) note(err error, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil && c.failed == nil:
		c.failed = err
	case err == nil:
		c.written++
		if took > 0 {
			c.effects = append(c.effects, took)
		}
	}
}

// reweigh gives another weight to some Task that nobody asks for.
func (c *changes) reweigh(ctx context.Context) error {
	service := watchedServices + rand.IntN(c.services-watchedServices)
	return c.patch(ctx, taskName(service, rand.IntN(c.tasks)), map[string]any{"weight": 1 + rand.IntN(1000)})
}

// move makes the requests of a watched service go to a backend. It returns how long that took.
func (c *changes) move(ctx context.Context, service int, to *backend) (time.Duration, error) {
	began := time.Now()
	if err := c.patch(ctx, taskName(service, 0), map[string]any{"ports": portsTo(to.address)}); err != nil {
		return 0, err
	}
	for time.Since(began) < effectLimit {
		who, err := c.ask(ctx, hostOf(service))
		if err != nil {
			return 0, err
		}
		if who == to.name {
			return time.Since(began), nil
		}
		time.Sleep(lookInterval)
	}
	return 0, fmt.Errorf("a change of %s had no effect within %v", serviceName(service), effectLimit)
}

func (c *changes) patch(ctx context.Context, name string, spec map[string]any) error {
	patch, err := json.Marshal(map[string]any{"spec": spec})
	if err != nil {
		return err
	}
	task := &v1alpha1.Task{}
	task.Namespace, task.Name = namespace, name
	if err := c.client.Patch(ctx, task, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("changing Task %s: %w", name, err)
	}
	return nil
}

// ask returns which backend answers for a host.
func (c *changes) ask(ctx context.Context, host string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address+"/", nil)
	if err != nil {
		return "", err
	}
	request.Host = host
	response, err := c.http.Do(request)
	if err != nil {
		return "", fmt.Errorf("asking for %s: %w", host, err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("asking for %s: %s %q, %w", host, response.Status, content, err)
	}
	return string(content), nil
}
