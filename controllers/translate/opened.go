// SPDX-License-Identifier: Apache-2.0

package translate

import (
	"slices"
	"strings"

	"github.com/warren-dev/ingress/controllers/rules"
)

// noteExpressed notes on an object that another one made its paths of a host open expressions.
func (o *object) noteExpressed(h *host, list []rules.Rule) {
	if slices.ContainsFunc(list, func(r rules.Rule) bool { return r.Expression != nil }) {
		o.expressed = append(o.expressed, "those of "+hostText(h.name)+" because "+o.named(h.opened)+" has use-regex or rewrite-target")
	}
}

// expressions returns a text that says which of an object's paths others made open expressions.
func (o *object) expressions() string {
	if len(o.expressed) == 0 {
		return ""
	}
	return "; as ingress-nginx has it, paths are expressions without an end, in any case: " + strings.Join(rules.Bounded(o.expressed), ", ")
}

// named names another object, if the reader of this one may know of it.
func (o *object) named(other *rules.Object) string {
	if other.Namespace != o.Namespace {
		return "an Ingress of another namespace"
	}
	return "the Ingress " + rules.Clip(other.ID)
}
