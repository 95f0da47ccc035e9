// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answerTimeout bounds how long a replica may take to answer. It computes the answer from memory.
const answerTimeout = 30 * time.Second

// defaultAdminAddress is where a controller has its admin address unless it is told otherwise.
const defaultAdminAddress = "127.0.0.1:9091"

// admin is a replica whose admin address is reached from here.
type admin struct{ address string }

// ask implements replica.
func (a *admin) ask(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	values := url.Values{"output": {"json"}}
	for name, v := range query {
		values[name] = v
	}
	where := url.URL{Scheme: "http", Host: a.address, Path: path, RawQuery: values.Encode()}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, where.String(), http.NoBody)
	if err != nil {
		return nil, misuse{fmt.Errorf("--admin-address is %q: write an address with its port, such as %s", a.address, defaultAdminAddress)}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking the replica at %s: %w; --admin-address names another one, and kubectl warren asks one in a cluster", a.address, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	said := strings.TrimSpace(string(text[:min(len(text), 4<<10)]))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading the replica's answer: %w", err)
	case response.StatusCode == http.StatusOK:
		return text, nil
	case response.StatusCode == http.StatusBadRequest:
		return nil, misuse{errors.New(said)}
	}
	return nil, fmt.Errorf("the replica at %s answers %s: %s", a.address, response.Status, said)
}
