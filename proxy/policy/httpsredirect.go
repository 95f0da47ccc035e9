// SPDX-License-Identifier: Apache-2.0

package policy

import "github.com/warren-dev/ingress/proxy/step"

// HTTPSRedirect sends requests that came over plain HTTP to the same URL under https. All others go on.
type HTTPSRedirect struct {
	// Status is 301, 302, 303, 307 or 308.
	Status int
	// NoSlash leaves a slash out with which the URL would end.
	NoSlash bool
}

const httpsRedirectName = "https-redirect"

// Name is "https-redirect".
func (*HTTPSRedirect) Name() string { return httpsRedirectName }

// Equal returns whether another redirect leads to the same place.
func (r *HTTPSRedirect) Equal(other Policy) bool {
	o, ok := other.(*HTTPSRedirect)
	return ok && o != nil && *r == *o
}

// Compile does not fail.
func (r *HTTPSRedirect) Compile(*step.Scope) (step.Steps, error) {
	c := &redirect{name: httpsRedirectName, status: r.Status, scheme: "https", noSlash: r.NoSlash}
	return step.Steps{Request: func(v *step.View) step.Answer {
		if v.Secure {
			return step.Answer{}
		}
		return c.request(v)
	}}, nil
}
