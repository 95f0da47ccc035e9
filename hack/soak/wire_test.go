// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"testing"
)

func TestReasonIsReadFromProxyStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		values []string
		want   string
		ok     bool
	}{
		{"none", nil, "", true},
		{"a reason", []string{`warren; error=http_request_error; details="MalformedPath"`}, "MalformedPath", true},
		{"another proxy's", []string{`other; error=http_request_error; details="MalformedPath"`}, "", false},
		{"without details", []string{`warren; error=http_request_error`}, "", false},
		{"without an end", []string{`warren; error=http_request_error; details="Malformed`}, "", false},
		{"with more behind it", []string{`warren; error=http_request_error; details="A"; b=c`}, "", false},
		{"empty", []string{`warren; error=http_request_error; details=""`}, "", false},
		{"two of them", []string{`warren; error=a; details="A"`, `warren; error=b; details="B"`}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := proxyReason(http.Header{"Proxy-Status": test.values})
			if got != test.want || (err == nil) != test.ok {
				t.Errorf("got %q, %v, want %q, ok %t", got, err, test.want, test.ok)
			}
		})
	}
}
