// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"time"
)

// SessionKey seals the tokens of sessions. A token is one block of AES: what stands for the endpoint, when the session
// began, and chance, so that two clients cannot tell whether they share an endpoint (as in QUIC-LB's "single-pass"
// encryption). Nobody without the key can make a token, or change one into another: the endpoint that it stands for
// would be none.
type SessionKey struct{ block cipher.Block }

// NewSessionKey returns what seals with a key. Replicas with the same key know each other's sessions.
func NewSessionKey(key [32]byte) *SessionKey {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // It fails only for another length.
	}
	return &SessionKey{block}
}

// Session is what a token says.
type Session struct {
	// Endpoint stands for an endpoint of a pool. It is 0 if there is no session.
	Endpoint uint64
	// Began is when the session began, since 1970, in whole milliseconds.
	Began time.Duration
}

// tokenLength is how long a token is, as text.
var tokenLength = base64.RawURLEncoding.EncodedLen(aes.BlockSize)

// TokenBuffer is memory for opening and sealing a token.
type TokenBuffer [2 * aes.BlockSize]byte

// Open returns what a token says. A text that is no token says something that no token says.
func (k *SessionKey) Open(token []byte, buf *TokenBuffer) (s Session, ok bool) {
	if len(token) != tokenLength {
		return Session{}, false
	}
	sealed, plain := buf[:aes.BlockSize], buf[aes.BlockSize:]
	if n, err := base64.RawURLEncoding.Decode(sealed, token); err != nil || n != len(sealed) {
		return Session{}, false
	}
	k.block.Decrypt(plain, sealed)
	began := binary.BigEndian.Uint64(plain[8:]) >> 16
	return Session{binary.BigEndian.Uint64(plain), time.Duration(began) * time.Millisecond}, true
}

// Seal appends the token of a session to text.
func (k *SessionKey) Seal(text []byte, s Session, buf *TokenBuffer) []byte {
	sealed, plain := buf[:aes.BlockSize], buf[aes.BlockSize:]
	binary.BigEndian.PutUint64(plain, s.Endpoint)
	binary.BigEndian.PutUint64(plain[8:], uint64(s.Began.Milliseconds())<<16|rand.Uint64N(1<<16))
	k.block.Encrypt(sealed, plain)
	return base64.RawURLEncoding.AppendEncode(text, sealed)
}

// RequireSessions makes the pool ready to find the endpoints of sessions, from the next refresh on.
func (p *Pool) RequireSessions() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.keepsSessions {
		p.keepsSessions = true
		p.store.require(p, func(p *Pool) { p.keepsSessions = false })
	}
}

// SessionAt returns the member that a session is at, or nil if it takes no requests now.
func (p *Pool) SessionAt(s Session) *Target {
	if at := p.sessions.Load(); at != nil {
		return (*at)[s.Endpoint]
	}
	return nil
}

// SessionOf returns what stands for a member in sessions. It is 0 for no member.
func (p *Pool) SessionOf(e *Target) uint64 {
	for i := range p.members {
		if p.members[i].Target == e {
			return p.standsFor(&p.members[i])
		}
	}
	return 0
}

// standsFor returns what stands for a member: the hash of the service, the port and the id. It is the same in all
// replicas.
func (p *Pool) standsFor(m *member) uint64 {
	service, port, _ := strings.Cut(p.ID, ":")
	port, _, _ = strings.Cut(port, "/") // what a variant says of TLS moves no session
	return max(1, Scatter(Scatter(Hash(service)^Hash(m.id))^Hash(port)))
}

// indexSessions returns the members that take requests by what stands for them.
func (p *Pool) indexSessions(members []member) *map[uint64]*Target {
	index := make(map[uint64]*Target, len(members))
	for i := range members {
		index[p.standsFor(&members[i])] = members[i].Target
	}
	return &index
}
