// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// BenchmarkKept is what a request with ten fields costs whose verdict is kept: the guard, and the policy.
func BenchmarkKept(b *testing.B) {
	s := newScope()
	for _, test := range []struct {
		name   string
		policy step.Policy
		field  string
	}{{"password", &Basic{Users: users}, basicOf("alice:secret")}, {"token", &policy, tokenOf("k", nil)}} {
		b.Run(test.name, func(b *testing.B) {
			guard := Guard([]step.Policy{test.policy})
			steps, err := test.policy.Compile(s)
			if err != nil {
				b.Fatal(err)
			}
			fields := []string{
				"Accept: */*", "User-Agent: x", "Accept-Encoding: gzip", "Accept-Language: en", "X-Forwarded-For: 192.0.2.1", "X-Real-IP: 192.0.2.1",
				"Cookie: a=b", "Referer: https://shop.example.com/", "X-Request-ID: x", test.field,
			}
			if answer, _ := ask(steps.Request, viewOf(fields...)); answer != (step.Answer{}) {
				b.Fatal(answer)
			}
			v, sent := viewOf(), fieldsOf(fields...)
			var memory [16]message.Field
			b.ReportAllocs()
			for b.Loop() {
				v.Request.Fields = append(memory[:0], sent...)
				guard.Request(v)
				if answer := steps.Request(v); answer != (step.Answer{}) {
					b.Fatal(answer)
				}
			}
		})
	}
}
