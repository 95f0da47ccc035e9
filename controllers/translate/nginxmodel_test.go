// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// model decides who gets a request by a look at all objects, as the documentation says it. It is slow and plain.
type model struct {
	objects []*rules.Object
	owners  map[string]string
	shared  bool
	// taken has what canaries take a share of.
	taken map[*rules.Rule]taken
}

func newModel(in translate.Input) *model {
	m := &model{objects: slices.Clone(in.Objects), owners: in.Owners, shared: in.Options.AllowSharedHosts}
	slices.SortFunc(m.objects, rules.Older)
	m.take()
	return m
}

// with calls f with each Host of an object that is no canary, oldest first.
func (m *model) with(f func(o *rules.Object, h *rules.Host)) {
	for _, o := range m.objects {
		if o.Canary == nil {
			for i := range o.Hosts {
				f(o, &o.Hosts[i])
			}
		}
	}
}

// owner returns the namespace that a host belongs to, for objects that have it as their host. ok is false if none has.
func (m *model) owner(name string) (namespace string, ok bool) {
	m.with(func(o *rules.Object, h *rules.Host) {
		if !ok && !h.Alias && h.Name == name {
			namespace, ok = o.Namespace, true
			if recorded := m.owners[name]; recorded != "" {
				namespace = recorded
			}
		}
	})
	return namespace, ok
}

func (m *model) mine(o *rules.Object, owner string) bool { return m.shared || o.Namespace == owner }

// meant returns the host that a name is served as, which is another one if the name is an alias.
func (m *model) meant(name string) (host, owner string, ok bool) {
	owner, ok = m.owner(name)
	served := false
	m.with(func(o *rules.Object, h *rules.Host) {
		served = served || !h.Alias && h.Name == name && m.mine(o, owner)
	})
	if ok && served {
		return name, owner, true
	}
	host = "nothing"
	m.with(func(o *rules.Object, h *rules.Host) {
		if !h.Alias || h.Name != name || host != "nothing" {
			return
		}
		var real []string
		for _, of := range o.Hosts {
			if by, known := m.owner(of.Name); !of.Alias && known && m.mine(o, by) {
				real = append(real, of.Name)
			}
		}
		if len(real) == 0 {
			return
		}
		if !ok {
			owner, ok = o.Namespace, true
			if recorded := m.owners[name]; recorded != "" {
				owner = recorded
			}
		}
		if m.mine(o, owner) {
			host = slices.Min(real)
		}
	})
	return host, owner, ok
}

// found is a rule that may take a request.
type found struct {
	object *rules.Object
	rule   *rules.Rule
	// text is what is compared, and written what the author wrote.
	text     string
	written  string
	match    snapshot.PathMatch
	fallback bool
}

// on returns the rules of a host that have their places, in the order in which they are looked at, and whether the host
// is alone.
func (m *model) on(host, owner string) (list []found, alone bool) {
	opened, joined := false, false
	m.with(func(o *rules.Object, h *rules.Host) {
		if h.Name == host && !h.Alias && m.mine(o, owner) {
			opened, alone, joined = opened || h.Expressions, alone || h.Alone, joined || !h.Alone
		}
	})
	for _, fallbacks := range []bool{false, true} {
		m.with(func(o *rules.Object, h *rules.Host) {
			if h.Name != host || h.Alias || h.Default != fallbacks || !m.mine(o, owner) {
				return
			}
			for i := range h.Rules {
				f := found{o, &h.Rules[i], h.Rules[i].Match.Path, h.Rules[i].Match.Path, h.Rules[i].Match.Type, fallbacks}
				fault := f.rule.Match.Fault
				switch {
				case opened && f.rule.Expression != nil:
					f.text, f.match, fault = f.rule.Expression.Path, snapshot.MatchOpenExpression, f.rule.Expression.Fault
					f.written = f.text
					if f.rule.Match.Type == snapshot.MatchExact && f.text == "/" {
						continue // The host's own location for / comes first.
					}
					if f.rule.Match.Type == snapshot.MatchPrefix && !h.Expressions && m.exact(host, owner, f.text) {
						f.text = strings.TrimSuffix(f.text, "/") + "/"
					}
				case opened && fallbacks:
					f.match = snapshot.MatchOpenExpression
				}
				taken := slices.ContainsFunc(list, func(other found) bool { return other.text == f.text && other.match == f.match })
				if fault == nil && !taken {
					list = append(list, f)
				}
			}
		})
	}
	slices.SortStableFunc(list, func(a, b found) int {
		order := []snapshot.PathMatch{snapshot.MatchExact, snapshot.MatchPrefix, snapshot.MatchOpenExpression}
		switch x, y := slices.Index(order, a.match), slices.Index(order, b.match); {
		case x != y:
			return x - y
		case a.fallback != b.fallback && a.fallback:
			return 1
		case a.fallback != b.fallback:
			return -1
		case len(a.written) != len(b.written):
			return len(b.written) - len(a.written)
		}
		return strings.Compare(b.written, a.written)
	})
	return list, alone && !joined
}

// exact returns whether an object has a path of a host of expressions as an Exact one.
func (m *model) exact(host, owner, path string) (exact bool) {
	m.with(func(o *rules.Object, h *rules.Host) {
		exact = exact || h.Name == host && !h.Alias && m.mine(o, owner) && slices.ContainsFunc(h.Rules, func(r rules.Rule) bool {
			return r.Expression != nil && r.Expression.Fault == nil && r.Expression.Path == path && r.Match.Type == snapshot.MatchExact && path != "/"
		})
	})
	return exact
}

func (f *found) takes(path string) bool {
	switch f.match {
	case snapshot.MatchExact:
		return path == f.text
	case snapshot.MatchPrefix:
		return f.text == "/" || path == f.text || strings.HasPrefix(path, f.text+"/")
	}
	return regexp.MustCompile("(?i)^" + f.text).MatchString(path)
}

// decide returns who gets a request with a value of the field X-Canary and one of the cookie canary.
func (m *model) decide(name, path, field, cookie string) string {
	names := []string{name, "*" + name[strings.IndexByte(name, '.'):], ""}
	var owner *string
	for _, name := range names {
		host, by, ok := m.meant(name)
		if !ok {
			continue
		}
		if owner == nil {
			owner = &by
		}
		if *owner != by && !m.shared {
			continue
		}
		list, alone := m.on(host, by)
		for _, f := range list {
			if f.takes(path) {
				return m.divided(&f, field, cookie)
			}
		}
		if alone {
			break
		}
	}
	return "RouteNotFound"
}

// divided returns who gets a request that a rule takes: its service, or that of a canary, or both.
func (m *model) divided(f *found, field, cookie string) string {
	service := f.rule.Backends[0].Service
	if taken, ok := m.taken[f.rule]; ok {
		return decideCanary(taken.object.Canary, service, taken.rule.Backends[0].Service, field, cookie)
	}
	return service
}

// taken is the rule of a canary that takes a share of another one. elsewhere is set if that has another place.
type taken struct {
	object    *rules.Object
	rule      *rules.Rule
	elsewhere bool
}

// take has each rule of a canary take its share of the main rule of its place, and of all that have the service of that
// in the same namespace.
func (m *model) take() {
	m.taken = map[*rules.Rule]taken{}
	hosts := map[string][]found{}
	m.with(func(_ *rules.Object, h *rules.Host) {
		if owner, ok := m.owner(h.Name); ok && !h.Alias {
			hosts[h.Name], _ = m.on(h.Name, owner)
		}
	})
	for _, o := range m.objects {
		if o.Canary == nil {
			continue
		}
		for h := range o.Hosts {
			owner, ok := m.owner(o.Hosts[h].Name)
			if !ok || !m.mine(o, owner) {
				continue
			}
			for r := range o.Hosts[h].Rules {
				rule := &o.Hosts[h].Rules[r]
				main := mainOf(rule, hosts[o.Hosts[h].Name])
				if main == nil {
					continue
				}
				service := rule.Backends[0].Service
				if by, ok := m.taken[main.rule]; ok && (by.object != o || !by.elsewhere || by.rule.Backends[0].Service != service) {
					continue
				}
				m.taken[main.rule] = taken{object: o, rule: rule}
				for _, list := range hosts {
					for _, other := range list {
						like := other.rule.Expression != nil && main.rule.Expression != nil && other.rule.Backends[0].Service == main.rule.Backends[0].Service
						if _, ok := m.taken[other.rule]; !ok && like && other.object.Namespace == o.Namespace && main.object.Namespace == o.Namespace {
							m.taken[other.rule] = taken{o, rule, true}
						}
					}
				}
			}
		}
	}
}

// mainOf returns the one of a host's rules that a canary's rule takes a share of. Nil if there is none.
func mainOf(rule *rules.Rule, list []found) *found {
	for i := range list {
		f := &list[i]
		text, fault := rule.Match.Path, rule.Match.Fault
		if f.match == snapshot.MatchOpenExpression && f.rule.Expression != nil {
			text, fault = rule.Expression.Path, rule.Expression.Fault
		}
		if f.match != snapshot.MatchOpenExpression && slices.ContainsFunc(list, func(other found) bool {
			return other.match == snapshot.MatchOpenExpression && other.written == rule.Expression.Path && other.rule.Match.Type == rule.Match.Type
		}) {
			continue // That one is the canary's main rule.
		}
		if text == f.written && rule.Match.Type == f.rule.Match.Type && fault == nil {
			return f
		}
	}
	return nil
}

func decideCanary(c *rules.Canary, main, canary, field, cookie string) string {
	if c.Header != "" && field != "-" {
		switch {
		case c.HeaderValue != "":
			if field == c.HeaderValue {
				return canary
			}
		case c.HeaderPattern != "":
			if regexp.MustCompile("^(" + c.HeaderPattern + ")$").MatchString(field) {
				return canary
			}
		case field == "always":
			return canary
		case field == "never":
			return main
		}
	}
	if c.Cookie != "" {
		switch cookie {
		case "always":
			return canary
		case "never":
			return main
		}
	}
	switch share := 100 * float64(c.Weight) / float64(c.Total); share {
	case 0:
		return main
	case 100:
		return canary
	default:
		return fmt.Sprintf("%s %.4g%% %s %.4g%%", main, 100-share, canary, share)
	}
}

// severalObjects makes objects of so few names and paths that they often meet.
func severalObjects(r *rand.Rand) translate.Input {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	hosts := []string{"", "*.io", "a.io", "b.io", "c.io"}
	paths := []string{"/", "/=", "/a", "/a", "/A", "/ab", "/a/b", "/a=", "/a=", "/a(/|$)(.*)", "/[ab]+", "/a.*b", "/a(?!b)", "/b/x="}
	in := translate.Input{Now: today, Options: translate.Options{AllowSharedHosts: r.IntN(5) == 0}}
	for i := range 1 + r.IntN(9) {
		service := func() string { return fmt.Sprintf("s%d-%d", r.IntN(i+1), r.IntN(3)) }
		o := objectOf(fmt.Sprint("o", r.IntN(1000), "-", i), r.IntN(4))
		o.Namespace = one("blue", "blue", "green")
		o.ID = o.Namespace + "/" + o.Name
		o.Hosts = nil
		nginx := r.IntN(4) > 0
		for range 1 + r.IntN(2) {
			h := rules.Host{Name: hosts[r.IntN(len(hosts))], Where: fmt.Sprint("hosts", len(o.Hosts)), Alone: nginx, Expressions: nginx && r.IntN(3) == 0}
			for range r.IntN(4) {
				rule := nginxRule(service(), one(paths...))
				rule.Where = fmt.Sprint("rules", len(h.Rules))
				if !nginx {
					if rule.Expression = nil; rule.Match.Fault != nil {
						continue
					}
				}
				h.Rules = append(h.Rules, rule)
			}
			o.Hosts = append(o.Hosts, h)
		}
		switch {
		case nginx && r.IntN(2) == 0:
			if len(in.Objects) > 0 && r.IntN(4) > 0 { // of what is there, so that they meet
				main := in.Objects[r.IntN(len(in.Objects))]
				o.Namespace, o.Hosts[0].Name, o.Hosts[0].Rules = main.Namespace, main.Hosts[0].Name, nil
				o.ID = o.Namespace + "/" + o.Name
				for _, like := range main.Hosts[0].Rules {
					rule := nginxRule(service(), like.Match.Path+map[bool]string{true: "="}[like.Match.Type == snapshot.MatchExact])
					rule.Where = fmt.Sprint("rules", len(o.Hosts[0].Rules))
					o.Hosts[0].Rules = append(o.Hosts[0].Rules, rule)
				}
			}
			o.Canary = &rules.Canary{
				Header: one("", "x-canary"), HeaderValue: one("", "", "v"), HeaderPattern: one("", "", rules.Within("v|^w")), Cookie: one("", "canary"),
				Weight: int32(25 * r.IntN(5)), Total: 100,
			}
		case nginx && r.IntN(3) == 0:
			o.Hosts = append(o.Hosts, rules.Host{Name: hosts[1+r.IntN(4)], Alias: true, Where: "alias"})
		case r.IntN(3) == 0:
			last := nginxRule(service(), "/")
			if !nginx {
				last.Expression = nil
			}
			last.Where = "default"
			o.Hosts = append(o.Hosts, rules.Host{Name: o.Hosts[0].Name, Default: true, Alone: nginx, Where: "default", Rules: []rules.Rule{last}})
		}
		in.Objects = append(in.Objects, o)
	}
	if r.IntN(4) == 0 {
		in.Owners = map[string]string{hosts[r.IntN(len(hosts))]: one("blue", "green")}
	}
	return in
}

func TestSeveralObjectsOfAHostAgreeWithAModel(t *testing.T) {
	r := rand.New(rand.NewPCG(20, 7))
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	kinds := map[string]int{}
	for n := range 400 {
		in := severalObjects(r)
		x, s, _ := explainer(t, in)
		m := newModel(in)
		for range 40 {
			name, path := one("a.io", "b.io", "c.io", "d.io", "e.net"), one("/", "/a", "/A", "/ab", "/a/b", "/a/B", "/b", "/b/x", "/B/X", "/axb", "/bab/x")
			field, cookie := one("-", "-", "always", "never", "v", "xv", "w"), one("-", "-", "always", "never", "x")
			var fields []string
			if field != "-" {
				fields = append(fields, "X-Canary: "+field)
			}
			if cookie != "-" {
				fields = append(fields, "Cookie: a=b; canary="+cookie)
			}
			want := m.decide(name, path, field, cookie)
			if got := decided(t, x, name+path, fields...); got != want {
				for _, o := range m.objects {
					t.Logf("%s age %v canary %+v", o.ID, o.Created.Sub(today), o.Canary)
					for _, h := range o.Hosts {
						t.Logf("  host %q expressions %t alias %t default %t alone %t", h.Name, h.Expressions, h.Alias, h.Default, h.Alone)
						for _, rule := range h.Rules {
							t.Logf("    %v %s -> %s, expression %t", rule.Match.Type, rule.Match.Path, rule.Backends[0].Service, rule.Expression != nil)
						}
					}
				}
				t.Fatalf("input %d, owners %v, shared %t: %s%s %v goes to %s, want %s", n, in.Owners, in.Options.AllowSharedHosts, name, path, fields, got, want)
			}
			switch {
			case want == "RouteNotFound":
				kinds["none"]++
			case strings.Contains(want, "%"):
				kinds["divided"]++
			default:
				kinds["one"]++
			}
		}
		other := in
		other.Objects = slices.Clone(in.Objects)
		r.Shuffle(len(other.Objects), func(i, j int) { other.Objects[i], other.Objects[j] = other.Objects[j], other.Objects[i] })
		other.Options.IngressClass = ""
		if again, _ := build(other); !s.Equal(again) {
			t.Fatalf("input %d: the order of the objects makes a difference", n)
		}
	}
	t.Logf("requests: %v", kinds)
	if kinds["one"] < 3000 || kinds["divided"] < 200 || kinds["none"] < 1000 {
		t.Errorf("the objects and requests hardly meet: %v", kinds)
	}
}
