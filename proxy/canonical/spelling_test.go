// SPDX-License-Identifier: Apache-2.0

package canonical

import "testing"

func TestRespellable(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/":               true,
		"/a//b":           true,
		"//a":             true,
		"/a//":            true,
		"/%7Ea/%41%2f":    true,
		"/...":            true,
		"/.a/a./..a":      true,
		"/a.%2E":          true,
		"/%2e%2e%2e":      true,
		"/.":              false,
		"/..":             false,
		"/a/./b":          false,
		"/a/../b":         false,
		"/a//../b":        false,
		"/a/%2e":          false,
		"/a/.%2E/b":       false,
		"/a/%2e%2e":       false,
		"/caf\xc3\xa9":    false,
		"/a/%2e%2e//b/..": false,
	} {
		if got := Respellable([]byte(path)); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
}

// What goes on as it was sent has to be read as the canonical form by whoever merges slashes and decodes.
func FuzzRespellable(f *testing.F) {
	for _, seed := range []string{"/a//b", "/%2e%2e/a", "//x/%61dmin", "/a/..//b", "/.%2e"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sent string) {
		path, err := Path(nil, []byte(sent))
		if err != nil || !Respellable([]byte(sent)) {
			return
		}
		var merged []byte
		for i := 0; i < len(sent); i++ {
			switch c := sent[i]; {
			case c == '/' && len(merged) > 0 && merged[len(merged)-1] == '/':
			case c == '%':
				b := unhex(sent[i+1])<<4 | unhex(sent[i+2])
				if pathByte[b] == byteUnreserved {
					merged = append(merged, b)
				} else {
					merged = append(merged, '%', upperHex[b>>4], upperHex[b&15])
				}
				i += 2
			default:
				merged = append(merged, c)
			}
		}
		if string(merged) != string(path) {
			t.Errorf("%q is read as %q, and was checked as %q", sent, merged, path)
		}
	})
}
