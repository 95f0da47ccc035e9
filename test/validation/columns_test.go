// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/test/kubeapi"
)

func condition(kind string, status metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.Now()}
}

func TestTablesShowTheColumnsOneWants(t *testing.T) {
	namespace := kubeapi.Namespace(t, api.Config(t))
	notAfter, err := time.Parse(time.RFC3339, "2031-02-03T04:05:06Z")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name     string
		resource string
		object   client.Object
		want     map[string]any
		wide     map[string]any
	}{
		{
			name:     "an Ingress that is served at an address",
			resource: "ingresses",
			object: &v1alpha1.Ingress{
				ObjectMeta: metav1.ObjectMeta{Name: "by-address"},
				Spec: v1alpha1.IngressSpec{IngressClassName: "warren", Rules: []v1alpha1.IngressRule{{
					Host:  "shop.example.com",
					Paths: []v1alpha1.IngressPath{{Path: "/", Backend: v1alpha1.IngressBackend{ServiceName: "shop", Port: 80}}},
				}}},
				Status: v1alpha1.IngressStatus{
					Hosts: "shop.example.com +8",
					Conditions: []metav1.Condition{
						condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted),
						condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonServiceNotFound),
						condition(v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, v1alpha1.ReasonServiceNotFound),
						condition(v1alpha1.ConditionProgrammed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed),
						condition(v1alpha1.ConditionCertificateReady, metav1.ConditionFalse, v1alpha1.ReasonExpired),
					},
					LoadBalancer: v1alpha1.LoadBalancerStatus{Ingress: []v1alpha1.LoadBalancerIngress{{IP: "203.0.113.7"}}},
				},
			},
			want: map[string]any{"Name": "by-address", "Hosts": "shop.example.com +8", "Ready": "False", "Reason": "ServiceNotFound", "Address": "203.0.113.7"},
			wide: map[string]any{"Class": "warren", "Accepted": "True", "Programmed": "True", "Refs": "ServiceNotFound", "Certificate": "False"},
		},
		{
			name:     "an Ingress that is served at a name, not yet reported on",
			resource: "ingresses",
			object: &v1alpha1.Ingress{
				ObjectMeta: metav1.ObjectMeta{Name: "by-name"},
				Spec: v1alpha1.IngressSpec{Rules: []v1alpha1.IngressRule{{
					Paths: []v1alpha1.IngressPath{{Path: "/", Backend: v1alpha1.IngressBackend{ServiceName: "shop", Port: 80}}},
				}}},
				Status: v1alpha1.IngressStatus{
					LoadBalancer: v1alpha1.LoadBalancerStatus{Ingress: []v1alpha1.LoadBalancerIngress{{Hostname: "lb.example.com"}}},
				},
			},
			want: map[string]any{"Name": "by-name", "Hosts": nil, "Ready": nil, "Reason": nil, "Address": "lb.example.com"},
			wide: map[string]any{"Class": nil, "Accepted": nil, "Programmed": nil, "Refs": nil, "Certificate": nil},
		},
		{
			name:     "a TLSCertificate",
			resource: "tlscertificates",
			object: &v1alpha1.TLSCertificate{
				ObjectMeta: metav1.ObjectMeta{Name: "shop"},
				Spec:       v1alpha1.TLSCertificateSpec{Hosts: []v1alpha1.CertificateHost{"a.example.com", "b.example.com"}, SecretName: "shop-tls"},
				Status: v1alpha1.TLSCertificateStatus{
					Issuer:      "CN=Test",
					NotAfter:    &metav1.Time{Time: notAfter},
					RenewalTime: &metav1.Time{Time: notAfter.AddDate(0, -1, 0)},
					Conditions: []metav1.Condition{
						condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonCertificateValid),
						condition(v1alpha1.ConditionIssuing, metav1.ConditionFalse, v1alpha1.ReasonUpToDate),
					},
				},
			},
			want: map[string]any{"Name": "shop", "Hosts": `["a.example.com","b.example.com"]`, "Secret": "shop-tls", "Ready": "True", "Not After": "2031-02-03T04:05:06Z"},
			wide: map[string]any{"Issuing": "UpToDate", "Renewal": "2031-01-03T04:05:06Z", "Issuer": "CN=Test"},
		},
		{
			name:     "a Task",
			resource: "tasks",
			object: &v1alpha1.Task{
				ObjectMeta: metav1.ObjectMeta{Name: "shop-1"},
				Spec:       v1alpha1.TaskSpec{ServiceName: "shop", Address: "192.168.1.10"},
				Status: v1alpha1.TaskStatus{
					Health:     v1alpha1.HealthUnhealthy,
					Message:    "disk is full",
					Conditions: []metav1.Condition{condition(v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonReportedUnhealthy)},
				},
			},
			want: map[string]any{"Name": "shop-1", "Service": "shop", "Address": "192.168.1.10", "Desired": "Running", "Healthy": "False"},
			wide: map[string]any{"Weight": int64(1), "Reason": "ReportedUnhealthy", "Message": "disk is full"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.object.SetNamespace(namespace)
			keep(t, test.object)
			got, wide := columns(t, test.resource, test.object)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wide, wide); diff != "" {
				t.Errorf("wide columns (-want +got):\n%s", diff)
			}
		})
	}
}

// keep creates an object with its status.
func keep(t *testing.T, wanted client.Object) {
	t.Helper()
	kube := typedClient(t)
	reported := wanted.DeepCopyObject().(client.Object)
	if err := kube.Create(t.Context(), wanted); err != nil {
		t.Fatalf("creating the object: %v", err)
	}
	reported.SetResourceVersion(wanted.GetResourceVersion())
	if err := kube.Status().Update(t.Context(), reported); err != nil {
		t.Fatalf("writing its status: %v", err)
	}
}

// columns returns the cells of an object's row by their column's name: those that "kubectl get" shows, and those that
// "-o wide" adds. Age changes. It must be there, and is left out.
func columns(t *testing.T, resource string, kept client.Object) (narrow, wide map[string]any) {
	t.Helper()
	config := api.Config(t)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	kube, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	var table metav1.Table
	err = kube.Get().Namespace(kept.GetNamespace()).Resource(resource).Name(kept.GetName()).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").
		Do(t.Context()).Into(&table)
	if err != nil {
		t.Fatalf("getting the object as a table: %v", err)
	}
	narrow, wide = map[string]any{}, map[string]any{}
	for i, column := range table.ColumnDefinitions {
		if column.Priority == 0 {
			narrow[column.Name] = table.Rows[0].Cells[i]
		} else {
			wide[column.Name] = table.Rows[0].Cells[i]
		}
	}
	if age, ok := narrow["Age"]; !ok || age == nil {
		t.Errorf("no Age in %v", narrow)
	}
	delete(narrow, "Age")
	return narrow, wide
}

func TestShortNamesAndCategory(t *testing.T) {
	kube, err := discovery.NewDiscoveryClientForConfig(api.Config(t))
	if err != nil {
		t.Fatalf("making a client: %v", err)
	}
	served, err := kube.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if err != nil {
		t.Fatalf("asking for the resources of the group: %v", err)
	}
	got := map[string]string{}
	for _, resource := range served.APIResources {
		if strings.Contains(resource.Name, "/") {
			continue
		}
		got[resource.Name] = strings.Join(resource.ShortNames, ",") + " in " + strings.Join(resource.Categories, ",")
	}
	want := map[string]string{
		"ingresses":       "wing,wingress in warren",
		"routepolicies":   "wpolicy in warren",
		"tlscertificates": "wcert in warren",
		"tasks":           "wtask in warren",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("short names and categories (-want +got):\n%s", diff)
	}
}
