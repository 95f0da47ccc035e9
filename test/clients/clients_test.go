// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/test/kubeapi"
)

// leastClients is how many clients there have to be, but in the quick set.
const leastClients = 12

// api is the Kubernetes API that the program reads its rules from.
var api kubeapi.Shared

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(api.Run(m))
}

// report gathers what came of all pairs.
type report struct {
	mu                    sync.Mutex
	pairs, listed, others int
	// used are the entries of differences that an outcome matched.
	used map[int]bool
	// chances are those of the entries that left a case out.
	chances map[int]bool
}

func TestClients(t *testing.T) {
	s := newScene(t, &api)
	clients, absent := present(t)
	if len(clients) < leastClients && !partial() {
		t.Errorf("%d clients are installed, want %d at least: run hack/clients/install", len(clients), leastClients)
	}
	s.makeFiles(t, clients)
	s.program = buildProgram(t)
	s.arguments = s.makeRules(t)
	fronts := map[string]*front{"direct": s.backend.direct(t, s.certificateOf(t))}
	for _, f := range []*front{s.startProgram(t), s.startNginx(t), s.startHAProxy(t)} {
		fronts[f.name] = f
	}
	r, cases := &report{used: map[int]bool{}, chances: map[int]bool{}}, regexp.MustCompile(os.Getenv("CLIENTS_CASES"))
	t.Run("each", func(t *testing.T) {
		for _, c := range clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				run := c.runner()
				defer run.close()
				pairs := 0
				for _, scenario := range c.scenarios(s, run) {
					if !cases.MatchString(scenario.name) || r.isChance(c, scenario) {
						continue
					}
					pairs++
					r.check(t, c, scenario, fronts)
				}
				r.count(pairs)
				fmt.Printf("%-24s %-12s %4d pairs in %.1f s\n", c.name, c.said, pairs, time.Since(began).Seconds())
			})
		}
	})
	t.Run("drain", func(t *testing.T) { s.drain(t, r, clients) })
	for _, name := range absent {
		fmt.Printf("%-24s absent\n", name)
	}
	r.unused(t)
	fmt.Printf("%d pairs tried with %d clients, %d differences listed, %d not listed\n", r.pairs, len(clients), r.listed, r.others)
}

// runner returns what runs the client's jobs.
func (c *client) runner() runner {
	if c.start == nil {
		return commandLine(nil)
	}
	return c.start()
}

// present returns the clients that can be run, with their versions, and the names of the others.
func present(t *testing.T) (clients []*client, absent []string) {
	t.Helper()
	wanted := regexp.MustCompile(os.Getenv("CLIENTS_ONLY"))
	for _, c := range everyClient() {
		if os.Getenv("CLIENTS") == "quick" && c.full || !wanted.MatchString(c.name) {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		command := exec.CommandContext(ctx, c.version[0], c.version[1:]...)
		command.Env = append(os.Environ(), "CLIENTS_NODE_MODULES="+nodeModules(t))
		said, err := command.CombinedOutput()
		cancel()
		if err != nil {
			absent = append(absent, c.name)
			continue
		}
		c.said = regexp.MustCompile(`[0-9]+(\.[0-9]+)+`).FindString(string(said))
		clients = append(clients, c)
	}
	return clients, absent
}

// check tries a case behind the program, and elsewhere if the outcome is not what it should be.
func (r *report) check(t *testing.T, c *client, s scenario, fronts map[string]*front) {
	t.Helper()
	got := s.do(t, fronts["warren"])
	if s.matches(got) {
		return
	}
	fails, said := true, []string{"warren: " + got}
	for _, name := range s.against {
		other := s.do(t, fronts[name])
		said = append(said, name+": "+other)
		fails = fails && !s.matches(other)
	}
	r.judge(t, c.name, s, got, fails, said)
}

// judge looks for an outcome in the list of differences.
func (r *report) judge(t *testing.T, name string, s scenario, got string, elsewhere bool, said []string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, d := range differences {
		if d.elsewhere == elsewhere && whole(d.clients).MatchString(name) && whole(d.cases).MatchString(s.name) &&
			regexp.MustCompile(d.outcome).MatchString(got) {
			r.used[i] = true
			r.listed++
			return
		}
	}
	r.others++
	where := "and nowhere else"
	if elsewhere {
		where = "and elsewhere too"
	}
	t.Errorf("%s: %s: want %s, %s:\n    %s", name, s.name, s.want, where, strings.Join(said, "\n    "))
}

// isChance reports whether a case is not to be tried.
func (r *report) isChance(c *client, s scenario) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, each := range chances {
		if whole(each.clients).MatchString(c.name) && whole(each.cases).MatchString(s.name) {
			r.chances[i] = true
			return true
		}
	}
	return false
}

// count adds pairs that were tried.
func (r *report) count(pairs int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pairs += pairs
}

// unused fails the test for entries that nothing matched.
func (r *report) unused(t *testing.T) {
	t.Helper()
	if partial() {
		return
	}
	for i, d := range differences {
		if !r.used[i] {
			t.Errorf("nothing matches the listed difference of %s in %s: %s", d.clients, d.cases, d.reason)
		}
	}
	for i, each := range chances {
		if !r.chances[i] {
			t.Errorf("no case of %s is left out by %s: %s", each.clients, each.cases, each.reason)
		}
	}
}

// partial is whether not all clients are run.
func partial() bool {
	return os.Getenv("CLIENTS")+os.Getenv("CLIENTS_ONLY")+os.Getenv("CLIENTS_CASES") != ""
}

// whole is a pattern that has to match all of a name.
func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }
