// SPDX-License-Identifier: Apache-2.0

package conditiontest

import (
	"fmt"
	"strings"

	"github.com/warren-dev/ingress/proxy/message"
)

// RequestOf returns a request with a method, a query with its question mark, and fields such as "Name: value". A field
// was taken out of the message if its name has an exclamation mark before it.
func RequestOf(method, query string, fields ...string) *message.Request {
	req := &message.Request{Method: []byte(method), Query: []byte(query)}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		field := message.Field{Name: []byte(strings.TrimPrefix(name, "!")), Value: []byte(value)}
		if field.Kind = message.KindOf(field.Name); name[0] == '!' {
			field.Kind = message.Dropped
		}
		req.Fields = append(req.Fields, field)
	}
	return req
}

// Shown returns a request as RequestOf gets it, for people.
func Shown(req *message.Request) string {
	text := string(req.Method) + " " + string(req.Query)
	for _, f := range req.Fields {
		text += fmt.Sprintf(" %q: %q", f.Name, f.Value)
	}
	return text
}
