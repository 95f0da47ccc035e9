// SPDX-License-Identifier: Apache-2.0

package message

import "testing"

func TestWhichCodingAClientLikesBest(t *testing.T) {
	for _, test := range []struct {
		accepted []string
		want     Coding
	}{
		{nil, Identity},
		{[]string{""}, Identity},
		{[]string{"gzip"}, Gzip},
		{[]string{"x-gzip"}, Gzip},
		{[]string{"GZip"}, Gzip},
		{[]string{"gzip, deflate, br, zstd"}, Zstd},
		{[]string{"gzip, deflate, br"}, Gzip},
		{[]string{"gzip, deflate"}, Gzip},
		{[]string{"gzip;q=0.9", "br"}, Brotli},
		{[]string{"deflate, identity, compress"}, Identity},
		{[]string{"gzip;q=1.0, br;q=0.9"}, Gzip},
		{[]string{"br;q=0.5 , gzip;q=0.501"}, Gzip},
		{[]string{"br ; Q=0.5,gzip ;\tq=0.4"}, Brotli},
		{[]string{"gzip;q=0, br;q=0.000, zstd;q=0."}, Identity},
		{[]string{"*"}, Zstd},
		{[]string{"*;q=0"}, Identity},
		{[]string{"*;q=0.1, gzip;q=0.2"}, Gzip},
		{[]string{"*, zstd;q=0"}, Gzip},
		{[]string{"gzip;q=0.001"}, Gzip},
		{[]string{"identity;q=0, gzip"}, Gzip},
		// What is no weight is none.
		{[]string{"gzip;q=2"}, Identity}, {[]string{"gzip;q=1.5"}, Gzip}, {[]string{"gzip;q=0.0001"}, Identity}, {[]string{"gzip;q=-1"}, Identity},
		{[]string{"gzip;q=0,5"}, Identity}, {[]string{"gzip;q="}, Identity}, {[]string{"gzip;a=b"}, Identity}, {[]string{"gzip;"}, Identity},
		{[]string{"gzipped, ngzip, br1"}, Identity},
	} {
		fields := []Field{{Name: []byte("Accept"), Value: []byte("br")}}
		for _, value := range test.accepted {
			fields = append(fields, Field{Name: []byte("Accept-Encoding"), Value: []byte(value)})
		}
		if got := PreferredCoding(fields); got != test.want {
			t.Errorf("%q: got %v, want %v", test.accepted, got, test.want)
		}
		if n := testing.AllocsPerRun(10, func() { PreferredCoding(fields) }); n != 0 {
			t.Errorf("%q: %v allocations, want none", test.accepted, n)
		}
	}
	taken := []Field{{Name: []byte("Accept-Encoding"), Value: []byte("br"), Kind: Dropped}}
	if got := PreferredCoding(taken); got != Identity {
		t.Errorf("of a field that a policy took out: got %v", got)
	}
}
