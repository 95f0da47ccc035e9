// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// drainDelay is how long the program tells its clients to go before it lets none in.
	drainDelay = 2 * time.Second
	// loopTime is how long the clients go on. The first replica is told to end once all have begun, after loopStart at
	// most.
	loopTime  = 16 * time.Second
	loopStart = 11 * time.Second
)

// service stands for a Kubernetes Service: each new connection goes to the replica that is ready. It passes bytes and
// the ends of both directions on, and resets.
type service struct {
	listeners [2]net.Listener
	// targets are the addresses of HTTP and HTTPS.
	targets [2]atomic.Value
	serving sync.WaitGroup
}

func startService(t *testing.T, first *front) *service {
	t.Helper()
	s := &service{}
	s.turn(first)
	for i := range s.listeners {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.listeners[i] = listener
		s.serving.Go(func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				s.serving.Go(func() { s.pass(c.(*net.TCPConn), s.targets[i].Load().(string)) })
			}
		})
	}
	t.Cleanup(func() {
		for _, listener := range s.listeners {
			_ = listener.Close()
		}
	})
	return s
}

// turn makes new connections go to another replica.
func (s *service) turn(to *front) {
	s.targets[0].Store(to.plain)
	s.targets[1].Store(to.secure)
}

// front is the service as clients see it.
func (s *service) front(name string) *front {
	plain, secure := s.listeners[0].Addr().String(), s.listeners[1].Addr().String()
	return &front{name: name, plain: plain, h2c: plain, secure: secure}
}

func (*service) pass(from *net.TCPConn, target string) {
	defer from.Close()
	c, err := net.Dial("tcp", target)
	if err != nil {
		_ = from.SetLinger(0)
		return
	}
	to := c.(*net.TCPConn)
	defer to.Close()
	var both sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{from, to}, {to, from}} {
		both.Go(func() {
			_, err := io.Copy(way[1], way[0])
			if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				_, _ = way[0].SetLinger(0), way[1].SetLinger(0)
				_, _ = way[0].Close(), way[1].Close()
				return
			}
			_ = way[1].CloseWrite()
		})
	}
	both.Wait()
}

// drained is a client with a transport while a replica ends.
type drained struct {
	scenario
	client string
	loop   string
	got    string
}

// drain ends one of two replicas while all clients send requests on kept connections, of the program and of both peers.
func (s *scene) drain(t *testing.T, r *report, clients []*client) {
	t.Helper()
	began := time.Now()
	outcomes := map[string][]*drained{}
	for _, each := range []struct {
		name  string
		start func(*testing.T) *front
		end   syscall.Signal
	}{
		{"warren", s.startProgram, syscall.SIGTERM},
		{"nginx", s.startNginx, syscall.SIGQUIT},
		{"haproxy", s.startHAProxy, syscall.SIGUSR1},
	} {
		outcomes[each.name] = s.drainOne(t, r, each.name, each.start, each.end, clients)
	}
	for i, d := range outcomes["warren"] {
		if d.matches(d.got) {
			continue
		}
		fails, said := true, []string{"warren: " + d.got}
		for _, name := range peers {
			other := outcomes[name][i]
			said = append(said, name+": "+other.got)
			fails = fails && !other.matches(other.got)
		}
		r.judge(t, d.client, d.scenario, d.got, fails, said)
	}
	pairs := len(outcomes["warren"])
	r.count(pairs)
	fmt.Printf("%-24s %-12s %4d pairs in %.1f s\n", "all, while one drains", "", pairs, time.Since(began).Seconds())
}

func (s *scene) drainOne(
	t *testing.T, r *report, name string, start func(*testing.T) *front, end syscall.Signal, clients []*client,
) (all []*drained) {
	t.Helper()
	first, second := start(t), start(t)
	service := startService(t, first)
	f := service.front(name)
	var running sync.WaitGroup
	add := func(client, what string, with transport, want string, do func(loop string) string) {
		loop := strings.Map(func(r rune) rune {
			if r == ' ' || r == ':' || r == '/' {
				return '-'
			}
			return r
		}, name+" "+client+" "+string(with))
		d := &drained{client: client, loop: loop, scenario: scenario{name: what + " over " + string(with), want: want}}
		all = append(all, d)
		running.Go(func() { d.got = do(loop) })
	}
	for _, c := range clients {
		for _, with := range c.transports {
			what := "requests while one drains"
			if c.can&loops == 0 || with == h2c || r.isChance(c, scenario{name: what + " over " + string(with)}) {
				continue
			}
			add(c.name, what, with, `^\d+ requests, 0 failed$`, func(loop string) string {
				run := c.start()
				defer run.close()
				return run.run(t, s.loop(c, with, f, loop)).String()
			})
		}
	}
	loops := all
	for began := time.Now(); time.Since(began) < loopStart && !s.begun(loops); {
		time.Sleep(20 * time.Millisecond)
	}
	for _, c := range clients {
		if c.during == nil {
			continue
		}
		for _, with := range c.duringTransports {
			add(c.name, "a download while one drains", with, `^done$`, func(string) string { return c.during(t, s, f.base(with)+"/drip?seconds=6") })
		}
	}
	// By then a download is under way, and its end is seconds away.
	time.Sleep(time.Second)
	service.turn(second)
	told := time.Now()
	first.process.signal(end)
	running.Wait()
	select {
	case <-first.process.ended:
	case <-time.After(patience):
		t.Errorf("%s still runs after %s", name, patience)
	}
	for _, d := range loops {
		if before, after := s.backend.seen.times(d.loop); before.IsZero() || before.After(told) || after.Before(told.Add(drainDelay)) {
			t.Errorf("%s: %s: the requests were from %v to %v of the signal", d.client, d.name, before.Sub(told), after.Sub(told))
		}
	}
	return all
}

// begun is whether a request of each loop has come.
func (s *scene) begun(loops []*drained) bool {
	for _, d := range loops {
		if first, _ := s.backend.seen.times(d.loop); first.IsZero() {
			return false
		}
	}
	return true
}

// loop is what a client does while a replica drains: short requests, slow ones and uploads on kept connections.
func (s *scene) loop(c *client, with transport, f *front, loop string) job {
	j := job{Op: again, Transport: with, Base: f.base(with), CA: s.certificate, folder: s.folder, Gap: 50, Seconds: loopTime.Seconds()}
	mark := "loop=" + loop
	if c.can&calls != 0 {
		j.Requests = []request{send("POST", "/clients.Echo/Echo?"+mark, small)}
		return j
	}
	j.Requests = []request{
		get("/hello?" + mark), send("POST", "/upload?"+mark, small), get("/slow?ms=300&" + mark), send("POST", "/upload?"+mark, medium),
	}
	return j
}

// dripping returns how a command downloads a file of some seconds. CERTIFICATE among its arguments is what it trusts.
func dripping(arguments string) func(t *testing.T, s *scene, url string) string {
	return func(t *testing.T, s *scene, url string) string {
		t.Helper()
		folder := t.TempDir()
		all := strings.Fields(strings.ReplaceAll(arguments, "CERTIFICATE", s.certificate) + " " + url)
		return command(t, folder, []string{"HOME=" + folder}, all...).downloaded(filepath.Join(folder, "file"), file[:dripSize])
	}
}
