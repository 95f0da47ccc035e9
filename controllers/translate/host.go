// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

// hosts are the hosts that Ingresses of ours name, each with its owner.
type hosts struct {
	list   []host
	byName map[string]int32
}

type host struct {
	name string
	// owner is the index of the oldest Ingress that names the host. Its namespace owns the host.
	owner int32
}

func newHosts(expected int) *hosts {
	return &hosts{list: make([]host, 0, expected), byName: make(map[string]int32, expected)}
}

// claim returns the index of a host. The first Ingress to claim a host owns it, so they must come oldest first.
func (h *hosts) claim(name string, ingress int32) int32 {
	if i, ok := h.byName[name]; ok {
		return i
	}
	i := int32(len(h.list))
	h.list = append(h.list, host{name: name, owner: ingress})
	h.byName[name] = i
	return i
}

// matching returns the index of the host whose rules requests for a name are matched with first: itself, the wildcard
// over it, or that for every host.
func (h *hosts) matching(name string) (index int32, ok bool) {
	if index, ok = h.byName[name]; ok {
		return index, true
	}
	if wildcard := wildcardOver(name); wildcard != "" {
		if index, ok = h.byName[wildcard]; ok {
			return index, true
		}
	}
	index, ok = h.byName[""]
	return index, ok
}

// wildcardOver returns the wildcard that an exact host is one label below, and nothing for any other.
func wildcardOver(host string) string {
	if strings.HasPrefix(host, "*") {
		return ""
	}
	if dot := strings.IndexByte(host, '.'); dot > 0 {
		return "*" + host[dot:]
	}
	return ""
}

// ownedElsewhere is the problem of a rule whose host another namespace owns.
func ownedElsewhere(rule int, name string, owner *ingress) problem {
	who := "host " + quote(name)
	if name == "" {
		who = "the empty host, which is every host,"
	}
	return problem{rule: rule, path: wholeRule, unserved: true, reason: v1alpha1.ReasonHostOwnedElsewhere,
		text: who + " belongs to namespace " + owner.object.Namespace + ", whose Ingress " + owner.name +
			" is the oldest to name it: choose another host, or have that namespace serve these paths"}
}

// validHost says whether a host can be matched: empty, or lower-case letters, digits and hyphens in labels, with "*." before
// them or not. The API refuses any other; this holds where the schema was not asked.
func validHost(name string) bool {
	if name == "" {
		return true
	}
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimPrefix(name, "*."), ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
