// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// transport is what a client speaks to a front.
type transport string

const (
	plain transport = "http"
	tls   transport = "https"
	// h2 is HTTP/2 over TLS. h2c is HTTP/2 without TLS, by prior knowledge.
	h2  transport = "h2"
	h2c transport = "h2c"
)

// What a client is told to do with the requests of a job.
const (
	// inTurn sends them one after the other, on one connection if the client keeps connections.
	inTurn = "requests"
	// again sends them over and over for so many seconds, and counts those that fail.
	again = "loop"
	// retried sends the one request by the client's own way to try again after a 429.
	retried = "retry"
	// socket opens a WebSocket, sends a text, 100 KiB and a ping, and closes it.
	socket = "websocket"
	// halfClosed ends the client's side of the connection after the request.
	halfClosed = "halfclose"
)

// job is what a client has to do. Scripts read it as a line of JSON.
type job struct {
	Op        string    `json:"op"`
	Transport transport `json:"transport"`
	// Base is the URL of the front, without a slash at its end.
	Base string `json:"base"`
	// CA is the file with the certificate that the front is to be trusted by.
	CA       string    `json:"ca"`
	Requests []request `json:"requests"`
	// Gap is the pause between two requests in milliseconds.
	Gap     int     `json:"gap"`
	Seconds float64 `json:"seconds"`

	// folder has a file of each size that is sent, named after it.
	folder string
}

// request is one request of a job. Its content is the letter a, Size times.
type request struct {
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Headers [][2]string `json:"headers"`
	// Size is -1 for no content.
	Size    int64 `json:"size"`
	Chunked bool  `json:"chunked"`
	// Expect asks for 100-continue before the content.
	Expect bool `json:"expect"`
	// Follow makes the client follow redirects.
	Follow bool `json:"follow"`
	// Version is 1.0 for a request of HTTP/1.0.
	Version string `json:"version"`
}

// outcome is what a client made of a job. Scripts write it as a line of JSON.
type outcome struct {
	// Answers are those to the requests: the version of HTTP if the client tells, the status and the content.
	Answers []string `json:"answers"`
	// Error is what the client says where it failed.
	Error string `json:"error"`
}

func (o outcome) String() string {
	parts := o.Answers
	if o.Error != "" {
		parts = append(parts, "error: "+strings.Join(strings.Fields(o.Error), " "))
	}
	return strings.Join(parts, "; ")
}

// answer is one answer as an outcome has it. The version is ? where the client does not tell.
func answer(version string, status int, content []byte) string {
	return strings.TrimSpace(fmt.Sprintf("%s %d %s", version, status, abridged(content)))
}

// abridged is content of at most 64 bytes as it is, and of more its length and the beginning of its SHA-256. All
// scripts do the same.
func abridged(content []byte) string {
	if len(content) <= 64 {
		return strings.TrimSpace(string(content))
	}
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%d bytes %s", len(content), hex.EncodeToString(sum[:4]))
}
