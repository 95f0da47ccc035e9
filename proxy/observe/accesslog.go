// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
)

// LogFormat is how the access log writes a request.
type LogFormat string

// The formats: none at all, a JSON object a line, and Apache httpd's combined log format. The objects have the fields
// of [LogFields], or some of them.
const (
	LogNone     LogFormat = "none"
	LogJSON     LogFormat = "json"
	LogCombined LogFormat = "combined"
)

// ParseLogFormat reads a format's name.
func ParseLogFormat(s string) (LogFormat, error) {
	switch f := LogFormat(s); f {
	case LogNone, LogJSON, LogCombined:
		return f, nil
	}
	return "", fmt.Errorf("unknown access log format %q: write none, json or combined", s)
}

// Log is an access log with a line for each request. One goroutine writes it. A request never waits for it: if as many
// lines wait as it holds, it drops further ones and counts them.
type Log struct {
	// fields are those of a line in JSON. Without any, lines are in the combined format.
	fields []logField
	lines  chan *[]byte
	free   sync.Pool
	lost   atomic.Uint64
}

// logLines is how many lines may wait to be written.
const logLines = 8192

// NewLog makes a log. It returns nil if the format says to log nothing. fields name those of a line in JSON, in their
// order, as [ParseLogFields] returns them. Nil names all.
func NewLog(format LogFormat, fields []string) *Log {
	l := &Log{
		lines: make(chan *[]byte, logLines),
		free:  sync.Pool{New: func() any { return new([]byte) }},
	}
	switch format {
	case LogCombined:
	case LogJSON:
		l.fields = chosenFields(fields)
	default:
		return nil
	}
	return l
}

// Write writes the lines to w until ctx ends. Then it writes those that still wait.
func (l *Log) Write(ctx context.Context, w io.Writer) {
	out := bufio.NewWriterSize(w, 64<<10)
	defer func() { _ = out.Flush() }()
	for {
		select {
		case line := <-l.lines:
			l.writeLine(out, line)
			continue
		default:
		}
		_ = out.Flush() // nobody can be told that the log cannot be written
		select {
		case line := <-l.lines:
			l.writeLine(out, line)
		case <-ctx.Done():
			for {
				select {
				case line := <-l.lines:
					l.writeLine(out, line)
				default:
					return
				}
			}
		}
	}
}

// Dropped returns how many lines were dropped so far.
func (l *Log) Dropped() uint64 { return l.lost.Load() }

func (l *Log) writeLine(out *bufio.Writer, line *[]byte) {
	_, _ = out.Write(*line)
	l.free.Put(line)
}

// Record adds the line of a request that has ended. It keeps nothing of the record.
func (l *Log) Record(r *Record) {
	line := l.free.Get().(*[]byte)
	if l.fields != nil {
		*line = appendJSON((*line)[:0], l.fields, r)
	} else {
		*line = appendCombined((*line)[:0], r)
	}
	select {
	case l.lines <- line:
	default:
		l.lost.Add(1)
		l.free.Put(line)
	}
}

// appendCombined writes the combined log format of Apache's httpd.
func appendCombined(b []byte, r *Record) []byte {
	req := r.Request
	b = r.Client.AppendTo(b)
	b = append(b, " - "...)
	b = appendUser(b, r.User)
	b = append(b, " ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, req.Method)
	b = append(b, ' ')
	b = appendEscaped(b, r.Path)
	b = appendQuery(b, req.Query)
	b = append(b, ' ')
	b = append(b, req.Version.String()...)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, r.Sent, 10)
	b = append(b, ' ')
	if url, ok := message.First(req.Fields, "referer"); ok {
		b = append(appendURL(append(b, '"'), url), '"')
	} else {
		b = append(b, `"-"`...)
	}
	b = append(b, ' ')
	b = appendFieldOrDash(b, req.Fields, "user-agent")
	return append(b, '\n')
}

// appendUser writes whose the request is, or a dash. A space in a name ends nothing.
func appendUser(b []byte, user string) []byte {
	if user == "" {
		return append(b, '-')
	}
	for first := true; ; first = false {
		word, rest, more := strings.Cut(user, " ")
		if !first {
			b = append(b, `\u0020`...)
		}
		if b = appendEscaped(b, []byte(word)); !more {
			return b
		}
		user = rest
	}
}

func appendFieldOrDash(b []byte, fields []message.Field, name string) []byte {
	if value, ok := message.First(fields, name); ok {
		return appendQuoted(b, value)
	}
	return append(b, `"-"`...)
}

func appendQuoted(b, s []byte) []byte {
	b = append(b, '"')
	b = appendEscaped(b, s)
	return append(b, '"')
}

// appendEscaped writes bytes that a request sent, in JSON's spelling. They can end neither the string nor the line.
func appendEscaped(b, s []byte) []byte {
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			b = append(b, '\\', 'u', '0', '0', lowerHex[c>>4], lowerHex[c&15])
		default:
			b = append(b, c)
		}
	}
	return b
}

const lowerHex = "0123456789abcdef"
