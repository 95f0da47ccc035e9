// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readRequestBuffering reads a requestBuffering. It returns what is wrong with it as fault.
func readRequestBuffering(b *v1alpha1.RequestBuffering) (read *policy.RequestBuffering, fault string) {
	most := b.MaxBytes.Value()
	if most < 1 || most > policy.MostBuffered {
		written := b.MaxBytes.DeepCopy() // String writes its result into the Quantity, which is not ours.
		return nil, "requestBuffering.maxBytes is " + rules.Clip(written.String()) + ": write 1 to 1Mi, such as 64Ki"
	}
	return &policy.RequestBuffering{MaxBytes: most}, ""
}
