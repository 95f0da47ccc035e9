// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/routing"
	"github.com/warren-dev/ingress/proxy/step"
)

// An answer of our own has what policies add to such answers. The exception is an answer to a fault, which may be a
// policy's.
func TestAnswersOfOurOwnHaveWhatPoliciesAdd(t *testing.T) {
	t.Parallel()
	p := serve(t)
	for _, test := range []struct {
		name, want string
		change     func(*routing.Route)
	}{
		{"of a policy", "AccessDenied", func(r *routing.Route) {
			r.Policies.Add(&step.Steps{Request: func(v *step.View) step.Answer {
				v.Fields = append(v.Fields, message.Field{Name: []byte("X-Refused"), Value: []byte("yes")})
				return step.Answer{Reason: reason.AccessDenied}
			}})
		}},
		{"of the proxy", "UpstreamConnectFailed", func(*routing.Route) {}},
		{"to a fault", "InternalError", func(r *routing.Route) { r.Backend.Pool = nil }},
	} {
		p.apply(everything(closedPort(t)))
		changeRoute(p, func(r *routing.Route) {
			test.change(r)
			r.Policies.Add(&step.Steps{Own: func(v *step.View, resp *message.Response) {
				resp.Fields = append(resp.Fields, message.Field{Name: []byte("X-Seen"), Value: []byte(string(v.Path) + string(v.Host))})
			}})
		})
		got := p.get("a", "/x")
		seen, refused := "/xa", ""
		switch test.want {
		case "InternalError":
			seen = ""
		case "AccessDenied":
			refused = "yes"
		}
		if got.reason() != test.want || got.Header.Get("X-Seen") != seen || got.Header.Get("X-Refused") != refused {
			t.Errorf("%s: got %q with %v", test.name, got.reason(), got.Header)
		}
	}
}
