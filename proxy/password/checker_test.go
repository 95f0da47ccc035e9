// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
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

// nobody is a client of no address.
var nobody netip.Addr

// ask checks a password, and returns at once.
func ask(ctx context.Context, g *Gate, name, password string) <-chan outcome {
	return askFrom(ctx, g, nobody, name, password)
}

// askFrom does that for a client.
func askFrom(ctx context.Context, g *Gate, client netip.Addr, name, password string) <-chan outcome {
	got := make(chan outcome, 1)
	go func() {
		_, v, err := g.Check(ctx, client, []byte(name), []byte(password), time.Now())
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
		n += l.Len()
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
				user, v, err := gate.Check(t.Context(), nobody, []byte(name), []byte(password), time.Now())
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
		if _, v, err := gate.Check(t.Context(), nobody, []byte("alice"), []byte(password), time.Now()); v != want || err != nil {
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
		_, v, err := gateOf(t, c, "shop", test.text).Check(t.Context(), nobody, []byte("alice"), []byte("secret"), time.Now())
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

// A client that floods a namespace with guesses keeps no other client of it out: that one's check is the next but one,
// although as many wait as may.
func TestAClientThatGuessesKeepsNoOtherOneOut(t *testing.T) {
	s := newSlow(1)
	gate := gateOf(t, s.Checker, "shop", aliceLine)
	flood := func(i int) netip.Addr { // two addresses of one network
		return netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 2: 0xd, 3: 0xb8, 15: byte(i % 2)})
	}
	var all []<-chan outcome
	for i := range 1 + mostWaiting {
		all = append(all, askFrom(t.Context(), gate, flood(i), "alice", fmt.Sprint("guess", i)))
		s.waitUntil(func() bool { return s.running+s.waiting() == i+1 })
	}
	if o := <-askFrom(t.Context(), gate, flood(0), "alice", "secret"); o != (outcome{Unknown, ErrBusy}) {
		t.Errorf("one check more of the client: got %v, want that it is busy", o)
	}
	honest := askFrom(t.Context(), gate, netip.MustParseAddr("192.0.2.1"), "alice", "secret")
	if o := <-all[mostWaiting]; o != (outcome{Unknown, ErrBusy}) {
		t.Errorf("the last of the flood: got %v, want that it gives way", o)
	}
	<-s.begun
	s.goOn <- true
	<-s.begun // the flood's, which came before
	s.goOn <- true
	if begun := <-s.begun; begun != "secret" {
		t.Errorf("%s has the next turn, want the other client's", begun)
	}
	close(s.goOn)
	if o := <-honest; o != (outcome{Right, nil}) {
		t.Errorf("the other client: got %v", o)
	}
	for _, got := range all[:mostWaiting] {
		if o := <-got; o != (outcome{Wrong, nil}) {
			t.Errorf("got %v", o)
		}
	}
}

// Whatever comes at once, no credential is checked by two at once, and never more of them than may be.
func TestACredentialIsNeverCheckedTwiceAtOnce(t *testing.T) {
	const most, clients, each = 3, 24, 200
	c := NewChecker()
	c.most = most
	var mu sync.Mutex
	now, made := make(map[string]int), 0
	c.matches = func(_ *hash, password []byte) bool {
		mu.Lock()
		made++
		now[string(password)]++
		if now[string(password)] > 1 || len(now) > most {
			t.Errorf("%v are checked at once", now)
		}
		mu.Unlock()
		runtime.Gosched()
		mu.Lock()
		delete(now, string(password))
		mu.Unlock()
		return password[0] == '0'
	}
	gates := []*Gate{gateOf(t, c, "shop", aliceLine), gateOf(t, c, "till", aliceLine)}
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(client)))
			for range each {
				of := r.IntN(len(gates))
				password := fmt.Sprint(r.IntN(2), " of ", of, " ", r.IntN(each))
				address := netip.AddrFrom4([4]byte{192, 0, 2, byte(client % 5)})
				_, v, err := gates[of].Check(t.Context(), address, []byte("alice"), []byte(password), time.Now())
				if want := verdictOf(password[0] == '0', true); err == nil && v != want || err != nil && (err != ErrBusy || v != Unknown) {
					t.Errorf("%s: got %d (%v), want %d", password, v, err, want)
				}
			}
		})
	}
	all.Wait()
	if made == 0 {
		t.Error("nothing was checked")
	}
	if running, waiting := c.Load(); running+waiting != 0 {
		t.Errorf("%d checks run and %d wait", running, waiting)
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
		two := 0
		for _, c := range s.checks {
			if string(c.password) == "two" {
				two = c.wanted
			}
		}
		return s.waiting() == 2 && two == 2
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
		if _, _, err := gate.Check(t.Context(), nobody, []byte("alice"), []byte(password), time.Now()); err != nil {
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
		if _, _, err := g.Check(t.Context(), nobody, []byte("alice"), []byte(password), time.Now()); err != nil {
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
