// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/warren-dev/ingress/api/v1alpha1"
)

var _ = keepsNobodyOut("request-buffering")

func TestReadRequestBuffering(t *testing.T) {
	t.Parallel()
	for text, test := range map[string]struct {
		want  int64
		fault string
	}{
		"1":    {1, ""},
		"64Ki": {64 << 10, ""},
		"1Mi":  {1 << 20, ""},
		"0":    {0, "requestBuffering.maxBytes is 0: write 1 to 1Mi, such as 64Ki"},
		"-1":   {0, "requestBuffering.maxBytes is -1: write 1 to 1Mi, such as 64Ki"},
		"2Mi":  {0, "requestBuffering.maxBytes is 2Mi: write 1 to 1Mi, such as 64Ki"},
	} {
		got, fault := readRequestBuffering(&v1alpha1.RequestBuffering{MaxBytes: resource.MustParse(text)})
		most := int64(0)
		if got != nil {
			most = got.MaxBytes
		}
		if most != test.want || fault != test.fault {
			t.Errorf("%s: got %d, %q, want %d, %q", text, most, fault, test.want, test.fault)
		}
	}
}
