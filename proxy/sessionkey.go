// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"crypto/rand"

	"github.com/warren-dev/ingress/proxy/balance"
)

// SetSessionKey says which key seals the tokens of persistent sessions. Replicas with the same key keep each other's
// sessions with their endpoints. Sessions under another key are forgotten: their clients get an endpoint anew.
//
// Until it is called, the process has a key of its own, which no other process has.
func (p *Proxy) SetSessionKey(key [32]byte) { p.engine.SessionKey.Store(balance.NewSessionKey(key)) }

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // It never fails: the process ends instead.
	return key
}
