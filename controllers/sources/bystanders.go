// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
)

// Bystander is an Ingress that is not served, of which its author may think that it is.
type Bystander struct {
	// ID is "namespace/name", with a prefix where that alone does not tell one object from all others.
	ID              string
	Namespace, Name string
	// Class is what it names, empty for nothing.
	Class string
	// Reason says in one word why it is not served.
	Reason string
	// Hosts are those of its rules. A host may be empty, for every host.
	Hosts []string
	// ours is the controller's class.
	ours string
}

// The reasons of bystanders.
const (
	OtherClass     = "OtherClass"
	NoClass        = "NoClass"
	NoIngressClass = "NoIngressClass"
	Canary         = "Canary"
)

// Text says why it is not served, and what to write instead.
func (b *Bystander) Text() string {
	switch b.Reason {
	case NoClass:
		return fmt.Sprintf("%s names no class, and IngressClass %s is not the default one: write spec.ingressClassName: %s", b.ID, b.ours, b.ours)
	case NoIngressClass:
		return fmt.Sprintf("%s names the class %s, and there is no IngressClass of that name whose spec.controller is %s: make one",
			b.ID, b.ours, kinds.StandardController)
	case Canary:
		return b.ID + " is a canary by its annotation " + kinds.CanaryAnnotation + ", which is no rule of its own here: it is left out"
	}
	return fmt.Sprintf("%s is of the class %s, and this controller serves the class %s: write spec.ingressClassName: %s if it is to be served here",
		b.ID, b.Class, b.ours, b.ours)
}

// names returns whether one of its rules is for a host. A rule for every host is not counted of an Ingress that another
// controller serves.
func (b *Bystander) names(host string) bool {
	_, domain, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(b.Hosts, func(name string) bool {
		name = strings.ToLower(name)
		return name == host || name == "" && b.Reason != OtherClass || domain != "" && name == "*."+domain
	})
}

// warrenBystander returns an Ingress of this API as a bystander, or false if it is the controller's.
func warrenBystander(o *v1alpha1.Ingress, class string) (Bystander, bool) {
	if kinds.Claims(o, class) {
		return Bystander{}, false
	}
	b := Bystander{ID: o.Namespace + "/" + o.Name, Namespace: o.Namespace, Name: o.Name, Class: o.Spec.IngressClassName, Reason: OtherClass, ours: class}
	for i := range o.Spec.Rules {
		b.Hosts = append(b.Hosts, string(o.Spec.Rules[i].Host))
	}
	return b, true
}

// standardBystander returns a standard Ingress as a bystander, or false if it is served.
func standardBystander(o *networkingv1.Ingress, class kinds.StandardClass) (Bystander, bool) {
	name, _ := kinds.StandardClassName(o)
	b := Bystander{ID: networkingv1.GroupName + "/" + o.Namespace + "/" + o.Name, Namespace: o.Namespace, Name: o.Name, Class: name, ours: class.Name}
	switch {
	case class.Claims(o):
		if b.Reason = Canary; class.ForNginx(o) || !kinds.IsCanary(o.Annotations) {
			return Bystander{}, false
		}
	case name == "":
		b.Reason = NoClass
	case class.Missing(o):
		b.Reason = NoIngressClass
	default:
		b.Reason = OtherClass
	}
	for i := range o.Spec.Rules {
		b.Hosts = append(b.Hosts, o.Spec.Rules[i].Host)
	}
	if len(b.Hosts) == 0 {
		b.Hosts = []string{""}
	}
	return b, true
}

// LeftOut returns the bystanders among objects that are in no cluster.
func LeftOut(objects []client.Object, class string, forNginx nginx.Options) (left []Bystander) {
	m := &Manifests{Objects: objects, Class: class, Nginx: forNginx}
	standard := m.standardClass()
	for _, object := range objects {
		var b Bystander
		var ok bool
		switch o := object.(type) {
		case *v1alpha1.Ingress:
			b, ok = warrenBystander(o, class)
		case *networkingv1.Ingress:
			b, ok = standardBystander(o, standard)
		}
		if ok {
			left = append(left, b)
		}
	}
	return left
}

// hintsAtMost is how many bystanders are told of. A name that a hundred Ingresses have tells nobody anything.
const hintsAtMost = 5

// Hints says which bystanders name a host. If the host is served, only those count that are meant to be a part of that.
func Hints(bystanders []Bystander, host string, served bool) (hints []string) {
	for i := range bystanders {
		b := &bystanders[i]
		if b.names(host) && (!served || b.Reason == Canary) && len(hints) < hintsAtMost {
			hints = append(hints, b.Text())
		}
	}
	return hints
}

// Bystanders are those that the running control plane knows of. Its zero value knows none.
type Bystanders struct {
	list atomic.Pointer[func(context.Context) ([]Bystander, error)]
}

// Attach has the bystanders be those in a control plane's caches.
func (b *Bystanders) Attach(from client.Reader, standard *StandardIngresses, class string) {
	list := func(ctx context.Context) ([]Bystander, error) {
		var ours v1alpha1.IngressList
		if err := from.List(ctx, &ours, client.UnsafeDisableDeepCopy); err != nil {
			return nil, err
		}
		var left []Bystander
		for i := range ours.Items {
			if o, ok := warrenBystander(&ours.Items[i], class); ok {
				left = append(left, o)
			}
		}
		others, err := standard.bystanders(ctx)
		left = append(left, others...)
		slices.SortFunc(left, func(a, b Bystander) int { return cmp.Compare(a.ID, b.ID) })
		return left, err
	}
	b.list.Store(&list)
}

// Set has the bystanders be these.
func (b *Bystanders) Set(known []Bystander) {
	list := func(context.Context) ([]Bystander, error) { return known, nil }
	b.list.Store(&list)
}

// Hints is [Hints] of the bystanders that are known now.
func (b *Bystanders) Hints(ctx context.Context, host string, served bool) []string {
	list := b.list.Load()
	if list == nil {
		return nil
	}
	known, err := (*list)(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		return []string{"which Ingresses of other classes name the host is not known: " + err.Error()}
	}
	return Hints(known, host, served)
}

// bystanders returns the standard Ingresses that are not served. There are none while they cannot be read.
func (s *StandardIngresses) bystanders(ctx context.Context) (left []Bystander, err error) {
	class := s.class.Load()
	if class == nil || !s.Ingresses.Synced(ctx) {
		return nil, nil
	}
	var list networkingv1.IngressList
	if err := s.Ingresses.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range list.Items {
		if b, ok := standardBystander(&list.Items[i], *class); ok {
			left = append(left, b)
		}
	}
	return left, nil
}
