// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// By these fields, clients and endpoints know each other's messages.
const (
	// idField is sent with a request and comes back with its response alone.
	idField = "X-Soak-Id"
	// fromField says what the endpoint was told of the client, pathField which path it got, and serverField who it is.
	fromField   = "X-Soak-From"
	pathField   = "X-Soak-Path"
	serverField = "X-Soak-Server"
	// hopField is for the proxy alone. Clients name it in Connection.
	hopField = "X-Soak-Hop"
	// versionField is set by the configuration, on the request and on the response. seenField is what the endpoint reports
	// of the request's.
	versionField = "X-Soak-Version"
	seenField    = "X-Soak-Seen"
	// trailerField is the trailer of uploads and downloads that have one.
	trailerField = "X-Soak-Trailer"
)

// service is what the well-behaved endpoints do. It checks what a client cannot see.
type service struct {
	name    string
	pattern *pattern
	streams *streams
	tally   *tally
}

const (
	// acknowledgePatience is how long a client may take to say that an event arrived.
	acknowledgePatience = 20 * time.Second
	// abandonPatience is how long it may take until an endpoint learns that nobody waits for its answer any more. The
	// proxy notices within a second, but the machine may be busy.
	abandonPatience = 10 * time.Second
	// longestWait bounds the wait that a client may ask for.
	longestWait = 10 * time.Second
)

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.checkForwarding(r); err != nil {
		s.tally.fail(fmt.Errorf("%s %s %s: %w", r.Method, r.Host, r.RequestURI, err))
	}
	h := w.Header()
	h.Set(idField, r.Header.Get(idField))
	h.Set(fromField, r.Header.Get("X-Forwarded-For"))
	h.Set(pathField, r.RequestURI)
	h.Set(serverField, s.name)
	h.Set(seenField, r.Header.Get(versionField))
	path := strings.Split(r.URL.Path, "/")
	if err := s.serve(path[1], w, r, path[2:]); err != nil {
		s.tally.fail(fmt.Errorf("%s %s %s: %w", r.Method, r.Host, r.RequestURI, err))
		return
	}
	s.tally.count(path[1], nil)
}

func (s *service) serve(what string, w http.ResponseWriter, r *http.Request, args []string) error {
	switch what {
	case "bytes":
		return s.bytes(w, r, args)
	case "hash":
		return s.hash(w, r)
	case "partial":
		return s.partial(r)
	case "early":
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return nil
	case "status":
		return s.status(w, args)
	case "wait":
		return s.wait(w, r, args)
	case "abandoned":
		return s.abandoned(r)
	case "events":
		return s.events(w, r, args)
	case "echo":
		return s.echo(w, r, args)
	}
	return errors.New("nobody asks for that: the proxy made it up or took content for a request")
}

// checkForwarding checks what the proxy tells of the client. It also checks that the proxy passed on nothing that was
// meant for the proxy alone.
func (s *service) checkForwarding(r *http.Request) error {
	from := r.Header.Values("X-Forwarded-For")
	if len(from) != 1 {
		return fmt.Errorf("there are %d X-Forwarded-For fields: %q", len(from), from)
	}
	if _, err := netip.ParseAddr(from[0]); err != nil {
		return fmt.Errorf("X-Forwarded-For is not one address: %w", err)
	}
	if got := r.Header.Get("X-Real-Ip"); got != from[0] {
		return fmt.Errorf("X-Real-Ip is %q, X-Forwarded-For %q", got, from[0])
	}
	if got := r.Header.Get("X-Forwarded-Host"); got != r.Host {
		return fmt.Errorf("X-Forwarded-Host is %q, Host %q", got, r.Host)
	}
	if got := r.Header.Get("X-Forwarded-Proto"); got != "http" && got != "https" {
		return fmt.Errorf("X-Forwarded-Proto is %q", got)
	}
	if r.Header.Get(hopField) != "" {
		return errors.New("a field that Connection named was forwarded")
	}
	return nil
}

// bytes answers with content: /bytes/SEED/SIZE. With ?chunked it has no length. With ?trailer it ends with a trailer.
func (s *service) bytes(w http.ResponseWriter, r *http.Request, args []string) error {
	if len(args) != 2 {
		return errors.New("the path is not /bytes/SEED/SIZE")
	}
	seed, err := strconv.ParseUint(args[0], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the seed: %w", err)
	}
	size, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return fmt.Errorf("reading the size: %w", err)
	}
	trailer := r.URL.RawQuery == "trailer"
	switch {
	case trailer:
		w.Header().Set("Trailer", trailerField)
	case r.URL.RawQuery == "chunked":
		_ = http.NewResponseController(w).Flush() // sends the head, which settles the framing
	default:
		w.Header().Set("Content-Length", args[1])
	}
	if r.Method == http.MethodHead {
		return nil
	}
	// A write fails if the client or the proxy gave up. They have to explain that.
	if _, err := io.CopyBuffer(struct{ io.Writer }{w}, s.pattern.body(seed, size), make([]byte, 16<<10)); err != nil {
		return nil
	}
	if trailer {
		w.Header().Set(trailerField, args[0])
	}
	return nil
}

// hash answers with the digest and the length of the request's content, and its trailer.
func (s *service) hash(w http.ResponseWriter, r *http.Request) error {
	digest := sha256.New()
	n, err := io.CopyBuffer(struct{ io.Writer }{digest}, r.Body, make([]byte, 16<<10))
	if err != nil {
		// The client gave up, or sent malformed content. The answer must not look like success.
		w.WriteHeader(http.StatusBadRequest)
		return nil
	}
	_, _ = io.WriteString(w, uploadReceipt(digest.Sum(nil), n, r.Trailer.Get(trailerField)))
	return nil
}

func uploadReceipt(digest []byte, size int64, trailer string) string {
	return fmt.Sprintf("%x %d %q", digest, size, trailer)
}

// partial takes uploads that break off. They must never come to a proper end.
func (s *service) partial(r *http.Request) error {
	if n, err := io.Copy(io.Discard, r.Body); err == nil {
		return fmt.Errorf("an upload that broke off came to a proper end after %d bytes", n)
	}
	return nil
}

func (s *service) status(w http.ResponseWriter, args []string) error {
	code, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("reading the status: %w", err)
	}
	w.WriteHeader(code)
	return nil
}

// wait answers after some milliseconds.
func (s *service) wait(w http.ResponseWriter, r *http.Request, args []string) error {
	milliseconds, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("reading how long to wait: %w", err)
	}
	timer := time.NewTimer(min(time.Duration(milliseconds)*time.Millisecond, longestWait))
	defer timer.Stop()
	select {
	case <-timer.C:
		w.WriteHeader(http.StatusNoContent)
		return nil
	case <-r.Context().Done():
		return nil
	}
}

// abandoned never answers. Its clients go away, and the proxy has to pass that on.
func (s *service) abandoned(r *http.Request) error {
	timer := time.NewTimer(abandonPatience)
	defer timer.Stop()
	select {
	case <-timer.C:
		return fmt.Errorf("the client had gone away and the connection was still there %s later", abandonPatience)
	case <-r.Context().Done():
		return nil
	}
}

// events sends events: /events/STREAM/COUNT. It sends each only after the client said that the one before arrived. A
// proxy that holds one back holds up everything.
func (s *service) events(w http.ResponseWriter, r *http.Request, args []string) error {
	acknowledged := s.streams.find(args[0])
	if acknowledged == nil {
		return fmt.Errorf("there is no stream %q", args[0])
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return fmt.Errorf("reading the number of events: %w", err)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	patience := time.NewTimer(acknowledgePatience)
	defer patience.Stop()
	for i := range count {
		if _, err := io.WriteString(w, event(args[0], i)); err != nil {
			return nil
		}
		if err := control.Flush(); err != nil {
			return nil
		}
		patience.Reset(acknowledgePatience)
		select {
		case got := <-acknowledged:
			if got != i {
				return fmt.Errorf("the client has event %d, %d was sent", got, i)
			}
		case <-r.Context().Done():
			return nil
		case <-patience.C:
			return fmt.Errorf("event %d did not arrive within %s", i, acknowledgePatience)
		}
	}
	return nil
}

func event(stream string, number int) string {
	return fmt.Sprintf("id: %d\ndata: %s\n\n", number, stream)
}
