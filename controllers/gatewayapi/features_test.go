// SPDX-License-Identifier: Apache-2.0

package gatewayapi_test

import (
	"testing"

	"sigs.k8s.io/gateway-api/pkg/features"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
)

// A feature that the API does not know tells nobody anything.
func TestFeaturesAreSortedAndTheAPIKnowsThem(t *testing.T) {
	t.Parallel()
	list := gatewayapi.Features()
	for i := range list {
		name := string(list[i].Name)
		if !features.AllFeatures.HasAny(features.Feature{Name: features.FeatureName(name), Channel: features.FeatureChannelStandard},
			features.Feature{Name: features.FeatureName(name), Channel: features.FeatureChannelExperimental}) {
			t.Errorf("the API has no feature %s", name)
		}
		if i > 0 && list[i-1].Name >= list[i].Name {
			t.Errorf("%s follows %s", name, list[i-1].Name)
		}
	}
}
