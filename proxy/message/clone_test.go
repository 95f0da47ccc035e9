// SPDX-License-Identifier: Apache-2.0

package message

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCloneViewsNothingOfTheRequest(t *testing.T) {
	buf := []byte("POST a.example /p ?q x-a 1 trailer x-sum host h")
	view := func(begin, end int) []byte { return buf[begin:end] }
	r := Request{
		Version: HTTP11, Method: view(0, 4), Authority: view(5, 14), Path: view(15, 17), Query: view(18, 20), ContentLength: 7,
		Upgrade: view(0, 1), ExpectContinue: true, AcceptsTrailers: true,
		Fields: []Field{
			{Name: view(21, 24), Value: view(25, 26)}, {Name: view(27, 34), Value: view(35, 40), Kind: Trailer},
			{Name: view(41, 45), Value: view(46, 47), Kind: Host}, {Name: view(21, 24), Value: view(25, 26), Kind: Dropped},
		},
	}
	clone, size := r.Clone()
	clear(buf)
	want := Request{
		Version: HTTP11, Method: []byte("POST"), Authority: []byte("a.example"), Path: []byte("/p"), Query: []byte("?q"),
		ContentLength: 7, AcceptsTrailers: true, Fields: []Field{{Name: []byte("x-a"), Value: []byte("1")}},
	}
	if diff := cmp.Diff(want, clone); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if size != len("POSTa.example/p?qx-a1") {
		t.Errorf("it takes %d bytes", size)
	}
}
