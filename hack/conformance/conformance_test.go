// SPDX-License-Identifier: Apache-2.0

// Package conformance runs the conformance tests of the Gateway API against a cluster in which the controller serves.
// hack/conformance/run prepares that cluster, and says what the tests are given.
package conformance

import (
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/sets"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/gateway-api/conformance"
	"sigs.k8s.io/gateway-api/conformance/utils/suite"
	"sigs.k8s.io/gateway-api/pkg/features"
)

func TestConformance(t *testing.T) {
	options := conformance.DefaultOptions(t)
	options.ConformanceProfiles = []suite.ConformanceProfileName{
		suite.GatewayHTTPConformanceProfileName, suite.GatewayGRPCConformanceProfileName,
	}
	if len(options.SupportedFeatures) == 0 {
		options.SupportedFeatures = allFeatures()
	}
	options.UsableNetworkAddresses = addresses("USABLE_ADDRESSES")
	options.UnusableNetworkAddresses = addresses("UNUSABLE_ADDRESSES")
	conformance.RunConformanceWithOptions(t, options)
}

// allFeatures returns everything that the profiles have, whatever the controller says that it supports.
func allFeatures() []features.FeatureName {
	all := sets.New[features.FeatureName]()
	for _, profile := range []suite.ConformanceProfile{suite.GatewayHTTPConformanceProfile, suite.GatewayGRPCConformanceProfile} {
		all = all.Union(profile.CoreFeatures).Union(profile.ExtendedFeatures)
	}
	return sets.List(all)
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
