// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// look returns what an object has at a path of words, which are keys and indices. It is nil where there is nothing.
func look(object *unstructured.Unstructured, path string) any {
	var at any = object.Object
	for word := range strings.FieldsSeq(path) {
		switch v := at.(type) {
		case map[string]any:
			at = v[word]
		case []any:
			i, err := strconv.Atoi(word)
			if err != nil || i >= len(v) {
				return nil
			}
			at = v[i]
		default:
			return nil
		}
	}
	return at
}

// container is the path of the controller's container in what has pods, and pod that of the pods themselves.
const (
	pod       = "spec template spec"
	container = pod + " containers 0"
)

// argument is what is looked up of an argument of the controller: its value.
func argument(object *unstructured.Unstructured, name string) any {
	arguments, _ := look(object, container+" args").([]any)
	for _, a := range arguments {
		if value, ok := strings.CutPrefix(a.(string), name+"="); ok {
			return value
		}
		if a == name {
			return true
		}
	}
	return nil
}

// Somebody who knows other charts writes the names that these have.
func TestConventionalNamesDoWhatOneExpects(t *testing.T) {
	config := rest.CopyConfig(api.Config(t))
	config.WarningHandler = rest.NoWarnings{} // Of fields that Kubernetes would rather not have.
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	installMonitoring(t, c)
	for _, name := range []string{"edge-system", "monitoring", "shop"} {
		if err := client.IgnoreAlreadyExists(c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})); err != nil {
			t.Fatal(err)
		}
	}
	const name = "edge-warren-ingress"
	selector := map[string]any{"app.kubernetes.io/name": "warren-ingress", "app.kubernetes.io/instance": "edge", "app.kubernetes.io/component": "controller"}
	for _, test := range []struct {
		values string
		// want has, under a kind, a name and a path, what is there. Nil stands for nothing.
		want map[string]any
	}{
		{"replicaCount=3", map[string]any{"Deployment " + name + " spec replicas": int64(3)}},
		{"replicaCount=null", map[string]any{"Deployment " + name + " spec replicas": nil}},
		{"nameOverride=gate", map[string]any{
			"Deployment edge-gate spec selector matchLabels app.kubernetes.io/name":     "gate",
			"Deployment edge-gate spec selector matchLabels app.kubernetes.io/instance": "edge",
			"Service edge-gate spec selector app.kubernetes.io/name":                    "gate",
			"ClusterRoleBinding edge-system-edge-gate subjects 0 name":                  "edge-gate",
			"Pod edge-gate-test metadata labels app.kubernetes.io/name":                 "gate"}},
		{"nameOverride=edge", map[string]any{"Deployment edge metadata name": "edge"}},
		{"fullnameOverride=gate", map[string]any{"Deployment gate spec selector matchLabels app.kubernetes.io/instance": "gate",
			"Deployment gate spec selector matchLabels app.kubernetes.io/name": "warren-ingress"}},
		{"fullnameOverride=gate,nameOverride=inner", map[string]any{"Service gate spec selector app.kubernetes.io/name": "inner"}},
		{"global.imageRegistry=mirror.example.com", map[string]any{"Deployment " + name + " " + container + " image": "mirror.example.com/warren-ingress:dev",
			"Pod " + name + "-test spec containers 0 image": "mirror.example.com/warren-ingress:dev"}},
		{"global.imagePullSecrets={first},imagePullSecrets={second}", map[string]any{"Deployment " + name + " " + pod + " imagePullSecrets": []any{
			map[string]any{"name": "second"}, map[string]any{"name": "first"}}}},
		{"global.imagePullSecrets[0].name=first", map[string]any{"Pod " + name + "-test spec imagePullSecrets": []any{map[string]any{"name": "first"}}}},
		{"global.commonLabels.team=all,global.commonLabels.stage=live,commonLabels.team=edge", map[string]any{
			"Service " + name + " metadata labels team": "edge", "Service " + name + " metadata labels stage": "live"}},
		{"global.priorityClassName=system-cluster-critical", map[string]any{"Deployment " + name + " " + pod + " priorityClassName": "system-cluster-critical"}},
		{"global.priorityClassName=system-cluster-critical,priorityClassName=system-node-critical",
			map[string]any{"Deployment " + name + " " + pod + " priorityClassName": "system-node-critical"}},
		{"global.logLevel=debug", map[string]any{"Deployment " + name + " --zap-log-level": "debug"}},
		{"global.logLevel=warn", map[string]any{"Deployment " + name + " --zap-log-level": nil}},
		{"global.logLevel=2", map[string]any{"Deployment " + name + " --zap-log-level": "2"}},
		{"global.logLevel=debug,logLevel=error", map[string]any{"Deployment " + name + " --zap-log-level": "error"}},
		{"logLevel=3", map[string]any{"Deployment " + name + " --zap-log-level": "3"}},
		{"", map[string]any{"Deployment " + name + " --zap-log-level": nil}},
		{"global.compatibility.openshift.adaptSecurityContext=force", map[string]any{"Deployment " + name + " " + pod + " securityContext runAsUser": nil}},
		{"openshift=true", map[string]any{"Deployment " + name + " " + pod + " securityContext": map[string]any{"runAsNonRoot": true,
			"seccompProfile": map[string]any{"type": "RuntimeDefault"}}, "Pod " + name + "-test spec securityContext runAsUser": nil}},
		{"openshift=false,global.compatibility.openshift.adaptSecurityContext=force",
			map[string]any{"Deployment " + name + " " + pod + " securityContext runAsUser": int64(65532)}},
		{"serviceAccount.name=gate", map[string]any{"ServiceAccount gate metadata name": "gate", "Deployment " + name + " " + pod + " serviceAccountName": "gate",
			"ClusterRoleBinding edge-system-" + name + " subjects 0 name": "gate", "RoleBinding " + name + " subjects 0 name": "gate", "ServiceAccount " + name: nil}},
		{"serviceAccount.create=false,serviceAccount.name=gate", map[string]any{"ServiceAccount gate": nil, "ServiceAccount " + name: nil,
			"Deployment " + name + " " + pod + " serviceAccountName": "gate", "ClusterRoleBinding edge-system-" + name + " subjects 0 name": "gate"}},
		{"serviceAccount.create=false", map[string]any{"Deployment " + name + " " + pod + " serviceAccountName": "default"}},
		{"serviceAccount.annotations.example\\.com/role=edge,serviceAccount.labels.team=edge,serviceAccount.automount=false", map[string]any{
			"ServiceAccount " + name + " metadata annotations example.com/role": "edge", "ServiceAccount " + name + " metadata labels team": "edge",
			"ServiceAccount " + name + " automountServiceAccountToken": false, "Deployment " + name + " " + pod + " automountServiceAccountToken": false}},
		{"podSecurityContext.runAsUser=1000,podSecurityContext.runAsGroup=null,podSecurityContext.fsGroup=2000", map[string]any{
			"Deployment " + name + " " + pod + " securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": int64(1000), "fsGroup": int64(2000),
				"seccompProfile": map[string]any{"type": "RuntimeDefault"}}}},
		{"podSecurityContext=null,securityContext=null", map[string]any{"Deployment " + name + " " + pod + " securityContext": map[string]any{},
			"Deployment " + name + " " + container + " securityContext": map[string]any{}}},
		{"securityContext.capabilities.add={NET_ADMIN},containerPorts.http=80", map[string]any{
			"Deployment " + name + " " + container + " securityContext capabilities": map[string]any{"drop": []any{"ALL"}, "add": []any{"NET_ADMIN", "NET_BIND_SERVICE"}}}},
		{"commonLabels.team=edge", map[string]any{"Deployment " + name + " spec template metadata labels team": "edge", "Deployment " + name + " spec selector matchLabels": selector,
			"Service " + name + " spec selector": selector, "IngressClass warren metadata labels team": "edge",
			"ClusterRole edge-system-" + name + "-view metadata labels team":                                 "edge",
			"CustomResourceDefinition tasks.ingress.warren.dev metadata labels team":                         "edge",
			"CustomResourceDefinition tasks.ingress.warren.dev metadata annotations helm.sh/resource-policy": "keep",
			"Pod " + name + "-test metadata labels team":                                                     "edge"}},
		{"commonLabels.team=edge,podLabels.team=pods", map[string]any{"Deployment " + name + " spec template metadata labels team": "pods",
			"Deployment " + name + " metadata labels team": "edge"}},
		{"commonLabels.app\\.kubernetes\\.io/version=v7", map[string]any{"Service " + name + " metadata labels app.kubernetes.io/version": "v7"}},
		{"service.labels.team=edge", map[string]any{"Service " + name + " metadata labels team": "edge", "Service " + name + " spec selector": selector,
			"Deployment " + name + " metadata labels team": nil}},
		{"service.externalIPs={203.0.113.7,2001:db8::7}", map[string]any{"Service " + name + " spec externalIPs": []any{"203.0.113.7", "2001:db8::7"}}},
		{"service.loadBalancerIP=203.0.113.7", map[string]any{"Service " + name + " spec loadBalancerIP": "203.0.113.7"}},
		{"service.clusterIP=10.0.0.77", map[string]any{"Service " + name + " spec clusterIP": "10.0.0.77"}},
		{"service.type=ClusterIP,service.clusterIP=None", map[string]any{"Service " + name + " spec clusterIP": "None"}},
		{"ingressClassResource.enabled=false,ingressClassResource.name=inner", map[string]any{"IngressClass inner": nil, "Deployment " + name + " --ingress-class": "inner"}},
		{"ingressClassResource.name=inner,ingressClassResource.default=true", map[string]any{"Deployment " + name + " --ingress-class": "inner",
			"IngressClass inner metadata annotations ingressclass.kubernetes.io/is-default-class": "true"}},
		{"metrics.enabled=false,networkPolicy.enabled=true", map[string]any{"Deployment " + name + " --metrics-address": "127.0.0.1:9090",
			"Deployment " + name + " " + container + " ports 2 name": "health", "NetworkPolicy " + name + " spec ingress 1 ports 0 port": "health", "Service " + name + "-metrics": nil}},
		{"metrics.service.enabled=true,metrics.service.labels.team=edge,metrics.service.labels.app\\.kubernetes\\.io/name=edge,metrics.service.annotations.prometheus\\.io/scrape=yes", map[string]any{
			"Service " + name + "-metrics metadata labels app.kubernetes.io/name": "warren-ingress",
			"Service " + name + "-metrics metadata labels team":                   "edge", "Service " + name + "-metrics metadata annotations prometheus.io/scrape": "yes",
			"Service " + name + "-metrics spec clusterIP": "None", "Deployment " + name + " --metrics-address": ":9090", "ServiceMonitor " + name: nil}},
		{"metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.namespace=monitoring,metrics.serviceMonitor.labels.release=prometheus,metrics.serviceMonitor.interval=15s," +
			"metrics.serviceMonitor.scrapeTimeout=10s,metrics.serviceMonitor.honorLabels=true,metrics.serviceMonitor.relabelings[0].targetLabel=edge," +
			"metrics.serviceMonitor.relabelings[0].replacement=yes,metrics.serviceMonitor.metricRelabelings[0].action=labeldrop,metrics.serviceMonitor.metricRelabelings[0].regex=le",
			map[string]any{"ServiceMonitor " + name + " metadata namespace": "monitoring", "ServiceMonitor " + name + " metadata labels release": "prometheus",
				"ServiceMonitor " + name + " spec namespaceSelector matchNames": []any{"edge-system"},
				"ServiceMonitor " + name + " spec endpoints 0": map[string]any{"port": "metrics", "interval": "15s", "scrapeTimeout": "10s", "honorLabels": true,
					"relabelings":       []any{map[string]any{"targetLabel": "edge", "replacement": "yes"}},
					"metricRelabelings": []any{map[string]any{"action": "labeldrop", "regex": "le"}}}, "Service " + name + "-metrics metadata namespace": "edge-system"}},
		{"metrics.prometheusRule.enabled=true,metrics.prometheusRule.namespace=monitoring,metrics.prometheusRule.labels.release=prometheus", map[string]any{
			"PrometheusRule " + name + " metadata namespace": "monitoring", "PrometheusRule " + name + " metadata labels release": "prometheus"}},
		{"metrics.dashboard.enabled=true,metrics.dashboard.namespace=monitoring,metrics.dashboard.labels.team=edge", map[string]any{
			"ConfigMap " + name + "-dashboard metadata namespace": "monitoring", "ConfigMap " + name + "-dashboard metadata labels grafana_dashboard": "1",
			"ConfigMap " + name + "-dashboard metadata labels team": "edge"}},
		{"extraObjects[0].apiVersion=v1,extraObjects[0].kind=ConfigMap,extraObjects[0].metadata.name=more-{{ .Release.Name }},extraObjects[0].data.a=b," +
			"extraObjects[1]=kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: text-{{ .Release.Name }}", map[string]any{
			"ConfigMap more-edge data a": "b", "ConfigMap text-edge metadata name": "text-edge"}},
		{"hostNetwork=true", map[string]any{"Deployment " + name + " " + pod + " hostNetwork": true, "Deployment " + name + " " + pod + " dnsPolicy": "ClusterFirstWithHostNet",
			"Deployment " + name + " spec strategy rollingUpdate maxSurge": int64(0)}},
		{"hostNetwork=true,dnsPolicy=Default,containerPorts.http=80,hostPorts.http=80,kind=DaemonSet", map[string]any{
			"DaemonSet " + name + " " + pod + " dnsPolicy": "Default", "DaemonSet " + name + " " + pod + " securityContext sysctls": nil,
			"DaemonSet " + name + " " + container + " ports 0": map[string]any{"name": "http", "containerPort": int64(80), "hostPort": int64(80)},
			"DaemonSet " + name + " spec updateStrategy":       nil}},
		{"", map[string]any{"Deployment " + name + " " + pod + " dnsPolicy": nil, "Deployment " + name + " " + pod + " hostNetwork": nil}},
		{"updateStrategy.type=Recreate", map[string]any{"Deployment " + name + " spec strategy": map[string]any{"type": "Recreate"}}},
		{"updateStrategy.type=OnDelete,kind=DaemonSet", map[string]any{"DaemonSet " + name + " spec updateStrategy": map[string]any{"type": "OnDelete"}}},
		{"lifecycle.preStop.sleep.seconds=5", map[string]any{"Deployment " + name + " " + container + " lifecycle preStop sleep seconds": int64(5)}},
		{"podDisruptionBudget.minAvailable=50%", map[string]any{"PodDisruptionBudget " + name + " spec minAvailable": "50%", "PodDisruptionBudget " + name + " spec maxUnavailable": nil}},
		{"podDisruptionBudget.minAvailable=0", map[string]any{"PodDisruptionBudget " + name + " spec minAvailable": int64(0)}},
		{"", map[string]any{"PodDisruptionBudget " + name + " spec minAvailable": nil, "PodDisruptionBudget " + name + " spec maxUnavailable": int64(1)}},
		{"terminationGracePeriodSeconds=1000000", map[string]any{"Deployment " + name + " " + pod + " terminationGracePeriodSeconds": int64(1000000)}},
		{"terminationGracePeriodSeconds=300", map[string]any{"Deployment " + name + " " + pod + " terminationGracePeriodSeconds": int64(300)}},
		{"drainTimeoutSeconds=60", map[string]any{"Deployment " + name + " " + pod + " terminationGracePeriodSeconds": int64(75)}},
		{"image.registry=mirror.example.com", map[string]any{"Deployment " + name + " " + container + " image": "mirror.example.com/warren-ingress:dev"}},
		{"image.registry=mirror.example.com:5000,image.repository=team/warren,image.tag=v1", map[string]any{
			"Deployment " + name + " " + container + " image": "mirror.example.com:5000/team/warren:v1"}},
		{"image.registry=mirror.example.com,global.imageRegistry=other.example.com", map[string]any{
			"Deployment " + name + " " + container + " image": "other.example.com/warren-ingress:dev"}},
		{"rbac.create=false", map[string]any{"ClusterRole": nil, "ClusterRoleBinding": nil, "Role": nil, "RoleBinding": nil, "ServiceAccount " + name + " metadata name": name}},
		{"rbac.userRoles=false", map[string]any{"ClusterRole edge-system-" + name + "-view": nil, "ClusterRole edge-system-" + name + "-tasks": nil,
			"ClusterRole edge-system-" + name + " metadata name": "edge-system-" + name}},
		{"rbac.aggregate.view=false,rbac.aggregate.tasks=true", map[string]any{
			"ClusterRole edge-system-" + name + "-view metadata labels rbac.authorization.k8s.io/aggregate-to-view":   "false",
			"ClusterRole edge-system-" + name + "-edit metadata labels rbac.authorization.k8s.io/aggregate-to-admin":  "true",
			"ClusterRole edge-system-" + name + "-tasks metadata labels rbac.authorization.k8s.io/aggregate-to-admin": "true",
			"ClusterRole edge-system-" + name + "-tasks metadata labels rbac.authorization.k8s.io/aggregate-to-edit":  "true"}},
		{"rbac.aggregate.edit=false", map[string]any{"ClusterRole edge-system-" + name + "-edit metadata labels rbac.authorization.k8s.io/aggregate-to-admin": "false",
			"ClusterRole edge-system-" + name + "-edit metadata labels rbac.authorization.k8s.io/aggregate-to-edit": "false"}},
		{"limits.maxConnections=10000,limits.maxHeaderBytes=131072,limits.maxHeaders=256,limits.maxHeaderMemory=1073741824,limits.minRate=0", map[string]any{
			"Deployment " + name + " --max-connections": "10000", "Deployment " + name + " --max-header-bytes": "131072", "Deployment " + name + " --max-headers": "256",
			"Deployment " + name + " --max-header-memory": "1073741824", "Deployment " + name + " --min-rate": "0"}},
		{"timeouts.read=10s,timeouts.write=1m,timeouts.idle=1h30m,timeouts.tunnelIdle=24h", map[string]any{"Deployment " + name + " --read-timeout": "10s",
			"Deployment " + name + " --write-timeout": "1m", "Deployment " + name + " --idle-timeout": "1h30m", "Deployment " + name + " --tunnel-idle-timeout": "24h"}},
		{"h2c=true,hosts.allowShared=true,defaultCertificate=edge-system/default-tls", map[string]any{"Deployment " + name + " --h2c": true,
			"Deployment " + name + " --allow-shared-hosts": true, "Deployment " + name + " --default-certificate": "edge-system/default-tls"}},
		{"", map[string]any{"Deployment " + name + " --h2c": nil, "Deployment " + name + " --allow-shared-hosts": nil, "Deployment " + name + " --default-certificate": nil}},
		{"acme.namespaces={shop}", map[string]any{"Deployment " + name + " --acme-namespaces": "shop", "Role " + name + "-certificates metadata namespace": "shop",
			"RoleBinding " + name + "-certificates subjects 0": map[string]any{"kind": "ServiceAccount", "name": name, "namespace": "edge-system"}}},
		{"enabled=false", map[string]any{"": nil}},
	} {
		t.Run(test.values, func(t *testing.T) {
			rendered, err := render(t, test.values)
			if err != nil {
				t.Fatal(err)
			}
			objects := parse(t, rendered)
			for _, at := range slices.Sorted(maps.Keys(test.want)) {
				if diff := cmp.Diff(test.want[at], found(objects, at)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", at, diff)
				}
			}
			for _, object := range objects {
				if object.GetNamespace() == "" && object.GetKind() == "ConfigMap" {
					object.SetNamespace("edge-system") // As Helm does with objects that say none.
				}
				sent := client.ApplyConfigurationFromUnstructured(object)
				if err := c.Apply(t.Context(), sent, client.FieldOwner("chart"), client.ForceOwnership, client.DryRunAll); err != nil {
					t.Errorf("%s %s: %v", object.GetKind(), object.GetName(), err)
				}
			}
		})
	}
}

// OpenShift refuses pods that ask for a user of another namespace.
func TestOpenShiftChoosesTheUserWhereItsAPIIsThere(t *testing.T) {
	for values, want := range map[string]any{
		"openshift=auto":  nil,
		"openshift=false": int64(65532),
		"global.compatibility.openshift.adaptSecurityContext=disabled": int64(65532),
	} {
		rendered, err := render(t, values, "--api-versions=security.openshift.io/v1")
		if err != nil {
			t.Fatal(err)
		}
		objects := parse(t, rendered)
		for _, at := range []string{"Deployment edge-warren-ingress " + pod, "Pod edge-warren-ingress-test spec"} {
			for _, field := range []string{"runAsUser", "runAsGroup"} {
				if got := found(objects, at+" securityContext "+field); got != want {
					t.Errorf("with %s, %s of %s is %v, want %v", values, field, at, got, want)
				}
			}
			if got := found(objects, at+" securityContext runAsNonRoot"); got != true {
				t.Errorf("with %s, runAsNonRoot of %s is %v, want true", values, at, got)
			}
		}
	}
}

// found returns what is at a kind, a name and a path, or the value of an argument that takes a path's place. Without
// either it returns the objects' names.
func found(objects []*unstructured.Unstructured, at string) any {
	words := strings.Fields(at)
	var names []any
	for _, object := range objects {
		if len(words) > 0 && object.GetKind() != words[0] || len(words) > 1 && object.GetName() != words[1] {
			continue
		}
		switch {
		case len(words) < 3:
			names = append(names, object.GetKind()+" "+object.GetName())
		case strings.HasPrefix(words[2], "--"):
			return argument(object, words[2])
		default:
			return look(object, strings.Join(words[2:], " "))
		}
	}
	if names == nil {
		return nil
	}
	return names
}
