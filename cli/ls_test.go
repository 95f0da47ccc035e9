// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cannedReplica answers each path with one text after the other, the last one again and again.
type cannedReplica map[string][]string

func (r cannedReplica) ask(_ context.Context, path string, _ url.Values) ([]byte, error) {
	texts := r[path]
	if len(texts) == 0 {
		return nil, errors.New("there is no " + path)
	}
	if len(texts) > 1 {
		r[path] = texts[1:]
	}
	if text, ok := strings.CutPrefix(texts[0], "error: "); ok {
		return nil, errors.Join(errors.New(text))
	}
	return []byte(texts[0]), nil
}

const (
	servedRoutes = `[
		{"host": "", "path": "/", "match": "Prefix", "ingress": "infra/all", "rule": "0.0", "pool": "infra/web:80", "taking": 2, "endpoints": 2},
		{"host": "*.example.com", "path": "/", "match": "Prefix", "ingress": "shop/any", "rule": "0.0", "pool": "shop/web:80", "taking": 0, "endpoints": 1},
		{"host": "shop.example.com", "path": "/", "match": "Exact", "conditions": "method GET", "ingress": "networking.k8s.io/shop/web", "rule": "1.0",
			"pool": "shop/web:80/InvalidRule", "taking": 0, "endpoints": 0, "closed": "ForeignAnnotation", "closedWhy": "annotation a/b says who gets in"},
		{"host": "www.example.org", "path": "/x", "match": "Prefix", "ingress": "www/web", "rule": "0.0", "pool": "www/web:80", "taking": 1, "endpoints": 2}]`
	servedTasks = `[{"pool": "www/web:80", "id": "task/www/web-1", "address": "10.0.0.1:80", "health": "Healthy", "takesRequests": true, "weight": 1},
		{"pool": "www/web:80", "id": "task/www/web-2", "address": "10.0.0.2:80", "health": "Unhealthy", "why": "its health check fails", "weight": 1},
		{"pool": "other/web:80", "id": "task/other/web-1", "address": "10.0.0.3:80", "health": "Healthy", "takesRequests": true, "weight": 1}]`
	servedCertificates = `[{"id": "shop/tls", "hosts": ["*.example.com"], "notAfter": "2001-01-02T03:04:05Z"},
		{"id": "infra/tls", "hosts": ["example.net"], "notAfter": "2999-01-02T03:04:05Z", "default": true}]`
)

// listed runs ls against canned answers.
func listed(from replica, args ...string) result {
	var out, err bytes.Buffer
	p := &program{streams: Streams{Out: &out, Err: &err}, find: func(context.Context) (replica, error) { return from, nil }}
	root := p.root("x", "", "")
	root.AddCommand(p.list())
	code := Run(context.Background(), root, append([]string{"ls"}, args...))
	return result{code, out.String(), err.String()}
}

func TestWhatIsListed(t *testing.T) {
	t.Parallel()
	from := cannedReplica{routesPath: {servedRoutes}, tasksPath: {servedTasks}, certificatesPath: {servedCertificates},
		refusedPath: {`[{"host": "a.io", "path": "/", "match": "Prefix", "ingress": "a/b", "rule": "0.0", "reason": "PathConflict", "why": "another has it"}]`}}
	const heading = "HOST              PATH  MATCH                OBJECT                      POOL                     ENDPOINTS  STATE   WHY\n"
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"a namespace": {[]string{"--in", "shop"}, heading +
			"*.example.com     /     Prefix               shop/any                    shop/web:80              0/1        down    no endpoint takes requests: ls tasks says why\n" +
			"shop.example.com  /     Exact if method GET  networking.k8s.io/shop/web  shop/web:80/InvalidRule  0/0        closed  ForeignAnnotation: annotation a/b says who gets in\n"},
		"a host, with what stands for it": {[]string{"--host", "Blog.example.com", "-o", "name"}, "infra/all\nshop/any\n"},
		"a wildcard itself":               {[]string{"--host", "*.example.com", "-o", "name"}, "infra/all\nshop/any\n"},
		"a state":                         {[]string{"--state=closed", "-o", "name"}, "networking.k8s.io/shop/web\n"},
		"wide": {[]string{"-o", "wide", "--in=www"}, "HOST             PATH  MATCH   OBJECT   POOL        ENDPOINTS  STATE    WHY  RULE  LISTENER  ADDRESSES\n" +
			"www.example.org  /x    Prefix  www/web  www/web:80  1/2        serving       0.0   -         10.0.0.1:80,10.0.0.2:80\n"},
		"YAML": {[]string{"-o", "yaml", "--in=infra"}, "- endpoints: 2\n  host: \"\"\n  ingress: infra/all\n  match: Prefix\n  path: /\n  pool: infra/web:80\n" +
			"  rule: \"0.0\"\n  service: \"\"\n  taking: 2\n"},
		"nothing for programs": {[]string{"-o", "json", "--in=none"}, "[]\n"},
		"tasks that are out": {[]string{"tasks", "--state", "out"}, "POOL        TASK            ADDRESS      HEALTH     STATE  WHY\n" +
			"www/web:80  task/www/web-2  10.0.0.2:80  Unhealthy  out    its health check fails\n"},
		"expired certificates":   {[]string{"certs", "--state=expired", "-o=name"}, "shop/tls\n"},
		"certificates of a host": {[]string{"certs", "--host=a.b.c", "-o", "name"}, "infra/tls\n"},
		"rules that are refused": {[]string{"refused"}, "HOST  PATH  MATCH   OBJECT  RULE  REASON        WHY\na.io  /     Prefix  a/b     0.0   PathConflict  another has it\n"},
	} {
		got := listed(from, test.args...)
		if diff := cmp.Diff(test.want, got.out); diff != "" || got.code != 0 {
			t.Errorf("%s: %d %s (-want +got):\n%s", name, got.code, got.err, diff)
		}
	}
}

func TestColoursAreForTerminalsAndForWhoAsksForThem(t *testing.T) {
	from := cannedReplica{routesPath: {servedRoutes}}
	if got := listed(from); strings.Contains(got.out, "\x1b") {
		t.Errorf("there are colours in what is no terminal: %q", got.out)
	}
	got := listed(from, "--color=always", "--in=shop")
	if !strings.Contains(got.out, "  \x1b[31mdown\x1b[0m    no endpoint") {
		t.Errorf("there are no colours, or columns are no columns: %q", got.out)
	}
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if auto := colourFlag("auto"); auto.on(pipe) {
		t.Error("a pipe is taken for a terminal")
	}
}

func TestWatchListsWhatChanges(t *testing.T) {
	t.Parallel()
	const first = `[{"pool": "a/b:80", "id": "x", "address": "10.0.0.1:80", "health": "Healthy", "takesRequests": true},
		{"pool": "a/b:80", "id": "y", "address": "10.0.0.2:80", "health": "Healthy", "takesRequests": true}]`
	const second = `[{"pool": "a/b:80", "id": "x", "address": "10.0.0.1:80", "health": "Healthy", "why": "it drains"}]`
	for format, want := range map[string]string{
		"text": "POOL    TASK  ADDRESS      HEALTH   STATE  WHY\na/b:80  x     10.0.0.1:80  Healthy  up\na/b:80  y     10.0.0.2:80  Healthy  up\n" +
			"a/b:80  x     10.0.0.1:80  Healthy  out    it drains\na/b:80  y     10.0.0.2:80  Healthy  gone\n",
		"name": "x\ny\nx\n",
	} {
		var out, said bytes.Buffer
		p := &program{streams: Streams{Out: &out, Err: &said}, colour: "auto"}
		ctx, stop := context.WithCancel(t.Context())
		from := cannedReplica{tasksPath: {first, first, "error: it is away", second, second}}
		ticks := make(chan time.Time)
		go func() {
			for range 4 {
				ticks <- time.Time{}
			}
			stop()
		}()
		f := &listFlags{output: &outputFlag{format: format}}
		if err := p.watchList(ctx, from, listings()["tasks"], f, ticks); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
		if strings.Count(said.String(), "it is away") != 1 {
			t.Errorf("%s: standard error is %q, want that the replica was away", format, said.String())
		}
	}
	if got := listed(cannedReplica{}, "--watch"); got.code != exitFailure || !strings.Contains(got.err, "there is no /routes") {
		t.Errorf("a replica that never answers: %+v", got)
	}
}
