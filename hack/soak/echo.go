// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// echoProtocol is what clients change to. Its server sends a greeting in the same write as the 101.
const (
	echoProtocol = "soak-echo"
	echoGreeting = "hello, this is echo\n"
	// echoFarewell is the line after which the server says no more and only listens.
	echoFarewell = "that was enough\n"
)

// echo leaves HTTP behind and sends back what it gets: /echo/STREAM. After the farewell it ends its own half and reads
// on to the end of the client's. Then it tells the stream how many bytes that were.
func (s *service) echo(w http.ResponseWriter, r *http.Request, args []string) error {
	protocol, proof := r.Header.Get("Upgrade"), ""
	switch protocol {
	case echoProtocol:
	case socketProtocol:
		proof = acceptField + ": " + acceptOf(r.Header.Get("Sec-WebSocket-Key")) + "\r\n"
	default:
		return fmt.Errorf("the request asks to change to %q", protocol)
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return fmt.Errorf("taking over the connection: %w", err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(roundLimit))
	head := fmt.Sprintf("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n%s%s: %s\r\n%s: %s\r\n\r\n%s",
		protocol, proof, idField, r.Header.Get(idField), fromField, r.Header.Get("X-Forwarded-For"), echoGreeting)
	if _, err := io.WriteString(conn, head); err != nil {
		return nil // the client gave up, and has to explain that itself
	}
	half, in := conn.(*net.TCPConn), buffered.Reader
	farewell, err := echoLines(half, in)
	if err != nil || half.CloseWrite() != nil || !farewell {
		return nil
	}
	n, err := io.Copy(io.Discard, in)
	if err != nil {
		return nil
	}
	if told := s.streams.find(args[0]); told != nil {
		told <- int(n)
	}
	return nil
}

// echoLines sends lines back until one of them is the farewell or the client ends its half.
func echoLines(out io.Writer, in *bufio.Reader) (farewell bool, err error) {
	for {
		line, err := in.ReadSlice('\n')
		// A line longer than the reader's buffer comes in pieces.
		switch {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return false, err
		}
		if _, err := out.Write(line); err != nil {
			return false, err
		}
		if string(line) == echoFarewell {
			return true, nil
		}
	}
}
