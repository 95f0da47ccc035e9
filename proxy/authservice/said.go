// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
)

// Said are the names of fields that a service has given requests without a list of them, besides the usual ones. Nobody
// can know such a name before the service has given it once. From then on no client can set the field itself. A look at
// them takes no lock.
type Said struct {
	names atomic.Pointer[[]string]
	// learning is for whoever adds one.
	learning sync.Mutex
}

// mostSaid bounds the names that are remembered for a service.
const mostSaid = 64

// learn remembers the names of the fields that a verdict puts in place of the client's.
func (s *Said) learn(d *verdict) {
	for i := range d.changes {
		if c := &d.changes[i]; c.how == put && tellsWho(&c.field, c.lower) && !slices.Contains(s.list(), c.lower) {
			s.add(c.lower)
		}
	}
}

// tellsWho says whether a field may tell an endpoint who a client is, and has to be remembered for that. A credential
// is the client's own as long as no list has it, and what describes content or says how a request came is no service's
// alone. The usual names are taken out anyway.
func tellsWho(f *message.Field, lower string) bool {
	return !auth.IsUsual(f.Name) && !auth.IsCredential(lower) && !f.Kind.Forwarding() && f.Kind != message.Traceparent && f.Kind != message.Tracestate && !describesContent(f.Name)
}

func (s *Said) list() []string {
	if names := s.names.Load(); names != nil {
		return *names
	}
	return nil
}

func (s *Said) add(name string) {
	s.learning.Lock()
	defer s.learning.Unlock()
	if names := s.list(); len(names) < mostSaid && !slices.Contains(names, name) {
		names = append(slices.Clip(names), name)
		s.names.Store(&names)
	}
}

// drop takes the fields of these names out of a message.
func (s *Said) drop(fields []message.Field) {
	for _, name := range s.list() {
		auth.DropAlike(fields, name)
	}
}
