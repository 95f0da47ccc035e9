// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// gauge is what the process has at one moment.
type gauge struct {
	goroutines int
	// descriptors says of each open descriptor what it is.
	descriptors []string
	// heap is runtime.MemStats.HeapInuse, in bytes.
	heap uint64
}

func readGauge() (gauge, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	g := gauge{goroutines: runtime.NumGoroutine(), heap: m.HeapInuse}
	const folder = "/proc/self/fd"
	entries, err := os.ReadDir(folder)
	if err != nil {
		return g, fmt.Errorf("counting descriptors: %w", err)
	}
	for _, e := range entries {
		// The descriptor that the folder was read through is closed by now.
		if target, err := os.Readlink(folder + "/" + e.Name()); err == nil {
			g.descriptors = append(g.descriptors, target)
		}
	}
	return g, nil
}

// sockets counts the descriptors that are sockets.
func (g gauge) sockets() int {
	n := 0
	for _, d := range g.descriptors {
		if strings.HasPrefix(d, "socket:") {
			n++
		}
	}
	return n
}

func (g gauge) String() string {
	return fmt.Sprintf("%d goroutines, %.1f MiB in use, %d descriptors", g.goroutines, mebibytes(g.heap), len(g.descriptors))
}

func mebibytes(n uint64) float64 { return float64(n) / (1 << 20) }

const (
	// At the end, the heap may be a quarter and some MiB larger than it was once everything ran. Transfers of up to 16 MiB
	// come and go, and the collector leaves holes.
	heapFactor = 1.25
	heapSlack  = 16 << 20
	// heapSamples are taken heapPause apart. The middle one counts.
	heapSamples = 5
	heapPause   = 300 * time.Millisecond
)

// settledHeap collects garbage and returns the heap that is in use. It returns the middle one of a few figures, because
// what clients and endpoints have varies from moment to moment.
func settledHeap() uint64 {
	figures := make([]uint64, heapSamples)
	for i := range figures {
		time.Sleep(heapPause)
		// What is in a sync.Pool survives one collection.
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		figures[i] = m.HeapInuse
	}
	slices.Sort(figures)
	return figures[len(figures)/2]
}

// checkHeap compares the heap early on and at the end.
func checkHeap(early, late uint64) error {
	if limit := uint64(float64(early)*heapFactor) + heapSlack; late > limit {
		return fmt.Errorf("memory grew from %.1f to %.1f MiB, the limit is %.1f", mebibytes(early), mebibytes(late), mebibytes(limit))
	}
	return nil
}

const (
	leftoverPatience = 15 * time.Second
	leftoverInterval = 50 * time.Millisecond
)

// checkLeftovers waits until no goroutine of the data plane is left, and no more descriptors are open than before. If
// that does not come, it says what is left. The collector must be off: it closes connections that nobody refers to any
// more, and their owner has to close those.
func checkLeftovers(before gauge) error {
	err := await(func() error {
		left := proxyGoroutines()
		if len(left) > 0 {
			return fmt.Errorf("%d goroutines of the data plane are left, one of them:\n%s", len(left), left[0])
		}
		after, err := readGauge()
		if n := after.sockets() - before.sockets(); err == nil && n > 0 {
			err = fmt.Errorf("%d sockets are left", n)
		}
		return err
	})
	if err != nil {
		return err
	}
	return await(func() error {
		// The runtime keeps the pipes that it spliced through until they are collected.
		runtime.GC()
		after, err := readGauge()
		if n := len(after.descriptors) - len(before.descriptors); err == nil && n > 0 {
			err = fmt.Errorf("%d descriptors are left among %q", n, after.descriptors)
		}
		return err
	})
}

// await waits until check finds nothing. Otherwise it returns the last thing that check found.
func await(check func() error) error {
	deadline := time.Now().Add(leftoverPatience)
	for {
		err := check()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(leftoverInterval)
	}
}

// proxyPackage begins the name of every function of the data plane and its sub-packages.
const proxyPackage = "github.com/warren-dev/ingress/proxy"

// proxyGoroutines returns the stacks that have a function of the data plane.
func proxyGoroutines() []string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	var left []string
	for _, stack := range strings.Split(string(buf), "\n\n") {
		if strings.Contains(stack, proxyPackage) {
			left = append(left, stack)
		}
	}
	return left
}
