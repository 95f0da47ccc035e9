// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/issuer"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// keyServer is the server of an issuer's keys, which can be away.
type keyServer struct {
	t       *testing.T
	issuer  *issuer.Issuer
	address string
	server  *http.Server
}

func startKeyServer(t *testing.T) *keyServer {
	t.Helper()
	k := &keyServer{t: t, issuer: issuer.New("https://issuer.example.com"), address: ports.address(t)}
	k.up()
	t.Cleanup(k.down)
	return k
}

func (k *keyServer) up() {
	k.t.Helper()
	listener, err := net.Listen("tcp", k.address)
	if err != nil {
		k.t.Fatal(err)
	}
	server := &http.Server{Handler: k.issuer, ReadHeaderTimeout: patience}
	k.server = server
	go func() { _ = server.Serve(listener) }() // it returns only when the server is closed
}

func (k *keyServer) down() { _ = k.server.Close() }

// awaited is a scene whose hosts depend on servers that go away and come back, under load. It has an API server of
// its own.
type awaited struct {
	*scene
	showing
	controller *controller
	traffic    *traffic
	plain      *lines
	fetchers   string // the host that asks for tokens by keys that are fetched
	// killAPI ends the API server.
	killAPI func()
	service *authService
	keys    *keyServer
	users   *corev1.Secret
	// These get in, each at a host of its own.
	password, token, fetched, session, certificate *credential
	// These never do, each at the same host.
	noPassword, noToken, noFetched, noSession, otherSession, noCertificate *credential
}

func newAwaited(t *testing.T) *awaited {
	t.Helper()
	gate := newGateway(t)
	api, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	gate.open(api.Config)
	a := &awaited{scene: newSceneIn(t, gate.config(), kubeapi.Namespace(t, api.Config)), service: startAuthService(t), keys: startKeyServer(t)}
	a.killAPI = sync.OnceFunc(func() {
		gate.close()
		if err := api.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(a.killAPI)
	named := func(name, key string, content []byte) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string][]byte{key: content}}
	}
	key, forger, clients := issuer.NewKey(), issuer.NewKey(), newAuthority(t, "clients")
	forger.ID = key.ID
	passwords, tokens, asked, shown := a.host("passwords"), a.host("tokens"), a.host("asked"), a.host("shown")
	a.fetchers = a.host("fetchers")
	a.users = named("users", "auth", []byte("alice:"+hashed(t, "right", 0)))
	a.create(task("web", startBackend(t, "web-1")), a.users, named("keys", "jwks.json", issuer.Set(key)), named("clients-ca", "ca.crt", bundle(clients)),
		fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), shown).Secret(a.namespace, "served"))
	a.apply(a.service.task(),
		guarded("passwords", passwords, "auth: {basic: {secretName: users}}"),
		guarded("tokens", tokens, "auth: {jwt: {issuer: "+a.keys.issuer.Name+", secretName: keys}}"),
		guarded("fetchers", a.fetchers, "auth: {jwt: {issuer: "+a.keys.issuer.Name+", jwksURL: http://"+a.keys.address+issuer.KeysPath+"}}"),
		guarded("asked", asked, "auth: {external: {serviceName: auth, port: 80, timeout: 1s}}"),
		shownTo("shown", shown, "clients-ca"),
	)
	a.controller = a.start("--acme=false").ready()

	a.plain = plainLines(a.controller.http)
	t.Cleanup(a.plain.close)
	cookie := func(name, value string) *credential {
		return &credential{name: name, ask: func() (answer, error) { return a.plain.ask(asked, "Cookie", value) }}
	}
	a.password, a.noPassword = a.plain.withPassword(passwords, "alice", "right"), a.plain.withPassword(passwords, "alice", "wrong")
	a.token = a.plain.withToken("a token", tokens, a.keys.issuer.TokenBy(key, nil))
	a.noToken = a.plain.withToken("a forged token", tokens, a.keys.issuer.TokenBy(forger, nil))
	a.fetched = a.plain.withToken("a token by a fetched key", a.fetchers, a.keys.issuer.Token(nil))
	a.noFetched = a.plain.withNothing("no token by a fetched key", a.fetchers)
	a.session, a.noSession, a.otherSession = cookie("a session", goodSession), a.plain.withNothing("no session", asked), cookie("another session", "session=other")
	a.certificate = withCertificate(a.controller.https, shown, clients.client(t, "known"), "a certificate")
	a.noCertificate = withCertificate(a.controller.https, shown, newAuthority(t, "clients").client(t, "known"), "a certificate of a stranger")
	return a
}

// load begins to show all credentials, once those get in that should.
func (a *awaited) load() {
	a.t.Helper()
	var all []*credential
	for _, c := range []*credential{a.password, a.token, a.fetched, a.session, a.certificate} {
		a.expect(c, letIn)
		all = append(all, c)
		a.answered("at first", c, letIn)
	}
	for _, c := range []*credential{a.noPassword, a.noToken, a.noFetched, a.noSession, a.otherSession} {
		a.expect(c, authRequired)
		all = append(all, c)
	}
	a.expect(a.noCertificate, certificateRequired)
	a.changing()
	a.show(append(all, a.noCertificate))
	a.traffic = a.begin(a.t, 4, sparsePace)
	a.rests()
}

// letIn is the answer to who gets in.
var letIn = from("web-1")

// answered waits until a credential gets an answer.
func (a *awaited) answered(when string, c *credential, want string) {
	a.t.Helper()
	eventually(a.t, patience, when+" "+c.name+" to be answered with "+want, func() error {
		got, err := c.ask()
		if err == nil && got.String() != want {
			err = fmt.Errorf("it is %s", got)
		}
		return err
	})
}

// becomes has something change, and waits until each of these credentials is answered so.
func (a *awaited) becomes(what string, do func(), want map[*credential]string) {
	a.t.Helper()
	for c, answer := range want {
		a.expect(c, answer)
	}
	a.changing()
	do()
	for c, answer := range want {
		a.answered(what+":", c, answer)
	}
	a.changed()
	a.rests()
}

// rests has the clients show each credential several times while nothing changes.
func (a *awaited) rests() {
	a.t.Helper()
	a.traffic.sends(a.traffic.total() + 10*len(*a.asked.Load()))
}

func TestNothingFailsOpenWhileWhatItDependsOnIsAway(t *testing.T) {
	t.Parallel()
	a := newAwaited(t)
	a.load()

	nobody := map[*credential]string{a.password: authUnavailable, a.noPassword: authUnavailable}
	somebody := map[*credential]string{a.password: letIn, a.noPassword: authRequired}
	kept := a.users.DeepCopy()
	a.becomes("nobody is among the users", func() { a.change(a.users, func() { a.users.Data["auth"] = nil }) }, nobody)
	a.becomes("alice is among them again", func() { a.change(a.users, func() { a.users.Data = kept.Data }) }, somebody)
	a.becomes("the users are deleted", func() { a.delete(a.users) }, nobody)
	kept.ResourceVersion = ""
	a.becomes("they are there again", func() { a.create(kept) }, somebody)

	// The API server goes first, and all else while it is away.
	a.killAPI()
	eventually(t, patience, "the control plane to end", func() error {
		if !strings.Contains(a.controller.stderr.String(), "the control plane ended") {
			return errors.New("it has not")
		}
		return nil
	})
	a.rests()

	unavailable := map[*credential]string{a.session: authUnavailable, a.noSession: authUnavailable, a.otherSession: authUnavailable}
	again := map[*credential]string{a.session: letIn, a.noSession: authRequired, a.otherSession: authRequired}
	a.becomes("the service is killed", a.service.down, unavailable)
	a.becomes("the service is back", a.service.up, again)
	a.becomes("the service hangs", func() { a.service.behave(true, -1) }, unavailable)
	a.becomes("the service answers again", func() { a.service.behave(false, -1) }, again)

	// Tokens by keys that are known get in without the server of the keys.
	a.keys.down()
	a.rests()
	unknown := a.plain.withToken("", a.fetchers, a.keys.issuer.TokenBy(issuer.NewKey(), nil))
	if got, err := unknown.ask(); err != nil || got.String() != authUnavailable {
		t.Errorf("a token by an unknown key is answered with %v (%v) while nobody can look for the key, want %s", got, err, authUnavailable)
	}
	a.rests()
	a.traffic.finish()
}

// serveGuarded serves files with a host that asks who somebody is, and returns the address of the controller.
func serveGuarded(t *testing.T, field string, more ...string) (address string) {
	t.Helper()
	objects := append([]string{guarded("guarded", guardedHost, field), fmt.Sprintf(`
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: web-1}
spec: {serviceName: web, address: 127.0.0.1, ports: [{port: %d, targetPort: %d}]}
`, servicePort, startBackend(t, "web-1").port)}, more...)
	file := filepath.Join(t.TempDir(), "guarded.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(objects, "---")), 0o600); err != nil {
		t.Fatal(err)
	}
	return startController(t, "-f", file, "--allow-local-tasks", "--drain-delay=0s").ready().http
}

const guardedHost = "guarded.example.com"

func TestAnAnswerThatBreaksOffAnywhereLetsNobodyIn(t *testing.T) {
	t.Parallel()
	service := startAuthService(t)
	plain := plainLines(serveGuarded(t, "auth: {external: {serviceName: auth, port: 80}}", service.task()))
	t.Cleanup(plain.close)
	ask := func() (answer, error) { return plain.ask(guardedHost, "Cookie", goodSession) }
	for cut := range len(yes) {
		service.behave(false, cut)
		if got, err := ask(); err != nil || got.String() != authUnavailable {
			t.Errorf("after %q of the answer a client gets %v (%v), want %s", yes[:cut], got, err, authUnavailable)
		}
	}
	service.behave(false, -1)
	eventually(t, patience, "a whole answer to let the client in", func() error {
		got, err := ask()
		if err == nil && got.String() != letIn {
			err = fmt.Errorf("it gets %s", got)
		}
		return err
	})
}

func TestKeysThatCannotBeHadLetNobodyIn(t *testing.T) {
	t.Parallel()
	keys := startKeyServer(t)
	keys.down()
	plain := plainLines(serveGuarded(t, "auth: {jwt: {issuer: "+keys.issuer.Name+", jwksURL: http://"+keys.address+issuer.KeysPath+"}}"))
	t.Cleanup(plain.close)
	token := plain.withToken("", guardedHost, keys.issuer.Token(nil))
	if got, err := token.ask(); err != nil || got.String() != authUnavailable {
		t.Errorf("a token is answered with %v (%v) while the keys cannot be had, want %s", got, err, authUnavailable)
	}
	if got, err := plain.withNothing("", guardedHost).ask(); err != nil || got.String() != authRequired {
		t.Errorf("no token is answered with %v (%v) while the keys cannot be had, want %s", got, err, authRequired)
	}
	keys.up()
	eventually(t, patience, "the keys to be had", func() error {
		got, err := token.ask()
		if err == nil && got.String() != letIn {
			err = fmt.Errorf("a token is answered with %s", got)
		}
		return err
	})
}
