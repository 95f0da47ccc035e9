// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// probeTimeout is a long time for an answer from the same machine.
const probeTimeout = 2 * time.Second

// answer is what a route said when it was tried.
type answer struct {
	status int
	// reason is the proxy's own. It is empty if a demo task answered.
	reason string
	err    error
}

// serves says whether the request was answered as a user would want it.
func (a answer) serves() bool {
	return a.err == nil && a.status == http.StatusOK
}

// settled says whether another try would bring the same. That is so for an answer from a demo task, and for a decision
// of the proxy that does not wait for anything to be programmed. The zero answer is for a request that was not sent
// yet. It is not settled.
func (a answer) settled() bool {
	switch {
	case a.err != nil, a.status == 0:
		return false
	case a.status == http.StatusNotFound, a.status >= http.StatusInternalServerError:
		return false
	}
	return true
}

func (a answer) String() string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case a.reason != "":
		return fmt.Sprintf("%d %s", a.status, a.reason)
	}
	return fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
}

// prober asks the data plane as curl would: each redirect is an answer of its own.
type prober struct {
	client http.Client
	port   int
}

func newProber(port int) *prober {
	return &prober{
		client: http.Client{
			Timeout:       probeTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		port: port,
	}
}

func (p *prober) url(r route) string {
	return "http://" + loopback(p.port) + r.path
}

// try sends one request for the route.
func (p *prober) try(ctx context.Context, r route) answer {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url(r), nil)
	if err != nil {
		return answer{err: err}
	}
	request.Host = r.exampleHost()
	response, err := p.client.Do(request)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return answer{err: err}
	}
	return answer{status: response.StatusCode, reason: reasonOf(response.Header.Get("Proxy-Status"))}
}

// reasonOf takes the details out of a Proxy-Status field (RFC 9209), which names the reason there.
func reasonOf(proxyStatus string) string {
	_, rest, found := strings.Cut(proxyStatus, `details="`)
	if !found {
		return ""
	}
	reason, _, _ := strings.Cut(rest, `"`)
	return reason
}

// ready says whether a URL answers 200.
func ready(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := (&http.Client{Timeout: probeTimeout}).Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// curl returns a command line that sends the request that try sent. Names below localhost are loopback's (RFC 6761,
// section 6.3), for curl and for browsers.
func (p *prober) curl(r route) string {
	if strings.HasSuffix(r.exampleHost(), ".localhost") {
		return "curl " + shellQuoted(fmt.Sprintf("http://%s:%d%s", r.exampleHost(), p.port, r.path))
	}
	return fmt.Sprintf("curl -H 'Host: %s' %s", r.exampleHost(), shellQuoted(p.url(r)))
}

// shellQuoted quotes a URL if a shell would read more into it than its characters.
func shellQuoted(url string) string {
	if strings.ContainsAny(url, "&;()$!*'~#?[] ") {
		return "'" + strings.ReplaceAll(url, "'", `'\''`) + "'"
	}
	return url
}
