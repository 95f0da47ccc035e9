//go:build browser

// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/warren-dev/ingress/test/fixture"
)

// tab is a page of a browser that does what a test says, by Chromium's DevTools.
type tab struct {
	t    *testing.T
	conn *websocket.Conn
	last int
}

// open starts a browser with an empty page. Names are looked up by rules, and one key is trusted.
func open(t *testing.T, rules, key string) *tab {
	t.Helper()
	profile, err := os.MkdirTemp("", "warren-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // nobody needs what is left of it
	browser := exec.Command("chromium", append(chromium(profile, rules, key), "--remote-debugging-port=0", "about:blank")...)
	said := new(fixture.Tail)
	browser.Stdout, browser.Stderr = said, said
	// All of its processes end with the first.
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := browser.Start(); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = browser.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-browser.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("the last that chromium said:\n%s", said)
		}
	})
	b := &tab{t: t}
	eventually(t, "the browser", func() error {
		select {
		case <-ended:
			t.Fatal("chromium ended")
		default:
		}
		return b.connect(filepath.Join(profile, "DevToolsActivePort"))
	})
	t.Cleanup(func() { _ = b.conn.CloseNow() })
	for _, method := range []string{"Page.enable", "Network.enable"} {
		if err := b.call(method, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// connect connects to the page of the browser that wrote the port into a file.
func (b *tab) connect(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	port, _, _ := strings.Cut(string(text), "\n")
	response, err := http.Get("http://127.0.0.1:" + port + "/json/list")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var targets []struct{ Type, WebSocketDebuggerURL string }
	if err := json.NewDecoder(response.Body).Decode(&targets); err != nil {
		return err
	}
	for _, target := range targets {
		if target.Type == "page" {
			b.conn, _, err = websocket.Dial(b.t.Context(), target.WebSocketDebuggerURL, nil) //nolint:bodyclose // Dial closes it
			if err == nil {
				b.conn.SetReadLimit(16 << 20)
			}
			return err
		}
	}
	return errors.New("there is no page")
}

// call has the browser do something. What it says of that goes to result, unless that is nil.
func (b *tab) call(method string, parameters, result any) error {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	b.last++
	message, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": parameters})
	if err != nil {
		return err
	}
	if err := b.conn.Write(ctx, websocket.MessageText, message); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for {
		_, message, err := b.conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		var said struct {
			ID     int
			Result json.RawMessage
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(message, &said); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		switch {
		case said.ID != b.last: // an event
		case said.Error != nil:
			return fmt.Errorf("%s: %s", method, said.Error.Message)
		case result == nil:
			return nil
		default:
			return json.Unmarshal(said.Result, result)
		}
	}
}

// evaluate runs a script in the page. Its value goes to result, unless that is nil.
func (b *tab) evaluate(script string, result any) error {
	var said struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct{ Text string }
	}
	err := b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &said)
	switch {
	case err != nil:
		return err
	case said.ExceptionDetails != nil:
		return fmt.Errorf("%s: %s", script, said.ExceptionDetails.Text)
	case result == nil:
		return nil
	}
	return json.Unmarshal(said.Result.Value, result)
}

// visit types a URL into the address bar.
func (b *tab) visit(url string) {
	b.t.Helper()
	if err := b.call("Page.navigate", map[string]string{"url": url}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// page is what a person sees, and how it came.
type page struct{ URL, Title, Text, Protocol string }

// shows waits until the page with a title is there, and returns it.
func (b *tab) shows(title string) (seen page) {
	b.t.Helper()
	eventually(b.t, "the page "+title, func() error {
		err := b.evaluate(`({URL: location.href, Title: document.readyState == "complete" ? document.title : "", Text: document.body.innerText,
			Protocol: performance.getEntriesByType("navigation")[0].nextHopProtocol})`, &seen)
		if err == nil && seen.Title != title {
			err = fmt.Errorf("the page is %+v", seen)
		}
		return err
	})
	return seen
}

// fill types a text into an input, and click clicks on something. Both are named by a selector of CSS.
func (b *tab) fill(selector, text string) {
	b.t.Helper()
	if err := b.evaluate(fmt.Sprintf("document.querySelector(%q).value = %q", selector, text), nil); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) click(selector string) {
	b.t.Helper()
	if err := b.evaluate(fmt.Sprintf("document.querySelector(%q).click()", selector), nil); err != nil {
		b.t.Fatal(err)
	}
}

// enter types a text into an input, which notices it. It takes the place of what was there.
func (b *tab) enter(selector, text string) {
	b.t.Helper()
	if err := b.evaluate(fmt.Sprintf(`{ const input = document.querySelector(%q); input.focus(); input.select(); }`, selector), nil); err != nil {
		b.t.Fatal(err)
	}
	if err := b.call("Input.insertText", map[string]string{"text": text}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// press presses a key that writes nothing.
func (b *tab) press(key string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		parameters := map[string]any{"type": kind, "key": key, "code": key}
		if key == "Enter" {
			parameters["text"], parameters["windowsVirtualKeyCode"] = "\r", 13
		}
		if err := b.call("Input.dispatchKeyEvent", parameters, nil); err != nil {
			b.t.Fatal(err)
		}
	}
}

// forge has the browser send fields with every request.
func (b *tab) forge(fields map[string]string) {
	b.t.Helper()
	if err := b.call("Network.setExtraHTTPHeaders", map[string]any{"headers": fields}, nil); err != nil {
		b.t.Fatal(err)
	}
}

// eventually waits until check returns no error.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	for late := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("waited %v for %s: %v", patience, what, err)
		}
	}
}
