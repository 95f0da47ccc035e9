// SPDX-License-Identifier: Apache-2.0

// Package conformance runs the conformance tests of the Gateway API against a cluster in which the controller serves.
// hack/conformance/run prepares that cluster, and says what the tests are given.
package conformance

import (
	"os"
	"strings"
	"testing"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
)

func TestConformance(t *testing.T) {
	options := conformance.DefaultOptions(t)
	options.ConformanceProfiles = []suite.ConformanceProfileName{suite.GatewayHTTPConformanceProfileName}
	options.UsableNetworkAddresses = addresses("USABLE_ADDRESSES")
	options.UnusableNetworkAddresses = addresses("UNUSABLE_ADDRESSES")
	conformance.RunConformanceWithOptions(t, options)
}

// addresses returns the IP addresses in an environment variable, with commas between them.
func addresses(variable string) (list []gatewayv1.GatewaySpecAddress) {
	for value := range strings.SplitSeq(os.Getenv(variable), ",") {
		if value != "" {
			list = append(list, gatewayv1.GatewaySpecAddress{Type: new(gatewayv1.IPAddressType), Value: value})
		}
	}
	return list
}
