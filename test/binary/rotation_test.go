// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/issuer"
)

const (
	// rotations is how often each Secret is replaced, and the issuer's key.
	rotations = 100
	// rotationClients send a request each rotationPace, 200 a second in all. Between two rotations there are
	// rotationRequests at least.
	rotationClients  = 8
	rotationPace     = 40 * time.Millisecond
	rotationRequests = 40
	// ahead is how many keys the issuer publishes before it signs by them. One that is not published ahead is fetched
	// when the first token has it, but not more often than each ten seconds in the long run.
	ahead = 20
)

// rotation is a scene whose credentials are replaced under load, and what each of them is worth at each time.
type rotation struct {
	*scene
	showing
	controller *controller
	plain      *lines
	passwords  string // the host of each
	tokens     string
	fetched    string
	clients    string

	users, keys, authorities *corev1.Secret
	// These are in force all the while.
	alice           string // her line
	steadyKey       *issuer.Key
	steadyAuthority *authority
	issuer          *issuer.Issuer
	published       []*issuer.Key

	// always are shown at all times. lately are those of the last rotations, the newest last.
	always []*credential
	lately [][]*credential
}

func TestAHundredRotationsUnderLoadGetNoWrongAnswer(t *testing.T) {
	t.Parallel()
	r := newRotation(t)
	tr := r.begin(t, rotationClients, rotationPace)
	began := time.Now()
	var took []time.Duration
	for n := 1; n <= rotations; n++ {
		took = append(took, r.rotate(n))
		tr.sends(n * rotationRequests)
	}
	t.Logf("the rotations took %s", time.Since(began).Round(time.Millisecond))
	tr.finish()
	slices.Sort(took)
	t.Logf("%d times three Secrets and a key were in effect after %s in the median and %s at most", rotations,
		took[len(took)/2].Round(time.Millisecond), took[len(took)-1].Round(time.Millisecond))

	// Nobody asked for keys that are published no more: the program waits longer each time to look for them.
	gone := r.plain.withToken("", r.fetched, r.issuer.TokenBy(r.published[0], nil))
	if got, err := gone.ask(); err != nil || got.String() != authRequired {
		t.Errorf("a token by a key that is published no more is answered with %v (%v), want %s", got, err, authRequired)
	}
}

// newRotation makes what stays the same, and the first of what does not.
func newRotation(t *testing.T) *rotation {
	t.Helper()
	s := newScene(t)
	r := &rotation{
		scene: s, passwords: s.host("passwords"), tokens: s.host("tokens"), fetched: s.host("fetched"), clients: s.host("clients"),
		steadyKey: issuer.NewKey(), steadyAuthority: newAuthority(t, "steady"), issuer: issuer.New("https://issuer.example.com"),
	}
	for range rotations + ahead + 1 {
		r.published = append(r.published, issuer.NewKey())
	}
	r.publish(0)
	server := httptest.NewServer(r.issuer)
	t.Cleanup(server.Close)
	named := func(name string) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name}}
	}
	r.users, r.keys, r.authorities = named("users"), named("keys"), named("clients-ca")
	// A connection that was made before anybody was asked for a certificate gets 421 from then on.
	r.authorities.Data = map[string][]byte{"ca.crt": bundle(r.steadyAuthority)}
	r.create(task("web", startBackend(t, "web-1")), r.users, r.keys, r.authorities,
		fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), r.clients).Secret(r.namespace, "served"))
	r.apply(
		guarded("passwords", r.passwords, "auth: {basic: {secretName: users}}"),
		guarded("tokens", r.tokens, "auth: {jwt: {issuer: "+r.issuer.Name+", secretName: keys}}"),
		guarded("fetched", r.fetched, "auth: {jwt: {issuer: "+r.issuer.Name+", jwksURL: "+server.URL+issuer.KeysPath+"}}"),
		shownTo("clients", r.clients, "clients-ca"),
	)
	r.controller = s.start("--acme=false").ready()
	r.plain = plainLines(r.controller.http)
	t.Cleanup(r.plain.close)

	stranger, forger := newAuthority(t, "steady"), issuer.NewKey()
	forger.ID = r.steadyKey.ID
	r.always = []*credential{
		r.plain.withPassword(r.passwords, "alice", "steady"),
		r.plain.withToken("a token by the steady key", r.tokens, r.issuer.TokenBy(r.steadyKey, nil)),
		withCertificate(r.controller.https, r.clients, r.steadyAuthority.client(t, "steady"), "a certificate of the steady authority"),
		r.plain.withPassword(r.passwords, "alice", "wrong"),
		r.plain.withPassword(r.passwords, "nobody", "steady"),
		r.plain.withNothing("no password", r.passwords),
		r.plain.withToken("a forged token", r.tokens, r.issuer.TokenBy(forger, nil)),
		r.plain.withNothing("no token", r.fetched),
		withCertificate(r.controller.https, r.clients, stranger.client(t, "steady"), "a certificate of a stranger"),
		withCertificate(r.controller.https, r.clients, nil, "no certificate"),
	}
	for i, c := range r.always {
		switch {
		case i < 3:
			r.expect(c, from("web-1"))
		case i < 8:
			r.expect(c, authRequired)
		default:
			r.expect(c, certificateRequired)
		}
	}
	r.alice = "alice:" + hashed(t, "steady", 0) + "\n"
	r.rotate(0)
	return r
}

// publish has the issuer sign by its key of a number.
func (r *rotation) publish(n int) {
	window := append(slices.Clone(r.published[n+1:n+1+ahead]), r.published[n])
	if n > 0 {
		window = append([]*issuer.Key{r.published[n-1]}, window...)
	}
	r.issuer.Publish(window...)
}

// rotate replaces all that is replaced, and returns how long that took to be in effect.
func (r *rotation) rotate(n int) time.Duration {
	r.t.Helper()
	key, ca := issuer.NewKey(), newAuthority(r.t, "rotating")
	password := fmt.Sprintf("of-rotation-%d", n)
	fresh := []*credential{
		r.plain.withPassword(r.passwords, "bob", password),
		r.plain.withToken(fmt.Sprintf("a token by key %d", n), r.tokens, r.issuer.TokenBy(key, nil)),
		withCertificate(r.controller.https, r.clients, ca.client(r.t, "rotating"), fmt.Sprintf("a certificate of authority %d", n)),
		r.plain.withToken(fmt.Sprintf("a token by published key %d", n), r.fetched, r.issuer.TokenBy(r.published[n], nil)),
	}
	// What is new may pass from now on, and what is replaced need not.
	for _, c := range fresh {
		r.expect(c, from("web-1"))
	}
	if n > 0 {
		for i, c := range r.lately[len(r.lately)-1] {
			switch i {
			case 0, 1:
				r.expect(c, authRequired)
			case 2:
				r.expect(c, certificateRequired)
			}
		}
	}
	r.changing()
	r.publish(n)
	r.change(r.users, func() {
		r.users.Data = map[string][]byte{"auth": []byte(r.alice + "bob:" + hashed(r.t, password, n) + "\n")}
	})
	r.change(r.keys, func() { r.keys.Data = map[string][]byte{"jwks.json": issuer.Set(r.steadyKey, key)} })
	r.change(r.authorities, func() { r.authorities.Data = map[string][]byte{"ca.crt": bundle(ca, r.steadyAuthority)} })
	took := eventually(r.t, patience, fmt.Sprintf("rotation %d to be in effect", n), func() error {
		for _, c := range fresh {
			if got, err := c.ask(); err != nil || got.String() != from("web-1") {
				return fmt.Errorf("%s is answered with %v (%w)", c.name, got, err)
			}
		}
		return nil
	})
	r.changed()

	r.lately = append(r.lately, fresh)
	if n := len(r.lately); n > 3 {
		r.lately = r.lately[n-3:]
	}
	asked := slices.Clone(r.always)
	for i, of := range r.lately {
		if last := i == len(r.lately)-1; !last {
			of = of[:3]
		}
		asked = append(asked, of...)
	}
	r.show(asked)
	return took
}

// hashed is a line of htpasswd's, by bcrypt and SHA-1 in turn.
func hashed(t *testing.T, password string, n int) string {
	t.Helper()
	if n%2 == 1 {
		sum := sha1.Sum([]byte(password))
		return "{SHA}" + base64.StdEncoding.EncodeToString(sum[:])
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}
