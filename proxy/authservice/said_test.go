// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestABoundedNumberOfNamesIsRemembered(t *testing.T) {
	t.Parallel()
	var s Said
	of := func(name string, how action) change {
		return change{field: message.Field{Name: []byte(name), Kind: message.KindOf([]byte(name))}, lower: name, how: how}
	}
	s.learn(&verdict{changes: []change{
		of("x-user", put), of("x-id", put), of("x-id", put), of("x-more", add), of("x-default", addIfAbsent), of("authorization", put),
		of("cookie", put), of("x-forwarded-for", put), of("content-type", put), of("x-rank", put),
	}})
	if diff := cmp.Diff([]string{"x-id", "x-rank"}, s.list()); diff != "" {
		t.Errorf("what is remembered (-want +got):\n%s", diff)
	}
	for i := range 2 * mostSaid {
		s.learn(&verdict{changes: []change{of("x-"+strconv.Itoa(i), put)}})
	}
	if n := len(s.list()); n != mostSaid {
		t.Errorf("%d names are remembered, want %d", n, mostSaid)
	}
}
