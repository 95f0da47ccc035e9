// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKilledControllerIsStartedAgain(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "started")
	var output, news bytes.Buffer
	c := shell(`if [ -e "$0" ]; then echo again; exit 3; fi; : >"$0"; kill -9 $$`, marker)
	c.output, c.news = &output, &news

	err := c.supervise(t.Context())

	if got := output.String(); got != "again\n" {
		t.Errorf("the controller printed %q, want that it was started again", got)
	}
	if !strings.Contains(news.String(), "killed") || !strings.Contains(news.String(), "starting it again") {
		t.Errorf("the news are %q, want that it was killed and is started again", news.String())
	}
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("error is %v, want how it ended the second time", err)
	}
}

func TestControllerThatEndsByItselfIsAnError(t *testing.T) {
	for name, script := range map[string]string{"with success": "exit 0", "with failure": "exit 1"} {
		t.Run(name, func(t *testing.T) {
			err := shell(script).supervise(t.Context())
			if err == nil || !strings.Contains(err.Error(), "ended by itself: exit status") {
				t.Errorf("error is %v, want that the controller ended by itself", err)
			}
		})
	}
}

func TestControllerIsAskedToStopAndWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	marker := filepath.Join(t.TempDir(), "stopped")
	c := shell(`trap ': >"$0"; exit 0' TERM; echo ready; while :; do sleep 0.05; done`, marker)
	// Cancelling at the first output makes sure that the trap is set.
	c.output = writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })

	if err := c.supervise(ctx); err != nil {
		t.Errorf("stopping on request: %v", err)
	}
	if _, err := os.Stat(marker); err != nil {
		t.Errorf("the controller did not end in its own way: %v", err)
	}
}

func TestLinesArePrefixedWhole(t *testing.T) {
	tests := map[string]struct {
		writes []string
		want   string
	}{
		"one line":                      {writes: []string{"a\n"}, want: "> a\n"},
		"lines in one write":            {writes: []string{"a\nb\n"}, want: "> a\n> b\n"},
		"a line in pieces":              {writes: []string{"a", "b", "\nc"}, want: "> ab\n"},
		"an empty line":                 {writes: []string{"\n"}, want: "> \n"},
		"the end of one and the next":   {writes: []string{"a", "\nb\n"}, want: "> a\n> b\n"},
		"nothing but an unfinished one": {writes: []string{"a"}, want: ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			lines := &prefixedLines{to: &out, prefix: "> "}
			for _, text := range test.writes {
				if n, err := lines.Write([]byte(text)); n != len(text) || err != nil {
					t.Fatalf("writing %q: %d, %v", text, n, err)
				}
			}
			if out.String() != test.want {
				t.Errorf("wrote %q, want %q", out.String(), test.want)
			}
		})
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// shell is a controller that is a shell script.
func shell(script string, args ...string) *child {
	return &child{
		name:   "controller",
		path:   "/bin/sh",
		args:   append([]string{"-c", script}, args...),
		output: new(bytes.Buffer),
		news:   new(bytes.Buffer),
	}
}
