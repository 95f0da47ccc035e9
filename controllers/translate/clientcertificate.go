// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/clientcert"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// guards finds out what the clients of hosts have to show.
type guards struct {
	hosts *hosts
	now   time.Time
	known KnownAuthorities
	// named are the authorities that may be used.
	named map[AuthorityName]struct{}
	// dated is set if what there is to say depends on the time.
	dated bool
	// made has the policies that have been made, by the objects that ask for them.
	made map[*object]*auth.ClientCertificate
}

// guard has the routes of hosts judge the certificates of their clients, whichever objects they are of. It notes on
// each object that asks for that what became of it. It returns whether that depends on the time.
func guard(in *Input, objects []object, hosts *hosts, programmed []snapshot.Host) (dated bool) {
	if !slices.ContainsFunc(objects, func(o object) bool { return o.ClientCertificate != nil }) {
		return false
	}
	g := guards{
		hosts: hosts, now: in.Now, known: hosts.around.knownAuthorities(in), named: namedAuthorities(in.Listeners, objects),
		made: make(map[*object]*auth.ClientCertificate),
	}
	asking := make(map[int32][]*object) // by host, oldest first
	for i := range objects {
		if o := &objects[i]; o.ClientCertificate != nil {
			for _, host := range g.guarded(o) {
				asking[host] = append(asking[host], o)
			}
		}
	}
	for _, host := range slices.Sorted(maps.Keys(asking)) { // in the same order on all replicas
		at, ok := findHost(programmed, hosts.list[host].name)
		if !ok {
			continue // It has no rule that is served.
		}
		by := g.judge(host, asking[host])
		programmed[at].Clients = by.Terms
		for i := range programmed[at].Routes {
			route := &programmed[at].Routes[i]
			route.Policies = withPolicy(route.Policies, by)
		}
	}
	for index, of := range hosts.aliases { // They have the routes of those hosts already.
		from, ok := findHost(programmed, hosts.list[of].name)
		to, there := findHost(programmed, hosts.list[index].name)
		if ok && there {
			programmed[to].Clients = programmed[from].Clients
		}
	}
	return g.dated
}

func findHost(programmed []snapshot.Host, name string) (int, bool) {
	return slices.BinarySearchFunc(programmed, name, func(h snapshot.Host, name string) int { return cmp.Compare(h.Name, name) })
}

// withPolicy returns policies with one more in its place. The list is a new one, because rules share theirs.
func withPolicy(list []policy.Policy, p policy.Policy) []policy.Policy {
	at := len(list)
	for at > 0 && policy.Place(list[at-1]) > policy.Place(p) {
		at--
	}
	return slices.Insert(slices.Clone(list), at, p)
}

// guarded returns the hosts whose clients an object has asked, each once. Nobody has those of another namespace asked.
func (g *guards) guarded(o *object) (indexes []int32) {
	add := func(name string) bool {
		i, ok := g.hosts.byName[name]
		ok = ok && g.hosts.owns(o.Namespace, i) && g.hosts.allowed.allows(o.Namespace, name)
		if ok && !slices.Contains(indexes, i) {
			indexes = append(indexes, i)
		}
		return ok
	}
	own := func(yield func(string) bool) {
		for e := range o.Hosts {
			if h := &o.Hosts[e]; !h.Alias && !h.Yields && h.Listener == nil && rules.ValidHost(h.Name) && !yield(h.Name) {
				return
			}
		}
	}
	if len(o.ClientCertificate.Hosts) == 0 {
		own(func(name string) bool {
			add(name)
			return true
		})
		return indexes
	}
	for _, name := range o.ClientCertificate.Hosts {
		if add(name) {
			continue
		}
		found := false
		own(func(below string) bool {
			if wildcardOver(below) == name {
				found = add(below) || found
			}
			return true
		})
		if !found {
			o.problems = append(o.problems, clientProblem(v1alpha1.ReasonInvalidRule, "no client of "+rules.Quote(name)+
				" is asked for a certificate, because no rule that this namespace may have has it as its host: add a rule, or take the name from tls.hosts"))
		}
	}
	return indexes
}

func clientProblem(reason, text string) problem {
	return problem{entry: wholeObject, rule: wholeHost, reason: reason, text: text, clients: true}
}

// clientsWhere is where the author of an object finds what it asks of clients.
func (o *object) clientsWhere() string {
	if o.Kind == v1alpha1.IngressKind {
		return "tls.clientCertificate"
	}
	return "metadata.annotations"
}

// judge returns what judges the clients of a host that some objects ask something of. If they do not agree, the oldest
// decides where all say so. Otherwise nobody gets in: nothing else is what each of them asks for.
func (g *guards) judge(host int32, by []*object) *auth.ClientCertificate {
	oldest := by[0]
	differs := func(o *object) bool { return !o.ClientCertificate.Agrees(oldest.ClientCertificate) }
	if !slices.ContainsFunc(by, differs) {
		return g.of(oldest)
	}
	name := hostText(g.hosts.list[host].name)
	if !slices.ContainsFunc(by, func(o *object) bool { return !o.ClientCertificate.OldestHolds }) {
		for _, o := range by {
			if differs(o) {
				o.problems = append(o.problems, clientProblem(v1alpha1.ReasonClientCertificateConflict, "the clients of "+name+
					" show what "+nameFor(o, oldest, "the older Ingress ")+" asks for, and that is something else: write the same into both"))
				oldest.overruled = append(oldest.overruled, name+" show what it asks for, and not what "+nameFor(oldest, o, "the younger Ingress ")+" does")
			}
		}
		return g.of(oldest)
	}
	for _, o := range by {
		other := oldest
		if !differs(o) {
			other = by[slices.IndexFunc(by, differs)]
		}
		o.problems = append(o.problems, clientProblem(v1alpha1.ReasonClientCertificateConflict, "no client of "+name+" gets in, because "+
			nameFor(o, other, "Ingress ")+" asks its clients for something else: write the same into both"))
	}
	return &auth.ClientCertificate{Missing: "several Ingresses ask the clients of " + name + " for different certificates"}
}

// nameFor names an object for the author of another one, who may have no right to know it.
func nameFor(reader, other *object, kind string) string {
	if reader.Namespace != other.Namespace {
		return "an Ingress of another namespace"
	}
	return kind + other.ID
}

// of returns what judges clients as an object asks for it.
func (g *guards) of(o *object) *auth.ClientCertificate {
	if made := g.made[o]; made != nil {
		return made
	}
	c := o.ClientCertificate
	made := &auth.ClientCertificate{Optional: c.Optional, Unverified: c.Unverified, Forward: c.Forward, Status: c.Status, ErrorPage: c.ErrorPage}
	var fault finding
	if made.Terms, fault = g.terms(o); made.Terms == nil {
		made = &auth.ClientCertificate{Missing: fault.text}
	}
	g.made[o] = made
	return made
}

// terms returns what certificates have to be, or nil and why nobody can be judged. It notes that on the object, and
// what else there is to say.
func (g *guards) terms(o *object) (*clientcert.Terms, finding) {
	c := o.ClientCertificate
	if c.Fault != "" {
		o.problems = append(o.problems, clientProblem(v1alpha1.ReasonInvalidRule, c.Fault+"; no client gets in"))
		return nil, finding{text: c.Fault}
	}
	fail := func(reason, text string) (*clientcert.Terms, finding) {
		o.references = append(o.references, finding{reason, o.clientsWhere() + ": " + text + ": no client gets in"})
		return nil, finding{reason, text}
	}
	authority, fault := g.find(c.Authorities)
	if authority == nil {
		return fail(fault.reason, fault.text)
	}
	if authority.Fault != "" {
		return fail(cmp.Or(authority.Reason, v1alpha1.ReasonCAInvalid), authority.Name.String()+": "+authority.Fault)
	}
	terms := &clientcert.Terms{
		Authorities: authority.Certificates, Depth: c.Depth, Subjects: c.Subjects, SubjectPattern: c.SubjectPattern, AltNames: c.AltNames,
	}
	if authority.LeftOut != "" {
		o.references = append(o.references, finding{text: o.clientsWhere() + ": " + authority.Name.String() + " is used without what is no certificate: " + authority.LeftOut})
	}
	from := authority
	if c.Revocations.Name != "" {
		if from, fault = g.find(c.Revocations); from == nil {
			return fail(v1alpha1.ReasonCRLInvalid, fault.text)
		}
		if from.Revocations == nil {
			return fail(v1alpha1.ReasonCRLInvalid, from.Name.String()+" has no list of revocations: put one under its key crl.pem, as PEM")
		}
	}
	if from.Revocations == nil {
		return terms, finding{}
	}
	g.dated = true
	found := from.Revocations.inspect(terms.Authorities)
	switch {
	case found.fault != "":
		return fail(v1alpha1.ReasonCRLInvalid, from.Name.String()+": "+found.fault)
	case !found.expires.IsZero() && !found.expires.After(g.now):
		o.references = append(o.references, finding{v1alpha1.ReasonCRLExpired, o.clientsWhere() + ": " + from.Name.String() +
			" has a list of revocations that has expired: no client of its issuer gets in until there is a newer one"})
	}
	if len(found.without) > 0 {
		o.references = append(o.references, finding{text: o.clientsWhere() + ": " + from.Name.String() + " has no list of revocations of " +
			strings.Join(rules.Bounded(found.without), ", ") + ": no client whose certificate it has issued gets in"})
	}
	terms.Revocations = from.Revocations.Lists
	return terms, finding{}
}

// find returns an object that is named for what authorities say, or nil and why it cannot be used.
func (g *guards) find(name AuthorityName) (*Authority, finding) {
	if _, ok := g.named[name]; !ok {
		return nil, finding{v1alpha1.ReasonTooManyAuthorities, name.String() + " is not read: the Ingresses of a namespace may name 16 Secrets and ConfigMaps with " +
			"authorities, and older ones name as many: put the certificates together into fewer"}
	}
	switch authority := g.known[name]; {
	case authority == nil:
		return nil, finding{v1alpha1.ReasonCANotFound, "there is no " + name.String()}
	case authority.Missing != "":
		return nil, finding{v1alpha1.ReasonCANotFound, name.String() + " " + authority.Missing}
	default:
		return authority, finding{}
	}
}

// overrules returns a text that says on which hosts an object decides against others.
func (o *object) overrules() string {
	if len(o.overruled) == 0 {
		return ""
	}
	return "; the clients of " + strings.Join(rules.Bounded(o.overruled), ", and those of ")
}
