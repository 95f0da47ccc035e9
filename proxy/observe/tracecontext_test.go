// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
	"testing"
)

const (
	someTrace = "0af7651916cd43dd8448eb211c80319c"
	someSpan  = "b7ad6b7169203331"
	// sampledParent is the traceparent of somebody who records the trace. unsampledParent is that of somebody who does
	// not.
	sampledParent   = "00-" + someTrace + "-" + someSpan + "-01"
	unsampledParent = "00-" + someTrace + "-" + someSpan + "-00"
)

func TestATraceparentIsReadAsW3CHasIt(t *testing.T) {
	t.Parallel()
	const ids = someTrace + "-" + someSpan
	for _, test := range []struct {
		name, value string
		ok, sampled bool
	}{
		{"sampled", sampledParent, true, true},
		{"not sampled", unsampledParent, true, false},
		{"flags that are for later", "00-" + ids + "-fe", true, false},
		{"flags that are for later, and sampled", "00-" + ids + "-ff", true, true},
		{"of a later version", "cc-" + ids + "-01", true, true},
		{"of a later version that goes on", "cc-" + ids + "-01-what-the-future-holds", true, true},
		{"of a later version that goes on without a hyphen", "cc-" + ids + "-01.what", false, false},
		{"of the version that there will never be", "ff-" + ids + "-01", false, false},
		{"that goes on", sampledParent + "-x", false, false},
		{"that ends in a hyphen", sampledParent + "-", false, false},
		{"empty", "", false, false},
		{"too short", sampledParent[:54], false, false},
		{"a trace of zeros", "00-" + strings.Repeat("0", 32) + "-" + someSpan + "-01", false, false},
		{"a span of zeros", "00-" + someTrace + "-" + strings.Repeat("0", 16) + "-01", false, false},
		{"a version in upper case", "CC-" + ids + "-01", false, false},
		{"a trace in upper case", "00-" + strings.ToUpper(someTrace) + "-" + someSpan + "-01", false, false},
		{"a span in upper case", "00-" + someTrace + "-" + strings.ToUpper(someSpan) + "-01", false, false},
		{"flags in upper case", "00-" + ids + "-0A", false, false},
		{"a trace that is no number", "00-" + someTrace[:31] + "g-" + someSpan + "-01", false, false},
		{"underscores", strings.ReplaceAll(sampledParent, "-", "_"), false, false},
		{"a hyphen out of place", "00-" + someTrace[:31] + "-" + someTrace[31:] + someSpan + "-01", false, false},
		{"two in one field", sampledParent + "," + sampledParent, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, ok := parseTraceparent([]byte(test.value))
			if ok != test.ok || c.sampled != test.sampled {
				t.Errorf("got %+v, %t, want sampled %t, %t", c, ok, test.sampled, test.ok)
			}
			if got := hex.EncodeToString(c.trace[:]) + "-" + hex.EncodeToString(c.span[:]); ok && got != ids {
				t.Errorf("the ids are %s, want %s", got, ids)
			}
			if !ok && c != (traceContext{}) {
				t.Errorf("got %+v of what is none", c)
			}
		})
	}
}

func TestATracestateIsReadAsW3CHasIt(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 256)
	for _, test := range []struct {
		name, value string
		members     int
		ok          bool
	}{
		{"one", "rojo=00f067aa0ba902b7", 1, true},
		{"several, with white space and empty ones", "rojo=1 ,\t congo=t61rcWkgMzE,,", 2, true},
		{"of several tenants", "fw529a3039@dt=FfNvw", 1, true},
		{"a key that begins with a digit", "1a=2", 1, true},
		{"every character of a key", "a0_-*/@=1", 1, true},
		{"every kind of character of a value", "a=!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~ 09AZaz", 1, true},
		{"as long as can be", long + "=" + long, 1, true},
		{"empty", "", 0, true},
		{"a key that is too long", long + "a=1", 1, false},
		{"a value that is too long", "a=" + long + "a", 1, false},
		{"a key in upper case", "Rojo=1", 1, false},
		{"a key that begins with a sign", "@a=1", 1, false},
		{"a key with a space", "a b=1", 1, false},
		{"no key", "=1", 1, false},
		{"no value", "a=", 1, false},
		{"no equals sign", "a", 1, false},
		{"two equals signs", "a=1=2", 1, false},
		{"a byte beyond ASCII", "a=\xe9", 1, false},
		{"a control character", "a=b\tc", 1, false},
		{"a good one before a bad one", "a=1,b", 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if n, ok := tracestateMembers([]byte(test.value)); n != test.members || ok != test.ok {
				t.Errorf("got %d, %t, want %d, %t", n, ok, test.members, test.ok)
			}
		})
	}
}

// What is read as a context matches the grammar of the specification. Written again, it says the same.
func FuzzTraceparent(f *testing.F) {
	for _, seed := range []string{sampledParent, unsampledParent, "cc-" + sampledParent[3:] + "-more", "ff" + sampledParent[2:], ""} {
		f.Add([]byte(seed))
	}
	grammar := regexp.MustCompile(`(?s)^(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?)$`)
	laterOnly := regexp.MustCompile(`(?s)^00-.{52}-`)
	never := regexp.MustCompile(`^(ff|..-0{32}|.{36}0{16})`)
	f.Fuzz(func(t *testing.T, value []byte) {
		c, ok := parseTraceparent(value)
		want := grammar.Match(value) && !laterOnly.Match(value) && !never.Match(value)
		if ok != want {
			t.Fatalf("%q is read: %t, want %t", value, ok, want)
		}
		if !ok {
			return
		}
		var written [traceparentLength]byte
		c.writeTraceparent(&written)
		again, ok := parseTraceparent(written[:])
		if !ok || again != c || !bytes.Equal(written[3:52], value[3:52]) {
			t.Errorf("%q became %q, which is %+v and %t", value, written, again, ok)
		}
	})
}

// Members match a pattern of the grammar.
func FuzzTracestate(f *testing.F) {
	for _, seed := range []string{"rojo=1,congo=2", "a@b=c", "a=b=c", "a= b", ","} {
		f.Add([]byte(seed))
	}
	member := regexp.MustCompile(`^[a-z0-9][a-z0-9_\-*/@]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$`)
	f.Fuzz(func(t *testing.T, value []byte) {
		want := true
		for piece := range strings.SplitSeq(string(value), ",") {
			if piece = strings.Trim(piece, " \t"); piece != "" && !member.MatchString(piece) {
				want = false
			}
		}
		if _, ok := tracestateMembers(value); ok != want {
			t.Errorf("%q is good: %t, want %t", value, ok, want)
		}
	})
}

func BenchmarkParseTraceparent(b *testing.B) {
	value := []byte(sampledParent)
	for b.Loop() {
		if _, ok := parseTraceparent(value); !ok {
			b.Fatal("it is not read")
		}
	}
}
