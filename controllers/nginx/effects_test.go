// SPDX-License-Identifier: Apache-2.0

package nginx_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/fixture"
)

// What is in this file shows effects of annotations that one request does not show.

// impatience is how long an answer is waited for that need not come. It is longer than the second that annotations of
// these tests say, and shorter than what holds without them.
const impatience = 3 * time.Second

// passing says how many of 200 requests pass before one is refused.
func passing(r *rig) string {
	for n := range 200 {
		if r.asked("h.io/") != "web /" {
			return strconv.Itoa(n)
		}
	}
	return "200"
}

// untilRefused says what becomes of the first of 200 requests that does not pass. However slow they are, they come
// faster than one a second.
func untilRefused(r *rig) string {
	for range 200 {
		if got := r.asked("h.io/"); got != "web /" {
			return got
		}
	}
	return "all pass"
}

// besideHeld says what becomes of a request while another one is held.
func besideHeld(r *rig) string {
	first := make(chan string, 1)
	go func() { first <- r.asked("h.io/hold") }()
	<-r.held
	said := r.asked("h.io/")
	r.release()
	if got := <-first; got != "web /hold" {
		r.Errorf("the one that is held gets %q", got)
	}
	return said
}

// failing returns a service of three endpoints that together fail so many times, with 503, and then no more.
func failing(times int32) func(t *testing.T) []client.Object {
	return func(t *testing.T) []client.Object {
		var asked atomic.Int32
		handler := func(w http.ResponseWriter, _ *http.Request) {
			if asked.Add(1) <= times {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		}
		return several(t, "shaky", false, handler, handler, handler)
	}
}

// named is a service over TLS that tells the name which it was asked for.
func named(t *testing.T) []client.Object {
	return several(t, "secure", true, func(w http.ResponseWriter, request *http.Request) { w.Header().Set("X-Named", request.TLS.ServerName) })
}

// fronted is a service with an endpoint, and with an address of its own at which another server is.
func fronted(t *testing.T) []client.Object {
	tell := func(what string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Service", "fronted")
			w.Header().Set("X-Target", "/")
			w.Header().Set("X-Endpoint", what)
		}
	}
	made := several(t, "fronted", false, tell("endpoint"))
	front := httptest.NewServer(tell("front"))
	t.Cleanup(front.Close)
	spec := &made[0].(*corev1.Service).Spec
	spec.ClusterIPs, spec.Ports[0].Port = []string{"127.0.0.1"}, int32(portOf(front))
	return made
}

// halfway is a service that stops in the middle of its answer.
func halfway(t *testing.T) []client.Object {
	ended := make(chan struct{})
	made := several(t, "half", false, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half ")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-request.Context().Done():
		case <-ended:
		}
	})
	t.Cleanup(func() { close(ended) })
	return made
}

// cutOff says whether an answer is cut off in its middle.
func cutOff(r *rig) string {
	begun := time.Now()
	if _, err := r.exchange("h.io/"); err == nil || time.Since(begun) >= r.patience {
		return nothing
	}
	return "cut off"
}

// numbered is a service of four endpoints that tell which they are. One that is asked for /busy is busy until the test
// ends, and tells so.
func numbered(t *testing.T) []client.Object {
	ended := make(chan struct{})
	var handlers []http.HandlerFunc
	var anyBusy atomic.Bool
	for n := range 4 {
		var busy atomic.Bool
		handlers = append(handlers, func(w http.ResponseWriter, request *http.Request) {
			if request.URL.Path == "/busy" {
				busy.Store(true)
				anyBusy.Store(true)
				<-ended
			}
			w.Header().Set("X-Endpoint", strconv.Itoa(n))
			w.Header().Set("X-Busy", strconv.FormatBool(busy.Load()))
			w.Header().Set("X-Any-Busy", strconv.FormatBool(anyBusy.Load()))
		})
	}
	made := several(t, "four", false, handlers...)
	t.Cleanup(func() { close(ended) })
	return made
}

// besideBusy says how many requests go to an endpoint that has one already.
func besideBusy(r *rig) string {
	go func() { _, _ = r.exchange("h.io/busy") }()
	fixture.Eventually(r.T, func() error {
		if r.ask("h.io/").Header.Get("X-Any-Busy") != "true" {
			return errors.New("no endpoint is busy")
		}
		return nil
	})
	busy := 0
	for range 200 {
		if r.ask("h.io/").Header.Get("X-Busy") == "true" {
			busy++
		}
	}
	if busy < 30 { // By turns, it is fifty. Of two that are chosen, both are the busy one in one of sixteen.
		return "hardly any to the busy one"
	}
	return strconv.Itoa(busy) + " of 200 to the busy one"
}

// connectionsOfTen says how many connections to endpoints ten requests take, one after the other.
func connectionsOfTen(r *rig) string {
	for range 10 {
		if got := r.asked("h.io/"); got != "web /" {
			return got
		}
	}
	return strconv.Itoa(int(r.connections.Load())) + " connections"
}

// copied says what the first copy is.
func copied(r *rig) string {
	if got := r.asked("POST h.io/m?q", "content 3"); got != "web /m?q" {
		return got
	}
	select {
	case got := <-r.copies:
		return got
	case <-time.After(r.patience):
		return nothing
	}
}

// endpointsOf says how many endpoints get the requests with a field.
func endpointsOf(r *rig, field string) string {
	known := map[string]bool{}
	for range 20 {
		known[r.ask("h.io/", field).Header.Get("X-Endpoint")] = true
	}
	if len(known) == 1 {
		return "1 endpoint"
	}
	return strconv.Itoa(len(known)) + " endpoints"
}
