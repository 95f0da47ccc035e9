// SPDX-License-Identifier: Apache-2.0

package kubeapi_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/warren-dev/ingress/test/kubeapi"
)

func TestCheckoutIsFoundFromWithinIt(t *testing.T) {
	checkout := t.TempDir()
	write(t, filepath.Join(checkout, "go.mod"), "module github.com/warren-dev/ingress\n\ngo 1.26.0\n")
	write(t, filepath.Join(checkout, "hack", "kube", "go.mod"), "module github.com/warren-dev/ingress/hack/kube\n")

	for name, folder := range map[string]string{
		"from its root":        ".",
		"from a package":       "hack",
		"from a module inside": "hack/kube",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(filepath.Join(checkout, folder))
			got, err := kubeapi.Checkout()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(resolved(t, checkout), resolved(t, got)); diff != "" {
				t.Errorf("checkout (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckoutOutsideSaysWhereToRun(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := kubeapi.Checkout()
	if err == nil || !strings.Contains(err.Error(), "run this inside a checkout") {
		t.Errorf("error is %v, want one that says where to run", err)
	}
}

func TestMissingPartsAreNamedWithTheirMakeTarget(t *testing.T) {
	tests := map[string]struct {
		present []string
		want    string
	}{
		"programs":    {want: `run "make kube"`},
		"definitions": {present: []string{"bin/kube/etcd", "bin/kube/kube-apiserver", "bin/kube/kubectl"}, want: `run "make manifests"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			checkout := t.TempDir()
			write(t, filepath.Join(checkout, "go.mod"), "module github.com/warren-dev/ingress\n")
			for _, file := range test.present {
				write(t, filepath.Join(checkout, file), "")
			}
			t.Chdir(checkout)
			_, err := kubeapi.New(kubeapi.Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want one that says to %s", err, test.want)
			}
		})
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// resolved is for systems on which the folder for temporary files is a link.
func resolved(t *testing.T, path string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

func sortedStrings() cmp.Option {
	return cmpopts.SortSlices(strings.Compare)
}
