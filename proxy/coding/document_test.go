// SPDX-License-Identifier: Apache-2.0

package coding

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/message"
)

// document is what an API answers: a list of objects in JSON.
func document(length int) string {
	r := rand.New(rand.NewPCG(16, 16))
	words := strings.Fields("shop cart order payment customer invoice stock search image review address delivery return coupon")
	word := func() string { return words[r.IntN(len(words))] }
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < length; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"%016x","kind":"%s","name":"%s-%s-%d","createdAt":"2026-%02d-%02dT%02d:%02d:%02dZ","price":%d.%02d,"available":%t,"tags":["%s","%s"],"description":"%s of %s for the %s %s"}`,
			r.Uint64(), word(), word(), word(), r.IntN(1000), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), r.IntN(500), r.IntN(100),
			r.IntN(3) > 0, word(), word(), word(), word(), word(), word())
	}
	return b.String()[:length]
}

// Nobody is to pay with much longer responses for levels that are faster than what nginx's usual one is.
func TestNoCodingMakesADocumentMuchLongerThanZlibAtLevel5(t *testing.T) {
	t.Parallel()
	for length, usual := range map[int]int{4 << 10: 1187, 16 << 10: 3892, 256 << 10: 55331} { // by zlib 1.2.13
		text := document(length)
		for c := range codings {
			p := new(page)
			w := encode(newEncoders(1<<30), new(message.Response), c, p)
			if err := message.Write(w, text); err != nil {
				t.Fatal(err)
			}
			if err := w.End(nil); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes: %v %d, zlib %d", length, c, p.sent.Len(), usual)
			most := usual + usual/100
			if c == message.Gzip {
				most = usual + usual/25 // its level costs a fifth less than zlib
			}
			if p.sent.Len() > most {
				t.Errorf("%d bytes become %d as %v, and %d by zlib at level 5", length, p.sent.Len(), c, usual)
			}
		}
	}
}
