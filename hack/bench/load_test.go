// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"strings"
	"testing"
	"time"
)

func TestLoadCountsTheResponsesThatComeThroughTheFloor(t *testing.T) {
	f := start(t)
	tests := map[string]loadSpec{
		"1 KiB, one after another": {
			Mode: loadClosed, Connections: 8, Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
			Window: time.Hour, Enough: 1000,
		},
		"10 MiB": {
			Mode: loadClosed, Connections: 2, Requests: []request{{Method: "GET", Host: mainHost, Path: largePath}}, Body: largeBody,
			Window: time.Hour, Enough: 4,
		},
		"an upload": {
			Mode: loadClosed, Connections: 4, Requests: []request{{Method: "POST", Host: mainHost, Path: smallPath, Body: uploadBody}}, Body: smallBody,
			Window: time.Hour, Enough: 20,
		},
		"from several addresses": {
			Mode: loadClosed, Connections: 8, Sources: 4, Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
			Window: time.Hour, Enough: 100,
		},
	}
	for name, spec := range tests {
		t.Run(name, func(t *testing.T) {
			spec.Address, spec.Process, spec.Backends = f.floor, f.floorProcess.id(), f.backendsProcess.id()
			result, err := f.launcher.load(t.Context(), f.core, &spec)
			if err != nil {
				t.Fatal(err)
			}
			if result.Answered < spec.Enough || result.Failed > 0 {
				t.Errorf("%d requests were answered and %d failed (%s), want %d answered",
					result.Answered, result.Failed, result.FirstFailure, spec.Enough)
			}
			if result.P50 <= 0 || result.P50 > result.P99 || result.P99 > result.P999 {
				t.Errorf("percentiles are %s, %s and %s, want them above zero and in order", result.P50, result.P99, result.P999)
			}
			if result.Memory <= 0 {
				t.Errorf("the proxy's memory is %d bytes", result.Memory)
			}
		})
	}
}

func TestOpenLoadSendsTheSameNumberWheneverTheScheduleIsTheSame(t *testing.T) {
	f := start(t)
	spec := loadSpec{
		Mode: loadOpen, Address: f.floor, Connections: 4, Rate: 2000, Window: 100 * time.Millisecond,
		Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
	}
	var timed []int
	for range 2 {
		result, err := f.launcher.load(t.Context(), f.core, &spec)
		if err != nil {
			t.Fatal(err)
		}
		if result.Failed > 0 {
			t.Errorf("%d requests failed: %s", result.Failed, result.FirstFailure)
		}
		timed = append(timed, result.Timed)
	}
	// 200 are due on average. The gaps are drawn with one seed.
	if timed[0] != timed[1] || timed[0] < 150 || timed[0] > 250 {
		t.Errorf("%d and %d requests were timed, want the same number of about 200", timed[0], timed[1])
	}
}

func TestIdleLoadLeavesItsConnectionsOpenAndReadsTheMemory(t *testing.T) {
	f := start(t)
	spec := loadSpec{
		Mode: loadIdle, Address: f.floor, Connections: 100, Sources: 8, Process: f.floorProcess.id(),
		Requests: []request{{Method: "GET", Host: mainHost, Path: smallPath}}, Body: smallBody,
	}
	result, err := f.launcher.load(t.Context(), f.core, &spec)
	if err != nil {
		t.Fatal(err)
	}
	if result.Answered != spec.Connections || result.Failed > 0 {
		t.Errorf("%d requests were answered and %d failed (%s), want %d answered", result.Answered, result.Failed, result.FirstFailure, spec.Connections)
	}
	if result.Memory <= result.MemoryBefore {
		t.Errorf("the proxy has %d bytes with the connections and %d without, want more with them", result.Memory, result.MemoryBefore)
	}
}

func TestIdleWebSocketsHaveSaidAWord(t *testing.T) {
	f := start(t)
	spec := loadSpec{
		Mode: loadIdle, Talk: talkWebSocket, Address: f.floor, Connections: 20, Sources: 8, Process: f.floorProcess.id(),
		Requests: []request{{Method: "GET", Host: mainHost, Path: webSocketPath}},
	}
	result, err := f.launcher.load(t.Context(), f.core, &spec)
	if err != nil {
		t.Fatal(err)
	}
	if result.Answered != spec.Connections || result.Failed > 0 {
		t.Errorf("%d said a word and %d failed (%s), want %d", result.Answered, result.Failed, result.FirstFailure, spec.Connections)
	}
	spec.Requests[0].Path = smallPath
	if result, err = f.launcher.load(t.Context(), f.core, &spec); err != nil {
		t.Fatal(err)
	}
	if result.Answered > 0 || !strings.Contains(result.FirstFailure, "want one that becomes a WebSocket") {
		t.Errorf("%d said a word to what is no WebSocket (%s)", result.Answered, result.FirstFailure)
	}
}

func TestLoadCountsWhatIsNotTheResponseThatWasWanted(t *testing.T) {
	f := start(t)
	tests := map[string]struct {
		spec loadSpec
		want string
	}{
		"another size": {
			spec: loadSpec{Mode: loadClosed, Requests: []request{{Method: "GET", Host: mainHost, Path: mediumPath}}, Body: smallBody},
			want: "has 65536 bytes, want 1024",
		},
		"a connection that ends": {
			spec: loadSpec{Mode: loadOpen, Rate: 1e5, Requests: []request{{
				Method: "POST", Host: mainHost, Path: smallPath, Fields: []string{"Transfer-Encoding: chunked"},
			}}, Body: smallBody},
			want: "ended in place of a response",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.spec.Address, test.spec.Connections, test.spec.Window = f.floor, 4, time.Hour
			result, err := f.launcher.load(t.Context(), f.core, &test.spec)
			if err != nil {
				t.Fatal(err)
			}
			if result.Answered > 0 || result.Failed != tooManyFailures || !strings.Contains(result.FirstFailure, test.want) {
				t.Errorf("%d were answered and %d failed (%s), want %d failures that say %q",
					result.Answered, result.Failed, result.FirstFailure, tooManyFailures, test.want)
			}
		})
	}
}

func TestLoadOnNothingSaysWhere(t *testing.T) {
	f := start(t)
	var p ports
	nothing, err := p.take()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.launcher.load(t.Context(), f.core, &loadSpec{Mode: loadClosed, Address: nothing, Connections: 1})
	if err == nil || !strings.Contains(err.Error(), "connecting to "+nothing.String()) {
		t.Errorf("error is %v, want one that names %s", err, nothing)
	}
}

// A load goes on with the requests that follow those of an earlier one, and begins again after the last.
func TestRequestsAreSentInTurn(t *testing.T) {
	c := &loadConns{measurement: &measurement{spec: &loadSpec{First: 5}}, requests: [][]byte{[]byte("a"), []byte("b"), []byte("c")}}
	var sent string
	for range 4 {
		sent += string(c.next())
	}
	if got := c.result().Sent; sent != "cabc" || got != 4 {
		t.Errorf("%q were sent, and %d were counted, want cabc and 4", sent, got)
	}
}
