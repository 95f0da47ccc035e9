// SPDX-License-Identifier: Apache-2.0

package translate_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/translate"
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
			got := golden(snapshot, reports)
			out := filepath.Join(folder, "out.yaml")
			if *update {
				if err := os.WriteFile(out, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(out)
			if err != nil {
				t.Fatalf("run the test with -update to make the file: %v", err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
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
	var ingresses []*v1alpha1.Ingress
	var standard []*networkingv1.Ingress
	var classes []networkingv1.IngressClass
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "ingress.warren.dev/v1alpha1 Ingress":
			ingresses = append(ingresses, read[v1alpha1.Ingress](t, document))
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
		case "translate.test Credential": // likewise
			known := read[struct {
				metav1.TypeMeta
				translate.Credential
			}](t, document)
			in.Credentials = append(in.Credentials, &known.Credential)
		default:
			t.Fatalf("%s: nothing is made of %s %s", file, kind.APIVersion, kind.Kind)
		}
	}
	in.Objects = asRules(ingresses)
	class := kinds.NewStandardClass(v1alpha1.DefaultIngressClassName, classes)
	for _, object := range standard {
		if class.Claims(object) {
			in.Objects = append(in.Objects, kinds.ReadStandard(object))
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
