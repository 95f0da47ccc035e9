package proxy

import (
	"bufio"
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// LogFormat is how the access log writes a request.
type LogFormat string

// The formats: none at all, a JSON object a line, and Apache httpd's combined log format.
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

// accessLog writes a line for each request, from a goroutine of its own. A request never waits for it: when more lines
// than it holds are waiting, further ones are dropped and counted.
type accessLog struct {
	format  LogFormat
	lines   chan *[]byte
	free    sync.Pool
	dropped atomic.Uint64
}

// accessLogLines is how many lines may wait to be written.
const accessLogLines = 8192

func newAccessLog(format LogFormat) *accessLog {
	return &accessLog{
		format: format,
		lines:  make(chan *[]byte, accessLogLines),
		free:   sync.Pool{New: func() any { return new([]byte) }},
	}
}

// write writes lines until ctx ends, and then those that are still waiting.
func (l *accessLog) write(ctx context.Context, w io.Writer) {
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

func (l *accessLog) writeLine(out *bufio.Writer, line *[]byte) {
	_, _ = out.Write(*line)
	l.free.Put(line)
}

// record adds the line of an exchange that has ended, while the views of its request still live.
func (l *accessLog) record(x *exchange) {
	line := l.free.Get().(*[]byte)
	if l.format == LogJSON {
		*line = appendJSON((*line)[:0], x)
	} else {
		*line = appendCombined((*line)[:0], x)
	}
	select {
	case l.lines <- line:
	default:
		l.dropped.Add(1)
		l.free.Put(line)
	}
}

// loggedPath is the canonical path or, where a request was refused before it had one, the path as it came. Of a
// challenge's path the token is left out.
func (x *exchange) loggedPath() []byte {
	if x.path != nil {
		return withoutToken(x.path)
	}
	return x.request.Path
}

func withoutToken(path []byte) []byte {
	if len(path) > len(challengePath) && string(path[:len(challengePath)]) == challengePath {
		return path[:len(challengePath)]
	}
	return path
}

func appendJSON(b []byte, x *exchange) []byte {
	req := &x.request
	b = append(b, `{"time":"`...)
	b = time.Now().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	if x.requestID != nil {
		b = append(b, `","requestId":"`...)
		b = appendEscaped(b, x.requestID)
	}
	if x.trace != nil {
		b = append(b, `","trace_id":"`...)
		b = hex.AppendEncode(b, x.trace.own.trace[:])
	}
	b = append(b, `","client":"`...)
	b = x.client.AppendTo(b)
	b = append(b, `","method":`...)
	b = appendQuoted(b, req.Method)
	b = append(b, `,"host":`...)
	b = appendQuoted(b, req.Authority)
	b = append(b, `,"path":`...)
	b = appendQuoted(b, x.loggedPath())
	b = append(b, `,"protocol":"`...)
	b = append(b, req.Version.String()...)
	b = append(b, `","scheme":"`...)
	b = append(b, x.origin.scheme...)
	if x.origin.tlsVersion != "" {
		b = append(b, `","tlsVersion":"`...)
		b = append(b, x.origin.tlsVersion...)
	}
	b = append(b, `","status":`...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, `,"bytes":`...)
	b = strconv.AppendInt(b, x.down.Response().Written(), 10)
	b = append(b, `,"durationSeconds":`...)
	b = strconv.AppendFloat(b, (x.ended - x.started).Seconds(), 'f', 6, 64)
	if upstream := x.upstreamTime(); upstream >= 0 {
		b = append(b, `,"upstreamSeconds":`...)
		b = strconv.AppendFloat(b, upstream.Seconds(), 'f', 6, 64)
	}
	if x.route != nil {
		b = append(b, `,"ingress":"`...)
		b = append(b, x.route.rule.Ingress...)
		b = append(b, `","rule":"`...)
		b = strconv.AppendInt(b, int64(x.route.rule.Rule), 10)
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(x.route.rule.Path), 10)
		b = append(b, `","service":"`...)
		b = append(b, x.route.series.service...)
		b = append(b, '"')
	}
	if n := len(x.tried); n > 0 {
		if task := cmp.Or(x.pool.idOf(x.tried[n-1]), x.route.pool.idOf(x.tried[n-1])); task != "" {
			b = append(b, `,"task":"`...)
			b = append(b, task...)
			b = append(b, '"')
		}
		b = append(b, `,"endpoint":"`...)
		b = append(b, x.tried[n-1].text...)
		b = append(b, `","attempts":`...)
		b = strconv.AppendInt(b, int64(n), 10)
	}
	if x.reason != reason.None {
		b = append(b, `,"reason":"`...)
		b = append(b, x.reason.String()...)
		b = append(b, '"')
	}
	return append(b, "}\n"...)
}

// appendCombined writes the combined log format of Apache's httpd.
func appendCombined(b []byte, x *exchange) []byte {
	req := &x.request
	b = x.client.AppendTo(b)
	b = append(b, " - - ["...)
	b = time.Now().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `] "`...)
	b = appendEscaped(b, req.Method)
	b = append(b, ' ')
	b = appendEscaped(b, x.loggedPath())
	b = appendEscaped(b, req.Query)
	b = append(b, ' ')
	b = append(b, req.Version.String()...)
	b = append(b, `" `...)
	b = strconv.AppendInt(b, int64(x.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, x.down.Response().Written(), 10)
	b = append(b, ' ')
	b = appendFieldOrDash(b, req.Fields, "referer")
	b = append(b, ' ')
	b = appendFieldOrDash(b, req.Fields, "user-agent")
	return append(b, '\n')
}

func appendFieldOrDash(b []byte, fields []message.Field, name string) []byte {
	if value, ok := firstValue(fields, name); ok {
		return appendQuoted(b, value)
	}
	return append(b, `"-"`...)
}

func appendQuoted(b, s []byte) []byte {
	b = append(b, '"')
	b = appendEscaped(b, s)
	return append(b, '"')
}

// appendEscaped writes what a request sent in a way that can end neither the string nor the line, in JSON's spelling.
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
