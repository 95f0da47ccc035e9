// SPDX-License-Identifier: Apache-2.0

package message

import "testing"

func TestKeysOfWebSocketsDiffer(t *testing.T) {
	t.Parallel()
	var a, b Opening
	a.Begin(nil)
	b.Begin(nil)
	if a.key == b.key {
		t.Errorf("both are %s", a.key)
	}
}
