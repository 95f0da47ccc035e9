// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// upgrader leaves HTTP behind, as WebSocket does, and talks to an echo while the configuration is swapped several
// times.
type upgrader struct{ *visitor }

func newUpgrader(v *visitor) client {
	u := upgrader{v}
	return roundFunc(u.round)
}

const (
	// A conversation lasts from leastSwaps to mostSwaps swaps. Its lines are up to longestLine long.
	leastSwaps  = 3
	mostSwaps   = 20
	longestLine = 48 << 10
	// betweenLines is the longest pause between two lines.
	betweenLines = 60 * time.Millisecond
	// mostAfterwards bounds what is sent after the other side has ended its half.
	mostAfterwards = 256 << 10
	// reportPatience is how long the echo may take to say how much that was.
	reportPatience = 10 * time.Second
)

func (u upgrader) round() (string, error) {
	w, err := u.open()
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Close() }()
	c := u.call("GET", stableHost, "", "Connection: Upgrade", "Upgrade: "+echoProtocol)
	stream := "echo-" + c.id
	c.target = "/echo/" + stream
	if err := u.change(w, c); err != nil {
		return "", fmt.Errorf("%s: %w", c, err)
	}
	note, err := u.converse(w, stream, w.abort)
	if err != nil {
		return "", fmt.Errorf("%s: %w", c, err)
	}
	return note, nil
}

// converse talks for a while and ends in one of several ways.
func (u upgrader) converse(w *wire, stream string, abort func()) (note string, err error) {
	if err := u.talk(w); err != nil {
		return "", err
	}
	switch u.rnd.IntN(3) {
	case 0:
		return "the client ended first", endFirst(w)
	case 1:
		return "the endpoint ended first", u.endSecond(w, stream)
	}
	abort()
	return "the client aborted", nil
}

func (u upgrader) open() (*wire, error) {
	if u.rnd.IntN(2) == 0 {
		return u.dial()
	}
	return u.dialTLS(&tls.Config{RootCAs: u.authority.roots, ServerName: secureHost})
}

// change leaves HTTP.
func (u upgrader) change(w *wire, c *call) error {
	if err := w.send(c.head()); err != nil {
		return fmt.Errorf("sending: %w", err)
	}
	r, err := w.receive(c.method)
	if err != nil {
		return err
	}
	if err := w.genuine(r, c, 101); err != nil {
		return err
	}
	if got := r.Header.Get("Upgrade"); got != echoProtocol {
		return fmt.Errorf("changed to the protocol %q", got)
	}
	return nil
}

// talk reads the greeting and exchanges lines until there were enough swaps.
func (u upgrader) talk(w *wire) error {
	if err := w.expect(echoGreeting); err != nil {
		return err
	}
	until := u.proxy.Generation() + leastSwaps + u.rnd.Uint64N(mostSwaps-leastSwaps)
	// If nobody swaps any more, the time is up instead.
	enough := time.Now().Add(2 * mostSwaps * swapInterval)
	for u.proxy.Generation() < until && time.Now().Before(enough) {
		line := strings.Repeat(string(rune('a'+u.rnd.IntN(26))), u.rnd.IntN(longestLine)) + "\n"
		if err := w.send(line); err != nil {
			return fmt.Errorf("sending a line: %w", err)
		}
		if err := w.expect(line); err != nil {
			return err
		}
		time.Sleep(time.Duration(u.rnd.Int64N(int64(betweenLines))))
	}
	return nil
}

// expect reads exactly want.
func (w *wire) expect(want string) error {
	got := make([]byte, len(want))
	if n, err := io.ReadFull(w.in, got); err != nil {
		return fmt.Errorf("reading %d bytes: got %d: %w", len(want), n, err)
	}
	if string(got) != want {
		return fmt.Errorf("got %q instead of %q", excerpt(got), excerpt([]byte(want)))
	}
	return nil
}

// endFirst ends the client's half and waits for the other side to end. What is under way must still arrive.
func endFirst(w *wire) error {
	const last = "one more\n"
	if err := w.send(last); err != nil {
		return fmt.Errorf("sending the last line: %w", err)
	}
	if err := w.closeWrite(); err != nil {
		return err
	}
	if err := w.expect(last); err != nil {
		return err
	}
	return w.expectEnd()
}

// endSecond lets the other side end its half first, and then still sends something.
func (u upgrader) endSecond(w *wire, stream string) error {
	told := u.streams.add(stream)
	defer u.streams.remove(stream)
	if err := w.send(echoFarewell); err != nil {
		return fmt.Errorf("sending the farewell: %w", err)
	}
	if err := w.expect(echoFarewell); err != nil {
		return err
	}
	if err := w.expectEnd(); err != nil {
		return err
	}
	size := u.rnd.IntN(mostAfterwards)
	if _, err := io.Copy(w, u.pattern.body(1, int64(size))); err != nil {
		return fmt.Errorf("sending after the other half ended: %w", err)
	}
	if err := w.closeWrite(); err != nil {
		return err
	}
	timer := time.NewTimer(reportPatience)
	defer timer.Stop()
	select {
	case got := <-told:
		if got != size {
			return fmt.Errorf("of %d bytes that were sent after the other half ended %d arrived", size, got)
		}
		return nil
	case <-timer.C:
		return errors.New("the end of the client's half did not arrive")
	}
}

// closeWrite ends the client's half of the connection.
func (w *wire) closeWrite() error {
	half, ok := w.Conn.(interface{ CloseWrite() error })
	if !ok {
		return errors.New("the connection has no halves")
	}
	if err := half.CloseWrite(); err != nil {
		return fmt.Errorf("ending the client's half: %w", err)
	}
	return nil
}

// expectEnd reads the proper end of the other side's half.
func (w *wire) expectEnd() error {
	b, err := w.in.ReadByte()
	switch {
	case err == nil:
		return fmt.Errorf("got %q instead of the end", b)
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("reading the end: %w", err)
	}
	return nil
}
