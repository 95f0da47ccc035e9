// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
)

func TestReadBackendOfAnAppliance(t *testing.T) {
	t.Parallel()
	got := readBackend(&v1alpha1.IngressBackend{
		Protocol: v1alpha1.ProtocolHTTPS,
		TLS:      &v1alpha1.BackendTLS{ServerName: "a", InsecureSkipVerify: true, AllowObsolete: true},
	})
	want := rules.Backend{Weight: 1, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{ServerName: "a", SkipVerify: true, Obsolete: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadBackendWithSeveralHosts(t *testing.T) {
	t.Parallel()
	b := v1alpha1.IngressBackend{Protocol: v1alpha1.ProtocolHTTPS, TLS: &v1alpha1.BackendTLS{ServerNameFromRequest: true}}
	want := rules.Backend{Weight: 1, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{ServerNameFromRequest: true}}
	if diff := cmp.Diff(want, readBackend(&b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if fault := backendTLSFault(&b); fault != "" {
		t.Errorf("got %q, want no fault", fault)
	}
	b.TLS.ServerName = "a"
	if got, want := backendTLSFault(&b), "backend.tls has serverName and serverNameFromRequest: write one of the two"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
