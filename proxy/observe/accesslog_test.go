// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestLoggedTextHoldsEveryByteInOneLine(t *testing.T) {
	t.Parallel()
	var sent []byte
	var want []rune
	for c := range 256 {
		sent, want = append(sent, byte(c)), append(want, rune(c))
	}
	quoted := appendQuoted(nil, sent)
	for _, c := range quoted {
		if c < ' ' || c >= 0x7f {
			t.Errorf("%q has the byte %q", quoted, c)
		}
	}
	var got string
	if err := json.Unmarshal(quoted, &got); err != nil {
		t.Fatalf("%v in %q", err, quoted)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

// Lines that are held are written as soon as somebody takes them, in the order of the requests. The rest is lost and
// counted.
func TestLinesBeyondThoseThatAreHeldAreDroppedAndCounted(t *testing.T) {
	t.Parallel()
	const dropped = 108
	l := NewLog(LogJSON, nil)
	ended, end := context.WithCancel(context.Background())
	end()
	ask := func(path string) { l.Record(&Record{Request: &message.Request{}, Path: []byte(path)}) }
	var want []string
	for i := range logLines + dropped {
		path := fmt.Sprintf("/%d", i)
		ask(path)
		if i < logLines {
			want = append(want, path)
		}
	}
	if got := l.Dropped(); got != dropped {
		t.Errorf("%d lines were dropped, want %d", got, dropped)
	}
	var written bytes.Buffer
	l.Write(ended, &written)
	ask("/last")
	l.Write(ended, &written)
	if got := l.Dropped(); got != dropped {
		t.Errorf("%d lines were dropped in the end, want %d", got, dropped)
	}
	var got []string
	for line := range strings.Lines(written.String()) {
		var fields struct{ Path string }
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		got = append(got, fields.Path)
	}
	if diff := cmp.Diff(append(want, "/last"), got); diff != "" {
		t.Errorf("the lines are of (-want +got):\n%s", diff)
	}
}

// Lines that wait when the log ends are written before it does.
func TestWaitingLinesAreWrittenAtTheEnd(t *testing.T) {
	t.Parallel()
	l := NewLog(LogJSON, nil)
	var want string
	for i := range 1000 {
		line := fmt.Appendf(nil, "line %d\n", i)
		want += string(line)
		l.lines <- &line
	}
	ended, end := context.WithCancel(context.Background())
	end()
	var got bytes.Buffer
	l.Write(ended, &got)
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
}

func TestLogFormatsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]LogFormat{"none": LogNone, "json": LogJSON, "combined": LogCombined} {
		if got, err := ParseLogFormat(text); err != nil || got != want {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "JSON", "common", "json "} {
		if got, err := ParseLogFormat(text); err == nil || !strings.Contains(err.Error(), "write none, json or combined") {
			t.Errorf("%q: got %q (%v), want an error that says what to write", text, got, err)
		}
	}
}

func TestLogFieldsAreNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"status":                       {"status"},
		"userAgent, path,trace_id":     {"userAgent", "path", "trace_id"},
		strings.Join(LogFields(), ","): LogFields(),
	} {
		got, err := ParseLogFields(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"":              `unknown field "" of the access log: write some of time, requestId,`,
		"status,Status": `unknown field "Status" of the access log`,
		"path,path":     `the field "path" of the access log is named twice`,
	} {
		if got, err := ParseLogFields(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %q (%v), want %s", text, got, err, want)
		}
	}
}

func TestLineOfFieldsThatDoNotApplyIsAnObject(t *testing.T) {
	t.Parallel()
	got := appendJSON([]byte("before "), chosenFields([]string{"task", "cause"}), &Record{Request: &message.Request{}})
	if want := "before {}\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// docs/operating.md has the fields in the order in which a line has them.
func TestLogFieldsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## The access log\n")
	var got []string
	for line := range strings.Lines(section) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		if name, ok := strings.CutPrefix(line, "| "); ok {
			names, _, _ := strings.Cut(name, " |")
			got = append(got, strings.Split(names, ", ")...)
		}
	}
	if diff := cmp.Diff(append([]string{"field"}, LogFields()...), got); diff != "" {
		t.Errorf("the table in docs/operating.md (-want +got):\n%s", diff)
	}
}
