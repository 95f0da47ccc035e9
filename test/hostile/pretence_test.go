// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// pretended are fields by which a client says that it is another one. Servers believe some of them by these names, and
// some that read fields as variables take any sign in a name for an underscore (RFC 3875, section 4.1.18).
var pretended = []string{
	"X-Forwarded-For", "X.Forwarded.For", "X~Forwarded~For", "X_Forwarded_For", "x-forwarded_for", "X-Forwarded-Client-Ip", "X-Real-IP",
	"X.Real.IP", "X-Client-IP", "True-Client-IP", "Forwarded-For", "X-Cluster-Client-IP", "CF-Connecting-IP", "X-Original-URL",
	"X-Rewrite-URL", "Proxy",
}

// nobody is an address that no client here has.
const nobody = "198.51.100.66"

// A client pretends to be another one by fields that servers believe, and has requests sent back by TRACE.
func TestClientsThatPretendToBeOthers(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{})
	var mu sync.Mutex
	heard, believed := 0, map[string]bool{}
	s.serve(s.a, "echo", "echo.example.com", "/", startBackend(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		heard++
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, ","), nobody) {
				believed[name] = true
			}
		}
		if r.Method == http.MethodTrace {
			believed["TRACE"] = true
		}
		_, _ = io.WriteString(w, "heard")
	})))
	eventually(t, "the attacked host to be served", newVictim(s.replica().http, "echo.example.com", "heard").request)
	traced := map[string]int{}
	s.besideSlow(attackTime, "clients that pretend to be others", func(ctx context.Context) {
		for n := 0; n < len(pretended) || ctx.Err() == nil; n++ {
			await(ctx, hostPace)
			name := pretended[n%len(pretended)]
			sendOnce(t.Context(), s.replica().http, "GET / HTTP/1.1\r\nHost: echo.example.com\r\nConnection: close\r\n"+name+": "+nobody+"\r\n\r\n")
			if status := traceOnce(t.Context(), s.replica().http, "echo.example.com"); status != "" {
				traced[status]++
			}
		}
	})
	mu.Lock()
	defer mu.Unlock()
	if len(believed) > 0 || heard < len(pretended) {
		t.Errorf("of %d requests, the server could have believed %v", heard, slices.Sorted(maps.Keys(believed)))
	}
	if len(traced) != 1 || traced["405"] == 0 {
		t.Errorf("the answers to TRACE have these statuses, so often: %v, want 405 alone", traced)
	}
}

// traceOnce sends a TRACE over a connection of its own. It returns the status of the answer, or "" if there was none.
func traceOnce(ctx context.Context, address, host string) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	request, err := http.NewRequestWithContext(ctx, http.MethodTrace, "http://"+address+"/", http.NoBody)
	if err != nil {
		return ""
	}
	request.Host = host
	response, err := client.Do(request)
	if err != nil {
		return ""
	}
	_ = response.Body.Close()
	return fmt.Sprint(response.StatusCode)
}
