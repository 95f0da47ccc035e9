// SPDX-License-Identifier: Apache-2.0

package routing

import (
	"encoding/binary"
	"encoding/hex"
	"hash/maphash"

	"github.com/warren-dev/ingress/proxy/snapshot"
)

// MarkPrefix is the beginning of every mark.
const MarkPrefix = "warren-"

// markOf returns the mark of a route: [MarkPrefix] and 16 hexadecimal digits. It stays the same as long as the process
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
	return hex.AppendEncode([]byte(MarkPrefix), sum[:])
}
