// SPDX-License-Identifier: Apache-2.0

package validation

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestDefaultsAreFilledIn(t *testing.T) {
	for _, test := range []struct {
		name string
		kind string
		spec string
		want string
	}{
		{
			name: "in an Ingress, without making objects that are absent",
			kind: v1alpha1.IngressKind,
			spec: onePath("/"),
			want: onePath("/"),
		},
		{
			name: "in the objects of an Ingress that are present, but for those in its lists",
			kind: v1alpha1.IngressKind,
			spec: withPolicy("timeouts: {}, retries: {}, loadBalancing: {}, rateLimit: {requestsPerSecond: 5}") +
				"\ntls: {secretName: tls}",
			want: withPolicy("timeouts: {}, retries: {}, loadBalancing: {}, rateLimit: {requestsPerSecond: 5}") +
				"\ntls: {secretName: tls, redirectHTTP: true}",
		},
		{
			name: "in an Ingress, never in place of what it says",
			kind: v1alpha1.IngressKind,
			spec: "rules: [{host: '', paths: [{path: /, pathType: Exact, backend: {serviceName: web, port: 8080, protocol: H2C}, " +
				"timeouts: {request: 1m, connect: 0s, response: 0s, idle: 0s}, retries: {attempts: 0}}]}]\n" +
				"tls: {secretName: tls, redirectHTTP: false}",
			want: "rules: [{host: '', paths: [{path: /, pathType: Exact, backend: {serviceName: web, port: 8080, protocol: H2C}, " +
				"timeouts: {request: 1m, connect: 0s, response: 0s, idle: 0s}, retries: {attempts: 0}}]}]\n" +
				"tls: {secretName: tls, redirectHTTP: false}",
		},
		{
			name: "in a Task",
			kind: v1alpha1.TaskKind,
			spec: "{serviceName: web, address: 192.168.1.10}",
			want: "{serviceName: web, address: 192.168.1.10, weight: 1, desiredState: Running}",
		},
		{
			name: "in a Task's health check",
			kind: v1alpha1.TaskKind,
			spec: taskWith("weight: 0, healthCheck: {port: 8080}"),
			want: taskWith("weight: 0, desiredState: Running, healthCheck: {port: 8080, type: HTTP, interval: 10s, timeout: 1s, " +
				"healthyThreshold: 1, unhealthyThreshold: 3}"),
		},
		{
			name: "in a TLSCertificate",
			kind: v1alpha1.TLSCertificateKind,
			spec: "{hosts: [a.example.com], secretName: tls}",
			want: "{hosts: [a.example.com], secretName: tls, autoRenew: true, keyType: ECDSAP256, challengeTypes: [HTTP01, TLSALPN01]}",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			kept := requireAccepted(t, object(t, test.kind, test.spec))
			got, err := yaml.Marshal(kept.Object["spec"])
			if err != nil {
				t.Fatalf("encoding the spec of the API server: %v", err)
			}
			want, err := yaml.YAMLToJSON([]byte(test.want))
			if err != nil {
				t.Fatalf("parsing the wanted spec: %v", err)
			}
			wanted, err := yaml.JSONToYAML(want)
			if err != nil {
				t.Fatalf("encoding the wanted spec: %v", err)
			}
			if diff := cmp.Diff(string(wanted), string(got)); diff != "" {
				t.Errorf("spec (-want +got):\n%s", diff)
			}
		})
	}
}

// A controller also meets Tasks that were made before a field had its default.
func TestConstantsAgreeWithTheDefaultsOfTheSchema(t *testing.T) {
	task := decode(t, requireAccepted(t, object(t, v1alpha1.TaskKind, taskWith("healthCheck: {port: 80}")))).(*v1alpha1.Task)
	duration := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }

	if diff := cmp.Diff(new(v1alpha1.DefaultTaskWeight), task.Spec.Weight); diff != "" {
		t.Errorf("weight (-constant +schema):\n%s", diff)
	}
	wantCheck := &v1alpha1.HealthCheck{
		Type:               v1alpha1.HealthCheckHTTP,
		Port:               80,
		Interval:           duration(v1alpha1.DefaultCheckInterval),
		Timeout:            duration(v1alpha1.DefaultCheckTimeout),
		HealthyThreshold:   v1alpha1.DefaultHealthyThreshold,
		UnhealthyThreshold: v1alpha1.DefaultUnhealthyThreshold,
	}
	if diff := cmp.Diff(wantCheck, task.Spec.HealthCheck); diff != "" {
		t.Errorf("health check (-constants +schema):\n%s", diff)
	}
}
