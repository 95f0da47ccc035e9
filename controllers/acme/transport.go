// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"
)

// maxResponse bounds an authority's response. A chain of certificates takes a hundredth of it.
const maxResponse = 1 << 20

// callTransport sends the requests of one call, under its context, and remembers the status and header of the last
// response.
type callTransport struct {
	ctx       context.Context //nolint:containedctx // it lives as long as the call whose context it is
	to        http.RoundTripper
	directory *directoryCache
	url       string
	header    http.Header
	status    int
}

// RoundTrip implements http.RoundTripper.
func (t *callTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	isDirectory := request.Method == http.MethodGet && request.URL.String() == t.url
	if isDirectory {
		if content := t.directory.content(); content != nil {
			return &http.Response{Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
				Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(content)), Request: request}, nil
		}
	}
	// The client's own timeout is in the request's context, and the caller's cancellation in t.ctx.
	ctx, cancel := context.WithCancel(request.Context())
	stop := context.AfterFunc(t.ctx, cancel)
	defer stop()
	defer cancel()
	t.header, t.status = nil, 0
	response, err := t.to.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	// Read the whole response here: the context ends with this call, and lego reads without a limit.
	content, err := io.ReadAll(io.LimitReader(response.Body, maxResponse+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxResponse {
		return nil, fmt.Errorf("the response is longer than %d bytes", maxResponse)
	}
	response.Body = io.NopCloser(bytes.NewReader(content))
	t.header, t.status = response.Header, response.StatusCode
	if isDirectory && response.StatusCode == http.StatusOK {
		t.directory.set(content)
	}
	return response, nil
}

// nextPage matches the link to the next page of a list (RFC 8288).
var nextPage = regexp.MustCompile(`<([^>]+)>\s*;[^,]*\brel="?next"?`)

// next returns the URL of the page that follows the last response, empty if there is none.
func (t *callTransport) next() string {
	for _, link := range t.header.Values("Link") {
		if match := nextPage.FindStringSubmatch(link); match != nil {
			return match[1]
		}
	}
	return ""
}

// retryAfter returns how long the last response asks to wait, 0 if it does not say.
func (t *callTransport) retryAfter() time.Duration {
	return parseRetryAfter(t.header.Get("Retry-After"), time.Now())
}

// directoryCache holds the directory as the authority sent it.
type directoryCache struct {
	mu   sync.Mutex
	read time.Time
	text []byte
}

func (d *directoryCache) content() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.read) > directoryAge {
		return nil
	}
	return d.text
}

func (d *directoryCache) set(text []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.text, d.read = text, time.Now()
}
