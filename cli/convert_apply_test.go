// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

var api kubeapi.Shared

func TestMain(m *testing.M) { os.Exit(api.Run(m)) }

// TestTheAPIServerTakesWhatIsConverted has the API server look at what random Ingresses are converted to, and at more
// expressions than an HTTPRoute has rules for. If it refused one object, the rules in it that keep clients out would be
// missing beside the others.
func TestTheAPIServerTakesWhatIsConverted(t *testing.T) {
	t.Parallel()
	config := api.Config(t)
	if err := kubeapi.DefineGatewayAPI(config); err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, gatewayv1.Install, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	cluster, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if err := cluster.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	pair := fixture.NewKeyPair(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), "shop.example.com")
	r := rand.New(rand.NewPCG(7, 7))
	sets := [][]client.Object{objectsOf(t, manyExpressions(90, func(int) string { return "" }))}
	for range 60 {
		sets = append(sets, randomIngresses(r, func(namespace string) *corev1.Secret { return pair.Secret(namespace, "tls") }))
	}
	routes := 0
	for _, objects := range sets {
		for _, object := range converted(t, objects).result.Objects {
			if _, ok := object.(*gatewayv1.HTTPRoute); ok {
				routes++
			}
			if err := cluster.Create(t.Context(), object, client.DryRunAll); err != nil {
				t.Error(err)
			}
		}
	}
	if routes < 2*len(sets) {
		t.Errorf("%d HTTPRoutes were looked at", routes)
	}
}
