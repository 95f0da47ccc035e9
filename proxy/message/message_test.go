// SPDX-License-Identifier: Apache-2.0

package message

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResetForgetsEverythingButTheFieldsMemory(t *testing.T) {
	fields := make([]Field, 3, 8)
	req := Request{
		Version: HTTP2, Method: []byte("POST"), Authority: []byte("a"), Path: []byte("/"), Query: []byte("?b"), Fields: fields,
		ContentLength: 5, SaysEmpty: true, Upgrade: []byte("x"), ExpectContinue: true, AcceptsTrailers: true,
	}
	req.Reset()
	if diff := cmp.Diff(Request{Fields: []Field{}}, req); diff != "" || cap(req.Fields) != 8 {
		t.Errorf("request, room for %d fields (-want +got):\n%s", cap(req.Fields), diff)
	}
	resp := Response{
		Version: HTTP2, Status: 101, Reason: []byte("x"), Fields: fields, ContentLength: 5, NoContent: true, Upgrade: []byte("x"),
	}
	resp.Reset()
	if diff := cmp.Diff(Response{Fields: []Field{}}, resp); diff != "" || cap(resp.Fields) != 8 {
		t.Errorf("response, room for %d fields (-want +got):\n%s", cap(resp.Fields), diff)
	}
}

func TestOnlyIdempotentMethodsMayBeSentTwice(t *testing.T) {
	tests := map[string]bool{
		"GET": true, "HEAD": true, "OPTIONS": true, "PUT": true, "DELETE": true, "TRACE": true,
		"POST": false, "PATCH": false, "CONNECT": false, "get": false, "PURGE": false, "": false,
	}
	for method, want := range tests {
		if got := (&Request{Method: []byte(method)}).Idempotent(); got != want {
			t.Errorf("%q: got %t, want %t", method, got, want)
		}
	}
}

func TestContentIsThereUnlessItsLengthIsZero(t *testing.T) {
	for length, want := range map[int64]bool{0: false, 1: true, UnknownLength: true} {
		if got := (&Request{ContentLength: length}).HasContent(); got != want {
			t.Errorf("%d: got %t, want %t", length, got, want)
		}
	}
}

func TestInformationalResponsesAreFollowedByAnother(t *testing.T) {
	for status, want := range map[int]bool{100: true, 101: false, 102: true, 103: true, 199: true, 200: false, 204: false, 599: false} {
		if got := (&Response{Status: status}).Informational(); got != want {
			t.Errorf("%d: got %t, want %t", status, got, want)
		}
	}
}

func TestVersionsAndErrorsSayWhatTheyAre(t *testing.T) {
	for version, want := range map[Version]string{HTTP10: "HTTP/1.0", HTTP11: "HTTP/1.1", HTTP2: "HTTP/2"} {
		if got := version.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	fault := &Error{Status: 400, Detail: "no Host"}
	if got := fault.Error(); got != "no Host" {
		t.Errorf("got %q", got)
	}
	for name, want := range map[string]string{
		"": "no Host", "X": `no Host, in "X"`, "a\r\"b\xff": `no Host, in "a\r\"b\xff"`, strings.Repeat("x", 100): `no Host, in "` + strings.Repeat("x", 64) + `"`,
	} {
		if got := fault.In([]byte(name)); got.Detail != want || got.Status != 400 || fault.Detail != "no Host" {
			t.Errorf("in %q: got %d %s, want %s", name, got.Status, got.Detail, want)
		}
	}
}
