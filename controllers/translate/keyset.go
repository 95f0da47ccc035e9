// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// KeySetsPerNamespace is how many URLs of key sets the rules of a namespace may name. Each set is fetched every 5
// minutes and held, whether a token comes or not.
const KeySetsPerNamespace = 16

// keySet is a URL of a key set that rules of a namespace name.
type keySet struct{ namespace, url string }

// namedKeySets returns the key sets that objects, which are sorted by age, name: at most KeySetsPerNamespace of each
// namespace, those of the oldest objects.
func namedKeySets(objects []object) map[keySet]struct{} {
	names, count := make(map[keySet]struct{}), make(map[string]int)
	for i := range objects {
		namespace := objects[i].Namespace
		objects[i].EachKeysURL(func(url string) {
			if _, known := names[keySet{namespace, url}]; !known && count[namespace] < KeySetsPerNamespace {
				names[keySet{namespace, url}] = struct{}{}
				count[namespace]++
			}
		})
	}
	return names
}

// keySetMissing returns why nobody gets in by a key set that a rule of an object names, or nothing. It notes that on
// the object.
func (c *credentials) keySetMissing(o *object, url string) (missing string) {
	if _, ok := c.keySets[keySet{o.Namespace, url}]; ok {
		return ""
	}
	missing = "the keys at " + rules.Quote(url) + " are not fetched: at most 16 URLs of key sets are fetched for a namespace, and older Ingresses name as many: " +
		"name the same URL for the same issuer, or have the keys in a Secret"
	o.noteAuth(v1alpha1.ReasonTooManyKeySets, missing)
	return missing
}
