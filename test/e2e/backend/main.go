// SPDX-License-Identifier: Apache-2.0

// Command backend is the service behind the Ingresses of the end-to-end tests. It answers every request, at any path,
// with a JSON object that says who answers and what arrived:
//
//	{"pod": "web-6d4-x", "method": "GET", "target": "/a?b=c", "host": "…", "header": {"Name": ["value"]}}
//
// The query parameter wait (a time such as 300ms) makes it wait before it answers. On SIGTERM it takes no new
// connection, answers the requests that it has, and ends. If new requests should be served until nobody sends any more,
// the pod has to wait before that.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	// headTimeout is how long a request's head may take.
	headTimeout = 10 * time.Second
	// waitLimit bounds the parameter wait.
	waitLimit = 10 * time.Second
	// endTimeout is how long the last requests may take after SIGTERM.
	endTimeout = waitLimit + 5*time.Second
)

// arrival is the answer.
type arrival struct {
	Pod    string      `json:"pod"`
	Method string      `json:"method"`
	Target string      `json:"target"`
	Host   string      `json:"host"`
	Header http.Header `json:"header"`
}

func main() {
	address := flag.String("address", ":8080", "`address` to listen on")
	flag.Parse()
	if err := run(*address); err != nil {
		fmt.Fprintln(os.Stderr, "backend:", err)
		os.Exit(1)
	}
}

// run serves until it is told to end and the requests of that time are answered.
func run(address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// In a pod the host's name is the pod's.
	pod, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("finding the name of this pod: %w", err)
	}
	server := &http.Server{Addr: address, Handler: answer(pod), ReadHeaderTimeout: headTimeout}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		ended <- server.Shutdown(bounded)
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}

func answer(pod string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// Nobody needs the content, but leaving it unread would cost the connection.
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // The client went away.
		}
		if text := r.URL.Query().Get("wait"); text != "" {
			wait, err := time.ParseDuration(text)
			if err != nil || wait < 0 || wait > waitLimit {
				http.Error(w, fmt.Sprintf("wait is %q: write a time of at most %s, such as 300ms", text, waitLimit), http.StatusBadRequest)
				return
			}
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		// An error here, too, means that the client went away.
		_ = json.NewEncoder(w).Encode(arrival{Pod: pod, Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: r.Header})
	}
}
