// SPDX-License-Identifier: Apache-2.0

//go:build !race

// The race detector makes sync.Pool forget at random, so that only builds without it can count allocations.

package http1

import (
	"bytes"
	"strings"
	"testing"

	"github.com/warren-dev/ingress/proxy/buffer"
	"github.com/warren-dev/ingress/proxy/message"
)

func TestExchangeAllocatesNothing(t *testing.T) {
	content := make([]byte, typicalContent)
	server := func(transport Transport, resp *message.Response) func() error {
		c, req := NewServerConn(transport, serverConfig()), new(message.Request)
		return func() error {
			if err := c.Await(nil); err != nil {
				return err
			}
			return serverExchange(c, req, resp, content)
		}
	}
	parked := func() func() error {
		c, req, resp := NewServerConn(parkingLoop{&loop{message: []byte(typicalRequest)}}, serverConfig()), new(message.Request), parsedResponse(t)
		var failed error
		serve := func() bool {
			failed = serverExchange(c, req, resp, content)
			return false
		}
		return func() error {
			if err := c.Await(serve); err != nil {
				return err
			}
			return failed
		}
	}
	client := func(transport Transport) func() error {
		c := NewClientConn(transport, &ClientConfig{Limits: wideLimits, Buffers: new(buffer.Pool)})
		req, room := parsedRequest(t), make([]byte, buffer.Small)
		return func() error { return clientExchange(c, req, room) }
	}
	chunked := *parsedResponse(t)
	chunked.ContentLength = message.UnknownLength
	requests := func(request string) *loop { return &loop{message: []byte(request)} }
	responses := func(head string) *loop {
		return &loop{message: append([]byte(head), bytes.Repeat([]byte("x"), typicalContent)...)}
	}
	tests := map[string]func() error{
		"server":                       server(requests(typicalRequest), parsedResponse(t)),
		"server, parked":               parked(),
		"server, two requests at once": server(requests(typicalRequest+typicalRequest), parsedResponse(t)),
		"server, chunks to write":      server(requests(typicalRequest), &chunked),
		"server, a port in Host":       server(requests(strings.Replace(typicalRequest, ".com\r\n", ".com:8443\r\n", 1)), parsedResponse(t)),
		"server, a Connection that names fields": server(
			requests(strings.Replace(typicalRequest, ": keep-alive", ": keep-alive, TE, Cookie\r\nTE: trailers", 1)), parsedResponse(t)),
		"client":           client(responses(typicalResponse)),
		"client, one step": client(exchangingLoop{responses(typicalResponse)}),
		"client, chunks read": client(&loop{message: []byte(strings.Replace(typicalResponse, "Content-Length: 1024", "Transfer-Encoding: chunked", 1) +
			"400;a=b\r\n" + strings.Repeat("x", typicalContent) + "\r\n0\r\nX-Sum: 1\r\n\r\n")}),
	}
	for name, exchange := range tests {
		t.Run(name, func(t *testing.T) {
			if got := testing.AllocsPerRun(200, func() {
				if err := exchange(); err != nil {
					t.Fatal(err)
				}
			}); got != 0 {
				t.Errorf("%v allocations an exchange", got)
			}
		})
	}
}
