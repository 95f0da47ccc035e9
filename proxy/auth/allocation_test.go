//go:build !race

// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/step"
)

func TestWhatIsKnownAllocatesNothing(t *testing.T) {
	s := newScope()
	for name, test := range map[string]struct {
		policy step.Policy
		field  string
	}{
		"bcrypt": {&Basic{Users: users}, basicOf("alice:secret")}, "SHA": {&Basic{Users: users}, basicOf("carol:secret")}, "token": {&policy, tokenOf("k", nil)},
	} {
		request := compiled(t, s, test.policy)
		if answer, _ := ask(request, viewOf(test.field)); answer != (step.Answer{}) {
			t.Fatalf("%s: answered by %v", name, answer)
		}
		v := viewOf(test.field)
		fields := append(make([]message.Field, 0, 8), v.Request.Fields...)
		if n := testing.AllocsPerRun(100, func() {
			v.Request.Fields = fields[:1]
			v.Request.Fields[0].Kind = message.Authorization
			if request(v).Reason != reason.None {
				t.Fatalf("%s: it is refused", name)
			}
		}); n != 0 {
			t.Errorf("%s: it allocates %v times", name, n)
		}
	}
}
