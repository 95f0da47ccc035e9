// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/fips140"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"hash"
	"reflect"
	"unsafe"
)

// A tls.Conn has what AES makes of its two keys beforehand: 900 bytes each, which is most of what a connection that
// rests would keep. So a TLS 1.3 connection that rests keeps the keys alone. The next record that comes or goes makes
// the rest of it anew.
//
// crypto/tls has no word for that. Its ciphers are found by their names and types, and the keys are derived from the
// secrets as RFC 8446, section 7.3, has it. Nothing is replaced unless the cipher that is there opens what the new one
// has sealed: then both have the same key. Otherwise all stays as it is, as with another version of Go, and a test says
// so.
var tlsHalves = [...]half{halfOf("in"), halfOf("out")}

// half is where a tls.Conn has the cipher and the secret of one direction.
type half struct {
	cipher, secret uintptr
	found          bool
}

func halfOf(name string) (h half) {
	of, ok := reflect.TypeFor[tls.Conn]().FieldByName(name)
	if !ok || of.Type.Kind() != reflect.Struct {
		return h
	}
	sealer, ok1 := of.Type.FieldByName("cipher")
	secret, ok2 := of.Type.FieldByName("trafficSecret")
	h.found = ok1 && ok2 && sealer.Type == reflect.TypeFor[any]() && secret.Type == reflect.TypeFor[[]byte]()
	h.cipher, h.secret = of.Offset+sealer.Offset, of.Offset+secret.Offset
	return h
}

// of returns where the AEAD is that a half uses, nil if it is not found, and the secret of the half.
func (h half) of(c *tls.Conn) (used *cipher.AEAD, secret []byte) {
	if !h.found {
		return nil, nil
	}
	at := unsafe.Pointer(c)
	secret = *(*[]byte)(unsafe.Add(at, h.secret))
	// The AEAD is within one that makes nonces of the numbers of records.
	outer := reflect.ValueOf(*(*any)(unsafe.Add(at, h.cipher)))
	if len(secret) == 0 || outer.Kind() != reflect.Pointer || outer.Elem().Kind() != reflect.Struct {
		return nil, nil
	}
	f, ok := outer.Elem().Type().FieldByName("aead")
	if !ok || f.Type != reflect.TypeFor[cipher.AEAD]() {
		return nil, nil
	}
	return (*cipher.AEAD)(unsafe.Add(outer.UnsafePointer(), f.Offset)), secret
}

// keepKeys has a connection that nobody reads or writes keep its keys alone. It says whether both do.
func keepKeys(c *tls.Conn) (kept bool) {
	if fips140.Enabled() { // There only the ciphers of crypto/tls may be used.
		return false
	}
	kept = true
	for _, h := range tlsHalves {
		used, secret := h.of(c)
		kept = used != nil && keepKey(used, secret) && kept
	}
	return kept
}

// keepKey replaces an AEAD by its key.
func keepKey(used *cipher.AEAD, secret []byte) bool {
	if k, ok := (*used).(*bareKey); ok {
		k.made = nil
		return true
	}
	k := newBareKey(secret)
	if k == nil {
		return false
	}
	// No record has this nonce, and what is sealed does not leave this function.
	nonce := [gcmNonce]byte{0: 0xff, gcmNonce - 1: 0xff}
	proof := k.Seal(nil, nonce[:], nil, nil)
	if _, err := (*used).Open(nil, nonce[:], proof, nil); err != nil {
		return false
	}
	k.made = nil
	*used = k
	return true
}

// bareKey is AES-GCM by a key. made is what is made of the key beforehand, nil until it is needed.
type bareKey struct {
	key  [32]byte
	size uint8
	made cipher.AEAD
}

// The lengths of a nonce and of a seal (RFC 8446, section 5.2; RFC 5116, section 5.1).
const (
	gcmNonce = 12
	gcmSeal  = 16
)

// newBareKey derives the key of one direction from its secret. It returns nil if no suite with AES has such a secret.
func newBareKey(secret []byte) *bareKey {
	k := new(bareKey)
	var hashes func() hash.Hash
	switch len(secret) {
	case sha256.Size: // TLS_AES_128_GCM_SHA256, or ChaCha20
		k.size, hashes = 16, sha256.New
	case sha512.Size384: // TLS_AES_256_GCM_SHA384
		k.size, hashes = 32, sha512.New384
	default:
		return nil
	}
	const label = "tls13 key"
	info := string([]byte{0, k.size, byte(len(label))}) + label + "\x00"
	key, err := hkdf.Expand(hashes, secret, info, int(k.size))
	if err != nil {
		return nil
	}
	copy(k.key[:], key)
	return k
}

func (k *bareKey) aead() cipher.AEAD {
	if k.made == nil {
		block, err := aes.NewCipher(k.key[:k.size])
		if err == nil {
			k.made, err = cipher.NewGCM(block)
		}
		if err != nil {
			panic(err) // Keys of these lengths have no faults.
		}
	}
	return k.made
}

// NonceSize implements [cipher.AEAD].
func (k *bareKey) NonceSize() int { return gcmNonce }

// Overhead implements [cipher.AEAD].
func (k *bareKey) Overhead() int { return gcmSeal }

// Seal implements [cipher.AEAD].
func (k *bareKey) Seal(dst, nonce, plaintext, data []byte) []byte {
	return k.aead().Seal(dst, nonce, plaintext, data)
}

// Open implements [cipher.AEAD].
func (k *bareKey) Open(dst, nonce, ciphertext, data []byte) ([]byte, error) {
	return k.aead().Open(dst, nonce, ciphertext, data)
}
