// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"
)

// A decoder that is packed and unpacked between blocks reads what one that is not reads, whatever the peer does with
// the table and its size.
func TestPackedTableReadsOn(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		var block bytes.Buffer
		encoder := hpack.NewEncoder(&block)
		var have, want []hpack.HeaderField
		take := func(f hpack.HeaderField) { have = append(have, f) }
		r := new(fieldReader)
		r.init(testConfig(), take)
		for range 100 {
			block.Reset()
			if rnd.IntN(10) == 0 {
				encoder.SetMaxDynamicTableSize(uint32(rnd.IntN(defaultTable + 1)))
			}
			have, want = nil, nil
			for range rnd.IntN(20) {
				f := hpack.HeaderField{
					Name:  strings.Repeat("n", 1+rnd.IntN(40)),
					Value: strings.Repeat("v", rnd.IntN(300)), Sensitive: rnd.IntN(10) == 0,
				}
				want = append(want, f)
				if err := encoder.WriteField(f); err != nil {
					t.Fatal(err)
				}
			}
			*r = r.renewed()
			if err := r.decode(block.Bytes()); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Fatalf("seed %d: %s", seed, diff)
			}
			if rnd.IntN(2) == 0 {
				packed := r.pack()
				r = new(fieldReader)
				r.init(testConfig(), take)
				r.unpack(packed)
			}
		}
	}
}

func TestEmptyTableTakesNothing(t *testing.T) {
	t.Parallel()
	r := new(fieldReader)
	r.init(testConfig(), func(hpack.HeaderField) {})
	if packed := r.pack(); packed != nil {
		t.Errorf("an empty table left %d bytes", len(packed))
	}
}
