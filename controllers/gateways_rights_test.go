// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/test/fixture"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// mayRead gives the user of the controllers the right to read kinds of the Gateway API.
func (k *testCluster) mayRead(name string, resources ...string) {
	k.T.Helper()
	k.Make(
		&rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name},
			Rules: []rbacv1.PolicyRule{{APIGroups: []string{gatewayv1.GroupName}, Resources: resources, Verbs: []string{"list", "watch"}}}},
		&rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: k.user}}})
}

// Whoever writes a BackendTLSPolicy wants no request sent in the clear, whether the controller may read it or not.
func TestBackendsGetNoRequestWhileBackendTLSPoliciesCannotBeRead(t *testing.T) {
	t.Parallel()
	k := gatewayCluster(t)
	k.user = "without-policies"
	k.GrantRights(k.user, "-without-policies", func(rule rbacv1.PolicyRule) bool { return !slices.Contains(rule.Resources, "backendtlspolicies") })
	k.mayRead("others", "gatewayclasses", "gateways", "grpcroutes", "httproutes", "listenersets", "referencegrants")
	if err := kubeapi.DefineGatewayAPI(k.Config, "backendtlspolicies"); err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(backend.Close)
	address := backend.Listener.Addr().(*net.TCPAddr).AddrPort()
	k.Make(fixture.Task(k.Blue, "one", "web", address.Addr().String()))
	made(k, &gatewayv1.GatewayClass{}, "metadata: {name: warren}\nspec: {controllerName: "+gatewayapi.DefaultController+"}")
	made(k, &gatewayv1.Gateway{}, "metadata: {name: g, namespace: "+k.Blue+"}\nspec: {gatewayClassName: warren, listeners: [{name: http, port: 20081, protocol: HTTP}]}")
	route := made(k, &gatewayv1.HTTPRoute{}, fmt.Sprintf(
		"metadata: {name: r, namespace: %s}\nspec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: %d}]}]}", k.Blue, address.Port()))
	k.startGateways(netip.MustParseAddr("127.31.0.1"))

	expect := func(status int, condition string) {
		t.Helper()
		fixture.Eventually(t, func() error {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.31.0.1:20081/", nil)
			if err != nil {
				return err
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				return err
			}
			_ = response.Body.Close()
			if response.StatusCode != status {
				return fmt.Errorf("got %s, want %d", response.Status, status)
			}
			k.Reload(route)
			var got []string
			for i := range route.Status.Parents {
				got = append(got, sayings("", route.Generation, route.Status.Parents[i].Conditions)...)
			}
			return sameLines("the route", []string{"Accepted=True Accepted", condition}, got)
		})
	}
	expect(http.StatusOK, "ResolvedRefs=True ResolvedRefs") // There can be no policies.
	if err := kubeapi.DefineGatewayAPI(k.Config); err != nil {
		t.Fatal(err)
	}
	expect(http.StatusInternalServerError, "ResolvedRefs=False BackendTLSPoliciesUnreadable")
	k.mayRead("policies", "backendtlspolicies")
	expect(http.StatusOK, "ResolvedRefs=True ResolvedRefs")
}
