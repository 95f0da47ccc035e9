// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"
)

// loadMode is a way to ask for responses.
type loadMode string

const (
	// loadClosed sends the next request on a connection when it has the response to the last: as many as the proxy can
	// serve.
	loadClosed loadMode = "closed"
	// loadOpen sends requests when they are due, whether or not the proxy keeps up.
	loadOpen loadMode = "open"
	// loadHandshakes makes a TLS connection for each request.
	loadHandshakes loadMode = "handshakes"
	// loadStreams sends requests on many streams of each connection, over HTTP/2.
	loadStreams loadMode = "streams"
	// loadIdle makes connections, sends one request on each, and leaves them.
	loadIdle loadMode = "idle"
)

// loadSpec says what one run of the load does. The durations are nanoseconds in JSON.
type loadSpec struct {
	Mode    loadMode
	Address netip.AddrPort
	// ServerName is asked for in TLS. Empty: plain HTTP.
	ServerName string
	// Connections are open at once. Streams is how many run on each, for loadStreams.
	Connections, Streams int
	// Sources is how many addresses of loopback the connections come from. 0 leaves that to the system.
	Sources int
	// Requests are sent in turn, over all connections. First is the number of the one that is sent first, for loadClosed
	// and loadOpen.
	Requests []request
	First    int
	// Body is how many bytes each response has, or encodedBody.
	Body int64
	// Rate is for loadOpen, in requests per second.
	Rate float64
	// WarmUp passes before anything is counted. Then Window is measured.
	WarmUp, Window time.Duration
	// Talk is how loadIdle makes its request.
	Talk loadTalk
	// Enough responses end Window early. 0 is for no such end.
	Enough int
	// Settle is how long the connections of loadIdle have idled when the memory is read.
	Settle time.Duration
	// Process is the proxy's. The load measures what it and its descendants use. 0 is for nothing.
	Process int
	// Backends is the backends' process, and Flood that of a flood, if there is one. What neither these, nor the load, nor
	// the proxy uses is a disturbance.
	Backends, Flood int
}

// loadResult is what one run measured. The durations are nanoseconds in JSON.
type loadResult struct {
	// Answered counts the requests that got the response that was wanted, in Elapsed.
	Answered int
	Elapsed  time.Duration
	// Sent counts the requests of loadClosed and loadOpen that were sent, in Elapsed or not.
	Sent int
	// CPU is what the proxy used in Elapsed.
	CPU time.Duration
	// P50, P99 and P999 are percentiles of the time from when a request was sent, or due, until its response was complete.
	// Timed is the number of these requests: those sent, or due, in Elapsed.
	P50, P99, P999 time.Duration
	Timed          int
	// Memory is the proxy's memory that is present, in bytes, at the end with the connections open. MemoryBefore is that
	// before the first.
	Memory, MemoryBefore int64
	// Others is what all other programs on the machine used in Elapsed.
	Others time.Duration
	// Failed counts requests and connections. FirstFailure is what the first of them was.
	Failed       int
	FirstFailure string
	// Wrong is how many wrong passwords a second were answered beside, and CalmP99 what P99 is without them.
	Wrong   float64
	CalmP99 time.Duration
}

// runLoad reads a loadSpec from in and writes the loadResult to out.
func runLoad(in io.Reader, out io.Writer) error {
	var spec loadSpec
	if err := json.NewDecoder(in).Decode(&spec); err != nil {
		return fmt.Errorf("reading what to do: %w", err)
	}
	result, err := spec.run()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(result); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

func (s *loadSpec) run() (loadResult, error) {
	var ids []int
	if s.Process != 0 {
		var err error
		if ids, err = descendants(s.Process); err != nil {
			return loadResult{}, err
		}
	}
	participants := append([]int{os.Getpid()}, ids...)
	if s.Backends != 0 {
		participants = append(participants, s.Backends)
	}
	if s.Flood != 0 {
		participants = append(participants, s.Flood)
	}
	m := &measurement{spec: s, processes: ids, participants: participants, latencies: make(latencies, 0, 1<<20)}
	var err error
	if m.residentBefore, err = residentOf(ids); err != nil {
		return loadResult{}, err
	}
	switch s.Mode {
	case loadClosed:
		err = runClosed(m)
	case loadOpen:
		err = runOpen(m)
	case loadHandshakes:
		err = runHandshakes(m)
	case loadStreams:
		err = runStreams(m)
	case loadIdle:
		err = runIdle(m)
	default:
		return loadResult{}, fmt.Errorf("the mode %q is unknown", s.Mode)
	}
	if err != nil && !errors.Is(err, errFailing) {
		return loadResult{}, err
	}
	return m.result(), nil
}

// request is one of those that a load sends.
type request struct {
	Method, Host, Path string
	// Fields are further header fields, each a line without its end.
	Fields []string
	// Body is how many bytes of content it has.
	Body int
}

// bytes returns the request as it goes out. It is what a small client sends, so that there is something to read and
// forward.
func (r *request) bytes() []byte {
	text := r.Method + " " + r.Path + " HTTP/1.1\r\nHost: " + r.Host + "\r\nUser-Agent: bench\r\nAccept: */*\r\n"
	for _, field := range r.Fields {
		text += field + "\r\n"
	}
	if r.Body > 0 {
		text += fmt.Sprintf("Content-Length: %d\r\n", r.Body)
	}
	return append([]byte(text+"\r\n"), make([]byte, r.Body)...)
}
