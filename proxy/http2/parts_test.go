// SPDX-License-Identifier: Apache-2.0

package http2

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2/hpack"

	"github.com/warren-dev/ingress/proxy/message"
)

func TestResponseHeadIsReadAsItWasMeant(t *testing.T) {
	long := bytes.Repeat([]byte("v"), 5000)
	field := func(name, value string) message.Field {
		return message.Field{Name: []byte(name), Value: []byte(value), Kind: message.KindOf([]byte(name))}
	}
	for _, test := range []struct {
		name string
		resp message.Response
		want []string
	}{
		{"a status of the table", message.Response{Status: 200, ContentLength: message.UnknownLength}, []string{":status: 200"}},
		{"another status", message.Response{Status: 503, ContentLength: 5}, []string{":status: 503", "content-length: 5"}},
		{"names in lower case", message.Response{Status: 404, ContentLength: message.UnknownLength, Fields: []message.Field{
			field("Content-Type", "text/plain"), field("X-Mixed-Case", "A"), field("Set-Cookie", "a=b"), field("Set-Cookie", "c=d")}},
			[]string{":status: 404", "content-type: text/plain", "x-mixed-case: A", "set-cookie: a=b", "set-cookie: c=d"}},
		{"a long value", message.Response{Status: 200, ContentLength: message.UnknownLength, Fields: []message.Field{field("ETag", string(long))}},
			[]string{":status: 200", "etag: " + string(long)}},
		{"fields of the connection", message.Response{Status: 200, ContentLength: message.UnknownLength, Fields: []message.Field{
			field("Connection", "close"), field("Keep-Alive", "timeout=1"), field("Transfer-Encoding", "chunked"), field("Upgrade", "x")}},
			[]string{":status: 200"}},
		{"the length that a HEAD announces", message.Response{Status: 200, ContentLength: 7, NoContent: true}, []string{":status: 200", "content-length: 7"}},
		{"no length for a 204", message.Response{Status: 204, ContentLength: 0, NoContent: true}, []string{":status: 204"}},
		{"no length for a 103", message.Response{Status: 103, ContentLength: 0, NoContent: true}, []string{":status: 103"}},
	} {
		fields, err := hpack.NewDecoder(4096, nil).DecodeFull(appendResponse(nil, &test.resp))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, f := range fields {
			got = append(got, f.Name+": "+f.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestNamesOfTheStaticTableAreWhereItHasThem(t *testing.T) {
	for _, names := range staticNames {
		for _, n := range names {
			fields, err := hpack.NewDecoder(4096, nil).DecodeFull(appendText(appendInteger(nil, literalField, literalPrefix, int(n.index)), []byte("v")))
			if err != nil || len(fields) != 1 || fields[0].Name != n.name {
				t.Errorf("%d is %v (%v), want %s", n.index, fields, err, n.name)
			}
		}
	}
}

func TestPriorityFieldIsRead(t *testing.T) {
	for value, want := range map[string]priority{
		"": {3, false}, "u=0": {0, false}, "u=7, i": {7, true}, "i": {3, true}, "i=?1,u=2": {2, true}, "i=?0": {3, false},
		"u=8": {3, false}, "u=-1": {3, false}, "u": {3, false}, "u=1, u=5": {5, false}, "x=1, u=4;p, i;q": {3, false},
	} {
		if got := parsePriority([]byte(value)); got != want {
			t.Errorf("%q is %v, want %v", value, got, want)
		}
	}
}

func TestQueueServesByUrgencyThenByAge(t *testing.T) {
	var q queue
	join := func(id uint32, urgency uint8, incremental bool) {
		q.join(&stream{id: id, priority: priority{urgency, incremental}})
	}
	join(9, 3, false)
	join(1, 5, false)
	join(7, 3, true)
	join(5, 3, true)
	join(3, 3, false)
	join(11, 0, false)
	var got []uint32
	for _, s := range q.waiting {
		got = append(got, s.id)
	}
	if diff := cmp.Diff([]uint32{11, 9, 7, 5, 3, 1}, got); diff != "" {
		t.Errorf("the order (-want +got):\n%s", diff)
	}
}

func TestBudgetComesBackWithTimeAndWithGoodConduct(t *testing.T) {
	b := budget{burst: 3, perSecond: 2}
	for i := range 3 {
		if !b.spend(1, 0) {
			t.Errorf("token %d was refused", i)
		}
	}
	if b.spend(1, 0) {
		t.Error("a token beyond the burst was there")
	}
	if !b.spend(1, time.Second) {
		t.Error("after a second there was no token")
	}
	b.earn()
	if !b.spend(1, time.Second) {
		t.Error("what was earned could not be spent")
	}
	if b.spend(1, time.Second) {
		t.Error("more was there than was earned")
	}
}

func TestClosedStreamsAreRememberedForAWhile(t *testing.T) {
	var c closedStreams
	c.add(1, endedByUs)
	for id := uint32(3); id < 2*closedKept; id += 2 {
		c.add(id, endedByBoth)
	}
	if got := c.find(1); got != endedByUs {
		t.Errorf("stream 1 ended by %d", got)
	}
	c.add(999, endedByPeer)
	if got := fmt.Sprint(c.find(1), c.find(3), c.find(999)); got != fmt.Sprint(unknownEnding, endedByBoth, endedByPeer) {
		t.Errorf("got %s", got)
	}
}
