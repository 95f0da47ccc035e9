// SPDX-License-Identifier: Apache-2.0

package proxy

import (
	"strings"
	"testing"
)

func TestContinueIsTheEndpointsToSay(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	var up *wire
	for range 2 { // the second time on the same connections
		client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
		if up == nil {
			up = endpoint.accept()
		}
		if head := up.head(); !strings.Contains(head, "\r\nExpect: 100-continue\r\n") {
			t.Errorf("the endpoint is not asked to say whether to continue:\n%s", head)
		}
		up.send("HTTP/1.1 100 Continue\r\n\r\n")
		client.expect("HTTP/1.1 100 Continue\r\n\r\n")
		client.send("hello")
		up.expect("hello")
		up.send(okReply)
		client.expect(okReply)
	}
}

func TestFinalAnswerInsteadOfContinueReachesAClientThatHoldsItsContentBack(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
	got := client.reply("POST")
	if got.Status != 417 {
		t.Errorf("got %d %q, want 417", got.Status, got.reason())
	}
	// The endpoint waits for content that may never come. Its connection is of no more use.
	up.expectClosed()
	if !got.Close {
		t.Error("the response does not say that the connection closes, although what follows could be the content")
	}
	client.expectEnd()
}

// Our own refusal can also come instead of a 100.
func TestRefusalInsteadOfContinue(t *testing.T) {
	t.Parallel()
	p := serve(t)
	client := p.dial()
	client.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if got := client.reply("POST"); got.Status != 404 || !got.Close {
		t.Errorf("got %d, close %v, want 404 and a close", got.Status, got.Close)
	}
	client.expectEnd()
}

func TestInformationalResponsesPassAsTheyCome(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	for _, hint := range []string{
		"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
		"HTTP/1.1 102 Processing\r\n\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: </b.css>; rel=preload\r\n\r\n",
	} {
		up.send(hint)
		client.expect(hint)
	}
	up.send(okReply)
	client.expect(okReply)
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up.head()
	up.send(okReply)
	client.expect(okReply)
}

// Hints, the final head and its content may come in one piece.
func TestInformationalAndFinalResponseInOnePiece(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
	client.expect("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
}

// A client of HTTP/1.0 does not know informational responses (RFC 9110, section 15.2).
func TestInformationalResponsesAreKeptFromOldClients(t *testing.T) {
	t.Parallel()
	endpoint := startScript(t)
	p := serve(t)
	p.apply(everything(endpoint.address))
	client := p.dial()
	client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n")
	up := endpoint.accept()
	up.head()
	up.send("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + okReply)
	client.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
	client.expectEnd()
}
