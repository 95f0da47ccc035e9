package proxy

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// idleProber is one that nobody runs.
func idleProber() *prober {
	return newProber(newClock(), func(context.Context, *Check) finding { return finding{} }, func(*checked) {})
}

// checking returns the check of an endpoint at path "/health", as often as a test can wait for.
func checking(e *Endpoint) Check {
	e.Checked = true
	return Check{
		ID: e.ID, Address: e.Address, Path: "/health", Expected: []StatusRange{{200, 399}},
		Interval: 100 * time.Millisecond, Timeout: 100 * time.Millisecond, HealthyThreshold: 1, UnhealthyThreshold: 2,
	}
}

// checkAll has all endpoints of a snapshot's first pool checked.
func checkAll(s *Snapshot) *Snapshot {
	for i := range s.Pools[0].Endpoints {
		s.Checks = append(s.Checks, checking(&s.Pools[0].Endpoints[i]))
	}
	return s
}

// patient is a backend whose health a test decides about.
func patient(tb testing.TB, name string) (b *backend, healthy *atomic.Bool) {
	healthy = new(atomic.Bool)
	healthy.Store(true)
	b = startBackend(tb, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/health" && !healthy.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = fmt.Fprint(w, name)
	})
	return b, healthy
}

// answers asks n times and counts by what was answered.
func (s *served) answers(n int) map[string]int {
	s.tb.Helper()
	got := map[string]int{}
	for range n {
		r := s.get("example.com", "/")
		if r.Status != 200 {
			got[r.reason()]++
			continue
		}
		got[r.Body]++
	}
	return got
}

// awaitAnswers asks until answers are these. On a machine that is busy enough a probe of any task may come too late.
func (s *served) awaitAnswers(want map[string]int) {
	s.tb.Helper()
	n, got := 0, map[string]int(nil)
	for _, count := range want {
		n += count
	}
	if !eventually(func() bool { got = s.answers(n); return cmp.Equal(want, got) }) {
		s.tb.Fatalf("answers (-want +got):\n%s", cmp.Diff(want, got))
	}
}

func (s *served) awaitHealth(id string, want Health) {
	s.tb.Helper()
	await(s.tb, id+" being "+want.String(), func() bool {
		report, ok := s.Health(id)
		return ok && report.Health == want
	})
}

func TestAnUnhealthyTaskTakesNoRequestsUntilItHasRecovered(t *testing.T) {
	t.Parallel()
	one, _ := patient(t, "one")
	two, _ := patient(t, "two")
	three, healthy := patient(t, "three")
	p := serve(t)
	s := checkAll(everything(one.address, two.address, three.address))
	p.apply(s)
	const sick = "task/default/pool-002"
	for i := range s.Checks {
		p.awaitHealth(s.Checks[i].ID, Healthy)
	}
	for range 2 { // it may fall ill again
		healthy.Store(false)
		p.awaitHealth(sick, Unhealthy)
		p.awaitAnswers(map[string]int{"one": 5, "two": 5})
		if report, _ := p.Health(sick); report.Message != "GET /health: 503" || report.Since.IsZero() {
			t.Errorf("the report is %+v", report)
		}
		healthy.Store(true)
		p.awaitHealth(sick, Healthy)
		p.awaitAnswers(map[string]int{"one": 3, "two": 3, "three": 3})
	}
}

func TestWhereAllTasksAreUnhealthyTheAnswerIs503AtOnce(t *testing.T) {
	t.Parallel()
	b, healthy := patient(t, "b")
	healthy.Store(false)
	p := serve(t)
	s := checkAll(everything(b.address))
	p.apply(s)
	p.awaitHealth(s.Checks[0].ID, Unhealthy)
	if diff := cmp.Diff(map[string]int{"NoHealthyTask": 3}, p.answers(3)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsKnownOfATaskSurvivesASwap(t *testing.T) {
	t.Parallel()
	b, healthy := patient(t, "b")
	healthy.Store(false)
	p := serve(t)
	s := checkAll(everything(b.address))
	p.apply(s)
	id := s.Checks[0].ID
	p.awaitHealth(id, Unhealthy)

	same := checkAll(everythingBy(retries(3), b.address))
	same.Checks[0].Interval = time.Hour
	p.apply(same)
	if report, _ := p.Health(id); report.Health != Unhealthy {
		t.Errorf("after a swap that probes the same: %v", report.Health)
	}
	other := checkAll(everything(b.address))
	other.Checks[0].Path, other.Checks[0].Interval = "/", time.Hour
	p.apply(other)
	p.awaitHealth(id, Healthy)
	p.apply(everything(b.address))
	if _, ok := p.Health(id); ok {
		t.Error("something is known of a task that is not checked any more")
	}
}

func TestWhatAProbeFinds(t *testing.T) {
	t.Parallel()
	at := startBackend(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hint":
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusNoContent)
		case "/moved":
			w.WriteHeader(http.StatusFound)
		case "/hung":
			<-r.Context().Done()
		case "/torn":
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	closed := closedPort(t)
	for _, test := range []struct {
		path    string
		address netip.AddrPort
		want    finding
	}{
		{"/health", at.address, finding{false, "GET /health: 503"}},
		{"/hint", at.address, finding{true, "GET /hint: 204"}},
		{"/moved", at.address, finding{false, "GET /moved: 302"}},
		{"/hung", at.address, finding{false, "GET /hung: no answer within 500ms"}},
		{"/torn", at.address, finding{false, "GET /torn: closed without an answer"}},
		{"/health", closed, finding{false, fmt.Sprintf("connecting to %s: connection refused", closed)}},
		{"", at.address, finding{true, "connected to " + at.address.String()}},
		{"", closed, finding{false, fmt.Sprintf("connecting to %s: connection refused", closed)}},
	} {
		t.Run(test.path+" "+test.want.text, func(t *testing.T) {
			p := New(Config{})
			c := Check{Address: test.address, Path: test.path, Expected: []StatusRange{{200, 299}}, Timeout: 500 * time.Millisecond}
			probes := &probes{clock: p.clock, http: &p.state.transports.http}
			if got := probes.probe(t.Context(), &c); got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

func TestThresholdsCountProbesInARow(t *testing.T) {
	t.Parallel()
	task := newChecked("t")
	task.begin(&Check{HealthyThreshold: 2, UnhealthyThreshold: 3})
	var got []Health
	for _, healthy := range []bool{true, false, true, true, false, false, true, false, false, false, true, true} {
		task.take(finding{healthy: healthy}, time.Unix(1, 0))
		got = append(got, task.health())
	}
	want := []Health{HealthUnknown, HealthUnknown, HealthUnknown, Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Unhealthy, Unhealthy, Healthy}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestProbesAreBoundedAndComeAtTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var running, most, made atomic.Int64
		p := newProber(newClock(), func(context.Context, *Check) finding {
			most.Store(max(most.Load(), running.Add(1)))
			made.Add(1)
			time.Sleep(time.Second)
			running.Add(-1)
			return finding{healthy: true}
		}, func(*checked) {})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); p.run(ctx) }()

		var checks []Check
		for i := range 2 * probesAtOnce {
			checks = append(checks, Check{ID: fmt.Sprintf("%06d", i), Interval: time.Minute, Timeout: time.Second, HealthyThreshold: 1, UnhealthyThreshold: 1})
		}
		p.adopt(checks)
		time.Sleep(10*time.Minute + 30*time.Second)
		synctest.Wait()
		if got := most.Load(); got != probesAtOnce {
			t.Errorf("%d probes ran at once, want %d", got, probesAtOnce)
		}
		// One to begin with and one a minute: some a few more or fewer, by the jitter.
		if got, want := made.Load(), int64(11*len(checks)); got < want*9/10 || got > want*11/10 {
			t.Errorf("%d probes in ten minutes, want about %d", got, want)
		}
		p.adopt(nil)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		before := made.Load()
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := made.Load(); got != before {
			t.Errorf("%d probes of tasks that are not checked any more", got-before)
		}
		cancel()
		<-ended
	})
}

func TestWhichMembersOfAPoolAreAvailable(t *testing.T) {
	t.Parallel()
	up, unknown, sick, off := standing{takes: true, health: Healthy}, standing{takes: true}, standing{takes: true, health: Unhealthy}, standing{health: Healthy}
	out := func(since time.Duration) standing { return standing{takes: true, health: Healthy, ejected: since} }
	for name, test := range map[string]struct {
		members []standing
		want    []bool
	}{
		"none":                               {nil, []bool{}},
		"all healthy":                        {[]standing{up, up}, []bool{true, true}},
		"those that take none":               {[]standing{up, off, sick}, []bool{true, false, false}},
		"unknown beside healthy":             {[]standing{up, unknown}, []bool{true, false}},
		"all unknown":                        {[]standing{unknown, unknown}, []bool{true, true}},
		"unknown beside unhealthy":           {[]standing{unknown, sick}, []bool{true, false}},
		"unknown beside one that takes none": {[]standing{unknown, off}, []bool{true, false}},
		"all unhealthy":                      {[]standing{sick, sick}, []bool{false, false}},
		"the only one ejected":               {[]standing{out(1)}, []bool{true}},
		"the only healthy one ejected":       {[]standing{out(1), sick, unknown}, []bool{true, false, false}},
		"one of two ejected":                 {[]standing{up, out(1)}, []bool{true, false}},
		"two of two, the first stays out":    {[]standing{out(2), out(1)}, []bool{true, false}},
		"three of four, no more than half":   {[]standing{out(3), out(1), up, out(2)}, []bool{true, false, true, false}},
		"half is of those that may take any": {[]standing{out(1), out(2), up, sick, off}, []bool{false, true, true, false, false}},
	} {
		if diff := cmp.Diff(test.want, available(test.members)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAnEndpointThatRefusesConnectionsIsSetAside(t *testing.T) {
	t.Parallel()
	b := named(t, "b")
	p := serve(t)
	p.apply(everythingBy(retries(1), b.address, closedPort(t)))
	if diff := cmp.Diff(map[string]int{"b": 20}, p.answers(20)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.apply(everythingBy(retries(0), b.address, p.generation.Load().snapshot.Pools[0].Endpoints[1].Address))
	if diff := cmp.Diff(map[string]int{"b": 20}, p.answers(20)); diff != "" {
		t.Errorf("without retries, after it was set aside (-want +got):\n%s", diff)
	}
}

func TestStatusesAreNoFailuresOfAnEndpoint(t *testing.T) {
	t.Parallel()
	failing := startBackend(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	b := named(t, "b")
	p := serve(t)
	p.apply(everything(failing.address, b.address))
	got := map[int]int{}
	for range 20 {
		got[p.get("example.com", "/").Status]++
	}
	if diff := cmp.Diff(map[int]int{200: 10, 500: 10}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAnEndpointIsSetAsideForLongerEachTimeAndForgivenWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour) // the clock begins with the proxy, long before
		j := &ejector{clock: clock{time.Now().Add(-time.Hour)}}
		e := newEndpoint(netip.AddrPort{}, nil)
		setAside := func(failures int) time.Duration {
			t.Helper()
			for range failures {
				if e.conduct.ejected.Load() != 0 {
					t.Fatal("it was set aside before its time")
				}
				j.failed(e)
			}
			if e.conduct.ejected.Load() == 0 {
				t.Fatal("it was not set aside")
			}
			began := time.Now()
			for e.conduct.ejected.Load() != 0 {
				time.Sleep(time.Second)
				j.restore(j.clock.now())
			}
			return time.Since(began)
		}
		got := []time.Duration{setAside(ejectAfter)}
		for range 14 {
			got = append(got, setAside(1)) // it is on probation
		}
		e.conduct.succeeded()
		time.Sleep(10 * time.Minute)
		got = append(got, setAside(ejectAfter))
		var want []time.Duration
		for i := range 15 {
			want = append(want, min(time.Duration(i+1)*ejectionBase, ejectionLimit))
		}
		want = append(want, 6*ejectionBase) // of 15 times, ten were forgiven
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestASuccessInBetweenKeepsAnEndpointInService(t *testing.T) {
	t.Parallel()
	j := &ejector{clock: newClock()}
	e := newEndpoint(netip.AddrPort{}, nil)
	for range 10 {
		for range ejectAfter - 1 {
			j.failed(e)
		}
		e.conduct.succeeded()
	}
	if e.conduct.ejected.Load() != 0 {
		t.Error("it was set aside though it never failed three times in a row")
	}
}
