// SPDX-License-Identifier: Apache-2.0

package canonical

import "testing"

func TestHostIsComparedWithoutCasePortAndLastDot(t *testing.T) {
	tests := map[string]string{
		"":                    "",
		"a":                   "a",
		"example.com":         "example.com",
		"EXAMPLE.com":         "example.com",
		"eXaMpLe.CoM:8080":    "example.com",
		"example.com:":        "example.com",
		"example.com.":        "example.com",
		"Example.com.:443":    "example.com",
		"example.com..":       "example.com.",
		".":                   ".",
		".:80":                ".",
		"..":                  ".",
		":80":                 "",
		"1.2.3.4":             "1.2.3.4",
		"1.2.3.4:80":          "1.2.3.4",
		"[::1]":               "[::1]",
		"[::1]:80":            "[::1]",
		"[2001:DB8::A]:443":   "[2001:db8::a]",
		"xn--E1AFMKFD.test":   "xn--e1afmkfd.test",
		"A_B-c.test":          "a_b-c.test",
		"*.Example.com":       "*.example.com",
		"a%C3%A9.test":        "a%c3%a9.test",
		"[@`{Z":               "[@`{z",
		"\xc3\x89.Example":    "\xc3\x89.example", // letters beyond ASCII are no letters here
		"example.com:80:80":   "example.com",
		"a,b;c=d!$&'()*+~:99": "a,b;c=d!$&'()*+~",
	}
	for authority, want := range tests {
		t.Run(authority, func(t *testing.T) {
			in, buf := []byte(authority), []byte("left from before")
			host, grown := Host(buf, in)
			if string(host) != want {
				t.Errorf("got %q, want %q", host, want)
			}
			if string(in) != authority {
				t.Errorf("the authority was written over by %q", in)
			}
			again, _ := Host(nil, host)
			if want != "." && want != "example.com." && string(again) != want {
				t.Errorf("again it is %q, want %q", again, want)
			}
			// What is returned is kept for the next request, which must not see this one.
			next, _ := Host(grown, []byte("Z"))
			if string(next) != "z" {
				t.Errorf("the next host is %q, want %q", next, "z")
			}
		})
	}
}

func TestHostTakesNoMemoryOfItsOwn(t *testing.T) {
	lower, upper, buf := []byte("shop.example.com:443"), []byte("Shop.Example.com:443"), make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		_, buf = Host(buf, lower)
		_, buf = Host(buf, upper)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if host, _ := Host(nil, lower); &host[0] != &lower[0] {
		t.Error("a host in lower case was copied")
	}
}
