// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
	"github.com/warren-dev/ingress/proxy/snapshot"
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

// Nothing has looked at the names in files that are served without a cluster.
func TestNamesOfObjectsEndNeitherTheirFieldNorTheLine(t *testing.T) {
	const name = "a\",\"client\":\"192.0.2.1\n{\\"
	r := &Record{Request: new(message.Request), Page: name, Attempts: []Attempt{{Task: name}},
		Route: &RouteNames{Rule: snapshot.RuleID{Ingress: name, Where: name}, Service: name}}
	fields := []string{"ingress", "rule", "service", "task", "errorPage"}
	line := NewLines(fields).Append(nil, r)
	var shown map[string]string
	if err := json.Unmarshal(line, &shown); err != nil || bytes.ContainsRune(line, '\n') {
		t.Fatalf("the line is %q (%v)", line, err)
	}
	for _, field := range fields {
		if shown[field] != name {
			t.Errorf("%s is %q, want %q", field, shown[field], name)
		}
	}
	if len(shown) != len(fields) {
		t.Errorf("the line has %v, want %v alone", shown, fields)
	}
}
