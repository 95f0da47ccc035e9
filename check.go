// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// checkTimeout is long enough for an installation that has only just begun.
	checkTimeout = time.Minute
	// checkInterval is the time between two requests.
	checkInterval = time.Second
)

// check asks for a URL until it is served, by the controller itself or a service behind it, and says on to what came.
// The test of an installation is that another pod can do so.
func check(ctx context.Context, target string, to io.Writer) error {
	at, err := url.Parse(target)
	if err != nil || at.Scheme != "http" || at.Host == "" {
		return fmt.Errorf("--check is %q: write an address to ask, such as http://10.96.0.10/", target)
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	ticker := time.NewTicker(checkInterval)
	defer ticker.Stop()
	for {
		served, err := ask(ctx, target)
		if err == nil {
			_, err = fmt.Fprintln(to, target, served)
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not served: %w", target, err)
		case <-ticker.C:
		}
	}
}

// ask says how a request was answered. An error of another server's, a load balancer perhaps, is none of the
// controller's answers.
func ask(ctx context.Context, target string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return "", err
	}
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	_ = response.Body.Close() // nothing of it is read
	said := strings.TrimSpace(response.Status + " " + response.Header.Get("Proxy-Status"))
	if response.StatusCode >= http.StatusInternalServerError && !strings.HasPrefix(response.Header.Get("Proxy-Status"), "warren") {
		return "", fmt.Errorf("the answer is %s", said)
	}
	return said, nil
}
