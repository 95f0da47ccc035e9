// SPDX-License-Identifier: Apache-2.0

package pipeline

import (
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/warren-dev/ingress/proxy/balance"
	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/client"
	"github.com/warren-dev/ingress/proxy/content"
	"github.com/warren-dev/ingress/proxy/decide"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/mirror"
	"github.com/warren-dev/ingress/proxy/observe"
	"github.com/warren-dev/ingress/proxy/script/machine"
	"github.com/warren-dev/ingress/proxy/snapshot/snapshottest"
	"github.com/warren-dev/ingress/proxy/step"
	"github.com/warren-dev/ingress/proxy/upstream"
)

// occupy gives every field below v a value other than its zero value. values has those of some types. It also writes
// fields that reflection may only read.
func occupy(t *testing.T, v reflect.Value, values map[reflect.Type]any) {
	t.Helper()
	v = reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr())).Elem()
	if value, ok := values[v.Type()]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			occupy(t, v.Field(i), values)
		}
	case reflect.Array:
		for i := range v.Len() {
			occupy(t, v.Index(i), values)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, decide.KeptFields))
		occupy(t, v.Index(0), values)
	case reflect.Chan:
		v.Set(reflect.MakeChan(v.Type(), 0))
	case reflect.UnsafePointer:
		v.SetPointer(unsafe.Pointer(t))
	default:
		v.Set(snapshottest.OtherThan(t, v))
	}
}

// An exchange serves one request after the other. What one of them leaves in it would show in the next one's log, or
// worse.
func TestReleasedExchangeHasNothingButMemory(t *testing.T) {
	t.Parallel()
	var x Exchange
	mirrors := &mirror.Sender{Memory: buffer.Memory{Limit: 1 << 20}}
	copied := func() *mirror.Copy {
		return mirrors.Copy(&mirror.To{Series: new(observe.Series), Pool: &balance.Pool{MirrorMemory: new(atomic.Int64)}}, new(message.Request), nil, 0)
	}
	occupy(t, reflect.ValueOf(&x).Elem(), map[reflect.Type]any{
		reflect.TypeFor[[]*mirror.Copy]():        []*mirror.Copy{copied()},
		reflect.TypeFor[[]*content.Tee]():        []*content.Tee{copied().SendWith()},
		reflect.TypeFor[client.Side]():           struct{ client.Side }{},
		reflect.TypeFor[upstream.Exchange]():     &upstream.Stream{},
		reflect.TypeFor[step.Asker]():            struct{ step.Asker }{},
		reflect.TypeFor[step.Giver]():            struct{ step.Giver }{},
		reflect.TypeFor[step.Waiting]():          (*waiting)(&x),
		reflect.TypeFor[func([]message.Field)](): func([]message.Field) {},
		reflect.TypeFor[message.Writer]():        struct{ message.Writer }{},
		reflect.TypeFor[error]():                 message.ErrClosed,
		reflect.TypeFor[*decide.Basis]():         &decide.Basis{Tracer: &observe.Tracer{}},
		reflect.TypeFor[sync.Mutex]():            sync.Mutex{}, // nobody holds it
	})
	parts := forgotten(t, &x)
	for _, part := range parts {
		for i := range part.NumField() {
			if part.Field(i).IsZero() {
				t.Fatalf("%s was not filled", part.Type().Field(i).Name)
			}
		}
	}
	tried, fields, own := x.tried, x.Head.Fields, x.Own.Fields
	x.release()
	if n := mirrors.Memory.Taken(); n != 0 {
		t.Errorf("copies that were not sent still take %d bytes", n)
	}
	for _, part := range parts {
		for i := range part.NumField() {
			if field := part.Type().Field(i); !part.Field(i).IsZero() {
				t.Errorf("%s is left of the request before", field.Name)
			}
		}
	}
	if tried[0] != nil || cap(x.tried) != cap(tried) || cap(x.Head.Fields) != cap(fields) || cap(x.Own.Fields) != cap(own) {
		t.Error("lists were not emptied, or not kept")
	}
	x.Head.Fields, x.Own.Fields = nil, nil
	for _, left := range memories(&x) {
		for i := range left.NumField() {
			name, f := left.Type().Field(i).Name, left.Field(i)
			switch {
			case f.Type() == reflect.TypeFor[*machine.State]():
				wantEmpty(t, f.Elem())
			case f.Kind() != reflect.Slice:
				if !f.IsZero() {
					t.Errorf("%s is left of the request before: %+v", name, f)
				}
			case f.Cap() != decide.KeptFields:
				t.Errorf("%s has room for %d, want %d", name, f.Cap(), decide.KeptFields)
			case f.Len() > 0 && f.Type() != reflect.TypeFor[[]byte](): // a buffer is written from its beginning
				t.Errorf("%s has %d elements of the request before", name, f.Len())
			}
		}
	}
}

// forgotten are the parts of an exchange and of its decision whose fields the next use must not see. Beside these they
// have nothing but what they keep.
func forgotten(t *testing.T, x *Exchange) (parts []reflect.Value) {
	t.Helper()
	kept := []reflect.Type{reflect.TypeFor[memory](), reflect.TypeFor[decide.Memory](), reflect.TypeFor[decide.Decision]()}
	for _, whole := range []reflect.Value{reflect.ValueOf(x).Elem(), reflect.ValueOf(&x.Decision).Elem()} {
		for i := range whole.NumField() {
			switch field := whole.Type().Field(i); {
			case slices.Contains(kept, field.Type):
			case field.Anonymous && field.Type.Kind() == reflect.Struct:
				parts = append(parts, whole.Field(i))
			default:
				t.Errorf("%s stands beside what is forgotten and what is kept", field.Name)
			}
		}
	}
	return parts
}

// memories are what an exchange keeps for its next use.
func memories(x *Exchange) []reflect.Value {
	return []reflect.Value{reflect.ValueOf(&x.memory).Elem(), reflect.ValueOf(&x.Memory).Elem()}
}

// wantEmpty fails the test if a script's state has something of the request before.
func wantEmpty(t *testing.T, state reflect.Value) {
	t.Helper()
	for i := range state.NumField() {
		if f := state.Field(i); !f.IsZero() && (f.Kind() != reflect.Slice || f.Len() > 0) {
			t.Errorf("%s of the script is left of the request before", state.Type().Field(i).Name)
		}
	}
}

func TestReleasedExchangeKeepsNoMoreThanItsShare(t *testing.T) {
	t.Parallel()
	var x Exchange
	long := make([]byte, decide.KeptBytes+1)
	for _, m := range memories(&x) {
		occupy(t, m, map[reflect.Type]any{
			reflect.TypeFor[[]byte]():          long,
			reflect.TypeFor[[]message.Field](): make([]message.Field, decide.KeptFields+1),
		})
	}
	x.release()
	for _, left := range memories(&x) {
		for i := range left.NumField() {
			if f := left.Field(i); f.Type() == reflect.TypeFor[[]byte]() && !f.IsNil() {
				t.Errorf("%s keeps %d bytes, want none", left.Type().Field(i).Name, f.Cap())
			}
		}
	}
	if x.Head.Fields != nil {
		t.Errorf("the request keeps room for %d fields, want none", cap(x.Head.Fields))
	}
}

// BenchmarkBeginAndEnd measures what it costs to have the memory for a request, and to empty it.
func BenchmarkBeginAndEnd(b *testing.B) {
	g, from := new(Engine), new(client.Origin)
	b.ReportAllocs()
	for b.Loop() {
		g.End(g.Begin(nil, nil, from, 0))
	}
}
