// SPDX-License-Identifier: Apache-2.0

package password

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Users are those that htpasswd text lists. Nobody changes them.
type Users struct {
	hashes map[string]*hash
	// all has the same, in the order of the text.
	all  []*hash
	seed maphash.Seed
	// fault tells of lines that could not be read.
	fault error
}

const (
	// longestName and longestPassword are in bytes. Of both, htpasswd takes 255. Longer ones are nobody's.
	longestName     = 255
	longestPassword = 1024
	// mostFaults bounds how many lines an error tells of.
	mostFaults = 5
)

// Read reads htpasswd text. It returns all users that can be checked, and an error that tells of the lines that
// cannot be read. Nobody gets in by such a line. If there is nobody else, the users are nil. The error quotes no
// hash.
func Read(text string) (*Users, error) {
	u := &Users{hashes: make(map[string]*hash), seed: maphash.MakeSeed()}
	var faults []error
	number, more := 0, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := u.add(line); err == nil {
			continue
		} else if len(faults) < mostFaults {
			faults = append(faults, fmt.Errorf("line %d %w", number, err))
		} else {
			more++
		}
	}
	if more > 0 {
		faults = append(faults, fmt.Errorf("%d more lines cannot be read", more))
	}
	if len(u.all) == 0 {
		if len(faults) == 0 {
			faults = append(faults, errors.New("no user is listed: write lines of user:hash, as htpasswd -nB does"))
		}
		return nil, errors.Join(faults...)
	}
	u.fault = errors.Join(faults...)
	return u, u.fault
}

func (u *Users) add(line string) error {
	name, rest, ok := strings.Cut(line, ":")
	if !ok {
		return errors.New("has no colon: write user:hash, as htpasswd -nB does")
	}
	text, _, _ := strings.Cut(rest, ":") // what follows a second colon is a comment, as it is to nginx
	switch {
	case name == "":
		return errors.New("names no user before its colon: write user:hash, as htpasswd -nB does")
	case len(name) > longestName:
		return fmt.Errorf("has a name of %d bytes: write one of at most %d", len(name), longestName)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("has a name that no client can send, %q: write one of letters in UTF-8", name)
	case u.hashes[name] != nil:
		return fmt.Errorf("lists user %q again: the first of the lines counts, so remove one", name)
	}
	h, err := readHash(text)
	if err != nil {
		return fmt.Errorf("is for user %q, whose hash %w", name, err)
	}
	h.user = name
	u.hashes[name] = h
	u.all = append(u.all, h)
	return nil
}

// Len returns how many users there are.
func (u *Users) Len() int { return len(u.all) }

// hashFor returns the hash that a name's password is checked against. That of a user who does not exist is another
// user's, always the same one for a name: whoever measures how long an answer takes does not find out who exists.
func (u *Users) hashFor(name []byte) (h *hash, exists bool) {
	if h := u.hashes[string(name)]; h != nil {
		return h, true
	}
	return u.all[maphash.Bytes(u.seed, name)%uint64(len(u.all))], false
}
