// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// writesInterval is the time between two looks at the API server's counters. Each costs the server some time.
const writesInterval = 5 * time.Second

// statusWrites reads from the API server how many writes of status it has seen.
type statusWrites struct {
	client *http.Client
	url    string
}

func newStatusWrites(config *rest.Config) (*statusWrites, error) {
	c, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for the counters of the API server: %w", err)
	}
	return &statusWrites{client: c, url: strings.TrimSuffix(config.Host, "/") + "/metrics"}, nil
}

// count adds up the writes to the status of this project's resources.
func (w *statusWrites) count(ctx context.Context) (sum int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url, nil)
	if err != nil {
		return 0, err
	}
	response, err := w.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("reading the counters of the API server: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("reading the counters of the API server: %s", response.Status)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line, ok := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		if !ok || !strings.Contains(line, `group="ingress.warren.dev"`) || !strings.Contains(line, `subresource="status"`) ||
			strings.Contains(line, `verb="GET"`) {
			continue
		}
		n, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the counters of the API server: %w", err)
		}
		sum += int(n)
	}
	return sum, lines.Err()
}

// busiest counts until ctx ends. It returns the most writes a second between two looks.
func (w *statusWrites) busiest(ctx context.Context) (most float64, err error) {
	before, err := w.count(ctx)
	if err != nil {
		return 0, err
	}
	looked := time.Now()
	ticker := time.NewTicker(writesInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return most, nil
		case <-ticker.C:
		}
		now, err := w.count(ctx)
		if ctx.Err() != nil {
			return most, nil
		}
		if err != nil {
			return most, err
		}
		most = max(most, float64(now-before)/time.Since(looked).Seconds())
		before, looked = now, time.Now()
	}
}
