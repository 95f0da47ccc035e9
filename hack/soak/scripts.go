// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// script is one way in which an endpoint goes wrong, or does right in a rare way. It says what may come of that.
type script struct {
	name, method string
	// answer is sent as it is, except for $ID and $FROM, which stand for what the endpoint was told.
	answer string
	// rest follows in pieces, dripPause apart.
	rest string
	end  ending
	// allowed are the outcomes that are in order. content is that of a 200. informational is how many responses come
	// before it.
	allowed       []string
	content       string
	informational int
}

// ending is what becomes of the connection after the answer.
type ending int

const (
	// keep waits for another request.
	keep ending = iota
	// finish closes it. abort resets it. hold leaves it open and sends no more.
	finish
	abort
	hold
)

const (
	dripPause = 100 * time.Millisecond
	// scriptIdle is the route's idle timeout. That is how long a held connection keeps a client waiting. Pauses of drips
	// are far shorter.
	scriptIdle = 2 * time.Second

	malformedAnswer = "502 UpstreamMalformed"
	resetAnswer     = "502 UpstreamReset"
	timeoutAnswer   = "504 UpstreamTimeout"
	// lateAnswer is for what takes longer than the route allows for the whole exchange.
	lateAnswer = "504 UpstreamRequestTimeout"
	// torn is a response that broke off in a way that the client can see.
	torn = "torn"

	okLine = "HTTP/1.1 200 OK\r\n" + idField + ": $ID\r\n" + fromField + ": $FROM\r\n"
)

// scripts returns the table. On the host for broken answers, the paths are the names in it.
func scripts() []script {
	malformed, broken := []string{malformedAnswer}, []string{torn, resetAnswer}
	return []script{
		// No answer.
		{name: "nothing", end: finish, allowed: []string{resetAnswer}},
		{name: "reset", end: abort, allowed: []string{resetAnswer}},
		{name: "half-head", answer: okLine + "Content-Le", end: finish, allowed: []string{resetAnswer}},
		{name: "half-line", answer: "HTTP/1.", end: abort, allowed: []string{resetAnswer}},
		{name: "silence", end: hold, allowed: []string{timeoutAnswer}},
		{name: "half-silence", answer: okLine, end: hold, allowed: []string{timeoutAnswer}},

		// No answer that can be understood.
		{name: "other-protocol", answer: "220 mail ready\r\n\r\n", end: finish, allowed: malformed},
		{name: "noise", answer: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", end: finish, allowed: malformed},
		{name: "version", answer: "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "status-short", answer: "HTTP/1.1 99 What\r\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "status-sign", answer: "HTTP/1.1 +20 OK\r\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "lengths", answer: okLine + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", end: keep, allowed: malformed},
		{name: "length-and-chunked", answer: okLine + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", end: keep, allowed: malformed},
		{name: "length-negative", answer: okLine + "Content-Length: -1\r\n\r\n", end: keep, allowed: malformed},
		{name: "length-list", answer: okLine + "Content-Length: 5, 5\r\n\r\nhello", end: keep, allowed: malformed},
		{name: "coding", answer: okLine + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", end: keep, allowed: malformed},
		{name: "fold", answer: okLine + "X-Folded: a\r\n b\r\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "field-space", answer: okLine + "Content-Length : 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "bare-lf", answer: okLine + "X-Bare: a\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "nul", answer: okLine + "X-Nul: a\x00b\r\nContent-Length: 0\r\n\r\n", end: keep, allowed: malformed},
		{name: "long-head", answer: okLine + strings.Repeat("X-Long: "+strings.Repeat("a", 4000)+"\r\n", 80) + "\r\n", end: keep, allowed: malformed},
		{name: "unasked-upgrade", answer: "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", end: keep, allowed: malformed},
		{name: "many-informational", answer: strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 50), end: hold, allowed: malformed},

		// These are content that breaks off. While nothing of it was sent, the client can still be told.
		{name: "short", answer: okLine + "Content-Length: 1000\r\n\r\nhello", end: finish, allowed: broken},
		{name: "short-reset", answer: okLine + "Content-Length: 1000\r\n\r\nhello", end: abort, allowed: broken},
		{name: "short-late", answer: okLine + "Content-Length: 1000\r\n\r\n", rest: "hello", end: abort, allowed: broken},
		{name: "short-chunk", answer: okLine + "Transfer-Encoding: chunked\r\n\r\nff\r\nhello", end: finish, allowed: broken},
		{name: "no-last-chunk", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", end: finish, allowed: broken},
		{name: "half-trailer", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Tra", end: finish, allowed: broken},
		{name: "chunk-size", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nfive\r\n", end: hold, allowed: []string{torn, malformedAnswer}},
		{name: "chunk-end", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloo\r\n0\r\n\r\n", end: hold, allowed: []string{torn, malformedAnswer}},
		{name: "trailer-fault", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n", end: hold, allowed: []string{torn, malformedAnswer}},
		{name: "stall", answer: okLine + "Content-Length: 1000\r\n\r\nhello", end: hold, allowed: []string{torn, timeoutAnswer}},

		// These are rare and right.
		{name: "extra", answer: okLine + "Content-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", end: keep, allowed: []string{"200"}, content: "hello"},
		{name: "extra-after-chunks", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\npoison", end: keep, allowed: []string{"200"}, content: "hello"},
		{name: "head-with-content", method: "HEAD", answer: okLine + "Content-Length: 5\r\n\r\nhello", end: keep, allowed: []string{"200"}},
		{name: "by-close", answer: okLine + "\r\nhello", end: finish, allowed: []string{"200"}, content: "hello"},
		{name: "old", answer: strings.Replace(okLine, "HTTP/1.1", "HTTP/1.0", 1) + "Content-Length: 5\r\n\r\nhello", end: finish, allowed: []string{"200"}, content: "hello"},
		{name: "closing", answer: okLine + "Connection: close\r\nContent-Length: 5\r\n\r\nhello", end: finish, allowed: []string{"200"}, content: "hello"},
		{name: "drip", answer: okLine + "Content-Length: 5\r\n\r\n", rest: "hello", end: keep, allowed: []string{"200"}, content: "hello"},
		{name: "drip-head", rest: "HTTP/1.1 ", end: finish, allowed: []string{resetAnswer}},
		{name: "drip-chunks", answer: okLine + "Transfer-Encoding: chunked\r\n\r\n", rest: "5\r\nhello\r\n0\r\n\r\n", end: keep, allowed: []string{"200"}, content: "hello"},
		{name: "hints", answer: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\n" + okLine + "Content-Length: 5\r\n\r\nhello", end: keep, allowed: []string{"200"}, content: "hello", informational: 2},
		{name: "hop", answer: okLine + "Connection: " + hopField + "\r\n" + hopField + ": mine\r\nContent-Length: 5\r\n\r\nhello", end: keep, allowed: []string{"200"}, content: "hello"},
	}
}

// serveScripts answers each request by the script that its path names.
func serveScripts(c *scriptedConn) {
	all := scripts()
	for {
		r, err := http.ReadRequest(c.in)
		if err != nil {
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		i := slices.IndexFunc(all, func(s script) bool { return s.name == name })
		if i < 0 {
			return // the client does not allow that outcome
		}
		if !c.play(&all[i], r) {
			return
		}
	}
}

// play follows a script and says whether another request may come.
func (c *scriptedConn) play(s *script, r *http.Request) bool {
	answer := strings.NewReplacer("$ID", r.Header.Get(idField), "$FROM", r.Header.Get("X-Forwarded-For")).Replace(s.answer)
	if _, err := io.WriteString(c, answer); err != nil {
		return false
	}
	for i := range len(s.rest) {
		time.Sleep(dripPause)
		if _, err := io.WriteString(c, s.rest[i:i+1]); err != nil {
			return false
		}
	}
	switch s.end {
	case keep:
		return true
	case abort:
		c.abort()
	case hold:
		_ = c.SetReadDeadline(time.Now().Add(roundLimit))
		_, _ = c.in.Peek(1) // until the proxy closes the connection
	case finish:
	}
	return false
}
