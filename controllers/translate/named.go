// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/rules"
)

// NamedServices returns the names of the Services that objects in an input name, and that of the API server's, which no
// Task may be at.
func NamedServices(in *Input) map[types.NamespacedName]struct{} {
	names := map[types.NamespacedName]struct{}{apiServerService: {}}
	for _, object := range in.Objects {
		eachService(object, func(name types.NamespacedName) { names[name] = struct{}{} })
	}
	return names
}

// eachService calls f with each service that an object names, and may call it with one several times.
func eachService(o *rules.Object, f func(types.NamespacedName)) {
	last := "" // Most rules of an object have the service of the rule before.
	for h := range o.Hosts {
		for r := range o.Hosts[h].Rules {
			for backend := range o.Hosts[h].Rules[r].EachBackend() {
				if backend.Service == last && backend.Namespace == "" {
					continue
				}
				f(types.NamespacedName{Namespace: o.NamespaceOf(backend), Name: backend.Service})
				if backend.Namespace == "" {
					last = backend.Service
				}
			}
		}
	}
}

// EachHost calls f with each host that objects in an input name and with the object, once for each of its Hosts. It
// leaves out hosts of listeners and of canaries, and those that cannot be matched or that the namespace may not have,
// but not those that cannot be served for other reasons. If it is not known what the namespace may have, or if a name
// is an alias, or yields, and an object has it as its host, may is false: the namespace gets no host, and keeps those
// that it has.
func EachHost(in *Input, f func(host string, by *rules.Object, may bool)) {
	allowances := newAllowances(in)
	others := allowances.eachHost(in, false, f)
	if !others {
		return
	}
	named := make(map[string]bool)
	allowances.eachHost(in, false, func(host string, _ *rules.Object, _ bool) { named[host] = true })
	allowances.eachHost(in, true, func(host string, by *rules.Object, may bool) { f(host, by, may && !named[host]) })
}

// SameHosts returns whether two lists of objects name the same hosts in the same way, so that EachHost gives the same
// for them, but for the ages of objects. It looks only at what has changed. It may miss that they do.
func SameHosts(before, now []*rules.Object) bool {
	gone, came := difference(before, now)
	if len(gone) != len(came) {
		return false
	}
	for i, o := range came {
		was := gone[i]
		if was.ID != o.ID || was.Namespace != o.Namespace || (was.Canary == nil) != (o.Canary == nil) || !slices.EqualFunc(was.Hosts, o.Hosts, sameHost) {
			return false
		}
	}
	return true
}

func sameHost(a, b rules.Host) bool {
	return a.Name == b.Name && a.Alias == b.Alias && a.Yields == b.Yields && (a.Listener == nil) == (b.Listener == nil)
}

// eachHost calls f with those hosts that are aliases or yield, or with those that do neither. It returns whether there
// are any of the other kind.
func (a *allowances) eachHost(in *Input, later bool, f func(host string, by *rules.Object, may bool)) (others bool) {
	for _, object := range in.Objects {
		if object.Canary != nil {
			continue
		}
		allowance := a.of(object.Namespace)
		for h := range object.Hosts {
			host := &object.Hosts[h]
			if (host.Alias || host.Yields) != later {
				others = true
				continue
			}
			if !rules.ValidHost(host.Name) || host.Listener != nil {
				continue
			}
			if may := allowance.allows(host.Name); may || allowance.unseen || allowance.unknown {
				f(host.Name, object, may)
			}
		}
	}
	return others
}
