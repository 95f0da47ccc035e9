// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/test/fixture"
)

// protected has the Ingress's only path ask for a user of a Secret.
func protected(ing *v1alpha1.Ingress, secret string) *v1alpha1.Ingress {
	ing.Spec.Rules[0].Paths[0].Auth = &v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretName: secret, Realm: "admin"}}
	return ing
}

// The hashes are of the words test and other.
const (
	hashOfTest  = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="
	hashOfOther = "{SHA}0JQeaNqPOBUf+Gph/Fn3xc+fyqI="
)

func usersSecret(namespace, name string, data map[string]string) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Type: corev1.SecretTypeOpaque, Data: map[string][]byte{}}
	for key, value := range data {
		secret.Data[key] = []byte(value)
	}
	return secret
}

// asks waits until the only route of the snapshot asks for these users, or is without any.
func (p *recordingProxy) asks(t *testing.T, users string) {
	t.Helper()
	fixture.Eventually(t, func() error {
		s := p.snapshot()
		if s == nil || len(s.Hosts) != 1 || len(s.Hosts[0].Routes) != 1 || len(s.Hosts[0].Routes[0].Policies) != 1 {
			return fmt.Errorf("there is no snapshot of one route with one policy")
		}
		basic, ok := s.Hosts[0].Routes[0].Policies[0].(*auth.Basic)
		if !ok || basic.Users != users || (basic.Missing == "") == (users == "") {
			return fmt.Errorf("the route asks for %+v, want %q", basic, users)
		}
		return nil
	})
}

// Through the API server and the data plane: nobody gets in but by what the Secret holds now.
func TestABasicPasswordFromItsSecretToTheClient(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	p, address := fixture.StartProxy(t)
	k.start(func(_ *ctrl.Options, o *Options, _ *recordingProxy) { o.Applier, o.AllowLocalTasks = p, true })
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, r.Header.Get("Authorization")) }))
	t.Cleanup(backend.Close)
	at := backend.Listener.Addr().(*net.TCPAddr)
	task := fixture.Task(k.Blue, "one", "api", at.IP.String())
	task.Spec.Ports = []v1alpha1.TaskPort{{Port: 80, TargetPort: v1alpha1.Port(at.Port)}}
	ing := protected(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "users")
	ing.Spec.Rules[0].Paths[0].Path = "/"
	k.Make(ing, task)

	// asks waits until a request has this status, with a user's password unless that is empty.
	asks := func(password string, want int) {
		t.Helper()
		fixture.Eventually(t, func() error {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
			if err != nil {
				return err
			}
			if request.Host = "x.io"; password != "" {
				request.SetBasicAuth("bob", password)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			defer func() { _ = response.Body.Close() }()
			content, err := io.ReadAll(response.Body)
			if err != nil {
				return err
			}
			if response.StatusCode != want {
				return fmt.Errorf("password %q: %d %s, want %d", password, response.StatusCode, content, want)
			}
			if challenge := response.Header.Get("WWW-Authenticate"); (want == http.StatusUnauthorized) != strings.HasPrefix(challenge, `Basic realm="admin"`) {
				t.Errorf("password %q: %d with the challenge %q", password, want, challenge)
			}
			if want == http.StatusOK && len(content) > 0 {
				t.Errorf("the task gets %s", content)
			}
			return nil
		})
	}
	asks("", http.StatusServiceUnavailable)
	asks("test", http.StatusServiceUnavailable)

	secret := usersSecret(k.Blue, "users", map[string]string{"auth": "bob:" + hashOfTest})
	k.Make(secret)
	asks("", http.StatusUnauthorized)
	asks("test", http.StatusOK)
	asks("other", http.StatusUnauthorized)

	k.Change(secret, func() { secret.Data = map[string][]byte{"auth": nil} })
	asks("test", http.StatusServiceUnavailable)
	asks("", http.StatusServiceUnavailable)

	k.Change(secret, func() { secret.Data = map[string][]byte{"auth": []byte("bob:" + hashOfOther)} })
	asks("other", http.StatusOK)
	asks("test", http.StatusUnauthorized)

	k.Remove(secret)
	asks("other", http.StatusServiceUnavailable)
}

// What a Secret held before counts no more: a Secret that is emptied, damaged, replaced or gone takes effect at once.
func TestAPathAsksForTheUsersThatItsSecretHolds(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := protected(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "users")
	one := map[string]string{"auth": "bob:" + hashOfTest}
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"), usersSecret(k.Green, "users", one))
	r := k.start()
	says := func(resolved string) {
		t.Helper()
		k.says(ing, "Accepted=True Accepted", resolved, "Programmed=True Programmed")
	}
	says("ResolvedRefs=False AuthSecretNotFound") // that of another namespace is another's
	r.proxy.asks(t, "")

	secret := usersSecret(k.Blue, "users", one)
	k.Make(secret)
	says("ResolvedRefs=True ResolvedRefs")
	r.proxy.asks(t, "bob:"+hashOfTest)

	for _, damaged := range []map[string][]byte{{"auth": nil}, {"auth": []byte("bob")}, {}, {"token": []byte("eyJh")}, {"auth": make([]byte, 65<<10)}} {
		k.Change(secret, func() { secret.Data = damaged })
		says("ResolvedRefs=False AuthSecretInvalid")
		r.proxy.asks(t, "")
		k.Change(secret, func() { secret.Data = map[string][]byte{"bob": []byte(hashOfTest)} })
		says("ResolvedRefs=True ResolvedRefs")
		r.proxy.asks(t, "bob:"+hashOfTest)
	}

	k.Remove(secret)
	says("ResolvedRefs=False AuthSecretNotFound")
	r.proxy.asks(t, "")
	k.Make(usersSecret(k.Blue, "users", map[string]string{"auth": "bob:" + hashOfOther}))
	says("ResolvedRefs=True ResolvedRefs")
	r.proxy.asks(t, "bob:"+hashOfOther)
}

func TestTheFirstSnapshotHasTheUsers(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	k.Make(protected(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "users"), fixture.Task(k.Blue, "one", "api", "10.0.0.1"),
		usersSecret(k.Blue, "users", map[string]string{"auth": "bob:" + hashOfTest}))
	r := k.start()
	r.isReady(t)
	if r.proxy.applications() == 1 {
		r.proxy.asks(t, "bob:"+hashOfTest)
	}
}

func TestACertificateIsNoUser(t *testing.T) {
	t.Parallel()
	k := newCluster(t)
	ing := protected(fixture.Ingress(k.Blue, "shop", "x.io", "api"), "users")
	pair := fixture.NewKeyPair(t, fixture.Spring, fixture.Summer, "a")
	secret := usersSecret(k.Blue, "users", map[string]string{"auth": "bob:" + hashOfTest, "tls.crt": string(pair.Chain), "tls.key": string(pair.Key)})
	secret.Type = corev1.SecretTypeTLS
	k.Make(ing, fixture.Task(k.Blue, "one", "api", "10.0.0.1"), secret)
	r := k.start()
	k.says(ing, "Accepted=True Accepted", "ResolvedRefs=False AuthSecretInvalid", "Programmed=True Programmed")
	r.proxy.asks(t, "")
}
