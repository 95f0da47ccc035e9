// SPDX-License-Identifier: Apache-2.0

package nginx

import (
	"slices"
	"strings"
)

// Prefix begins the annotations of ingress-nginx.
const Prefix = "nginx.ingress.kubernetes.io/"

// ValueLimit is the longest value of an annotation, or of a key of the ConfigMap, that is read, in bytes.
const ValueLimit = 8 << 10

// Fate is what becomes of a name here. Each name has one.
type Fate uint8

const (
	// ActedOn names do here what they did there.
	ActedOn Fate = iota
	// Meaningless names have nothing to do here, or did nothing there any more. An event lists them.
	Meaningless
	// Closes is for names that say who gets in or what a backend sees, and that cannot be kept: the paths answer 503.
	Closes
	// NeverExisted names were never read by ingress-nginx, although people write them. An event says so.
	NeverExisted
)

func (f Fate) String() string {
	return [...]string{"acted on", "means nothing here", "closes", "never existed"}[f]
}

// Name is a name that ingress-nginx has, had, or is believed to have: that of an annotation without the prefix, of a
// key of its ConfigMap, or of a flag.
type Name struct {
	Name string
	Fate Fate
	// Text is a sentence for people: what is done, why there is nothing to do, or what to write instead. For a name that
	// closes it goes on after "nothing here does that: ".
	Text string
	// Gone is the version that dropped the name. Empty for none.
	Gone string
	// read reads a value into terms, for a name that is acted on. It returns what is wrong with the value, and what to
	// write.
	read func(t *Terms, value string) (fault string)
	// guards is set if the name says who gets in or what a backend sees: a value that cannot be read closes then.
	guards bool
	// off returns whether a value asks for nothing. Nil is for values that all ask for something. An empty value never
	// does, unless the name guards and has no off.
	off func(value string) bool
	// hosts is set if a name that closes, or may close, is about whole hosts, and so about what other Ingresses have of
	// them.
	hosts bool
}

// Guards returns whether a value that cannot be read closes the paths.
func (n *Name) Guards() bool { return n.guards }

// find returns the entry of a name in a list that is sorted by name, nil if there is none.
func find(list []Name, name string) *Name {
	at, ok := slices.BinarySearchFunc(list, name, func(n Name, name string) int { return strings.Compare(n.Name, name) })
	if !ok {
		return nil
	}
	return &list[at]
}

// sorted returns lists of names as one, in order.
func sorted(lists ...[]Name) []Name {
	all := slices.Concat(lists...)
	slices.SortFunc(all, func(a, b Name) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// each returns names that differ in nothing else.
func each(like Name, names ...string) (list []Name) {
	for _, name := range names {
		like.Name = name
		list = append(list, like)
	}
	return list
}
