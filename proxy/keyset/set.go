// SPDX-License-Identifier: Apache-2.0

package keyset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"github.com/go-logr/logr"

	"github.com/warren-dev/ingress/proxy/kept"
	"github.com/warren-dev/ingress/proxy/turns"
)

// times are those of a set at a URL. Tests have shorter ones.
type times struct {
	// refresh is how long after a fetch the next one begins. retry is the same after one that failed.
	refresh, retry time.Duration
	// pause is how far apart fetches are that tokens with unknown keys ask for, in the long run. After a rest, there are
	// [atOnce] without a pause.
	pause time.Duration
	// fetch bounds a fetch.
	fetch time.Duration
	// last is how long the last version is good for when no other can be had.
	last time.Duration
}

var usual = times{
	refresh: 5 * time.Minute, retry: 30 * time.Second, pause: 10 * time.Second, fetch: 5 * time.Second,
	last: 24 * time.Hour,
}

const (
	atOnce = 6
	// mostFetching is how many sets are fetched at once. A server that hangs takes the place of others for 5 s in 30.
	mostFetching = 8
	// mostWaiting is how many requests wait for a set.
	mostWaiting = 256
	// verifiedKept is how many tokens are kept. One costs some 300 bytes, and its claims.
	verifiedKept = 16 << 10
)

// Sets are the sets of keys of all routes, and the tokens that were verified lately.
type Sets struct {
	// Logger is told when a set cannot be fetched. It is set before anybody asks for a set. The zero value tells nobody.
	Logger logr.Logger
	times  times
	// open fetches from anywhere, and strict from where the controller is not.
	open, strict *http.Client
	verified     *kept.Table[*Claims]
	// turns has room for each fetch that is under way. The others wait.
	turns chan struct{}

	mu sync.Mutex // guards what follows
	// at are those with a URL that somebody uses.
	at map[place]weak.Pointer[Set]
}

// place is what there is one set for.
type place struct {
	url   string
	local bool
}

// New returns sets of which none is known yet.
func New() *Sets {
	return &Sets{
		times: usual, open: newClient(true, usual.fetch), strict: newClient(false, usual.fetch),
		verified: kept.New[*Claims](verifiedKept), turns: make(chan struct{}, mostFetching), at: make(map[place]weak.Pointer[Set]),
	}
}

// Set is a set of keys. One with a URL is fetched in the background for as long as anybody has it.
type Set struct {
	// url is empty for a set that is a text.
	url    string
	times  *times
	client *http.Client
	// turns are those of all sets.
	turns  chan struct{}
	logger logr.Logger
	// version is what the set has. Nil if it was never had.
	version atomic.Pointer[version]

	mu sync.Mutex // guards what follows
	// fetch is the one that is under way, or is to begin. Nil if there is none.
	fetch *fetch
	// failed is when the last fetch failed, and fault is why. Both are zero if it did not.
	failed time.Time
	fault  error
	// asked is the time up to which tokens with unknown keys have used what they may have fetched.
	asked time.Time
	// next begins the next fetch.
	next *time.Timer
}

// version is what a set was at a time.
type version struct {
	keys *keys
	at   time.Time
}

// Read returns the set of a text.
func Read(text string) (*Set, error) {
	read, err := readKeys([]byte(text))
	if err != nil {
		return nil, err
	}
	s := new(Set)
	s.version.Store(&version{keys: read})
	return s, nil
}

// At returns the set at a URL. If local is set, it may be at an address of the machine that the controller runs on.
// It is the same set for all who have it at that time.
func (s *Sets) At(url string, local bool) *Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{url, local}
	if there := s.at[at].Value(); there != nil {
		return there
	}
	set := &Set{url: url, times: &s.times, client: s.strict, turns: s.turns, logger: s.Logger.WithValues("url", url)}
	if local {
		set.client = s.open
	}
	s.at[at] = weak.Make(set)
	runtime.AddCleanup(set, s.forget, at)
	set.refresh()
	return set
}

// forget forgets a set that nobody has any more.
func (s *Sets) forget(at place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at[at].Value() == nil {
		delete(s.at, at)
	}
}

// keys returns what tokens are verified by, or nil if that cannot be had.
func (s *Set) keys(now time.Time) *keys {
	v := s.version.Load()
	if v == nil || s.url != "" && now.Sub(v.at) >= s.times.last {
		return nil
	}
	return v.keys
}

// without returns what becomes of a token while there are no keys.
func (s *Set) without(now time.Time) Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gaveUp(now) != nil {
		return Unavailable
	}
	return Waiting
}

// gaveUp returns why nobody is to wait for another fetch, if the last one has just failed.
func (s *Set) gaveUp(now time.Time) error {
	if s.fetch == nil && s.fault != nil && now.Sub(s.failed) < s.times.pause {
		return s.fault
	}
	return nil
}

// Describe says what there is of the set, for somebody who asks.
func (s *Set) Describe(now time.Time) string {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	v := s.version.Load()
	switch {
	case v == nil && fault == nil:
		return "is being fetched"
	case v == nil:
		return fmt.Sprintf("cannot be had: %v", fault)
	case s.url == "":
		return fmt.Sprintf("has %d keys", len(v.keys.all))
	}
	text := fmt.Sprintf("has %d keys, fetched %v ago", len(v.keys.all), now.Sub(v.at).Truncate(time.Second))
	if fault != nil {
		text += fmt.Sprintf("; it could not be fetched again: %v", fault)
	}
	return text
}

// fetch is a fetch that others wait for.
type fetch struct {
	// began is when it began. It is set before it is done.
	began time.Time
	// waiting are the requests that wait for it.
	waiting turns.Line[*waiter]
	// done is closed at its end, and err says what went wrong.
	done chan struct{}
	err  error
}

// waiter is a request that waits for a fetch. out is closed if it gives way to another one.
type waiter struct{ out chan struct{} }

// errBusy is returned if too many wait for a set already, or if another client's request takes the place of one.
var errBusy = errors.New("too many requests wait for the key set")

// refresh fetches the set, unless that is under way.
func (s *Set) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetch == nil {
		s.begin(0)
	}
}

// fetchSince waits for a fetch: the one that is under way, or a new one, which may have to wait until the set may be
// fetched for such a request again. If too many wait already, one of the client with most of them does no more. It
// returns whether that fetch began at that time or later. The error is the fetch's or the context's, or errBusy.
func (s *Set) fetchSince(ctx context.Context, client netip.Addr, since time.Time) (fetched bool, err error) {
	s.mu.Lock()
	if s.fetch == nil {
		now := time.Now()
		if err := s.gaveUp(now); err != nil {
			s.mu.Unlock()
			return false, err
		}
		s.begin(s.delay(now))
	}
	f := s.fetch
	client = turns.Client(client)
	w := &waiter{make(chan struct{})}
	joined, other, gave := f.waiting.Join(client, w)
	if gave {
		close(other.out)
	}
	s.mu.Unlock()
	if !joined {
		return false, errBusy
	}
	select {
	case <-f.done:
		return !f.began.Before(since), f.err
	case <-w.out:
		return false, errBusy
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		f.waiting.Leave(client, w)
		return false, ctx.Err()
	}
}

// delay returns how long a fetch for a token with an unknown key has to wait, and counts it.
func (s *Set) delay(now time.Time) time.Duration {
	if s.asked.Before(now) {
		s.asked = now
	}
	wait := max(0, s.asked.Sub(now)-(atOnce-1)*s.times.pause)
	s.asked = s.asked.Add(s.times.pause)
	return wait
}

// begin begins a fetch after a while. The caller has the lock.
func (s *Set) begin(after time.Duration) {
	f := &fetch{waiting: turns.Line[*waiter]{Room: mostWaiting}, done: make(chan struct{})}
	s.fetch = f
	time.AfterFunc(after, func() {
		s.turns <- struct{}{}
		defer func() { <-s.turns }()
		f.began = time.Now()
		keys, err := get(s.client, s.url)
		s.finish(f, keys, err)
	})
}

// finish notes what came of a fetch, tells those who wait, and has the next one begin in time.
func (s *Set) finish(f *fetch, read *keys, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	after := s.times.refresh
	switch {
	case err != nil:
		after = s.times.retry
		if s.fault == nil {
			s.logger.Error(err, "a key set cannot be fetched; what it was before goes on for a day")
		}
		s.failed, s.fault = time.Now(), err
	default:
		if s.fault != nil {
			s.logger.Info("a key set can be fetched again")
		}
		s.failed, s.fault = time.Time{}, nil
		s.version.Store(&version{read, f.began})
	}
	f.err = err
	s.fetch = nil
	close(f.done)
	if s.next != nil {
		s.next.Stop()
	}
	there := weak.Make(s) // the timer keeps no set that nobody has
	s.next = time.AfterFunc(after, func() {
		if s := there.Value(); s != nil {
			s.refresh()
		}
	})
}
