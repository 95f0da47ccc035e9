// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"slices"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// merge makes the snapshot and the reports from those before and from the islands that are new.
func (b *Builder) merge(before *Input, fresh []*island) (*snapshot.Snapshot, []*Report) {
	was := b.snapshot
	s := &snapshot.Snapshot{
		Hosts: b.mergeHosts(was.Hosts), Pools: b.listPools(was.Pools), Unserved: b.mergeUnserved(was.Unserved, fresh),
		Challenges: shared(was.Challenges, b.answer(), func(a, b snapshot.Challenge) bool { return a == b }),
	}
	for _, i := range fresh {
		if i.dated {
			b.dated[i] = struct{}{}
		}
	}
	s.Certificates = b.mergeCertificates(was.Certificates, before, fresh)
	b.mergeListeners(was.Listeners, s, fresh)
	switch {
	case len(b.in.Tasks) == 0:
	case same(was.Pools, s.Pools) && same(before.Tasks, b.in.Tasks) && (same(was.Hosts, s.Hosts) || !namesRequested(s.Pools)):
		s.Checks = was.Checks
	default:
		s.Checks = shared(was.Checks, checks(b.in.Tasks, s.Pools, s.Hosts), snapshot.Check.Equal)
	}
	b.snapshot, b.reports = *s, b.mergeReports(fresh)
	b.taken, b.made = nil, nil
	return s, b.reports
}

// namesRequested returns whether the endpoints of some pool are asked under the names of hosts.
func namesRequested(pools []snapshot.Pool) bool {
	return slices.ContainsFunc(pools, func(p snapshot.Pool) bool { return p.TLS.ServerNameFromRequest })
}

// same returns whether two lists are the same memory.
func same[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// shared returns a list, or the one before it if they are equal. An item that has not changed is that of before.
func shared[T any](before, now []T, equal func(a, b T) bool) []T {
	if len(before) != len(now) {
		return now
	}
	all := true
	for i := range now {
		if equal(before[i], now[i]) {
			now[i] = before[i]
		} else {
			all = false
		}
	}
	if all && (before == nil) == (now == nil) {
		return before
	}
	return now
}

func byName(a, b *snapshot.Host) int { return strings.Compare(a.Name, b.Name) }

// mergeHosts returns the hosts of no listener. Those of new islands that are like those before stay the same memory.
func (b *Builder) mergeHosts(before []snapshot.Host) []snapshot.Host {
	gone := make(map[string]snapshot.Host)
	for _, i := range b.taken {
		for _, name := range i.programmed {
			if host := find(before, &snapshot.Host{Name: name}, byName); host != nil {
				gone[name] = *host
			}
		}
	}
	var came []snapshot.Host
	for _, host := range b.made {
		was, there := gone[host.Name]
		switch {
		case there && was.Equal(host):
			delete(gone, host.Name)
			continue
		case there:
			host.Routes = sharedRoutes(was.Routes, host.Routes)
		}
		came = append(came, host)
	}
	return patched(before, slices.Collect(maps.Values(gone)), came, byName)
}

// sharedRoutes returns the routes of before if they are equal to those now.
func sharedRoutes(before, now []snapshot.Route) []snapshot.Route {
	if slices.EqualFunc(before, now, snapshot.Route.Equal) {
		return before
	}
	return now
}

// mergeUnserved returns the rules without a route.
func (b *Builder) mergeUnserved(before []snapshot.Unserved, fresh []*island) []snapshot.Unserved {
	changed := false
	for _, i := range b.taken {
		if _, ok := b.rejecting[i]; ok {
			delete(b.rejecting, i)
			changed = true
		}
	}
	for _, i := range fresh {
		if len(i.unserved) > 0 && i.members != nil {
			b.rejecting[i] = struct{}{}
			changed = true
		}
	}
	if !changed {
		return before
	}
	var all []snapshot.Unserved
	for i := range b.rejecting {
		all = append(all, i.unserved...)
	}
	// Those that are alike are of one island, and stay in its order.
	slices.SortStableFunc(all, snapshot.Unserved.Compare)
	return shared(before, all, snapshot.Unserved.Equal)
}

// answer returns the answers to challenges that are served.
func (b *Builder) answer() []snapshot.Challenge {
	h := newHosts(0, b.in.Owners, b.in.Options.AllowSharedHosts)
	h.around, h.allowed = b, b.allowed
	return h.answer(b.in.Challenges)
}

// mergeListeners adds the listeners, which are all of one island.
func (b *Builder) mergeListeners(before []snapshot.Listener, s *snapshot.Snapshot, fresh []*island) {
	of := b.bound[bond{kind: ofListeners}]
	if of == nil {
		return
	}
	for n := range of.listeners {
		l := &of.listeners[n]
		s.Listeners = append(s.Listeners, snapshot.Listener{Address: l.Address, Hosts: l.Hosts})
		if i := slices.IndexFunc(before, func(o snapshot.Listener) bool { return o.Address == l.Address }); i >= 0 && slices.Contains(fresh, of) {
			s.Listeners[n].Hosts = sharedHosts(before[i].Hosts, l.Hosts)
			l.Hosts = s.Listeners[n].Hosts
		}
	}
	placeListeners(b.in.Listeners, s)
	nameListeners(&b.in, s)
	s.Listeners = shared(before, s.Listeners, snapshot.Listener.Equal)
}

// sharedHosts returns hosts. Those that are like those before are the same memory.
func sharedHosts(before, now []snapshot.Host) []snapshot.Host {
	if len(before) == len(now) {
		return shared(before, now, snapshot.Host.Equal)
	}
	for n := range now {
		if was := find(before, &now[n], byName); was != nil && was.Equal(now[n]) {
			now[n] = *was
		}
	}
	return now
}

func byObject(a, b **Report) int { return (*a).Compare(*b) }

// mergeReports returns the reports on all objects. One that says what it said before stays the same.
func (b *Builder) mergeReports(fresh []*island) []*Report {
	gone := make(map[*Report]bool)
	for _, i := range b.taken {
		for _, r := range i.reports {
			gone[r] = true
		}
	}
	var came []*Report
	add := func(r *Report) *Report {
		if was := find(b.reports, &r, byObject); was != nil && gone[*was] && r.equal(*was) {
			delete(gone, *was)
			return *was
		}
		came = append(came, r)
		return r
	}
	for _, i := range fresh {
		for n := range i.reports {
			i.reports[n] = add(i.reports[n])
		}
	}
	if b.tasks.changed {
		b.tasks.merge(gone, add)
	}
	return patched(b.reports, slices.Collect(maps.Keys(gone)), came, byObject)
}

// taskReports are the reports on Tasks.
type taskReports struct {
	of map[*v1alpha1.Task]*Report
	// gone are the reports that are replaced, and came the Tasks that have new ones.
	gone    []*Report
	came    []*v1alpha1.Task
	changed bool
}

func newTaskReports() taskReports { return taskReports{of: make(map[*v1alpha1.Task]*Report)} }

// remove forgets the report on a Task, and set replaces it.
func (t *taskReports) remove(o *v1alpha1.Task) {
	if r := t.of[o]; r != nil {
		t.gone, t.changed = append(t.gone, r), true
		delete(t.of, o)
	}
}

func (t *taskReports) set(o *v1alpha1.Task, r *Report) {
	t.remove(o)
	t.of[o], t.came, t.changed = r, append(t.came, o), true
}

// merge adds the reports that are replaced to gone, and calls add with those that replace them.
func (t *taskReports) merge(gone map[*Report]bool, add func(*Report) *Report) {
	for _, r := range t.gone {
		gone[r] = true
	}
	for _, o := range t.came {
		if r := t.of[o]; r != nil {
			t.of[o] = add(r)
		}
	}
	t.gone, t.came, t.changed = nil, nil, false
}
