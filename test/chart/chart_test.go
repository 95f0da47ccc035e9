// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/test/kubeapi"
)

var api kubeapi.Shared

func TestMain(m *testing.M) { os.Exit(api.Run(m)) }

// render makes Helm render the chart, with values written as for --set, and other flags as they are.
func render(t *testing.T, values ...string) ([]byte, error) {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	return renderChart(t, filepath.Join(checkout, "config", "helm", "warren-ingress"), values...)
}

// renderChart is render for the chart in a folder.
func renderChart(t *testing.T, chart string, values ...string) ([]byte, error) {
	t.Helper()
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{"template", "edge", chart, "--namespace=edge-system"}
	for _, value := range values {
		if !strings.HasPrefix(value, "--") {
			value = "--set=" + value
		}
		arguments = append(arguments, value)
	}
	var complaint bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(checkout, "bin", "helm"), arguments...)
	command.Stderr = &complaint
	rendered, err := command.Output()
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf(`%v: run "make bin/helm"`, err)
	}
	if err != nil {
		return nil, errors.New(complaint.String())
	}
	return rendered, nil
}

func parse(t *testing.T, manifests []byte) (objects []*unstructured.Unstructured) {
	t.Helper()
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096); ; {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(object); {
		case errors.Is(err, io.EOF):
			return objects
		case err != nil:
			t.Fatalf("parsing what the chart renders to: %v", err)
		case len(object.Object) > 0:
			objects = append(objects, object)
		}
	}
}

func TestTheAPIServerTakesWhatTheChartRendersTo(t *testing.T) {
	c, err := client.New(api.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	installMonitoring(t, c)
	for _, name := range []string{"edge-system", "shop", "blog"} {
		if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name   string
		values []string
		// with and without are objects that must and must not be there.
		with, without []string
	}{
		{"the defaults", nil,
			[]string{"Deployment edge-warren-ingress", "ClusterRole edge-system-edge-warren-ingress", "PodDisruptionBudget edge-warren-ingress",
				"CustomResourceDefinition ingresses.ingress.warren.dev", "IngressClass warren"},
			[]string{"HorizontalPodAutoscaler edge-warren-ingress", "NetworkPolicy edge-warren-ingress", "Role edge-warren-ingress-watch"}},
		{"ports of each node", []string{"kind=DaemonSet", "hostPorts.http=80", "hostPorts.https=443", "service.type=ClusterIP", "publishAddress=203.0.113.7"},
			[]string{"DaemonSet edge-warren-ingress"}, []string{"Deployment edge-warren-ingress"}},
		{"ports of some nodes", []string{"hostPorts.http=80", "hostPorts.https=443", "service.type=ClusterIP", "publishAddress=203.0.113.7"},
			[]string{"Deployment edge-warren-ingress"}, []string{"DaemonSet edge-warren-ingress"}},
		{"a DaemonSet behind a load balancer", []string{"kind=DaemonSet", "service.externalTrafficPolicy=Cluster"},
			[]string{"DaemonSet edge-warren-ingress"}, nil},
		{"some namespaces", []string{"watchNamespaces={shop,blog}"},
			[]string{"Role edge-warren-ingress-watch", "RoleBinding edge-warren-ingress-watch", "Role edge-warren-ingress",
				"ClusterRole edge-system-edge-warren-ingress-namespaces", "ClusterRoleBinding edge-system-edge-warren-ingress-namespaces"},
			[]string{"ClusterRole edge-system-edge-warren-ingress", "ClusterRoleBinding edge-system-edge-warren-ingress"}},
		{"hosts that are allowed alone", []string{"hosts.requireAllowed=true"},
			[]string{"Deployment edge-warren-ingress"}, []string{"ClusterRole edge-system-edge-warren-ingress-namespaces"}},
		{"Services for Gateways", []string{"gatewayAPI.services.type=LoadBalancer", "networkPolicy.enabled=true"},
			[]string{"ClusterRole edge-system-edge-warren-ingress-gateway-services", "ClusterRoleBinding edge-system-edge-warren-ingress-gateway-services"}, nil},
		{"Services for Gateways of some namespaces", []string{"gatewayAPI.services.type=ClusterIP", "watchNamespaces={shop,blog}"},
			[]string{"Role edge-warren-ingress-gateway-services", "RoleBinding edge-warren-ingress-gateway-services"},
			[]string{"ClusterRole edge-system-edge-warren-ingress-gateway-services"}},
		{"Ingresses of ingress-nginx", []string{"ingressNginx.enabled=true", "ingressNginx.configMap=shop/settings"},
			[]string{"Role edge-warren-ingress-ingress-nginx", "RoleBinding edge-warren-ingress-ingress-nginx"}, nil},
		{"a ConfigMap of ingress-nginx that nothing reads", []string{"ingressNginx.configMap=shop/settings"},
			nil, []string{"Role edge-warren-ingress-ingress-nginx"}},
		{"autoscaling", []string{"autoscaling.enabled=true", "service.type=NodePort"}, []string{"HorizontalPodAutoscaler edge-warren-ingress"}, nil},
		{"ports of every node that are known", []string{"service.type=NodePort", "service.httpNodePort=30080", "service.httpsNodePort=30443"}, nil, nil},
		{"a certain load balancer", []string{"service.loadBalancerClass=example.com/inner", "service.loadBalancerSourceRanges={203.0.113.0/24}",
			"service.ipFamilyPolicy=PreferDualStack", "service.annotations.example\\.com/tier=gold", "trustedProxies={10.0.0.0/8,fd00::1}", "proxyProtocol=true"}, nil, nil},
		{"pods at ports below 1024", []string{"containerPorts.http=80", "containerPorts.https=443"}, nil, nil},
		{"spread over zones", []string{"topologySpread.keys={topology.kubernetes.io/zone,kubernetes.io/hostname}", "topologySpread.whenUnsatisfiable=DoNotSchedule"}, nil, nil},
		{"three replicas over zones", []string{"replicas=3", "topologySpread.keys={topology.kubernetes.io/zone,kubernetes.io/hostname}",
			"podDisruptionBudget.maxUnavailable=1", "priorityClassName=system-cluster-critical"}, []string{"PodDisruptionBudget edge-warren-ingress"}, nil},
		{"a further release of the same class", []string{"ingressClassResource.create=false", "crds.install=false"},
			[]string{"Deployment edge-warren-ingress"}, []string{"IngressClass warren", "CustomResourceDefinition ingresses.ingress.warren.dev"}},
		{"metrics for the Prometheus operator", []string{"serviceMonitor.enabled=true", "serviceMonitor.interval=15s", "serviceMonitor.labels.release=prometheus"},
			[]string{"ServiceMonitor edge-warren-ingress", "Service edge-warren-ingress-metrics"}, nil},
		{"alerts and a dashboard", []string{"prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus", "dashboard.enabled=true"},
			[]string{"PrometheusRule edge-warren-ingress", "ConfigMap edge-warren-ingress-dashboard"}, nil},
		{"a file for a flag", []string{"extraArgs={--acme-ca-file=/authority/ca.pem}", "extraEnv[0].name=HTTPS_PROXY", "extraEnv[0].value=http://proxy:3128",
			"extraVolumes[0].name=authority", "extraVolumes[0].configMap.name=authority", "extraVolumeMounts[0].name=authority", "extraVolumeMounts[0].mountPath=/authority"}, nil, nil},
		{"another authority", []string{"acme.directory=https://ca.example.com/directory", "acme.email=admin@example.com", "acme.caConfigMap=authority", "acme.eabSecret=eab",
			"acme.httpPort=80", "acme.ordersPerDay=0", "extraVolumes[0].name=more", "extraVolumes[0].emptyDir.medium=Memory",
			"extraVolumeMounts[0].name=more", "extraVolumeMounts[0].mountPath=/more"}, []string{"Deployment edge-warren-ingress"}, nil},
		{"a collector", []string{"tracing.endpoint=http://collector:4318", "tracing.sampling=0.05", "tracing.context=trusted",
			"extraEnv[0].name=OTEL_EXPORTER_OTLP_HEADERS", "extraEnv[0].valueFrom.secretKeyRef.name=collector", "extraEnv[0].valueFrom.secretKeyRef.key=headers"}, nil, nil},
		{"a network policy", []string{"networkPolicy.enabled=true"}, []string{"NetworkPolicy edge-warren-ingress"}, nil},
		{"a network policy for some", []string{"networkPolicy.enabled=true", "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
			"networkPolicy.healthFrom[0].ipBlock.cidr=10.0.0.0/8"}, []string{"NetworkPolicy edge-warren-ingress"}, nil},
		{"without ordering certificates", []string{"acme.enabled=false", "rbac.configMaps=false"}, []string{"ClusterRole edge-system-edge-warren-ingress"}, nil},
		{"without definitions and budget", []string{"crds.install=false", "podDisruptionBudget.enabled=false"},
			nil, []string{"CustomResourceDefinition ingresses.ingress.warren.dev", "PodDisruptionBudget edge-warren-ingress"}},
		{"labels with standard names", []string{"podLabels.app\\.kubernetes\\.io/version=v7", "podLabels.app\\.kubernetes\\.io/managed-by=me",
			"podLabels.app\\.kubernetes\\.io/name=warren-ingress", "podAnnotations.kubectl\\.kubernetes\\.io/default-container=other"}, nil, nil},
		{"groups of values that are taken out", []string{"resources=null", "podLabels=null", "podAnnotations=null", "acme=null", "hosts=null", "tracing=null",
			"autoscaling=null", "hostPorts=null", "podDisruptionBudget=null", "topologySpread=null", "serviceMonitor=null", "prometheusRule=null", "dashboard=null",
			"networkPolicy=null", "rbac=null", "crds=null", "ingressClassResource=null", "affinity=null", "tolerations=null", "nodeSelector=null",
			"metrics=null", "limits=null", "timeouts=null", "serviceAccount=null", "global=null", "lifecycle=null", "updateStrategy=null", "extraObjects=null",
			"extraArgs=null", "extraEnv=null", "watchNamespaces=null", "peerNamespaces=null", "trustedProxies=null", "publishAddress=null"},
			[]string{"Deployment edge-warren-ingress"}, []string{"PodDisruptionBudget edge-warren-ingress"}},
		{"labels that are taken out", []string{"serviceMonitor.enabled=true", "serviceMonitor.labels=null", "prometheusRule.enabled=true", "prometheusRule.labels=null",
			"dashboard.enabled=true", "dashboard.labels=null"},
			[]string{"ServiceMonitor edge-warren-ingress", "PrometheusRule edge-warren-ingress", "ConfigMap edge-warren-ingress-dashboard"}, nil},
		{"a default class of another name", []string{"ingressClass=edge", "ingressClassResource.default=true"}, []string{"IngressClass edge"}, nil},
		{"without a class", []string{"ingressClassResource.create=false"}, nil, []string{"IngressClass warren"}},
		{"everything about pods", []string{"podLabels.team=edge", "podAnnotations.note=hello", "nodeSelector.zone=a", "priorityClassName=system-cluster-critical",
			"tolerations[0].operator=Exists", "imagePullSecrets[0].name=registry", "extraArgs={--access-log=json}", "drainDelaySeconds=20",
			"image.digest=sha256:" + strings.Repeat("0123456789abcdef", 4)}, []string{"Deployment edge-warren-ingress"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			there := map[string]bool{}
			for _, object := range parse(t, rendered) {
				there[object.GetKind()+" "+object.GetName()] = true
				sent := client.ApplyConfigurationFromUnstructured(object)
				if err := c.Apply(t.Context(), sent, client.FieldOwner("chart"), client.ForceOwnership, client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
			for _, name := range test.with {
				if !there[name] {
					t.Errorf("there is no %s", name)
				}
			}
			for _, name := range test.without {
				if there[name] {
					t.Errorf("there is a %s", name)
				}
			}
		})
	}
}

// The API server refuses an upgrade if one of these differs. If the Service's name differs, nobody is served in
// between.
func TestAnUpgradeFindsItsObjectsAsTheyWere(t *testing.T) {
	rendered, err := render(t)
	if err != nil {
		t.Fatal(err)
	}
	selector := map[string]string{"app.kubernetes.io/name": "warren-ingress", "app.kubernetes.io/instance": "edge", "app.kubernetes.io/component": "controller"}
	want := map[string]map[string]string{"Deployment edge-warren-ingress": selector, "Service edge-warren-ingress": selector}
	got := map[string]map[string]string{}
	for _, object := range parse(t, rendered) {
		path := []string{"spec", "selector"}
		if object.GetKind() == "Deployment" {
			path = append(path, "matchLabels")
		}
		if labels, ok, _ := unstructured.NestedStringMap(object.Object, path...); ok {
			got[object.GetKind()+" "+object.GetName()] = labels
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("selectors (-want +got):\n%s", diff)
	}
}

func TestValuesForOrderingCertificatesTracingAndHostsBecomeFlags(t *testing.T) {
	for _, test := range []struct {
		name   string
		values []string
		want   []string
	}{
		{"the defaults", nil, []string{"--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"other controllers", []string{"peerNamespaces={warren-system,internal}"}, []string{"--peer-namespaces=warren-system,internal",
			"--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"an address that is published", []string{"publishAddress=203.0.113.7"},
			[]string{"--publish-address=203.0.113.7", "--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"several addresses that are published", []string{"publishAddress={203.0.113.7,2001:db8::7,lb.example.com}"},
			[]string{"--publish-address=203.0.113.7,2001:db8::7,lb.example.com", "--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"hosts that are kept", []string{"hosts.claimGrace=1h30m"}, []string{"--host-claim-grace=1h30m", "--acme-orders-per-day=200"}},
		{"a collector", []string{"tracing.endpoint=http://collector:4318"},
			[]string{"--otlp-endpoint=http://collector:4318", "--trace-sampling=1", "--trace-context=all", "--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"a collector of some traces", []string{"tracing.endpoint=https://otlp.example.com/tenant", "tracing.sampling=0.00001", "tracing.context=trusted"},
			[]string{"--otlp-endpoint=https://otlp.example.com/tenant", "--trace-sampling=0.00001", "--trace-context=trusted", "--host-claim-grace=0s",
				"--acme-orders-per-day=200"}},
		{"a part of the traces for nobody", []string{"tracing.sampling=0.5"}, []string{"--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"hosts that are allowed alone", []string{"hosts.requireAllowed=true"}, []string{"--require-allowed-hosts", "--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"no certificates", []string{"acme.enabled=false"}, []string{"--host-claim-grace=0s", "--acme=false", "--acme-orders-per-day=200"}},
		{"values of a version before", []string{"acme.enabled=null", "rbac=null"}, []string{"--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"networks of Tasks", []string{"tasks.networks={10.0.0.0/8,fd00::/8}"},
			[]string{"--host-claim-grace=0s", "--task-networks=10.0.0.0/8,fd00::/8", "--acme-orders-per-day=200"}},
		{"Services for Gateways", []string{"gatewayAPI.services.type=LoadBalancer"}, []string{"--host-claim-grace=0s", "--gateway-services=LoadBalancer", "--acme-orders-per-day=200"}},
		{"Ingresses of ingress-nginx", []string{"ingressNginx.enabled=true"}, []string{"--host-claim-grace=0s", "--nginx-class=nginx", "--acme-orders-per-day=200"}},
		{"Ingresses of ingress-nginx without snippets",
			[]string{"ingressNginx.enabled=true", "ingressNginx.class=old", "ingressNginx.configMap=nginx-system/settings", "ingressNginx.snippets=false"},
			[]string{"--host-claim-grace=0s", "--nginx-class=old", "--nginx-configmap=nginx-system/settings", "--nginx-snippets=false", "--acme-orders-per-day=200"}},
		{"a class of ingress-nginx that is not served", []string{"ingressNginx.class=old"}, []string{"--host-claim-grace=0s", "--acme-orders-per-day=200"}},
		{"all of them", []string{"acme.directory=https://ca.example.com/directory", "acme.email=admin@example.com", "acme.accountPerEmail=true",
			"acme.caConfigMap=authority", "acme.eabSecret=eab", "acme.httpPort=80", "acme.ordersPerDay=1000000"},
			[]string{"--host-claim-grace=0s", "--acme-directory=https://ca.example.com/directory", "--acme-email=admin@example.com", "--acme-account-per-email",
				"--acme-ca-file=/etc/warren-ingress/acme/ca.crt",
				"--acme-eab-secret=eab", "--acme-http-port=80", "--acme-orders-per-day=1000000"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, object := range parse(t, rendered) {
				containers, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
				for _, container := range containers {
					arguments, _, _ := unstructured.NestedStringSlice(container.(map[string]any), "args")
					for _, argument := range arguments {
						wanted := func(prefix string) bool { return strings.HasPrefix(argument, prefix) }
						if slices.ContainsFunc([]string{"--acme-", "--otlp-", "--trace-", "--require-", "--host-", "--peer-", "--task-", "--gateway-", "--nginx-", "--publish-address=", "--acme="}, wanted) {
							got = append(got, argument)
						}
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("flags (-want +got):\n%s", diff)
			}
		})
	}
}

// Who may write Tasks has the controller connect to where his own Pods may not, so that it takes a value.
func TestTasksAreInEditOnlyWhereTheValuesSaySo(t *testing.T) {
	for value, want := range map[string]string{"false": "warren-ingress-tasks", "true": "warren-ingress-tasks admin edit"} {
		rendered, err := render(t, "rbac.tasksInEdit="+value)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, object := range parse(t, rendered) {
			var role rbacv1.ClusterRole
			if object.GetKind() != "ClusterRole" {
				continue
			}
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &role); err != nil {
				t.Fatal(err)
			}
			writes := func(r rbacv1.PolicyRule) bool {
				return slices.Contains(r.Resources, "tasks") && slices.Contains(r.Verbs, "create") ||
					slices.Contains(r.Resources, "tasks/status") && slices.Contains(r.Verbs, "update")
			}
			if !slices.ContainsFunc(role.Rules, writes) {
				continue
			}
			got = append(got, strings.TrimPrefix(role.Name, "edge-system-edge-"))
			for _, of := range []string{"admin", "edit"} {
				if role.Labels["rbac.authorization.k8s.io/aggregate-to-"+of] == "true" {
					got = append(got, of)
				}
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("with rbac.tasksInEdit=%s, who writes Tasks (-want +got):\n%s", value, diff)
		}
	}
}

func TestOnlyPortsBelow1024TakeACapability(t *testing.T) {
	for _, test := range []struct {
		name, value  string
		capabilities map[string]any
		sysctls      bool
	}{
		{"the defaults", "containerPorts.http=8000", map[string]any{"drop": []any{"ALL"}}, false},
		{"port 443", "containerPorts.https=443", map[string]any{"drop": []any{"ALL"}, "add": []any{"NET_BIND_SERVICE"}}, true},
		{"port 1024", "containerPorts.http=1024", map[string]any{"drop": []any{"ALL"}}, false},
		{"ports of the node", "hostPorts.http=80", map[string]any{"drop": []any{"ALL"}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.value)
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range parse(t, rendered) {
				if object.GetKind() != "Deployment" {
					continue
				}
				pod, _, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
				if err != nil {
					t.Fatal(err)
				}
				_, sysctls, _ := unstructured.NestedSlice(pod, "securityContext", "sysctls")
				if sysctls != test.sysctls {
					t.Errorf("the pod has sysctls: %t, want %t", sysctls, test.sysctls)
				}
				got := pod["containers"].([]any)[0].(map[string]any)["securityContext"]
				want := map[string]any{"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": test.capabilities}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("the container's security context (-want +got):\n%s", diff)
				}
				return
			}
			t.Error("there is no Deployment")
		})
	}
}

// A node has each port only once. An update that began a new replica there before the old one ended would never end.
func TestAnUpdateIsPossibleWhereReplicasHaveTheNodesPorts(t *testing.T) {
	before := map[string]any{"maxSurge": int64(1), "maxUnavailable": int64(0)}
	after := map[string]any{"maxSurge": int64(0), "maxUnavailable": int64(1)}
	for _, test := range []struct {
		name, values string
		want         map[string]any
	}{
		{"a Deployment", "kind=Deployment", before},
		{"a Deployment with a port of the node", "kind=Deployment,hostPorts.https=443", after},
		{"a DaemonSet", "kind=DaemonSet", before},
		// Here Kubernetes' default for a DaemonSet is right.
		{"a DaemonSet with a port of the node", "kind=DaemonSet,hostPorts.https=443", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := render(t, test.values)
			if err != nil {
				t.Fatal(err)
			}
			for _, object := range parse(t, rendered) {
				field, ok := map[string]string{"Deployment": "strategy", "DaemonSet": "updateStrategy"}[object.GetKind()]
				if !ok {
					continue
				}
				got, _, _ := unstructured.NestedMap(object.Object, "spec", field, "rollingUpdate")
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("how the pods are replaced (-want +got):\n%s", diff)
				}
				return
			}
			t.Error("there are no pods")
		})
	}
}

func TestMemoryIsCollectedATenthBelowTheLimit(t *testing.T) {
	for limit, want := range map[string]string{"1Gi": "966367641", "1.5Gi": "1449551462", "512Mi": "483183820", "500M": "450000000", "1e9": ""} {
		t.Run(limit, func(t *testing.T) {
			rendered, err := render(t, "resources.limits.memory="+limit)
			if err != nil {
				t.Fatal(err)
			}
			_, after, found := strings.Cut(string(rendered), "name: GOMEMLIMIT, value: \"")
			got, _, _ := strings.Cut(after, "\"")
			if got != want || found != (want != "") {
				t.Errorf("GOMEMLIMIT is %q, want %q", got, want)
			}
		})
	}
}

func TestValuesThatMeanNothingAreRefused(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"an unknown kind", "kind=StatefulSet", "/kind"},
		{"no replica", "replicaCount=0", "/replicaCount"},
		{"no replica by its former name", "replicas=0", "/replicas"},
		{"a proxy that is no address", "trustedProxies={lb.example.com}", "/trustedProxies/0"},
		{"hosts that may be allowed", "hosts.requireAllowed=maybe", "/hosts/requireAllowed"},
		{"an unknown access log", "accessLog=xml", "/accessLog"},
		{"probes at a port below 1024", "containerPorts.health=81", "/containerPorts/health"},
		{"a tag for a digest", "image.digest=v1", "/image/digest"},
		{"an authority without TLS", "acme.directory=http://ca.example.com", "/acme/directory"},
		{"a contact that is no address", "acme.email=admin", "/acme/email"},
		{"a collector by gRPC", "tracing.endpoint=collector:4317", "/tracing/endpoint"},
		{"more than all traces", "tracing.sampling=1.5", "/tracing/sampling"},
		{"a trace context of some", "tracing.context=some", "/tracing/context"},
		{"an argument that is no flag", "extraArgs={json}", "/extraArgs/0"},
		{"a label that pods are selected by", "podLabels.app\\.kubernetes\\.io/name=edge", "podLabels has app.kubernetes.io/name, which the pods are selected by"},
		{"clients of a load balancer that is none", "service.type=NodePort,service.loadBalancerSourceRanges={203.0.113.0/24}",
			"service.loadBalancerSourceRanges keeps nobody out unless service.type is LoadBalancer"},
		{"a class of load balancers without one", "service.type=ClusterIP,service.loadBalancerClass=example.com/inner", "service.loadBalancerClass is for service.type LoadBalancer"},
		{"an address of a load balancer without one", "service.type=NodePort,service.loadBalancerIP=203.0.113.7", "service.loadBalancerIP is for service.type LoadBalancer"},
		{"a name that no object can have", "fullnameOverride=Edge_1", "/fullnameOverride"},
		{"a short name that no object can have", "nameOverride=Edge_1", "/nameOverride"},
		{"a common label that pods are selected by", "commonLabels.app\\.kubernetes\\.io/name=edge", "commonLabels has app.kubernetes.io/name, which the pods are selected by"},
		{"pods that end before requests", "terminationGracePeriodSeconds=20", "terminationGracePeriodSeconds is 20, and both drains take 35 together"},
		{"ports of the node that are not the pods'", "hostNetwork=true,hostPorts.http=80", "with hostNetwork the port of the node is containerPorts.http, 8000"},
		{"a monitor of metrics that nobody is served", "metrics.enabled=false,metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.enabled need metrics.enabled"},
		{"certificates of a namespace that is not read", "watchNamespaces={shop},acme.namespaces={shop,blog}", "acme.namespaces has blog, which watchNamespaces has not"},
		{"the whole cluster without its roles", "rbac.clusterRoles=false", "rbac.clusterRoles=false needs watchNamespaces"},
		{"allowed hosts without Namespaces", "watchNamespaces={shop},rbac.clusterRoles=false,hosts.requireAllowed=true", "hosts.requireAllowed needs rbac.clusterRoles"},
		{"Services of a type that Gateways cannot have", "gatewayAPI.services.type=NodePort", "/gatewayAPI/services/type"},
		{"Services for Gateways without the roles to read them", "watchNamespaces={shop},rbac.clusterRoles=false,gatewayAPI.services.type=ClusterIP",
			"gatewayAPI.services.type is set, and the Gateway API is not served"},
		{"Services for Gateways that have addresses of the node", "hostNetwork=true,gatewayAPI.addresses={192.0.2.7},gatewayAPI.services.type=ClusterIP",
			"gatewayAPI.services.type and gatewayAPI.addresses are both set"},
		{"a ConfigMap of ingress-nginx without a namespace", "ingressNginx.configMap=settings", "/ingressNginx/configMap"},
		{"too little memory for heads", "limits.maxHeaderMemory=1000", "/limits/maxHeaderMemory"},
		{"a log of no level", "logLevel=loud", "/logLevel"},
		{"no image", "image=null", "image"},
		{"no Service", "service=null", "service"},
		{"no ports", "containerPorts=null", "containerPorts"},
		{"an autoscaled DaemonSet", "kind=DaemonSet,autoscaling.enabled=true", "autoscaling is for kind: Deployment"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := render(t, test.value); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestTheNotesSayWhatThereIsAndWhatToDoNext(t *testing.T) {
	checkout, err := kubeapi.Checkout()
	if err != nil {
		t.Fatal(err)
	}
	chart := t.TempDir()
	if err := os.CopyFS(chart, os.DirFS(filepath.Join(checkout, "config", "helm", "warren-ingress"))); err != nil {
		t.Fatal(err)
	}
	notes, err := os.ReadFile(filepath.Join(chart, "templates", "NOTES.txt"))
	if err != nil {
		t.Fatal(err)
	}
	// "helm template" renders no notes, but for those that an object has.
	object := `{{ define "notes" }}` + string(notes) + "{{ end }}\nkind: Notes\ntext: {{ include \"notes\" . | toJson }}\n"
	if err := os.WriteFile(filepath.Join(chart, "templates", "notes.yaml"), []byte(object), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name          string
		values        []string
		with, without string
	}{
		{"without a load balancer", []string{"hostPorts.http=80", "service.type=ClusterIP"}, "its address within the cluster", "load balancer"},
		{"with one", []string{"hostPorts.http=80"}, "the Service's load balancer", "within the cluster"},
		{"with an address", []string{"hostPorts.http=80", "service.type=ClusterIP", "publishAddress=203.0.113.7"}, "are served at 203.0.113.7.", "Service"},
		{"at the Service's ports", nil, "the address of the Service:", "status"},
		{"what to do next", []string{"ingressClassResource.name=inner", "watchNamespaces={shop}"}, "kubectl create ingress hello --class=inner " +
			"--rule='hello.example.com/*=SERVICE:80' --namespace shop\n  curl --header 'Host: hello.example.com' http://ADDRESS/\n", "former names"},
		{"by former names", []string{"replicas=3", "rbac.tasksInEdit=true"}, "rbac.tasksInEdit is rbac.aggregate.tasks now.\n  replicas is replicaCount now.",
			"ingressClass is"},
		{"at a port of the node that is root's", []string{"hostNetwork=true", "containerPorts.http=80"}, "the node's sysctl net.ipv4.ip_unprivileged_port_start",
			"address of the Service:"},
		{"with Ingresses of ingress-nginx", []string{"ingressNginx.enabled=true", "ingressNginx.class=edge"}, "So are those of the class edge", "former names"},
		{"without them", nil, "what there is", "ingress-nginx"},
		{"at other ports of the node", []string{"hostNetwork=true"}, "the addresses of the nodes", "sysctl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rendered, err := renderChart(t, chart, test.values...)
			if err != nil {
				t.Fatal(err)
			}
			text := ""
			for _, object := range parse(t, rendered) {
				if object.GetKind() == "Notes" {
					text, _, _ = unstructured.NestedString(object.Object, "text")
				}
			}
			if !strings.Contains(text, test.with) || strings.Contains(text, test.without) {
				t.Errorf("the notes are %q, want them with %q and without %q", text, test.with, test.without)
			}
		})
	}
}

// rightsTo lists the verbs that roles of the chart allow for a resource, as "kind name: verb …".
func rightsTo(t *testing.T, resource string, values ...string) (rights []string) {
	t.Helper()
	rendered, err := render(t, values...)
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range parse(t, rendered) {
		rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
		for _, rule := range rules {
			resources, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "resources")
			verbs, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "verbs")
			if slices.Contains(resources, resource) {
				rights = append(rights, object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()+": "+strings.Join(verbs, " "))
			}
		}
	}
	return rights
}

func TestRightsThatAreNotNeededAreLeftOut(t *testing.T) {
	const (
		clusterWide = "ClusterRole /edge-system-edge-warren-ingress: "
		own         = "Role edge-system/edge-warren-ingress: "
		ownSecrets  = own + "create delete get list update watch"
		ownMaps     = own + "create get list update watch"
		inShop      = "Role shop/edge-warren-ingress-watch: "
	)
	for _, test := range []struct {
		name, resource string
		values, want   []string
	}{
		{"to Secrets", "secrets", nil, []string{clusterWide + "create get list update watch", ownSecrets}},
		{"to Secrets where none is written", "secrets", []string{"acme.enabled=false"}, []string{clusterWide + "get list watch", ownSecrets}},
		{"to Secrets of a namespace", "secrets", []string{"watchNamespaces={shop}"}, []string{inShop + "create get list update watch", ownSecrets}},
		{"to Secrets of a namespace where none is written", "secrets", []string{"watchNamespaces={shop}", "acme.enabled=false"},
			[]string{inShop + "get list watch", ownSecrets}},
		{"to ConfigMaps", "configmaps", nil, []string{clusterWide + "list watch", ownMaps}},
		{"to ConfigMaps where none is named", "configmaps", []string{"rbac.configMaps=false"}, []string{ownMaps}},
		{"to ConfigMaps of a namespace where none is named", "configmaps", []string{"watchNamespaces={shop}", "rbac.configMaps=false"}, []string{ownMaps}},
		{"to the ConfigMap of ingress-nginx", "configmaps", []string{"rbac.configMaps=false", "ingressNginx.enabled=true", "ingressNginx.configMap=nginx-system/settings"},
			[]string{ownMaps, "Role nginx-system/edge-warren-ingress-ingress-nginx: get list watch"}},
		{"to Services of Gateways", "services", []string{"gatewayAPI.services.type=ClusterIP"},
			[]string{clusterWide + "list watch", "ClusterRole /edge-system-edge-warren-ingress-gateway-services: create update delete"}},
		{"to EndpointSlices of Gateways in a namespace", "endpointslices", []string{"watchNamespaces={shop}", "gatewayAPI.services.type=ClusterIP"},
			[]string{inShop + "list watch", "Role shop/edge-warren-ingress-gateway-services: create update delete"}},
		{"to Services where no ConfigMap is named", "services", []string{"rbac.configMaps=false"}, []string{clusterWide + "list watch"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := rightsTo(t, test.resource, test.values...)
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rights (-want +got):\n%s", diff)
			}
		})
	}
}

func TestThePortsOfGatewaysAreLetIn(t *testing.T) {
	rendered, err := render(t, "networkPolicy.enabled=true", "gatewayAPI.services.type=ClusterIP")
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range parse(t, rendered) {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		got, _, _ := unstructured.NestedSlice(object.Object, "spec", "ingress")
		want := map[string]any{"ports": []any{map[string]any{"port": "http"}, map[string]any{"port": "https"},
			map[string]any{"port": int64(20000), "endPort": int64(29999)}}}
		if diff := cmp.Diff(want, got[0]); diff != "" {
			t.Errorf("what is let in (-want +got):\n%s", diff)
		}
		return
	}
	t.Error("there is no NetworkPolicy")
}

func TestWhoMayAskForMetricsAndProbes(t *testing.T) {
	rendered, err := render(t, "networkPolicy.enabled=true", "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring")
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range parse(t, rendered) {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		got, _, _ := unstructured.NestedSlice(object.Object, "spec", "ingress")
		want := []any{
			map[string]any{"ports": []any{map[string]any{"port": "http"}, map[string]any{"port": "https"}}},
			map[string]any{"ports": []any{map[string]any{"port": "metrics"}},
				"from": []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"team": "monitoring"}}}}},
			map[string]any{"ports": []any{map[string]any{"port": "health"}}},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what is let in (-want +got):\n%s", diff)
		}
		return
	}
	t.Error("there is no NetworkPolicy")
}
