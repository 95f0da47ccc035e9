// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

// A backend may be this proxy again, or another one that leads back here. Each pass would make the next, until memory
// or descriptors ran out. So each pass leaves a mark in CDN-Loop (RFC 8586), which is made for this, and which other
// proxies do not change. (Via would do, too, but some servers do not compress what goes through a proxy.)
//
// The mark is the route's. A request that comes by one route for the second time would come again and again. A request
// that a backend sends on to another route is no loop. Only those whom the request reaches know a mark, so that no
// client can have requests of others refused.

// markPrefix is the beginning of every mark.
const markPrefix = "warren-"

// maxPasses bounds the passes of one request through proxies of this kind, over any routes: a rule can send its
// requests to the next one of a thousand.
const maxPasses = 10

// markOf returns the mark of a route: markPrefix and 16 hexadecimal digits. It stays the same as long as the process
// runs.
func (s *State) markOf(host string, r *snapshot.Route) []byte {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, part := range [...]string{host, r.Path, r.Conditions.String()} {
		_, _ = h.WriteString(part)
		_ = h.WriteByte(0)
	}
	_ = h.WriteByte(byte(r.Match))
	var sum [8]byte
	binary.BigEndian.PutUint64(sum[:], h.Sum64())
	return hex.AppendEncode([]byte(markPrefix), sum[:])
}

// Loops says whether a request with these fields was on the route before, or on too many.
func (r *Route) Loops(fields []message.Field) (found bool) {
	passes := 0
	for i := range fields {
		f := &fields[i]
		if f.Kind != message.CDNLoop {
			continue
		}
		message.Elements(f.Value, func(element []byte) bool {
			id, _, _ := bytes.Cut(element, []byte(";"))
			if id = message.TrimSpace(id); bytes.HasPrefix(id, []byte(markPrefix)) {
				passes++
				found = passes >= maxPasses || bytes.Equal(id, r.Mark)
			}
			return !found
		})
		if found {
			return true
		}
	}
	return false
}
