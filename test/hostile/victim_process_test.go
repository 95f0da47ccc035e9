// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"
)

// victimVariable is set if this program is the victim: its backend and its clients, in a process of their own. So the
// figures are the replica's, and do not depend on how busy the attackers keep a scheduler of Go.
const victimVariable = "WARREN_HOSTILE_VICTIM"

const (
	victimHost   = "victim.example.com"
	victimAnswer = "victim"
	// workersHost has the same backend. That works on slowWorkers requests for it at a time, for workTime each.
	workersHost = "workers.example.com"
	workTime    = 20 * time.Millisecond
	// mostToldFailures is how many failed requests are described with their errors.
	mostToldFailures = 3
)

// watchOrder makes the victim's clients run for a while, one for each address. They ask for a host, and want an answer.
type watchOrder struct {
	Addresses    []string
	Host, Answer string
	For          time.Duration
}

// experience is what the victim saw during a while.
type experience struct {
	P50, P99 time.Duration
	// Failed of the Sent requests failed. Failures has the first of their errors.
	Sent, Failed int
	Failures     []string
}

// beVictim serves the victim's backend and writes its address. It answers each watchOrder from in with an experience.
func beVictim(in io.Reader, out io.Writer) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: victimBackend(), ReadHeaderTimeout: patience}
	go func() { _ = server.Serve(listener) }() // It ends with the process.
	answers, orders := json.NewEncoder(out), json.NewDecoder(in)
	if err := answers.Encode(listener.Addr().String()); err != nil {
		return err
	}
	clients := map[[3]string]*victim{}
	for {
		var order watchOrder
		if err := orders.Decode(&order); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var watching []*victim
		for _, address := range order.Addresses {
			known := [3]string{address, order.Host, order.Answer}
			if clients[known] == nil {
				clients[known] = newVictim(address, order.Host, order.Answer)
			}
			watching = append(watching, clients[known])
		}
		ctx, cancel := context.WithTimeout(context.Background(), order.For)
		saw := runVictims(ctx, watching)
		cancel()
		if err := answers.Encode(saw); err != nil {
			return err
		}
	}
}

// victimBackend answers for all hosts of the victim.
func victimBackend() http.Handler {
	answer, workers := answerWith(victimAnswer), make(chan struct{}, slowWorkers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == workersHost {
			workers <- struct{}{}
			defer func() { <-workers }()
			time.Sleep(workTime)
		}
		answer.ServeHTTP(w, r)
	})
}

// victimProcess is the process that runs beVictim.
type victimProcess struct {
	// backend is the address of the server that answers for the victim's host.
	backend string

	orders  *json.Encoder
	answers *json.Decoder
}

func startVictim(t *testing.T) *victimProcess {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env, command.Stderr = append(os.Environ(), victimVariable+"=yes"), os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, outOfChild, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout = outOfChild
	ended := make(chan struct{})
	if err := startInForeground(command, func(error) { close(ended) }); err != nil {
		t.Fatalf("starting the victim: %v", err)
	}
	_ = outOfChild.Close()
	t.Cleanup(func() {
		_ = in.Close()
		<-ended
		_ = out.Close()
	})
	v := &victimProcess{orders: json.NewEncoder(in), answers: json.NewDecoder(bufio.NewReader(out))}
	if err := v.answers.Decode(&v.backend); err != nil {
		t.Fatalf("the victim's backend: %v", err)
	}
	return v
}

// watch lets the victim's clients ask replicas for so long.
func (v *victimProcess) watch(replicas []*replica, d time.Duration) (experience, error) {
	var addresses []string
	for _, r := range replicas {
		addresses = append(addresses, r.http)
	}
	return v.ask(watchOrder{Addresses: addresses, Host: victimHost, Answer: victimAnswer, For: d})
}

// ask lets clients of the victim's kind do what an order says.
func (v *victimProcess) ask(order watchOrder) (saw experience, err error) {
	if err := v.orders.Encode(order); err != nil {
		return saw, fmt.Errorf("asking the victim: %w", err)
	}
	if err := v.answers.Decode(&saw); err != nil {
		return saw, fmt.Errorf("hearing the victim: %w", err)
	}
	return saw, nil
}
