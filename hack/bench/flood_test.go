// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestFloodSendsAnotherWrongPasswordEachTime(t *testing.T) {
	const wanted = 200
	var mu sync.Mutex
	seen, twice, enough := map[string]bool{}, "", make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, said, ok := r.BasicAuth()
		if !ok || name != clientName || r.URL.Path != privatePath+smallPath || r.Host != mainHost {
			t.Errorf("it asks for %s%s as %q", r.Host, r.URL.Path, name)
		}
		mu.Lock()
		defer mu.Unlock()
		if seen[said] {
			twice = said
		}
		seen[said] = true
		if len(seen) == wanted {
			close(enough)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	t.Setenv(roleVariable, "yes")
	f := start(t)
	flood, err := f.launcher.start(f.core, "flood", nil, f.launcher.self, roleFlood, server.Listener.Addr().(*net.TCPAddr).String())
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-enough:
	case <-t.Context().Done():
	}
	if err := flood.stop(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if twice != "" {
		t.Errorf("the password %q came twice", twice)
	}
	said, err := os.ReadFile(flood.log)
	if err != nil {
		t.Fatal(err)
	}
	var result floodResult
	if err := json.Unmarshal(said, &result); err != nil || result.Answered < wanted-floodConnections || result.Let != 0 || result.Elapsed <= 0 {
		t.Errorf("it says %s (%v), want at least %d answered and none let in", said, err, wanted-floodConnections)
	}
}

func TestUsersHaveThePasswordThatIsRight(t *testing.T) {
	text, err := users()
	if err != nil {
		t.Fatal(err)
	}
	name, hash, _ := strings.Cut(strings.TrimSpace(string(text)), ":")
	if name != clientName {
		t.Errorf("the user is %q, want %q", name, clientName)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)); err != nil {
		t.Errorf("the hash %q is of another password: %v", hash, err)
	}
	if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost != passwordCost {
		t.Errorf("its cost is %d (%v), want %d", cost, err, passwordCost)
	}
}
