// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

func TestReadMaxRequestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"1": 1, "8Mi": 8 << 20, "2G": 2_000_000_000, "0": 0, "-1": 0} {
		quantity := resource.MustParse(text)
		got, fault := readMaxRequestBytes(&quantity)
		if (got != nil) != (want > 0) || (fault == "") != (want > 0) || got != nil && got.Bytes != want {
			t.Errorf("%s: got %+v, %q, want %d", text, got, fault, want)
		}
	}
}

func TestAnnotationOfMaxRequestBytes(t *testing.T) {
	t.Parallel()
	for value, taken := range map[string]bool{"8Mi": true, "100": true, "0": false, "1e9": false, "1.5Mi": false, "": false, "{}": false} {
		var path v1alpha1.IngressPath
		if fault := annotateMaxRequestBytes(&path, value, "8Mi"); (fault == "") != taken || (path.MaxRequestBytes != nil) != taken {
			t.Errorf("%q: %q", value, fault)
		}
	}
}
