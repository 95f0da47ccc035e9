// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
)

// Claimants are the controllers that some Ingresses are for, by the class that the Ingresses name.
type Claimants struct {
	// every is set if some Ingress is for each controller. byDefault is set if one of networking.k8s.io names no class.
	every, byDefault bool
	// classes are the classes that are named. standard are those that an Ingress of networking.k8s.io names, and that need
	// an IngressClass.
	classes, standard []string
}

// Add adds the controllers that an Ingress is for.
func (c *Claimants) Add(ingress *v1alpha1.Ingress) {
	if ingress.Spec.IngressClassName == "" {
		c.every = true
		return
	}
	c.classes = insertName(c.classes, ingress.Spec.IngressClassName)
}

// AddStandard adds the controllers that an Ingress of networking.k8s.io is for.
func (c *Claimants) AddStandard(ingress *networkingv1.Ingress) {
	switch class, annotated := kinds.StandardClassName(ingress); {
	case class == "":
		c.byDefault = true
	case annotated:
		c.classes = insertName(c.classes, class)
	default:
		c.standard = insertName(c.standard, class)
	}
}

// Equal returns whether both are the same controllers.
func (c *Claimants) Equal(o *Claimants) bool {
	return c.every == o.every && c.byDefault == o.byDefault &&
		slices.Equal(c.classes, o.classes) && slices.Equal(c.standard, o.standard)
}

// OrEvery makes c stand for every controller if it has none, and returns c.
func (c *Claimants) OrEvery() *Claimants {
	if c.Equal(&Claimants{}) {
		c.every = true
	}
	return c
}

// include returns whether a controller is among them.
func (c *Claimants) include(s *standing) bool {
	return c.every || c.byDefault && s.byDefault ||
		slices.Contains(c.classes, s.class) || s.named && slices.Contains(c.standard, s.class) ||
		s.nginx != "" && slices.ContainsFunc(splitNames(s.nginx), func(class string) bool {
			return slices.Contains(c.classes, class) || slices.Contains(c.standard, class)
		})
}

// ClaimantsOf returns the controllers that an Ingress is for.
func ClaimantsOf(ingress *v1alpha1.Ingress) (c Claimants) {
	c.Add(ingress)
	return c
}

// ClaimantsOfClass returns the controllers of an ingress class.
func ClaimantsOfClass(class string) Claimants { return Claimants{classes: []string{class}} }

// StandardClaimantsOf returns the controllers that an Ingress of networking.k8s.io is for.
func StandardClaimantsOf(ingress *networkingv1.Ingress) (c Claimants) {
	c.AddStandard(ingress)
	return c
}

// insertName adds a name to a sorted list without duplicates.
func insertName(names []string, name string) []string {
	at, found := slices.BinarySearch(names, name)
	if found {
		return names
	}
	return slices.Insert(names, at, name)
}

// joinNames makes a comparable value of names, none of which can hold a comma. splitNames reverses that.
func joinNames(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

func splitNames(names string) []string {
	if names == "" {
		return nil
	}
	return strings.Split(names, ",")
}
