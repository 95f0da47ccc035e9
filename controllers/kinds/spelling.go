// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

// spellingFault says what is wrong with a path's pathSpelling.
func spellingFault(s v1alpha1.PathSpelling) string {
	switch s {
	case "", v1alpha1.PathSpellingAsSent, v1alpha1.PathSpellingCanonical:
		return ""
	}
	return "pathSpelling " + rules.Quote(string(s)) + " is unknown: write AsSent or Canonical"
}

func (a *asked) readSpelling(value string) (fault string) {
	a.policies.PathSpelling = v1alpha1.PathSpelling(value)
	switch a.policies.PathSpelling {
	case v1alpha1.PathSpellingAsSent, v1alpha1.PathSpellingCanonical:
		return ""
	}
	return rules.Quote(value) + " is unknown: write AsSent or Canonical"
}
