// SPDX-License-Identifier: Apache-2.0

package live

import (
	"encoding/json"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// ended returns a request that has ended.
func ended(host, path string, status int, why reason.Reason) *observe.Record {
	return &observe.Record{
		Request: &message.Request{Method: []byte("GET"), Authority: []byte(host)}, Host: []byte(host), Path: []byte(path), Scheme: []byte("http"),
		Client: netip.MustParseAddr("203.0.113.7"), Status: status, Reason: why, Ended: time.Millisecond,
		Route: &observe.RouteNames{Rule: snapshot.RuleID{Ingress: "shop/web", Rule: 1, Path: 2}, Path: "/", Service: "shop/web"},
	}
}

func TestFiltersAdmitWhatTheyAskFor(t *testing.T) {
	q := New(new(observe.Tap), observe.NewLines(nil))
	r := ended("shop.example.com", "/cart/1", 404, reason.RouteNotFound)
	for query, want := range map[string]bool{
		"":                            true,
		"host=shop.example.com":       true,
		"host=SHOP.example.com":       true,
		"host=example.com":            false,
		"host=*.example.com":          true,
		"host=*.shop.example.com":     false,
		"path=/cart":                  true,
		"path=/car/":                  false,
		"status=404":                  true,
		"status=4xx":                  true,
		"status=5XX":                  false,
		"status=200":                  false,
		"reason=RouteNotFound":        true,
		"reason=routenotfound":        true,
		"reason=any":                  true,
		"reason=AccessDenied":         false,
		"client=203.0.113.7":          true,
		"client=203.0.113.0/24":       true,
		"client=2001:db8::/32":        false,
		"method=get":                  true,
		"method=POST":                 false,
		"object=shop/web":             true,
		"object=shop/api":             false,
		"object=shop/web&rule=1.2":    true,
		"object=shop/web&rule=1.1":    false,
		"object=shop/web&rule=spec.x": false,
		"status=4xx&host=other":       false,
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		f, err := q.ParseFilter(values)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		if got := f.admits(r); got != want {
			t.Errorf("%q admits the request: %v, want %v", query, got, want)
		}
	}
	unrouted := ended("x", "/", 404, reason.RouteNotFound)
	unrouted.Route = nil
	if f, err := q.ParseFilter(url.Values{"object": {"shop/web"}}); err != nil || f.admits(unrouted) {
		t.Errorf("a request without a rule is one of an object (%v)", err)
	}
	if f, err := q.ParseFilter(url.Values{"reason": {"any"}}); err != nil || f.admits(ended("x", "/", 200, reason.None)) {
		t.Errorf("an answer of a service has a reason (%v)", err)
	}
}

func TestFiltersThatMakeNoSenseAreRefused(t *testing.T) {
	q := New(new(observe.Tap), observe.NewLines([]string{"status", "path"}))
	for query, want := range map[string]string{
		"stauts=5xx":     "client, host, method",
		"status=6xx":     "write one such as 404",
		"status=99":      "write one such as 404",
		"status=teapot":  "write one such as 404",
		"host=a":         "--access-log-fields",
		"client=1.2.3.4": "--access-log-fields",
		"reason=any":     "--access-log-fields",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.ParseFilter(values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want one with %q", query, err, want)
		}
	}
	all := New(new(observe.Tap), observe.NewLines(nil))
	for _, query := range []url.Values{{"reason": {"Because"}}, {"client": {"home"}}, {"client": {"10.0.0.0/64"}}} {
		if _, err := all.ParseFilter(query); err == nil {
			t.Errorf("%v is taken", query)
		}
	}
}

func TestRequestsAreShownWhileSomebodyLooks(t *testing.T) {
	var tap observe.Tap
	q := New(&tap, observe.NewLines([]string{"host", "path", "status"}))
	tap.Record(ended("before", "/", 200, reason.None))
	if q.Watched() {
		t.Fatal("requests are watched, and nobody looks")
	}
	filter, err := q.ParseFilter(url.Values{"status": {"5xx"}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := q.Follow(filter, 100)
	if err != nil {
		t.Fatal(err)
	}
	tap.Record(ended("a", "/", 200, reason.None))
	tap.Record(ended("<script>", `/"><img src=x onerror=alert(1)>`, 502, reason.UpstreamReset))
	var shown map[string]any
	if err := json.Unmarshal(<-s.Lines(), &shown); err != nil {
		t.Fatal(err)
	}
	if len(shown) != 3 || shown["host"] != "<script>" || shown["path"] != `/"><img src=x onerror=alert(1)>` || shown["status"] != 502.0 {
		t.Errorf("what is shown is %v", shown)
	}
	if got, want := s.Counts(), (Counts{Ended: 2, Matched: 1, Shown: 1}); got != want {
		t.Errorf("the counts are %+v, want %+v", got, want)
	}
	s.Close()
	tap.Record(ended("after", "/", 500, reason.None))
	if got := s.Counts(); got.Ended != 2 || q.Watched() {
		t.Errorf("after the end %d requests were seen, and watched is %v", got.Ended, q.Watched())
	}
}

func TestManyRequestsAreASample(t *testing.T) {
	var tap observe.Tap
	q := New(&tap, observe.NewLines(nil))
	s, err := q.Follow(new(Filter), 100)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 1000 { // all within a tenth of a second
		tap.Record(ended("a", "/", 200, reason.None))
	}
	if got, want := s.Counts(), (Counts{Ended: 1000, Matched: 1000, Shown: 10}); got != want {
		t.Errorf("the counts are %+v, want %+v", got, want)
	}
	later := ended("a", "/", 200, reason.None)
	later.Ended = time.Second
	tap.Record(later)
	if got := s.Counts().Shown; got != 11 {
		t.Errorf("a second later %d are shown, want 11", got)
	}
	for i := range 10 * waiting { // nobody reads
		later.Ended = time.Duration(i) * time.Second
		tap.Record(later)
	}
	if got := len(s.Lines()); got != waiting {
		t.Errorf("%d wait to be read, want %d", got, waiting)
	}
}

func TestNoMoreAreShownThanAreWanted(t *testing.T) {
	var tap observe.Tap
	q := New(&tap, observe.NewLines(nil))
	for _, most := range []int{1, 2, 3, 7, 10, 15, 100} {
		s, err := q.Follow(new(Filter), most)
		if err != nil {
			t.Fatal(err)
		}
		const seconds = 5
		r := ended("a", "/", 200, reason.None)
		for r.Ended = 0; r.Ended < seconds*time.Second; r.Ended += 5 * time.Millisecond {
			tap.Record(r)
		}
		// The first slot may have begun before the first second, and the last may go on after the last one.
		if got := s.Counts().Shown; got == 0 || got > uint64(most*seconds+1) {
			t.Errorf("of a stream for %d a second %d are shown in %d seconds", most, got, seconds)
		}
		s.Close()
	}
}

func TestFewLookAtOnce(t *testing.T) {
	q := New(new(observe.Tap), observe.NewLines(nil))
	var last *Stream
	for range streamsMost {
		var err error
		if last, err = q.Follow(new(Filter), 1); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := q.Follow(new(Filter), 1); !errors.Is(err, ErrTooMany) {
		t.Errorf("one more stream gets %v", err)
	}
	last.Close()
	if _, err := q.Follow(new(Filter), 1); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestTrafficIsCountedByRouteAndEndpoint(t *testing.T) {
	var tap observe.Tap
	q := New(&tap, observe.NewLines(nil))
	tap.Record(ended("before", "/", 200, reason.None))
	if list, _ := q.Traffic(); len(list) != 0 || !q.Watched() {
		t.Fatalf("before anything was counted there is %+v, and watched is %v", list, q.Watched())
	}
	r := ended("shop.example.com", "/", 200, reason.None)
	r.Attempts = []observe.Attempt{{Address: netip.MustParseAddrPort("10.0.0.1:80")}, {Address: netip.MustParseAddrPort("10.0.0.2:80")}}
	tap.Record(r)
	r.Status, r.Ended = 503, 2*time.Second
	tap.Record(r)
	list, _ := q.Traffic()
	if len(list) != 1 || list[0].Host != "shop.example.com" || list[0].Endpoint.String() != "10.0.0.2:80" || list[0].Requests != 2 || list[0].Errors != 1 ||
		list[0].Durations[1] != 1 || list[0].Durations[11] != 1 {
		t.Errorf("the traffic is %+v", list)
	}
	q.stopCounting()
	if q.Watched() {
		t.Error("requests are watched after the counting has ended")
	}
}

func TestNoRequestWaitsForThoseWhoRead(t *testing.T) {
	c := newCounts(time.Unix(0, 0))
	c.reading.Lock() // as if somebody added up
	c.add(ended("a", "/", 200, reason.None))
	c.reading.Unlock()
	if list, _ := c.read(time.Unix(1, 0)); len(list) != 1 {
		t.Errorf("what was counted is %+v", list)
	}
}

func TestCountsForgetWhatIsOld(t *testing.T) {
	now := time.Unix(0, 0)
	c := newCounts(now)
	sum := func(after time.Duration) uint64 {
		list, _ := c.read(now.Add(after))
		n := uint64(0)
		for _, t := range list {
			n += t.Requests
		}
		return n
	}
	r := ended("a", "/", 200, reason.None)
	c.add(r)
	if got := sum(window); got != 1 { // and turns
		t.Errorf("at the end of the window %d are counted, want 1", got)
	}
	c.add(r)
	if got := sum(window + time.Second); got != 2 {
		t.Errorf("in the next window %d are counted, want 2", got)
	}
	sum(2 * window)
	if got := sum(2*window + time.Second); got != 1 {
		t.Errorf("in the third window %d are counted, want 1", got)
	}
	for i := range 4 * keysMost {
		r.Attempts = []observe.Attempt{{Address: netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), uint16(i))}}
		c.add(r)
		if i == 3*keysMost {
			sum(2*window + time.Second)
		}
	}
	if got := len(c.fresh); got > keysMost {
		t.Errorf("%d endpoints are told apart as they come, want at most %d", got, keysMost)
	}
	sum(2*window + time.Second)
	if got := len(c.present); got > keysMost {
		t.Errorf("%d endpoints are told apart, want at most %d", got, keysMost)
	}
}
