// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// accessLog takes the proxy's access log, in JSON. Each line has to be an object. No line may have the reason that
// stands for a fault of the proxy. It counts the lines.
type accessLog struct {
	tally *tally
	rest  []byte
	lines int
}

const (
	// checkedLines says that one of so many lines is parsed. Parsing all would cost more than serving does.
	checkedLines = 20
	internal     = `"reason":"InternalError"`
)

func (l *accessLog) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	unread := l.rest
	for {
		end := bytes.IndexByte(unread, '\n')
		if end < 0 {
			l.rest = append(l.rest[:0], unread...)
			return len(p), nil
		}
		l.line(unread[:end])
		unread = unread[end+1:]
	}
}

func (l *accessLog) line(line []byte) {
	l.lines++
	if bytes.Contains(line, []byte(internal)) {
		l.tally.fail(fmt.Errorf("the proxy reports a fault of its own: %s", line))
		return
	}
	if l.lines%checkedLines != 0 {
		return
	}
	var record map[string]any
	if err := json.Unmarshal(line, &record); err != nil {
		l.tally.fail(fmt.Errorf("a line of the access log is no JSON object: %w: %q", err, line))
		return
	}
	l.tally.count("", nil)
}
