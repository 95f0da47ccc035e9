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
	browser := exec.CommandContext(ctx, "chromium",
		"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-crash-reporter",
		"--no-proxy-server", "--enable-logging=stderr",
		"--user-data-dir="+folder,
		// There is only one name, and one key that is trusted for it.
		"--host-resolver-rules=MAP "+host+" "+address+", MAP * ~NOTFOUND",
		"--ignore-certificate-errors-spki-list="+s.key,
		fmt.Sprintf("https://%s:%d%s", host, s.port, path))
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
