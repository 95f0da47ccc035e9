// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/warren-dev/ingress/proxy/message"
	"github.com/warren-dev/ingress/proxy/step"
)

// encoded is how a response is to be encoded, and which fields it goes on with.
func encoded(t *testing.T, c *Compression, v *step.View, resp *message.Response) (message.Coding, []string) {
	t.Helper()
	steps, err := c.Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	steps.Request(v)
	v.Request = nil // the head may be gone by then
	steps.Response(v, resp)
	return v.Encode, passedOn(resp.Fields)
}

func TestWhichResponsesAreCompressed(t *testing.T) {
	t.Parallel()
	defaults := &Compression{Types: CompressedTypes, MinBytes: 1024}
	vary := []string{"Vary", "Accept-Encoding"}
	html := []string{"Content-Type", "text/html; charset=utf-8"}
	for _, test := range []struct {
		name   string
		of     *Compression
		resp   message.Response
		fields []string
		want   message.Coding
		added  []string
	}{
		{"a page", defaults, message.Response{Status: 200, ContentLength: 1024}, html, message.Brotli, vary},
		{"a page of unknown length", defaults, message.Response{Status: 200, ContentLength: message.UnknownLength}, html, message.Brotli, vary},
		{"a short page", defaults, message.Response{Status: 200, ContentLength: 1023}, html, message.Identity, nil},
		{"nothing", &Compression{Types: []string{"text/html"}}, message.Response{Status: 205}, html, message.Identity, nil},
		{"an error", defaults, message.Response{Status: 502, ContentLength: 5000}, html, message.Brotli, vary},
		{"the head of a page", defaults, message.Response{Status: 200, ContentLength: 5000, NoContent: true}, html, message.Identity, vary},
		{"a part", defaults, message.Response{Status: 206, ContentLength: 5000}, html, message.Identity, nil},
		{"a part with another status", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"content-range", "bytes 0-4999/9999"}, html...), message.Identity, nil},
		{"what is encoded", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"content-encoding", "gzip"}, html...), message.Identity, nil},
		{"what says that it is not", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"content-encoding", "identity"}, html...), message.Brotli, vary},
		{"what is to stay", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"Cache-Control", "private, No-Transform"}, html...), message.Identity, nil},
		{"what is not to stay", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"Cache-Control", "private"}, html...), message.Brotli, vary},
		{"an image", defaults, message.Response{Status: 200, ContentLength: 5000}, []string{"Content-Type", "image/png"}, message.Identity, nil},
		{"a drawing", defaults, message.Response{Status: 200, ContentLength: 5000}, []string{"CONTENT-TYPE", "Image/SVG+XML ;a=b"}, message.Brotli, vary},
		{"nothing of a type", defaults, message.Response{Status: 200, ContentLength: 5000}, nil, message.Identity, nil},
		{"events", defaults, message.Response{Status: 200, ContentLength: message.UnknownLength}, []string{"Content-Type", "text/event-stream"}, message.Identity, nil},
		{"gRPC", &Compression{Types: []string{"application/grpc", "*/*"}}, message.Response{Status: 200, ContentLength: message.UnknownLength}, []string{"Content-Type", "application/grpc"}, message.Identity, nil},
		{"gRPC of a web page", &Compression{Types: []string{"application/*"}}, message.Response{Status: 200, ContentLength: message.UnknownLength}, []string{"Content-Type", "application/grpc-web+proto"}, message.Identity, nil},
		{"another type", &Compression{Types: []string{"a/b"}}, message.Response{Status: 200, ContentLength: 1}, []string{"Content-Type", "a/b"}, message.Brotli, vary},
		{"a type that begins alike", &Compression{Types: []string{"a/b"}}, message.Response{Status: 200, ContentLength: 1}, []string{"Content-Type", "a/bc"}, message.Identity, nil},
		{"a tree", &Compression{Types: []string{"a/*"}}, message.Response{Status: 200, ContentLength: 1}, []string{"Content-Type", "A/bc"}, message.Brotli, vary},
		{"a tree that begins alike", &Compression{Types: []string{"a/*"}}, message.Response{Status: 200, ContentLength: 1}, []string{"Content-Type", "ab/c"}, message.Identity, nil},
		{"everything", &Compression{Types: []string{"*/*"}}, message.Response{Status: 200, ContentLength: 1}, []string{"Content-Type", "image/png"}, message.Brotli, vary},
		{"what varies by that already", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"Vary", "Cookie, accept-encoding"}, html...), message.Brotli, nil},
		{"what varies by everything", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"Vary", "*"}, html...), message.Brotli, nil},
		{"what varies by something else", defaults, message.Response{Status: 200, ContentLength: 5000}, append([]string{"Vary", "Accept-Encoding-X"}, html...), message.Brotli, vary},
	} {
		v := &step.View{Request: &message.Request{Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", "gzip;q=0.9, br")}}
		test.resp.Fields = fieldsOf(test.fields...)
		got, fields := encoded(t, test.of, v, &test.resp)
		if got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
		if diff := cmp.Diff(append(test.fields[:len(test.fields):len(test.fields)], test.added...), fields); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// A cache has to know that others get another response.
func TestWhoAcceptsNoCodingGetsThePageAsItIs(t *testing.T) {
	t.Parallel()
	for name, req := range map[string]message.Request{
		"no coding":               {Version: message.HTTP11},
		"none that there is":      {Version: message.HTTP2, Fields: fieldsOf("Accept-Encoding", "deflate")},
		"HTTP/1.0":                {Version: message.HTTP10, Fields: fieldsOf("Accept-Encoding", "gzip")},
		"nothing transformed":     {Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", "gzip", "Cache-Control", "no-transform")},
		"a coding of weight zero": {Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", "gzip;q=0")},
	} {
		resp := &message.Response{Status: 200, ContentLength: 5000, Fields: fieldsOf("Content-Type", "text/html")}
		got, fields := encoded(t, &Compression{Types: CompressedTypes}, &step.View{Request: &req}, resp)
		if diff := cmp.Diff([]string{"Content-Type", "text/html", "Vary", "Accept-Encoding"}, fields); diff != "" || got != message.Identity {
			t.Errorf("%s: %v (-want +got):\n%s", name, got, diff)
		}
	}
}

// The client has a response with a weak tag.
func TestATagOfWhatHasNotChangedIsThatOfTheCompressedPage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ accepted, tag, want string }{
		{"gzip", `"a"`, `W/"a"`}, {"gzip", `W/"a"`, `W/"a"`}, {"deflate", `"a"`, `"a"`}, {"gzip", "", ""},
	} {
		v := &step.View{Request: &message.Request{Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", test.accepted)}}
		got, fields := encoded(t, &Compression{Types: CompressedTypes}, v, &message.Response{Status: 304, NoContent: true, Fields: fieldsOf("ETag", test.tag)})
		if got != message.Identity || fields[1] != test.want || (len(fields) == 4) != (test.accepted == "gzip") {
			t.Errorf("%+v: got %v, %q", test, got, fields)
		}
	}
}

func TestWhoAsksSeesHowResponsesGoOn(t *testing.T) {
	t.Parallel()
	steps, err := (&Compression{Types: CompressedTypes, MinBytes: 7}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	for accepted, want := range map[string]string{
		"zstd": "responses of 7 bytes and more go on as zstd, if they are of a type that is compressed",
		"":     "the client accepts no coding: responses go on as they are",
	} {
		var notes []step.Note
		steps.Request(&step.View{Notes: &notes, Request: &message.Request{Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", accepted)}})
		if diff := cmp.Diff([]step.Note{{Policy: "compression", Passed: true, Text: want}}, notes); diff != "" {
			t.Errorf("%q (-want +got):\n%s", accepted, diff)
		}
	}
}

func TestCompressionDiffers(t *testing.T) {
	t.Parallel()
	c := &Compression{Types: []string{"a/b"}, MinBytes: 1}
	for other, want := range map[Policy]bool{
		&Compression{Types: []string{"a/b"}, MinBytes: 1}: true, &Compression{Types: []string{"a/b"}}: false, &Compression{MinBytes: 1}: false,
		(*Compression)(nil): false, (*Access)(nil): false,
	} {
		if got := c.Equal(other); got != want {
			t.Errorf("%+v: got %t, want %t", other, got, want)
		}
	}
}

func TestCompressionTakesNoMemory(t *testing.T) {
	steps, err := (&Compression{Types: CompressedTypes, MinBytes: 1}).Compile(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &step.View{Request: &message.Request{Version: message.HTTP11, Fields: fieldsOf("Accept-Encoding", "gzip, deflate, br;q=0.5", "Cache-Control", "no-cache")}}
	resp := &message.Response{Status: 200, ContentLength: 5000, Fields: append(make([]message.Field, 0, 8), fieldsOf("Content-Type", "application/json", "Vary", "Cookie", "Cache-Control", "no-store")...)}
	if n := testing.AllocsPerRun(100, func() {
		resp.Fields = resp.Fields[:3]
		steps.Request(v)
		steps.Response(v, resp)
	}); n != 0 || v.Encode != message.Gzip {
		t.Errorf("%v allocations and %v, want none and gzip", n, v.Encode)
	}
}
