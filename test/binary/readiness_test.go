// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/test/kubeapi"
)

func TestReadyFromTheFirstSnapshotOn(t *testing.T) {
	t.Parallel()
	config := api.Config(t)
	s := newSceneIn(t, config, kubeapi.Namespace(t, config))
	s.create(ingress("shop", s.host("shop"), "web"), task("web", startBackend(t, "web-1")))
	gate := newGateway(t)
	s.kubeconfig = writeKubeconfig(t, gate.config())
	c := s.start()

	eventually(t, patience, "a second attempt to reach the API", func() error {
		if attempts := strings.Count(c.stderr.String(), "the control plane ended"); attempts < 2 {
			return fmt.Errorf("there were %d", attempts)
		}
		return c.readiness(http.StatusServiceUnavailable)
	})
	if status, text, err := read("http://" + c.health + "/healthz"); err != nil || status != http.StatusOK {
		t.Errorf("/healthz is %d %q (%v) without an API, want 200: a restart would not help", status, text, err)
	}
	if err := answers(c.http, s.host("shop"), "/", notFound); err != nil {
		t.Errorf("before the first snapshot: %v", err)
	}

	gate.open(config)
	c.ready()
	if err := answers(c.http, s.host("shop"), "/", from("web-1")); err != nil {
		t.Errorf("with the first snapshot: %v", err)
	}
}

func TestReadyWithNothingToServe(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	c := s.start().ready()
	if err := answers(c.http, s.host("shop"), "/", notFound); err != nil {
		t.Error(err)
	}
}

func TestDrainingTurnsReadinessOffAndServesOnAndEndsWithoutAnError(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	const delay = 4 * time.Second // a request has to be answered in this time after /readyz fails
	c := s.start("--drain-delay=" + delay.String()).ready()
	web := startBackend(t, "web-1")
	host := s.host("shop")
	s.create(ingress("shop", host, "web"), task("web", web))
	eventually(t, patience, "the route", func() error { return answers(c.http, host, "/", from("web-1")) })

	slow := make(chan error, 1)
	go func() { slow <- answers(c.http, host, slowPath, from("web-1")) }()
	<-web.arrived

	terminated := time.Now() // The delay begins later, because the signal takes some time.
	c.terminate()
	eventually(t, delay, "/readyz to fail", func() error { return c.readiness(http.StatusServiceUnavailable) })
	t.Logf("/readyz failed %s after SIGTERM", time.Since(terminated).Round(time.Millisecond))

	// A client that has not noticed yet goes on until the listener closes. A request that is accepted is answered.
	answered := 0
	eventually(t, patience, "the listener to close", func() error {
		conn, err := connect(c.http, net.Dialer{})
		if err != nil {
			return nil
		}
		defer conn.Close()
		got, err := conn.exchange(host, "/", "", "")
		switch {
		case got.String() == from("web-1") && errors.Is(err, errLast):
			answered++
		case time.Since(terminated) < delay:
			t.Fatalf("%s after SIGTERM a request is answered with %q (%v), want an answer of web-1 that closes the connection",
				time.Since(terminated), got, err)
		}
		return fmt.Errorf("it is open, %d requests were answered, the last with %q: %w", answered, got, err)
	})
	if closed := time.Since(terminated); closed < delay || answered == 0 {
		t.Errorf("the listener closed %s after SIGTERM with %d requests answered, want some and no less than %s", closed, answered, delay)
	}
	t.Logf("%d requests were answered after SIGTERM", answered)

	if err := c.running(); err != nil {
		t.Fatalf("while a request waits: %v", err)
	}
	select {
	case err := <-slow:
		t.Fatalf("the slow request ended (%v) before its backend answered", err)
	default:
	}
	web.release()
	if err := <-slow; err != nil {
		t.Errorf("the request that was running at SIGTERM: %v", err)
	}
	if code := c.exit(); code != 0 {
		t.Errorf("the exit code is %d, want 0", code)
	}
}
