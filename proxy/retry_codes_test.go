// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// retrying has a route try requests again so often, after these statuses too.
func retrying(attempts int, codes ...int) func(*snapshot.Route) {
	return func(r *snapshot.Route) { r.Retries, r.Retry = attempts, &snapshot.Retry{Codes: codes} }
}

// failingAtFirst answers so many requests with a status, and those after them with their content.
func failingAtFirst(tb testing.TB, times int64, status int) (handler http.HandlerFunc, asked *atomic.Int64) {
	asked = new(atomic.Int64)
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			tb.Errorf("reading the content: %v", err)
		}
		if asked.Add(1) <= times {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "a failure")
			return
		}
		_, _ = w.Write(body)
	}, asked
}

func TestRequestIsTriedAgainAfterTheStatusesThatTheRouteNames(t *testing.T) {
	t.Parallel()
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	put := func(content string) string {
		return fmt.Sprintf("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(content), content)
	}
	kept, long := strings.Repeat("x", 60<<10), strings.Repeat("x", 1<<20)
	for _, test := range []struct {
		name, request string
		fails         int64
		status        int
		wantStatus    int
		wantBody      string
		wantAsked     int64
	}{
		{"no failure", get, 0, 503, 200, "", 1},
		{"fewer failures than retries", get, 2, 503, 200, "", 3},
		{"as many failures as retries", get, 3, 500, 200, "", 4},
		{"more failures than retries", get, 4, 503, 503, "a failure", 4},
		{"another status", get, 1, 502, 502, "a failure", 1},
		{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", 1, 503, 200, "", 2},
		{"content", put("hello"), 2, 503, 200, "hello", 3},
		{"content in chunks", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 2, 503, 200, "hello", 3},
		{"much content", put(kept), 1, 503, 200, kept, 2},
		{"too much content to keep", put(long), 1, 503, 503, "a failure", 1},
		{"a method that may do harm twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 1, 503, 503, "a failure", 1},
		{"such a method with content", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", 1, 503, 503, "a failure", 1},
	} {
		for version, start := range map[string]func(testing.TB, http.HandlerFunc) *backend{
			"HTTP/1.1": startBackend, "HTTP/2": func(tb testing.TB, h http.HandlerFunc) *backend { return startH2C(tb, h) },
		} {
			t.Run(test.name+", "+version, func(t *testing.T) {
				t.Parallel()
				handler, asked := failingAtFirst(t, test.fails, test.status)
				b := start(t, handler)
				p := serve(t)
				s := everythingBy(retrying(3, 500, 503), b.address)
				s.Pools[0].H2C = version == "HTTP/2"
				p.apply(s)
				got := p.ask(test.request)
				if got.Status != test.wantStatus || got.Body != test.wantBody && !strings.HasPrefix(test.request, "HEAD") {
					t.Errorf("got %d with %d bytes, want %d with %d", got.Status, len(got.Body), test.wantStatus, len(test.wantBody))
				}
				if n := asked.Load(); n != test.wantAsked {
					t.Errorf("the endpoint was asked %d times, want %d", n, test.wantAsked)
				}
				if n := b.accepted.Load(); n != 1 {
					t.Errorf("that took %d connections, want 1", n)
				}
				await(t, "the end of the exchange", func() bool { return p.engine.ContentMemory.Taken() == 0 })
			})
		}
	}
}

func TestRequestOfAClientOfHTTP2IsTriedAgainWithItsContent(t *testing.T) {
	t.Parallel()
	handler, asked := failingAtFirst(t, 1, 503)
	b := startBackend(t, handler)
	p := serve(t, func(c *Config) { c.H2C = true })
	p.apply(everythingBy(retrying(1, 503), b.address))
	client := p.http2Client(false)
	// An answer that overtakes the news that all was sent goes to the client. So that is asked again.
	await(t, "an answer that comes later", func() bool {
		asked.Store(0)
		content := io.MultiReader(strings.NewReader("hello"), strings.NewReader(" world"))
		resp, body := client.do(client.request("PUT", "/", content))
		if resp.StatusCode == 503 && asked.Load() == 1 {
			return false
		}
		if resp.StatusCode != 200 || body != "hello world" || asked.Load() != 2 {
			t.Errorf("got %d %q after %d attempts, want 200 and the content after two", resp.StatusCode, body, asked.Load())
		}
		return true
	})
}

func TestRetryGoesToAnotherEndpointWhereThereIsOne(t *testing.T) {
	t.Parallel()
	p := serve(t)
	var failing, asked atomic.Int64
	bad := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		failing.Add(1)
		w.WriteHeader(503)
	})
	good := startBackend(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	p.apply(everythingBy(retrying(1, 503), bad.address, good.address))
	const requests = 10
	for range requests {
		if got := p.get("a", "/"); got.Status != 200 {
			t.Errorf("got %d, want 200", got.Status)
		}
	}
	if asked.Load() != requests || failing.Load() == 0 {
		t.Errorf("the endpoints were asked %d and %d times", failing.Load(), asked.Load())
	}
}

// A retry waits for as long as the route says. What ends the exchange ends the wait.
func TestRetryWaits(t *testing.T) {
	t.Parallel()
	handler, asked := failingAtFirst(t, 1, 503)
	b := startBackend(t, handler)
	p := serve(t)
	waiting := func(request time.Duration) func(*snapshot.Route) {
		return func(r *snapshot.Route) {
			retrying(1, 503)(r)
			r.Retry.Backoff, r.Timeouts.Request = time.Hour, request
		}
	}
	p.apply(everythingBy(waiting(50*time.Millisecond), b.address))
	if got := p.get("a", "/"); got.Status != 504 || got.reason() != "UpstreamRequestTimeout" || asked.Load() != 1 {
		t.Errorf("got %d %q after %d requests, want 504 UpstreamRequestTimeout after one", got.Status, got.reason(), asked.Load())
	}
	asked.Store(0)
	p.apply(everythingBy(waiting(0), b.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	await(t, "the first attempt", func() bool { return asked.Load() == 1 })
	client.abort()
	p.expectSeries("warren_ingress_requests_total", map[string]float64{
		"warren_ingress_requests_total code=504 ingress=default/pool reason=UpstreamRequestTimeout service=default/pool": 1,
		"warren_ingress_requests_total code=499 ingress=default/pool reason=ClientClosed service=default/pool":           1,
	})
}

// A route that says when to try again tries the only endpoint again after a failure of any kind.
func TestOnlyEndpointIsTriedAgain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	for name, change := range map[string]func(*snapshot.Route){"with retries of its own": retrying(2), "without": retries(2)} {
		p.apply(everythingBy(change, endpoint.address))
		client := p.dial()
		client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		up := endpoint.accept()
		up.head()
		up.abort()
		want := 502
		if name == "with retries of its own" {
			up = endpoint.accept()
			up.head()
			up.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
			want = 200
		}
		if got := client.reply("GET"); got.Status != want {
			t.Errorf("%s: got %d %q, want %d", name, got.Status, got.reason(), want)
		}
	}
}

// The time of one attempt ends that attempt. Whether there is another one, the route says.
func TestAttemptThatTakesTooLong(t *testing.T) {
	t.Parallel()
	const attempt = 100 * time.Millisecond
	for _, test := range []struct {
		name, request, want string
		retry               bool
	}{
		{"with retries", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200 ", true},
		{"with retries that would do harm", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "504 UpstreamRequestTimeout", true},
		{"without", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "504 UpstreamRequestTimeout", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			endpoint := startScript(t)
			p := serve(t)
			p.apply(everythingBy(func(r *snapshot.Route) {
				r.Timeouts.Attempt, r.Retries = attempt, 1
				if test.retry {
					r.Retry = new(snapshot.Retry)
				}
			}, endpoint.address))
			client := p.dial()
			client.send(test.request)
			silent := endpoint.accept()
			silent.head()
			silent.expectClosed()
			if strings.HasPrefix(test.want, "200") {
				up := endpoint.accept()
				up.head()
				up.send(okReply)
			}
			got := client.reply("GET")
			if outcome := strconv.Itoa(got.Status) + " " + got.reason(); outcome != test.want {
				t.Errorf("got %s, want %s", outcome, test.want)
			}
		})
	}
}

// The time of an attempt ends with its response, and a response that has begun cannot be taken back.
func TestAttemptIsOverWithItsResponse(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		retrying(1)(r)
		r.Timeouts.Attempt = 200 * time.Millisecond
	}, endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	client.expectTorn("GET")
	up.expectClosed()
	if n := endpoint.accepted.Load(); n != 1 {
		t.Errorf("there were %d attempts, want one", n)
	}
}

// After a response that is not the final one, the client knows of the first attempt.
func TestRequestIsNotTriedAgainOnceTheClientHeardOfIt(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(retrying(3, 503), endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
	if got := client.head(); !strings.HasPrefix(got, "HTTP/1.1 103 ") {
		t.Errorf("got %q, want the 103", got)
	}
	if got := client.reply("GET"); got.Status != 503 {
		t.Errorf("got %d, want 503", got.Status)
	}
}

// What is left of a rejected response is not read for long. The connection is closed instead.
func TestRejectedResponseThatIsLongCostsItsConnection(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(retrying(1, 503), endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000000\r\n\r\nthis takes a while")
	next := endpoint.accept()
	next.head()
	next.send(okReply)
	if got := client.reply("GET"); got.Status != 200 {
		t.Errorf("got %d, want 200", got.Status)
	}
	up.expectClosed()
}

func TestRetriesOfStatusesHaveTheBudgetOfAllRetries(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	b := startBackend(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(503)
	})
	p := serve(t)
	p.apply(everythingBy(retrying(10, 503), b.address))
	const requests = 50
	for range requests {
		p.get("a", "/")
	}
	// Ten a second are always allowed, over the ten seconds that the budget looks back. It counts in spans of two seconds,
	// and the test may meet a new one.
	if n := asked.Load(); n < requests+100 || n > requests+130 {
		t.Errorf("%d requests became %d, want about %d", requests, n, requests+100)
	}
}

func TestExplainSaysHowARequestIsTriedAgain(t *testing.T) {
	t.Parallel()
	p := serve(t)
	r := prefix("/", "pool")
	r.Retries, r.Retry = 2, &snapshot.Retry{Codes: []int{500, 503}, Backoff: 25 * time.Millisecond}
	p.apply(snapshotOf([]snapshot.Host{hostOf("", r)}, poolOf("pool")))
	e, err := p.Explainer().Explain(&explain.Question{URL: "http://a/"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&explanation.Retries{Attempts: 2, Codes: []int{500, 503}, Backoff: 0.025}, e.Retries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const want = "up to 2 times, also after a status of 500 503, at least 0.025 s apart; where that is safe"
	var text strings.Builder
	if err := e.WriteText(&text, time.Now()); err != nil || !strings.Contains(text.String(), want) {
		t.Errorf("%v, want %q in:\n%s", err, want, text.String())
	}
}

// A route whose pool has gone has no endpoint left to try.
func TestRetryEndsWhenItsPoolHasGone(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(func(r *snapshot.Route) {
		retrying(3, 503)(r)
		r.Retry.Backoff = 300 * time.Millisecond
	}, endpoint.address))
	c := p.dial()
	c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
	p.apply(&snapshot.Snapshot{})
	if got := c.reply("GET"); got.Status != 503 || got.reason() != "NoHealthyTask" {
		t.Errorf("got %d %q, want 503 NoHealthyTask", got.Status, got.reason())
	}
}

// An endpoint that refused a request without asking for its content may take that for the next request.
func TestConnectionWhoseContentWasNotAskedForIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everythingBy(retrying(1, 503), endpoint.address))
	c := p.dial()
	c.send("PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
	first := endpoint.accept()
	first.head()
	first.expect("hello")
	first.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
	second := endpoint.accept()
	second.request()
	second.send(okReply)
	if got := c.reply("PUT"); got.Status != 200 {
		t.Errorf("got %d %q, want 200", got.Status, got.reason())
	}
	first.expectClosed()
}
