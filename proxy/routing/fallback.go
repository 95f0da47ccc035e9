// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"fmt"
	"slices"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// Fallback is a backend that gets the requests of a route for which no endpoint takes requests.
type Fallback struct {
	Backend Backend
	// fields go with such a request. replaced are their names in lower case, and that of X-Format.
	fields   []message.Field
	replaced []string
}

var format = []byte("X-Format")

// Complete returns the fields of a request as the fallback gets them.
func (f *Fallback) Complete(fields []message.Field) []message.Field {
	for i := range fields {
		field := &fields[i]
		if field.Kind.EndToEnd() && slices.ContainsFunc(f.replaced, func(lower string) bool { return message.EqualFold(field.Name, lower) }) {
			field.Kind = message.Dropped
		}
	}
	if accept, ok := message.First(fields, "accept"); ok {
		fields = append(fields, message.Field{Name: format, Value: accept})
	}
	return append(fields, f.fields...)
}

// compileFallback compiles the fallback of a route. It returns nil if there is none.
func (g *Generation) compileFallback(r *snapshot.Route, state *State, t *hostTable) (f *Fallback, err error) {
	if r.Fallback == nil {
		return nil, nil
	}
	f = &Fallback{replaced: []string{"x-format"}}
	if f.Backend, err = g.compileBackend(r, r.Fallback.Pool, &observe.RouteNames{Rule: r.Rule, Path: r.Path}, state, t); err != nil {
		return nil, fmt.Errorf("fallback: %w", err)
	}
	for _, h := range r.Fallback.Fields {
		name := []byte(h.Name)
		f.fields = append(f.fields, message.Field{Name: name, Value: []byte(h.Value), Kind: message.KindOf(name)})
		f.replaced = append(f.replaced, message.LowerName(h.Name))
	}
	return f, nil
}
