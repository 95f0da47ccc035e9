// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// eventSource reads three server-sent events.
const eventSource = "events"

// visits are the jobs that pages ask for, and the outcomes that they report.
type visits struct {
	mu    sync.Mutex
	jobs  map[string][]job
	heard map[string]chan []outcome
}

func (v *visits) page(w http.ResponseWriter, r *http.Request) {
	http.ServeFile(w, r, "scripts/page.html")
}

func (v *visits) give(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = json.NewEncoder(w).Encode(v.jobs[r.URL.RawQuery])
}

func (v *visits) take(w http.ResponseWriter, r *http.Request) {
	var outcomes []outcome
	if err := json.NewDecoder(r.Body).Decode(&outcomes); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if heard := v.heard[r.URL.RawQuery]; heard != nil {
		heard <- outcomes
	}
}

// events sends three server-sent events, with a pause between.
func events(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for n := range 3 {
		fmt.Fprintf(w, "data: event %d\n\n", n)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond)
	}
}

// chromiumCases have one browser for each front and transport, which a page makes do all jobs.
func chromiumCases(s *scene) (all []scenario) {
	for _, with := range []transport{plain, h2} {
		version := map[transport]string{plain: `1\.1`, h2: "2"}[with]
		var jobs []job
		visited := map[string]func() []outcome{}
		var mu sync.Mutex
		add := func(name string, j job, want string, against []string) {
			i := len(jobs)
			jobs = append(jobs, j)
			all = append(all, over(with, name, want, against, func(t *testing.T, f *front) string {
				t.Helper()
				mu.Lock()
				if visited[f.name] == nil {
					visited[f.name] = sync.OnceValue(func() []outcome { return s.visit(t, f, with, jobs) })
				}
				visit := visited[f.name]
				mu.Unlock()
				if outcomes := visit(); i < len(outcomes) {
					return outcomes[i].String()
				}
				return "error: there is no report"
			}))
		}
		ask := func(name string, r request, want string, against []string) {
			add(name, one(r), "^"+version+" "+want+"$", against)
		}
		ask("GET", get("/hello"), "200 hello", alone)
		ask("a file of 8 MiB", get("/file"), "200 "+sum(file), alone)
		ask("421 of the backend", get("/status/421"), "421 of the backend", alone)
		ask("103 Early Hints", get("/hints"), "200 hello", alone)
		ask("a content coding", get("/gzip"), "200 compressed", alone)
		ask("a range", get("/file", "Range", "bytes=16-47"), "206 (0123456789abcdef){2}", alone)
		// The page does not learn the version of what a redirect led to.
		add("a redirect of content", one(send("POST", "/redirect/307", small).following()), `^\? 200 got 1024$`, alone)
		ask("cookies of 40 KiB in a response", get("/long-head?bytes=40000"), "200 hello", alone)
		for _, size := range []int64{small, medium, large} {
			ask("upload "+sizeName(size), send("POST", "/upload", size), fmt.Sprintf("200 got %d", size), alone)
			for _, refusal := range []struct{ what, path, status string }{
				{"denied", "/denied/upload", "403"}, {"limited", "/limited/upload", "429"}, {"nobody's", "/empty/upload", "503"},
				{"refused by the backend", "/early/413", "413"},
			} {
				ask(refusal.what+" upload "+sizeName(size), send("POST", refusal.path, size), refusal.status+"( .*)?", peers)
			}
		}
		add("content that breaks off", one(get("/torn")), "^error: .+$", alone)
		add("a WebSocket", job{Op: socket, Requests: []request{get("/socket")}}, "^hello, 102400 bytes, closed 1000, protocol echo$", alone)
		add("a WebSocket that is refused", job{Op: socket, Requests: []request{get("/denied/socket")}}, "^error: .+$", peers)
		add("server-sent events", job{Op: eventSource, Requests: []request{get("/events")}}, "^event 0, event 1, event 2$", alone)
	}
	return all
}

// visit makes a new browser load the page from a front, and waits for what the page reports.
func (s *scene) visit(t *testing.T, f *front, with transport, jobs []job) []outcome {
	t.Helper()
	v, id := &s.backend.visits, unique("visit")
	heard := make(chan []outcome, 1)
	v.mu.Lock()
	if v.jobs == nil {
		v.jobs, v.heard = map[string][]job{}, map[string]chan []outcome{}
	}
	v.jobs[id], v.heard[id] = jobs, heard
	v.mu.Unlock()
	browser := exec.Command("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-crash-reporter", "--no-proxy-server",
		"--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND", "--ignore-certificate-errors-spki-list="+s.spki,
		"--user-data-dir="+t.TempDir(), f.base(with)+"/page?"+id)
	browser.SysProcAttr = ownGroup()
	ended := make(chan struct{})
	if err := startBound(browser, func(error) { close(ended) }); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	defer func() {
		_ = syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		<-ended
	}()
	select {
	case outcomes := <-heard:
		return outcomes
	case <-time.After(2 * patience):
		return nil
	}
}
