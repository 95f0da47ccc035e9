//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// chromium are the arguments of a browser with a folder of its own. Names are looked up by rules, and one key is
// trusted for every name.
func chromium(folder, rules, key string) []string {
	return []string{
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-crash-reporter",
		"--no-proxy-server", "--enable-logging=stderr",
		"--user-data-dir=" + folder, "--host-resolver-rules=" + rules, "--ignore-certificate-errors-spki-list=" + key,
	}
}

// visit makes a new browser load a page, and waits for the page's report.
func (s *scene) visit(path string) report {
	s.t.Helper()
	folder, err := os.MkdirTemp("", "warren-browser-")
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	address := "127.0.0.1:" + strconv.Itoa(s.port)
	// There is only one name.
	arguments := chromium(folder, "MAP "+host+" "+address+", MAP * ~NOTFOUND", s.key)
	browser := exec.CommandContext(ctx, "chromium", append(arguments, fmt.Sprintf("https://%s:%d%s", host, s.port, path))...)
	var said bytes.Buffer
	browser.Stdout, browser.Stderr = &said, &said
	// All of its processes end with the first.
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	browser.Cancel = func() error { return syscall.Kill(-browser.Process.Pid, syscall.SIGKILL) }
	browser.WaitDelay = 10 * time.Second
	if err := browser.Start(); err != nil {
		s.t.Fatalf("starting chromium: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = browser.Wait()
	}()
	defer func() { _ = os.RemoveAll(folder) }() // nobody needs what is left of it
	select {
	case got := <-s.reports:
		s.awaitRecord("/report") // the browser has not read the answer yet
		cancel()
		<-ended
		return got
	case <-ended: // by itself, or because it took too long
	}
	s.t.Fatalf("there was no report within %v: chromium ended (%v) and said:\n%s", patience, err, said.String())
	return report{}
}
