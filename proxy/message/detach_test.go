// SPDX-License-Identifier: Apache-2.0

package message

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What is left of a detached request does not change with the buffer that it came in.
func TestDetachedRequestViewsItsCopy(t *testing.T) {
	t.Parallel()
	buf := []byte("POST a /b ?c h text/plain x1 x2")
	host, none := buf[13:14], []byte(nil)
	r := Request{
		Method: buf[:4], Authority: buf[5:6], Path: buf[7:9], Query: buf[10:12], ContentLength: 7,
		Fields: []Field{
			{Name: []byte("X"), Value: buf[26:28], Kind: CDNLoop}, {Name: []byte("x"), Value: buf[29:31]},
			{Name: []byte("Content-Type"), Value: buf[15:25]}, {Name: []byte("Dropped"), Value: buf[:4]},
		},
	}
	if r.Detach(21, []string{"content-type", "x", "y"}, &host, &none); &host[0] != &buf[13] || len(r.Fields) != 4 {
		t.Error("what is too long was copied")
	}
	if !r.Detach(1<<10, []string{"content-type", "x", "y"}, &host, &none) {
		t.Error("what is short was not copied")
	}
	copy(buf, bytes.Repeat([]byte("!"), len(buf)))
	want := Request{
		Method: []byte("POST"), Authority: []byte("a"), Path: []byte("/b"), Query: []byte("?c"), ContentLength: 7,
		Fields: []Field{{Name: []byte("content-type"), Value: []byte("text/plain")}, {Name: []byte("x"), Value: []byte("x1")}},
	}
	if diff := cmp.Diff(want, r); diff != "" || string(host) != "h" || none != nil {
		t.Errorf("host %q, none %q, the request (-want +got):\n%s", host, none, diff)
	}
}
