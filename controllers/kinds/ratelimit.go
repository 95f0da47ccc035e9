// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strconv"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
)

// maxRate bounds requestsPerSecond and burst, as the schema does.
const maxRate = 1_000_000

// readRateLimit reads a rateLimit. It returns what is wrong with it as fault. If burst is left out, it is what the rate
// allows in one second, and at least 1: less would let nothing through at all.
func readRateLimit(limit *v1alpha1.RateLimit) (read *policy.RateLimit, fault string) {
	read = new(policy.RateLimit)
	read.PerSecond = limit.RequestsPerSecond.AsApproximateFloat64()
	// A Quantity is neither NaN nor infinite.
	if read.PerSecond <= 0 || read.PerSecond > maxRate {
		written := limit.RequestsPerSecond.DeepCopy() // String writes its result into the Quantity, which is not ours.
		return nil, "rateLimit.requestsPerSecond is " + rules.Clip(written.String()) +
			": write a number above 0 and at most " + strconv.Itoa(maxRate)
	}
	read.Burst = int(limit.Burst)
	if read.Burst == 0 {
		read.Burst = max(1, int(read.PerSecond))
	}
	if read.Burst < 0 || read.Burst > maxRate {
		return nil, "rateLimit.burst is " + strconv.Itoa(read.Burst) + ": write 1 to " + strconv.Itoa(maxRate) +
			", or leave it out for what requestsPerSecond allows in one second"
	}
	if read.Exempt, fault = readExempt("rateLimit", limit.Exempt); fault != "" {
		return nil, fault
	}
	switch limit.Scope {
	case v1alpha1.RateLimitCluster, "":
	case v1alpha1.RateLimitReplica:
		read.PerReplica = true
	default:
		return nil, "rateLimit.scope " + rules.Quote(string(limit.Scope)) + " is unknown: write Cluster or Replica"
	}
	return read, ""
}
