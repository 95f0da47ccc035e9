// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// streamsProgram loads over HTTP/2. It is nghttp2's, so its framing and flow control belong to none of the measured
// proxies.
const streamsProgram = "h2load"

// streamsLeast is how many requests a measurement has at least.
const streamsLeast = 1000

// runStreams keeps requests under way on each of the streams of each connection, by a program of its own. The program
// knows no window of time. The warm-up shows how many requests fill one.
func runStreams(m *measurement) error {
	if _, err := exec.LookPath(streamsProgram); err != nil {
		return fmt.Errorf("loading over HTTP/2: %w", err)
	}
	log, err := os.CreateTemp("", "bench-streams-")
	if err != nil {
		return err
	}
	_ = log.Close()
	defer func() { _ = os.Remove(log.Name()) }()
	warm, err := m.streams("--duration=" + strconv.FormatFloat(max(1, m.spec.WarmUp.Seconds()), 'f', 0, 64))
	if err != nil {
		return err
	}
	n := max(streamsLeast, int(warm.perSecond*m.spec.Window.Seconds()))
	if err := m.begin(); err != nil {
		return err
	}
	run, err := m.streams("--requests="+strconv.Itoa(n), "--log-file="+log.Name())
	if err != nil {
		return err
	}
	if err := m.end(); err != nil {
		return err
	}
	m.others = max(0, m.others-run.cpu)
	m.answered, m.failed = run.succeeded, n-run.succeeded
	if m.failed > 0 {
		m.firstFailure = run.said
	}
	m.latencies, err = streamLatencies(log.Name())
	return err
}

// streamsRun is what the program said and used.
type streamsRun struct {
	perSecond float64
	succeeded int
	cpu       time.Duration
	said      string
}

// streams runs the program for the first of the requests.
func (m *measurement) streams(amount string, more ...string) (streamsRun, error) {
	s, r := m.spec, m.spec.Requests[0]
	command := exec.Command(streamsProgram, append(more, amount,
		"--clients="+strconv.Itoa(s.Connections), "--max-concurrent-streams="+strconv.Itoa(s.Streams), "--header=user-agent: bench",
		"--connect-to="+s.Address.String(), "https://"+s.ServerName+r.Path)...)
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		return streamsRun{}, fmt.Errorf("%s: %w: %s", streamsProgram, err, complaint.String())
	}
	run, err := parseStreams(out.String())
	run.cpu = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	return run, err
}

var (
	streamsRate   = regexp.MustCompile(`finished in [^,]*, ([0-9.]+) req/s`)
	streamsStatus = regexp.MustCompile(`status codes: ([0-9]+) 2xx.*`)
)

// parseStreams reads what the program says at its end.
func parseStreams(said string) (run streamsRun, err error) {
	rate, status := streamsRate.FindStringSubmatch(said), streamsStatus.FindStringSubmatch(said)
	if rate == nil || status == nil || !strings.Contains(said, "Application protocol: h2\n") {
		return run, errors.New("it did not finish over HTTP/2: " + firstLine(said))
	}
	run.said = status[0]
	if run.perSecond, err = strconv.ParseFloat(rate[1], 64); err != nil {
		return run, err
	}
	run.succeeded, err = strconv.Atoi(status[1])
	return run, err
}

// streamLatencies reads the log of requests. It has when each began, its status, and how many microseconds it took.
func streamLatencies(file string) (all latencies, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) != 3 {
			return nil, fmt.Errorf("the log of requests has the line %q", lines.Text())
		}
		n, err := strconv.Atoi(columns[2])
		if err != nil {
			return nil, err
		}
		all = append(all, time.Duration(n)*time.Microsecond)
	}
	return all, lines.Err()
}
