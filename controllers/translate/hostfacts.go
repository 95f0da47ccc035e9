// SPDX-License-Identifier: Apache-2.0

package translate

// hostFacts are what islands know of the hosts of others, but for those of listeners.
type hostFacts struct {
	// owners are those of all hosts. below counts the owners of the hosts that a wildcard, or "", stands for too.
	owners map[string]string
	below  map[string]map[string]int
	// redirects are what is wanted for hosts below wildcards.
	redirects map[string]redirect
	// before is what was known of hosts before the present build touched it.
	before map[string]hostFact
}

// hostFact is what is known of one host.
type hostFact struct {
	known, redirected bool
	owner             string
	redirect          redirect
}

func newHostFacts() hostFacts {
	return hostFacts{owners: make(map[string]string), below: make(map[string]map[string]int), redirects: make(map[string]redirect),
		before: make(map[string]hostFact)}
}

func (f *hostFacts) of(host string) (fact hostFact) {
	fact.owner, fact.known = f.owners[host]
	fact.redirect, fact.redirected = f.redirects[host]
	return fact
}

// touch notes what is known of a host, before that changes.
func (f *hostFacts) touch(host string) {
	if _, ok := f.before[host]; !ok {
		f.before[host] = f.of(host)
	}
}

// own notes who owns a host.
func (f *hostFacts) own(host, owner string) {
	f.touch(host)
	f.owners[host] = owner
	if host == "" {
		return
	}
	for _, over := range over(host) {
		if f.below[over] == nil {
			f.below[over] = make(map[string]int)
		}
		f.below[over][owner]++
	}
}

// disown undoes what own has done.
func (f *hostFacts) disown(host string) {
	f.touch(host)
	owner := f.owners[host]
	delete(f.owners, host)
	if host == "" {
		return
	}
	for _, over := range over(host) {
		if f.below[over][owner]--; f.below[over][owner] > 0 {
			continue
		}
		if delete(f.below[over], owner); len(f.below[over]) == 0 {
			delete(f.below, over)
		}
	}
}

// shadows returns whether a host stands for hosts of other owners than its own.
func (f *hostFacts) shadows(host, owner string) bool {
	if !isWildcard(host) {
		return false
	}
	owners := len(f.below[host])
	if _, ok := f.below[host][owner]; ok {
		owners--
	}
	return owners > 0
}

// forget takes away what an island has told of its hosts, and what it has of pools.
func (b *Builder) forget(i *island) {
	for _, host := range i.hosts {
		b.disown(host)
	}
	for host := range i.redirects {
		b.touch(host)
		delete(b.redirects, host)
	}
	b.releasePools(i)
	delete(b.dated, i)
}

// beginAll begins to build islands, and notes who owns their hosts.
func (b *Builder) beginAll(islands []*island) {
	for _, i := range islands {
		i.building = begin(b.input(i), b)
		for n := range i.building.hosts.list {
			if h := &i.building.hosts.list[n]; !h.at.IsValid() {
				i.hosts = append(i.hosts, h.name)
				b.own(h.name, h.owner)
			}
		}
	}
}

// certifyAll finds out which certificates the hosts of islands have, and notes what is wanted for hosts below their
// wildcards.
func (b *Builder) certifyAll(islands []*island) {
	for _, i := range islands {
		i.building.certify()
		for host, r := range i.building.certificates.redirects {
			if !isWildcard(host) {
				continue
			}
			if i.redirects == nil {
				i.redirects = make(map[string]redirect)
			}
			b.touch(host)
			i.redirects[host], b.redirects[host] = r, r
		}
	}
}

// tellOwners takes apart those islands that read who owns a host, if that is another one now, and those that have a
// host which stands for hosts of others now, or does no more.
func (b *Builder) tellOwners() {
	changed := b.changed(func(was, is hostFact) bool { return is.known != was.known || is.owner != was.owner })
	for _, host := range changed {
		b.tell(topic{of: aboutHost, name: host})
		for _, over := range over(host) {
			i := b.bound[bond{kind: ofHost, name: over}]
			if owner, ok := b.owners[over]; ok && i != nil && i.building == nil && b.shadows(over, owner) != i.shadowed[over] {
				b.loosen(i)
			}
		}
	}
}

// tellRedirects takes apart those islands that read what is wanted for hosts below a wildcard, if that has changed.
func (b *Builder) tellRedirects() {
	for _, host := range b.changed(func(was, is hostFact) bool { return is.redirected != was.redirected || is.redirect != was.redirect }) {
		b.tell(topic{of: aboutHost, name: host})
	}
}

// changed returns the hosts of which the present build knows something else than the one before.
func (f *hostFacts) changed(differs func(was, is hostFact) bool) (hosts []string) {
	for host, was := range f.before {
		if differs(was, f.of(host)) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}
