// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// EachService calls f with each service that an Ingress names, with some more than once.
func EachService(object *v1alpha1.Ingress, f func(name string)) {
	last := v1alpha1.ServiceName("") // Most paths of an Ingress have the service of the path before.
	for r := range object.Spec.Rules {
		for p := range object.Spec.Rules[r].Paths {
			path := &object.Spec.Rules[r].Paths[p]
			if name := path.Backend.ServiceName; name != last && name != "" {
				f(string(name))
				last = name
			}
			for b := range path.Backends {
				f(path.Backends[b].ServiceName)
			}
			if path.Mirror != nil {
				f(path.Mirror.ServiceName)
			}
			for e := range path.ErrorPages {
				f(path.ErrorPages[e].ServiceName)
			}
			eachAuthService(path.Auth, f)
		}
	}
}

func eachAuthService(auth *v1alpha1.Auth, f func(name string)) {
	if auth != nil && auth.External != nil {
		f(auth.External.ServiceName)
	}
}

// EachStandardService is EachService for a standard Ingress.
func EachStandardService(object *networkingv1.Ingress, f func(name string)) {
	named := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil {
			f(backend.Service.Name)
		}
	}
	if text, ok := object.Annotations[mirrorAnnotation]; ok {
		if mirror, fault := readYAML[v1alpha1.Mirror](text, ""); fault == "" && mirror != nil {
			f(mirror.ServiceName)
		}
	}
	if text, ok := object.Annotations[errorPagesAnnotation]; ok {
		if pages, fault := readYAML[[]v1alpha1.ErrorPage](text, ""); fault == "" && pages != nil {
			for _, page := range *pages {
				f(page.ServiceName)
			}
		}
	}
	if text, ok := object.Annotations[authAnnotation]; ok {
		if auth, fault := readYAML[v1alpha1.Auth](text, ""); fault == "" {
			eachAuthService(auth, f)
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
