// SPDX-License-Identifier: Apache-2.0

package tickets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

const (
	// KeyUse is how long new session tickets are sealed with one key. The key before stays known, so a ticket is good for
	// 12 to 24 hours.
	KeyUse = 12 * time.Hour
	// ticketKeyClockSkew is how far apart the clocks of two leaders may be.
	ticketKeyClockSkew = time.Hour

	fieldPrevious = "previous"
	// FieldCurrent is the field of the Secret with the key, of 32 bytes, that new tickets are sealed with.
	FieldCurrent = "current"
	fieldNext    = "next"
	// FieldSessions is the field of the Secret with the key, of 32 bytes, that the tokens of persistent sessions are
	// sealed with. It does not change: sessions may last for as long as their rule says.
	FieldSessions = "sessions"
	// FieldRotated is the field of the Secret with the time since when that key is in use, in the format of RFC 3339.
	FieldRotated = "rotated"
)

// ticketKeys are the keys that the replicas seal session tickets with. All replicas know the next key for as long as
// the current one is in use. So a replica that learns of a change late can read the tickets of those that learned of it
// before.
type ticketKeys struct {
	previous, current, next [32]byte
	// rotated is since when the current key is in use.
	rotated time.Time
	// sessions is the key of persistent sessions. It is zero if the Secret is older than those.
	sessions [32]byte
}

func newTicketKeys(now time.Time) ticketKeys {
	return ticketKeys{previous: randomKey(), current: randomKey(), next: randomKey(), rotated: now, sessions: randomKey()}
}

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:]) // It never fails: the process ends instead.
	return key
}

// rotate returns the keys for the time from now on.
func (k *ticketKeys) rotate(now time.Time) ticketKeys {
	return ticketKeys{previous: k.current, current: k.next, next: randomKey(), rotated: now, sessions: k.sessions}
}

// complete adds the key that a Secret of an older version lacks. It returns false if there is none to add.
func (k *ticketKeys) complete() bool {
	if k.sessions != [32]byte{} {
		return false
	}
	k.sessions = randomKey()
	return true
}

// list returns the keys for the data plane, the one for new tickets first.
func (k *ticketKeys) list() [][32]byte { return [][32]byte{k.current, k.next, k.previous} }

// encode returns the content of the Secret that the keys are kept in.
func (k *ticketKeys) encode() map[string][]byte {
	return map[string][]byte{
		fieldPrevious: k.previous[:], FieldCurrent: k.current[:], fieldNext: k.next[:],
		FieldRotated: []byte(k.rotated.UTC().Format(time.RFC3339)), FieldSessions: k.sessions[:],
	}
}

// decodeTicketKeys reads what encode returned. Its errors quote nothing of that.
func decodeTicketKeys(content map[string][]byte) (k ticketKeys, err error) {
	for _, field := range []struct {
		name string
		to   *[32]byte
	}{{fieldPrevious, &k.previous}, {FieldCurrent, &k.current}, {fieldNext, &k.next}, {FieldSessions, &k.sessions}} {
		if field.name == FieldSessions && content[field.name] == nil {
			continue
		}
		if n := len(content[field.name]); n != len(field.to) {
			return k, fmt.Errorf("%s has %d bytes, not %d", field.name, n, len(field.to))
		}
		copy(field.to[:], content[field.name])
	}
	if k.rotated, err = time.Parse(time.RFC3339, string(content[FieldRotated])); err != nil {
		return k, fmt.Errorf("%s is no time as RFC 3339 has it", FieldRotated)
	}
	if k.previous == k.current || k.current == k.next || k.next == k.previous {
		return k, errors.New("a key occurs twice")
	}
	return k, nil
}
