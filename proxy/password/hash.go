// SPDX-License-Identifier: Apache-2.0

package password

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/bcrypt"

	"github.com/warren-dev/ingress/proxy/kept"
)

// hash is a password as htpasswd text has it.
type hash struct {
	// user is whose it is.
	user string
	text string
	// digest is what verdicts about the hash's own user are kept by. decoy is the same for those who do not exist: what
	// was found out about one of them holds no more once there is such a user.
	digest, decoy kept.Digest
	// matches returns whether it is that password's. It compares in constant time.
	matches func(h *hash, password []byte) bool
	// sha is set if it is by {SHA}. A check takes less time then than to have others wait for it.
	sha bool
}

// highestCost bounds the cost of bcrypt: a check at 14 takes about a second of a processor.
const highestCost = 14

const (
	apr1Prefix = "$apr1$"
	shaPrefix  = "{SHA}"
)

// readHash reads a hash. The error goes on after "whose hash", and quotes none of it.
func readHash(text string) (*hash, error) {
	h := &hash{text: text, digest: kept.DigestOf([]byte(text)), decoy: kept.DigestOf([]byte("decoy:" + text))}
	switch {
	case strings.HasPrefix(text, "$2y$"), strings.HasPrefix(text, "$2b$"), strings.HasPrefix(text, "$2a$"):
		h.matches = (*hash).matchesBcrypt
		return h, inspectBcrypt(text)
	case strings.HasPrefix(text, apr1Prefix):
		h.matches = (*hash).matchesAPR1
		salt, sum, _ := strings.Cut(text[len(apr1Prefix):], "$")
		if len(salt) > apr1Salt || len(sum) != apr1Length || strings.Trim(sum, apr1Alphabet) != "" {
			return nil, errors.New("is no whole hash by apr1: make it anew by htpasswd -B")
		}
		return h, nil
	case strings.HasPrefix(text, shaPrefix):
		h.matches, h.sha = (*hash).matchesSHA, true
		if sum, err := base64.StdEncoding.DecodeString(text[len(shaPrefix):]); err != nil || len(sum) != sha1.Size {
			return nil, errors.New("is no whole hash by {SHA}: make it anew by htpasswd -B")
		}
		return h, nil
	}
	return nil, errors.New("is none by bcrypt ($2y$), apr1 ($apr1$) or {SHA}: make it by htpasswd -B")
}

// inspectBcrypt returns what is wrong with a hash by bcrypt. It looks at the prefix no more.
func inspectBcrypt(text string) error {
	const (
		alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
		length   = 60
		salt     = len("$2y$10$")
	)
	if len(text) != length || text[salt-1] != '$' || strings.Trim(text[salt:], alphabet) != "" {
		return errors.New("is no whole hash by bcrypt: make it anew by htpasswd -B")
	}
	cost, err := strconv.Atoi(text[len("$2y$") : salt-1])
	if err != nil || cost < bcrypt.MinCost {
		return errors.New("is no whole hash by bcrypt: make it anew by htpasswd -B")
	}
	if cost > highestCost {
		return fmt.Errorf("is by bcrypt of cost %d, and each check would take %d times as long as at the usual 10: "+
			"make it by htpasswd -B -C with a cost of at most %d", cost, 1<<(cost-10), highestCost)
	}
	return nil
}

func (h *hash) matchesBcrypt(password []byte) bool {
	return bcrypt.CompareHashAndPassword([]byte(h.text), password) == nil
}

func (h *hash) matchesSHA(password []byte) bool {
	sum := sha1.Sum(password)
	var text [28]byte
	base64.StdEncoding.Encode(text[:], sum[:])
	return subtle.ConstantTimeCompare(text[:], []byte(h.text[len(shaPrefix):])) == 1
}

func (h *hash) matchesAPR1(password []byte) bool {
	salt, sum, _ := strings.Cut(h.text[len(apr1Prefix):], "$")
	return subtle.ConstantTimeCompare(apr1(password, []byte(salt)), []byte(sum)) == 1
}

const (
	apr1Alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	apr1Length   = 22
	apr1Salt     = 8 // the longest
)

// apr1 hashes a password as Apache does, by MD5 a thousand times. It is apr_md5_encode of APR, which is FreeBSD's
// crypt with another prefix.
func apr1(password, salt []byte) []byte {
	text := append(append(append([]byte(nil), password...), apr1Prefix...), salt...)
	once := md5.Sum(append(append(append([]byte(nil), password...), salt...), password...))
	for n := len(password); n > 0; n -= md5.Size {
		text = append(text, once[:min(n, md5.Size)]...)
	}
	for n := len(password); n > 0; n >>= 1 {
		if n&1 == 1 {
			text = append(text, 0)
		} else {
			text = append(text, password[0])
		}
	}
	sum := md5.Sum(text)
	for i := range 1000 {
		text = text[:0]
		if i%2 == 1 {
			text = append(text, password...)
		} else {
			text = append(text, sum[:]...)
		}
		if i%3 != 0 {
			text = append(text, salt...)
		}
		if i%7 != 0 {
			text = append(text, password...)
		}
		if i%2 == 1 {
			text = append(text, sum[:]...)
		} else {
			text = append(text, password...)
		}
		sum = md5.Sum(text)
	}
	encoded := make([]byte, 0, apr1Length)
	encode := func(bits uint32, letters int) {
		for range letters {
			encoded = append(encoded, apr1Alphabet[bits&63])
			bits >>= 6
		}
	}
	for i := range 5 { // The last of the bytes in threes is the sixth in place of the sixteenth.
		last := i + 12
		if i == 4 {
			last = 5
		}
		encode(uint32(sum[i])<<16|uint32(sum[i+6])<<8|uint32(sum[last]), 4)
	}
	encode(uint32(sum[11]), 2)
	return encoded
}
