// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

var _ = keepsNobodyOut("hsts")

func TestReadHSTS(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		from  v1alpha1.HSTS
		want  policy.HSTS
		fault string
	}{
		{"nothing written", v1alpha1.HSTS{}, policy.HSTS{MaxAge: 31536000}, ""},
		{"everything written", v1alpha1.HSTS{MaxAge: &metav1.Duration{Duration: time.Hour}, IncludeSubDomains: true, Preload: true},
			policy.HSTS{MaxAge: 3600, IncludeSubDomains: true, Preload: true}, ""},
		{"forget it", v1alpha1.HSTS{MaxAge: &metav1.Duration{}}, policy.HSTS{}, ""},
		{"ten years", v1alpha1.HSTS{MaxAge: &metav1.Duration{Duration: 87600 * time.Hour}}, policy.HSTS{MaxAge: 315360000}, ""},
		{"more", v1alpha1.HSTS{MaxAge: &metav1.Duration{Duration: 87601 * time.Hour}}, policy.HSTS{}, "hsts.maxAge is 87601h0m0s: write 0s to 87600h, such as 8760h"},
		{"less than nothing", v1alpha1.HSTS{MaxAge: &metav1.Duration{Duration: -time.Second}}, policy.HSTS{}, "hsts.maxAge is -1s: write 0s to 87600h, such as 8760h"},
	} {
		got, fault := readHSTS(&test.from)
		if fault != test.fault {
			t.Errorf("%s: got the fault %q, want %q", test.name, fault, test.fault)
		}
		if fault == "" {
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.name, diff)
			}
		}
	}
}

// All that it has may be left out.
func TestAnnotationMayLeaveOutAllOfHSTS(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{"{}": true, "{preload: true}": true, "": false, "{age: 1h}": false} {
		var a asked
		if fault := a.read("hsts", value); (fault == "") != want {
			t.Errorf("%q: got the fault %q", value, fault)
		}
	}
}
