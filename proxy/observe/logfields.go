// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/reason"
)

// logField is a field of a line in JSON.
type logField struct {
	name string
	// key is what a line has before the value.
	key string
	// append adds the value in JSON. It adds nothing if the field does not apply to the request.
	append func(b []byte, r *Record) []byte
}

// logFields are all fields that a line may have, in their usual order. The table in docs/operating.md has the same.
var logFields = []logField{
	field("time", func(b []byte, _ *Record) []byte {
		return append(time.Now().UTC().AppendFormat(append(b, '"'), "2006-01-02T15:04:05.000Z"), '"')
	}),
	field("requestId", func(b []byte, r *Record) []byte { return appendKnown(b, r.RequestID) }),
	field("trace_id", func(b []byte, r *Record) []byte {
		if r.Trace == nil {
			return b
		}
		return append(hex.AppendEncode(append(b, '"'), r.Trace.own.trace[:]), '"')
	}),
	field("client", func(b []byte, r *Record) []byte { return append(r.Client.AppendTo(append(b, '"')), '"') }),
	field("user", func(b []byte, r *Record) []byte { return appendKnown(b, []byte(r.User)) }),
	field("method", func(b []byte, r *Record) []byte { return appendQuoted(b, r.Request.Method) }),
	field("host", func(b []byte, r *Record) []byte { return appendQuoted(b, r.Request.Authority) }),
	field("path", func(b []byte, r *Record) []byte { return appendQuoted(b, r.Path) }),
	field("query", func(b []byte, r *Record) []byte {
		query := bytes.TrimPrefix(r.Request.Query, []byte("?"))
		if len(query) == 0 {
			return b
		}
		return append(appendQuery(append(b, '"'), query), '"')
	}),
	field("protocol", func(b []byte, r *Record) []byte { return appendPlain(b, r.Request.Version.String()) }),
	field("scheme", func(b []byte, r *Record) []byte { return appendQuoted(b, r.Scheme) }),
	field("tlsVersion", func(b []byte, r *Record) []byte { return appendPlain(b, r.TLSVersion) }),
	field("referer", func(b []byte, r *Record) []byte {
		url, _ := message.First(r.Request.Fields, "referer")
		if len(url) == 0 {
			return b
		}
		return append(appendURL(append(b, '"'), url), '"')
	}),
	field("userAgent", func(b []byte, r *Record) []byte { return appendSent(b, r.Request, "user-agent") }),
	field("status", func(b []byte, r *Record) []byte { return strconv.AppendInt(b, int64(r.Status), 10) }),
	field("bytes", func(b []byte, r *Record) []byte { return strconv.AppendInt(b, r.Sent, 10) }),
	field("durationSeconds", func(b []byte, r *Record) []byte { return appendSeconds(b, r.Ended-r.Started) }),
	field("upstreamSeconds", func(b []byte, r *Record) []byte {
		if upstream := r.upstreamTime(); upstream >= 0 {
			return appendSeconds(b, upstream)
		}
		return b
	}),
	field("ingress", func(b []byte, r *Record) []byte {
		if r.Route == nil {
			return b
		}
		return appendName(b, r.Route.Rule.Ingress)
	}),
	field("rule", func(b []byte, r *Record) []byte {
		if r.Route == nil {
			return b
		}
		if where := r.Route.Rule.Where; where != "" {
			return appendName(b, where)
		}
		b = strconv.AppendInt(append(b, '"'), int64(r.Route.Rule.Rule), 10)
		return append(strconv.AppendInt(append(b, '.'), int64(r.Route.Rule.Path), 10), '"')
	}),
	field("service", func(b []byte, r *Record) []byte {
		if r.Route == nil {
			return b
		}
		return appendName(b, r.Route.Service)
	}),
	field("task", func(b []byte, r *Record) []byte {
		if last := r.lastAttempt(); last != nil {
			return appendName(b, last.Task)
		}
		return b
	}),
	field("endpoint", func(b []byte, r *Record) []byte {
		if last := r.lastAttempt(); last != nil {
			return appendPlain(b, last.Text)
		}
		return b
	}),
	field("attempts", func(b []byte, r *Record) []byte {
		if n := len(r.Attempts); n > 0 {
			return strconv.AppendInt(b, int64(n), 10)
		}
		return b
	}),
	field("reason", func(b []byte, r *Record) []byte {
		if r.Reason == reason.None {
			return b
		}
		return appendPlain(b, r.Reason.String())
	}),
	field("errorPage", func(b []byte, r *Record) []byte { return appendName(b, r.Page) }),
	field("cause", func(b []byte, r *Record) []byte { return appendKnown(b, []byte(r.Cause)) }),
}

func field(name string, value func(b []byte, r *Record) []byte) logField {
	return logField{name: name, key: `,"` + name + `":`, append: value}
}

// LogFields returns the names of all fields that a line in JSON may have, in their usual order.
func LogFields() []string {
	names := make([]string, 0, len(logFields))
	for _, f := range logFields {
		names = append(names, f.name)
	}
	return names
}

// ParseLogFields reads the names of the fields that a line in JSON is to have, separated by commas.
func ParseLogFields(s string) ([]string, error) {
	var names []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		switch {
		case !slices.ContainsFunc(logFields, func(f logField) bool { return f.name == name }):
			return nil, fmt.Errorf("unknown field %q of the access log: write some of %s", name, strings.Join(LogFields(), ", "))
		case slices.Contains(names, name):
			return nil, fmt.Errorf("the field %q of the access log is named twice", name)
		}
		names = append(names, name)
	}
	return names, nil
}

// chosenFields returns the fields with the names given, in that order, or all for nil.
func chosenFields(names []string) []logField {
	if names == nil {
		return logFields
	}
	chosen := make([]logField, 0, len(names))
	for _, name := range names {
		chosen = append(chosen, logFields[slices.IndexFunc(logFields, func(f logField) bool { return f.name == name })])
	}
	return chosen
}

// appendJSON writes a line. Fields that do not apply are left out.
func appendJSON(b []byte, fields []logField, r *Record) []byte {
	begin := len(b)
	for i := range fields {
		f := &fields[i]
		before := len(b)
		b = append(b, f.key...)
		value := len(b)
		if b = f.append(b, r); len(b) == value {
			b = b[:before]
		}
	}
	if len(b) == begin {
		return append(b, "{}\n"...)
	}
	b[begin] = '{' // in the place of the first comma
	return append(b, "}\n"...)
}

// appendKnown adds what a request or an endpoint sent, or nothing if that is empty.
func appendKnown(b, s []byte) []byte {
	if len(s) == 0 {
		return b
	}
	return appendQuoted(b, s)
}

// appendName adds what an object is called, or nothing if that is empty. Kubernetes has no names that need escapes.
// Files may have any.
func appendName(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return appendQuoted(b, []byte(s))
		}
	}
	return appendPlain(b, s)
}

// appendPlain adds text that needs no escapes, or nothing if it is empty.
func appendPlain(b []byte, s string) []byte {
	if s == "" {
		return b
	}
	b = append(append(b, '"'), s...)
	return append(b, '"')
}

// appendSent adds the value of a request's field.
func appendSent(b []byte, req *message.Request, name string) []byte {
	value, _ := message.First(req.Fields, name)
	return appendKnown(b, value)
}

func appendSeconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, d.Seconds(), 'f', 6, 64)
}
