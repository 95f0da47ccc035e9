// SPDX-License-Identifier: Apache-2.0

//go:build fleet

package fleet

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	// kindVariable is "quick" in a run that asks only what servers.txt calls so, and needs all of those.
	kindVariable = "FLEET"
	// showVariable is set to print the differences of nginx and HAProxy too, and those that are listed.
	showVariable = "FLEET_SHOW"
	// fewest is how many servers a whole run needs.
	fewest = 25
	// repeats is how often a difference has to come again.
	repeats = 2
	// serialTurns is how many requests come at once to a server whose queue is short.
	serialTurns = 4
	// Cases with pauses begin one after the other, in spread groups.
	stagger = 20 * time.Millisecond
	spread  = 50
)

// run is one run of the suite.
type suite struct {
	quick   bool
	modules string
	apps    string
	ports   map[string]string
	// ours are the ways through the controller.
	ours           []way
	nginx, haproxy way

	mu sync.Mutex
	// asked has the servers that were asked, and pairs counts the cases of each in each way.
	asked map[string]bool
	pairs int
	// unsteady counts requests that cannot be compared.
	unsteady    int
	differences []difference
	// chance has the differences that were there once, and not when the same was asked again.
	chance []difference
}

// The answer that a server gives through the controller has to be the one that it gives directly.
func TestFleet(t *testing.T) {
	ctrl.SetLogger(logr.Discard())
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{
		quick: os.Getenv(kindVariable) == "quick", modules: filepath.Join(checkout, "bin", "fleet", "node_modules"),
		apps: filepath.Join(checkout, "test", "fleet", "apps"), ports: map[string]string{}, asked: map[string]bool{},
	}
	all := fleet(t)
	var present []*server
	for _, one := range all {
		if s.quick && !one.quick {
			continue
		}
		if missing := one.missing(s.modules); missing != "" {
			fmt.Printf("%-20s absent: there is no %s\n", one.name, missing)
			if s.quick {
				t.Errorf("%s is absent: a quick run needs all of its servers", one.name)
			}
			continue
		}
		present = append(present, one)
		s.ports[one.name] = fixture.FreePort(t)
	}
	if !s.quick && len(present) < fewest {
		t.Errorf("%d servers are here, at least %d are needed: run hack/fleet/install", len(present), fewest)
	}
	s.ours = startController(t, present, s.ports)
	s.nginx = startNginx(t, upstreams(present, s.ports, "nginx"))
	s.haproxy = startHAProxy(t, upstreams(present, s.ports, "haproxy"))

	t.Run("server", func(t *testing.T) {
		for _, one := range present {
			t.Run(one.name, func(t *testing.T) {
				t.Parallel()
				s.ask(t, one)
			})
		}
	})
	s.report(t, all)
}

// ask starts a server and asks it all cases in all ways.
func (s *suite) ask(t *testing.T, one *server) {
	s.start(t, one)
	straight := direct(s.ports[one.name])
	await(t, straight, one.host(""), func(answer) error { return nil })
	for _, w := range s.ours {
		await(t, w, one.host(gaps()[len(gaps())-1].label(w.name)), func(a answer) error {
			if status := a.get("Proxy-Status"); status != "" {
				return fmt.Errorf("%s", status)
			}
			return nil
		})
	}
	cases := casesFor(one)
	ways := append([]way{straight, straight, s.nginx, s.haproxy}, s.ours...)
	turn := turns(one)
	seen := make([][]observation, len(ways))
	var asking sync.WaitGroup
	for i, w := range ways {
		seen[i] = make([]observation, len(cases))
		run := w.name
		if i == 1 {
			run += "2"
		}
		asking.Go(func() {
			for n, c := range cases {
				if c.gap == nil && (!c.http1 || !w.http2) {
					seen[i][n] = observe(w, c, one.host(""), run, turn)
				}
			}
		})
		for n, c := range cases {
			if c.gap != nil {
				asking.Go(func() {
					// Not all at once: that would be a trial of the queue in front of accept.
					time.Sleep(time.Duration(n*len(ways)+i) % spread * stagger)
					seen[i][n] = observe(w, c, one.host(c.gap.label(w.name)), run, turn)
				})
			}
		}
	}
	asking.Wait()
	s.judge(one, cases, ways, seen, turn)
}

// turns returns what waits for a turn at a server, and returns what gives it back.
func turns(one *server) func() func() {
	if !one.serial {
		return func() func() { return func() {} }
	}
	places := make(chan struct{}, serialTurns)
	return func() func() {
		places <- struct{}{}
		return func() { <-places }
	}
}

// start starts a server, or what answers in its place in this process.
func (s *suite) start(t *testing.T, one *server) {
	t.Helper()
	port := s.ports[one.name]
	if one.handler {
		serveApp(t, port)
		return
	}
	p := place{t: t, port: port, behind: fixture.FreePort(t), folder: openFolder(t, one.name), apps: s.apps, modules: s.modules}
	writeFiles(t, p.www())
	serveApp(t, p.behind)
	if one.inetd != nil {
		serveByInetd(t, p, one.inetd(p))
		return
	}
	run(t, p.folder, one.recipe.start(p)).awaitListening(t, local(port))
}

// serveByInetd runs a program for each connection.
func serveByInetd(t *testing.T, p place, what command) {
	t.Helper()
	listener, err := net.Listen("tcp", local(p.port))
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				file, err := conn.(*net.TCPConn).File()
				if err != nil {
					return
				}
				defer file.Close()
				program := exec.Command(what.arguments[0], what.arguments[1:]...)
				program.Stdin, program.Stdout = file, file
				// How it ends is its client's to see.
				_ = program.Run()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		running.Wait()
	})
}

// judge compares what the ways showed. The first two are the direct one, the next two nginx and HAProxy.
func (s *suite) judge(one *server, cases []testCase, ways []way, seen [][]observation, turn func() func()) {
	var found, chance []difference
	pairs, unsteadySteps := 0, 0
	count := map[string]int{}
	for n, c := range cases {
		first, second := seen[0][n], seen[1][n]
		for name := range first {
			if step, aspect := split(name); aspect == "end" && unsteady(first, second, step) {
				unsteadySteps++
			}
		}
		for i := 2; i < len(ways); i++ {
			got := seen[i][n]
			if got == nil {
				continue
			}
			pairs++
			for _, aspect := range differ(first, second, got) {
				step, _ := split(aspect)
				d := difference{server: one.name, testCase: c.name, way: ways[i].name, aspect: aspect, reason: got[step+"reason"],
					direct: first[aspect], got: got[aspect], nginx: seen[2][n][aspect], haproxy: seen[3][n][aspect]}
				count[d.way]++
				switch {
				case !ways[i].ours || d.nginx == d.got && d.haproxy == d.got:
				case d.listed() < 0 && !lasts(one, c, ways[0], ways[i], aspect, turn):
					chance = append(chance, d)
				default:
					found = append(found, d)
				}
				if os.Getenv(showVariable) != "" {
					fmt.Printf("shown: %s\n", d)
				}
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[one.name] = true
	s.pairs += pairs
	s.unsteady += unsteadySteps
	s.differences = append(s.differences, found...)
	s.chance = append(s.chance, chance...)
	fmt.Printf("%-20s %-32s %5d pairs   differences:", one.name, one.version(s.modules), pairs)
	for _, name := range wayNames {
		fmt.Printf(" %s %d", name, count[name])
	}
	fmt.Println()
}

// lasts says whether a difference comes again each time. A server that ends a connection while a request is on its way
// to it makes one that does not, whoever is between.
func lasts(one *server, c testCase, straight, through way, aspect string, turn func() func()) bool {
	host := func(w way) string {
		if c.gap != nil {
			return one.host(c.gap.label(w.name))
		}
		return one.host("")
	}
	for range repeats {
		var asking sync.WaitGroup
		var first, second, got observation
		for run, ask := range map[string]struct {
			way  way
			seen *observation
		}{"again": {straight, &first}, "again2": {straight, &second}, "again3": {through, &got}} {
			asking.Go(func() { *ask.seen = observe(ask.way, c, host(ask.way), run, turn) })
		}
		asking.Wait()
		if !slices.Contains(differ(first, second, got), aspect) {
			return false
		}
	}
	return true
}

// report prints the differences that are not listed, fails the test for each, and for each entry of the list that none
// needs.
func (s *suite) report(t *testing.T, all []*server) {
	slices.SortFunc(s.differences, func(a, b difference) int {
		return cmp.Or(cmp.Compare(a.server, b.server), cmp.Compare(a.testCase, b.testCase), cmp.Compare(a.aspect, b.aspect), cmp.Compare(a.way, b.way))
	})
	used := make([]bool, len(listed))
	known, unknown := 0, 0
	for _, d := range s.differences {
		n := d.listed()
		if n < 0 {
			unknown++
			t.Errorf("%s", d)
			continue
		}
		known++
		used[n] = true
		if os.Getenv(showVariable) != "" {
			fmt.Printf("listed: %s: %s\n", d, listed[n].why)
		}
	}
	for n, e := range listed {
		if !used[n] && !e.sometimes && s.askedAll(all, e) {
			t.Errorf("the list has an entry that no difference needs: %+v", e)
		}
	}
	for _, d := range s.chance {
		fmt.Printf("by chance: %s\n", d)
	}
	fmt.Printf("%d differences came by chance, and not again\n", len(s.chance))
	fmt.Printf("%d requests were not compared: the server gave no whole answer directly, or two different ones\n", s.unsteady)
	fmt.Printf("%d pairs tried with %d servers, %d differences listed, %d not listed\n", s.pairs, len(s.asked), known, unknown)
}

// askedAll reports whether every server was asked that an entry may be about.
func (s *suite) askedAll(all []*server, e entry) bool {
	return !slices.ContainsFunc(all, func(one *server) bool { return e.about(one.name) && !s.asked[one.name] })
}
