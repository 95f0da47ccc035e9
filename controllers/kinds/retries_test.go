// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

func TestReadRetries(t *testing.T) {
	t.Parallel()
	two := new(int32(2))
	for name, test := range map[string]struct {
		from  *v1alpha1.Retries
		want  rules.Rule
		fault string
	}{
		"none":         {want: rules.Rule{Retries: 1}},
		"of attempts":  {from: &v1alpha1.Retries{Attempts: two}, want: rules.Rule{Retries: 2}},
		"after codes":  {from: &v1alpha1.Retries{Codes: []v1alpha1.RetryCode{503, 500, 503}}, want: rules.Rule{Retries: 1, Retry: &snapshot.Retry{Codes: []int{500, 503}, Backoff: 25 * time.Millisecond}}},
		"after a time": {from: &v1alpha1.Retries{Backoff: &metav1.Duration{Duration: time.Second}}, want: rules.Rule{Retries: 1, Retry: &snapshot.Retry{Backoff: time.Second}}},
		"at once": {from: &v1alpha1.Retries{Attempts: two, Codes: []v1alpha1.RetryCode{503}, Backoff: &metav1.Duration{}},
			want: rules.Rule{Retries: 2, Retry: &snapshot.Retry{Codes: []int{503}}}},
		"before":         {from: &v1alpha1.Retries{Backoff: &metav1.Duration{Duration: -1}}, fault: "retries.backoff is negative: write 0s for none"},
		"after success":  {from: &v1alpha1.Retries{Codes: []v1alpha1.RetryCode{503, 200}}, fault: "retries.codes has 200: write statuses from 400 to 599"},
		"after anything": {from: &v1alpha1.Retries{Codes: []v1alpha1.RetryCode{600}}, fault: "retries.codes has 600"},
		"too often":      {from: &v1alpha1.Retries{Attempts: new(int32(11))}, fault: "retries.attempts is 11"},
	} {
		var got rules.Rule
		fault := new(ruleReader).terms(&got, &v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{Retries: test.from}})
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		got.Timeouts = snapshot.Timeouts{}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
