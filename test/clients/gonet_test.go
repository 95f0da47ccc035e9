// SPDX-License-Identifier: Apache-2.0

//go:build clients

package clients

import (
	"bytes"
	"context"
	cryptotls "crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// goClient is Go's net/http, in this process.
type goClient struct{}

func (goClient) close() {}

func (g goClient) run(t *testing.T, j job) (o outcome) {
	t.Helper()
	transport, err := goTransport(j)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	switch j.Op {
	case socket:
		line, err := goSocket(ctx, transport, j)
		if err != nil {
			return outcome{Error: err.Error()}
		}
		return outcome{Answers: []string{line}}
	case again:
		return g.again(t.Context(), transport, j)
	}
	for i, r := range j.Requests {
		if i > 0 {
			time.Sleep(time.Duration(j.Gap) * time.Millisecond)
		}
		line, err := goAsk(ctx, transport, j, r)
		if err != nil {
			o.Error = err.Error()
			return o
		}
		o.Answers = append(o.Answers, line)
	}
	return o
}

// again sends the requests over and over. One that fails is not sent again here.
func (goClient) again(ctx context.Context, transport *http.Transport, j job) (o outcome) {
	done, failed := 0, 0
	end := time.Now().Add(time.Duration(j.Seconds * float64(time.Second)))
	for time.Now().Before(end) {
		for _, r := range j.Requests {
			done++
			line, err := goAsk(ctx, transport, j, r)
			if err == nil && !strings.HasPrefix(strings.SplitN(line, " ", 2)[1], "200") {
				err = fmt.Errorf("answered %s", line)
			}
			if err != nil {
				failed++
				if o.Error == "" {
					o.Error = fmt.Sprintf("%s %s after %d: %v", r.Method, r.Path, done, err)
				}
			}
			time.Sleep(time.Duration(j.Gap) * time.Millisecond)
		}
	}
	o.Answers = append(o.Answers, fmt.Sprintf("%d requests, %d failed", done, failed))
	return o
}

func goTransport(j job) (*http.Transport, error) {
	trusted := x509.NewCertPool()
	pem, err := os.ReadFile(j.CA)
	if err != nil {
		return nil, err
	}
	trusted.AppendCertsFromPEM(pem)
	transport := &http.Transport{
		TLSClientConfig: &cryptotls.Config{RootCAs: trusted}, ExpectContinueTimeout: 10 * time.Second, Protocols: new(http.Protocols),
	}
	switch j.Transport {
	case h2:
		transport.Protocols.SetHTTP2(true)
	case h2c:
		transport.Protocols.SetUnencryptedHTTP2(true)
	default:
		transport.Protocols.SetHTTP1(true)
	}
	return transport, nil
}

func goAsk(ctx context.Context, transport *http.Transport, j job, r request) (string, error) {
	client := http.Client{Transport: transport}
	if !r.Follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	var body io.Reader
	if r.Size >= 0 {
		body = bytes.NewReader(bytes.Repeat([]byte("a"), int(r.Size)))
		if r.Chunked {
			body = io.MultiReader(body)
		}
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, j.Base+r.Path, body)
	if err != nil {
		return "", err
	}
	for _, field := range r.Headers {
		request.Header.Add(field[0], field[1])
	}
	if r.Expect {
		request.Header.Set("Expect", "100-continue")
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	version := strings.TrimSuffix(strings.TrimPrefix(response.Proto, "HTTP/"), ".0")
	if response.Proto == "HTTP/1.0" {
		version = "1.0"
	}
	return answer(version, response.StatusCode, content), nil
}

// goSocket is package github.com/coder/websocket.
func goSocket(ctx context.Context, transport *http.Transport, j job) (string, error) {
	c, _, err := websocket.Dial(ctx, j.Base+j.Requests[0].Path, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{"echo"},
	})
	if err != nil {
		return "", err
	}
	defer func() { _ = c.CloseNow() }()
	c.SetReadLimit(1 << 20)
	var heard []string
	for i, message := range []string{"hello", strings.Repeat("a", 100<<10)} {
		if err := c.Write(ctx, websocket.MessageText+websocket.MessageType(i), []byte(message)); err != nil {
			return "", err
		}
		_, got, err := c.Read(ctx)
		if err != nil {
			return "", err
		}
		if len(got) > 64 {
			heard = append(heard, fmt.Sprintf("%d bytes", len(got)))
		} else {
			heard = append(heard, string(got))
		}
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s, closed 1000, protocol %s", strings.Join(heard, ", "), c.Subprotocol()), nil
}
