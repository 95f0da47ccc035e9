// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/policy"
)

var _ = keepsNobodyOut("cors")

func TestReadCORS(t *testing.T) {
	t.Parallel()
	got, fault := readCORS(&v1alpha1.CORS{
		AllowOrigins: []v1alpha1.CORSOrigin{"https://*.example.com", "http://a:81"}, AllowMethods: []v1alpha1.CORSMethod{"PUT"},
		AllowHeaders: []v1alpha1.CORSHeader{"*"}, ExposeHeaders: []v1alpha1.CORSHeader{"X-A"}, AllowCredentials: true,
		MaxAge: &metav1.Duration{Duration: 10 * time.Minute},
	})
	want := &policy.CORS{AllowOrigins: []string{"https://*.example.com", "http://a:81"}, AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"*"}, ExposeHeaders: []string{"X-A"}, AllowCredentials: true, MaxAge: 600}
	if !want.Equal(got) || fault != "" {
		t.Errorf("%s (-want +got):\n%s", fault, cmp.Diff(*want, *got))
	}
	if got, fault := readCORS(&v1alpha1.CORS{AllowOrigins: []v1alpha1.CORSOrigin{"*"}}); fault != "" || got.MaxAge != 5 {
		t.Errorf("without an age: %+v, %s", got, fault)
	}
}

func TestCORSThatMakesNoSenseIsAFault(t *testing.T) {
	t.Parallel()
	every := []v1alpha1.CORSOrigin{"*"}
	for want, from := range map[string]v1alpha1.CORS{
		"cors.allowOrigins has 0 origins":                  {},
		"cors.allowOrigins has 65 origins":                 {AllowOrigins: make([]v1alpha1.CORSOrigin, 65)},
		`cors.allowOrigins has "example.com"`:              {AllowOrigins: []v1alpha1.CORSOrigin{"example.com"}},
		`cors.allowOrigins has "null"`:                     {AllowOrigins: []v1alpha1.CORSOrigin{"null"}},
		`cors.allowOrigins has "https://a.io/"`:            {AllowOrigins: []v1alpha1.CORSOrigin{"https://a.io/"}},
		`cors.allowOrigins has "https://a.*.io"`:           {AllowOrigins: []v1alpha1.CORSOrigin{"https://a.*.io"}},
		`cors.allowMethods has "P\r\nX: y"`:                {AllowOrigins: every, AllowMethods: []v1alpha1.CORSMethod{"P\r\nX: y"}},
		"cors.allowHeaders has more than 64 names, or oth": {AllowOrigins: every, AllowHeaders: []v1alpha1.CORSHeader{"*", "A"}},
		`cors.exposeHeaders has "A B"`:                     {AllowOrigins: every, ExposeHeaders: []v1alpha1.CORSHeader{"A B"}},
		"cors.maxAge is 25h0m0s":                           {AllowOrigins: every, MaxAge: &metav1.Duration{Duration: 25 * time.Hour}},
	} {
		if _, fault := readCORS(&from); !strings.HasPrefix(fault, want) {
			t.Errorf("got %q, want %q", fault, want)
		}
	}
}
