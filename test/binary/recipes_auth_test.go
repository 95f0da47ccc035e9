// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// portal is where the stand-in for Authelia has people sign in.
const portal = "https://auth.example.com/"

// authelia answers as Authelia's endpoints forward-auth and auth-request are documented to do. alice may see all but
// /private.
func authelia(t *testing.T) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		var target *url.URL
		var method string
		var err error
		forwarded := r.URL.Path == "/api/authz/forward-auth"
		switch {
		case forwarded:
			target, err = url.ParseRequestURI(r.Header.Get("X-Forwarded-Proto") + "://" + r.Header.Get("X-Forwarded-Host") + r.Header.Get("X-Forwarded-Uri"))
			method = r.Header.Get("X-Forwarded-Method")
		case r.URL.Path == "/api/authz/auth-request":
			target, err = url.ParseRequestURI(r.Header.Get("X-Original-URL"))
			method = r.Header.Get("X-Original-Method")
		default:
			http.NotFound(w, r)
			return
		}
		if err != nil || target.Scheme != "https" || target.Host == "" || method == "" || r.Header.Get("X-Forwarded-For") == "" || r.Method != http.MethodGet {
			t.Errorf("Authelia cannot tell what %s %s with %v is about", r.Method, r.URL, r.Header)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		session, err := r.Cookie("authelia_session")
		switch {
		case err == nil && session.Value == "of-alice" && strings.HasPrefix(target.Path, "/private"):
			w.WriteHeader(http.StatusForbidden)
		case err == nil && session.Value == "of-alice":
			for name, value := range map[string]string{"Remote-User": "alice", "Remote-Name": "Alice", "Remote-Groups": "staff", "Remote-Email": "alice@example.com"} {
				w.Header().Set(name, value)
			}
		case !forwarded, r.Header.Get("X-Requested-With") == "XMLHttpRequest", !strings.Contains(r.Header.Get("Accept"), "text/html"):
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Set-Cookie", "authelia_session=of-nobody; path=/; HttpOnly; secure")
			w.Header().Set("Location", portal+"?rd="+url.QueryEscape(target.String())+"&rm="+method)
			status := http.StatusSeeOther
			if method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions {
				status = http.StatusFound
			}
			w.WriteHeader(status)
		}
	}
}

// reached makes a Task of a server on this machine.
func (r *recipe) reached(service string, port v1alpha1.Port, address string) {
	r.t.Helper()
	_, at, err := net.SplitHostPort(address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.served[v1alpha1.ServiceName(service)] = true
	r.apply(fmt.Sprintf(`
apiVersion: ingress.warren.dev/v1alpha1
kind: Task
metadata: {name: %s}
spec: {serviceName: %[1]s, address: 127.0.0.1, ports: [{port: %d, targetPort: %s}]}
`, service, port, at))
}

// outcome is what a client gets.
type outcome struct {
	status int
	// to is where it is sent, and back is where it is to come back to.
	to, back string
	// user is whom the backend takes the client for. Empty if no backend was asked.
	user string
}

// sends sends a request over HTTPS to a host of a recipe.
func (r *recipe) sends(method, target string, fields map[string]string) (got outcome, err error) {
	request, err := http.NewRequestWithContext(r.t.Context(), method, target, http.NoBody)
	if err != nil {
		return got, err
	}
	for name, value := range fields {
		if name != "" {
			request.Header[name] = []string{value} // as it is spelled
		}
	}
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", r.controller.https, &tls.Config{ServerName: request.URL.Host, InsecureSkipVerify: true})
	if err != nil {
		return got, err
	}
	defer c.Close()
	if err := errors.Join(c.SetDeadline(time.Now().Add(patience)), request.Write(c)); err != nil {
		return got, err
	}
	response, err := http.ReadResponse(bufio.NewReader(c), request)
	if err != nil {
		return got, err
	}
	defer response.Body.Close()
	var arrived arrival
	if response.StatusCode == http.StatusOK {
		if err := json.NewDecoder(response.Body).Decode(&arrived); err != nil {
			return got, err
		}
	}
	got = outcome{status: response.StatusCode, user: arrived.User}
	if location := response.Header.Get("Location"); location != "" {
		to, err := url.Parse(location)
		if err != nil {
			return got, err
		}
		query := to.Query()
		got.back = query.Get("rd")
		query.Del("rd")
		to.RawQuery = query.Encode()
		got.to = to.String()
	}
	return got, nil
}

// expectSent waits until a request gets what it should.
func (r *recipe) expectSent(what, method, target string, fields map[string]string, want outcome) {
	r.t.Helper()
	eventually(r.t, patience, what, func() error {
		got, err := r.sends(method, target, fields)
		if err == nil && got != want {
			err = fmt.Errorf("%s %s gets %+v, want %+v", method, target, got, want)
		}
		return err
	})
}

func TestTheRecipeOfAutheliaSendsPeopleToItsPortal(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(authelia(t))
	t.Cleanup(server.Close)
	served := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "*.example.com")
	r := cookWith(t, "authelia.md", 1, func(r *recipe) []string {
		r.create(served.Secret(r.namespace, "served"), served.Secret(r.namespace, "notes-tls"))
		r.reached("authelia", 80, server.Listener.Addr().String())
		r.behind("notes", "notes", 80)
		return []string{"--default-certificate=" + r.namespace + "/served", "--nginx-class=nginx"}
	})
	// Everybody says he is somebody else, in two spellings.
	with := func(name, value string) map[string]string {
		return map[string]string{"Accept": "text/html,*/*;q=0.8", "Remote-User": "mallory", "remote_user": "mallory", name: value}
	}
	alice := with("Cookie", "authelia_session=of-alice")
	for host, is := range map[string]struct {
		portal         string
		posted, script int
	}{
		"https://wiki.example.com": {portal, http.StatusSeeOther, http.StatusUnauthorized},
		// As with ingress-nginx, nobody asks whether it is a person.
		"https://notes.example.com": {strings.TrimSuffix(portal, "/"), http.StatusFound, http.StatusFound},
	} {
		page := host + "/pages/a?q=1&next=%2Fb"
		r.expectSent("a person", "GET", page, with("", ""), outcome{http.StatusFound, is.portal + "?rm=GET", page, ""})
		r.expectSent("a person who sends a form", "POST", page, with("", ""), outcome{is.posted, is.portal + "?rm=POST", page, ""})
		script := outcome{status: is.script}
		if is.script == http.StatusFound {
			script.to, script.back = is.portal+"?rm=GET", page
		}
		r.expectSent("a script", "GET", page, with("X-Requested-With", "XMLHttpRequest"), script)
		r.expectSent("who has signed in", "GET", page, alice, outcome{http.StatusOK, "", "", "alice"})
		r.expectSent("who may not see a page", "GET", host+"/private/x", alice, outcome{status: http.StatusForbidden})
		r.expectSent("who may not see it by another spelling", "GET", host+"/x/../%70rivate//x", alice, outcome{status: http.StatusForbidden})
	}
	server.CloseClientConnections()
	server.Close()
	r.expectSent("anybody while Authelia is away", "GET", "https://wiki.example.com/", alice, outcome{status: http.StatusServiceUnavailable})
	r.expectSent("anybody while Authelia is away", "GET", "https://notes.example.com/", alice, outcome{status: http.StatusInternalServerError})
}

// startOPA starts the stand-in for Open Policy Agent with a policy.
func startOPA(t *testing.T, policy string) (address string, kill func()) {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(checkout, "bin", "opa")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf(`%v: run "make opa"`, err)
	}
	file := filepath.Join(t.TempDir(), "policy.rego")
	if err := os.WriteFile(file, []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	address = ports.address(t)
	var said output
	command := exec.Command(program, "-listen="+address, file)
	command.Stdout, command.Stderr = &said, &said
	command.SysProcAttr = childAttributes()
	started, ended := make(chan error, 1), make(chan struct{})
	go func() {
		// A child may be bound to the thread that starts it. So the thread must live as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // it is killed
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	kill = func() { _ = command.Process.Kill(); <-ended }
	t.Cleanup(kill)
	eventually(t, patience, "the policy agent", func() error {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return fmt.Errorf("%w: %s", err, said.String())
		}
		return c.Close()
	})
	return address, kill
}

func TestTheRecipeOfOPADecidesByItsPolicy(t *testing.T) {
	t.Parallel()
	served := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "*.example.com")
	var kill func()
	r := cookWith(t, "opa.md", 1, func(r *recipe) []string {
		r.create(served.Secret(r.namespace, "served"))
		policy := &corev1.ConfigMap{}
		if err := r.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "shop-policy"}, policy); err != nil {
			t.Fatal(err)
		}
		var address string
		address, kill = startOPA(t, policy.Data["policy.rego"])
		r.reached("opa", 9191, address)
		return []string{"--default-certificate=" + r.namespace + "/served"}
	})
	const shop = "https://shop.example.com"
	staff := map[string]string{"Authorization": "Basic YWxpY2U6c3RhZmY="}
	r.expectSent("a guest", "GET", shop+"/shoes?size=42", map[string]string{"X-User": "alice"}, outcome{http.StatusOK, "", "", "guest"})
	r.expectSent("a guest who writes", "POST", shop+"/shoes", nil, outcome{status: http.StatusForbidden})
	r.expectSent("a guest in the office", "GET", shop+"/admin/orders", nil, outcome{status: http.StatusForbidden})
	r.expectSent("a guest in the office by another spelling", "GET", shop+"/x/..//%61dmin", nil, outcome{status: http.StatusForbidden})
	r.expectSent("the staff", "DELETE", shop+"/admin/orders/1", staff, outcome{http.StatusOK, "", "", "alice"})
	kill()
	r.expectSent("anybody while the policy agent is away", "GET", shop+"/shoes", staff, outcome{status: http.StatusServiceUnavailable})
}
