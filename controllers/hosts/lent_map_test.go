// SPDX-License-Identifier: Apache-2.0

package hosts

import (
	"maps"
	"reflect"
	"testing"
)

func TestAMapThatIsLentDoesNotChange(t *testing.T) {
	var m lentMap
	m.delete("a")
	m.set("a", "1")
	first := m.lend()
	m.set("a", "1")
	m.delete("b")
	if again := m.lend(); reflect.ValueOf(first).Pointer() != reflect.ValueOf(again).Pointer() {
		t.Error("nothing has changed, and it is another map")
	}
	m.set("b", "2")
	second := m.lend()
	m.delete("a")
	for _, test := range []struct{ got, want map[string]string }{
		{first, map[string]string{"a": "1"}}, {second, map[string]string{"a": "1", "b": "2"}}, {m.lend(), map[string]string{"b": "2"}},
	} {
		if !maps.Equal(test.got, test.want) {
			t.Errorf("the map is %v, want %v", test.got, test.want)
		}
	}
}
