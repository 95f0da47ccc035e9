// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"time"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

// maxHSTSAge is ten years: what is longer is a mistake.
const maxHSTSAge = 10 * v1alpha1.DefaultHSTSMaxAge

// readHSTS reads an hsts. It returns what is wrong with it as fault.
func readHSTS(from *v1alpha1.HSTS) (read *policy.HSTS, fault string) {
	age := v1alpha1.DefaultHSTSMaxAge
	if from.MaxAge != nil {
		age = from.MaxAge.Duration
	}
	if age < 0 || age > maxHSTSAge {
		return nil, "hsts.maxAge is " + age.String() + ": write 0s to 87600h, such as 8760h"
	}
	return &policy.HSTS{MaxAge: int64(age / time.Second), IncludeSubDomains: from.IncludeSubDomains, Preload: from.Preload}, ""
}
