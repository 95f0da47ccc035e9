// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/policy"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// usual are the timeouts of a rule that says nothing of them.
var usual = snapshot.Timeouts{Connect: 5 * time.Second, Idle: 60 * time.Second}

func TestWhatAnIngressOfThisAPISays(t *testing.T) {
	guarded := prefix("/admin/", "api")
	guarded.AccessControl = &v1alpha1.AccessControl{AllowedIPs: []v1alpha1.AddressRange{"10.0.0.1/8"}}
	guarded.Backend.Protocol, guarded.Backend.TLS = v1alpha1.ProtocolHTTPS, &v1alpha1.BackendTLS{CASecretName: "ca"}
	unreadable, wrong := guarded, exact("/c", "api")
	unreadable.Path, wrong.Backend.Port = "/private/(.*)", 0
	object := newIngress("blue", "a", 1, newRule("x.io", guarded, unreadable, prefix("/%61", "web"), wrong), newRule("*.x.io"))
	object.Spec.TLS = &v1alpha1.IngressTLS{AutoSSL: true, Hosts: []v1alpha1.CertificateHost{"x.io"}, Email: "admin@example.com"}
	https := []rules.Backend{{Service: "api", Port: 80, Weight: 1, Protocol: rules.HTTPS, TLS: &rules.BackendTLS{CASecret: "ca"}}}
	want := &rules.Object{
		Kind: "Ingress", Namespace: "blue", Name: "a", UID: "blue-a", Generation: 1, Created: object.CreationTimestamp.Time, ID: "blue/a",
		Hosts: []rules.Host{
			{Name: "x.io", Where: "rules[0]", Rules: []rules.Rule{
				{Where: "rules[0].paths[0]", Match: rules.Match{Path: "/admin"}, Backends: https, Timeouts: usual, Retries: 1,
					Policies: []policy.Policy{&policy.Access{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}}},
				{Where: "rules[0].paths[1]", Match: rules.Match{Path: "/private/(.*)"}, Backends: https,
					Fault: &rules.Fault{Closing: rules.UnreadablePath, Beginning: "/private/", Text: `path "/private/(.*)" looks like a pattern, and paths are ` +
						"compared as they are: write what all that it is to match begin with, and pathType Prefix"}},
				{Where: "rules[0].paths[2]", Match: rules.Match{Path: "/%61", Senseless: true}, Backends: []rules.Backend{{Service: "web", Port: 80, Weight: 1, Protocol: rules.HTTP}},
					Fault: &rules.Fault{Text: `path "/%61" is not canonical: write "/a"`}},
				{Where: "rules[0].paths[3]", Match: rules.Match{Path: "/c", Type: snapshot.MatchExact}, Backends: []rules.Backend{{Service: "api", Weight: 1, Protocol: rules.HTTP}}, Timeouts: usual, Retries: 1,
					Fault: &rules.Fault{Closing: rules.InvalidRule, Text: "backend.port is 0: write 1 to 65535"}},
			}},
			{Name: "*.x.io", Where: "rules[1]", Index: 1},
		},
		Certificates: []rules.Wish{{Secret: "a-tls", Hosts: []string{"x.io"}, Redirect: true, Ordered: true, Email: "admin@example.com"}},
	}
	if diff := cmp.Diff(want, kinds.ReadWarren(object), cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatAStandardIngressSays(t *testing.T) {
	object := withDefault(newStandard("blue", "a", 1, "x.io", "y.io", "x.io"), "rest")
	object.Spec.Rules[1].HTTP = nil
	object.Spec.Rules[2].HTTP.Paths[0].Path, object.Spec.Rules[2].HTTP.Paths[0].Backend.Service.Port.Number = "/b", 0
	object.Spec.Rules[2].HTTP.Paths[0].Backend.Service.Port.Name = "http"
	object.Annotations = map[string]string{"nginx.ingress.kubernetes.io/proxy-body-size": "8m"}
	rest := []rules.Rule{{Where: "defaultBackend", Match: rules.Match{Path: "/"}, Backends: []rules.Backend{{Service: "rest", Port: 80, Weight: 1}}, Timeouts: usual, Retries: 1}}
	want := &rules.Object{
		Kind: kinds.StandardKind, Namespace: "blue", Name: "a", UID: "blue-a", Generation: 1, Created: object.CreationTimestamp.Time,
		ID: "networking.k8s.io/blue/a",
		Hosts: []rules.Host{
			{Name: "x.io", Where: "rules[0]", Rules: []rules.Rule{
				{Where: "rules[0].http.paths[0]", Match: rules.Match{Path: "/"}, Backends: []rules.Backend{{Service: "web", Port: 80, Weight: 1}}, Timeouts: usual, Retries: 1}}},
			{Name: "y.io", Where: "rules[1]", Index: 1},
			{Name: "x.io", Where: "rules[2]", Index: 2, Rules: []rules.Rule{
				{Where: "rules[2].http.paths[0]", Match: rules.Match{Path: "/b"}, Backends: []rules.Backend{{Service: "web", PortName: "http", Weight: 1}}, Timeouts: usual, Retries: 1}}},
			{Name: "x.io", Where: "defaultBackend", Index: -1, Default: true, Rules: rest},
			{Name: "y.io", Where: "defaultBackend", Index: -1, Default: true, Rules: rest},
		},
		Unheeded: "annotations of other controllers that nothing is done about here: nginx.ingress.kubernetes.io/proxy-body-size",
	}
	if diff := cmp.Diff(want, kinds.ReadStandard(object), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// If an Ingress has a fault of its own, each of its rules answers 503 because of it, and the fault is reported once.
func TestAStandardIngressWithAFaultHasNoSoundRule(t *testing.T) {
	object := withDefault(newStandard("blue", "a", 1, "x.io"), "rest")
	object.Annotations = map[string]string{"nginx.ingress.kubernetes.io/auth-url": "https://auth.example.com"}
	got := kinds.ReadStandard(object)
	if got.Fault == nil || got.Fault.Text == "" || got.Fault.Closing != rules.ForeignAnnotation || len(got.Hosts) != 2 {
		t.Fatalf("it is read as %+v, its fault as %+v", got, got.Fault)
	}
	for _, host := range got.Hosts {
		if diff := cmp.Diff(&rules.Fault{Closing: rules.ForeignAnnotation}, host.Rules[0].Fault); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host.Where, diff)
		}
	}
}
