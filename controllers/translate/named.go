// SPDX-License-Identifier: Apache-2.0

package translate

import (
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// NamedServices returns the names of the Services that an input's Ingresses, as far as they are ours, name.
func NamedServices(in *Input) map[types.NamespacedName]struct{} {
	names := make(map[types.NamespacedName]struct{})
	for _, object := range in.Ingresses {
		if Claims(object, in.Options.IngressClass) {
			addServices(names, object)
		}
	}
	for _, s := range in.Standard {
		addServices(names, s.object)
	}
	return names
}

// EachHost calls f with each host that rules of an input's Ingresses name, as far as those are ours, and with the
// Ingress: once for each rule. A rule counts if it can be served or not, but for one whose host cannot be matched, or
// is none that its namespace may have. Where it is not known what the namespace may have, may is false: it gets no
// host, and keeps those that it has.
func EachHost(in *Input, f func(host string, by *v1alpha1.Ingress, may bool)) {
	allowances := newAllowances(in)
	each := func(object *v1alpha1.Ingress) {
		allowance := allowances.of(object.Namespace)
		for r := range object.Spec.Rules {
			host := string(object.Spec.Rules[r].Host)
			if !rules.ValidHost(host) {
				continue
			}
			if may := allowance.allows(host); may || allowance.unseen || allowance.unknown {
				f(host, object, may)
			}
		}
	}
	for _, object := range in.Ingresses {
		if Claims(object, in.Options.IngressClass) {
			each(object)
		}
	}
	for _, s := range in.Standard {
		each(s.object)
	}
}

func addServices(names map[types.NamespacedName]struct{}, object *v1alpha1.Ingress) {
	EachService(object, func(name string) {
		names[types.NamespacedName{Namespace: object.Namespace, Name: name}] = struct{}{}
	})
}

// EachService calls f with the services that an Ingress names, with some more than once.
func EachService(object *v1alpha1.Ingress, f func(name string)) {
	last := v1alpha1.ServiceName("") // most paths of an Ingress have the service of the path before
	for r := range object.Spec.Rules {
		for p := range object.Spec.Rules[r].Paths {
			if name := object.Spec.Rules[r].Paths[p].Backend.ServiceName; name != last {
				f(string(name))
				last = name
			}
		}
	}
}

// EachStandardService is EachService for a standard Ingress.
func EachStandardService(object *networkingv1.Ingress, f func(name string)) {
	named := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil {
			f(backend.Service.Name)
		}
	}
	named(object.Spec.DefaultBackend)
	for r := range object.Spec.Rules {
		if http := object.Spec.Rules[r].HTTP; http != nil {
			for p := range http.Paths {
				named(&http.Paths[p].Backend)
			}
		}
	}
}
