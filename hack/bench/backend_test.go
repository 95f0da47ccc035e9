// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBackendAnswersRequestsHoweverTheyAreCut(t *testing.T) {
	f := start(t)
	const get = "GET /64k HTTP/1.1\r\nHost: h\r\n\r\n"
	const post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
	tests := map[string]struct {
		// parts are written one by one. The answers to one are read before the next is written.
		parts []string
		want  [][]int
	}{
		"one":                         {parts: []string{get}, want: [][]int{{mediumBody}}},
		"two at once":                 {parts: []string{get + post}, want: [][]int{{mediumBody, smallBody}}},
		"a head in two":               {parts: []string{get[:20], get[20:] + get}, want: [][]int{nil, {mediumBody, mediumBody}}},
		"content behind its head":     {parts: []string{post[:len(post)-5], "hello", get}, want: [][]int{nil, {smallBody}, {mediumBody}}},
		"content in two":              {parts: []string{post[:len(post)-3], "llo"}, want: [][]int{nil, {smallBody}}},
		"the blank line in two":       {parts: []string{get[:len(get)-1], "\n"}, want: [][]int{nil, {mediumBody}}},
		"content and half of another": {parts: []string{post + get[:9], get[9:]}, want: [][]int{{smallBody}, {mediumBody}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp4", f.backends[0].String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			reader := bufio.NewReader(connection)
			var got [][]int
			for i, part := range test.parts {
				if _, err := io.WriteString(connection, part); err != nil {
					t.Fatal(err)
				}
				var sizes []int
				for range test.want[i] {
					sizes = append(sizes, len(readResponse(t, reader)))
				}
				got = append(got, sizes)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("sizes of the answers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackendShowsTheRequestThatItGot(t *testing.T) {
	f := start(t)
	connection, err := net.Dial("tcp4", f.backends[0].String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	const request = "GET /echo HTTP/1.1\r\nHost: h\r\nX-Field: value\r\n\r\n"
	if _, err := io.WriteString(connection, request); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(request, string(readResponse(t, bufio.NewReader(connection)))); diff != "" {
		t.Errorf("what the backend shows (-want +got):\n%s", diff)
	}
}

func TestBackendSaysWhoAClientIsThatProvesIt(t *testing.T) {
	f := start(t)
	for name, test := range map[string]struct {
		field  string
		status int
		user   string
	}{
		"a cookie": {"Cookie: session=1", http.StatusOK, clientName + "-2"},
		"a token":  {"Authorization: Bearer x", http.StatusOK, clientName + "-2"},
		"nothing":  {"X-Cookie: session=1", http.StatusUnauthorized, ""},
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp4", f.backends[1].String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := io.WriteString(connection, "GET "+verdictPath+" HTTP/1.1\r\n"+test.field+"\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if got := response.Header.Get(userField); response.StatusCode != test.status || got != test.user {
				t.Errorf("the answer is %s of %q, want %d of %q", response.Status, got, test.status, test.user)
			}
		})
	}
}

func TestBackendEndsAConnectionWhoseFramingItDoesNotKnow(t *testing.T) {
	f := start(t)
	for name, request := range map[string]string{
		"chunked":       "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		"a length of x": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
		"a long head":   "GET / HTTP/1.1\r\nX-Field: " + strings.Repeat("x", 16<<10),
	} {
		t.Run(name, func(t *testing.T) {
			connection, err := net.Dial("tcp4", f.backends[0].String())
			if err != nil {
				t.Fatal(err)
			}
			defer connection.Close()
			if _, err := io.WriteString(connection, request); err != nil {
				t.Fatal(err)
			}
			// It may end with a reset if something was left unread.
			if got, _ := io.ReadAll(connection); len(got) > 0 {
				t.Errorf("the backend answers %q, want an end", got)
			}
		})
	}
}

func readResponse(t *testing.T, reader *bufio.Reader) []byte {
	t.Helper()
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
