// SPDX-License-Identifier: Apache-2.0

package script

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// doubling are fields of a response of which each is twice the one before.
func doubling(n int) (list []Field) {
	list = append(list, Field{Name: "X", Value: "a"})
	for range n {
		list = append(list, Field{Name: "X", Value: "$sent_http_x$sent_http_x"})
	}
	return list
}

func TestAFieldOfAResponseThatIsPutTogetherOfItselfIsBounded(t *testing.T) {
	t.Parallel()
	p, err := (&Script{Fields: Level{More: append(doubling(24), Field{Name: "X-Last", Value: "$status"})}}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v, resp := scriptView("/"), &message.Response{Status: 200}
	p.Request(v)
	p.Response(v, resp)
	for _, f := range resp.Fields {
		if len(f.Value) > mostValue {
			t.Errorf("%s has %d bytes", f.Name, len(f.Value))
		}
	}
	if n := len(v.State.memory); n > mostMemory {
		t.Errorf("%d bytes were made of a response", n)
	}
	if last, _ := first(resp.Fields, "x-last"); string(last) != "200" {
		t.Errorf("the field behind those that are too long is %q", last)
	}
}
