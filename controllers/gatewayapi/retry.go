// SPDX-License-Identifier: Apache-2.0

package gatewayapi

import (
	"slices"
	"strconv"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// readRetry reads which requests of a rule are tried again, and how often. Without a word about it, only those are that
// got no response, as for an Ingress. The API bounds no number of attempts, and speaks of a maximum: so we make fewer.
func readRetry(from *gatewayv1.HTTPRouteRetry) (attempts int, retry *snapshot.Retry, fault string) {
	if from == nil {
		return int(v1alpha1.DefaultRetryAttempts), nil, ""
	}
	retry = &snapshot.Retry{Backoff: v1alpha1.DefaultRetryBackoff}
	for _, code := range from.Codes {
		if code < 400 || code > 599 {
			return 0, nil, "retry.codes has " + strconv.Itoa(int(code)) + ": write 400 to 599"
		}
		retry.Codes = append(retry.Codes, int(code))
	}
	slices.Sort(retry.Codes)
	retry.Codes = slices.Compact(retry.Codes)
	if from.Backoff != nil {
		if retry.Backoff, fault = readDuration("retry.backoff", from.Backoff); fault != "" {
			return 0, nil, fault
		}
	}
	attempts = or(from.Attempts, int(v1alpha1.DefaultRetryAttempts))
	if attempts < 1 {
		return 0, nil, "retry.attempts is " + strconv.Itoa(attempts) + ": write 1 or more"
	}
	return min(attempts, kinds.MaxRetries), retry, ""
}
