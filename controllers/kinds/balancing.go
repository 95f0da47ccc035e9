// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strconv"
	"strings"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readBalancing reads how a path's requests are shared among its backend's endpoints. It returns what is wrong with
// that as fault. The API already refuses each of these faults, as it does all faults of a single path.
func readBalancing(b *v1alpha1.LoadBalancing) (balancing snapshot.Balancing, fault string) {
	switch b.Policy {
	case v1alpha1.LoadBalancingRoundRobin, "":
	case v1alpha1.LoadBalancingLeastRequest:
		balancing.Policy = snapshot.LeastRequest
	case v1alpha1.LoadBalancingHash:
		balancing.Policy = snapshot.Hash
		if fault = readHashOn(b, &balancing); fault != "" {
			return snapshot.Balancing{}, fault
		}
	default:
		return snapshot.Balancing{}, "loadBalancing.policy " + rules.Quote(string(b.Policy)) + " is unknown: write RoundRobin, LeastRequest or Hash"
	}
	if b.MaxConnectionsPerEndpoint < 0 {
		return snapshot.Balancing{}, "loadBalancing.maxConnectionsPerEndpoint is " + strconv.Itoa(int(b.MaxConnectionsPerEndpoint)) +
			": write 1 or more, or leave it out"
	}
	if b.MaxConnectionsPerEndpoint > 0 {
		balancing.MaxConnections = int(b.MaxConnectionsPerEndpoint)
		balancing.MaxPending = int(v1alpha1.DefaultMaxPending)
		if b.MaxPending != nil {
			balancing.MaxPending = int(max(0, *b.MaxPending))
		}
	}
	return balancing, ""
}

// notInToken returns whether a character cannot be in the name of a field or cookie (RFC 9110, section 5.6.2).
func notInToken(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
}

func readHashOn(b *v1alpha1.LoadBalancing, balancing *snapshot.Balancing) (fault string) {
	switch b.HashOn {
	case v1alpha1.HashOnClientIP:
		balancing.HashOn = snapshot.HashOnClient
		return ""
	case v1alpha1.HashOnHeader: // Names of fields are compared without case; the proxy wants lower case.
		balancing.HashOn, balancing.Name = snapshot.HashOnHeader, strings.ToLower(string(b.Name))
	case v1alpha1.HashOnCookie:
		balancing.HashOn, balancing.Name = snapshot.HashOnCookie, string(b.Name)
	default:
		return "loadBalancing.hashOn " + rules.Quote(string(b.HashOn)) + " is unknown: write ClientIP, Header or Cookie"
	}
	if b.Name == "" || strings.ContainsFunc(balancing.Name, notInToken) {
		return "loadBalancing.name is no name of a header field or cookie: write one such as X-User or session"
	}
	return ""
}
