// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer publishes keys, and counts who asks.
type issuer struct {
	*httptest.Server
	asked atomic.Int32

	mu     sync.Mutex
	answer http.HandlerFunc
}

func newIssuer(t *testing.T, answer http.HandlerFunc) *issuer {
	i := &issuer{answer: answer}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		answer := i.answer
		i.mu.Unlock()
		answer(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) now(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

// says answers with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, text) }
}

// publishes answers with keys, which have their names as ids.
func publishes(keys map[string]crypto.Signer) http.HandlerFunc {
	var members []any
	for id, key := range keys {
		members = append(members, published(id, key))
	}
	return says(written(members...))
}

// fromMachine returns sets that may be on this machine, and are fetched as fast as it gets.
func fromMachine(change func(*times)) *Sets {
	s := New()
	if change != nil {
		change(&s.times)
	}
	return s
}

// anybody is a client.
var anybody = netip.MustParseAddr("192.0.2.1")

// fresh returns a token that is taken at the time of the test.
func fresh(t *testing.T, key any, id string) []byte {
	said := claims(map[string]any{"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix()})
	return []byte(sign(t, jose.ES256, key, id, nil, said))
}

func TestKeysThatAreRotatedAreFetchedWhenATokenNamesThem(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"0": p256}))
	v := func() *Verifier {
		sets := fromMachine(func(t *times) { t.pause = 0 })
		return sets.Verifier(sets.At(server.URL, true), terms)
	}()
	for rotation := range 20 {
		id := fmt.Sprint(rotation)
		server.now(publishes(map[string]crypto.Signer{id: p256}))
		token := fresh(t, p256, id)
		var all sync.WaitGroup
		before := server.asked.Load()
		for range 10 {
			all.Go(func() {
				if _, outcome, why := v.Wait(t.Context(), anybody, token); outcome != Verified {
					t.Errorf("rotation %d: outcome %d, %q", rotation, outcome, why)
				}
			})
		}
		all.Wait()
		if asked := server.asked.Load() - before; asked > 2 {
			t.Errorf("rotation %d: the server was asked %d times for ten tokens", rotation, asked)
		}
		if _, outcome, _ := v.Verify(token, time.Now()); outcome != Verified {
			t.Errorf("rotation %d: the token has to wait again", rotation)
		}
	}
	if _, outcome, why := v.Wait(t.Context(), anybody, fresh(t, p256, "1")); outcome != Refused || why == "" {
		t.Errorf("a key that is there no more: outcome %d, %q", outcome, why)
	}
}

func TestUnknownKeysHaveASetFetchedSeldom(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"known": p256}))
	sets := fromMachine(func(t *times) { t.pause = time.Hour })
	v := sets.Verifier(sets.At(server.URL, true), terms)
	if _, outcome, why := v.Wait(t.Context(), anybody, fresh(t, p256, "known")); outcome != Verified {
		t.Fatalf("outcome %d, %q", outcome, why)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	refused := 0
	for i := range atOnce {
		if _, outcome, _ := v.Wait(ctx, anybody, fresh(t, p256, fmt.Sprint("unknown", i))); outcome == Refused {
			refused++
		}
	}
	// The first may have found the first fetch under way.
	if asked := server.asked.Load(); refused < atOnce-1 || asked > atOnce+1 {
		t.Errorf("%d tokens were refused, and the server was asked %d times", refused, asked)
	}
	asked := server.asked.Load()
	waits := make(chan Outcome)
	waiting := func(want int) {
		for {
			v.set.mu.Lock()
			all := v.set.fetch != nil && v.set.fetch.waiting.Len() == want
			v.set.mu.Unlock()
			if all {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	wait := func(client netip.Addr, key string) {
		go func() {
			_, outcome, _ := v.Wait(ctx, client, fresh(t, p256, key))
			waits <- outcome
		}()
	}
	for i := range mostWaiting {
		wait(anybody, fmt.Sprint("late", i))
	}
	waiting(mostWaiting)
	if _, outcome, _ := v.Wait(ctx, anybody, fresh(t, p256, "one more")); outcome != Unavailable {
		t.Errorf("one more of the client than may wait: outcome %d", outcome)
	}
	const others = 20
	for i := range others {
		wait(netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}), "of another client")
		if outcome := <-waits; outcome != Unavailable { // of the client with most
			t.Errorf("who gives way: outcome %d", outcome)
		}
	}
	waiting(mostWaiting)
	if _, outcome, _ := v.Wait(ctx, anybody, fresh(t, p256, "known")); outcome != Verified {
		t.Errorf("a key that is known, meanwhile: outcome %d", outcome)
	}
	cancel()
	for range mostWaiting {
		if outcome := <-waits; outcome != Unavailable {
			t.Errorf("who went away: outcome %d", outcome)
		}
	}
	if server.asked.Load() != asked {
		t.Error("the server was asked once more")
	}
}

func TestTokensThatAreRefusedAnywayHaveNothingFetched(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"known": p256}))
	sets := fromMachine(nil)
	v := sets.Verifier(sets.At(server.URL, true), terms)
	if _, outcome, _ := v.Wait(t.Context(), anybody, fresh(t, p256, "known")); outcome != Verified {
		t.Fatal(outcome)
	}
	for name, change := range map[string]map[string]any{
		"issuer": {"iss": "x"}, "audience": {"aud": "x"}, "expired": {"exp": 1}, "early": {"nbf": 1e300},
	} {
		said := claims(map[string]any{"exp": time.Now().Add(time.Hour).Unix(), "iat": nil})
		for claim, value := range change {
			said[claim] = value
		}
		if _, outcome, _ := v.Wait(t.Context(), anybody, []byte(sign(t, jose.ES256, p256, "unknown", nil, said))); outcome != Refused {
			t.Errorf("%s: outcome %d", name, outcome)
		}
	}
	if asked := server.asked.Load(); asked != 1 {
		t.Errorf("the server was asked %d times", asked)
	}
}

func TestWhatIsNoSetIsNeverAPass(t *testing.T) {
	elsewhere := newIssuer(t, publishes(map[string]crypto.Signer{"k": p256}))
	tests := map[string]struct {
		answer http.HandlerFunc
		why    string // a part of it
	}{
		"nothing":   {says(""), `the key set is not JSON with a list of "keys"`},
		"a page":    {says("<html>"), `the key set is not JSON with a list of "keys"`},
		"no keys":   {says(`{"keys": []}`), `the key set has no "keys"`},
		"500":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "the server answered 500 in place of 200"},
		"201":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) }, "the server answered 201 in place of 200"},
		"redirects": {http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP, "redirections are not followed"},
		"redirects to metadata": {http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusTemporaryRedirect).ServeHTTP,
			"redirections are not followed"},
		"100 MB": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = fmt.Fprint(w, `{"keys": [`)
			for range 100 {
				if _, err := w.Write([]byte(strings.Repeat(" ", 1<<20))); err != nil {
					return
				}
			}
		}, "the key set has more than 262144 bytes"},
		"breaks off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = fmt.Fprint(w, `{"keys": []}`)
		}, "the key set broke off"},
		"a long head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*longestHead))
		}, "exceeded"},
		"goes away": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := w.(http.Hijacker).Hijack()
			_ = conn.Close()
		}, "EOF"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			server := newIssuer(t, test.answer)
			sets := fromMachine(nil)
			set := sets.At(server.URL, true)
			v := sets.Verifier(set, terms)
			token := fresh(t, p256, "k")
			if claims, outcome, why := v.Wait(t.Context(), anybody, token); outcome != Unavailable || claims != nil || why != "" {
				t.Errorf("outcome %d, %v, %q", outcome, claims, why)
			}
			if _, outcome, _ := v.Verify(token, time.Now()); outcome != Unavailable {
				t.Errorf("right after it failed: outcome %d, want no wait", outcome)
			}
			if text := set.Describe(time.Now()); !strings.HasPrefix(text, "cannot be had: ") || !strings.Contains(text, test.why) {
				t.Errorf("described as %q", text)
			}
			if asked := server.asked.Load(); asked != 1 {
				t.Errorf("the server was asked %d times", asked)
			}
			server.now(publishes(map[string]crypto.Signer{"k": p256}))
			set.refresh()
			if _, outcome, _ := v.Wait(t.Context(), anybody, token); outcome != Verified {
				t.Errorf("once it is there: outcome %d", outcome)
			}
		})
	}
	if elsewhere.asked.Load() != 0 {
		t.Error("a redirection was followed")
	}
}

func TestAServerThatHangsIsWaitedForInBounds(t *testing.T) {
	hang := make(chan bool)
	server := newIssuer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-hang
	})
	t.Cleanup(func() { close(hang) })
	sets := fromMachine(nil)
	sets.open = newClient(true, 50*time.Millisecond)
	v := sets.Verifier(sets.At(server.URL, true), terms)
	if _, outcome, _ := v.Wait(t.Context(), anybody, fresh(t, p256, "k")); outcome != Unavailable {
		t.Errorf("outcome %d", outcome)
	}
}

func TestASetThatVanishesGoesOnForAWhile(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"k": p256}))
	sets := fromMachine(nil)
	set := sets.At(server.URL, true)
	v := sets.Verifier(set, terms)
	token := fresh(t, p256, "k")
	if _, outcome, _ := v.Wait(t.Context(), anybody, token); outcome != Verified {
		t.Fatal(outcome)
	}
	server.Close()
	set.refresh()
	if _, err := set.fetchSince(t.Context(), anybody, time.Now()); err == nil {
		t.Fatal("a server that is closed was asked")
	}
	at := set.version.Load().at
	said := claims(map[string]any{"exp": at.Add(100 * time.Hour).Unix(), "iat": nil})
	late := []byte(sign(t, jose.ES256, p256, "k", nil, said))
	if _, outcome, _ := v.Verify(late, at.Add(usual.last-1)); outcome != Verified {
		t.Errorf("within a day: outcome %d", outcome)
	}
	if claims, outcome, _ := v.Verify(late, at.Add(usual.last)); outcome == Verified || claims != nil {
		t.Errorf("after a day: outcome %d", outcome)
	}
	if v.Known(late, at.Add(usual.last)) != nil {
		t.Error("after a day, a token is known")
	}
	if _, outcome, _ := v.Wait(t.Context(), anybody, fresh(t, p256, "new")); outcome != Unavailable {
		t.Errorf("a key that cannot be fetched: outcome %d", outcome)
	}
	if text := set.Describe(at.Add(time.Minute)); !strings.HasPrefix(text, "has 1 keys, fetched 1m0s ago; it could not be fetched again: ") {
		t.Errorf("described as %q", text)
	}
}

func TestASetIsFetchedAgainByItself(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"old": p256}))
	sets := fromMachine(func(t *times) { t.refresh, t.retry = time.Millisecond, time.Millisecond })
	set := sets.At(server.URL, true)
	v := sets.Verifier(set, terms)
	until := func(id string) {
		for token := fresh(t, p256, id); ; time.Sleep(time.Millisecond) {
			if _, outcome, _ := v.Verify(token, time.Now()); outcome == Verified {
				return
			}
		}
	}
	until("old")
	server.now(says("<html>"))
	for failed := false; !failed; time.Sleep(time.Millisecond) {
		set.mu.Lock()
		failed = set.fault != nil
		set.mu.Unlock()
	}
	server.now(publishes(map[string]crypto.Signer{"new": p256}))
	until("new")
}

func TestASetIsSharedAndForgottenWithItsLastUser(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"k": p256}))
	sets := fromMachine(func(t *times) { t.refresh = time.Hour })
	set := sets.At(server.URL, true)
	if _, err := set.fetchSince(t.Context(), anybody, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if sets.At(server.URL, true) != set || sets.At(server.URL, false) == set {
		t.Error("a set is not the one of its URL and of where that may lead")
	}
	runtime.KeepAlive(set)
	set = nil
	left := func() int {
		sets.mu.Lock()
		defer sets.mu.Unlock()
		return len(sets.at)
	}
	for left() > 0 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
}

func TestAddressesWhereNoSetMayBe(t *testing.T) {
	tests := map[string]struct{ strict, open bool }{
		"93.184.216.34:443":           {true, true},
		"10.1.2.3:8080":               {true, true},
		"[2606:2800:220:1::1]:443":    {true, true},
		"127.0.0.1:80":                {false, true},
		"127.9.9.9:80":                {false, true},
		"[::1]:80":                    {false, true},
		"[::ffff:127.0.0.1]:80":       {false, true},
		"169.254.10.20:80":            {false, true},
		"[fe80::1%eth0]:80":           {false, true},
		"169.254.169.254:80":          {false, false},
		"[::ffff:169.254.169.254]:80": {false, false},
		"[64:ff9b::a9fe:a9fe]:80":     {false, false},
		"[2002:a9fe:a9fe::1]:80":      {false, false},
		"[fd00:ec2::254]:80":          {false, false},
		"168.63.129.16:80":            {false, false},
		"100.100.100.200:80":          {false, false},
		"0.0.0.0:80":                  {false, false},
		"[::]:80":                     {false, false},
		"224.0.0.1:80":                {false, false},
		"255.255.255.255:80":          {false, false},
		"not an address":              {false, false},
	}
	for address, want := range tests {
		if got := refused(address, false) == nil; got != want.strict {
			t.Errorf("%s is admitted: %t", address, got)
		}
		if got := refused(address, true) == nil; got != want.open {
			t.Errorf("%s is admitted where local ones are: %t", address, got)
		}
	}
}

func TestANameThatLeadsToThisMachineIsNotAsked(t *testing.T) {
	server := newIssuer(t, publishes(map[string]crypto.Signer{"k": p256}))
	for _, url := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		sets := fromMachine(nil)
		set := sets.At(url, false)
		if _, outcome, _ := sets.Verifier(set, terms).Wait(t.Context(), anybody, fresh(t, p256, "k")); outcome != Unavailable {
			t.Errorf("%s: outcome %d", url, outcome)
		}
		if text := set.Describe(time.Now()); !strings.Contains(text, "is an address of the controller's own machine, where no key set may be") {
			t.Errorf("%s is described as %q", url, text)
		}
	}
	if server.asked.Load() != 0 {
		t.Error("the server was asked")
	}
}

func TestWhoWaitsForASetMayGoAway(t *testing.T) {
	hang := make(chan bool)
	server := newIssuer(t, func(http.ResponseWriter, *http.Request) { <-hang })
	t.Cleanup(func() { close(hang) })
	sets := fromMachine(nil)
	set := sets.At(server.URL, true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := set.fetchSince(ctx, anybody, time.Time{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	set.mu.Lock()
	defer set.mu.Unlock()
	if n := set.fetch.waiting.Len(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

// hanging is a server that does not answer until it is told to.
type hanging struct {
	asked  atomic.Int32
	answer chan struct{}
}

func (h *hanging) RoundTrip(*http.Request) (*http.Response, error) {
	h.asked.Add(1)
	<-h.answer
	return nil, errors.New("away")
}

func TestSetsWaitForTheirTurnToBeFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &hanging{answer: make(chan struct{})}
		s := New()
		s.strict = &http.Client{Transport: server}
		var sets []*Set
		for i := range mostFetching + 3 {
			sets = append(sets, s.At(fmt.Sprintf("https://id.example.com/%d", i), false))
		}
		for _, want := range []int32{mostFetching, mostFetching + 1, mostFetching + 2, mostFetching + 3} {
			if synctest.Wait(); server.asked.Load() != want {
				t.Fatalf("%d sets were fetched, want %d: one more when another is done", server.asked.Load(), want)
			}
			server.answer <- struct{}{}
		}
		close(server.answer)
		runtime.KeepAlive(sets)
	})
}
