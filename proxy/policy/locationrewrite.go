// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"

	"github.com/warren-dev/ingress/proxy/change"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// LocationRewrite changes the URLs that an endpoint sends clients to: those of Location and Refresh. It is for
// endpoints that write URLs which are not the clients'. An answer of the rule's own stays as it is.
type LocationRewrite struct {
	// Changes are tried in their order. The first that is for a URL counts.
	Changes []ValueChange
	// Absolute puts the scheme and host that the client used before a path that a change made.
	Absolute bool
}

// Name is "location-rewrite".
func (*LocationRewrite) Name() string { return "location-rewrite" }

// Equal returns whether another one makes the same changes.
func (l *LocationRewrite) Equal(other Policy) bool {
	o, ok := other.(*LocationRewrite)
	return ok && o != nil && l.Absolute == o.Absolute && slices.Equal(l.Changes, o.Changes)
}

// Compile fails if an expression does not compile.
func (l *LocationRewrite) Compile(scope *step.Scope) (step.Steps, error) {
	changes, err := change.CompileValues(l.Changes, scope)
	if err != nil || len(changes) == 0 {
		return step.Steps{}, err
	}
	c := &locationRewrite{changes, l.Absolute}
	return step.Steps{Request: c.request, Response: c.response}, nil
}

// ValueChange makes another value of a field's.
type ValueChange = change.Value

// locationRewrite is a compiled LocationRewrite.
type locationRewrite struct {
	changes  []change.CompiledValue
	absolute bool
}

func (l *locationRewrite) request(v *step.View) step.Answer {
	if l.absolute {
		v.Port = message.ForwardedPort(v.Request.Fields)
	}
	v.Note((*LocationRewrite)(nil).Name(), "URLs that the service sends clients to are rewritten")
	return step.Answer{}
}

func (l *locationRewrite) response(v *step.View, resp *message.Response) {
	if v.Own {
		return
	}
	for i := range resp.Fields {
		f := &resp.Fields[i]
		switch {
		case f.Kind != message.Other:
		case message.EqualFold(f.Name, "location"):
			if made, ok := l.rewrite(v, f.Value); ok {
				f.Value = made
			}
		case message.EqualFold(f.Name, "refresh"):
			if at := urlOfRefresh(f.Value); at > 0 {
				if made, ok := l.rewrite(v, f.Value[at:]); ok {
					f.Value = append(slices.Clip(f.Value[:at]), made...)
				}
			}
		}
	}
}

// rewrite returns another URL. ok is false if the URL stays.
func (l *locationRewrite) rewrite(v *step.View, url []byte) (made []byte, ok bool) {
	made, ok = change.First(l.changes, url)
	if ok && l.absolute && len(made) > 0 && made[0] == '/' && (len(made) == 1 || made[1] != '/') && len(v.Host) > 0 {
		made = append(v.AppendOrigin(nil), made...)
	}
	return made, ok
}

// urlOfRefresh returns where the URL of a Refresh begins, as in "5; url=/x". It returns 0 if there is none.
func urlOfRefresh(value []byte) int {
	const url = "url="
	for i := 0; i+len(url) <= len(value); i++ {
		if message.EqualFold(value[i:i+len(url)], url) {
			return i + len(url)
		}
	}
	return 0
}
