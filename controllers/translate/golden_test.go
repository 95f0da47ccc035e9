// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy"
)

var update = flag.Bool("update", false, "write what Build returns into testdata/*/out.yaml")

// Each folder of testdata has in.yaml, manifests as a user writes them (with the metadata that an API server adds), and
// out.yaml, what they become. Run the test with -update to rewrite the latter, and read the difference.
func TestManifestsBecomeTheSnapshotThatIsOnFile(t *testing.T) {
	cases, err := filepath.Glob("testdata/*/in.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, in := range cases {
		folder := filepath.Dir(in)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			snapshot, reports := build(readManifests(t, in))
			got, err := yaml.Marshal(rendered(snapshot, reports))
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(folder, "out.yaml")
			if *update {
				if err := os.WriteFile(out, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatalf("run the test with -update to make the file: %v", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got); run the test with -update if it should be so:\n%s", out, diff)
			}
		})
	}
}

func readManifests(t *testing.T, file string) translate.Input {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	in := translate.Input{Now: today}
	var standard []*networkingv1.Ingress
	var classes []networkingv1.IngressClass
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "ingress.warren.dev/v1alpha1 Ingress":
			in.Ingresses = append(in.Ingresses, read[v1alpha1.Ingress](t, document))
		case "networking.k8s.io/v1 Ingress":
			standard = append(standard, read[networkingv1.Ingress](t, document))
		case "networking.k8s.io/v1 IngressClass":
			classes = append(classes, *read[networkingv1.IngressClass](t, document))
		case "ingress.warren.dev/v1alpha1 Task":
			in.Tasks = append(in.Tasks, read[v1alpha1.Task](t, document))
		case "ingress.warren.dev/v1alpha1 TLSCertificate":
			in.TLSCertificates = append(in.TLSCertificates, read[v1alpha1.TLSCertificate](t, document))
		case "v1 Service":
			in.Services = append(in.Services, read[corev1.Service](t, document))
		case "discovery.k8s.io/v1 EndpointSlice":
			in.EndpointSlices = append(in.EndpointSlices, read[discoveryv1.EndpointSlice](t, document))
		case "translate.test Secret": // as it was found to hold
			secret := read[struct {
				metav1.TypeMeta
				translate.Secret
			}](t, document)
			in.Secrets = append(in.Secrets, &secret.Secret)
		case "translate.test Authority": // likewise
			authority := read[struct {
				metav1.TypeMeta
				translate.Authority
			}](t, document)
			in.Authorities = append(in.Authorities, &authority.Authority)
		default:
			t.Fatalf("%s: nothing is made of %s %s", file, kind.APIVersion, kind.Kind)
		}
	}
	class := translate.NewStandardClass(v1alpha1.DefaultIngressClassName, classes)
	for _, object := range standard {
		if class.Claims(object) {
			in.Standard = append(in.Standard, translate.NewStandard(object))
		}
	}
	return in
}

func read[T any](t *testing.T, document []byte) *T {
	t.Helper()
	object := new(T)
	if err := yaml.UnmarshalStrict(document, object); err != nil {
		t.Fatalf("%v in:\n%s", err, document)
	}
	return object
}

// golden is what Build returns, for people: a line a route, an endpoint, a certificate and a condition.
type golden struct {
	Hosts        []goldenHost   `json:"hosts"`
	Pools        []goldenPool   `json:"pools"`
	Checks       []string       `json:"checks,omitempty"`
	Certificates []string       `json:"certificates,omitempty"`
	Unserved     []string       `json:"unserved,omitempty"`
	Reports      []goldenReport `json:"reports"`
}

type goldenHost struct {
	Name          string   `json:"name"`
	Owner         string   `json:"owner,omitempty"`
	Routes        []string `json:"routes"`
	RedirectHTTPS bool     `json:"redirectHTTPS,omitempty"`
}

type goldenPool struct {
	ID        string   `json:"id"`
	Service   string   `json:"service"`
	TLS       string   `json:"tls,omitempty"`
	Endpoints []string `json:"endpoints,omitempty"`
}

type goldenReport struct {
	Object     string   `json:"object"`
	Routes     int      `json:"routes,omitempty"`
	Conditions []string `json:"conditions"`
}

func rendered(snapshot *proxy.Snapshot, reports []translate.Report) golden {
	var g golden
	for _, host := range snapshot.Hosts {
		h := goldenHost{Name: host.Name, Owner: host.Owner, RedirectHTTPS: host.RedirectHTTPS}
		for _, r := range host.Routes {
			line := fmt.Sprintf("%v %s -> %s by %s rule %d path %d, request %v connect %v idle %v, retries %d",
				r.Match, r.Path, r.Pool, r.Rule.Ingress, r.Rule.Rule, r.Rule.Path,
				r.Timeouts.Request, r.Timeouts.Connect, r.Timeouts.Idle, r.Retries)
			if r.RateLimit != (proxy.RateLimit{}) {
				line += fmt.Sprintf(", %v a second, %d at once", r.RateLimit.PerSecond, r.RateLimit.Burst)
			}
			line += headerLine("request", r.Headers.Request) + headerLine("response", r.Headers.Response)
			if r.Rewrite != (proxy.Rewrite{}) {
				line += fmt.Sprintf(", rewrite %+v", r.Rewrite)
			}
			if len(r.Access.Allowed) > 0 {
				line += fmt.Sprintf(", allowed %v", r.Access.Allowed)
			}
			if len(r.Access.Denied) > 0 {
				line += fmt.Sprintf(", denied %v", r.Access.Denied)
			}
			h.Routes = append(h.Routes, line)
		}
		g.Hosts = append(g.Hosts, h)
	}
	for _, pool := range snapshot.Pools {
		p := goldenPool{ID: pool.ID, Service: pool.Service, Endpoints: endpointLines(pool.Endpoints)}
		if u := pool.TLS; u != (proxy.UpstreamTLS{}) {
			p.TLS = fmt.Sprintf("name %s, authorities %q, skip verification %t", u.ServerName, u.Authorities, u.SkipVerify)
		}
		g.Pools = append(g.Pools, p)
	}
	for _, c := range snapshot.Checks {
		way, what := "GET", c.Path
		if c.GRPC {
			way, what = "gRPC", c.Service
		}
		if c.TLS {
			way += " over TLS"
		}
		g.Checks = append(g.Checks, fmt.Sprintf("%s at %s: %s %q for %v, every %v within %v, healthy after %d, unhealthy after %d, before %v",
			c.ID, c.Address, way, what, c.Expected, c.Interval, c.Timeout, c.HealthyThreshold, c.UnhealthyThreshold, c.Before))
	}
	for _, c := range snapshot.Certificates {
		g.Certificates = append(g.Certificates, fmt.Sprintf("%s of %s for %s: %s, %s", c.ID, c.Owner, strings.Join(c.Hosts, " "), c.Chain, c.Key))
	}
	for _, u := range snapshot.Unserved {
		match := u.Match.String()
		if u.Senseless {
			match = "Senseless"
		}
		g.Unserved = append(g.Unserved, fmt.Sprintf("%s %q of host %q for %s, by %s rule %d path %d, %s: %s",
			match, u.Path, u.Host, u.Service, u.Rule.Ingress, u.Rule.Rule, u.Rule.Path, u.Reason, u.Why))
	}
	for _, r := range reports {
		report := goldenReport{Object: strings.Join([]string{r.Kind, r.Namespace, r.Name}, " "), Routes: r.Routes}
		for _, c := range r.Conditions {
			report.Conditions = append(report.Conditions, fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message))
		}
		g.Reports = append(g.Reports, report)
	}
	return g
}

func headerLine(message string, changes proxy.HeaderChanges) string {
	if len(changes.Add)+len(changes.Set)+len(changes.Remove) == 0 {
		return ""
	}
	return fmt.Sprintf(", %s headers %+v", message, changes)
}
