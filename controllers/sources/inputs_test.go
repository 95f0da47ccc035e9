// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"reflect"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/test/fixture"
)

// If a kind were read in a cluster but not from manifests, an explanation would differ from what a controller serves.
func TestManifestsOfEverySourceAreRead(t *testing.T) {
	own := fixture.Ingress("blue", "shop", "x.io", "api")
	own.Spec.TLS = &v1alpha1.IngressTLS{SecretName: "shop-tls"}
	backend := &own.Spec.Rules[0].Paths[0].Backend
	backend.Protocol, backend.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.BackendTLS{CAConfigMapName: "ca"}
	at := metav1.ObjectMeta{Namespace: "blue", Name: "api"}
	objects := []client.Object{
		own, fixture.StandardIngress("blue", "standard", "y.io", "web"),
		&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"}, Spec: networkingv1.IngressClassSpec{Controller: kinds.StandardController}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "blue", Annotations: map[string]string{translate.AllowedHostsAnnotation: "*"}}},
		&v1alpha1.Task{ObjectMeta: at}, &v1alpha1.RoutePolicy{ObjectMeta: at}, &v1alpha1.TLSCertificate{ObjectMeta: at}, &corev1.Service{ObjectMeta: at}, &discoveryv1.EndpointSlice{ObjectMeta: at},
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "blue", Name: "shop-tls"}},
		&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "blue", Name: "ca"}},
		&gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayapi.DefaultController}},
		&gatewayv1.Gateway{ObjectMeta: at, Spec: gatewayv1.GatewaySpec{GatewayClassName: "warren",
			Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}, {Name: "grpc", Port: 81, Protocol: gatewayv1.HTTPProtocolType}},
			TLS:       &gatewayv1.GatewayTLSConfig{Backend: &gatewayv1.GatewayBackendTLS{ClientCertificateRef: &gatewayv1.SecretObjectReference{Name: "shop-tls"}}}}},
		&gatewayv1.ListenerSet{ObjectMeta: at}, &gatewayv1.BackendTLSPolicy{ObjectMeta: at},
		&gatewayv1.HTTPRoute{ObjectMeta: at, Spec: gatewayv1.HTTPRouteSpec{CommonRouteSpec: gatewayv1.CommonRouteSpec{
			ParentRefs: []gatewayv1.ParentReference{{Name: "api", SectionName: new(gatewayv1.SectionName("http"))}}}, Rules: []gatewayv1.HTTPRouteRule{{}}}},
		&gatewayv1.GRPCRoute{ObjectMeta: at, Spec: gatewayv1.GRPCRouteSpec{Hostnames: []gatewayv1.Hostname{"x.io"},
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "api", SectionName: new(gatewayv1.SectionName("grpc"))}}}}},
		&gatewayv1.ReferenceGrant{ObjectMeta: at},
		&rbacv1.Role{ObjectMeta: at},
	}
	in, attached, err := InputOf(objects, translate.Options{IngressClass: "warren"}, gatewayapi.Options{Controller: gatewayapi.DefaultController}, nginx.Options{})
	if err != nil || len(in.Objects) != 4 || len(attached.Objects) != 2 {
		t.Fatalf("%d objects make routes, and %d of these are of the Gateway API, error %v", len(in.Objects), len(attached.Objects), err)
	}
	for _, object := range objects {
		if _, role := object.(*rbacv1.Role); Uses(object) == role {
			t.Errorf("snapshots are made of a %T: %v", object, Uses(object))
		}
	}
	// For manifests nobody serves and nobody orders, and no owner of their hosts is recorded.
	unknown := []string{"Own", "Reserved", "Challenges", "Owners", "Kept"}
	for i, v := 0, reflect.ValueOf(in); i < v.NumField(); i++ {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() != slices.Contains(unknown, name) {
			t.Errorf("%s is %v", name, v.Field(i))
		}
	}
	for _, list := range [][]inputSource{naming, others} {
		for i := range list {
			for _, kind := range list[i].kinds {
				sameKind := func(o client.Object) bool { return reflect.TypeOf(o) == reflect.TypeOf(kind) }
				if _, metadata := kind.(*metav1.PartialObjectMetadata); !metadata && !slices.ContainsFunc(objects, sameKind) {
					t.Errorf("no %T was tried", kind)
				}
			}
		}
	}
}
