// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// adminPaths are all that the admin address serves.
var adminPaths = []string{"/routes", "/certificates", "/tasks", "/hosts", "/explain", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline"}

// A page of the Internet has its own name resolved to loopback, and asks the admin address for what it serves, from the
// browser of whoever runs the program or forwards its port (DNS rebinding).
func TestPagesThatAskTheAdminAddress(t *testing.T) {
	t.Parallel()
	s := newStageApart(t, launch{})
	_, port, err := net.SplitHostPort(s.replica().admin)
	if err != nil {
		t.Fatal(err)
	}
	asked, told := 0, map[string]bool{}
	s.besideSlow(attackTime, "pages that ask the admin address", func(ctx context.Context) {
		browser := &http.Client{Transport: &http.Transport{}, Timeout: patience}
		defer browser.CloseIdleConnections()
		for ; ctx.Err() == nil; await(ctx, hostPace) {
			for _, name := range []string{"evil.example", "evil.example:" + port, "localhost.evil.example", "127.0.0.1.evil.example:" + port, "evil.example@localhost"} {
				for _, path := range adminPaths {
					switch status, content := get(ctx, browser, s.replica().admin, name, path, ""); {
					case status == 0:
					case status < 400 || strings.Contains(content, victimHost):
						told[name+path] = true
						fallthrough
					default:
						asked++
					}
				}
				await(ctx, time.Millisecond)
			}
		}
	})
	if asked == 0 || len(told) > 0 {
		t.Errorf("of %d requests of other names, these were told something: %v", asked, told)
	}
	if status, _ := get(t.Context(), http.DefaultClient, s.replica().admin, "localhost:"+port, "/routes", ""); status != http.StatusOK {
		t.Errorf("localhost is answered with %d: the attack asked for nothing that there is", status)
	}
}
