// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"errors"
	"time"
)

// tooManyFailures ends a run whose requests all fail: the rest would teach nothing.
const tooManyFailures = 10_000

// errFailing ends a load that gave up. The result says what failed.
var errFailing = errors.New("too many requests failed")

// measurement collects what a load sees. It counts within the window alone.
type measurement struct {
	spec *loadSpec
	// processes are the proxy's. participants are these, the load's and the backends'.
	processes, participants []int

	counting       bool
	started        time.Time
	cpu            time.Duration
	others         time.Duration
	latencies      latencies
	answered       int
	sent           int
	failed         int
	firstFailure   string
	elapsed        time.Duration
	resident       int64
	residentBefore int64
}

// begin opens the window.
func (m *measurement) begin() error {
	cpu, others, err := m.used()
	if err != nil {
		return err
	}
	m.counting, m.started, m.cpu, m.others = true, time.Now(), cpu, others
	return nil
}

// end closes the window.
func (m *measurement) end() error {
	m.counting, m.elapsed = false, time.Since(m.started)
	cpu, others, err := m.used()
	if err != nil {
		return err
	}
	m.cpu, m.others = cpu-m.cpu, max(0, others-m.others)
	return m.readMemory()
}

// used returns what the proxy has used so far, and what all programs have used that take no part.
func (m *measurement) used() (proxy, others time.Duration, err error) {
	if proxy, err = cpuOf(m.processes); err != nil {
		return 0, 0, err
	}
	participants, err := cpuOf(m.participants)
	if err != nil {
		return 0, 0, err
	}
	all, err := busyTime()
	return proxy, all - participants, err
}

func (m *measurement) readMemory() (err error) {
	m.resident, err = residentOf(m.processes)
	return err
}

// enough says whether the window is over before its time.
func (m *measurement) enough() bool {
	return m.spec.Enough > 0 && m.answered >= m.spec.Enough
}

// success counts a response that was complete after latency.
func (m *measurement) success(latency time.Duration) {
	if !m.counting {
		return
	}
	m.answered++
	m.latencies = append(m.latencies, latency)
}

// failure counts a request that did not get the response that was wanted, or a connection that could not be made. It
// counts outside of the window too, because no request may fail. If it returns an error, there is no point in going on.
func (m *measurement) failure(err error) error {
	if m.failed == 0 {
		m.firstFailure = err.Error()
	}
	m.failed++
	if m.failed >= tooManyFailures {
		return errFailing
	}
	return nil
}

func (m *measurement) result() loadResult {
	return loadResult{
		Answered:     m.answered,
		Elapsed:      m.elapsed,
		Sent:         m.sent,
		CPU:          m.cpu,
		Others:       m.others,
		P50:          m.latencies.percentile(0.5),
		P99:          m.latencies.percentile(0.99),
		P999:         m.latencies.percentile(0.999),
		Timed:        len(m.latencies),
		Memory:       m.resident,
		MemoryBefore: m.residentBefore,
		Failed:       m.failed,
		FirstFailure: m.firstFailure,
	}
}
