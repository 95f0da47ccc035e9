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

	"github.com/warren-dev/ingress/test/kubeapi"
)

const (
	// kindVariable is "quick" in a run that asks only what servers.txt calls so, and needs all of those.
	kindVariable = "FLEET"
	// showVariable is set to print the differences of nginx and HAProxy too, and those that are listed.
	showVariable = "FLEET_SHOW"
	// fewest is how many servers a whole run needs.
	fewest = 25
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
		s.ports[one.name] = freePort(t)
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
	s.judge(t, one, cases, ways, seen)
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
	p := place{t: t, port: port, behind: freePort(t), folder: openFolder(t, one.name), apps: s.apps, modules: s.modules}
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
func (s *suite) judge(t *testing.T, one *server, cases []testCase, ways []way, seen [][]observation) {
	var found []difference
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
				if ways[i].ours && (d.nginx != d.got || d.haproxy != d.got) {
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
	fmt.Printf("%-20s %-32s %5d pairs   differences:", one.name, one.version(s.modules), pairs)
	for _, name := range wayNames {
		fmt.Printf(" %s %d", name, count[name])
	}
	fmt.Println()
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
		n := slices.IndexFunc(listed, func(e entry) bool { return e.matches(d) })
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
		if !used[n] && s.askedAll(all, e) {
			t.Errorf("the list has an entry that no difference needs: %+v", e)
		}
	}
	fmt.Printf("%d requests were not compared: the server gave no whole answer directly, or two different ones\n", s.unsteady)
	fmt.Printf("%d pairs tried with %d servers, %d differences listed, %d not listed\n", s.pairs, len(s.asked), known, unknown)
}

// askedAll reports whether every server was asked that an entry may be about.
func (s *suite) askedAll(all []*server, e entry) bool {
	return !slices.ContainsFunc(all, func(one *server) bool { return e.about(one.name) && !s.asked[one.name] })
}
