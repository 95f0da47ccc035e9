// SPDX-License-Identifier: Apache-2.0

package authservice

import "github.com/warren-dev/ingress/proxy/auth"

// longestKey bounds a key. A request with a longer one is asked about each time.
const longestKey = 4 << 10

// makeKey makes what the verdict about the request is kept by, and says whether it may be kept.
//
// A verdict is never another client's. So the key has the host and the method, all that the rule names, and each field
// with which a client may say who it is and that the rule does not name. If none of these says anything, the verdict is
// kept for nobody.
func (a *ask) makeKey() bool {
	s, v := a.service, a.view
	if s.most > 0 && v.Request.HasContent() { // the verdict may be about that
		return false
	}
	key := append(append(append(append(a.key[:0], v.Host...), 0), v.Request.Method...), 0)
	key, identifies := s.key.AppendKey(key, v)
	for _, name := range s.identity {
		var has bool
		key, has = auth.AppendFieldKey(key, v.Request.Fields, name)
		identifies = identifies || has
	}
	a.key = key
	return identifies && len(key) <= longestKey
}
