// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answerTimeout bounds how long a replica may take to answer. It computes the answer from memory.
const answerTimeout = 30 * time.Second

// ask prints what the replica returns for a path of its admin address.
func (c *command) ask(ctx context.Context, path string, query url.Values) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	if c.output == "json" {
		query.Set("output", "json")
	}
	where := url.URL{Scheme: "http", Host: c.admin, Path: path, RawQuery: query.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), nil)
	if err != nil {
		return misuse{fmt.Errorf("--admin-address is %q: write an address with its port, such as 127.0.0.1:9091", c.admin)}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking the replica at %s: %w; --admin-address names another one, and kubectl warren asks one in a cluster", c.admin, err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		if err != nil {
			return fmt.Errorf("reading the replica's answer: %w", err)
		}
		if response.StatusCode == http.StatusBadRequest {
			return misuse{fmt.Errorf("%s", strings.TrimSpace(string(text)))}
		}
		return fmt.Errorf("the replica at %s answers %s: %s", c.admin, response.Status, strings.TrimSpace(string(text)))
	}
	if _, err := io.Copy(c.streams.Out, response.Body); err != nil {
		return fmt.Errorf("reading the replica's answer: %w", err)
	}
	return nil
}
