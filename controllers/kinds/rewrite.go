// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readRewrite reads a rewrite. It returns what is wrong with it as fault. It makes the path canonical, as every path is
// that an endpoint gets. If the path's headers say what becomes of X-Forwarded-Prefix, that holds.
func (r *pathReader) readRewrite(rewrite *v1alpha1.Rewrite, headers *v1alpha1.Headers) (read *policy.Rewrite, fault string) {
	strip, replace := string(rewrite.StripPrefix), string(rewrite.ReplacePath)
	switch {
	case strip != "" && replace != "":
		return nil, "rewrite has both stripPrefix and replacePath: write one of them"
	case strip != "":
		strip, err := r.canonical(strip)
		if err != nil {
			return nil, "rewrite.stripPrefix " + rules.Quote(string(rewrite.StripPrefix)) + " cannot be stripped: " + err.Error()
		}
		return &policy.Rewrite{StripPrefix: strip, Untold: changesField(headers, "X-Forwarded-Prefix")}, ""
	case replace != "":
		replace, err := r.canonical(replace)
		if err != nil {
			return nil, "rewrite.replacePath " + rules.Quote(string(rewrite.ReplacePath)) + " cannot be forwarded: " + err.Error()
		}
		return &policy.Rewrite{ReplacePath: replace}, ""
	}
	return nil, "rewrite has neither stripPrefix nor replacePath: write one of them, or leave rewrite out"
}
