// SPDX-License-Identifier: Apache-2.0

package binary

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// clerk sits in front of an authority that many namespaces order from. It counts what the authority does for each of
// them.
type clerk struct {
	mu sync.Mutex
	// of maps a path of the authority's to the namespace that it is about.
	of map[string]string
	// asked counts the requests for an order. placed counts the orders that were placed. named counts the requests that
	// name a certificate to be replaced.
	asked, placed, named map[string]int
	// held are the namespaces whose challenges the authority does not look at. waiting counts the requests to do so.
	held    map[string]bool
	waiting map[string]int
	// renewed are the certificates that the authority wants to be renewed now.
	renewed map[string]bool
}

// startClerk puts a clerk in front of an authority.
func startClerk(p *pebble) *clerk {
	c := &clerk{of: map[string]string{}, asked: map[string]int{}, placed: map[string]int{}, named: map[string]int{}, held: map[string]bool{},
		waiting: map[string]int{}, renewed: map[string]bool{}}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead, p.seen = c.receive, c.see
	return c
}

// The hosts of a test have its namespace in them.
var (
	namespaceInHost = regexp.MustCompile(`\.(test-[a-z0-9]+)\.example\.com`)
	pathInAnswer    = regexp.MustCompile(`/(?:authZ|chalZ)/[A-Za-z0-9_-]+`)
)

func namespaceIn(text []byte) string {
	if found := namespaceInHost.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return ""
}

// receive answers in the authority's place, if it has to.
func (c *clerk) receive(w http.ResponseWriter, r *http.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/order-plz"):
		content, _ := io.ReadAll(r.Body) // The authority refuses what is incomplete.
		r.Body = io.NopCloser(bytes.NewReader(content))
		var message struct{ Payload string }
		_ = json.Unmarshal(content, &message)
		payload, _ := base64.RawURLEncoding.DecodeString(message.Payload)
		c.asked[namespaceIn(payload)]++
		if bytes.Contains(payload, []byte(`"replaces"`)) {
			c.named[namespaceIn(payload)]++
		}
	case strings.Contains(path, "/chalZ/") && c.held[c.of[path]]:
		c.waiting[c.of[path]]++
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	case strings.Contains(path, "/renewalInfo/") && c.renewed[path[strings.LastIndex(path, "/")+1:]]:
		window := map[string]any{"suggestedWindow": map[string]time.Time{"start": time.Now().Add(-time.Hour), "end": time.Now().Add(-time.Minute)}}
		_ = json.NewEncoder(w).Encode(window) // The controller may have gone.
		return true
	}
	return false
}

// see notes what the authority's answers are about.
func (c *clerk) see(r *http.Response) {
	ordered, authorized := strings.HasSuffix(r.Request.URL.Path, "/order-plz"), strings.Contains(r.Request.URL.Path, "/authZ/")
	if !ordered && !authorized {
		return
	}
	content, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(content))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	namespace := namespaceIn(content)
	for _, path := range pathInAnswer.FindAll(content, -1) {
		c.of[string(path)] = namespace
	}
	if ordered && r.StatusCode == http.StatusCreated {
		c.placed[namespace]++
	}
}

func (c *clerk) hold(namespace string, held bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[namespace] = held
}

// count returns how many orders were asked for and placed for a namespace, and how many requests name a certificate.
func (c *clerk) count(namespace string) (asked, placed, named int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked[namespace], c.placed[namespace], c.named[namespace]
}

// renew makes the authority want a certificate to be renewed.
func (c *clerk) renew(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewed[id] = true
}

// waits says whether a namespace's order has come to the point at which its challenges are looked at.
func (c *clerk) waits(namespace string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting[namespace] > 0
}
