// SPDX-License-Identifier: Apache-2.0

package tickets

import (
	"slices"
	"testing"
	"time"
)

func TestTicketKeysThatAreRotatedAreKnownBeforeAndAfterTheyAreInUse(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	before := newTicketKeys(now)
	after := before.rotate(now.Add(KeyUse))
	if after.current != before.next || after.previous != before.current {
		t.Error("the next key is not the current one, or the current not the previous one")
	}
	if !slices.Contains(before.list(), after.list()[0]) || !slices.Contains(after.list(), before.list()[0]) {
		t.Error("tickets of one side of a rotation are not read on the other")
	}
	if after.sessions != before.sessions {
		t.Error("the key of sessions is another one: all would move")
	}
	if slices.Contains(before.list(), after.next) || !after.rotated.Equal(now.Add(KeyUse)) {
		t.Error("the key after the next is not new, or the time not that of the rotation")
	}
}

func TestTicketKeysAreReadAsTheyWereWritten(t *testing.T) {
	keys := newTicketKeys(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	read, err := decodeTicketKeys(keys.encode())
	if err != nil || read != keys {
		t.Errorf("what is read is not what was written (%v)", err)
	}
}

func TestDamagedTicketKeysAreAnErrorThatQuotesNoneOfThem(t *testing.T) {
	for name, test := range map[string]struct {
		damage func(map[string][]byte)
		want   string
	}{
		"none":                    {func(c map[string][]byte) { clear(c) }, "previous has 0 bytes, not 32"},
		"a short key":             {func(c map[string][]byte) { c["current"] = c["current"][1:] }, "current has 31 bytes, not 32"},
		"a long key":              {func(c map[string][]byte) { c["next"] = append(c["next"], 1) }, "next has 33 bytes, not 32"},
		"one key twice":           {func(c map[string][]byte) { c["next"] = c["current"] }, "a key occurs twice"},
		"a short key of sessions": {func(c map[string][]byte) { c["sessions"] = c["sessions"][1:] }, "sessions has 31 bytes, not 32"},
		"no time":                 {func(c map[string][]byte) { delete(c, "rotated") }, "rotated is no time as RFC 3339 has it"},
		"a key for time":          {func(c map[string][]byte) { c["rotated"] = c["next"] }, "rotated is no time as RFC 3339 has it"},
	} {
		t.Run(name, func(t *testing.T) {
			keys := newTicketKeys(time.Now())
			content := keys.encode()
			test.damage(content)
			if _, err := decodeTicketKeys(content); err == nil || err.Error() != test.want {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

func TestSecretWithoutAKeyOfSessionsGetsOne(t *testing.T) {
	content := newKeysWithoutSessions()
	keys, err := decodeTicketKeys(content)
	if err != nil || keys.sessions != [32]byte{} {
		t.Fatalf("a Secret of an older version is read with the error %v", err)
	}
	if !keys.complete() || keys.sessions == [32]byte{} || keys.complete() {
		t.Error("no key of sessions is added, or two")
	}
}

func newKeysWithoutSessions() map[string][]byte {
	keys := newTicketKeys(time.Now())
	content := keys.encode()
	delete(content, FieldSessions)
	return content
}
