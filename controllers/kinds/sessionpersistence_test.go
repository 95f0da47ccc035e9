// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

var _ = keepsNobodyOut("session-persistence")

func TestReadSessionPersistence(t *testing.T) {
	t.Parallel()
	hour := &metav1.Duration{Duration: time.Hour}
	hash := &v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingHash, HashOn: v1alpha1.HashOnClientIP}
	for name, test := range map[string]struct {
		from  v1alpha1.SessionPersistence
		with  *v1alpha1.LoadBalancing
		want  snapshot.Persistence
		fault string
	}{
		"without an end": {from: v1alpha1.SessionPersistence{CookieName: "s"}, want: snapshot.Persistence{Name: "s"}},
		"of an hour":     {from: v1alpha1.SessionPersistence{CookieName: "s", AbsoluteTimeout: hour}, want: snapshot.Persistence{Name: "s", Absolute: time.Hour}},
		"among least requests": {from: v1alpha1.SessionPersistence{CookieName: "s"}, with: &v1alpha1.LoadBalancing{Policy: v1alpha1.LoadBalancingLeastRequest},
			want: snapshot.Persistence{Name: "s"}},
		"without a cookie":   {fault: "sessionPersistence.cookieName is no name of a cookie"},
		"by what is no name": {from: v1alpha1.SessionPersistence{CookieName: "a;b"}, fault: "sessionPersistence.cookieName is no name of a cookie"},
		"of no time":         {from: v1alpha1.SessionPersistence{CookieName: "s", AbsoluteTimeout: &metav1.Duration{}}, fault: "sessionPersistence.absoluteTimeout is not above zero"},
		"beside a hash":      {from: v1alpha1.SessionPersistence{CookieName: "s"}, with: hash, fault: "sessionPersistence and loadBalancing.policy Hash both keep clients"},
	} {
		got, fault := readSessionPersistence(&v1alpha1.IngressPath{PathPolicies: v1alpha1.PathPolicies{LoadBalancing: test.with, SessionPersistence: &test.from}})
		if test.fault != "" || fault != "" {
			if test.fault == "" || !strings.HasPrefix(fault, test.fault) {
				t.Errorf("%s: got the fault %q, want %q", name, fault, test.fault)
			}
			continue
		}
		if diff := cmp.Diff(&test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
