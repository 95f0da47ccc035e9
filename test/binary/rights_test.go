// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

// right is what a rule allows or a request needs.
type right struct {
	// namespace is empty for all namespaces.
	namespace, group, resource, verb string
}

func (r right) String() string {
	return fmt.Sprintf("%s %s.%s in namespace %q", r.verb, r.resource, r.group, r.namespace)
}

// allows says whether a rule's right is one that a request needs.
func (r right) allows(needed right) bool {
	return (r.namespace == "" || r.namespace == needed.namespace) && r.group == needed.group && r.resource == needed.resource && r.verb == needed.verb
}

// requests remembers what an API server was asked for, and what it refused.
type requests struct {
	mu      sync.Mutex
	allowed map[right]bool
	refused map[right]bool
}

func (r *requests) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if needed, ok := neededFor(request.Method, request.URL); ok && err == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			if response.StatusCode == http.StatusForbidden {
				r.refused[needed] = true
			} else {
				r.allowed[needed] = true
			}
		}
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// neededFor reads a request as the API server does. It returns false if the request needs no right of its own: it asks
// which kinds there are, or who one is.
func neededFor(method string, at *url.URL) (right, bool) {
	path := strings.Split(strings.Trim(at.Path, "/"), "/")
	var r right
	switch {
	case path[0] == "api" && len(path) > 2:
		path = path[2:]
	case path[0] == "apis" && len(path) > 3:
		r.group, path = path[1], path[3:]
	default:
		return right{}, false
	}
	if path[0] == "namespaces" && len(path) > 2 {
		r.namespace, path = path[1], path[2:]
	}
	if r.resource = path[0]; r.resource == "selfsubjectreviews" {
		return right{}, false
	}
	if len(path) > 2 {
		r.resource += "/" + path[2]
	}
	switch method {
	case http.MethodGet:
		// Reading a list and watching it count as one. The client's library decides which of them it does.
		if r.verb = "get"; len(path) == 1 {
			r.verb = "list"
		}
	case http.MethodPost:
		r.verb = "create"
	case http.MethodPut:
		r.verb = "update"
	default:
		r.verb = strings.ToLower(method)
	}
	return r, true
}

// unasked says whether a right is for what a library would do by itself. If it tells once more of the same version of
// an object, it counts the Event.
func unasked(r right) bool { return r.verb == "patch" && r.resource == "events" }

// given returns the rights that a role's rules give, in its namespace if it has one.
func given(namespace string, rules []rbacv1.PolicyRule) (rights []right) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					if verb != "watch" {
						rights = append(rights, right{namespace, group, resource, verb})
					}
				}
			}
		}
	}
	return rights
}

// chartRights makes Helm render the chart. It returns its ServiceAccount, roles and bindings.
func chartRights(t *testing.T, namespace string, values ...string) []*unstructured.Unstructured {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	helm := filepath.Join(checkout, "bin", "helm")
	if _, err := os.Stat(helm); err != nil {
		t.Fatalf(`%v: run "make bin/helm"`, err)
	}
	arguments := []string{"template", "edge", filepath.Join(checkout, "config", "helm", "warren-ingress"), "--namespace=" + namespace, "--show-only=templates/rbac.yaml"}
	for _, value := range values {
		arguments = append(arguments, "--set="+value)
	}
	var complaints bytes.Buffer
	command := exec.CommandContext(t.Context(), helm, arguments...)
	command.Stderr = &complaints
	rendered, err := command.Output()
	if err != nil {
		t.Fatalf("rendering the chart: %v\n%s", err, &complaints)
	}
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(rendered), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatal(err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

// account makes the chart's rights. It returns access as its ServiceAccount, and what that may do. The controller does
// not need what people are given.
func account(t *testing.T, admin *rest.Config, objects []*unstructured.Unstructured) (*rest.Config, []right) {
	t.Helper()
	c, err := client.New(admin, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var rights []right
	var name client.ObjectKey
	for _, object := range objects {
		if err := c.Create(t.Context(), object); err != nil {
			t.Fatalf("creating the %s %s: %v", object.GetKind(), object.GetName(), err)
		}
		var role rbacv1.ClusterRole
		switch object.GetKind() {
		case "ServiceAccount":
			name = client.ObjectKeyFromObject(object)
		case "Role", "ClusterRole":
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(slices.Collect(maps.Keys(role.Labels)), func(l string) bool { return strings.Contains(l, "aggregate-to-") }) {
				rights = append(rights, given(role.Namespace, role.Rules)...)
			}
		}
	}
	clientset, err := kubernetes.NewForConfig(admin)
	if err != nil {
		t.Fatal(err)
	}
	token, err := clientset.CoreV1().ServiceAccounts(name.Namespace).CreateToken(t.Context(), name.Name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	config := rest.AnonymousClientConfig(admin)
	config.BearerToken = token.Status.Token
	return config, rights
}

// object is one of a kind that the tests have no type of.
func object(version, kind, name string, spec map[string]any) client.Object {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": version, "kind": kind, "metadata": map[string]any{"name": name}, "spec": spec,
	}}
}

func TestTheChartsRightsAreEnoughAndNoneIsUnused(t *testing.T) {
	t.Parallel()
	// A controller that watches all namespaces would take what other tests make for its own.
	server, err := kubeapi.New(kubeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	admin := newSceneIn(t, server.Config, "")
	admin.create(&networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: "warren"},
		Spec: networkingv1.IngressClassSpec{Controller: "ingress.warren.dev/controller"}})
	if err := kubeapi.DefineGatewayAPI(server.Config); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		// some says whether the watched namespaces are named, roles whether there are no ClusterRoles, and services whether
		// Gateways get Services.
		some, roles, services bool
	}{
		{name: "in the whole cluster"}, {name: "in some namespaces", some: true}, {name: "in some namespaces by Roles alone", some: true, roles: true},
		{name: "with Services of Gateways", services: true}, {name: "with Services of Gateways in some namespaces", some: true, services: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			system, shop := kubeapi.Namespace(t, server.Config), kubeapi.Namespace(t, server.Config)
			arguments := []string{"--namespace=" + system, "--publish-service=" + system + "/edge-warren-ingress", "--peer-namespaces=*",
				"--ingress-class=warren", "--allow-local-tasks", "--drain-delay=0s"}
			var values []string
			if test.some {
				arguments = append(arguments, "--watch-namespaces="+shop)
				values = []string{"watchNamespaces={" + shop + "}"}
			}
			if test.roles {
				arguments = append(arguments, "--acme-namespaces="+shop, "--gateway-controller=")
				values = append(values, "rbac.clusterRoles=false", "acme.namespaces={"+shop+"}")
			}
			if test.services {
				arguments = append(arguments, "--gateway-services=ClusterIP")
				values = append(values, "gatewayAPI.services.type=ClusterIP")
			}
			config, rights := account(t, server.Config, chartRights(t, system, values...))
			asked := &requests{allowed: map[right]bool{}, refused: map[right]bool{}}
			config.Wrap(asked.wrap)
			gate := newGateway(t)
			gate.open(config)

			s := newSceneIn(t, server.Config, shop)
			// A class of its own, because the status of one that was seen before needs no writing.
			admin.create(object("gateway.networking.k8s.io/v1", "GatewayClass", shop, map[string]any{"controllerName": "ingress.warren.dev/gateway-controller"}))
			listener := func(name string) any {
				return map[string]any{"name": name, "port": int64(ports.row(t, 1)), "protocol": "HTTP"}
			}
			// Of an HTTPRoute and a GRPCRoute with the same hosts, a listener takes the older one alone.
			route := func(kind, name string, rules ...any) client.Object {
				return object("gateway.networking.k8s.io/v1", kind, name, map[string]any{"parentRefs": []any{map[string]any{"name": "edge"}},
					"hostnames": []any{strings.ToLower(kind) + ".example.com"}, "rules": rules})
			}
			edge := object("gateway.networking.k8s.io/v1", "Gateway", "edge", map[string]any{"gatewayClassName": shop, "listeners": []any{listener("http")}})
			s.create(edge,
				object("ingress.warren.dev/v1alpha1", "RoutePolicy", "limits", map[string]any{"maxRequestBytes": "1Mi"}),
				route("HTTPRoute", "shop", map[string]any{}), route("GRPCRoute", "shop", map[string]any{}))
			s.create(object("gateway.networking.k8s.io/v1", "ListenerSet", "more", map[string]any{"parentRef": map[string]any{"name": "edge"},
				"listeners": []any{map[string]any{"name": "http", "port": int64(80), "protocol": "HTTP"}}}),
				route("HTTPRoute", "secured", map[string]any{"backendRefs": []any{map[string]any{"name": "web", "port": int64(443)}}}),
				object("gateway.networking.k8s.io/v1", "BackendTLSPolicy", "web", map[string]any{
					"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": "web"}},
					"validation": map[string]any{"hostname": "web.io", "wellKnownCACertificates": "System"}}))
			s.exercise(writeKubeconfig(t, gate.config()), system, arguments)
			if test.services {
				s.moveGateway(edge.(*unstructured.Unstructured), listener("more"))
			}
			eventually(t, patience, "every right to be used", func() error {
				asked.mu.Lock()
				defer asked.mu.Unlock()
				unused := slices.DeleteFunc(slices.Clone(rights), func(r right) bool {
					return unasked(r) || slices.ContainsFunc(slices.Collect(maps.Keys(asked.allowed)), r.allows)
				})
				if len(unused) > 0 {
					return fmt.Errorf("these are not: %v", unused)
				}
				return nil
			})
			asked.mu.Lock()
			defer asked.mu.Unlock()
			for refused := range asked.refused {
				// With rights in some namespaces, the controller does not read what is in no namespace or in others. The
				// documentation says what it does without.
				if !test.some || refused != (right{"", networkingv1.GroupName, "ingressclasses", "list"}) &&
					refused != (right{"", coordinationv1.GroupName, "leases", "list"}) &&
					(!test.roles || refused != (right{"", "", "namespaces", "list"})) {
					t.Errorf("the controller may not %s", refused)
				}
			}
		})
	}
}

// exercise makes controllers do everything that they do. They keep their own objects in the namespace system, and reach
// the API by the kubeconfig.
func (s *scene) exercise(kubeconfig, system string, arguments []string) {
	s.t.Helper()
	t := s.t
	http01, https := ports.address(t), ports.address(t)
	authority := s.authorityFor(http01, https, nil)
	arguments = append(append(arguments, authority.arguments()...), "--kubeconfig="+kubeconfig)
	balancer := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "edge-warren-ingress"},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, Ports: []corev1.ServicePort{{Port: 80}}}}
	if err := s.Create(t.Context(), balancer); err != nil {
		t.Fatal(err)
	}
	balancer.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "203.0.113.7"}}
	if err := s.Status().Update(t.Context(), balancer); err != nil {
		t.Fatal(err)
	}
	first := startController(t, append(arguments, "--http-address="+http01, "--https-address="+https)...)
	first.ready()

	checked := task("web", startBackend(t, "web-1"))
	checked.Spec.HealthCheck = &v1alpha1.HealthCheck{Type: v1alpha1.HealthCheckTCP}
	shop, certified := ingress("shop", s.host("shop"), "web"), automatic("certified", s.host("certified"))
	class := "warren"
	standard := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: "standard"}, Spec: networkingv1.IngressSpec{
		IngressClassName: &class,
		DefaultBackend:   &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}}},
	}}
	verified := ingress("verified", s.host("verified"), "web")
	verified.Spec.Rules[0].Paths[0].Backend.Protocol = v1alpha1.ProtocolHTTPS
	verified.Spec.Rules[0].Paths[0].Backend.TLS = &v1alpha1.BackendTLS{CAConfigMapName: "authority"}
	s.create(checked, shop, certified, verified, standard)
	s.ingressSays(shop, served...)
	s.certifies(authority, https, s.host("certified"), 2*orderLimit)

	s.change(shop, func() { shop.Spec.Rules[0].Paths[0].Backend.ServiceName = "nothing" })
	s.ingressSays(shop, "ResolvedRefs=False ServiceNotFound")
	// There is another certificate in the place of the first, and then none.
	s.change(certified, func() {
		more := *certified.Spec.Rules[0].DeepCopy()
		more.Host = v1alpha1.Host(s.host("other"))
		certified.Spec.Rules = append(certified.Spec.Rules, more)
	})
	s.certifies(authority, https, s.host("other"), 2*orderLimit)
	s.change(certified, func() { certified.Spec.TLS = nil })

	// A replica that ends takes its Lease with it.
	second := startController(t, arguments...).ready()
	eventually(t, patience, "the Leases of two replicas", func() error { return s.replicaLeases(system, 2) })
	second.terminate()
	second.exit()
	eventually(t, patience, "the Lease of one of them to go", func() error { return s.replicaLeases(system, 1) })
	eventually(t, patience, "all that the controller made to belong to its account", func() error { return s.belongsToTheAccount(system) })
}

// moveGateway has a Gateway get one more listener, and then another address, which takes another Service.
func (s *scene) moveGateway(g *unstructured.Unstructured, listener any) {
	s.t.Helper()
	eventually(s.t, patience, "a replica to be behind the Gateway's Service", func() error {
		var slices discoveryv1.EndpointSliceList
		err := s.List(s.t.Context(), &slices, client.InNamespace(g.GetNamespace()), client.HasLabels{"gateway.networking.k8s.io/gateway-name"})
		if err == nil && len(slices.Items) != 1 {
			err = fmt.Errorf("there are %d EndpointSlices", len(slices.Items))
		}
		return err
	})
	address := fmt.Sprintf("10.0.0.%d", 1+movedGateways.Add(1)) // Services that ask for none get one from 10.0.0.16 on.
	s.change(g, func() {
		listeners, _, _ := unstructured.NestedSlice(g.Object, "spec", "listeners")
		if err := unstructured.SetNestedSlice(g.Object, append(listeners, listener), "spec", "listeners"); err != nil {
			s.t.Fatal(err)
		}
	})
	has := func(what string, want int, fields ...string) {
		eventually(s.t, patience, what, func() error {
			if err := s.Get(s.t.Context(), client.ObjectKeyFromObject(g), g); err != nil {
				return err
			}
			list, _, _ := unstructured.NestedSlice(g.Object, fields...)
			if len(list) != want || fields[1] == "addresses" && list[0].(map[string]any)["value"] != address {
				return fmt.Errorf("there is %v", list)
			}
			return nil
		})
	}
	has("statuses of two listeners", 2, "status", "listeners")
	s.change(g, func() {
		if err := unstructured.SetNestedSlice(g.Object, []any{map[string]any{"value": address}}, "spec", "addresses"); err != nil {
			s.t.Fatal(err)
		}
	})
	has("the address that is asked for", 1, "status", "addresses")
}

// movedGateways counts the addresses that were asked for.
var movedGateways atomic.Int32

// replicaLeases fails unless so many replicas have a Lease.
func (s *scene) replicaLeases(namespace string, want int) error {
	var leases coordinationv1.LeaseList
	err := s.List(s.t.Context(), &leases, client.InNamespace(namespace), client.HasLabels{"ingress.warren.dev/replica"})
	if err == nil && len(leases.Items) != want {
		err = fmt.Errorf("there are %d, want %d", len(leases.Items), want)
	}
	return err
}

// belongsToTheAccount fails unless everything in the controller's namespace goes with its ServiceAccount, or with a
// replica.
func (s *scene) belongsToTheAccount(namespace string) error {
	var errs []error
	for _, list := range []client.ObjectList{&coordinationv1.LeaseList{}, &corev1.SecretList{}, &corev1.ConfigMapList{}} {
		if err := s.List(s.t.Context(), list, client.InNamespace(namespace)); err != nil {
			return err
		}
		objects, err := apimeta.ExtractList(list)
		if err != nil {
			return err
		}
		if len(objects) == 0 {
			errs = append(errs, fmt.Errorf("there is nothing in a %T", list))
		}
		for _, object := range objects {
			object := object.(client.Object)
			if _, ofReplica := object.GetLabels()["ingress.warren.dev/replica"]; ofReplica {
				continue
			}
			owners := object.GetOwnerReferences()
			if len(owners) != 1 || owners[0].Kind != "ServiceAccount" || owners[0].Name != "edge-warren-ingress" {
				errs = append(errs, fmt.Errorf("%T %s belongs to %v", object, object.GetName(), owners))
			}
		}
	}
	return errors.Join(errs...)
}
