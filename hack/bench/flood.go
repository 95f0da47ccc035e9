// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sys/unix"
)

// A flood is of wrong passwords, another one each time, for a path beside the one that is measured.
const (
	privatePath      = "/private"
	usersSecretName  = "users"
	password         = "correct horse battery staple"
	passwordCost     = 10
	floodConnections = 64
	// floodSource is an address that no other client has.
	floodSource = "127.0.0.66"
)

// users returns the one user of the scenario with passwords, as a file of htpasswd.
func users() ([]byte, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), passwordCost)
	if err != nil {
		return nil, fmt.Errorf("hashing a password: %w", err)
	}
	// htpasswd calls the same by another letter.
	return fmt.Appendf(nil, "%s:$2y$%s\n", clientName, hash[len("$2a$"):]), nil
}

// floodResult is what a flood says at its end.
type floodResult struct {
	// Answered counts the requests that had any answer, and Let those that were let in.
	Answered, Let int
	Elapsed       time.Duration
}

// runFlood sends wrong passwords as fast as they are answered, whatever the answer, until the process is asked to end.
// It takes of its core what load and backends leave: it must slow the proxy down, and not those who measure that.
func runFlood(address netip.AddrPort, out io.Writer) error {
	idle := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
	// 0 is the calling thread alone, and all others are begun by it or by one of those.
	if err := unix.SchedSetAttr(0, &idle, 0); err != nil {
		return fmt.Errorf("giving way to others: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var answered, let, number atomic.Int64
	began := time.Now()
	var senders sync.WaitGroup
	for range floodConnections {
		senders.Go(func() {
			for ctx.Err() == nil {
				// The proxy may close it, as it may refuse to answer.
				_ = floodOnce(ctx, address, &number, func(status int) {
					answered.Add(1)
					if status == http.StatusOK {
						let.Add(1)
					}
				})
			}
		})
	}
	senders.Wait()
	return json.NewEncoder(out).Encode(floodResult{int(answered.Load()), int(let.Load()), time.Since(began)})
}

// floodOnce sends passwords on one connection until that ends.
func floodOnce(ctx context.Context, address netip.AddrPort, number *atomic.Int64, answered func(status int)) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(floodSource)}}
	connection, err := dialer.DialContext(ctx, "tcp4", address.String())
	if err != nil {
		return err
	}
	defer connection.Close()
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	reader := bufio.NewReader(connection)
	for {
		wrong := clientName + ":" + strconv.FormatInt(number.Add(1), 10)
		r := request{Method: "GET", Host: mainHost, Path: privatePath + smallPath, Fields: []string{
			"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(wrong)),
		}}
		if _, err := connection.Write(r.bytes()); err != nil {
			return err
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
		answered(response.StatusCode)
	}
}

// loadBesideFlood runs a load while wrong passwords arrive.
func (s *session) loadBesideFlood(ctx context.Context, spec *loadSpec) (loadResult, error) {
	flood, err := s.launcher.start(s.cores.load, "flood", nil, s.launcher.self, roleFlood, spec.Address.String())
	if err != nil {
		return loadResult{}, err
	}
	spec.Flood = flood.id()
	result, err := s.load(ctx, spec)
	if err := errors.Join(err, flood.stop(), s.settle(ctx, spec.Process)); err != nil {
		return loadResult{}, err
	}
	said, err := os.ReadFile(flood.log)
	if err != nil {
		return loadResult{}, fmt.Errorf("reading what the flood said: %w", err)
	}
	var f floodResult
	if err := json.Unmarshal(said, &f); err != nil {
		return loadResult{}, fmt.Errorf("reading what the flood said: %w: %s", err, said)
	}
	if f.Answered == 0 || f.Let > 0 {
		return loadResult{}, fmt.Errorf("of %d wrong passwords %d were let in: want some, and none", f.Answered, f.Let)
	}
	result.Wrong = float64(f.Answered) / f.Elapsed.Seconds()
	return result, nil
}

// settle returns once a proxy does nothing any more. A check of a password may go on when nobody waits for it.
func (s *session) settle(ctx context.Context, process int) error {
	const interval, little, limit = 50 * time.Millisecond, time.Millisecond, 5 * time.Second
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		ids, err := descendants(process)
		if err != nil {
			return err
		}
		before, err := cpuOf(ids)
		if err != nil {
			return err
		}
		if !pause(ctx, interval) {
			return ctx.Err()
		}
		after, err := cpuOf(ids)
		if err != nil || after-before < little {
			return err
		}
	}
	return nil
}
