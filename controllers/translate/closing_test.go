// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
	"github.com/warren-dev/ingress/proxy/explain"
	"github.com/warren-dev/ingress/proxy/explanation"
)

// outsider is a client that no test's list lets in. Whoever has no other name is this client.
var outsider = explanation.UnspecifiedPeer()

// asker builds from objects, with an instance behind every service. It returns a function that returns who answers a
// request: the service, or the reason.
func asker(t *testing.T, in translate.Input) func(path string) string {
	t.Helper()
	in.Now = today
	for i, service := range []string{"web", "api", "s0", "s1", "s2", "s3", "s4"} {
		in.Tasks = append(in.Tasks, newTask("blue", service, service, fmt.Sprintf("10.0.0.%d", i+1)))
	}
	snapshot, _ := build(in)
	p := proxy.New(proxy.Config{MaxHeaderBytes: 1 << 16, MaxHeaders: 100})
	if _, err := p.Apply(snapshot); err != nil {
		t.Fatalf("the snapshot is refused: %v", err)
	}
	return func(path string) string {
		e, err := p.Explainer().Explain(&explain.Question{URL: "http://x.io" + path, Peer: outsider})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if e.Answer.Status == 0 {
			for _, c := range e.Candidates {
				if c.Wins {
					return c.Service
				}
			}
		}
		return e.Answer.Reason
	}
}

// guards are ways in which an author keeps everybody outside out, each as the annotations for it.
var guards = []map[string]string{
	{"ingress.warren.dev/access-control": "{allowedIPs: [10.0.0.0/8]}"},
	{"ingress.warren.dev/access-control": "{allowList: [10.0.0.0/8]}"},
	{"nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8"},
	{"nginx.ingress.kubernetes.io/auth-url": "https://auth.example.com/check", "nginx.ingress.kubernetes.io/use-regex": "true"},
	{"nginx.ingress.kubernetes.io/configuration-snippet": "deny all;"},
	{"haproxy.org/allow-list": "10.0.0.0/8"},
	{"traefik.ingress.kubernetes.io/router.middlewares": "blue-office@kubernetescrd"},
	{"konghq.com/plugins": "office-only"},
}

// written is a path as an author writes it, and what the author means by it.
type written struct {
	path     string
	pathType networkingv1.PathType
	guarded  bool
	age      int
	service  string
}

var expressions = regexp.MustCompile(`[*|^\[\\]|[.][+*]|[(][?/]|[$)]$`)

func (w *written) isExpression() bool { return expressions.MatchString(w.path) }

// plain returns a path with its escapes resolved, as a request's path is before they are compared.
func plain(path string) string {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return decoded
}

// covers returns whether an author meant a request. An expression is compared as in ingress-nginx: from the beginning,
// and without case.
func (w *written) covers(request string) bool {
	switch {
	case w.isExpression():
		return regexp.MustCompile("(?i)^(?:" + w.path + ")").MatchString(request)
	case w.pathType == networkingv1.PathTypeExact:
		return request == plain(w.path)
	}
	prefix := strings.TrimSuffix(plain(w.path), "/")
	return request == prefix || strings.HasPrefix(request, prefix+"/")
}

// before returns whether a path that is no expression goes before another one, if both cover a request.
func (w *written) before(o *written) bool {
	exact, otherExact := w.pathType == networkingv1.PathTypeExact, o.pathType == networkingv1.PathTypeExact
	if exact != otherExact {
		return exact
	}
	if a, b := len(strings.TrimSuffix(plain(w.path), "/")), len(strings.TrimSuffix(plain(o.path), "/")); a != b {
		return a > b
	}
	return w.age < o.age
}

func (g generator) closings() (objects []*rules.Object, paths []*written) {
	for i := range 1 + g.IntN(4) {
		object := newStandard("blue", fmt.Sprint("i", i), i)
		guarded := i > 0 && g.IntN(2) == 0 || g.IntN(3) == 0
		if guarded {
			object.Annotations = pick(g, guards...)
		}
		var list []networkingv1.HTTPIngressPath
		for range 1 + g.IntN(3) {
			w := &written{guarded: guarded, age: 10*i + len(list), service: fmt.Sprint("s", i), pathType: pick(g,
				networkingv1.PathTypePrefix, networkingv1.PathTypePrefix, networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific)}
			w.path = pick(g, "/", "/", "/admin", "/admin/", "/admin/x", "/adminx", "/büro", "/b%c3%bcro/x", "/my files", "/caf%c3%a9", "/%61dmin",
				"/admin(/|$)(.*)", "/adm(in|x)", "/api/v[0-9]+/admin", "/admin/.*", "/admin/*", "/(admin|api)/x", "/admins?/(.*)$", "/.*", "/admin|/api", "/my files/(.*)")
			if w.isExpression() && w.pathType == networkingv1.PathTypeExact {
				w.pathType = networkingv1.PathTypePrefix
			}
			if w.isExpression() && !guarded {
				w.pathType = networkingv1.PathTypeImplementationSpecific // the other types would have it served as it is
			}
			list, paths = append(list, standardPath(w.pathType, w.path, w.service)), append(paths, w)
		}
		object.Spec.Rules = []networkingv1.IngressRule{standardRule("x.io", list...)}
		objects = append(objects, kinds.ReadStandard(object))
	}
	return objects, paths
}

func (g generator) request() (sent, meant string) {
	meant = pick(g, "/", "/admin", "/admin/", "/admin/x", "/admin/x/y", "/adminx", "/admins/x", "/büro", "/büro/x", "/my files", "/my files/x", "/café",
		"/café/x", "/api", "/api/x", "/api/v1/admin", "/api/v12/admin/x", "/ADMIN", "/Admin/x", "/other")
	sent = (&url.URL{Path: meant}).EscapedPath()
	switch g.IntN(6) {
	case 0:
		sent = strings.Replace(sent, "a", "%61", 1)
	case 1:
		sent = "/x/.." + sent
	case 2:
		sent = "/" + sent
	case 3:
		sent = strings.ReplaceAll(strings.ReplaceAll(sent, "%C3", "%c3"), "%BC", "%bc")
	}
	return sent, meant
}

// Whatever the Ingresses of a host say, no service answers what an author has closed, and services answer what nobody
// has closed.
func TestNothingThatAnAuthorClosedIsAnswered(t *testing.T) {
	closed, answered := 0, 0
	for seed := range uint64(1500) {
		g := generator{rand.New(rand.NewPCG(seed, 1))}
		objects, paths := g.closings()
		ask := asker(t, translate.Input{Objects: objects})
		for range 12 {
			sent, meant := g.request()
			var winner *written
			unread, guarded := false, false
			for _, w := range paths {
				unread = unread || w.isExpression() && w.guarded
				switch {
				case !w.covers(meant):
				case w.isExpression():
					guarded = guarded || w.guarded
				case winner == nil || w.before(winner):
					winner = w
				}
			}
			guarded = guarded || winner != nil && winner.guarded
			got := ask(sent)
			switch served := strings.HasPrefix(got, "blue/"); {
			case guarded:
				closed++
				if served {
					t.Fatalf("seed %d: %s (%s) is answered by %s, and was closed by\n%s", seed, sent, meant, got, describe(paths))
				}
			case winner != nil && !unread:
				answered++
				if got != "blue/"+winner.service {
					t.Fatalf("seed %d: %s (%s) gets %s, and is for %+v of\n%s", seed, sent, meant, got, *winner, describe(paths))
				}
			}
		}
	}
	if closed < 1000 || answered < 1000 {
		t.Errorf("only %d requests were for what is closed, and %d for what is not", closed, answered)
	}
}

func describe(paths []*written) string {
	var b strings.Builder
	for _, w := range paths {
		fmt.Fprintf(&b, "%+v\n", *w)
	}
	return b.String()
}

func TestWhatAPathThatCannotBeReadCloses(t *testing.T) {
	const access = "{allowedIPs: [10.0.0.0/8]}"
	specific := networkingv1.PathTypeImplementationSpecific
	for _, test := range []struct {
		pathType        networkingv1.PathType
		path            string
		closed, answers []string
		says            string
	}{
		{specific, "/admin(/|$)(.*)", []string{"/admin", "/admin/", "/admin/x", "/ADMIN/x", "/adminx", "/admin/public"}, []string{"/", "/ad", "/x/admin"},
			`looks like a pattern, and paths are compared as they are: write what all that it is to match begin with, and pathType Prefix; all of host x.io that begins with "/admin" answers 503`},
		{networkingv1.PathTypePrefix, "/admin(/|$)(.*)", []string{"/admin", "/admin/x"}, []string{"/", "/ad"}, `begins with "/admin"`},
		{networkingv1.PathTypePrefix, "/api/*", []string{"/api", "/api/x"}, []string{"/", "/ap"}, `begins with "/api"`},
		{networkingv1.PathTypePrefix, "/users/{id}/admin", []string{"/users/7/admin", "/users/"}, []string{"/userstory"}, `begins with "/users/"`},
		{specific, "/colou?r", []string{"/color", "/colour"}, []string{"/colt", "/col"}, `begins with "/colo"`},
		{specific, "/a|/b", []string{"/a", "/b", "/"}, nil, `begins with "/"`},
		{specific, "/x/(a|b)", []string{"/x/a", "/x/b", "/x"}, []string{"/y"}, `begins with "/x/"`},
		{specific, "/[a-c]/x", []string{"/a/x", "/"}, nil, `begins with "/"`},
		{specific, "/my files/(.*)", []string{"/my%20files/x", "/my%20files"}, []string{"/my"}, `begins with "/my%20files/"`},
		{specific, "/büro(/|$)", []string{"/b%C3%BCro", "/b%c3%bcro/x"}, []string{"/b"}, `begins with "/b%C3%BCro"`},
		{networkingv1.PathTypePrefix, "/a?x=1", []string{"/a", "/a?x=1", "/a/b"}, []string{"/b"},
			`path "/a?x=1" cannot be matched: it has a ?, where a query begins, and paths are compared without one: write "/a"; all of host x.io that begins with "/a" answers 503`},
		{specific, "/a?x=1", []string{"/a"}, []string{"/b"}, `where a query begins`},
		{networkingv1.PathTypeExact, "/a#b", []string{"/a"}, []string{"/b"}, `path "/a#b" cannot be matched: it has a #, where a fragment begins, which no client sends: write "/a", or %23 for the character`},
		{networkingv1.PathTypePrefix, "/a\x01b", []string{"/a"}, []string{"/b"}, `it has a control character, a tab or a line break perhaps: leave it out`},
		{networkingv1.PathTypePrefix, "/a%00b", []string{"/a", "/ab"}, []string{"/b"}, `it has a NUL as %00: leave it out`},
		{networkingv1.PathTypePrefix, "/a/50%", []string{"/a/50", "/a/50%25"}, []string{"/a"}, `the path has a percent sign without two hexadecimal digits`},
		{networkingv1.PathTypePrefix, "/a\uFFFDb", []string{"/a"}, []string{"/b"}, `it has bytes that are no UTF-8`},
		{networkingv1.PathType("Regex"), "/admin", []string{"/admin", "/adminx"}, []string{"/"}, `pathType "Regex" is unknown`},
		{networkingv1.PathTypePrefix, "/" + strings.Repeat("é", 100) + "(.*)", []string{"/" + strings.Repeat("%C3%A9", 100)}, []string{"/"}, "looks like a pattern"},
	} {
		t.Run(string(test.pathType)+" "+test.path[:min(len(test.path), 20)], func(t *testing.T) {
			guarded := newStandard("blue", "guarded", 5)
			guarded.Annotations = map[string]string{"ingress.warren.dev/access-control": access}
			guarded.Spec.Rules = []networkingv1.IngressRule{standardRule("x.io", standardPath(test.pathType, test.path, "api"))}
			whole := newStandard("blue", "whole", 1, "x.io")
			whole.Spec.Rules = append(whole.Spec.Rules, standardRule("x.io", standardPath(networkingv1.PathTypeExact, "/admin/public", "web")))
			in := translate.Input{Objects: []*rules.Object{kinds.ReadStandard(whole), kinds.ReadStandard(guarded)}}
			ask := asker(t, in)
			for _, path := range test.closed {
				if got := ask(path); got != "RuleClosed" {
					t.Errorf("%s gets %s, want RuleClosed", path, got)
				}
			}
			for _, path := range test.answers {
				if got := ask(path); got != "blue/web" {
					t.Errorf("%s gets %s, want it answered by blue/web", path, got)
				}
			}
			_, reports := build(in)
			accepted := conditionOf(t, reports, kinds.StandardKind, "blue/guarded", v1alpha1.ConditionAccepted)
			if !strings.Contains(accepted.Message, test.says) || strings.Contains(accepted.Message, "left out") {
				t.Errorf("Accepted is %q, want it to say %q", accepted.Message, test.says)
			}
		})
	}
}

func TestAPathIsServedUnderTheSpellingOfRequests(t *testing.T) {
	for path, want := range map[string]string{
		"/büro": "/b%C3%BCro", "/my files": "/my%20files", "/caf%c3%a9": "/caf%C3%A9", "/%61dmin": "/admin", "/a%20b": "/a%20b", "/日本/語": "/%E6%97%A5%E6%9C%AC/%E8%AA%9E",
	} {
		for _, pathType := range []networkingv1.PathType{networkingv1.PathTypePrefix, networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific} {
			object := newStandard("blue", "a", 0)
			object.Annotations = map[string]string{"ingress.warren.dev/access-control": "{allowedIPs: [10.0.0.0/8]}"}
			object.Spec.Rules = []networkingv1.IngressRule{standardRule("x.io", standardPath(pathType, path, "api"))}
			in := translate.Input{Objects: []*rules.Object{kinds.ReadStandard(object), kinds.ReadStandard(newStandard("blue", "whole", 1, "x.io"))}}
			if got := asker(t, in)(want); got != "AccessDenied" {
				t.Errorf("%s of %s: %s gets %s, want AccessDenied", pathType, path, want, got)
			}
			_, reports := build(in)
			if accepted := conditionOf(t, reports, kinds.StandardKind, "blue/a", v1alpha1.ConditionAccepted); accepted.Status != "True" {
				t.Errorf("%s of %s: Accepted is %+v", pathType, path, accepted)
			}
		}
	}
}

// What an Ingress of this API closes is closed in the same way.
func TestAPathOfOurOwnThatCannotBeReadClosesToo(t *testing.T) {
	for path, request := range map[string]string{"/admin(/|$)(.*)": "/admin/x", "/a b": "/a%20b", "/caf%c3%a9": "/caf%C3%A9", "admin": "/admin", "/../admin": "/admin"} {
		guarded := prefix(path, "api")
		guarded.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"10.0.0.0/8"}}
		in := translate.Input{Objects: asRules([]*v1alpha1.Ingress{
			newIngress("blue", "a", 1, newRule("x.io", guarded)), newIngress("blue", "b", 0, newRule("x.io", prefix("/", "web"))),
		})}
		if got := asker(t, in)(request); got != "RuleClosed" {
			t.Errorf("%s: %s gets %s, want RuleClosed", path, request, got)
		}
	}
}

// An author whose paths another Ingress closes is told so, and neither condition says anything false.
func TestWhatIsClosedWithAnotherIngressIsTold(t *testing.T) {
	guarded := newStandard("blue", "guarded", 5)
	guarded.Annotations = map[string]string{"ingress.warren.dev/access-control": "{allowedIPs: [10.0.0.0/8]}"}
	guarded.Spec.Rules = []networkingv1.IngressRule{standardRule("x.io", standardPath(networkingv1.PathTypeImplementationSpecific, "/admin(/|$)(.*)", "api"))}
	sound := newIngress("blue", "sound", 1, newRule("x.io", prefix("/", "web"), prefix("/admin/public", "web")))
	snapshot, reports := build(translate.Input{Objects: []*rules.Object{kinds.ReadStandard(guarded), kinds.ReadWarren(sound)}})
	accepted := conditionOf(t, reports, v1alpha1.IngressKind, "blue/sound", v1alpha1.ConditionAccepted)
	const want = "rules[0].paths[1]: Prefix /admin/public of host x.io answers 503, because rules[0].http.paths[0] of the Ingress networking.k8s.io/blue/guarded, " +
		"which may say who gets in, cannot be read, and may be meant for it; its other paths are served"
	if accepted.Message != want || accepted.Reason != v1alpha1.ReasonPathClosed {
		t.Errorf("Accepted is %s %q, want %q", accepted.Reason, accepted.Message, want)
	}
	if len(snapshot.Unserved) != 1 || snapshot.Unserved[0].Path != "/admin/public" {
		t.Errorf("what is not served is %+v", snapshot.Unserved)
	}
}

// An event that speaks of every path is about every path.
func TestWhatIsSaidOfAClosedIngressIsTrue(t *testing.T) {
	foreign := map[string]string{"nginx.ingress.kubernetes.io/satisfy": "any"}
	host := map[string]string{"nginx.ingress.kubernetes.io/server-snippet": "deny all;"}
	for name, test := range map[string]struct {
		annotations map[string]string
		hosts       []string
		says, not   string
	}{
		"all of it":                      {foreign, []string{"free.io"}, "; every path answers 503; no path", ""},
		"a place that is another's":      {foreign, []string{"x.io"}, "in ingress.warren.dev/ignore-annotations; rules[0].http.paths[0]: Prefix / of host x.io is served by", "every path"},
		"a host of another namespace":    {foreign, []string{"green.io"}, "HostOwned", "answer"},
		"some of it":                     {foreign, []string{"x.io", "free.io"}, "; its paths answer 503 where they are its own", "every path"},
		"whole hosts":                    {host, []string{"x.io", "free.io"}, "; every path answers 503, and so does all else of its hosts", ""},
		"whole hosts, but for another's": {host, []string{"x.io", "green.io"}, "; all of its hosts answers 503 where they are its own", "every path"},
	} {
		t.Run(name, func(t *testing.T) {
			object := newStandard("blue", "closed", 5, test.hosts...)
			object.Annotations = test.annotations
			in := translate.Input{Objects: []*rules.Object{
				kinds.ReadStandard(object), kinds.ReadStandard(newStandard("blue", "old", 1, "x.io")), kinds.ReadStandard(newStandard("green", "old", 1, "green.io")),
			}}
			_, reports := build(in)
			accepted := conditionOf(t, reports, kinds.StandardKind, "blue/closed", v1alpha1.ConditionAccepted)
			if text := accepted.Reason + " " + accepted.Message; !strings.Contains(text, test.says) || test.not != "" && strings.Contains(text, test.not) {
				t.Errorf("Accepted is %q, want %q in it and not %q", text, test.says, test.not)
			}
		})
	}
}
