// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWatchExplainsAgainWhatHasChanged(t *testing.T) {
	t.Parallel()
	explained := func(generation int, id string, left float64, active int, takes bool) string {
		return fmt.Sprintf(`{"generation": %d, "request": {"method": "GET", "url": "http://a/", "host": "a", "path": "/", "peer": "192.0.2.1", "client": "192.0.2.1"},
			"rateLimit": {"perSecond": 1, "burst": 9, "replicas": 1, "left": %v, "allowed": true},
			"upstream": {"method": "GET", "target": "/", "path": "/", "headers": [{"name": "X-Request-Id", "value": %q}]},
			"pool": {"id": "a/b:80", "service": "a/b", "protocol": "HTTP", "policy": "RoundRobin", "tasks": [
				{"id": "x", "address": "10.0.0.1:80", "weight": 1, "health": "Healthy", "active": %d, "takesRequests": %v}]},
			"answer": {"text": "the service's"}}`, generation, left, id, active, takes)
	}
	var out, said bytes.Buffer
	p := &program{streams: Streams{Out: &out, Err: &said}, colour: "auto"}
	from := cannedReplica{explainPath: {
		explained(1, "one", 9, 0, true), explained(2, "two", 3, 5, true), "error: it is away", explained(3, "three", 9, 0, false), explained(4, "four", 9, 1, false),
	}}
	p.find = func(context.Context) (replica, error) { return from, nil }
	ctx, stop := context.WithCancel(t.Context())
	ticks := make(chan time.Time)
	go func() {
		for range 4 {
			ticks <- time.Time{}
		}
		stop()
	}()
	if err := p.watchExplanation(ctx, "http://a/", &explainFlags{output: &outputFlag{format: formatText}}, ticks); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\nanswer"); got != 2 || !strings.Contains(out.String(), "three") || strings.Contains(out.String(), "two") || strings.Contains(out.String(), "four") {
		t.Errorf("%d explanations are written, want the first and the third:\n%s", got, out.String())
	}
	if strings.Count(said.String(), "it is away") != 1 {
		t.Errorf("standard error is %q, want that the replica was away", said.String())
	}
	if got := runWith("", "explain", "--watch", "-f", "-", "a"); got.code != exitMisuse || !strings.Contains(got.err, "leave one of them out") {
		t.Errorf("with -f: %+v", got)
	}
}
