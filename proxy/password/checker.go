// SPDX-License-Identifier: Apache-2.0

package password

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"time"
	"weak"

	"github.com/warren-dev/ingress/proxy/kept"
	"github.com/warren-dev/ingress/proxy/turns"
)

// Verdict is what is known of a name and a password.
type Verdict uint8

const (
	// Unknown means that nobody has checked them yet, or that it was forgotten.
	Unknown Verdict = iota
	// Right means that there is such a user, and that it is the user's password.
	Right
	// Wrong means that it is not.
	Wrong
)

// ErrBusy is returned for a check that cannot wait for its turn, because as many of its namespace wait as may, and for
// one that has to give way to another client's.
var ErrBusy = errors.New("as many passwords wait to be checked as may")

const (
	// rightKept and wrongKept are how many verdicts are kept. Wrong ones never take the place of right ones: whoever
	// guesses has nobody else checked anew. Nor do those of a namespace that has its share take the place of another
	// one's. An entry has some 100 bytes.
	rightKept = 32 << 10
	wrongKept = 4 << 10
	// keptFor is how long a verdict is kept. It stays true for as long as the line in the text is the same.
	keptFor = 24 * time.Hour
)

// Checker checks passwords for all routes.
type Checker struct {
	right, wrong *kept.Table[struct{}]
	// most is how many checks run at once.
	most int
	// matches is what a check does. Tests count it.
	matches func(*hash, []byte) bool

	mu      sync.Mutex // guards what follows
	queue   queue
	running int
	// checks are those that wait or run, by what they find out.
	checks map[kept.Key]*check
	// users are those of texts that somebody has, by the text.
	users map[kept.Digest]weak.Pointer[Users]
}

// check is one that others wait for.
type check struct {
	namespace string
	// client is who asked for it first.
	client   netip.Addr
	owner    kept.Owner
	key      kept.Key
	hash     *hash
	exists   bool
	password []byte
	// wanted is how many wait for it.
	wanted int
	// done is closed when there is a verdict, or an error.
	done    chan struct{}
	verdict Verdict
	err     error
}

// NewChecker returns a checker that knows nothing yet. It takes at most half of the processors.
func NewChecker() *Checker {
	return &Checker{
		right: kept.New[struct{}](rightKept), wrong: kept.New[struct{}](wrongKept),
		most:    max(1, runtime.GOMAXPROCS(0)/2),
		matches: func(h *hash, password []byte) bool { return h.matches(h, password) },
		checks:  make(map[kept.Key]*check), users: make(map[kept.Digest]weak.Pointer[Users]),
	}
}

// Load returns how many checks run now, and how many wait for their turn.
func (c *Checker) Load() (running, waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running, len(c.checks) - c.running
}

// Most returns how many checks run at once at most.
func (c *Checker) Most() int { return c.most }

// Users reads htpasswd text, as [Read] does, or returns what another route has read of the same.
func (c *Checker) Users(text string) (*Users, error) {
	digest := kept.DigestOf([]byte(text))
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.users[digest].Value(); there != nil {
		return there, there.fault
	}
	users, err := Read(text)
	if users != nil {
		c.users[digest] = weak.Make(users)
		runtime.AddCleanup(users, c.forget, digest)
	}
	return users, err
}

// forget forgets users that nobody has any more.
func (c *Checker) forget(digest kept.Digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users[digest].Value() == nil {
		delete(c.users, digest)
	}
}

// Gate lets users of one list pass.
type Gate struct {
	checker   *Checker
	users     *Users
	namespace string
	digest    kept.Digest
}

// Gate returns a gate for users. What it finds out is kept beyond it, for another gate of the namespace that has the
// same lines.
func (c *Checker) Gate(namespace string, users *Users) *Gate {
	return &Gate{c, users, namespace, kept.DigestOf([]byte(namespace))}
}

// Users returns how many users may pass.
func (g *Gate) Users() int { return g.users.Len() }

// Known returns what is known of a name and a password, and the user if they are Right. It does not wait, and
// allocates nothing.
func (g *Gate) Known(name, password []byte, now time.Time) (user string, v Verdict) {
	if impossible(name, password) {
		return "", Wrong
	}
	h, exists := g.users.hashFor(name)
	if h.sha {
		v = verdictOf(h.matchesSHA(password), exists)
	} else {
		key := g.key(h, exists, name, password)
		v = g.checker.known(&key, now)
	}
	if v == Right {
		user = h.user
	}
	return user, v
}

// Check checks a name and a password for a client, after what is before it in the queue. It returns the user if they
// are Right, and [ErrBusy], or the error of the context if that ends first. Then the verdict is Unknown.
func (g *Gate) Check(
	ctx context.Context, client netip.Addr, name, password []byte, now time.Time,
) (user string, v Verdict, err error) {
	if user, v := g.Known(name, password, now); v != Unknown {
		return user, v, nil
	}
	h, exists := g.users.hashFor(name)
	check, err := g.checker.enter(g, turns.Client(client), g.key(h, exists, name, password), h, exists, password, now)
	if err != nil {
		return "", Unknown, err
	}
	select {
	case <-check.done:
		if check.verdict == Right {
			user = h.user
		}
		return user, check.verdict, check.err
	case <-ctx.Done():
		g.checker.leave(check)
		return "", Unknown, ctx.Err()
	}
}

// impossible returns whether no user can have that name and password, whatever the text says. C, which hashed most
// passwords, reads them up to a null byte.
func impossible(name, password []byte) bool {
	return len(name) > longestName || len(password) > longestPassword || bytes.IndexByte(password, 0) >= 0
}

// key is that of a verdict. It has the hash's text in it: what was found out by another line is not found.
func (g *Gate) key(h *hash, exists bool, name, password []byte) kept.Key {
	line := &h.digest
	if !exists {
		line = &h.decoy
	}
	return g.checker.right.Key(g.digest, *line, kept.DigestOf(name), kept.DigestOf(password))
}

func verdictOf(matches, exists bool) Verdict {
	if matches && exists {
		return Right
	}
	return Wrong
}

func (c *Checker) known(key *kept.Key, now time.Time) Verdict {
	if _, ok := c.right.Get(key, now); ok {
		return Right
	}
	if _, ok := c.wrong.Get(key, now); ok {
		return Wrong
	}
	return Unknown
}

// enter returns the check of that key for a gate: the one that others wait for, or one in the queue.
func (c *Checker) enter(
	g *Gate, client netip.Addr, key kept.Key, h *hash, exists bool, password []byte, now time.Time,
) (*check, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if there := c.checks[key]; there != nil {
		there.wanted++
		return there, nil
	}
	if v := c.known(&key, now); v != Unknown { // since it was asked
		done := make(chan struct{})
		close(done)
		return &check{done: done, verdict: v}, nil
	}
	entered := &check{
		namespace: g.namespace, client: client, owner: kept.OwnerOf(&g.digest), key: key, hash: h, exists: exists,
		password: bytes.Clone(password), wanted: 1, done: make(chan struct{}),
	}
	joined, out := c.queue.join(entered)
	if !joined {
		return nil, ErrBusy
	}
	if out != nil {
		delete(c.checks, out.key)
		clear(out.password)
		out.err = ErrBusy
		close(out.done)
	}
	c.checks[key] = entered
	if c.running < c.most {
		c.running++
		go c.run(c.queue.next())
	}
	return entered, nil
}

// leave is called by whoever waits for a check no longer. A check that nobody waits for, and that has not begun, is
// forgotten.
func (c *Checker) leave(check *check) {
	c.mu.Lock()
	defer c.mu.Unlock()
	check.wanted--
	if check.wanted == 0 && c.queue.leave(check) {
		delete(c.checks, check.key)
	}
}

// run makes one check after the other until none waits.
func (c *Checker) run(next *check) {
	for next != nil {
		next.verdict = verdictOf(c.matches(next.hash, next.password), next.exists)
		clear(next.password)
		table := c.wrong
		if next.verdict == Right {
			table = c.right
		}
		now := time.Now()
		table.PutOf(next.owner, &next.key, struct{}{}, now, now.Add(keptFor))
		next = c.finish(next)
	}
}

// finish tells those who wait of a verdict, and returns the check whose turn it is.
func (c *Checker) finish(done *check) *check {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.checks, done.key)
	close(done.done)
	next := c.queue.next()
	if next == nil {
		c.running--
	}
	return next
}
