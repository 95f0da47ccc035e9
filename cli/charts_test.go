// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	yamlreader "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/warren-dev/ingress/test/fixture"
)

// A file of testdata/charts has what the chart of a well-known project renders, written anew. A comment says which
// shape that is, "# flags:" what is given to the command, and each "# says:" how a line of its answer begins.
func TestACheckSaysOfWhatChartsRenderWhatIsTrue(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/charts/*.yaml")
	if err != nil || len(files) < 40 {
		t.Fatalf("there are %d files, and the error is %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			manifests, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runWith(string(manifests)+secretsFor(t, manifests), append([]string{"check", "-"}, strings.Fields(strings.Join(comments(manifests, "flags"), " "))...)...)
			said := strings.Split(strings.TrimSuffix(got.out, "\n"), "\n")
			said, count := said[:len(said)-1], said[len(said)-1]
			want := comments(manifests, "says")
			if !slices.EqualFunc(want, said, func(want, said string) bool { return strings.HasPrefix(said, want) }) {
				t.Errorf("it says\n# says: %s\nand is to say\n# says: %s", strings.Join(said, "\n# says: "), strings.Join(want, "\n# says: "))
			}
			code := 0
			if slices.ContainsFunc(want, func(line string) bool { return !strings.HasPrefix(line, "note: ") }) {
				code = exitFailure
			}
			if got.code != code || got.err != "" || strings.HasPrefix(count, "0 ") {
				t.Errorf("the exit code is %d, want %d, after %q, and on standard error there is %q", got.code, code, count, got.err)
			}
		})
	}
}

// comments returns what the comments of a file that begin with a word say.
func comments(manifests []byte, word string) (said []string) {
	for line := range strings.Lines(string(manifests)) {
		if text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "# "+word+": "); ok {
			said = append(said, text)
		}
	}
	return said
}

// secretsFor returns the Secrets that Ingresses name, but for those that cert-manager is asked for.
func secretsFor(t *testing.T, manifests []byte) string {
	t.Helper()
	var b strings.Builder
	made := make(map[string]bool)
	documents := yamlreader.NewYAMLReader(bufio.NewReader(strings.NewReader(string(manifests))))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return b.String()
		}
		var ingress networkingv1.Ingress
		if err == nil {
			err = yaml.Unmarshal(document, &ingress)
		}
		if err != nil {
			t.Fatal(err)
		}
		if asksCertManager(&ingress) {
			continue
		}
		for _, tls := range ingress.Spec.TLS {
			if tls.SecretName == "" || made[tls.SecretName] {
				continue
			}
			made[tls.SecretName] = true
			b.WriteString("---\n" + secretFor(t, &ingress, &tls) + "\n")
		}
	}
}

func asksCertManager(ingress *networkingv1.Ingress) bool {
	for name := range ingress.Annotations {
		if strings.HasPrefix(name, "cert-manager.io/") {
			return true
		}
	}
	return false
}

// secretFor returns a Secret in JSON with a certificate for the hosts of an Ingress.
func secretFor(t *testing.T, ingress *networkingv1.Ingress, tls *networkingv1.IngressTLS) string {
	t.Helper()
	names := tls.Hosts
	if len(names) == 0 {
		for i := range ingress.Spec.Rules {
			names = append(names, ingress.Spec.Rules[i].Host)
		}
	}
	now := time.Now()
	secret := fixture.NewKeyPair(t, now.Add(-time.Hour), now.Add(time.Hour), names...).Secret(ingress.Namespace, tls.SecretName)
	secret.APIVersion, secret.Kind = corev1.SchemeGroupVersion.String(), "Secret"
	text, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
