// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

func TestLinesShowOnlyTheFieldsOfTheLog(t *testing.T) {
	r := &Record{Request: &message.Request{Method: []byte("GET"), Authority: []byte(`a"b`)}, Path: []byte("/<p>"), Status: 404, Reason: reason.RouteNotFound}
	l := NewLines([]string{"method", "host", "path", "status", "reason"})
	got := string(l.Append([]byte("x"), r))
	if want := `x{"method":"GET","host":"a\"b","path":"/<p>","status":404,"reason":"RouteNotFound"}`; got != want {
		t.Errorf("the line is %s, want %s", got, want)
	}
	if l.Has("client") || !l.Has("path") || !NewLines(nil).Has("client") {
		t.Error("a line that names its fields has others, or one that names none has not all")
	}
}
