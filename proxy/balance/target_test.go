// SPDX-License-Identifier: Apache-2.0

package balance

import (
	"testing"
	"unsafe"
)

// What each request counts must share no cache line with what each reads.
func TestWhatIsCountedOfATargetHasALineOfItsOwn(t *testing.T) {
	const line = 64
	var one Target
	counted := unsafe.Offsetof(one.active)
	if before := counted - unsafe.Sizeof(one.Endpoint); before < line {
		t.Errorf("%d bytes lie between the endpoint and the count, want %d", before, line)
	}
	if behind := unsafe.Offsetof(one.conduct) - counted; behind < line {
		t.Errorf("%d bytes lie between the count and the conduct, want %d", behind, line)
	}
}
