// SPDX-License-Identifier: Apache-2.0

package replicas

import (
	"encoding/base64"
	"encoding/binary"
	"hash/fnv"
	"iter"

	"k8s.io/apimachinery/pkg/types"
)

// servedBuckets is how many sums a digest has. Each takes 11 bytes of a Lease.
const servedBuckets = 128

// servedDigest is a digest of which generation of each Ingress a data plane serves. Numbers of snapshots cannot tell
// whether two replicas serve the same: each replica numbers its own, and endpoints come and go at other moments on
// each. A single sum cannot tell either: with many Ingresses, some change at any moment. So an Ingress falls into a
// bucket by its UID, and each bucket sums up its Ingresses. Two replicas serve the same generation of an Ingress if
// their sums for its bucket are equal.
type servedDigest [servedBuckets]uint64

// changed returns the digest without Ingresses that are not served as they were any more, and with those that are
// served now, each by its UID and generation. Nil stands for the digest of none.
func (s *servedDigest) changed(before, now iter.Seq2[types.UID, int64]) *servedDigest {
	changed := new(servedDigest)
	if s != nil {
		*changed = *s
	}
	for uid, generation := range before {
		bucket, sum := summed(uid, generation)
		changed[bucket] -= sum
	}
	for uid, generation := range now {
		bucket, sum := summed(uid, generation)
		changed[bucket] += sum
	}
	return changed
}

// summed returns what an Ingress adds to which bucket.
func summed(uid types.UID, generation int64) (bucket int, sum uint64) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid)) // never fails
	bucket = int(h.Sum64() % servedBuckets)
	_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(generation)))
	return bucket, h.Sum64()
}

// alike returns whether two digests agree on the generation of the Ingress with this UID.
func (s *servedDigest) alike(o *servedDigest, uid types.UID) bool {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	bucket := h.Sum64() % servedBuckets
	return s[bucket] == o[bucket]
}

// encode returns the digest as it is written into a Lease.
func (s *servedDigest) encode() string {
	sums := make([]byte, 0, 8*servedBuckets)
	for _, sum := range s {
		sums = binary.BigEndian.AppendUint64(sums, sum)
	}
	return base64.StdEncoding.EncodeToString(sums)
}

// decodeServed reads what encode wrote. It returns false for the digest of another version, which has another form.
func decodeServed(text string) (s servedDigest, ok bool) {
	sums, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sums) != 8*servedBuckets {
		return servedDigest{}, false
	}
	for i := range s {
		s[i] = binary.BigEndian.Uint64(sums[8*i:])
	}
	return s, true
}
