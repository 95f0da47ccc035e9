// SPDX-License-Identifier: Apache-2.0

package authservice

import (
	"encoding/binary"

	"github.com/warren-dev/ingress/proxy/auth"
	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// longestKey bounds a key. A request with a longer one is asked about each time.
const longestKey = 4 << 10

// usualKey is how long a key is, in bytes, that needs no memory of its own.
const usualKey = 512

// appendKey appends what the verdict about a request is kept by, and says whether it may be kept.
//
// A verdict is never another client's. So the key has the host, the scheme and the method, all that the rule names,
// whose the request is by its certificate or by what was looked at before, and each field with which a client may say
// who it is and that the rule does not name. A service that gets all fields may decide by any of them, so there all
// count. The path and the query count unless the rule names the path itself. Of ingress-nginx, whose rules name all
// but the client, neither of the two is true. If none of these says who the client is, the verdict is kept for nobody.
func (s *Service) appendKey(key []byte, v *step.View) (_ []byte, keeps bool) {
	if s.most > 0 && v.Request.HasContent() { // the verdict may be about that
		return key, false
	}
	for _, part := range [...][]byte{v.Host, schemeOf(v), v.Request.Method} {
		key = append(append(key, part...), 0)
	}
	key, identifies := s.key.AppendKey(key, v)
	if s.keyHasPath {
		key = auth.AppendKeyPart(auth.AppendKeyPart(key, v.Path), v.Request.Query)
	}
	key = binary.BigEndian.AppendUint32(key, uint32(len(v.User)))
	key = append(key, v.User...)
	if !v.Shown.Nothing() {
		key, identifies = v.Shown.AppendDigest(append(key, 1)), true
	} else {
		key = append(key, 0)
	}
	for _, name := range s.identity {
		var has bool
		key, has = auth.AppendFieldKey(key, v.Request.Fields, name)
		identifies = identifies || has
	}
	if s.keyHasFields {
		key = v.Client.AppendTo(key)
		for i := range v.Request.Fields {
			if f := &v.Request.Fields[i]; s.decidesBy(f) {
				key = auth.AppendKeyPart(auth.AppendKeyPart(key, f.Name), f.Value)
			}
		}
	}
	return key, identifies && len(key) <= longestKey
}

// decidesBy says whether a service that gets all fields may decide by one. Those that no two requests have in common
// say nothing of the client.
func (s *Service) decidesBy(f *message.Field) bool {
	switch f.Kind {
	case message.XRequestID, message.Traceparent, message.Tracestate, message.CDNLoop:
		return false
	}
	if s.grpc {
		return s.sends(f)
	}
	return s.passes(f)
}
