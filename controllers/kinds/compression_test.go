// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

var _ = keepsNobodyOut("compression")

func TestReadCompression(t *testing.T) {
	t.Parallel()
	least, negative, vast := resource.MustParse("2Ki"), resource.MustParse("-1"), resource.MustParse("65Mi")
	for _, test := range []struct {
		name  string
		from  v1alpha1.Compression
		want  policy.Compression
		fault string
	}{
		{"nothing written", v1alpha1.Compression{}, policy.Compression{Types: policy.CompressedTypes, MinBytes: 1024}, ""},
		{"everything written", v1alpha1.Compression{Types: []v1alpha1.MediaType{"text/*", "application/vnd.a+json"}, MinBytes: &least},
			policy.Compression{Types: []string{"text/*", "application/vnd.a+json"}, MinBytes: 2048}, ""},
		{"no type", v1alpha1.Compression{Types: []v1alpha1.MediaType{"text"}}, policy.Compression{}, `compression.types has "text", which is no media type`},
		{"a type with parameters", v1alpha1.Compression{Types: []v1alpha1.MediaType{"text/html; charset=utf-8"}}, policy.Compression{}, `compression.types has "text/html; charset=utf-8"`},
		{"too many types", v1alpha1.Compression{Types: slices.Repeat([]v1alpha1.MediaType{"a/b"}, 65)}, policy.Compression{}, "compression.types has more than 64 types"},
		{"less than nothing", v1alpha1.Compression{MinBytes: &negative}, policy.Compression{}, "compression.minBytes is -1: write 0 to 64Mi, such as 1Ki"},
		{"more than there is", v1alpha1.Compression{MinBytes: &vast}, policy.Compression{}, "compression.minBytes is 65Mi: write"},
	} {
		got, fault := readCompression(&test.from)
		if !strings.HasPrefix(fault, test.fault) || (fault == "") != (test.fault == "") {
			t.Errorf("%s: got the fault %q, want %q", test.name, fault, test.fault)
		}
		if fault == "" {
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

// The types that hold where none are written have to be ones that could be written.
func TestTypesThatAreCompressedByDefaultAreMediaTypes(t *testing.T) {
	t.Parallel()
	for _, text := range policy.CompressedTypes {
		if !mediaType.MatchString(text) {
			t.Errorf("%q is none", text)
		}
	}
}

func TestAnnotationMayLeaveOutAllOfACompression(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"{}": true, "{types: [text/html]}": true, "": false, "{level: 5}": false, "true": false} {
		if fault := new(asked).read("compression", value); (fault == "") != want {
			t.Errorf("%q: got the fault %q", value, fault)
		}
	}
}
