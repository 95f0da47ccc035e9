// SPDX-License-Identifier: Apache-2.0

package pipeline

import "testing"

func TestKeysOfWebSocketsDiffer(t *testing.T) {
	t.Parallel()
	var a, b opening
	a.begin(nil)
	b.begin(nil)
	if a.key == b.key {
		t.Errorf("both are %s", a.key)
	}
}
