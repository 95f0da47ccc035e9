// SPDX-License-Identifier: Apache-2.0

//go:build snippets

package translate_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	// hostsAsked is how many hosts nginx is asked for, and hostsKept how many of them are kept on file.
	hostsAsked, hostsKept = 1000, 150
	// nobody is what nginx and explain say where no Ingress has a path.
	nobody = "RouteNotFound"
)

// location is a location of nginx, as ingress-nginx makes it of a path.
type location struct {
	path, service string
	exact, regex  bool
}

// locations returns those of a host, in their order. The first Ingress with a path and its type has the path. A Prefix
// stands for two locations, one with a slash at its end and an exact one, unless it is an expression itself. There is
// always one for all the rest.
func (h *hostOfNginx) locations() (list []location, expressions bool) {
	made := []location{{path: "/", service: nobody}}
	for i, from := range h.Ingresses {
		for j, path := range from.Paths {
			l := location{service: fmt.Sprintf("s%d-%d", i, j), regex: from.Regex}
			l.path, l.exact = strings.CutSuffix(path, "=")
			at := slices.IndexFunc(made, func(o location) bool { return o.path == l.path && o.exact == l.exact })
			switch {
			case at < 0:
				made = append(made, l)
			case made[at].service == nobody:
				made[at] = l
			}
			expressions = expressions || l.regex
		}
	}
	slices.SortStableFunc(made, func(a, b location) int {
		return cmp.Or(cmp.Compare(len(b.path), len(a.path)), cmp.Compare(b.path, a.path))
	})
	for _, l := range made {
		exact := l
		exact.exact = true
		taken := slices.ContainsFunc(made, func(o location) bool { return o.exact && o.path == l.path })
		if l.exact || l.regex || l.path == "/" {
			list = append(list, l)
			continue
		}
		l.path = strings.TrimSuffix(l.path, "/") + "/"
		if list = append(list, l); !taken {
			list = append(list, exact)
		}
	}
	return list, expressions
}

// server returns the server of a host.
func (h *hostOfNginx) server(name string, port int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "server {\n  listen 127.0.0.1:%d;\n  server_name %s;\n", port, name)
	list, expressions := h.locations()
	for _, l := range list {
		how := ""
		switch {
		case expressions:
			how, l.path = "~* ", "^"+l.path
		case l.exact:
			how = "= "
		}
		fmt.Fprintf(&b, "  location %s\"%s\" { return 200 %s; }\n", how, l.path, l.service)
	}
	return b.String() + "}\n"
}

// hostFrom makes a host of so few words that its paths often match.
func hostFrom(seed uint64) *hostOfNginx {
	r := rand.New(rand.NewPCG(seed, 0))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	h := &hostOfNginx{Requests: map[string]string{}}
	expressions := r.IntN(4) > 0
	for range 1 + r.IntN(4) {
		from := ingressOfNginx{Regex: expressions && r.IntN(2) == 0}
		for range 1 + r.IntN(4) {
			path := one("/a", "/b", "/ab", "/A", "/app", "/v1", "/a/b", "/a/A", "/ab/v1", "")
			switch {
			case path == "":
				path += one("/", "/=")
			case expressions:
				path += one("", "", "/", "=", "=", "(/|$)(.*)", "/[0-9]+", "/(.*)", "$", "/?(.*)", "|/b", ".*b", "(/x|/y)", "[^/]*")
			default: // A Prefix with a slash at its end would be there twice.
				path += one("", "=")
			}
			from.Paths = append(from.Paths, path)
		}
		h.Ingresses = append(h.Ingresses, from)
	}
	for range 14 {
		path := ""
		for range 1 + r.IntN(3) {
			path += one("/a", "/A", "/b", "/ab", "/AB", "/app", "/apple", "/v1", "/v10", "/17", "/x", "/y")
		}
		h.Requests[path+one("", "", "/")] = nobody
	}
	if _, opened := h.locations(); expressions && !opened { // Paths would be compared literally that are no paths here.
		return hostFrom(seed + hostsAsked)
	}
	return h
}

func TestNginxTakesRequestsAsWeDo(t *testing.T) {
	hosts := make([]*hostOfNginx, hostsAsked)
	for seed := range hosts {
		hosts[seed] = hostFrom(uint64(seed))
	}
	ask := startNginx(t, hosts)
	differ := 0
	for n, h := range hosts {
		x, _, _ := explainer(t, translate.Input{Objects: h.objects()})
		for path := range h.Requests {
			h.Requests[path] = ask(n, path)
			if got := decided(t, x, "x.io"+path); got != h.Requests[path] {
				differ++
				t.Errorf("host %d %+v: %s is taken by %s, nginx says %s", n, h.Ingresses, path, got, h.Requests[path])
			}
		}
	}
	t.Logf("%d hosts; %d requests differ", len(hosts), differ)
	if !*update {
		return
	}
	text, err := json.MarshalIndent(hosts[:hostsKept], "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(locationsOfNginx, append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// startNginx starts nginx with all hosts. It returns a function that returns which service takes a path of a host.
func startNginx(t *testing.T, hosts []*hostOfNginx) func(host int, path string) string {
	t.Helper()
	folder := t.TempDir()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	var text strings.Builder
	fmt.Fprintf(&text, "daemon off;\nmaster_process off;\npid %[1]s/pid;\nevents {}\nhttp {\n  access_log off;\n  server_names_hash_max_size 8192;\n"+
		"  client_body_temp_path %[1]s/body;\n  proxy_temp_path %[1]s/proxy;\n  fastcgi_temp_path %[1]s/fastcgi;\n  uwsgi_temp_path %[1]s/uwsgi;\n  scgi_temp_path %[1]s/scgi;\n", folder)
	for n, h := range hosts {
		text.WriteString(h.server(nameOf(n), port))
	}
	file := filepath.Join(folder, "nginx.conf")
	if err := os.WriteFile(file, []byte(text.String()+"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command("nginx", "-p", folder, "-c", file, "-e", filepath.Join(folder, "error.log"))
	if err := nginx.Start(); err != nil {
		t.Fatalf("%v: make snippets installs nginx", err)
	}
	t.Cleanup(func() {
		_ = nginx.Process.Kill()
		_ = nginx.Wait()
	})
	ask := func(host int, path string) (string, error) {
		req, err := http.NewRequest(http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
		if err != nil {
			return "", err
		}
		req.Host = nameOf(host)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	late, next := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer next.Stop()
	for {
		if _, err := ask(0, "/"); err == nil {
			break
		}
		select {
		case <-late:
			log, _ := os.ReadFile(filepath.Join(folder, "error.log"))
			t.Fatalf("nginx does not serve: %s", log)
		case <-next.C:
		}
	}
	return func(host int, path string) string {
		service, err := ask(host, path)
		if err != nil {
			t.Fatal(err)
		}
		return service
	}
}

func nameOf(host int) string { return fmt.Sprintf("host-%d.test", host) }
