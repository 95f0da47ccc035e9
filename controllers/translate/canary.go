// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// share is what a canary takes of the requests of a candidate, which is the main rule of its place, or was made of that
// for some of the requests.
type share struct {
	// object, entry and rule are the canary's, as in a candidate.
	object, entry, rule int32
	// backends are those of the canary's rule, as they are spoken to, and pools are the indexes of their pools.
	backends []rules.Backend
	pools    []int32
	// taken of total requests go to them.
	taken, total int32
	// made is set if the candidate was made of the main one. elsewhere is set if the canary has no rule for the place, and
	// takes the share because the main rule of another place has the same service.
	made, elsewhere bool
}

// shares are the shares of candidates, by their indexes. Nil if there is no canary, as in nearly all clusters.
type shares map[int32]*share

// derived returns whether the candidate of the share was made of another one.
func (s *share) derived() bool { return s != nil && s.made }

// mainPlace is the place of a main rule.
type mainPlace struct {
	host  int32
	path  string
	match snapshot.PathMatch
}

// mainService is the service of main rules, as ingress-nginx tells services apart: a port by its name is another one
// than the same by its number.
type mainService struct {
	namespace, service, portName string
	port                         int32
}

// mainRules are the candidates that canaries may take a share of: by their places, and by their services those of
// Ingresses that are written for ingress-nginx.
type mainRules struct {
	at map[mainPlace]int32
	of map[mainService][]int32
}

// share gives canaries their shares of the rules of other objects. All other candidates have been collected.
func (c *collector) share(objects []object, canaries []int32) {
	if len(canaries) == 0 {
		return
	}
	mains := c.mains(objects, canaries)
	for _, index := range canaries {
		o := &objects[index]
		for e := range o.Hosts {
			name := o.Hosts[e].Name
			if !c.hosts.mayHave(o, e) || o.Hosts[e].Alias || o.Hosts[e].Listener != nil {
				continue
			}
			h, ok := c.hosts.byName[name]
			switch {
			case ok && !c.hosts.owns(o.Namespace, h):
				o.problems = append(o.problems, ownedElsewhere(e, name))
				continue
			case ok && o.ClosesHosts:
				c.closeHost(o, candidate{host: h, object: index, entry: int32(e)})
			}
			for r := range o.Hosts[e].Rules {
				s := &share{object: index, entry: int32(e), rule: int32(r)}
				if p := c.divide(s, objects, h, ok, mains); p.reason != "" {
					p.entry, p.rule, p.unserved = e, r, true
					p.then = "the canary gets no request there"
					o.problems = append(o.problems, p)
				}
			}
		}
	}
}

// mains returns the candidates that canaries may take a share of: of each place the first without conditions, on hosts
// that a canary names, and in namespaces that have one.
func (c *collector) mains(objects []object, canaries []int32) mainRules {
	named, namespaces := make(map[int32]bool), make(map[string]bool)
	for _, index := range canaries {
		namespaces[objects[index].Namespace] = true
		for e := range objects[index].Hosts {
			if h, ok := c.hosts.byName[objects[index].Hosts[e].Name]; ok {
				named[h] = true
			}
		}
	}
	mains := mainRules{at: make(map[mainPlace]int32), of: make(map[mainService][]int32)}
	for i := range c.candidates {
		m := &c.candidates[i]
		o := &objects[m.object]
		if !named[m.host] && !namespaces[o.Namespace] || m.conditions != nil || m.rule == wholeHost || m.match == snapshot.MatchText {
			continue
		}
		at := mainPlace{m.host, m.path, m.match}
		if _, ok := mains.at[at]; ok {
			continue
		}
		mains.at[at] = int32(i)
		if service, ok := c.serviceOf(m, o); ok {
			mains.of[service] = append(mains.of[service], int32(i))
		}
	}
	return mains
}

// serviceOf returns the service of a main rule. ok is false if its share is no matter of a service.
func (c *collector) serviceOf(m *candidate, o *object) (service mainService, ok bool) {
	rule := &o.Hosts[m.entry].Rules[m.rule]
	if rule.Expression == nil || m.faulty || len(rule.Backends) != 1 {
		return service, false
	}
	b := &rule.Backends[0]
	return mainService{o.NamespaceOf(b), b.Service, b.PortName, b.Port}, true
}

// main returns the main candidate for a rule of a canary: the one that has the place which the rule would have, and
// whose path is written the same. If that is an expression and nobody's, it is the one that keeps the path as it is
// written, whatever others make of theirs.
func (c *collector) main(rule *rules.Rule, host int32, objects []object, mains mainRules) (index int32, ok bool) {
	match := rule.MatchAs(c.hosts.list[host].opened != nil)
	for _, at := range [...]mainPlace{
		{host, match.Path, match.Type},
		{host, match.Path + "/", match.Type}, // if somebody has it as Exact: see keepExact
		{host, rule.Match.Path, rule.Match.Type},
	} {
		if index, ok = mains.at[at]; !ok {
			continue
		}
		m := &c.candidates[index]
		like := &objects[m.object].Hosts[m.entry].Rules[m.rule]
		if like.Match.Type == rule.Match.Type && like.MatchAs(m.opened).Path == match.Path || at.match == rule.Match.Type && at.path == rule.Match.Path {
			return index, true
		}
	}
	return 0, false
}

// divide divides the main candidate of the place of a canary's rule, and with it all others that have its service.
// known is false if there is no host of the name. It returns why nothing can be divided, without a reason if it was.
func (c *collector) divide(s *share, objects []object, host int32, known bool, mains mainRules) problem {
	o := &objects[s.object]
	name := o.Hosts[s.entry].Name
	rule := &o.Hosts[s.entry].Rules[s.rule]
	match := rule.MatchAs(known && c.hosts.list[host].opened != nil)
	switch f := cmp.Or(match.Fault, rule.Fault); {
	case f == nil:
	case f.Text == "": // The object has that fault, and is told so.
		return problem{}
	default:
		return problem{reason: v1alpha1.ReasonInvalidRule, text: f.Text}
	}
	if text := c.budget.Take(o.Namespace, rule); text != "" {
		return problem{reason: v1alpha1.ReasonInvalidRule, text: text}
	}
	unused := func(text string) problem { return problem{reason: v1alpha1.ReasonCanaryUnused, text: text} }
	place := match.Type.String() + " " + rules.Clip(match.Path) + " of " + hostText(name)
	index, ok := int32(0), false
	if known {
		index, ok = c.main(rule, host, objects, mains)
	}
	if !ok {
		return unused("no other Ingress of the namespace has a rule for " + place + ", and a canary makes none: write the host, path and pathType of the main one")
	}
	main := &c.candidates[index]
	mainRule := &objects[main.object].Hosts[main.entry].Rules[main.rule]
	who := o.named(objects[main.object].Object)
	switch taken := c.shares[index]; {
	case taken != nil && taken.object == s.object && taken.elsewhere && sameService(taken.backends, rule.Backends):
		taken.entry, taken.rule, taken.elsewhere = s.entry, s.rule, false
		return problem{}
	case taken != nil && taken.object == s.object:
		return unused("an earlier rule of this Ingress takes a share of " + place)
	case taken != nil:
		return unused(o.named(objects[taken.object].Object) + ", an older canary, takes a share of " + place + ", and a service has one canary")
	case main.faulty:
		return unused(who + " has " + place + ", and answers 503 there")
	case len(mainRule.Backends) == 0:
		return unused(who + " has " + place + ", and answers there by itself")
	case o.Namespace != objects[main.object].Namespace && showsCertificate(&mainRule.Backends[0]):
		return unused(who + " has " + place + ", whose backend is shown a certificate, and that is not lent to another namespace: make the canary in that namespace")
	}
	c.take(s, index, objects)
	service, ok := c.serviceOf(main, &objects[main.object])
	if !ok || o.Namespace != objects[main.object].Namespace {
		return problem{}
	}
	for _, other := range mains.of[service] {
		if c.shares[other] == nil {
			c.take(&share{object: s.object, entry: s.entry, rule: s.rule, elsewhere: true}, other, objects)
		}
	}
	return problem{}
}

// take has a share be that of a main candidate, and makes candidates of the latter for those requests that a header or
// a cookie decides about.
func (c *collector) take(s *share, index int32, objects []object) {
	o, main := &objects[s.object], c.candidates[index]
	c.lendTerms(s, o, &o.Hosts[s.entry].Rules[s.rule], &objects[main.object].Hosts[main.entry].Rules[main.rule])
	if c.shares == nil {
		c.shares = make(shares)
	}
	c.shares[index] = s
	s.taken, s.total = o.Canary.Weight, o.Canary.Total
	for _, d := range decisions(o.Canary) {
		made := main
		made.conditions = d.conditions
		part := *s
		part.made, part.taken, part.total = true, d.taken, 1
		c.shares[int32(len(c.candidates))] = &part
		c.candidates = append(c.candidates, made)
	}
}

// sameService returns whether the first backends of two rules of a canary are the same port of a service.
func sameService(one, other []rules.Backend) bool {
	if len(one) == 0 || len(other) == 0 {
		return false
	}
	a, b := &one[0], &other[0]
	return a.Service == b.Service && a.Port == b.Port && a.PortName == b.PortName
}

// showsCertificate returns whether the backend is shown a certificate of the controller's side.
func showsCertificate(b *rules.Backend) bool {
	return b.TLS != nil && b.TLS.ClientCertificate.Name != "" || b.ServiceTLS != nil && b.ServiceTLS.ClientCertificate.Name != ""
}

// lendTerms sets the backends of a share. They are spoken to as that of the main rule, if that is one.
func (c *collector) lendTerms(s *share, o *object, rule, mainRule *rules.Rule) {
	spoken := rules.Rule{Backends: make([]rules.Backend, len(rule.Backends))}
	copy(spoken.Backends, rule.Backends)
	if len(mainRule.Backends) == 1 {
		like := &mainRule.Backends[0]
		for i := range spoken.Backends {
			b := &spoken.Backends[i]
			b.Protocol, b.TLS, b.ServiceTLS, b.ByService = like.Protocol, like.TLS, like.ServiceTLS, like.ByService
		}
	}
	var led candidate
	c.lead(&led, o, &spoken)
	s.backends, s.pools = spoken.Backends, led.pools
}

// decision is a part of the requests of a main rule that all go to one side.
type decision struct {
	conditions *snapshot.Conditions
	// taken is 1 if the canary gets the requests, and 0 if the main rule does.
	taken int32
}

// decisions returns what is decided before the weights of a canary, in any order: at most one holds, and that on a
// header goes before that on a cookie.
func decisions(c *rules.Canary) (list []decision) {
	header := func(value string, as snapshot.ValueMatch, taken int32) {
		list = append(list, decision{&snapshot.Conditions{Headers: []snapshot.Condition{{Name: c.Header, Value: value, Match: as}}}, taken})
	}
	cookie := func(value string, taken int32) {
		name := strings.ToLower(c.Cookie)
		list = append(list, decision{&snapshot.Conditions{Cookies: []snapshot.Condition{{Name: name, Value: value}}}, taken})
	}
	const always, never = "always", "never"
	switch {
	case c.Header == "":
	case c.HeaderValue != "":
		header(c.HeaderValue, snapshot.ValueExact, 1)
	case c.HeaderPattern != "":
		header(c.HeaderPattern, snapshot.ValueRegularExpression, 1)
	default:
		header(always, snapshot.ValueExact, 1)
		header(never, snapshot.ValueExact, 0)
	}
	if c.Cookie != "" {
		cookie(always, 1)
		cookie(never, 0)
	}
	return list
}

// divide has a route share its requests among the backends of the main rule and those of the canary. All parts of a
// main rule have all backends, even those without a weight: sessions may be at any of them.
func (s *share) divide(route *snapshot.Route, o *object, c *candidate, objects []object, pools *pools) {
	rule := &o.Hosts[c.entry].Rules[c.rule]
	main, canary := sumOfWeights(rule.Backends), sumOfWeights(s.backends)
	route.Canary, route.Pool, route.Backends = objects[s.object].ID, "", nil
	add := func(b *rules.Backend, index int32, times int) {
		route.Backends = append(route.Backends, snapshot.Backend{Pool: pools.serving(index, b), Weight: int(b.Weight) * times, Policies: b.Policies})
	}
	for i := range rule.Backends {
		add(&rule.Backends[i], c.pools[i], int(s.total-s.taken)*canary)
	}
	for i := range s.backends {
		add(&s.backends[i], s.pools[i], int(s.taken)*main)
	}
}

func sumOfWeights(backends []rules.Backend) (sum int) {
	for i := range backends {
		sum += int(backends[i].Weight)
	}
	return sum
}

// note notes on a canary why it gets no request of a place.
func (s *share) note(objects []object, why string) {
	if s.made || s.elsewhere {
		return
	}
	o := &objects[s.object]
	o.problems = append(o.problems, problem{entry: int(s.entry), rule: int(s.rule), unserved: true, reason: v1alpha1.ReasonCanaryUnused,
		text: why, then: "the canary gets no request there"})
}

// count counts the share as a rule of the canary's that is served.
func (s *share) count(objects []object) {
	if s != nil && !s.elsewhere {
		objects[s.object].routes++
	}
}

// noteBackends notes those backends of canaries on their objects that have findings.
func (s shares) noteBackends(objects []object, candidates []candidate, pools *pools) {
	if len(s) == 0 {
		return
	}
	for i := range candidates {
		part := s[int32(i)]
		if part == nil || part.made || part.elsewhere {
			continue
		}
		for _, index := range part.pools {
			if index != noPool && pools.list[index].finding != "" {
				objects[part.object].noteBackend(index)
			}
		}
	}
}
