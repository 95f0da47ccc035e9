// SPDX-License-Identifier: Apache-2.0

//go:build hostile

package hostile

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// There are otherClients, and each asks at sharedPace, while one client spoils connections to the backend.
const (
	otherClients = 4
	sharedPace   = 2 * time.Millisecond
)

// memorable is what a backend remembers of a connection.
type memorable struct{ mark atomic.Bool }

type memorableKey struct{}

// startMemorable starts a backend whose answers depend on what was on the connection before.
func startMemorable(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, m *memorable)) string {
	t.Helper()
	return startServer(t, &http.Server{
		ReadHeaderTimeout: patience,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, memorableKey{}, new(memorable))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer(w, r, r.Context().Value(memorableKey{}).(*memorable))
		}),
	})
}

// shareWith lets others ask a host while spoil runs. It returns how many requests they sent. wrong is how many got
// another answer than status 200 with the content.
func (s *stage) shareWith(name, host, want string, spoil func(ctx context.Context, client *http.Client)) (asked, wrong int64) {
	s.t.Helper()
	var sent, other atomic.Int64
	s.attack(name, func(ctx context.Context) {
		var running sync.WaitGroup
		running.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: patience}
			defer client.CloseIdleConnections()
			for ; ctx.Err() == nil; await(ctx, sharedPace) {
				spoil(ctx, client)
				client.CloseIdleConnections()
			}
		})
		for range otherClients {
			running.Go(func() {
				// A proxy may keep a connection to the backend ready for each of its clients' connections.
				client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
				for ; ctx.Err() == nil; await(ctx, sharedPace) {
					status, content := get(ctx, client, s.replica().http, host, "/", "")
					if status == 0 {
						continue
					}
					sent.Add(1)
					if fmt.Sprint(status, " ", content) != want {
						other.Add(1)
					}
				}
			})
		}
		running.Wait()
	})
	return sent.Load(), other.Load()
}

// get returns the status and the content of an answer. The status is 0 if there is none.
func get(ctx context.Context, client *http.Client, address, host, path, authorization string) (status int, content string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, http.NoBody)
	if err != nil {
		return 0, ""
	}
	request.Host = host
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, ""
	}
	return response.StatusCode, string(text)
}

// A client logs in by NTLM, which holds for the rest of the connection (RFC 4559, section 6). Others have not logged
// in. Their requests must not be answered as that client's.
func TestALoginServesItsClientAlone(t *testing.T) {
	s := newStage(t)
	const host = "login.example.com"
	var logins atomic.Int64
	backend := startMemorable(t, func(w http.ResponseWriter, r *http.Request, m *memorable) {
		switch said := r.Header.Get("Authorization"); {
		case m.mark.Load():
			_, _ = io.WriteString(w, "hello alice")
		case said == "NTLM third":
			m.mark.Store(true)
			logins.Add(1)
			_, _ = io.WriteString(w, "hello alice")
		case said == "NTLM first":
			w.Header().Set("WWW-Authenticate", "NTLM second")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			_, _ = io.WriteString(w, "hello nobody")
		}
	})
	s.serve(s.a, "login", host, "/", backend)
	asked, wrong := s.shareWith("a login by connection", host, "200 hello nobody", func(ctx context.Context, client *http.Client) {
		for _, message := range []string{"first", "third"} {
			_, _ = get(ctx, client, s.replica().http, host, "/", "NTLM "+message)
		}
	})
	t.Logf("%d logins beside %d requests of others, %d of which were answered as if logged in", logins.Load(), asked, wrong)
	if logins.Load() == 0 || asked == 0 || wrong > 0 {
		t.Errorf("%d logins; %d of %d requests of others got another answer than their own", logins.Load(), wrong, asked)
	}
}

// A server that did not understand a request answers 400 and keeps the connection. It understands nothing more on it.
func TestAConfusedServerConfusesNobodyElse(t *testing.T) {
	s := newStage(t)
	const host = "confused.example.com"
	var confused atomic.Int64
	backend := startMemorable(t, func(w http.ResponseWriter, r *http.Request, m *memorable) {
		if strings.HasPrefix(r.URL.Path, "/odd") {
			m.mark.Store(true)
			confused.Add(1)
		}
		if m.mark.Load() {
			w.WriteHeader(http.StatusBadRequest)
		}
		_, _ = io.WriteString(w, "text")
	})
	s.serve(s.a, "confused", host, "/", backend)
	asked, wrong := s.shareWith("a server that stays confused", host, "200 text", func(ctx context.Context, client *http.Client) {
		_, _ = get(ctx, client, s.replica().http, host, "/odd", "")
	})
	t.Logf("%d confused connections beside %d requests of others, %d of which got 400", confused.Load(), asked, wrong)
	if confused.Load() == 0 || asked == 0 || wrong > 0 {
		t.Errorf("%d confused connections; %d of %d requests of others got another answer than their own",
			confused.Load(), wrong, asked)
	}
}
