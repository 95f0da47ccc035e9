// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// backendProcess is the variable that makes this test program a backend. Its value is the backend's name.
const backendProcess = "WARREN_TEST_BACKEND"

// serveAsProcess answers until it is killed. On SIGUSR1 its answers become slow and 500.
func serveAsProcess(name string) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var failing atomic.Bool
	onSignal(func() { failing.Store(true) })
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failing.Load() {
			time.Sleep(200 * time.Millisecond) // its work is slow
			w.WriteHeader(http.StatusInternalServerError)
		}
		_ = json.NewEncoder(w).Encode(arrival{Backend: name, Host: r.Host, Nonce: r.Header.Get(nonceField)})
	})}
	fmt.Fprintln(os.Stderr, server.Serve(listener))
	return 1
}

// onSignal calls do when SIGUSR1 arrives, as long as the process lives.
func onSignal(do func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		<-signals
		do()
	}()
}

// startBackendProcess starts a backend that can be killed, stopped and made to fail. It ends with the test.
func startBackendProcess(t *testing.T, name string) (*backend, *os.Process) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program)
	command.Env = append(os.Environ(), backendProcess+"="+name)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("starting the backend %s: %v", name, err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	b := &backend{name: name}
	if _, scanErr := fmt.Sscan(line, &b.port); err != nil || scanErr != nil {
		t.Fatalf("the backend %s says %q (%v)", name, line, err)
	}
	return b, command.Process
}

// observation is a request's time, counted from the fault, and what came of it.
type observation struct {
	began, took time.Duration
	failure     string
}

// observe lets 8 clients send GETs for a while. The fault happens in the midst. It returns the requests that ended
// after the fault.
func observe(address, host string, fault func()) []observation {
	const before, after, pace = time.Second, 8 * time.Second, 20 * time.Millisecond
	var (
		mu      sync.Mutex
		seen    []observation
		running sync.WaitGroup
	)
	start := time.Now()
	happens := start.Add(before)
	for client := range clients {
		running.Go(func() {
			var c *connection
			ticker := time.NewTicker(pace)
			defer ticker.Stop()
			for n := 0; time.Since(start) < before+after; n++ {
				<-ticker.C
				r := record{began: time.Now()}
				if c == nil {
					c, r.err = connect(address, net.Dialer{})
				}
				if r.err == nil {
					r.answer, r.err = c.exchange(host, "/", fmt.Sprintf("%d-%d", client, n), "")
				}
				o := observation{began: r.began.Sub(happens), took: time.Since(r.began)}
				if r.err != nil {
					o.failure = r.err.Error()
					if c != nil {
						_ = c.Close()
						c = nil
					}
				} else if r.answer.status != http.StatusOK {
					o.failure = r.answer.String()
				}
				mu.Lock()
				seen = append(seen, o)
				mu.Unlock()
			}
			if c != nil {
				_ = c.Close()
			}
		})
	}
	time.Sleep(time.Until(happens)) // the load before the fault
	fault()
	running.Wait()
	later := seen[:0]
	for _, o := range seen {
		if o.began+o.took >= 0 {
			later = append(later, o)
		}
	}
	return later
}

// One of three backends fails under load. If it dies or hangs, requests that may be sent twice suffer for a second at
// most. If it answers, its answers are passed on as they are.
func TestWhatClientsSeeOfABackendThatFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		// harmless faults fail no request that begins a second later.
		harmless bool
	}{
		{"killed", syscall.SIGKILL, true},
		{"hung", syscall.SIGSTOP, true},
		{"answering 500 slowly", syscall.SIGUSR1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			controller := s.start().ready()
			host := s.host("failing")
			var victim *os.Process
			for _, name := range []string{"a", "b", "c"} {
				b, process := startBackendProcess(t, name)
				victim = process
				s.create(task("failing", b))
			}
			i := ingress("failing", host, "failing")
			i.Spec.Rules[0].Paths[0].Timeouts = &v1alpha1.Timeouts{Response: &metav1.Duration{Duration: 900 * time.Millisecond}}
			s.create(i)
			eventually(t, patience, "three endpoints", func() error {
				_, routes, err := controller.routes()
				if err == nil && strings.Count(routes, "127.0.0.1:") != 3 {
					err = fmt.Errorf("the routes are %s", routes)
				}
				return err
			})
			seen := observe(controller.http, host, func() {
				if err := victim.Signal(test.signal); err != nil {
					t.Errorf("sending %s: %v", test.signal, err)
				}
			})
			var failed, late int
			var last, longest time.Duration
			for _, o := range seen {
				longest = max(longest, o.took)
				if o.failure == "" {
					continue
				}
				failed++
				last = max(last, o.began+o.took)
				if o.began >= time.Second {
					if late++; late <= shownFailures && test.harmless {
						t.Logf("began %s after the fault, took %s: %s", o.began, o.took, o.failure)
					}
				}
			}
			t.Logf("%s: %d of %d requests failed (%.1f %%), the last one %s after the fault; the longest took %s", test.name,
				failed, len(seen), 100*float64(failed)/float64(len(seen)), last.Round(time.Millisecond), longest.Round(time.Millisecond))
			if test.harmless && late > 0 {
				t.Errorf("%d requests failed that began more than a second after the fault", late)
			}
			if !test.harmless && failed == 0 {
				t.Error("no answer of the failing backend was passed on: it was not part of the test")
			}
		})
	}
}
