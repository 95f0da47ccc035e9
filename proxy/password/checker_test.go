// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// slow is a checker whose checks end when they are told to.
type slow struct {
	*Checker
	// begun gets the password of each check that begins. Each goes on when it can take from go-on.
	begun chan string
	goOn  chan bool

	mu          sync.Mutex
	now, atOnce int // how many run, and the most of it
	made        int
}

func newSlow(most int) *slow {
	s := &slow{Checker: NewChecker(), begun: make(chan string, 1000), goOn: make(chan bool)}
	s.most = most
	s.matches = func(h *hash, password []byte) bool {
		s.mu.Lock()
		s.now++
		s.made++
		s.atOnce = max(s.atOnce, s.now)
		s.mu.Unlock()
		s.begun <- string(password)
		<-s.goOn
		s.mu.Lock()
		s.now--
		s.mu.Unlock()
		return string(password) == "secret"
	}
	return s
}

func gateOf(t *testing.T, c *Checker, namespace, text string) *Gate {
	t.Helper()
	users, err := Read(text)
	if err != nil {
		t.Fatal(err)
	}
	return c.Gate(namespace, users)
}

// outcome is what came of a check.
type outcome struct {
	verdict Verdict
	err     error
}

// ask checks a password, and returns at once.
func ask(ctx context.Context, g *Gate, name, password string) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		_, v, err := g.Check(ctx, []byte(name), []byte(password), time.Now())
		got <- outcome{v, err}
	}()
	return got
}

// waitUntil waits until a condition holds that others bring about.
func (s *slow) waitUntil(holds func() bool) {
	for {
		s.Checker.mu.Lock()
		ok := holds()
		s.Checker.mu.Unlock()
		if ok {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (s *slow) waiting() (n int) {
	for _, l := range s.queue.turns {
		n += len(l.waiting)
	}
	return n
}

func TestVerdictsOfAllKindsAreKept(t *testing.T) {
	const text = "bcrypt:$2y$05$3oKk4d55UJdXZzBjW9ZHseS2ebVtoZ0Ee4jad1gdn2gm.KMdgHbIy\n" +
		"apr1:$apr1$fFn1aj9e$d2Sre3RpS/OCWwZANEE2X/\nsha:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n"
	c := NewChecker()
	made := 0
	c.matches = func(h *hash, password []byte) bool { made++; return h.matches(h, password) }
	gate := gateOf(t, c, "shop", text)
	for _, round := range []string{"first", "second"} {
		for _, name := range []string{"bcrypt", "apr1", "sha", "nobody", ""} {
			for _, password := range []string{"secret", "Secret", "", "secret\x00", string(make([]byte, longestPassword+1))} {
				user, v, err := gate.Check(t.Context(), []byte(name), []byte(password), time.Now())
				want, whose := Wrong, ""
				if password == "secret" && len(name) > 2 && name != "nobody" {
					want, whose = Right, name
				}
				if user != whose || v != want || err != nil {
					t.Errorf("%s: %q with %.10q is %q, %d (%v), want %q, %d", round, name, password, user, v, err, whose, want)
				}
				if user, v := gate.Known([]byte(name), []byte(password), time.Now()); round == "second" && (user != whose || v != want) {
					t.Errorf("%q with %.10q is known as %q, %d", name, password, user, v)
				}
			}
		}
		if round == "first" && made < 6 {
			t.Errorf("%d checks were made, want one for each password and user", made)
		}
		if round == "first" {
			made = 0
		}
	}
	if made != 0 {
		t.Errorf("%d checks were made again", made)
	}
}

func TestAVerdictIsForgottenWithItsLine(t *testing.T) {
	c := NewChecker()
	check := func(gate *Gate, password string, want Verdict) {
		t.Helper()
		if _, v, err := gate.Check(t.Context(), []byte("alice"), []byte(password), time.Now()); v != want || err != nil {
			t.Fatalf("the verdict is %d (%v), want %d", v, err, want)
		}
	}
	check(gateOf(t, c, "shop", aliceLine), "secret", Right)
	tests := map[string]struct {
		namespace, text string
		want            Verdict
	}{
		"same line among others": {"shop", bobLine + "\n" + aliceLine, Right},
		"another hash":           {"shop", "alice:$2y$05$FIxhFwnO5aG3n649F7yke.xSgQRw0HSvnc9/ly4TVB8ImGqJKG9RS", Unknown},
		"another namespace":      {"other", aliceLine, Unknown},
		"another name":           {"shop", carolLine, Unknown},
	}
	for name, test := range tests {
		gate := gateOf(t, c, test.namespace, test.text)
		if _, v := gate.Known([]byte("alice"), []byte("secret"), time.Now()); v != test.want {
			t.Errorf("%s: the verdict is %d, want %d", name, v, test.want)
		}
	}
}

func TestAVerdictAboutNobodyIsForgottenWhenThereIsSuchAUser(t *testing.T) {
	c := NewChecker()
	for _, test := range []struct {
		text string
		want Verdict
	}{{carolLine, Wrong}, {aliceLine, Right}, {carolLine, Wrong}} {
		_, v, err := gateOf(t, c, "shop", test.text).Check(t.Context(), []byte("alice"), []byte("secret"), time.Now())
		if v != test.want || err != nil {
			t.Errorf("with %.5s alone: the verdict is %d (%v), want %d", test.text, v, err, test.want)
		}
	}
}

func TestTheSameCheckIsMadeOnce(t *testing.T) {
	s := newSlow(4)
	gate := gateOf(t, s.Checker, "shop", aliceLine)
	var all []<-chan outcome
	for range 20 {
		all = append(all, ask(t.Context(), gate, "alice", "secret"))
	}
	s.waitUntil(func() bool {
		for _, c := range s.checks {
			return c.wanted == len(all)
		}
		return false
	})
	s.goOn <- true
	for _, got := range all {
		if o := <-got; o != (outcome{Right, nil}) {
			t.Errorf("got %v", o)
		}
	}
	if s.made != 1 {
		t.Errorf("%d checks were made for one password", s.made)
	}
}

func TestFewChecksRunAtOnceAndFewWait(t *testing.T) {
	const most = 3
	s := newSlow(most)
	flooded, other := gateOf(t, s.Checker, "flooded", aliceLine), gateOf(t, s.Checker, "other", aliceLine)
	var all []<-chan outcome
	for i := range most + mostWaiting {
		all = append(all, ask(t.Context(), flooded, "alice", fmt.Sprint("guess", i)))
		s.waitUntil(func() bool { return s.running+s.waiting() == i+1 })
	}
	if o := <-ask(t.Context(), flooded, "alice", "secret"); o != (outcome{Unknown, ErrBusy}) {
		t.Errorf("one check more in the namespace: got %v, want that it is busy", o)
	}
	another := ask(t.Context(), other, "alice", "secret")
	s.waitUntil(func() bool { return s.waiting() == mostWaiting+1 })
	for range most {
		<-s.begun
	}
	s.goOn <- true
	<-s.begun // one of the flood: it has the first turn
	s.goOn <- true
	if begun := <-s.begun; begun != "secret" {
		t.Errorf("%s has the second turn, want the other namespace's", begun)
	}
	close(s.goOn)
	if o := <-another; o != (outcome{Right, nil}) {
		t.Errorf("the other namespace: got %v", o)
	}
	for _, got := range all {
		if o := <-got; o != (outcome{Wrong, nil}) {
			t.Errorf("got %v", o)
		}
	}
	if s.atOnce != most {
		t.Errorf("%d checks ran at once, want %d", s.atOnce, most)
	}
	s.waitUntil(func() bool { return s.running == 0 })
	if len(s.checks) != 0 || len(s.queue.lines) != 0 || len(s.queue.turns) != 0 {
		t.Errorf("%d checks, %d lines and %d turns are left", len(s.checks), len(s.queue.lines), len(s.queue.turns))
	}
}

func TestACheckThatNobodyWaitsForIsNotMade(t *testing.T) {
	s := newSlow(1)
	gate := gateOf(t, s.Checker, "shop", aliceLine)
	runs := ask(t.Context(), gate, "alice", "guess")
	<-s.begun
	ctx, cancel := context.WithCancel(t.Context())
	leaves, stays := ask(ctx, gate, "alice", "one"), ask(t.Context(), gate, "alice", "two")
	both := ask(ctx, gate, "alice", "two")
	s.waitUntil(func() bool {
		return s.waiting() == 2 && !slices.ContainsFunc(s.queue.turns[0].waiting, func(c *check) bool {
			return string(c.password) == "two" && c.wanted != 2
		})
	})
	cancel()
	for _, got := range []<-chan outcome{leaves, both} {
		if o := <-got; o.verdict != Unknown || !errors.Is(o.err, context.Canceled) {
			t.Errorf("got %v", o)
		}
	}
	close(s.goOn)
	<-runs
	if o := <-stays; o != (outcome{Wrong, nil}) {
		t.Errorf("who stays got %v", o)
	}
	if s.made != 2 {
		t.Errorf("%d checks were made, want two", s.made)
	}
}

func TestWrongPasswordsPushOutNoRightOne(t *testing.T) {
	c := NewChecker()
	c.matches = func(h *hash, password []byte) bool { return string(password) == "secret" }
	gate := gateOf(t, c, "shop", aliceLine)
	check := func(password string) {
		if _, _, err := gate.Check(t.Context(), []byte("alice"), []byte(password), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	check("secret")
	for i := range 2 * rightKept {
		check(fmt.Sprint("guess", i))
	}
	if _, v := gate.Known([]byte("alice"), []byte("secret"), time.Now()); v != Right {
		t.Error("the right password is to be checked again")
	}
}

func TestANamespacePushesOutNoVerdictOfAnother(t *testing.T) {
	c := NewChecker()
	c.matches = func(*hash, []byte) bool { return true }
	check := func(g *Gate, password string) {
		if _, _, err := g.Check(t.Context(), []byte("alice"), []byte(password), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	shop, other := gateOf(t, c, "shop", aliceLine), gateOf(t, c, "other", aliceLine)
	const ours = 64
	for i := range ours {
		check(shop, fmt.Sprint(i))
	}
	for i := range 2 * rightKept {
		check(other, fmt.Sprint(i))
	}
	for i := range ours {
		if _, v := shop.Known([]byte("alice"), []byte(fmt.Sprint(i)), time.Now()); v != Right {
			t.Fatalf("password %d is to be checked again, because another namespace has so many", i)
		}
	}
}

func TestATextIsReadOnceForAllWhoHaveIt(t *testing.T) {
	c := NewChecker()
	const text = aliceLine + "\nhunter2"
	func() {
		users, err := c.Users(text)
		if users == nil || err == nil {
			t.Fatalf("read %v, with error %v", users, err)
		}
		if again, fault := c.Users(text); again != users || fault == nil || fault.Error() != err.Error() {
			t.Errorf("read again: %t, with error %v", again != users, fault)
		}
		if other, err := c.Users(bobLine); other == users || err != nil {
			t.Errorf("another text has the same users (%v)", err)
		}
		if none, err := c.Users("hunter2"); none != nil || err == nil {
			t.Errorf("a text without users has %v", none)
		}
		runtime.KeepAlive(users)
	}()
	left := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return len(c.users)
	}
	for ; left() > 0; time.Sleep(time.Millisecond) {
		runtime.GC()
	}
}
