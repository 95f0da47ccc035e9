// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Builder builds one snapshot after the other, each from what has changed since the one before. The result is always
// what [Build] makes of the whole input. What is the same as before is the same memory: a host has the same array of
// routes, a pool that of endpoints, and an object the same report.
//
// It divides the objects into islands, which are built by themselves. What has changed is found by comparing pointers.
// So an object that has changed has to be another one, and an object that has not should be the same one, at the same
// place of its list. A map of an Input that is the same one is taken to hold what it held.
//
// One goroutine at a time uses it.
type Builder struct {
	// sound is set if the last build has ended. Otherwise the next one begins with nothing.
	sound bool
	built
}

// built is what a Builder remembers.
type built struct {
	// in is the input, and snapshot and reports are what became of it.
	in       Input
	snapshot snapshot.Snapshot
	reports  []*Report

	hostFacts
	crowds crowds
	// islandOf and islandOfCertificate are where objects and TLSCertificates are. bound has the islands by what binds
	// them, and readers by what they read.
	islandOf            map[*rules.Object]*island
	islandOfCertificate map[*v1alpha1.TLSCertificate]*island
	bound               map[bond]*island
	readers             map[topic]seats
	// dated are the islands whose results depend on the time, and rejecting those that have rules without a route.
	dated, rejecting map[*island]struct{}

	// pools are all pools, by id, and poolsOf by service. secured are those that are spoken to over TLS, and touchedPools
	// those that the present build has changed.
	pools                 map[string]*sharedPool
	poolsOf               map[serviceKey][]*sharedPool
	secured, touchedPools map[*sharedPool]struct{}
	// ambiguous is set if two backends that differ have one pool.
	ambiguous bool
	services  map[serviceKey]*service
	networks  *networks

	secrets     map[types.NamespacedName]*Secret
	keepers     map[types.NamespacedName]*v1alpha1.TLSCertificate
	ordered     map[types.NamespacedName]int
	credentials map[rules.CredentialName]*Credential
	authorities KnownAuthorities
	// verifiers are what pools are verified by, nil before a pool asks for that.
	verifiers *authorities
	// steady is the time in which no certificate's validity begins or ends.
	steady       span
	certificates servedCertificates
	tasks        taskReports
	allowed      *allowances

	// loose are members that are in no island, and taken the islands that were taken apart. made are the hosts of new
	// ones.
	loose []member
	taken []*island
	made  []snapshot.Host
	left  departures
}

// departures are members that are in an input no more.
type departures struct {
	objects      map[*rules.Object]bool
	certificates map[*v1alpha1.TLSCertificate]bool
}

func newDepartures() departures {
	return departures{make(map[*rules.Object]bool), make(map[*v1alpha1.TLSCertificate]bool)}
}

// stale says which pools have to be resolved anew.
type stale struct {
	all, secured bool
	of           map[serviceKey]bool
}

// span is from a moment on until before another one. The zero value has no moment.
type span struct{ from, to time.Time }

func (s span) has(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

func newBuilt() built {
	return built{
		hostFacts: newHostFacts(), crowds: newCrowds(),
		islandOf: make(map[*rules.Object]*island), islandOfCertificate: make(map[*v1alpha1.TLSCertificate]*island),
		bound: make(map[bond]*island), readers: make(map[topic]seats),
		dated: make(map[*island]struct{}), rejecting: make(map[*island]struct{}),
		pools: make(map[string]*sharedPool), poolsOf: make(map[serviceKey][]*sharedPool),
		secured: make(map[*sharedPool]struct{}), touchedPools: make(map[*sharedPool]struct{}),
		services: make(map[serviceKey]*service),
		secrets:  make(map[types.NamespacedName]*Secret), keepers: make(map[types.NamespacedName]*v1alpha1.TLSCertificate),
		ordered: make(map[types.NamespacedName]int), credentials: make(map[rules.CredentialName]*Credential), authorities: make(KnownAuthorities),
		certificates: newServedCertificates(), tasks: newTaskReports(),
	}
}

// Build is [Build]. Nobody modifies the lists and maps of the input afterwards, nor the result.
func (b *Builder) Build(in Input) (*snapshot.Snapshot, []*Report) {
	if !b.sound || !reflect.DeepEqual(in.Options, b.in.Options) {
		b.built = newBuilt()
	}
	b.sound = false
	before := b.in
	b.in, b.allowed = in, newAllowances(&in)

	b.left = newDepartures()
	again := b.readBackends(&before)
	again.secured = b.readAuthorities(&before)
	b.readCertificates(&before)
	if b.readObjects(&before) {
		again.secured = true
	}
	b.refreshPools(again)
	b.dropGone()
	fresh := b.bind()
	b.beginAll(fresh)
	b.tellOwners()
	more := b.bind()
	b.beginAll(more)
	fresh = append(fresh, more...)
	b.certifyAll(fresh)
	b.tellRedirects()
	more = b.bind()
	b.beginAll(more)
	b.certifyAll(more)
	fresh = append(fresh, more...)
	clear(b.before)
	for _, i := range fresh {
		b.refer(i)
		b.result(i)
	}
	if b.ambiguous {
		return b.buildAnew()
	}
	s, reports := b.merge(&before, fresh)
	b.sound = true
	return s, reports
}

// buildAnew builds everything, and begins with nothing the next time.
func (b *Builder) buildAnew() (*snapshot.Snapshot, []*Report) {
	s, list := Build(b.in)
	reports := make([]*Report, len(list))
	for i := range list {
		reports[i] = &list[i]
	}
	return s, reports
}

// allowances returns which hosts namespaces may have.
func (b *Builder) allowances(in *Input) *allowances {
	if b == nil {
		return newAllowances(in)
	}
	return b.allowed
}

// knownAuthorities returns the authorities of an input by their names.
func (b *Builder) knownAuthorities(in *Input) KnownAuthorities {
	if b == nil {
		return NewKnownAuthorities(in.Authorities)
	}
	return b.authorities
}

// readBackends finds out what has changed behind services.
func (b *Builder) readBackends(before *Input) stale {
	changed := make(map[serviceKey]bool)
	at := func(namespace, name string) *service {
		key := serviceKey{namespace, name}
		changed[key] = true
		s := b.services[key]
		if s == nil {
			s = &service{}
			b.services[key] = s
		}
		return s
	}
	goneTasks, cameTasks := difference(before.Tasks, b.in.Tasks)
	for _, o := range goneTasks {
		s := at(o.Namespace, string(o.Spec.ServiceName))
		s.tasks = without(s.tasks, o)
	}
	for _, o := range cameTasks {
		s := at(o.Namespace, string(o.Spec.ServiceName))
		s.tasks = append(s.tasks, o)
	}
	goneSlices, cameSlices := difference(before.EndpointSlices, b.in.EndpointSlices)
	for _, o := range goneSlices {
		s := at(o.Namespace, o.Labels[discoveryv1.LabelServiceName])
		s.slices = without(s.slices, o)
	}
	for _, o := range cameSlices {
		s := at(o.Namespace, o.Labels[discoveryv1.LabelServiceName])
		s.slices = append(s.slices, o)
	}
	goneServices, cameServices := difference(before.Services, b.in.Services)
	for _, o := range goneServices {
		at(o.Namespace, o.Name).object = nil
		b.tell(topic{aboutService, o.Namespace, o.Name})
	}
	for _, o := range cameServices {
		at(o.Namespace, o.Name).object = o
		b.tell(topic{aboutService, o.Namespace, o.Name})
	}
	for key := range changed {
		if s := b.services[key]; len(s.tasks) == 0 && len(s.slices) == 0 && s.object == nil {
			delete(b.services, key)
		}
	}
	all := b.readNetworks() || !slices.Equal(before.Own, b.in.Own)
	b.reportTasks(goneTasks, cameTasks, all)
	return stale{all: all, of: changed}
}

// refreshPools resolves pools anew.
func (b *Builder) refreshPools(of stale) {
	refresh := func(p *sharedPool) {
		if !b.refresh(p) {
			return
		}
		for i := range p.seats.islands() {
			b.loosen(i)
		}
	}
	switch {
	case of.all:
		for _, p := range maps.Clone(b.pools) {
			refresh(p)
		}
		return
	case of.secured:
		for p := range maps.Clone(b.secured) {
			refresh(p)
		}
	}
	for key := range of.of {
		for _, p := range slices.Clone(b.poolsOf[key]) {
			refresh(p)
		}
	}
}

func without[T any](list []*T, o *T) []*T {
	return slices.DeleteFunc(list, func(other *T) bool { return other == o })
}

// readNetworks finds out at which addresses Tasks may be. It returns whether that has changed.
func (b *Builder) readNetworks() (changed bool) {
	of := Input{Own: b.in.Own, Reserved: b.in.Reserved, Options: b.in.Options}
	if s := b.services[serviceKey{apiServerService.Namespace, apiServerService.Name}]; s != nil {
		of.EndpointSlices = s.slices
		if s.object != nil {
			of.Services = []*corev1.Service{s.object}
		}
	}
	was := b.networks
	b.networks = newNetworks(&of)
	return was == nil || !maps.Equal(was.controller, b.networks.controller) || !maps.Equal(was.apiServer, b.networks.apiServer)
}

// reportTasks makes the reports on those Tasks that have changed, or on all.
func (b *Builder) reportTasks(gone, came []*v1alpha1.Task, all bool) {
	for _, o := range gone {
		b.tasks.remove(o)
	}
	if all {
		came = b.in.Tasks
	}
	for _, o := range came {
		report := reportOn(v1alpha1.TaskKind, &o.ObjectMeta)
		report.Conditions = []metav1.Condition{taskAccepted(o, b.networks), taskHealthy(o)}
		for n := range report.Conditions {
			report.Conditions[n].ObservedGeneration = report.Generation
		}
		b.tasks.set(o, &report)
	}
}

// readAuthorities finds out what has changed of what Secrets and ConfigMaps hold that are named for authorities, or for
// what clients prove. It returns whether this may matter to a pool.
func (b *Builder) readAuthorities(before *Input) (verified bool) {
	goneCredentials, cameCredentials := difference(before.Credentials, b.in.Credentials)
	for _, c := range goneCredentials {
		delete(b.credentials, c.Name)
		b.tell(topic{aboutCredential, c.Name.Namespace, c.Name.Name})
	}
	for _, c := range cameCredentials {
		b.credentials[c.Name] = c
		b.tell(topic{aboutCredential, c.Name.Namespace, c.Name.Name})
	}
	gone, came := difference(before.Authorities, b.in.Authorities)
	for _, a := range gone {
		delete(b.authorities, a.Name)
		b.tell(topic{aboutAuthority, a.Name.Namespace, a.Name.Name})
	}
	for _, a := range came {
		b.authorities[a.Name] = a
		b.tell(topic{aboutAuthority, a.Name.Namespace, a.Name.Name})
	}
	goneSecrets, cameSecrets := difference(before.Secrets, b.in.Secrets)
	for _, s := range goneSecrets {
		delete(b.secrets, types.NamespacedName{Namespace: s.Namespace, Name: s.Name})
		b.tell(topic{aboutSecret, s.Namespace, s.Name})
	}
	for _, s := range cameSecrets {
		b.secrets[types.NamespacedName{Namespace: s.Namespace, Name: s.Name}] = s
		b.tell(topic{aboutSecret, s.Namespace, s.Name})
	}
	if len(goneSecrets)+len(cameSecrets) > 0 {
		b.certificates.changed, b.steady = true, span{}
	}
	verified = len(gone)+len(came) > 0 || !slices.Equal(before.ClientCertificates, b.in.ClientCertificates) ||
		len(b.in.ClientCertificates) > 0 && len(goneSecrets)+len(cameSecrets) > 0
	if verified {
		b.verifiers = nil
	}
	return verified
}

// authoritiesNow returns what pools are verified by.
func (b *Builder) authoritiesNow() authorities {
	if b.verifiers != nil {
		return *b.verifiers
	}
	b.verifiers = &authorities{known: b.authorities, named: func(name AuthorityName) bool { return b.crowds.things[crowdedAuthority(name)] != nil }}
	if len(b.in.ClientCertificates) > 0 {
		b.verifiers.shown = b.secrets
	}
	for of := range b.crowds.full {
		if of.of == ofAuthorities {
			b.verifiers.named = among(NamedAuthorities(&b.in))
			break
		}
	}
	return *b.verifiers
}

// readCertificates finds out what has changed of TLSCertificates, and of the validity of what Secrets hold.
func (b *Builder) readCertificates(before *Input) {
	gone, came := difference(before.TLSCertificates, b.in.TLSCertificates)
	tell := func(o *v1alpha1.TLSCertificate) {
		b.tell(topic{aboutSecret, o.Namespace, o.Name})
		b.tell(topic{aboutSecret, o.Namespace, string(o.Spec.SecretName)})
	}
	for _, o := range gone {
		b.left.certificates[o] = true
		b.loosen(b.islandOfCertificate[o])
		delete(b.keepers, types.NamespacedName{Namespace: o.Namespace, Name: o.Name})
		if isOrdered(o) {
			if b.ordered[secretOf(o)]--; b.ordered[secretOf(o)] == 0 {
				delete(b.ordered, secretOf(o))
			}
		}
		tell(o)
	}
	for _, o := range came {
		b.loose = append(b.loose, member{certificate: o})
		b.keepers[types.NamespacedName{Namespace: o.Namespace, Name: o.Name}] = o
		if isOrdered(o) {
			b.ordered[secretOf(o)]++
		}
		tell(o)
	}
	if b.steady.has(b.in.Now) {
		return
	}
	b.steady = span{to: b.in.Now.Add(24 * time.Hour)}
	edge := func(t time.Time) {
		if t.After(b.in.Now) {
			b.steady.to = earlier(b.steady.to, t)
		} else if t.After(b.steady.from) {
			b.steady.from = t
		}
	}
	for _, s := range b.in.Secrets {
		edge(s.NotBefore)
		edge(s.NotAfter.Add(1)) // It is still valid at its end.
		if s.validity(before.Now) != s.validity(b.in.Now) {
			b.certificates.changed = true
			b.tell(topic{aboutSecret, s.Namespace, s.Name})
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// readObjects finds out which objects have changed, and what else of what decides about hosts. It returns whether the
// authorities may be others that may be used, because there is no room for all.
func (b *Builder) readObjects(before *Input) (verified bool) {
	goneListeners, cameListeners := difference(before.Listeners, b.in.Listeners)
	gone, came := difference(before.Objects, b.in.Objects)
	for _, l := range goneListeners {
		eachListenersCrowded(l, b.crowds.remove)
	}
	for _, l := range cameListeners {
		eachListenersCrowded(l, b.crowds.add)
	}
	for _, o := range gone {
		b.left.objects[o] = true
		eachCrowded(o, b.crowds.remove)
		b.loosen(b.islandOf[o])
	}
	for _, o := range came {
		eachCrowded(o, b.crowds.add)
		b.loose = append(b.loose, member{object: o})
	}
	verified = b.crowds.touches(ofAuthorities)
	turned := b.crowds.turn()
	if verified = verified || len(b.crowds.full) > 0; verified { // Which objects are the oldest may have changed.
		b.verifiers = nil
	}
	if turned != nil {
		for o, i := range maps.Clone(b.islandOf) {
			eachCrowded(o, func(of crowded, _ int) {
				if turned[of.crowd] {
					b.loosen(i)
				}
			})
		}
		b.loosen(b.bound[bond{kind: ofListeners}])
	}
	switch {
	case len(goneListeners)+len(cameListeners) == 0 && slices.Equal(before.Listeners, b.in.Listeners):
	case len(before.Listeners) == 0:
		b.loose = append(b.loose, member{listeners: true})
	default:
		b.loosen(b.bound[bond{kind: ofListeners}])
	}
	b.readOwners(before)
	b.readAllowed(before)
	if before.Now != b.in.Now {
		for i := range maps.Clone(b.dated) {
			b.loosen(i)
		}
	}
	return verified
}

// dropGone drops the members that are in the input no more.
func (b *Builder) dropGone() {
	b.loose = slices.DeleteFunc(b.loose, func(m member) bool {
		switch {
		case m.object != nil:
			return b.left.objects[m.object]
		case m.certificate != nil:
			return b.left.certificates[m.certificate]
		case m.listeners:
			return len(b.in.Listeners) == 0
		}
		_, kept := b.in.Kept[m.kept]
		return !kept
	})
}

// readOwners finds out which hosts are recorded for others than before.
func (b *Builder) readOwners(before *Input) {
	changed := func(host string) { b.loosen(b.bound[bond{kind: ofHost, name: host}]) }
	if !sameMap(before.Owners, b.in.Owners) {
		for host, owner := range before.Owners {
			if now, ok := b.in.Owners[host]; !ok || now != owner {
				changed(host)
			}
		}
		for host := range b.in.Owners {
			if _, ok := before.Owners[host]; !ok {
				changed(host)
			}
		}
	}
	if sameMap(before.Kept, b.in.Kept) || b.in.Options.AllowSharedHosts {
		return
	}
	for host, owner := range before.Kept {
		if now, ok := b.in.Kept[host]; !ok || now != owner {
			changed(host)
		}
	}
	for host := range b.in.Kept {
		if _, ok := before.Kept[host]; !ok {
			b.loose = append(b.loose, member{kept: host})
		}
	}
}

// readAllowed finds out which namespaces may have other hosts than before.
func (b *Builder) readAllowed(before *Input) {
	if sameMap(before.AllowedHosts, b.in.AllowedHosts) {
		return
	}
	all := (before.AllowedHosts == nil) != (b.in.AllowedHosts == nil)
	same := func(namespace string) bool {
		was, seen := before.AllowedHosts[namespace]
		is, sees := b.in.AllowedHosts[namespace]
		return seen == sees && (was == is || was != nil && is != nil && *was == *is)
	}
	changed := make(map[string]bool)
	for _, of := range []map[string]*string{before.AllowedHosts, b.in.AllowedHosts} {
		for namespace := range of {
			if !same(namespace) {
				changed[namespace] = true
			}
		}
	}
	if !all && len(changed) == 0 {
		return
	}
	for o, i := range maps.Clone(b.islandOf) {
		if all || changed[o.Namespace] {
			b.loosen(i)
		}
	}
	for o, i := range maps.Clone(b.islandOfCertificate) {
		if all || changed[o.Namespace] {
			b.loosen(i)
		}
	}
}

// sameMap returns whether two maps are one.
func sameMap[K comparable, V any](a, b map[K]V) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}
