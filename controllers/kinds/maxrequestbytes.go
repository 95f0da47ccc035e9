// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"regexp"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readMaxRequestBytes reads the most that a request may have. It returns what is wrong with it as fault.
func readMaxRequestBytes(from *resource.Quantity) (read *policy.MaxRequestBytes, fault string) {
	most := from.Value()
	if most < 1 {
		written := from.DeepCopy() // String writes its result into the Quantity, which is not ours.
		return nil, "maxRequestBytes is " + rules.Clip(written.String()) + ": write a number of bytes above zero, such as 8Mi"
	}
	return &policy.MaxRequestBytes{Bytes: most}, ""
}

// byteCount is a number of bytes as the schema takes it. A large exponent would take seconds to compute.
var byteCount = regexp.MustCompile(`^[1-9][0-9]{0,11}(Ki|Mi|Gi|k|M|G)?$`)

func annotateMaxRequestBytes(path *v1alpha1.IngressPath, value, example string) (fault string) {
	if !byteCount.MatchString(value) {
		return rules.Quote(value) + " is no number of bytes above zero: write one such as " + example
	}
	read, err := resource.ParseQuantity(value)
	if err != nil {
		return rules.Quote(value) + " is no number of bytes: " + rules.Clip(err.Error())
	}
	path.MaxRequestBytes = &read
	return ""
}
