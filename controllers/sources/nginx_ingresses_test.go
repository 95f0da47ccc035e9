// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/warren-dev/ingress/controllers/nginx"
)

// Whoever may write a ConfigMap in one namespace must not have the Ingresses of all be read anew.
func TestAConfigMapIsReadForThoseWhoNameIt(t *testing.T) {
	one := func(namespace string) *networkingv1.Ingress {
		return &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "web", UID: types.UID(namespace), ResourceVersion: "1",
			Annotations: map[string]string{nginx.Prefix + "custom-headers": "fields"}}}
	}
	base := nginx.NewSettings(nginx.Options{Class: "nginx"}, nil)
	known := func(shop, office string) nginx.Maps {
		return nginx.Maps{{Namespace: "shop", Name: "fields"}: {Version: shop}, {Namespace: "office", Name: "fields"}: {Version: office}}
	}
	var v nginxVersions
	read := func(s *nginx.Settings) map[string]any {
		all := map[string]any{}
		for _, o := range v.read(&StandardObjects{Nginx: []*networkingv1.Ingress{one("shop"), one("office")}, Settings: s}) {
			all[o.Namespace] = o
		}
		return all
	}
	first := read(base.WithMaps(known("1", "1")))
	second := read(base.WithMaps(known("2", "1")))
	if second["shop"] == first["shop"] {
		t.Error("who names the ConfigMap is not read anew")
	}
	if second["office"] != first["office"] {
		t.Error("who names another ConfigMap is read anew")
	}
	third := read(base.WithMaps(nginx.Maps{}))
	if third["office"] == second["office"] {
		t.Error("who names a ConfigMap that is gone is not read anew")
	}
	if fourth := read(nginx.NewSettings(nginx.Options{Class: "nginx"}, nil)); fourth["office"] == third["office"] {
		t.Error("other settings change nothing")
	}
}
