// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"net/netip"
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

// readConnectionLimit reads a connectionLimit. It returns what is wrong with it as fault.
func readConnectionLimit(limit *v1alpha1.ConnectionLimit) (read *policy.ConnectionLimit, fault string) {
	if limit.Connections < 1 || limit.Connections > maxRate {
		return nil, "connectionLimit.connections is " + strconv.Itoa(int(limit.Connections)) + ": write 1 to " + strconv.Itoa(maxRate)
	}
	read = &policy.ConnectionLimit{Connections: int(limit.Connections)}
	if read.Exempt, fault = readExempt("connectionLimit", limit.Exempt); fault != "" {
		return nil, fault
	}
	return read, ""
}

// maxExempt bounds the ranges that a limit is not for, as the schema does.
const maxExempt = 32

// readExempt reads the clients that a limit is not for.
func readExempt(limit string, ranges []v1alpha1.ExemptRange) (prefixes []netip.Prefix, fault string) {
	if len(ranges) > maxExempt {
		return nil, limit + ".exempt has more than " + strconv.Itoa(maxExempt) + " ranges: write larger ones"
	}
	return readRanges(limit+".exempt", ranges)
}
